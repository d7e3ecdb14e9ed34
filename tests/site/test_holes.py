"""Holes made on purpose, at least one in each door: the matrix finds every one of them.

A test of rights that passes says little unless it fails when a right is missing. So each hole is made, and the part of
the matrix that watches that door has to notice.
"""

from typing import NamedTuple

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from curation import bulk
from curation.models import WorkingCopyQuerySet
from curation.querysets import CuratedQuerySet, ReferenceQuerySet
from curation.views import CuratedPage
from principles.admin import LineageLinkAdmin
from resources.admin import OrganisationAdmin, ResourceAdmin
from resources.models import Resource
from tests.site import test_matrix as matrix

db, world = matrix.db, matrix.world  # its fixtures

SCOPED, PORTAL = "curation.admin.ScopedAdmin", "curation.admin.PortalAdmin"


def yes(*args, **kwargs):
    return True


def everything(rows, *args):
    return rows.all()


def all_rows(page, request, *args):
    return page.model._base_manager.all()


# Holes: what each does with pytest's monkeypatch


def all_rows_at(*pages):
    """These pages look an item up among all there are, and let anybody see it."""

    def make(patch):
        from curation.admin import ScopedAdmin

        own_rows = ScopedAdmin.get_queryset

        def get_queryset(page, request):
            is_open = request.resolver_match.url_name.endswith(pages)
            return all_rows(page, request) if is_open else own_rows(page, request)

        patch.setattr(f"{SCOPED}.get_queryset", get_queryset)
        patch.setattr(f"{SCOPED}.has_view_permission", yes)

    return make


def together(*holes):
    def make(patch):
        for hole in holes:
            hole(patch)

    return make


def replaced(target, value):
    return lambda patch: patch.setattr(target, value)


def of(owner, name, value):
    return lambda patch: patch.setattr(owner, name, value)


class AllTitles(admin.SimpleListFilter):
    title, parameter_name = "title", "named"

    def lookups(self, request, page):
        return [(row.pk, row.title) for row in page.model._base_manager.all()]

    def queryset(self, request, rows):
        return rows


def ids_as_sent(verb):
    def do(page, request, chosen):
        rows = page.model._base_manager.filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME))
        bulk.do(verb, list(rows), by=request.user)

    return do


def every_verb(page, request):
    return {verb.name: (ids_as_sent(verb), verb.name, verb.label) for verb in page.verbs if verb.in_bulk}


def unscoped(method):
    """A form field that offers every row of what it points at."""

    def formfield(page, field, request, **kwargs):
        kwargs["queryset"] = field.related_model._base_manager.all()
        return getattr(admin.ModelAdmin, method)(page, field, request, **kwargs)

    return replaced(f"curation.forms.Scoped.{method}", formfield)


no_question = replaced("curation.verbs.Verb.may", yes)
no_rule = replaced("curation.actions.require", lambda allowed, item: None)
may_change = replaced(f"{SCOPED}.has_change_permission", yes)
may_delete = replaced(f"{PORTAL}.has_delete_permission", yes)
asks_staff = replaced("curation.admin.CuratorAdmin.has_module_permission", lambda page, request: request.user.is_staff)
any_password = replaced("curation.sign_in.is_through", lambda request: request.user.is_authenticated)

# What notices them


def reading(person, at):
    return lambda world: matrix.leaks(world, person, at)


def sending(person, at):
    return lambda world: matrix.effects(world, person, at)


def saving(model):
    return lambda world: matrix.taken(world, model)


def adding(world):
    with pytest.raises(AssertionError) as noticed:
        matrix.test_nobody_adds_something_to_another_region(world, Resource)
    return noticed.value


class Hole(NamedTuple):
    door: str
    make: object
    notice: object  # asked at the addresses of that door alone: gives what is wrong there


HOLES = {
    "a list of every region's rows": Hole("change list", all_rows_at("_changelist"), reading("region A", "/resource/")),
    "a form of any number": Hole("typed address", all_rows_at("_change"), reading("region A", "/change/")),
    "a save of any number": Hole(
        "typed address", together(all_rows_at("_change"), may_change), sending("region A", "/change/")
    ),
    "verbs that nobody asks about": Hole(
        "typed address",
        together(all_rows_at("_withdraw", "_submit", "_rename"), no_question, no_rule),
        sending("region A", "/submit/"),
    ),
    "a filter that names all titles": Hole(
        "sidebar filters", of(ResourceAdmin, "list_filter", [AllTitles]), reading("region A", "/resource/")
    ),
    "completions of everything": Hole(
        "autocomplete",
        replaced("curation.admin.offered", lambda model, person: model._base_manager.all()),
        reading("region A", "/autocomplete/"),
    ),
    "any row in a drop-down": Hole("drop-downs", unscoped("formfield_for_foreignkey"), saving(matrix.LineageLink)),
    "any row among many": Hole("inlines and many-to-many", unscoped("formfield_for_manytomany"), saving(matrix.Event)),
    "links that tell of drafts": Hole(
        "inlines and many-to-many", of(LineageLinkAdmin, "get_queryset", all_rows), reading("region A", "/lineagelink/")
    ),
    "any region as the owner": Hole("the region field", unscoped("formfield_for_foreignkey"), adding),
    "a search of everything": Hole(
        "admin search",
        replaced(f"{PORTAL}.get_search_results", lambda *args: (all_rows(*args), False)),
        reading("region A", "/?q="),
    ),
    "numbers taken as they are sent": Hole(
        "bulk actions", together(replaced(f"{PORTAL}.get_actions", every_verb), no_rule), sending("region A", "/event/")
    ),
    "any history": Hole("history", all_rows_at("_history"), reading("region A", "/history/")),
    "any comparison": Hole("history", all_rows_at("_compare"), reading("region A", "/compare/")),
    "any restoring": Hole(
        "history", together(all_rows_at("_restore"), no_question, may_change), reading("region A", "/restore/")
    ),
    "any delete confirmation": Hole(
        "delete confirmation", together(all_rows_at("_delete"), may_delete), reading("region A", "/delete/")
    ),
    "any preview": Hole(
        "previews",
        of(CuratedPage, "get_queryset", lambda page: page.model.objects.for_page(page.visible)),
        reading("region A", "/preview/"),
    ),
    "anybody's working copies": Hole(
        "previews", of(WorkingCopyQuerySet, "_of_items", lambda rows, *args: rows), reading("region A", "/workingcopy/")
    ),
    "accounts for everyone": Hole("accounts and reference data", asks_staff, reading("region A", "/curator/")),
    "reference data for everyone": Hole(
        "accounts and reference data", of(ReferenceQuerySet, "editable_by", everything), sending("region A", "/theme/")
    ),
    "organisations by who only looks after accounts": Hole(
        "accounts and reference data",
        of(OrganisationAdmin, "has_add_permission", lambda page, request: page.has_module_permission(request)),
        sending("account administrator", "/organisation/"),
    ),
    "in with a password alone": Hole("sign-in", any_password, reading("signed in without second factor", "/change/")),
    "drafts at their own address": Hole(
        "readers' pages", of(CuratedQuerySet, "visible", everything), reading("anonymous", "/resources/item-")
    ),
}


@pytest.mark.parametrize("name", HOLES)
def test_a_hole_is_noticed(world, monkeypatch, name):
    hole = HOLES[name]
    if hole.notice is not adding:
        assert not hole.notice(world)  # while there is no hole
    hole.make(monkeypatch)
    assert hole.notice(world)


def test_every_door_has_a_hole():
    assert {hole.door for hole in HOLES.values()} == {
        *("change list", "typed address", "sidebar filters", "autocomplete", "drop-downs", "inlines and many-to-many"),
        *("the region field", "admin search", "bulk actions", "history", "previews", "delete confirmation"),
        *("readers' pages", "accounts and reference data", "sign-in"),
    }
    assert len(HOLES) >= 20
