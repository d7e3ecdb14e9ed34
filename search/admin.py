"""Curating the words that a search takes for each other."""

from django.contrib import admin

from curation.admin import ReferenceAdmin
from search.models import WordGroup


@admin.register(WordGroup)
class WordGroupAdmin(ReferenceAdmin):
    list_display = ("__str__", "relation", "is_retired")
    list_filter = ("relation", "is_retired")
    search_fields = ("words", "leads_to")
    fields = ("relation", "words", "leads_to", "note", "is_retired")
