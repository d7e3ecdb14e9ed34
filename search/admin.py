"""Curating what a search takes for the same, and looking after what it could not answer."""

from django.contrib import admin
from django.utils.formats import date_format

from curation.admin import PortalAdmin, ReferenceAdmin
from search.models import FruitlessSearch, WordGroup
from search.verbs import QUEUE


@admin.register(WordGroup)
class WordGroupAdmin(ReferenceAdmin):
    list_display = ("__str__", "relation", "is_retired")
    list_filter = ("relation", "is_retired")
    search_fields = ("words", "leads_to")
    fields = ("relation", "words", "leads_to", "note", "is_retired")


@admin.register(FruitlessSearch)
class FruitlessSearchAdmin(PortalAdmin):
    """The queue: every curator may look, national curators settle what becomes of it. Readers' searches fill it."""

    list_display = ("words", "outcome", "days", "last_on", "results")
    list_filter = ("outcome",)
    search_fields = ("words",)
    fields = readonly_fields = ("words", "days", "last_on", "results", "outcome", "note")
    verbs = QUEUE

    def get_queryset(self, request):
        return self.model.objects.with_days().order_by(*self.get_ordering(request))

    def get_ordering(self, request):
        return ("outcome", "-days", "words")

    def has_view_permission(self, request, obj=None):
        return self.admin_site.has_permission(request)

    has_module_permission = has_view_permission

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        """What there is to change has a button of its own."""
        return False

    @admin.display(description="Days", ordering="days")
    def days(self, item):
        """Of the last ninety, on how many it was searched for."""
        return item.days

    @admin.display(description="Last searched for", ordering="last_on")
    def last_on(self, item):
        return date_format(item.last_on) if item.last_on else "Not lately"

    @admin.display(description="Results", ordering="results")
    def results(self, item):
        """So many it was given that day."""
        return item.results
