"""What an import does and refuses: drafts and publication, states and their facts, links, rights, all or nothing."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from curation import actions, history
from curation.models import Redirect, Region
from curation.people import Operator
from justculture.bulk.importing import IMPORTING, NotNow, import_content
from principles.actions import link
from principles.models import LineageLink
from resources.models import Claim, Resource, Topic
from search.models import SearchDocument
from tests.bulk.files import csv_file, json_lines, new
from tests.factories import (
    TESTER,
    OrganisationFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    TopicFactory,
    curator,
)

pytestmark = pytest.mark.django_db
ME = Operator("tests", name="Olive Operator")
LATER = timezone.now() + timedelta(days=1)


@pytest.fixture(autouse=True)
def regions():
    return [RegionFactory(), RegionFactory(slug="midlands"), RegionFactory(slug="national")]


@pytest.fixture
def imported(tmp_path):
    """Import rows as JSON Lines; what is refused comes back in words."""

    def imported(*rows, by=ME, **options):
        report = import_content(json_lines(tmp_path, *rows), by=by, **options)
        return report.counts if not report.problems else [str(problem) for problem in report.problems]

    return imported


def state_of(slug):
    return Resource.objects.get(slug=slug).state


# What comes of a row


def test_something_new_is_a_draft_that_search_does_not_know(imported):
    assert imported(new("a")) == "1 new, 0 changed, 0 unchanged, 0 refused"
    assert state_of("a") == "draft"
    assert not SearchDocument.objects.exists()


def test_publishing_does_what_the_button_does(imported):
    TopicFactory(slug="fairness", name="Fairness")
    imported(new("a", topics=["fairness"], body="*Words*"), publish=True)
    item, by_button = Resource.objects.get(slug="a"), actions.publish(ResourceFactory(), by=TESTER)
    assert (item.state, item.review_due_on) == ("published", by_button.review_due_on)
    assert abs(item.published_at - by_button.published_at) < timedelta(minutes=1)
    document = SearchDocument.objects.get(object_id=item.pk)
    assert (document.tags, document.body) == ("Fairness\nGuide", "Words")


def test_publishing_includes_drafts_there_are_and_nothing_withdrawn(imported):
    ResourceFactory(slug="draft", title="Being fair")
    ResourceFactory(slug="gone", state="withdrawn")
    assert imported({"slug": "draft"}, {"slug": "gone"}, publish=True) == "0 new, 1 changed, 1 unchanged, 0 refused"
    assert (state_of("draft"), state_of("gone")) == ("published", "withdrawn")


def test_the_history_says_who_imported_which_file(imported):
    imported(new("a", regions=["midlands"]))
    (act,) = history.of(Resource.objects.get(slug="a"), seen_by=TESTER)
    assert (act.who, act.verb, act.source, act.note) == (
        "Olive Operator",
        "imported",
        "import_content",
        "content.jsonl",
    )
    assert ("Region", "", "Midlands") in act.changes


def test_what_a_row_does_not_say_stays_and_what_it_says_is_empty_is_emptied(imported, tmp_path):
    topic = TopicFactory()
    item = ResourceFactory(slug="a", summary="Kept", cost="Free", audiences=["hr"], topics=[topic])
    report = import_content(csv_file(tmp_path, {"slug": "a", "cost": "", "audiences": ""}), by=ME)
    assert report.changed == 1
    item.refresh_from_db()
    assert (item.summary, item.cost, item.audiences, list(item.topics.all())) == ("Kept", "", [], [topic])
    imported({"slug": "a", "topics": []})
    assert list(item.topics.all()) == []


def test_only_what_differs_is_written_and_its_version_moves(imported):
    imported(new("a"), new("b"))
    before = dict(Resource.objects.values_list("slug", "updated_at"))
    assert imported(new("a", cost="Free"), new("b")) == "0 new, 1 changed, 1 unchanged, 0 refused"
    a, b = Resource.objects.order_by("slug")
    assert (a.version, b.version) == (2, 1)
    assert (a.updated_at > before["a"], b.updated_at) == (True, before["b"])


def test_a_changed_link_alone_moves_the_version_too(imported):
    item = ResourceFactory(slug="a", state="published")
    imported({"slug": "a", "regions": ["midlands"]})
    assert Resource.objects.get().version == item.version + 1
    assert "Midlands" in SearchDocument.objects.get().tags


def test_titles_and_summaries_are_tidied_as_in_a_form(imported):
    imported(new("a", title="Fair\u202e \x0bplay\n", summary=" Short \u200b"))
    item = Resource.objects.get()
    assert (item.title, item.summary) == ("Fair play", "Short")


def test_dates_are_read_as_people_write_them(imported):
    imported(new("a", published_on="June 2021", review_due_on="15/06/2031", public_from_at="2031-06-15T09:30"))
    item = Resource.objects.get()
    assert (item.published_on, str(item.review_due_on)) == ("2021-06", "2031-06-15")
    assert item.public_from_at.isoformat() == "2031-06-15T08:30:00+00:00"


# All or nothing


def test_one_refused_row_refuses_all_and_every_problem_is_told(imported):
    assert imported(new("a"), new("b", kind="song", url="javascript:x"), new("C d"), new("d", topics=["x"])) == [
        "Line 2, kind: “song” is none of: case_study, guide, learning_module, report, toolkit, network, policy, "
        "research, video, article.",
        "Line 2, url: It must be a full web address that begins with http:// or https://.",
        "Line 3, slug: Use small letters, numbers and single hyphens.",
        "Line 4, topics: There is no topic “x”.",
    ]
    assert not Resource.objects.exists()
    assert not Topic.objects.exists()


def test_a_hundred_problems_are_told_and_the_rest_counted(tmp_path):
    rows = [new(f"r{number}", url="ftp://x") for number in range(150)]
    report = import_content(csv_file(tmp_path, *rows), by=ME)
    assert (len(report.problems), report.problem_count, report.refused) == (100, 150, 150)


def test_the_command_reports_and_fails_when_anything_is_refused(tmp_path, capsys):
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("import_content", str(csv_file(tmp_path, new("a"), new("b", owner=""))))
    assert capsys.readouterr().out == "Line 3, owner: It cannot be empty.\n1 new, 0 changed, 0 unchanged, 1 refused.\n"
    call_command("import_content", str(csv_file(tmp_path, new("a"))))
    assert capsys.readouterr().out == "1 new, 0 changed, 0 unchanged, 0 refused.\n"


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path, capsys):
    path = str(json_lines(tmp_path, new("a", claims=[FIGURE])))
    call_command("import_content", path, dry_run=True, publish=True)
    said = "1 new, 0 changed, 0 unchanged, 0 refused.\nThis was a dry run: nothing was changed.\n"
    assert capsys.readouterr().out == said
    assert (Resource.objects.count(), Claim.objects.count(), SearchDocument.objects.count()) == (0, 0, 0)
    assert Resource.history.rel.related_model.objects.count() == 0


def test_two_imports_do_not_run_at_once(imported):
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [IMPORTING])
        with pytest.raises(NotNow, match="Another import is running"):
            imported(new("a"))
    finally:
        with other.cursor() as cursor:  # closing returns before the database has let go of what was held
            cursor.execute("SELECT pg_advisory_unlock(%s)", [IMPORTING])
        other.close()


def test_a_save_in_between_is_never_overwritten(imported, monkeypatch):
    ResourceFactory(slug="a")
    then = history.because

    def overtake(*args, **options):
        then(*args, **options)
        Resource.objects.update(version=7)

    monkeypatch.setattr("justculture.bulk.importing.history.because", overtake)
    with pytest.raises(NotNow, match="Somebody changed one of the resources meanwhile"):
        imported({"slug": "a", "cost": "Free"})
    assert Resource.objects.get().cost == ""


# What a row may not be


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"title": "\u200b"}, "title: It cannot be empty."),
        ({"title": "x" * 201}, "title: It has 201 characters, and 200 are the most."),
        ({"body": "x" * 50_001}, "body: It has 50,001 characters, and 50,000 are the most."),
        ({"url": "javascript:alert(1)"}, "url: It must be a full web address that begins with http:// or https://."),
        ({"published_on": "soon"},
         "published_on: Enter a year, a month or a day, like 2021, June 2021 or 15 June 2021."),
        ({"review_due_on": "2031"}, "review_due_on: “2031” is no day. Write it like 2026-06-15 or 15 June 2026."),
        ({"reviewed_on": "2999-01-01"}, "reviewed_on: It lies in the future."),
        ({"public_from_at": "x"},
         "public_from_at: “x” is no moment. Write it like 2026-06-15T09:30, which is London time."),
        ({"public_from_at": "0001-01-01T00:00+12:00"}, "public_from_at: “0001-01-01T00:00+12:00” is no moment. "
         "Write it like 2026-06-15T09:30, which is London time."),
        ({"publisher": "nobody"}, "publisher: There is no organisation “nobody”."),
        ({"owner": "mars"}, "owner: There is no region “mars”."),
        ({"regions": ["mars", "north-west"]}, "regions: There is no region “mars”."),
        ({"audiences": ["cats"]},
         "audiences: “cats” is none of: all_staff, managers, hr, union_reps, board, investigators, "
         "safety_leads, clinicians."),
        ({"reviewed_on": "2020-02-01", "review_due_on": "2020-01-01"},
         "review_due_on: The next review must come after the last one."),
        ({"public_from_at": "2031-01-02", "public_until_at": "2031-01-01"},
         "public_until_at: It must come after public_from_at."),
        ({"state": "gone"}, "state: “gone” is none of: draft, in_review, published, superseded, withdrawn."),
        ({"state": "withdrawn"}, "withdrawn_reason: Say why it is withdrawn: readers who come to its address are shown "
         "the reason."),
        ({"state": "superseded"}, "superseded_by: Say what replaced it: here, or in superseded_by_url."),
        ({"state": "in_review"}, "submitted_by: Say who sent it for review, by the address of their account."),
        ({"submitted_by": "x@example.org"}, "submitted_by: There is no curator “x@example.org”."),
        ({"onward_url": "https://example.org/"}, "onward_url: Only what is withdrawn leads onward."),
        ({"state": "draft", "published_at": "2020-01-01"}, "published_at: It is not published."),
        ({"published_at": "2999-01-01"}, "published_at: It lies in the future."),
        ({"superseded_by": "b", "superseded_by_url": "https://example.org/"},
         "superseded_by: Name what replaced it: one resource here, or one outside address. Not both."),
        ({"superseded_by": "nothing"}, "superseded_by: There is no resource “nothing”."),
        ({"superseded_by": "a"},
         "superseded_by: That would go round in a circle: “Being fair” is replaced by “Being fair”."),
        ({"old_slugs": ["compare"]}, "old_slugs: “compare” is an address of the portal itself. Choose another."),
        ({"old_slugs": ["b"]}, "old_slugs: “b” is the address of something."),
        ({"state": "draft", "old_slugs": ["c"]}, "old_slugs: It has no old address, since it is not published."),
    ],
)  # fmt: skip
def test_what_a_resource_may_not_be_is_refused_by_line_and_column(imported, cells, reason):
    assert imported(new("b"), new("a", **cells), publish=True) == [f"Line 2, {reason}"]


def test_something_new_needs_its_title_kind_and_owner(imported):
    assert imported({"slug": "a"}) == [
        "Line 1, kind: Something new needs it.",
        "Line 1, owner: Something new needs it.",
        "Line 1, title: Something new needs it.",
    ]


def test_an_address_is_there_once_and_never_what_leads_elsewhere(imported):
    actions.rename(ResourceFactory(slug="old", state="published"), "newer", by=TESTER)
    assert imported(new("a"), new("a"), new("past"), new("old")) == [
        "Line 2, slug: This address is on line 1 already.",
        "Line 3, slug: “past” is an address of the portal itself. Choose another.",
        "Line 4, slug: This was the address of something else once. Choose another.",
    ]


def test_an_old_address_leads_to_what_has_it_now(imported):
    imported(new("a", old_slugs=["b", "c"]), publish=True)
    item = Resource.objects.get()
    assert set(Redirect.objects.values_list("slug", "object_id")) == {("b", item.pk), ("c", item.pk)}
    imported({"slug": "a", "old_slugs": []})
    assert Redirect.objects.count() == 2
    assert imported(new("d", old_slugs=["c"]), publish=True) == [
        "Line 1, old_slugs: “c” was the address of something else."
    ]


# States


def test_without_publish_nothing_comes_before_readers(imported):
    refused = ["Line 1, state: This would publish it. Run the import with --publish, or leave out what says so."]
    ResourceFactory(slug="gone", state="withdrawn")
    assert imported(new("a", state="published")) == refused
    assert imported(new("a", superseded_by_url="https://example.org/")) == refused
    assert imported({"slug": "gone", "state": "published"}) == refused


def test_what_readers_have_seen_never_becomes_a_draft(imported):
    ResourceFactory(slug="a", state="published")
    assert imported({"slug": "a", "state": "draft"}) == [
        "Line 1, state: Readers have seen it, so it cannot become a draft again. It can be withdrawn."
    ]


def test_withdrawing_says_why_and_republishing_forgets_it(imported):
    ResourceFactory(slug="a", state="published")
    imported({"slug": "a", "state": "withdrawn", "withdrawn_reason": "It was wrong."})
    item = Resource.objects.get()
    assert (item.state, item.withdrawn_reason, item.withdrawn_at is None) == ("withdrawn", "It was wrong.", False)
    assert not SearchDocument.objects.exists()
    imported({"slug": "a", "state": "published"}, publish=True)
    item.refresh_from_db()
    assert (item.state, item.withdrawn_reason, item.withdrawn_at) == ("published", "", None)
    assert SearchDocument.objects.count() == 1


def test_a_successor_may_be_in_the_same_file_in_any_order(imported):
    imported(new("a", superseded_by="b"), new("b", superseded_by="c"), new("c"), publish=True)
    a, b, c = Resource.objects.order_by("slug")
    assert (a.superseded_by, b.superseded_by, c.state) == (b, c, "published")


def test_a_successor_is_something_that_readers_can_see(imported):
    ResourceFactory(slug="old", state="published")
    ResourceFactory(slug="draft")
    ResourceFactory(slug="later", state="published", public_from_at=LATER)
    unseen = "Line 1, superseded_by: Readers could not see “{}”, so it cannot replace anything. Publish it first."
    for slug in ["draft", "later"]:
        assert imported({"slug": "old", "superseded_by": slug}) == [unseen.format(slug)]
    assert imported({"slug": "old", "superseded_by": "x"}, new("x")) == [unseen.format("x")]
    hidden = new("x", state="published", public_from_at=LATER.isoformat())
    assert imported({"slug": "old", "superseded_by": "x"}, hidden, publish=True) == [unseen.format("x")]


def test_succession_never_goes_round_in_a_circle(imported):
    a, b = ResourceFactory(slug="a", state="published", title="A"), ResourceFactory(state="published", title="B")
    actions.supersede(b, by=TESTER, successor=a)
    rows = [{"slug": "a", "superseded_by": "c"}, new("c", title="C", superseded_by=b.slug)]
    (said,) = imported(*rows, publish=True)
    assert said.startswith("Line 2, superseded_by: That would go round in a circle: “")
    assert said.count("is replaced by") == 3


def test_what_replaced_something_is_neither_withdrawn_nor_hidden(imported):
    old, newer = ResourceFactory(slug="old", state="published"), ResourceFactory(slug="newer", state="published")
    actions.supersede(old, by=TESTER, successor=newer)
    needed = "Something else says that this replaced it, so it cannot be withdrawn or hidden by dates."
    gone = {"slug": "newer", "state": "withdrawn", "withdrawn_reason": "Wrong"}
    assert imported(gone) == [f"Line 1, state: {needed}"]
    assert imported({"slug": "newer", "public_until_at": "2040-01-01"}) == [f"Line 1, public_until_at: {needed}"]
    elsewhere = {"slug": "old", "superseded_by": "", "superseded_by_url": "https://example.org/"}
    assert imported(gone, elsewhere) == "0 new, 2 changed, 0 unchanged, 0 refused"


def test_emptying_what_replaced_it_makes_it_current_again(imported):
    ResourceFactory(slug="a", state="superseded")
    empty = {"slug": "a", "superseded_by": "", "superseded_by_url": ""}
    assert imported(empty)[0].startswith("Line 1, state: This would publish it.")
    imported(empty, publish=True)
    item = Resource.objects.get()
    assert (item.state, item.superseded_by_url, item.superseded_by_title) == ("published", "", "")


def test_an_empty_review_date_keeps_the_date_there_is_once_something_is_published(imported):
    row = new("a", review_due_on="")
    imported(row, publish=True)
    due = Resource.objects.get().review_due_on
    assert due == timezone.localdate() + timedelta(365)
    assert imported(row, publish=True) == "0 new, 0 changed, 1 unchanged, 0 refused"


# Figures and lineage

FIGURE = {
    "value": "59% fewer", "counts": "investigations", "as_at": "2019",
    "source_title": "A report", "source_url": "https://example.org/",
}  # fmt: skip


def test_figures_are_added_and_taken_away_and_the_rest_is_not_touched(imported):
    imported(new("a", claims=[FIGURE, {**FIGURE, "value": "Half"}, FIGURE]))
    kept = Claim.objects.get(value="Half")
    imported({"slug": "a", "claims": [FIGURE, {**FIGURE, "value": "Half", "order": 1}]})
    assert list(Claim.objects.values_list("value", flat=True)) == ["59% fewer", "Half"]
    assert Claim.objects.get(value="Half") == kept


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"as_at": ""}, "Figure 2, as_at: It cannot be empty."),
        ({"source_url": ""}, "Figure 2, it needs its source: source_url or source_resource."),
        ({"source_resource": "none"}, "There is no resource “none”."),
        ({"order": -1}, "Figure 2, order: It must be a whole number from 0 to 32767."),
        ({"colour": "red"}, "Figure 2, “colour” is not one of: value, counts, as_at, note, source_title, source_url, "
         "source_resource, order."),
    ],
)  # fmt: skip
def test_a_figure_needs_its_date_and_its_source(imported, change, reason):
    assert imported(new("a", claims=[FIGURE, {**FIGURE, **change}])) == [f"Line 1, claims: {reason}"]


def test_a_figure_may_come_from_a_resource_of_the_same_file(imported):
    imported(new("a", claims=[{**FIGURE, "source_url": "", "source_resource": "b"}]), new("b"))
    assert Claim.objects.get().source_resource.slug == "b"


def test_lineage_is_read_with_every_kind_of_end(imported):
    SetFactory(slug="set").principles.create(slug="be-kind")
    OrganisationFactory(slug="spf")
    ends = [{"set": "set"}, {"set": "set", "principle": "be-kind"}, {"resource": "b"}, {"organisation": "spf"}]
    ends.append({"text": "A talk"})
    imported(new("a", lineage=[{"kind": "adapted", "source": end} for end in ends]), new("b"))
    assert [str(link.source) for link in LineageLink.objects.with_ends()] == [
        LineageLink.objects.first().source.title, f"{LineageLink.objects.first().source.title}: be-kind",
        "Being fair", LineageLink.objects.get(source_organisation__slug="spf").source.name, "A talk",
    ]  # fmt: skip
    assert imported({"slug": "a", "lineage": []}) == "0 new, 1 changed, 0 unchanged, 0 refused"
    assert not LineageLink.objects.exists()


@pytest.mark.parametrize(
    "source", [{}, {"set": "set", "resource": "b"}, {"song": "x"}, {"principle": "x"}, "b", None, {"resource": "none"}]
)
def test_a_link_has_exactly_one_end_that_there_is(imported, source):
    SetFactory(slug="set")
    (said,) = imported(new("a", lineage=[{"kind": "adapted", "source": source}]))
    assert said.startswith("Line 1, lineage: ")


def test_lineage_never_goes_round_in_a_circle_through_what_is_there_already(imported):
    a, b = ResourceFactory(slug="a", title="A"), SetFactory(title="B", slug="b")
    link(LineageLink(descendant_set=b, source_resource=a), by=TESTER)
    rows = [{"slug": "a", "lineage": [{"kind": "adapted", "source": {"resource": "c"}}]}]
    rows.append(new("c", title="C", lineage=[{"kind": "adapted", "source": {"set": "b"}}]))
    (said,) = imported(*rows)
    assert said.startswith("Line 2, lineage: That would go round in a circle: ")
    assert said.count("was built on") == 3


# Rights


def test_a_curator_imports_into_their_own_regions_alone(imported):
    by = curator("north-west", role="editor")
    assert imported(new("a"), new("b", owner="midlands"), by=by) == [
        "Line 2, owner: You do not look after this region."
    ]
    assert imported(new("a"), by=by) == "1 new, 0 changed, 0 unchanged, 0 refused"


def test_an_editor_does_not_publish_nor_change_what_readers_see(imported):
    by = curator("north-west", role="editor")
    ResourceFactory(slug="b", state="published")
    assert imported(new("a"), {"slug": "b", "cost": "Free"}, by=by, publish=True) == [
        "Line 1, state: You may not publish for this region.",
        "Line 2, slug: This is not yours to change.",
    ]


def test_another_regions_draft_is_as_if_it_were_not_there_but_its_address_is_taken(imported):
    by = curator("north-west")
    Region.objects.update(publishes_alone=True)
    ResourceFactory(slug="secret", owner=RegionFactory(slug="midlands"))
    assert imported(
        {"slug": "secret", "state": "withdrawn"}, new("a", superseded_by="secret"), by=by, publish=True
    ) == ["Line 1, slug: This address is taken. Choose another."]
    figure = {**FIGURE, "source_url": "", "source_resource": "secret"}
    assert imported(new("a", superseded_by="secret", claims=[figure]), by=by, publish=True) == [
        "Line 1, claims: There is no resource “secret”.",
        "Line 1, superseded_by: There is no resource “secret”.",
    ]


def test_only_a_national_curator_moves_something_to_another_region(imported):
    ResourceFactory(slug="a")
    both = curator("north-west", "midlands")
    moved = {"slug": "a", "owner": "midlands"}
    assert imported(moved, by=both) == ["Line 1, owner: Only a national curator can give it to another region."]
    assert imported(moved, by=curator("national")) == "0 new, 1 changed, 0 unchanged, 0 refused"


def test_nobody_is_said_to_have_sent_something_for_review_but_who_did(imported):
    by, other = curator("north-west"), curator("north-west")
    assert imported(new("a", state="in_review", submitted_by=other.email), by=by) == [
        "Line 1, submitted_by: Nobody can be said to have sent it for review but yourself."
    ]
    imported(new("a", state="in_review"), by=by)
    assert Resource.objects.get().submitted_by == by


def test_a_link_of_another_regions_principles_is_not_taken_away(imported):
    by, theirs = (
        curator("north-west"),
        SetFactory(owner=RegionFactory(slug="midlands"), state="published", slug="theirs"),
    )
    item = ResourceFactory(slug="a", state="published")
    link(LineageLink(descendant_set=theirs, source_resource=item), by=TESTER)
    assert imported({"slug": "a", "led_to": []}, by=by) == [
        "Line 1, led_to: A link that is not yours to change would be taken away. Name it too, or leave this out."
    ]
    kept = [{"kind": "informed_by", "descendant": {"set": "theirs"}}]
    assert imported({"slug": "a", "led_to": kept}, by=by) == [
        "Line 1, led_to: Link 1, descendant: This set is not yours to change."
    ]
    assert imported({"slug": "a", "led_to": []}) == "0 new, 1 changed, 0 unchanged, 0 refused"


def test_a_link_that_a_curator_may_not_know_of_is_left_alone(imported):
    by, secret = curator("north-west"), ResourceFactory(slug="secret", owner=RegionFactory(slug="midlands"))
    item = ResourceFactory(slug="a")
    link(LineageLink(descendant_resource=item, source_resource=secret), by=TESTER)
    assert imported({"slug": "a", "lineage": []}, by=by) == "0 new, 0 changed, 1 unchanged, 0 refused"


def test_what_is_retired_is_kept_by_curators_and_carried_by_operators(imported):
    retired = TopicFactory(slug="retired", is_retired=True)
    ResourceFactory(slug="has-it", topics=[retired])
    rows = [{"slug": "has-it", "topics": ["retired"]}, new("a", topics=["retired"])]
    assert imported(*rows, by=curator("north-west")) == [
        "Line 2, topics: “retired” is retired: it is no longer offered for new content."
    ]
    assert imported(*rows) == "1 new, 0 changed, 1 unchanged, 0 refused"


def test_the_command_acts_as_the_curator_it_is_told(tmp_path):
    by = curator("north-west", name="Pat Publisher")
    path = str(csv_file(tmp_path, new("a")))
    call_command("import_content", path, by=by.email.upper())
    assert history.of(Resource.objects.get(), seen_by=TESTER)[0].who == "Pat Publisher"
    with pytest.raises(CommandError, match="There is no curator"):
        call_command("import_content", path, by="nobody@example.org")
    by.is_active = False
    by.save()
    with pytest.raises(CommandError, match="is closed"):
        call_command("import_content", path, by=by.email)
