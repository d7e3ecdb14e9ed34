"""The admin that all content shares: what a curator sees, may change and can do follows from the querysets alone."""

from datetime import UTC
from functools import partial

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import connection, transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html

from curation import advice, bulk, copies, history, links, past, verbs
from curation.accounts import password_link
from curation.fields import numbers
from curation.forms import Bounded, Scoped, ScopedInline, VersionedForm, offered
from curation.models import (
    CuratedModel,
    Curator,
    Membership,
    Region,
    RegionContact,
    Reviewed,
    WorkingCopy,
    kinds_of_content,
)
from curation.states import NotAllowed
from justculture.words import plural
from search import documents

TWIN = (
    'The official address is also that of <a href="{}">“{}”</a> ({}). Is it the same thing? Then one of them is enough.'
)
SOME = 3  # of things with the same address, as many as are named


def moment_asked(request):
    """The moment in the address of a page that looks back."""
    try:
        at = parse_datetime(request.GET.get("at", ""))
        if at is not None and timezone.is_aware(at):
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Http404("There was no such moment.")


def working_copy(request, item):
    """The working copy that this request reads or writes in the place of *item*, if there is one."""
    copy = request.__dict__.get("working_copy")
    return copy if copy and item and (copy.kind, copy.object_id) == (item._meta.label_lower, item.pk) else None


class PortalAdmin(admin.ModelAdmin):
    """What every admin class here has: one transaction a save, with who and why; a history page; verbs as buttons."""

    asks_memberships = True
    actions = None
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER  # counting each filter would cost a query each
    change_form_template = "admin/curated_form.html"
    object_history_template = "admin/history.html"
    verbs = ()
    goes_back = False  # whether its items can be compared with what they said, and restored
    created, edited = "created", "edited"  # what the history calls a save

    def has_delete_permission(self, request, obj=None):
        return False

    def get_actions(self, request):
        """The verbs that make sense for many items at once, where there is any that this curator may use them on."""
        if IS_POPUP_VAR in request.GET:
            return {}
        answers = request.__dict__.setdefault("_bulk", {})  # asked for the list, its first column and its form
        for verb in self.verbs:
            if verb.in_bulk and verb.name not in answers:
                answers[verb.name] = getattr(self.model.objects, verb.needs)(request.user).exists()
        return {v.name: (bulk.action(v), v.name, v.label) for v in self.verbs if answers.get(v.name)}

    def response_action(self, request, queryset):
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if len(numbers(self.model, chosen)) < len(chosen):
            raise BadRequest("What is chosen in a list is chosen by its number.")
        return super().response_action(request, queryset)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if request.method == "POST":
            history.because(self.edited if object_id else self.created, by=request.user)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_model(self, request, obj):
        history.because("deleted", by=request.user)
        super().delete_model(request, obj)

    def get_changelist_instance(self, request):
        """A filter in the address that makes no sense, such as the year 99999999, is refused politely."""
        try:
            return super().get_changelist_instance(request)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error

    def address(self, page, *args):
        """The address of one of this class's pages: "change", "changelist" or a verb's name."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def history_view(self, request, object_id, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        item = self.get_object(request, unquote(object_id))
        if item is None or not self.has_view_permission(request, item):
            raise Http404("There is nothing of that number here.")
        entries = history.of(item, seen_by=request.user, also=copies.told(item, seen_by=request.user))
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of “{item}”",
            "object": item,
            "opts": self.opts,
            "entries": entries,
            "newest": next((entry for entry in entries if entry.until), None),
            "compare": self.address("compare", item.pk) if self.goes_back else "",
            "restore": self.address("restore", item.pk) if self.may_restore(request, item) else "",
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)

    def get_urls(self):
        return [self.page(verb.name, partial(self.verb_view, verb=verb)) for verb in self.verbs] + super().get_urls()

    def page(self, name, view):
        """A page of one item, beside its form."""
        return path(
            f"<int:pk>/{name}/",
            self.admin_site.admin_view(view),
            name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
        )

    def may_restore(self, request, item):
        return self.goes_back and item.is_restored and self.has_change_permission(request, item)

    def buttons(self, item, person):
        """What *person* may do with the *item* now, as words and addresses."""
        return [(verb.label, self.address(verb.name, item.pk)) for verb in self.verbs if verb.is_open(item, person)]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["preview_url"] = obj.get_preview_url() if hasattr(obj, "get_preview_url") else None
            context["guest_links"] = links.of(obj) if isinstance(obj, CuratedModel) else []
            context["verbs"] = self.buttons(obj, request.user)
            context["advice"] = advice.of(obj) if self.is_advised(request, obj) else []
        return super().render_change_form(request, context, add, change, form_url, obj)

    def is_advised(self, request, item):
        """Whether what *item* says is advised about: whoever may change it is, of what two people stand behind."""
        return isinstance(item, Reviewed) and self.has_change_permission(request, item)

    def verb_view(self, request, pk, verb):
        """Ask what the verb needs to know, then do it."""
        item = get_object_or_404(self.get_queryset(request), pk=pk)
        if not verb.may(item, request.user):
            raise PermissionDenied
        form = verb.form(item, request.POST if request.method == "POST" else None, asked=request.GET)
        if request.method == "POST" and form.is_valid():
            try:
                with transaction.atomic():
                    result = verb.act(item, by=request.user, **form.cleaned_data)
            except (NotAllowed, ValidationError) as refusal:
                form.add_error(None, getattr(refusal, "messages", [str(refusal)]))
            else:
                told = verb.told(result) if verb.told else f"“{item}”: {verb.label.lower()} is done."
                messages.success(request, told)
                if verb.onward:
                    return HttpResponseRedirect(verb.onward(result))
                is_there = self.model.objects.filter(pk=pk).exists()
                return HttpResponseRedirect(self.address("change", pk) if is_there else self.address("changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"{verb.label}: {item}",
            "opts": self.opts,
            "original": item,
            "form": form,
            "label": verb.label,
            "back": self.address("change", pk),
            "changes": verb.shows(item, form, request.user) if verb.shows else None,
            "heads": verb.heads,
            "advice": advice.of(item) if verb.advises else [],
        }
        return TemplateResponse(request, "admin/verb.html", context)


class ScopedAdmin(Scoped, PortalAdmin):
    """Rows of a curator's own regions (`curated_by`); changed as `editable_by` says. Nothing is deleted here."""

    form = VersionedForm
    goes_back = True

    def get_urls(self):
        pages = [self.page("compare", self.compare_view), self.page("restore", self.restore_view)]
        return pages + super().get_urls()

    def compare_view(self, request, pk):
        """What has changed since a moment of the item's history."""
        item = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, item):
            raise Http404("There is nothing of that number here.")
        at = moment_asked(request)
        then = past.at(item, at)
        if then is None:
            raise Http404("There was nothing of that number here then.")
        context = {
            **self.admin_site.each_context(request),
            "title": f"What has changed in “{item}”",
            "opts": self.opts,
            "original": item,
            "at": at,
            "changes": past.compare(self.model, then, past.now(item), seen_by=request.user),
            "back": self.address("history", pk),
            "restore": self.address("restore", pk) if self.may_restore(request, item) else "",
        }
        return TemplateResponse(request, "admin/compare.html", context)

    def restore_view(self, request, pk):
        if not self.model.is_restored:
            raise Http404("It does not go back to what it was.")
        if request.method != "POST":
            moment_asked(request)
        return self.verb_view(request, pk, verb=verbs.RESTORE)

    def get_queryset(self, request):
        items = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            return items & offered(self.model, request.user)
        return items.curated_by(request.user)

    def get_object(self, request, object_id, from_field=None):
        """The item, held against other saves while a form is being saved."""
        if request.method != "POST" or not connection.in_atomic_block:
            return super().get_object(request, object_id, from_field)
        try:
            pk = self.model._meta.pk.to_python(object_id)
        except (ValidationError, ValueError):
            return None
        held = self.model._base_manager.select_for_update().filter(pk=pk).first()
        return held if held is not None and self.get_queryset(request).filter(pk=pk).exists() else None

    def has_module_permission(self, request):
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request, obj=None):
        if not self.has_module_permission(request):
            return False
        return obj is None or offered(self.model, request.user).filter(pk=obj.pk).exists()

    def has_change_permission(self, request, obj=None):
        if obj is None or not self.has_module_permission(request):
            return self.has_module_permission(request)
        answers = request.__dict__.setdefault("_may_change", {})  # asked once for each field and part of a form
        key = (self.model, obj.pk)
        if key not in answers:
            answers[key] = self.model.objects.editable_by(request.user).filter(pk=obj.pk).exists()
        return answers[key]

    def has_add_permission(self, request):
        return self.has_module_permission(request) and Region.objects.curated_by(request.user).exists()

    def get_fieldsets(self, request, obj=None):
        """With the number of the version that is being edited, where something can be saved."""
        *first, (name, options) = self.visible_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            options = {**options, "fields": [*options["fields"], "seen_version"]}
        return [*first, (name, options)]

    def visible_fieldsets(self, request, obj):
        return super().get_fieldsets(request, obj)

    def get_inlines(self, request, obj):
        """Parts may name what a curator who only looks must not know: their preview shows what they may see."""
        return super().get_inlines(request, obj) if obj is None or self.has_change_permission(request, obj) else []

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        form.person, form.copy = request.user, working_copy(request, obj)
        form.since = request.__dict__.get("changed_since")
        return form

    def save_model(self, request, obj, form, change):
        if change:
            obj.version += 1
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if hasattr(form.instance, "search_fields"):
            documents.refresh(form.instance)
        if self.is_advised(request, form.instance) and (found := advice.of(form.instance)):
            there_are = plural(len(found), "thing could be better", "things could be better")
            messages.info(request, f"{there_are}. Its form says what. This stops nothing.")

    def view_on_site(self, obj):
        """The public address of what readers see."""
        has_page = obj.pk and hasattr(obj, "get_absolute_url")
        return obj.get_absolute_url() if has_page and self.model.objects.visible().contains(obj) else None


class CuratedAdmin(ScopedAdmin):
    """The admin of a kind of content. A new kind inherits this and says what is its own."""

    list_display = ("title", "state", "owner", "review_due_on", "updated_at")
    list_filter = ("state", ("owner", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("title", "summary")
    ordering = ("-updated_at",)
    verbs = verbs.PUBLICATION
    own_fieldsets = ()

    def visible_fieldsets(self, request, obj):
        return [
            *self.own_fieldsets,
            ("Where it belongs", {"fields": ["owner", "regions"]}),
            (
                "When it is shown and reviewed",
                {"fields": ["public_from_at", "public_until_at", "review_due_on"]},
            ),
        ]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """The item's form. Of what readers saw once, it shows and saves the working copy: what readers see stays."""
        with transaction.atomic():
            item = object_id and self.get_object(request, unquote(object_id))
            if not item or not item.was_published or not self.has_change_permission(request, item):
                return super().changeform_view(request, object_id, form_url, extra_context)
            copy = request.working_copy = copies.of(item)
            if copy:
                page = self.admin_site.get_model_admin(WorkingCopy)
                if settings.READ_ONLY:  # its form would write for a moment: what it changes can be read without
                    return HttpResponseRedirect(page.address("change", copy.pk))
                extra_context = {
                    **(extra_context or {}),
                    "working_copy": copy,
                    "working_copy_url": page.address("change", copy.pk),
                    "working_copy_verbs": page.buttons(copy, request.user),
                }
            if copy is None and request.method != "POST":
                return super().changeform_view(request, object_id, form_url, extra_context)
            if request.method == "POST":  # asked before the history tells of what is only as if
                seen = request.POST.get("seen_version", "")
                request.changed_since = copies.since(item, copy, seen, seen_by=request.user)
            with copies.as_if(item, copy.content if copy else past.now(item)):
                response = super().changeform_view(request, object_id, form_url, extra_context)
                if hasattr(response, "render"):
                    response.render()
            if hasattr(request, "written"):
                self.keep(request, item)
            return response

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if "url" in form.changed_data:
            self.tell_of_twins(request, form.instance)

    @staticmethod
    def tell_of_twins(request, item):
        """The same official address twice is most often one thing twice. Of drafts, one's own regions' are named."""
        for kind in kinds_of_content():
            for twin in kind.objects.known_to(request.user).at_address(item.url)[:SOME]:
                if (kind, twin.pk) != (type(item), item.pk):
                    where = twin.get_absolute_url() if kind.objects.visible().contains(twin) else twin.get_preview_url()
                    messages.warning(request, format_html(TWIN, where, twin, twin.owner))

    def response_change(self, request, obj):
        if not obj.was_published:
            return super().response_change(request, obj)
        request.written = past.now(obj)
        if IS_POPUP_VAR in request.POST:
            return super().response_change(request, obj)
        return HttpResponseRedirect(self.address("change", obj.pk))

    def keep(self, request, item):
        """Keep what the form made of the item, and let readers see what they saw."""
        before = request.working_copy
        copy = copies.write(item, request.written, by=request.user)
        if copy is None or (before and before.version == copy.version):
            messages.info(request, "Nothing was changed.")
        else:
            messages.success(
                request,
                "Saved in a working copy. Readers still see the published version: send the working copy for review "
                "when it is ready.",
            )

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and obj.was_published and self.has_change_permission(request, obj):
            context["is_public_already"] = True
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        regions = Region.objects.curated_by(request.user)
        if "owner" in form.base_fields and not change and regions.count() == 1:
            form.base_fields["owner"].initial = regions.first()
        return form

    def get_readonly_fields(self, request, obj=None):
        fixed = list(super().get_readonly_fields(request, obj))
        if obj is not None:
            if not request.user.is_national:
                fixed.append("owner")
            if obj.was_published:
                fixed += obj.left_to_verbs
        return fixed

    def get_prepopulated_fields(self, request, obj=None):
        return {"slug": ["title"]} if obj is None else {}


@admin.register(WorkingCopy)
class WorkingCopyAdmin(PortalAdmin):
    """What a working copy changes, for whoever may change the item itself, and what can be done with it."""

    verbs = verbs.WORKING_COPY

    def get_queryset(self, request):
        return super().get_queryset(request).editable_by(request.user)

    def has_module_permission(self, request):
        return False  # each is on the first page, and on its item's

    def has_view_permission(self, request, obj=None):
        return request.user.is_active and request.user.is_staff

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False  # it is written in its item's form

    def changelist_view(self, request, extra_context=None):
        return HttpResponseRedirect(reverse("admin:index"))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        copy = self.get_object(request, unquote(object_id))
        if copy is None:
            raise Http404("There is nothing of that number here.")
        item = copy.item
        page = self.admin_site.get_model_admin(type(item))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Working copy of “{item}”",
            "opts": item._meta,
            "original": item,
            "copy": copy,
            "writers": copies.writers(copy),
            "changes": copies.differences(copy, seen_by=request.user),
            "advice": advice.of(copy),
            "has_moved_on": copies.has_moved_on(copy),
            "verbs": self.buttons(copy, request.user),
            "edit": page.address("change", item.pk),
        }
        return TemplateResponse(request, "admin/working_copy.html", context)

    def history_view(self, request, object_id, extra_context=None):
        copy = self.get_object(request, unquote(object_id))
        if copy is None:
            raise Http404("There is nothing of that number here.")
        page = self.admin_site.get_model_admin(type(copy.item))
        return HttpResponseRedirect(page.address("history", copy.object_id))


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

    def get_readonly_fields(self, request, obj=None):
        return ["slug"] if obj and "slug" in self.fields else []

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        documents.refresh_what_names(form.instance)


class ContactInline(ScopedInline, admin.StackedInline):
    model = RegionContact


@admin.register(Region)
class RegionAdmin(ReferenceAdmin):
    list_display = ("name", "forum_name")
    search_fields = ("name", "forum_name")
    inlines = (ContactInline,)
    fields = ("name", "slug", "forum_name", "description", "status_note", "meetings", "url", "publishes_alone", "order")


class MembershipInline(Bounded, admin.StackedInline):
    model = Membership
    extra = 1

    def has_view_permission(self, request, obj=None):
        return request.user.manages_accounts

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


@admin.register(Curator)
class CuratorAdmin(PortalAdmin):
    """Accounts, for administrators of accounts alone. Accounts are closed, never deleted."""

    list_display = ("name", "email", "is_active", "last_login", "access_confirmed_on")
    list_filter = ("is_active", "memberships__region")
    search_fields = ("name", "email")
    fields = ("email", "name", "is_active")
    inlines = (MembershipInline,)
    created, edited = "account made", "account changed"
    verbs = verbs.ACCOUNT

    def lookup_allowed(self, lookup, value, request):
        """Lists may be narrowed by what they show, never by what a password begins with."""
        is_shown = lookup.split("__")[0] in {"is_active", "memberships"}
        return is_shown and super().lookup_allowed(lookup, value, request)

    def has_module_permission(self, request):
        return self.admin_site.has_permission(request) and request.user.manages_accounts

    def has_view_permission(self, request, obj=None):
        return self.has_module_permission(request)

    has_change_permission = has_view_permission

    def has_add_permission(self, request):
        return self.has_module_permission(request)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            messages.info(request, format_html(verbs.SEND_THEM, password_link(obj)))
