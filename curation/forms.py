"""The forms of the admin: what a curator may point at, what they cannot see and do not lose, who saved meanwhile."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from curation import copies, parts, widgets
from curation.models import ReferenceData, Region

EMPTY_ROWS = 3


def offered(model, person):
    """What a form may point at: what readers see, and this curator's own unpublished work."""
    if issubclass(model, ReferenceData):
        return model.objects.filter(is_retired=False)
    known_to = getattr(model.objects, "known_to", None)
    return known_to(person) if known_to else model.objects.all()


class Scoped:
    """Rights and choices by region, for admin classes and inlines alike."""

    formfield_overrides = widgets.FIELDS

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.show_hidden_initial = False  # a list's default would bring a second, hidden input
        return field

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        kwargs.setdefault("queryset", offered(db_field.related_model, request.user))
        if db_field.name == "owner":
            kwargs["queryset"] = Region.objects.curated_by(request.user)
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", widgets.Autocomplete(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        kwargs.setdefault("queryset", offered(db_field.related_model, request.user))
        if db_field.name == "regions":
            kwargs["widget"] = forms.CheckboxSelectMultiple
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", widgets.AutocompleteMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class ScopedForm(forms.ModelForm):
    """Loses nothing that its curator cannot choose: what is retired since stays, and so does what they may not see."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.unseen = {}
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField) and self.instance.pk:
                self.keep(name, field)

    def keep(self, name, field):
        chosen = self.initial.get(name) or []
        chosen = [getattr(one, "pk", one) for one in (chosen if isinstance(chosen, list) else [chosen])]
        model, offered = field.queryset.model, field.queryset
        missing = model._base_manager.filter(pk__in=chosen).exclude(pk__in=offered.values("pk"))
        if not missing:
            return
        if issubclass(model, ReferenceData):
            field.queryset = model.objects.filter(Q(pk__in=offered.values("pk")) | Q(pk__in=missing.values("pk")))
        else:
            self.unseen[name] = list(missing)

    def clean(self):
        cleaned = super().clean() or self.cleaned_data
        for name, rows in self.unseen.items():
            if not isinstance(self.fields[name], forms.ModelMultipleChoiceField) and not cleaned.get(name):
                cleaned[name] = rows[0]
        return cleaned

    def _save_m2m(self):
        super()._save_m2m()
        for name, rows in self.unseen.items():
            if isinstance(self.fields[name], forms.ModelMultipleChoiceField):
                getattr(self.instance, name).add(*rows)


class PartForm(ScopedForm):
    """A part of an item in its form. What it points at was looked up for all parts together (curation.parts)."""

    def __init__(self, *args, known=None, **kwargs):
        self.known = known or {}
        super().__init__(*args, **kwargs)
        for name, rows in self.known.items():
            field = self.fields[name]
            kept = field.found or {}
            field.found = rows.offered | kept
            if rows.choices is not None:
                field.choices = rows.choices + [(row.pk, field.label_from_instance(row)) for row in kept.values()]

    def keep(self, name, field):
        if name not in self.known:
            super().keep(name, field)
        elif row := self.known[name].kept.get(str(self.initial.get(name))):
            if issubclass(type(row), ReferenceData):
                field.found = {str(row.pk): row}
            else:
                self.unseen[name] = [row]

    def _post_clean(self):
        row = self.instance
        row.clean_fields, row.validate_constraints = self.check_values, self.check_constraints
        try:
            super()._post_clean()
        finally:
            del row.clean_fields, row.validate_constraints

    def check_values(self, exclude=()):
        """As the model does, but for what the fields have looked up already."""
        looked_up = self.known.keys() & self.cleaned_data.keys()
        type(self.instance).clean_fields(self.instance, exclude={*exclude, *looked_up})

    def check_constraints(self, exclude=None):
        """As the model does, unless they hold for sure."""
        if not all(parts.is_sure(self.instance, constraint) for constraint in self.instance._meta.constraints):
            type(self.instance).validate_constraints(self.instance, exclude=exclude)


class Bounded:
    """An inline whose rows are those that were sent: nobody is made to wait for as many as somebody says there are."""

    max_num = parts.MOST

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        formset.absolute_max = parts.MOST
        return formset


class ScopedInline(Bounded, Scoped):
    """Parts of an item: whoever may change the item may change them."""

    form, formset = PartForm, parts.PartsFormSet
    extra = 0  # a script adds rows; without scripts a link asks for EMPTY_ROWS of them

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", parts.PartAutocomplete(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **{"form_class": parts.PartField, **kwargs})

    def get_extra(self, request, obj=None, **kwargs):
        return EMPTY_ROWS if "rows" in request.GET else super().get_extra(request, obj, **kwargs)

    def has_view_permission(self, request, obj=None):
        return True  # the page of the parent has been asked already

    def has_change_permission(self, request, obj=None):
        return obj is None or self._parent_admin(obj).has_change_permission(request, obj)

    has_add_permission = has_delete_permission = has_change_permission

    def _parent_admin(self, obj):
        return self.admin_site.get_model_admin(type(obj))


class VersionedForm(ScopedForm):
    """Refuses a save against an older version than the one that is stored, says what the other save changed, and
    keeps what was typed: saving again goes ahead knowingly."""

    person = None  # who edits: set by the admin class
    copy = None  # the working copy, if it is one that is edited
    since = None  # what others changed in it since the form was opened, when that is known already
    seen_version = forms.RegexField(f"^{copies.MARK}$", widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = copies.mark(self.instance, self.copy)

    def clean(self):
        cleaned = super().clean()
        seen, stored = cleaned.get("seen_version", ""), self.initial["seen_version"]
        if self.instance.pk and seen != stored:
            changes = self.since
            if changes is None:
                changes = copies.since(self.instance, self.copy, seen, seen_by=self.person)
            self.data = self.data.copy()
            self.data[self.add_prefix("seen_version")] = stored
            raise ValidationError(
                [
                    "Someone else saved this while you were editing it. What you typed is still below. "
                    "Compare it with what they changed, then save again.",
                    *(f"{who} changed {c.label}: “{c.before}” became “{c.after}”" for who, c in changes),
                ]
            )
        return cleaned
