"""The admin that all content shares: what a curator sees, may change and can do follows from the querysets alone."""

from functools import partial

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from curation import actions, history, widgets
from curation.accounts import password_link
from curation.models import Curator, Membership, ReferenceData, Region, RegionContact
from curation.states import MOVES, NotAllowed, State
from search import documents

ADMIN_LIMIT = "15s"  # how long a curator's save may take; reading on the web gives up sooner


def offered(model, person):
    """What a form may point at: what readers see, and this curator's own unpublished work."""
    if issubclass(model, ReferenceData):
        return model.objects.visible()
    known_to = getattr(model.objects, "known_to", None)
    return known_to(person) if known_to else model.objects.all()


class Scoped:
    """Rights and choices by region, for admin classes and inlines alike."""

    formfield_overrides = widgets.FIELDS

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        kwargs.setdefault("queryset", offered(db_field.related_model, request.user))
        if db_field.name == "owner":
            kwargs["queryset"] = Region.objects.curated_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        kwargs.setdefault("queryset", offered(db_field.related_model, request.user))
        if db_field.name == "regions":
            kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class ScopedInline(Scoped):
    """Parts of an item: whoever may change the item may change them."""

    extra = 0
    show_change_link = False

    def has_view_permission(self, request, obj=None):
        return True  # the page of the parent has been asked already

    def has_change_permission(self, request, obj=None):
        return obj is None or self._parent_admin(obj).has_change_permission(request, obj)

    has_add_permission = has_delete_permission = has_change_permission

    def _parent_admin(self, obj):
        return self.admin_site.get_model_admin(type(obj))


class ScopedAdmin(Scoped, admin.ModelAdmin):
    """Rows of a curator's own regions (`curated_by`); changed as `editable_by` says. Nothing is deleted here."""

    asks_memberships = True
    actions = None
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER  # counting each filter would cost a query each
    change_form_template = "admin/curated_form.html"
    object_history_template = "admin/history.html"

    def get_queryset(self, request):
        items = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            return items & offered(self.model, request.user)
        return items.curated_by(request.user)

    def get_object(self, request, object_id, from_field=None):
        """The item, held against other saves while a form is being saved."""
        if request.method != "POST":
            return super().get_object(request, object_id, from_field)
        try:
            pk = self.model._meta.pk.to_python(object_id)
        except (ValidationError, ValueError):
            return None
        held = self.model._base_manager.select_for_update().filter(pk=pk).first()
        return held if held is not None and self.get_queryset(request).filter(pk=pk).exists() else None

    def has_module_permission(self, request):
        return request.user.is_active and request.user.is_staff

    def has_view_permission(self, request, obj=None):
        if not self.has_module_permission(request):
            return False
        return obj is None or offered(self.model, request.user).filter(pk=obj.pk).exists()

    def has_change_permission(self, request, obj=None):
        if not self.has_module_permission(request):
            return False
        return obj is None or self.model.objects.editable_by(request.user).filter(pk=obj.pk).exists()

    def has_add_permission(self, request):
        return self.has_module_permission(request) and Region.objects.curated_by(request.user).exists()

    def has_delete_permission(self, request, obj=None):
        return False

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        with transaction.atomic():
            if request.method == "POST":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [ADMIN_LIMIT])
                history.because("edited" if object_id else "created", by=request.user)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if hasattr(form.instance, "search_fields"):
            documents.refresh(form.instance)

    def view_on_site(self, obj):
        """The public address of what readers see."""
        has_page = obj.pk and hasattr(obj, "get_absolute_url")
        return obj.get_absolute_url() if has_page and self.model.objects.visible().contains(obj) else None

    def history_view(self, request, object_id, extra_context=None):
        item = self.get_object(request, unquote(object_id))
        if item is None:
            raise Http404("There is nothing of that number here.")
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of “{item}”",
            "object": item,
            "opts": self.opts,
            "entries": history.of(item, seen_by=request.user),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)


class VersionedForm(forms.ModelForm):
    """Refuses a save against an older version than the one that is stored, says what the other save changed, and
    keeps what was typed: saving again goes ahead knowingly."""

    person = None  # who edits: set by the admin class
    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version

    def clean(self):
        cleaned = super().clean()
        seen = cleaned.get("seen_version")
        if self.instance.pk and seen != self.instance.version:
            changes = list(history.since(self.instance, seen, seen_by=self.person))
            self.data = self.data.copy()
            self.data[self.add_prefix("seen_version")] = self.instance.version
            raise ValidationError(
                [
                    "Someone else saved this while you were editing it. What you typed is still below. "
                    "Compare it with what they changed, then save again.",
                    *(f"{who} changed {c.label}: “{c.before}” became “{c.after}”" for who, c in changes),
                ]
            )
        return cleaned


class Act(forms.Form):
    """What a verb asks the curator before it does anything."""

    note = forms.CharField(label="Note for the history", required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, item, person, data=None):
        super().__init__(data)
        self.item, self.person = item, person


class WithdrawAct(Act):
    note = None
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), help_text="Readers who come to its address are shown this."
    )
    onward_url = forms.URLField(
        label="Where to go instead",
        required=False,
        assume_scheme="https",
        help_text="A full address. You may leave it empty.",
    )


class SupersedeAct(Act):
    successor = forms.ModelChoiceField(None, label="What replaces it", required=False)
    url = forms.URLField(label="Or an outside address", required=False, assume_scheme="https")
    title = forms.CharField(label="Title of what is at that address", required=False, max_length=200)

    def __init__(self, item, person, data=None):
        super().__init__(item, person, data)
        self.fields["successor"].queryset = type(item).objects.visible().exclude(pk=item.pk).order_by("title")


class ReviewAct(Act):
    due = forms.DateField(
        label="Next review due",
        required=False,
        widget=widgets.DateInput,
        help_text="A year from today when left empty.",
    )


class RenameAct(Act):
    slug = forms.SlugField(label="New address", max_length=100, help_text="The old address will lead to the new one.")


class Verb:
    """A button: what it says, what it asks, what it does, and when it is offered."""

    def __init__(self, name, label, act, *, move=None, form=Act, needs="publishable_by"):
        self.name, self.label, self.act, self.move, self.form, self.needs = name, label, act, move, form, needs

    def fits(self, item):
        if self.move:
            return self.move in MOVES[State(item.state)]
        return item.is_public_state

    def allowed(self, item, person):
        return self.fits(item) and getattr(type(item).objects, self.needs)(person).filter(pk=item.pk).exists()


VERBS = [
    Verb("submit", "Send for review", actions.submit, move=State.IN_REVIEW, needs="editable_by"),
    Verb("send-back", "Return to draft", actions.send_back, move=State.DRAFT, needs="editable_by"),
    Verb("publish", "Publish", actions.publish, move=State.PUBLISHED),
    Verb("supersede", "Supersede", actions.supersede, move=State.SUPERSEDED, form=SupersedeAct),
    Verb("withdraw", "Withdraw", actions.withdraw, move=State.WITHDRAWN, form=WithdrawAct),
    Verb("review", "Mark as reviewed", actions.mark_reviewed, form=ReviewAct, needs="editable_by"),
    Verb("rename", "Change the address", actions.rename, form=RenameAct),
]


class DeleteVerb(Verb):
    def fits(self, item):
        return not item.published_at


VERBS.append(DeleteVerb("delete-draft", "Delete the draft", actions.delete_draft, needs="editable_by"))


class CuratedAdmin(ScopedAdmin):
    """The admin of a kind of content. A new kind inherits this and says what is its own."""

    form = VersionedForm
    list_display = ("title", "state", "owner", "review_due_on", "updated_at")
    list_filter = ("state", ("owner", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("title", "summary")
    ordering = ("-updated_at",)
    verbs = VERBS
    own_fieldsets = ()

    def get_fieldsets(self, request, obj=None):
        first, *rest = self.own_fieldsets
        return [
            first,
            *rest,
            ("Where it belongs", {"fields": ["owner", "regions"]}),
            (
                "When it is shown and reviewed",
                {"fields": ["public_from_at", "public_until_at", "review_due_on", "seen_version"]},
            ),
        ]

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        form.person = request.user
        regions = Region.objects.curated_by(request.user)
        if "owner" in form.base_fields and not change and regions.count() == 1:
            form.base_fields["owner"].initial = regions.first()
        return form

    def get_readonly_fields(self, request, obj=None):
        fixed = list(super().get_readonly_fields(request, obj))
        if obj is not None:
            if not request.user.is_national:
                fixed.append("owner")
            if obj.published_at:
                fixed.append("slug")  # actions.rename keeps the old address alive
        return fixed

    def get_prepopulated_fields(self, request, obj=None):
        return {"slug": ["title"]} if obj is None else {}

    def save_model(self, request, obj, form, change):
        if change:
            obj.version += 1
        super().save_model(request, obj, form, change)

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path(
                f"<int:pk>/{verb.name}/",
                view(partial(self.verb_view, verb=verb)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{verb.name}",
            )
            for verb in self.verbs
        ] + super().get_urls()

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["preview_url"] = obj.get_preview_url()
            context["verbs"] = [
                (verb.label, reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{verb.name}", args=[obj.pk]))
                for verb in self.verbs
                if verb.allowed(obj, request.user)
            ]
        return super().render_change_form(request, context, add, change, form_url, obj)

    def verb_view(self, request, pk, verb):
        """Ask what the verb needs to know, then do it."""
        item = get_object_or_404(self.model.objects.curated_by(request.user), pk=pk)
        if not getattr(self.model.objects, verb.needs)(request.user).filter(pk=pk).exists():
            raise PermissionDenied
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk])
        form = verb.form(item, request.user, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                verb.act(item, by=request.user, **form.cleaned_data)
            except NotAllowed as refusal:
                form.add_error(None, str(refusal))
            except ValidationError as refusal:
                form.add_error(None, refusal.messages)
            else:
                messages.success(request, f"“{item}”: {verb.label.lower()} is done.")
                gone = not self.model.objects.filter(pk=pk).exists()
                changelist = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
                return HttpResponseRedirect(reverse(changelist) if gone else back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{verb.label}: {item}",
            "opts": self.opts,
            "original": item,
            "form": form,
            "label": verb.label,
            "back": back,
        }
        return TemplateResponse(request, "admin/verb.html", context)


class ReferenceAdmin(ScopedAdmin):
    """Public reference data: every curator may look, national curators change."""

    list_per_page = 100

    def get_queryset(self, request):
        items = admin.ModelAdmin.get_queryset(self, request)
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            return offered(self.model, request.user)
        return items

    def has_view_permission(self, request, obj=None):
        return self.has_module_permission(request)

    def has_add_permission(self, request):
        return self.has_module_permission(request) and request.user.is_national

    def has_change_permission(self, request, obj=None):
        return self.has_add_permission(request)


class ContactInline(ScopedInline, admin.StackedInline):
    model = RegionContact


@admin.register(Region)
class RegionAdmin(ReferenceAdmin):
    list_display = ("name", "forum_name")
    search_fields = ("name", "forum_name")
    inlines = (ContactInline,)
    fields = ("name", "slug", "forum_name", "description", "status_note", "meetings", "url", "order")

    def get_readonly_fields(self, request, obj=None):
        return ["slug"] if obj else []


class MembershipInline(admin.StackedInline):
    model = Membership
    extra = 1


@admin.register(Curator)
class CuratorAdmin(admin.ModelAdmin):
    """Accounts, for administrators of accounts alone. Accounts are closed, never deleted."""

    asks_memberships = True
    list_display = ("name", "email", "is_active", "last_login")
    list_filter = ("is_active", "memberships__region")
    search_fields = ("name", "email")
    fields = ("email", "name", "is_active")
    inlines = (MembershipInline,)
    actions = None
    object_history_template = "admin/history.html"

    def has_module_permission(self, request):
        return request.user.is_active and request.user.manages_accounts

    def has_view_permission(self, request, obj=None):
        return self.has_module_permission(request)

    has_change_permission = has_view_permission

    def has_add_permission(self, request):
        return self.has_module_permission(request)

    def has_delete_permission(self, request, obj=None):
        return False

    def get_inline_instances(self, request, obj=None):
        return [inline(self.model, self.admin_site) for inline in self.inlines]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        with transaction.atomic():
            if request.method == "POST":
                history.because("account changed" if object_id else "account made", by=request.user)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            text = "Send them this link. They choose a password there, once, within three days: {}"
            messages.info(request, format_html(text, password_link(obj)))
