"""Curating principle sets, their versions and where they came from."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from curation import verbs
from curation.admin import CuratedAdmin, ReferenceAdmin, ScopedAdmin
from curation.fields import SLUG_SHAPE
from curation.forms import PartForm, ScopedInline, VersionedForm
from curation.parts import PartsFormSet
from principles import actions
from principles.models import (
    Agreement,
    LineageLink,
    PrincipleSet,
    PrincipleText,
    SetVersion,
    Theme,
)
from resources.admin import AudiencesForm


@admin.register(Theme)
class ThemeAdmin(ReferenceAdmin):
    list_display = ("name", "order", "is_retired")
    search_fields = ("name",)
    fields = ("name", "slug", "description", "order", "is_retired")


@admin.register(PrincipleSet)
class PrincipleSetAdmin(CuratedAdmin):
    form = AudiencesForm
    verbs = (
        *verbs.PUBLICATION,
        verbs.Verb(
            "new-version",
            "Start a new version",
            actions.start_version,
            needs="curated_by",
            onward=lambda version: reverse("admin:principles_setversion_change", args=[version.pk]),
        ),
    )
    list_display = ("title", "progress", "standing", "state", "owner")
    list_filter = ("state", "progress", "standing", ("owner", admin.RelatedOnlyFieldListFilter))
    autocomplete_fields = ("publisher",)
    own_fieldsets = (
        (None, {"fields": ["title", "slug", "summary", "body", "progress", "standing"]}),
        ("Its principles", {"fields": ["its_versions"]}),
        ("Where it comes from", {"fields": ["publisher", "url", "held_by", "published_on", "audiences"]}),
    )

    def get_readonly_fields(self, request, obj=None):
        return [*super().get_readonly_fields(request, obj), "its_versions"]

    @admin.display(description="Versions")
    def its_versions(self, item):
        if not item.pk:
            return "Save the set first. Then its principles can be added as version 1."
        lines = [
            (reverse("admin:principles_setversion_change", args=[v.pk]), v.number, v.get_state_display().lower())
            for v in item.versions.all()
        ]
        if not lines:
            return "None yet. “Start a new version” makes the first."
        return format_html("<ul>{}</ul>", format_html_join("", '<li><a href="{}">Version {}</a>, {}</li>', lines))


class TextForm(PartForm):
    """A principle's words, and the address of the principle in its set's page."""

    address = forms.RegexField(
        SLUG_SHAPE,
        max_length=100,
        help_text="Stays with this principle from version to version: small letters, numbers and hyphens.",
        error_messages={"invalid": "Use small letters, numbers and single hyphens."},
    )

    class Meta:
        model = PrincipleText
        fields = ("order", "address", "title", "text", "theme")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["address"] = self.instance.principle.slug

    def save(self, commit=True):
        principles = self.instance.version.set.principles
        self.instance.principle, _ = principles.get_or_create(slug=self.cleaned_data["address"])
        return super().save(commit)


class TextFormSet(PartsFormSet):
    def clean(self):
        super().clean()
        addresses = [form.cleaned_data.get("address") for form in self.forms if form not in self.deleted_forms]
        twice = {address for address in addresses if address and addresses.count(address) > 1}
        if twice:
            raise ValidationError(f"Two principles have the same address: {', '.join(sorted(twice))}.")


class TextInline(ScopedInline, admin.StackedInline):
    model = PrincipleText
    form, formset = TextForm, TextFormSet
    fields = ("order", "address", "title", "text", "theme")
    verbose_name = "principle"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("principle", "theme")

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or not obj.was_published)

    has_add_permission = has_delete_permission = has_change_permission


class AgreementInline(ScopedInline, admin.StackedInline):
    model = Agreement
    max_num = 2
    fields = ("side", "role", "organisation", "agreed_on", "source_title", "source_url")


@admin.register(SetVersion)
class SetVersionAdmin(ScopedAdmin):
    verbs = (
        *verbs.REVIEW,
        verbs.Verb(
            "publish", "Publish", actions.publish_version, lambda version: not version.was_published, advises=True
        ),
    )
    list_display = ("set", "number", "state", "change_kind", "dated")
    list_filter = ("state",)
    list_select_related = ("set",)
    search_fields = ("set__title",)
    inlines = (TextInline, AgreementInline)
    fields = ("set", "number", "state", "change_kind", "dated", "note")

    def has_add_permission(self, request):
        return False  # a version is started from its set's page, with the words of the one before

    def get_readonly_fields(self, request, obj=None):
        return ["set", "number", "state", *(["change_kind", "dated"] if obj and obj.was_published else [])]

    def save_formset(self, request, form, formset, change):
        for agreement in formset.save(commit=False):
            if isinstance(agreement, Agreement):
                agreement.recorded_by = request.user
        super().save_formset(request, form, formset, change)


class LineageForm(VersionedForm):
    """Says in words what the rules of lineage refuse: no end or two at one side, and circles."""

    def _get_validation_exclusions(self):
        """Also the ends that this form does not show count when the rules ask for exactly one."""
        return super()._get_validation_exclusions() - {"descendant_principle", "source_principle"}

    def _post_clean(self):
        super()._post_clean()
        if not self.errors:
            try:
                actions.hold_lineage()
                actions.refuse_circle(self.instance, by=self.person)
            except ValidationError as refusal:
                self.add_error(None, refusal)


@admin.register(LineageLink)
class LineageLinkAdmin(ScopedAdmin):
    form = LineageForm
    list_display = ("__str__", "kind", "linked_on")
    autocomplete_fields = (
        *("descendant_set", "descendant_resource", "descendant_organisation"),
        *("source_set", "source_resource", "source_organisation"),
    )
    fieldsets = (
        (None, {"fields": ["kind"]}),
        ("What was built", {"fields": ["descendant_set", "descendant_resource", "descendant_organisation"]}),
        ("What it was built on", {"fields": ["source_set", "source_resource", "source_organisation", "source_text"]}),
        ("What is known of it", {"fields": ["basis", "linked_on", "note"]}),
    )

    def get_queryset(self, request):
        return super().get_queryset(request).known_to(request.user).with_ends()

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name.startswith("descendant_"):  # the link is read on the page of what was built
            kwargs["queryset"] = db_field.related_model.objects.editable_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request, obj, form, change):
        obj.version += change
        actions.link(obj, by=request.user)

    def has_delete_permission(self, request, obj=None):
        return self.has_change_permission(request, obj)
