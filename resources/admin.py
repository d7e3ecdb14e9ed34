"""Curating resources, topics, organisations and starting points."""

from django import forms
from django.contrib import admin

from curation.admin import CuratedAdmin, ReferenceAdmin, ScopedAdmin
from curation.forms import ScopedInline, VersionedForm
from resources.models import (
    Audience,
    Claim,
    Organisation,
    Resource,
    StartingPoint,
    StartingStep,
    TaggedResource,
    Topic,
    TopicName,
)


class AudiencesForm(VersionedForm):
    """Audiences as checkboxes."""

    audiences = forms.MultipleChoiceField(
        label="Who it is for", choices=Audience, required=False, widget=forms.CheckboxSelectMultiple
    )


class ClaimInline(ScopedInline, admin.StackedInline):
    model = Claim
    fk_name = "resource"
    autocomplete_fields = ("source_resource",)
    fields = ("value", "counts", "as_at", "note", "source_title", "source_url", "source_resource", "order")


class TopicInline(ScopedInline, admin.StackedInline):
    model = TaggedResource
    autocomplete_fields = ("tag",)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("tag")


@admin.register(Resource)
class ResourceAdmin(CuratedAdmin):
    form = AudiencesForm
    list_display = ("title", "kind", "state", "owner", "review_due_on")
    list_filter = ("state", "kind", ("owner", admin.RelatedOnlyFieldListFilter))
    autocomplete_fields = ("publisher", "partners")
    inlines = (TopicInline, ClaimInline)
    own_fieldsets = (
        (None, {"fields": ["title", "slug", "kind", "summary", "body", "did_not_work", "content_warning"]}),
        ("Where it comes from", {"fields": ["publisher", "partners", "url", "held_by", "published_on"]}),
        ("Who it is for", {"fields": ["audiences", "stage", "access", "cost", "time_needed"]}),
    )


@admin.register(Organisation)
class OrganisationAdmin(ReferenceAdmin):
    """Whoever curates a region may propose one; a national curator accepts and changes it."""

    list_display = ("name", "short_name", "kind", "is_proposed", "is_retired")
    list_filter = ("kind", "is_proposed", "is_retired")
    search_fields = ("name", "short_name", "other_names")
    fields = ("name", "slug", "short_name", "other_names", "kind", "url", "description", "is_proposed", "is_retired")

    def has_add_permission(self, request):
        return ScopedAdmin.has_add_permission(self, request)

    def get_readonly_fields(self, request, obj=None):
        own = super().get_readonly_fields(request, obj)
        return own if request.user.is_national else [*own, "is_proposed", "is_retired"]

    def get_prepopulated_fields(self, request, obj=None):
        return {"slug": ["name"]} if obj is None else {}

    def save_model(self, request, obj, form, change):
        if not change and not request.user.is_national:
            obj.is_proposed = True
        super().save_model(request, obj, form, change)


class TopicNameInline(ScopedInline, admin.StackedInline):
    model = TopicName
    verbose_name = "other name"


@admin.register(Topic)
class TopicAdmin(ReferenceAdmin):
    list_display = ("name", "is_retired")
    list_filter = ("is_retired",)
    search_fields = ("name", "other_names__name")
    fields = ("name", "slug", "description", "is_retired")
    inlines = (TopicNameInline,)


class StartingStepInline(ScopedInline, admin.StackedInline):
    model = StartingStep
    max_num = 3
    autocomplete_fields = ("resource", "topic", "region")


@admin.register(StartingPoint)
class StartingPointAdmin(ReferenceAdmin):
    list_display = ("title", "order", "is_retired")
    search_fields = ("title",)
    fields = ("title", "slug", "summary", "order", "is_retired")
    inlines = (StartingStepInline,)

    def has_module_permission(self, request):
        """For national publishers alone: a step may lead to what is not public yet."""
        return super().has_module_permission(request) and request.user.is_national
