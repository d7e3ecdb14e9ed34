"""The parts of an item in its form, such as figures and topics: read, checked and saved together.

Django asks the database several times for each row of an inline form. Here the number of statements does not grow with
the number of rows, except for rows that are changed or taken out.
"""

from typing import NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import CheckConstraint, Q
from django.forms.models import BaseInlineFormSet
from django.utils.functional import cached_property

from curation.fields import numbers
from curation.widgets import Autocomplete


class Known(NamedTuple):
    """Rows that the forms of one set need to know, by their numbers as text."""

    offered: dict  # of those that were asked for, the ones that may be chosen
    kept: dict  # chosen before and no longer offered
    choices: list | None  # all that may be chosen, where the form lists them


class PartField(forms.ModelChoiceField):
    """A choice of one row, among those that were looked up for all forms of a set together."""

    found = None

    def to_python(self, value):
        if self.found is None or value in self.empty_values:
            return super().to_python(value)
        row = self.found.get(str(getattr(value, "pk", value)))
        if row is None:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value})
        return row


class PartAutocomplete(Autocomplete):
    """An autocomplete, which names what is chosen without asking for it again."""

    def optgroups(self, name, value, attr=None):
        field = self.choices.field
        if field.found is None:
            return super().optgroups(name, value, attr)
        chosen = [field.found[one] for one in map(str, value) if one in field.found]
        shown = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        for row in chosen:
            shown.append(self.create_option(name, str(row.pk), field.label_from_instance(row), True, len(shown)))
        return [(None, shown, 0)]


MOST = 333  # rows of one set: three fields or more each, of the 1,000 that Django takes in one form


class PartsFormSet(BaseInlineFormSet):
    """A set of PartForms that look up what they may point at together, and are added in one statement."""

    @cached_property
    def known(self):
        """By the name of each field that points at a row: what its forms need to know."""
        named = {name: f for name, f in self.form.base_fields.items() if isinstance(f, PartField)}
        return {name: self.look_up(name, field) for name, field in named.items()}

    @cached_property
    def stored(self):
        """The rows that the forms are of, by their numbers as text."""
        return {str(row.pk): row for row in self.get_queryset()}

    def look_up(self, name, field):
        column = self.model._meta.get_field(name).attname
        before = {getattr(row, column) for row in self.stored.values()} - {None}
        sent = {self.data.get(f"{self.add_prefix(number)}-{name}", "") for number in range(self.total_form_count())}
        rows = field.queryset.all()
        is_listed = not isinstance(getattr(field.widget, "widget", field.widget), PartAutocomplete)
        rows = list(rows if is_listed else rows.filter(pk__in=numbers(rows.model, before | sent)))
        offered = {str(row.pk): row for row in rows}
        missing = [number for number in before if str(number) not in offered]
        kept = field.queryset.model._base_manager.filter(pk__in=missing) if missing else []
        choices = None
        if is_listed:
            choices = [(row.pk, field.label_from_instance(row)) for row in rows]
            choices = choices if field.required else [("", field.empty_label), *choices]
        return Known(offered, {str(row.pk): row for row in kept}, choices)

    def get_form_kwargs(self, index):
        return {**super().get_form_kwargs(index), "known": self.known}

    def add_fields(self, form, index):
        super().add_fields(form, index)
        name = self.model._meta.pk.name
        if name in form.fields and hasattr(form.fields[name], "queryset"):
            number = form.fields[name]
            form.fields[name] = PartField(number.queryset, initial=number.initial, required=False, widget=number.widget)
            form.fields[name].found = self.stored

    def save_new_objects(self, commit=True):
        if not commit:
            return super().save_new_objects(commit)
        added = [form for form in self.extra_forms if form.has_changed()]
        added = [form for form in added if not (self.can_delete and self._should_delete_form(form))]
        self.new_objects = [self.save_new(form, commit=False) for form in added]
        self.model._base_manager.bulk_create(self.new_objects)
        for form in added:
            form.save_m2m()
        return self.new_objects


def fulfils(row, condition):
    """Whether *row* fulfils a constraint's condition, read without the database; None where that cannot be told."""
    met = [fulfils(row, one) if isinstance(one, Q) else compares(row, *one) for one in condition.children]
    if None in met:
        return None
    is_met = all(met) if condition.connector == Q.AND else any(met)
    return is_met is not condition.negated


def compares(row, path, value):
    """One comparison of a condition, as "column__lookup" and a value; None for a lookup that is not read here."""
    name, _, lookup = path.partition("__")
    stored = getattr(row, row._meta.get_field(name).attname)
    if lookup == "isnull" or value is None:
        return (stored is None) is (value is None or value)
    if stored is None or hasattr(value, "resolve_expression"):
        return None
    if lookup == "":
        return stored == value
    return value[0] <= stored <= value[1] if lookup == "range" else None


def is_sure(row, constraint):
    """Whether a constraint holds without asking the database. It is asked about every other."""
    return isinstance(constraint, CheckConstraint) and fulfils(row, constraint.condition) is True
