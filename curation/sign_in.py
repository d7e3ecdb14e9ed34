"""The second factor of signing in: a code of an app on the curator's phone, or one of the codes kept for a bad day.

A password is asked first (Django, django-axes). Whoever has given one is nobody to the admin yet: `is_through` is the
one rule that every door of curators asks. What counts as a code, once only and not too often, is django-otp's.
"""

import secrets
from base64 import b32encode
from typing import NamedTuple
from urllib.parse import quote, urlencode

import segno
from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.safestring import mark_safe
from django_otp import login
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from curation import history

RECOVERY_CODES = 10
OFTEN = "The last code was wrong. Wait {seconds} seconds, then enter the code that your app shows then."
WRONG = "That is not the code. Enter the 6 digits that your app shows now, or a recovery code that you have not used."
NOT_SET_UP = (
    "That is not the code. Enter the 6 digits that your app shows now. Check that your phone has the right time."
)


def is_half_way(request):
    """Whether a password was given and the second factor is still to come."""
    person = request.user
    return person.is_authenticated and person.is_active and person.is_staff and not is_through(request)


def is_through(request):
    """Whether this curator may come in: with an open account and a part to play, and past the second factor."""
    person = request.user
    if not (person.is_authenticated and person.is_active and person.is_staff):
        return False
    return person.is_verified() or not settings.SECOND_FACTOR


class CodeForm(forms.Form):
    """One code, however it is grouped."""

    code = forms.CharField(
        label="Code",
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"}),
    )

    def clean_code(self):
        return "".join(self.cleaned_data["code"].split()).replace("-", "").lower()


class Refused(Exception):
    """A code was not taken; the message says so to its curator."""


def app_of(person):
    """The app that this curator has set up, or None."""
    return TOTPDevice.objects.devices_for_user(person, confirmed=True).first()


def app_to_set_up(person):
    """A secret for a new app, the same until a first code has shown that the app has it."""
    app, _ = TOTPDevice.objects.get_or_create(user=person, confirmed=False, defaults={"name": "app"})
    return app


class Enrolment(NamedTuple):
    """What an app needs to know: as a picture to point a camera at, and in letters to type."""

    picture: str
    letters: str


def enrolment(app):
    letters = b32encode(app.bin_key).decode().rstrip("=")
    issuer = settings.SERVICE_NAME
    told = urlencode({"secret": letters, "issuer": issuer, "digits": app.digits, "period": app.step}, quote_via=quote)
    code = segno.make(f"otpauth://totp/{quote(f'{issuer}:{app.user.email}')}?{told}", error="m")
    drawn = code.svg_inline(scale=5, border=4, light="#fff", svgclass=None, lineclass=None, title="Code for your app")
    groups = " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))
    return Enrolment(mark_safe(drawn), groups)  # noqa: S308 - drawn here, of our own letters


@transaction.atomic
def set_up(request, code):
    """Take the first code of a new app: it is set up, and its curator is in. Returns the recovery codes.

    They are shown this once; what is kept of them is a keyed hash. Raises Refused.
    """
    person = request.user
    get_user_model().objects.select_for_update().get(pk=person.pk)
    app = TOTPDevice.objects.select_for_update().get(user=person, confirmed=False)
    if refusal := _refusal(app, code, NOT_SET_UP):
        raise Refused(refusal)
    history.because("set up a second factor", by=person)
    TOTPDevice.objects.filter(user=person, confirmed=True).delete()  # the phone that this one replaces
    app.confirmed = True
    app.save()
    person.second_factor_at = timezone.now()
    person.save(update_fields=["second_factor_at"])
    StaticDevice.objects.filter(user=person).delete()
    spare = StaticDevice.objects.create(user=person, name="recovery codes")
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]
    for one in codes:
        spare.token_set.create(token=kept(one.replace("-", "")))
    _come_in(request, app)
    return codes


def kept(code):
    """What is stored of a recovery code: as much of a keyed hash as django-otp's column holds, 64 bits."""
    return salted_hmac("curation.sign_in", code, algorithm="sha256").hexdigest()[:16]


def check(request, code):
    """Take a code of the app, or a recovery code: its curator is in. Raises Refused."""
    with transaction.atomic():
        if code.isdigit() and len(code) == 6:
            device = TOTPDevice.objects.select_for_update().get(user=request.user, confirmed=True)
        else:
            device, code = StaticDevice.objects.select_for_update().get(user=request.user), kept(code)
        refusal = _refusal(device, code, WRONG)
    if refusal:  # the failed try is kept: it counts
        raise Refused(refusal)
    _come_in(request, device)


def _refusal(device, code, wrong):
    allowed, why = device.verify_is_allowed()
    if not allowed:
        until = why.get("locked_until")
        return OFTEN.format(seconds=max(1, round((until - timezone.now()).total_seconds())) if until else 60)
    return "" if device.verify_token(code) else wrong


def _come_in(request, device):
    request.session.cycle_key()  # whoever knew the half-open session's key knows nothing now
    login(request, device)
