"""The admin site: for curators, with what waits for them on its first page."""

from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from justculture.words import plural

MOST = 20  # items of one list on the first page


class Waiting(NamedTuple):
    """Something that waits for this curator: its title, what is to know of it, and where to deal with it."""

    title: str
    about: str
    url: str


def standing(item):
    return "changes asked for" if item.changes_asked else item.get_state_display().lower()


class CurationSite(AdminSite):
    site_header = settings.SERVICE_NAME
    site_title = "Curation"
    index_title = "Your work"
    empty_value_display = "Not known"
    enable_nav_sidebar = False  # breadcrumbs and the first page lead everywhere; a form has the whole width

    def has_permission(self, request):
        return request.user.is_active and request.user.is_staff

    def register(self, models, admin_class=None, **options):
        """Only classes that ask memberships for rights are taken in: what a package brings knows nothing of regions."""
        if getattr(admin_class, "asks_memberships", False):
            super().register(models, admin_class, **options)

    def get_urls(self):
        """Without Django's /r/, which tells any account the address of any draft."""
        own = [path("sessions/", self.admin_view(self.sessions), name="sessions")]
        return own + [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"]

    def each_context(self, request):
        return {**super().each_context(request), "read_only": settings.READ_ONLY}

    def login(self, request, extra_context=None):
        return super().login(request, {"title": "Sign in", **(extra_context or {})})

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

    def waiting(self, person):
        """Drafts and overdue reviews of every kind of content, as (heading, words when empty, items)."""
        from curation.models import CuratedModel

        kinds = [model for model in apps.get_models() if issubclass(model, CuratedModel)]
        drafts = [item for kind in kinds for item in kind.objects.unpublished_by(person)[:MOST]]
        overdue = [item for kind in kinds for item in kind.objects.curated_by(person).review_due()[:MOST]]
        return [
            (
                "Drafts and items in review",
                "No drafts.",
                [self.entry(item, standing(item)) for item in drafts],
            ),
            (
                "Reviews that are due",
                "No reviews are due.",
                [self.entry(item, f"due {item.review_due_on:%-d %B %Y}") for item in overdue],
            ),
        ]

    @staticmethod
    def entry(item, about):
        address = reverse(f"admin:{item._meta.app_label}_{item._meta.model_name}_change", args=[item.pk])
        return Waiting(item.title, f"{item._meta.verbose_name}, {about}", address)
