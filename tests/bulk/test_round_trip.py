"""What was exported and is imported again is what it was: into an empty portal, and over itself."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from curation import actions
from curation.people import Operator
from justculture.bulk.columns import COLUMNS, LEFT_OUT
from justculture.bulk.importing import import_content
from justculture.starter_content import Loader
from principles.actions import link
from principles.models import LineageLink
from resources.models import Claim, Resource
from tests.bulk.files import emptied, portal, saved
from tests.factories import TESTER, ClaimFactory, OrganisationFactory, RegionFactory, ResourceFactory

ME = Operator("tests")
FORMATS = pytest.mark.parametrize("kind", ["csv", "jsonl"])


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """A portal with the starter content and something in every state."""
    with django_db_blocker.unblock(), transaction.atomic():
        fill()
        yield portal()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def db(filled):
    """Each test leaves it as it was. (The name tells pytest-django that a database is needed.)"""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def fill():
    Loader().load()
    now = timezone.now()
    for state in ["draft", "in_review", "published", "superseded", "withdrawn"]:
        ResourceFactory(state=state, slug=f"state-{state.replace('_', '-')}", title=f"State {state}")
    ResourceFactory(
        state="published",
        slug="dated",
        public_from_at=now - timedelta(days=1),
        public_until_at=now + timedelta(days=1, microseconds=7),
        body="“Line” one\r\nline, two;\ttab\\N",
        is_sample=True,
    )
    Resource.objects.filter(slug="dated").update(review_due_on=None)
    moved = ResourceFactory(state="published", slug="old")
    actions.rename(moved, "newer", by=TESTER)
    actions.rename(moved, "newest", by=TESTER)
    figure = ClaimFactory(resource=moved, source_url="", source_resource=Resource.objects.get(slug="dated"), order=7)
    Claim.objects.create(**{field.name: getattr(figure, field.name) for field in Claim._meta.fields[1:]})  # twice
    principle = LineageLink.objects.exclude(descendant_set=None).first().descendant_set.principles.create(slug="fair")
    link(LineageLink(descendant_principle=principle, source_resource=moved, kind="adopted"), by=TESTER)
    link(LineageLink(descendant_resource=moved, source_principle=principle.set.principles.create(slug="b")), by=TESTER)
    link(LineageLink(descendant_resource=moved, source_text="A talk", linked_on="2019-05", note="=Said"), by=TESTER)
    link(LineageLink(descendant_organisation=OrganisationFactory(slug="o"), source_resource=moved), by=TESTER)


def test_every_column_of_a_resource_is_carried_or_left_out_on_purpose():
    stored = {field.name for field in Resource._meta.get_fields() if field.concrete and not field.auto_created}
    stored |= {field.name for field in Resource._meta.concrete_fields}
    assert stored - set(COLUMNS) == set(LEFT_OUT)


def test_every_column_is_explained():
    explained = set(re.findall(r"`(\w+)`", (settings.BASE_DIR / "docs/bulk-content.md").read_text()))
    assert set(COLUMNS) - explained == set()


def test_an_export_into_an_empty_portal_makes_an_identical_one(filled, tmp_path):
    call_command("export_content", output=str(tmp_path / "all.jsonl"))
    emptied()
    report = import_content(tmp_path / "all.jsonl", by=ME, publish=True)
    assert (report.problems, report.new) == ([], len(filled[0]))
    assert portal() == filled


def test_a_csv_export_into_an_empty_portal_lacks_figures_and_lineage_alone(filled, tmp_path):
    path = saved(tmp_path, "csv")
    emptied()
    assert import_content(path, by=ME, publish=True).problems == []
    resources, links = portal()
    assert links == [link for link in filled[1] if not {"source_resource", "descendant_resource"} & _given(link)]
    assert resources == {slug: {**facts, "claims": []} for slug, facts in filled[0].items()}


def _given(link):
    return {name for name, value in link if value != "None"}


@FORMATS
def test_importing_an_export_over_itself_writes_nothing(filled, tmp_path, kind):
    path = saved(tmp_path, kind)
    before = rows_written()
    with CaptureQueriesContext(connection) as asked:
        report = import_content(path, by=ME, publish=True)
    assert (report.new, report.changed, report.unchanged) == (0, 0, len(filled[0]))
    assert rows_written() == before
    statements = [query["sql"].split() for query in asked]
    writes = [words for words in statements if words[0] in {"INSERT", "UPDATE", "DELETE", "TRUNCATE", "LOCK"}]
    assert [words for words in writes if not any(word.startswith("bulk_") for word in words[1:3])] == []


def test_an_export_puts_right_what_was_changed_since(filled, tmp_path):
    path = saved(tmp_path, "jsonl")
    Resource.objects.update(summary="Changed", audiences=[], is_sample=False)
    Claim.objects.update(value="Changed")
    LineageLink.objects.filter(descendant_resource=None).exclude(source_resource=None).update(note="Changed")
    for item in Resource.objects.all():
        item.regions.set([RegionFactory(slug="elsewhere")])
        item.topics.clear()
    assert import_content(path, by=ME).problems == []
    assert portal() == filled


def rows_written():
    """How many rows this transaction has written to lasting tables, as PostgreSQL counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables "
            "WHERE relname NOT LIKE 'bulk_%'"
        )
        return cursor.fetchone()[0]
