"""Curating events and their agendas."""

from django.contrib import admin

from curation.admin import CuratedAdmin
from curation.forms import ScopedInline
from events.models import Event, Session
from resources.admin import AudiencesForm


class SessionInline(ScopedInline, admin.StackedInline):
    model = Session
    autocomplete_fields = ("presenter", "resources", "sets")
    fields = ("order", "starts_at", "title", "text", "presenter", "presenter_role", "resources", "sets")


@admin.register(Event)
class EventAdmin(CuratedAdmin):
    form = AudiencesForm
    list_display = ("title", "kind", "starts_at", "state", "owner")
    list_filter = ("state", "kind", ("owner", admin.RelatedOnlyFieldListFilter))
    autocomplete_fields = ("organiser",)
    inlines = (SessionInline,)
    own_fieldsets = (
        (None, {"fields": ["title", "slug", "kind", "status", "summary", "body"]}),
        ("When and where", {"fields": ["starts_at", "ends_at", "is_all_day", "setting", "place", "access_info"]}),
        (
            "Who it is for and how to book",
            {"fields": ["organiser", "audiences", "cost", "booking_url", "booking_mailbox", "url"]},
        ),
    )
