"""The admin site: for curators, with what waits for them on its first page."""

from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import PasswordChangeView, redirect_to_login
from django.http import Http404, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from curation import guessing, oidc, once, sign_in
from curation.accounts import ChangedPassword, SignIn
from curation.fields import LONGEST_TEXT
from justculture.markdown import markdown
from justculture.words import plural

FOR_CURATORS = ("/admin/", "/preview/")
MOST = 20  # items of one list on the first page
WRONG_CODES = "{codes} had been entered since you last signed in. If that was not you, change your password now."


class Waiting(NamedTuple):
    """Something that waits for this curator: its title, what is to know of it, and where to deal with it."""

    title: str
    about: str
    url: str


def onward(request):
    """Where somebody who signed in wanted to go, if that is a page for curators."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith(FOR_CURATORS)
    return wanted if ours else reverse("admin:index")


def redirect_on(page, request):
    return HttpResponseRedirect(f"{reverse(page)}?{urlencode({'next': onward(request)})}")


def standing(item):
    return "changes asked for" if item.changes_asked else item.get_state_display().lower()


class CurationSite(AdminSite):
    site_header = settings.SERVICE_NAME
    site_title = "Curation"
    index_title = "Your work"
    login_form = SignIn
    empty_value_display = "Not known"
    enable_nav_sidebar = False  # breadcrumbs and the first page lead everywhere; a form has the whole width

    def has_permission(self, request):
        return sign_in.is_through(request)

    def register(self, models, admin_class=None, **options):
        """Only classes that ask memberships for rights are taken in: what a package brings knows nothing of regions."""
        if getattr(admin_class, "asks_memberships", False):
            super().register(models, admin_class, **options)

    def admin_view(self, view, cacheable=False):
        return super().admin_view(once.saved_once(view), cacheable)

    def get_urls(self):
        """Without Django's /r/, which tells any account the address of any draft."""
        own = [
            path("logout/", self.logout, name="logout"),  # also for who is only half in
            path("second-factor/", self.second_factor, name="second-factor"),
            path("second-factor/set-up/", self.set_up, name="second-factor-set-up"),
            path("oidc/", never_cache(self.oidc), name="oidc"),
            path("oidc/back/", never_cache(self.oidc_back), name="oidc-back"),
            path("sessions/", self.admin_view(self.sessions), name="sessions"),
            path("markdown/", self.admin_view(require_POST(self.markdown)), name="markdown"),
        ]
        without = {"view_on_site", "logout"}
        return own + [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") not in without]

    def password_change(self, request, extra_context=None):
        return PasswordChangeView.as_view(
            form_class=ChangedPassword,
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )(request)

    def each_context(self, request):
        return {
            **super().each_context(request),
            "form_key": once.new_key(),
            "read_only": settings.READ_ONLY,
            "second_factor": settings.SECOND_FACTOR,
        }

    def login(self, request, extra_context=None):
        if request.method == "GET" and sign_in.is_half_way(request):
            return redirect_on("admin:second-factor", request)
        response = super().login(
            request, {"title": "Sign in", "oidc": oidc.is_on() and settings.OIDC_NAME, **(extra_context or {})}
        )
        if request.method == "POST" and response.status_code == 302 and not settings.SECOND_FACTOR:
            guessing.forget_failures(request, request.user)
            guessing.remember(response, request.user)
        return response

    def oidc(self, request):
        """To the provider of one's organisation, where the operator has switched that on."""
        return self.with_provider(lambda: oidc.begin(request, onward(request)), request)

    def oidc_back(self, request):
        """Back from it."""
        return self.with_provider(lambda: HttpResponseRedirect(oidc.finish(request)), request)

    def with_provider(self, go, request):
        if not oidc.is_on():
            raise Http404("There is no such way to sign in.")
        try:
            return go()
        except oidc.Refused as refusal:
            messages.error(request, str(refusal))
            return redirect_on("admin:login", request)

    def logout(self, request, extra_context=None):
        if not request.user.is_authenticated:
            return HttpResponseRedirect(reverse("admin:index"))
        return super().logout(request, extra_context)

    def second_factor(self, request):
        """The code that is asked for after the password."""
        if sign_in.is_through(request):
            return HttpResponseRedirect(onward(request))
        if not sign_in.is_half_way(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        if sign_in.app_of(request.user) is None:
            return redirect_on("admin:second-factor-set-up", request)
        form = sign_in.CodeForm(request.POST or None)
        if form.is_valid():
            try:
                wrong = sign_in.check(request, form.cleaned_data["code"])
            except sign_in.Refused as refusal:
                form.add_error("code", str(refusal))
            else:
                if wrong:
                    messages.warning(request, WRONG_CODES.format(codes=plural(wrong, "wrong code")))
                return guessing.remember(HttpResponseRedirect(onward(request)), request.user)
        return self.code_page(request, "admin/second_factor.html", "Enter your code", form=form)

    def set_up(self, request):
        """An app for the second factor: the first, or a new one of somebody who is in."""
        half_way = sign_in.is_half_way(request)
        if not (half_way or sign_in.is_through(request)):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        if half_way and sign_in.app_of(request.user) is not None:
            return redirect_on("admin:second-factor", request)
        form = sign_in.CodeForm(request.POST or None)
        if form.is_valid():
            try:
                codes = sign_in.set_up(request, form.cleaned_data["code"])
            except sign_in.Refused as refusal:
                form.add_error("code", str(refusal))
            else:
                page = self.code_page(request, "admin/recovery_codes.html", "Keep your recovery codes", codes=codes)
                return guessing.remember(page, request.user)
        title, told = "Set up your second factor", sign_in.enrolment(request)
        return self.code_page(request, "admin/second_factor_set_up.html", title, form=form, enrolment=told)

    def code_page(self, request, template, title, **context):
        context = {**self.each_context(request), "title": title, "next": onward(request), **context}
        return TemplateResponse(request, template, context)

    def index(self, request, extra_context=None):
        return super().index(request, {"waiting": self.waiting(request.user), **(extra_context or {})})

    def sessions(self, request):
        """Where this curator is signed in, and a button for each to end it."""
        here = request.session.session_key
        signed_in = request.user.sessions.open()
        if request.method == "POST":
            chosen = request.POST.get("session", "")
            ended = [one.pk for one in signed_in.exclude(pk=here) if chosen in {"others", one.name}]
            signed_in.filter(pk__in=ended).delete()
            messages.success(request, f"Signed out of {plural(len(ended), 'other browser')}.")
            return HttpResponseRedirect(reverse("admin:sessions"))
        context = {
            **self.each_context(request),
            "title": "Where you are signed in",
            "here": here,
            "signed_in": list(signed_in),
        }
        return TemplateResponse(request, "admin/sessions.html", context)

    def markdown(self, request):
        """Markdown as readers would see it, while it is written. Nothing is kept."""
        text = request.POST.get("text", "")
        if len(text) > LONGEST_TEXT:
            return HttpResponseBadRequest("The text is too long.", content_type="text/plain")
        return HttpResponse(markdown(text) or "Nothing is written yet.")

    def waiting(self, person):
        """What waits for this curator, as (heading, words when empty, items)."""
        from curation.models import Curator, WorkingCopy, kinds_of_content

        kinds = kinds_of_content()
        copies = WorkingCopy.objects.editable_by(person).select_related("written_by")[:MOST]
        drafts = [item for kind in kinds for item in kind.objects.unpublished_by(person)[:MOST]]
        overdue = [item for kind in kinds for item in kind.objects.curated_by(person).review_due()[:MOST]]
        accounts = Curator.objects.editable_by(person).to_confirm()[:MOST]
        for_administrators = (
            "Accounts to confirm: who still needs access?",
            "Every account was confirmed in the last year.",
            [self.entry(one, f"last confirmed {one.access_confirmed_on:%-d %B %Y}") for one in accounts],
        )
        return [
            (
                "Drafts and items in review",
                "No drafts.",
                [self.entry(item, standing(item)) for item in drafts],
            ),
            (
                "Working copies of what is published",
                "No working copies.",
                [self.entry(copy, f"{standing(copy)}, by {copy.written_by or 'the operator'}") for copy in copies],
            ),
            (
                "Reviews that are due",
                "No reviews are due.",
                [self.entry(item, f"due {item.review_due_on:%-d %B %Y}") for item in overdue],
            ),
            *([for_administrators] if person.manages_accounts else []),
        ]

    @staticmethod
    def entry(item, about):
        address = reverse(f"admin:{item._meta.app_label}_{item._meta.model_name}_change", args=[item.pk])
        return Waiting(str(item), f"{item._meta.verbose_name}, {about}", address)
