"""Accounts: a new curator chooses a password by a link that works once."""

from contextlib import suppress
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import views
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode


def password_link(curator):
    """The full address at which *curator* can choose a password, once, within PASSWORD_RESET_TIMEOUT seconds."""
    uid = urlsafe_base64_encode(force_bytes(curator.pk))
    return settings.SITE_URL + reverse("choose-password", args=[uid, default_token_generator.make_token(curator)])


def sign_in_name(request, credentials):
    """Whom a sign-in is for, written in one way: capital letters give nobody more guesses."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    return typed.strip().lower()[:255]


def address(request):
    """Where a sign-in comes from. Of an IPv6 address, the half that one household or hospital has to itself: whoever
    has it has all the addresses below it."""
    written = sender(request.META)
    try:
        found = ip_address(written)
    except ValueError:
        return written
    if found.version == 4:
        return written
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False).network_address)


def sender(environ):
    """Whose request it is, as an address.

    Each proxy adds, at the right end of X-Forwarded-For, who asked it. Of those trusted, the outermost wrote the entry
    that is TRUSTED_PROXIES from the right; whatever is further left, the sender may have typed.
    """
    written = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if 0 < settings.TRUSTED_PROXIES <= len(written):
        with suppress(ValueError):
            return str(ip_address(written[-settings.TRUSTED_PROXIES].strip()))
    return environ.get("REMOTE_ADDR")


class SaidAtThePassword:
    """What is wrong with a new password is said where it is typed, not where it is typed again."""

    def validate_password_for_user(self, user, *fields):
        super().validate_password_for_user(user, "new_password1")


class ChosenPassword(SaidAtThePassword, SetPasswordForm):
    pass


class ChangedPassword(SaidAtThePassword, PasswordChangeForm):
    pass


class SignIn(AdminAuthenticationForm):
    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "There is no open account with this email address and password. Capital letters count in the "
        "password.",
    }


class ChoosePassword(views.PasswordResetConfirmView):
    """Where that link leads."""

    form_class = ChosenPassword
    template_name = "admin/choose_password.html"
    success_url = reverse_lazy("admin:login")
    title = "Choose your password"

    def get_context_data(self, **kwargs):
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}
