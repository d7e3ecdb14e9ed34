"""What was exported and is imported again is what it was: into an empty portal, over itself, and whatever the text."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from curation import actions
from curation.people import Operator
from justculture.bulk.columns import COLUMNS, LEFT_OUT
from justculture.bulk.exporting import exported, pieces
from justculture.bulk.importing import import_content
from justculture.starter_content import Loader
from principles.actions import link
from principles.models import LineageLink
from resources.models import Claim, Resource
from tests.bulk.files import emptied, portal
from tests.factories import TESTER, ClaimFactory, OrganisationFactory, RegionFactory, ResourceFactory

pytestmark = pytest.mark.django_db
ME = Operator("tests")
FORMATS = pytest.mark.parametrize("kind", ["csv", "jsonl"])
# Text as the fields take it: any character but NUL and halves of characters.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
AWKWARD = [
    "=1+1",
    "+44",
    "-",
    "@x",
    "\t=1",
    '"',
    '""',
    "a;b",
    "a\r\nb",
    "\rb",
    "\n",
    " x ",
    "\ufeff",
    "''",
    "\\N",
    "\\",
    "…",
]


@pytest.fixture
def filled():
    """A portal with the starter content and something in every state."""
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
    return portal()


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


def saved(folder, kind):
    path = folder / f"content.{kind}"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces(kind, Resource.objects.all()))
    return path


def rows_written():
    """How many rows this transaction has written to lasting tables, as PostgreSQL counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables "
            "WHERE relname NOT LIKE 'bulk_%'"
        )
        return cursor.fetchone()[0]


def test_the_order_of_equal_moments_stays_the_order_of_the_list(tmp_path):
    moment = timezone.now()
    for slug in "abc":
        ResourceFactory(state="published", slug=slug)
    Resource.objects.update(published_at=moment)
    before = [item.slug for item in Resource.objects.current().newest_first()]
    path = saved(tmp_path, "jsonl")
    emptied()
    import_content(path, by=ME, publish=True)
    assert [item.slug for item in Resource.objects.current().newest_first()] == before


texts = st.one_of(TEXT, st.sampled_from(AWKWARD))


@FORMATS
@given(
    facts=st.fixed_dictionaries(
        dict.fromkeys(["body", "held_by", "cost", "time_needed", "content_warning", "did_not_work"], texts)
    ),
    title=texts,
    summary=texts,
)
@tries(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_text_it_comes_back_as_it_was(kind, facts, title, summary, tmp_path):
    with transaction.atomic():
        item = Resource(slug="x", kind="guide", owner=RegionFactory(), title=f"T{title}", summary=summary, **facts)
        item.full_clean()
        item.save()
        before = list(exported(Resource.objects.filter(slug="x")))
        path = saved(tmp_path, kind)
        assert import_content(path, by=ME).unchanged == Resource.objects.count()
        Resource.objects.filter(slug="x").delete()
        assert import_content(path, by=ME).problems == []
        assert list(exported(Resource.objects.filter(slug="x"))) == before
        transaction.set_rollback(True)
