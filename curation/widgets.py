"""The admin's inputs: dates and times in one input each, the browser's own, in London time; and Markdown."""

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AutocompleteSelect, AutocompleteSelectMultiple
from django.db import models
from django.urls import reverse_lazy

from curation.fields import MarkdownField, numbers


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class MarkdownArea(AdminTextareaWidget):
    """A text area that names the address at which its preview is made (static/js/admin-forms.js)."""

    def __init__(self, attrs=None):
        super().__init__({"data-markdown": reverse_lazy("admin:markdown"), **(attrs or {})})


class OfNumbers:
    """What was sent and is no number of a row is shown as nothing chosen, beside the words that refuse it."""

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, numbers(self.choices.queryset.model, value), attr)


class Autocomplete(OfNumbers, AutocompleteSelect):
    pass


class AutocompleteMultiple(OfNumbers, AutocompleteSelectMultiple):
    pass


FIELDS = {
    MarkdownField: {"widget": MarkdownArea},
    models.DateField: {"widget": DateInput},
    models.DateTimeField: {"form_class": forms.DateTimeField, "widget": DateTimeInput},
}
