"""Curating principle sets, their versions and where they came from."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join

from curation.admin import Act, CuratedAdmin, ReferenceAdmin, ScopedAdmin, ScopedInline
from curation.fields import SLUG_SHAPE
from curation.states import NotAllowed
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
        start = format_html(
            '<li><a href="{}">Start a new version</a></li>',
            reverse("admin:principles_principleset_new-version", args=[item.pk]),
        )
        listed = format_html_join("", '<li><a href="{}">Version {}</a>, {}</li>', lines)
        return format_html("<ul>{}{}</ul>", listed, start)

    def get_urls(self):
        view = self.admin_site.admin_view(self.new_version)
        return [path("<int:pk>/new-version/", view, name="principles_principleset_new-version"), *super().get_urls()]

    def new_version(self, request, pk):
        """Start a draft version with the words of the current one."""
        item = get_object_or_404(PrincipleSet.objects.curated_by(request.user), pk=pk)
        if request.method == "POST":
            version = actions.start_version(item, by=request.user)
            return HttpResponseRedirect(reverse("admin:principles_setversion_change", args=[version.pk]))
        return act_page(
            self,
            request,
            item,
            Act(item, request.user),
            "Start a new version",
            reverse("admin:principles_principleset_change", args=[pk]),
        )


def act_page(model_admin, request, item, form, label, back):
    """The page that asks before it acts (the same as every verb's)."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{label}: {item}",
        "opts": model_admin.opts,
        "original": item,
        "form": form,
        "label": label,
        "back": back,
    }
    return TemplateResponse(request, "admin/verb.html", context)


class TextForm(forms.ModelForm):
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


class TextFormSet(forms.BaseInlineFormSet):
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
        return super().has_change_permission(request, obj) and (obj is None or not obj.is_published)

    has_add_permission = has_delete_permission = has_change_permission


class AgreementInline(ScopedInline, admin.StackedInline):
    model = Agreement
    max_num = 2
    fields = ("side", "role", "organisation", "agreed_on", "source_title", "source_url")


@admin.register(SetVersion)
class SetVersionAdmin(ScopedAdmin):
    list_display = ("set", "number", "state", "change_kind", "dated")
    list_filter = ("state",)
    list_select_related = ("set",)
    search_fields = ("set__title",)
    inlines = (TextInline, AgreementInline)
    fields = ("set", "number", "state", "change_kind", "dated", "note")

    def has_add_permission(self, request):
        return False  # a version is started from its set's page, with the words of the one before

    def get_readonly_fields(self, request, obj=None):
        return ["set", "number", "state", *(["change_kind", "dated"] if obj and obj.is_published else [])]

    def get_urls(self):
        view = self.admin_site.admin_view(self.publish)
        return [path("<int:pk>/publish/", view, name="principles_setversion_publish"), *super().get_urls()]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["preview_url"] = obj.set.get_preview_url()
            allowed = SetVersion.objects.publishable_by(request.user).filter(pk=obj.pk).exists()
            if allowed and not obj.is_published:
                context["verbs"] = [("Publish", reverse("admin:principles_setversion_publish", args=[obj.pk]))]
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_formset(self, request, form, formset, change):
        for agreement in formset.save(commit=False):
            if isinstance(agreement, Agreement):
                agreement.recorded_by = request.user
        super().save_formset(request, form, formset, change)

    def publish(self, request, pk):
        version = get_object_or_404(SetVersion.objects.curated_by(request.user), pk=pk)
        if not SetVersion.objects.publishable_by(request.user).filter(pk=pk).exists():
            raise PermissionDenied
        back = reverse("admin:principles_setversion_change", args=[pk])
        form = Act(version, request.user, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                actions.publish_version(version, by=request.user, **form.cleaned_data)
            except NotAllowed as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, f"“{version}” is published.")
                return HttpResponseRedirect(back)
        return act_page(self, request, version, form, "Publish", back)


class LineageForm(forms.ModelForm):
    def clean(self):
        cleaned = super().clean()
        if not self.errors:
            for name, value in cleaned.items():
                setattr(self.instance, name, value)
            actions.refuse_circle(self.instance)
        return cleaned


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

    def has_delete_permission(self, request, obj=None):
        return self.has_change_permission(request, obj)
