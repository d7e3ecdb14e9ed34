"""Curating what a search takes for the same, and looking after what it could not answer."""

from django.contrib import admin

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

    list_display = ("words", "came_of_it", "days", "last_on", "results")
    list_filter = ("outcome",)
    search_fields = ("words",)
    fields = readonly_fields = ("words", "days", "last_on", "results", "came_of_it", "note")
    verbs = QUEUE

    def get_queryset(self, request):
        return super().get_queryset(request).with_days().order_by("outcome", "-days", "words")

    def has_view_permission(self, request, obj=None):
        return self.admin_site.has_permission(request)

    has_module_permission = has_view_permission

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        """What there is to change has a button of its own."""
        return False

    @admin.display(description="What came of it", ordering="outcome")
    def came_of_it(self, item):
        return item.get_outcome_display() or "In the queue"

    @admin.display(description="Days searched for, of the last 90", ordering="days")
    def days(self, item):
        return item.days

    @admin.display(description="Last searched for", ordering="last_on")
    def last_on(self, item):
        return item.last_on

    @admin.display(description="Results that day", ordering="results")
    def results(self, item):
        return item.results
