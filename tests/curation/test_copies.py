"""Working copies: readers see the published version until someone else approves the new one. Nothing is lost."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from curation import actions, copies, history, past
from curation.models import Membership, WorkingCopy
from curation.states import NotAllowed
from events.models import Session
from principles.actions import publish_version, start_version
from resources.models import Claim, Organisation, Resource
from search.models import SearchDocument
from tests.factories import (
    TESTER,
    ClaimFactory,
    EventFactory,
    OrganisationFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    StartingPointFactory,
    StartingStepFactory,
    TopicFactory,
    curator,
    version_of,
)
from tests.forms import fields, fill_in, rows

pytestmark = pytest.mark.django_db
KINDS = [ResourceFactory, SetFactory, EventFactory]


def signed_in(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def pat():
    return curator("north-west", name="Pat Publisher")


@pytest.fixture
def olu():
    return curator("north-west", name="Olu Other")


@pytest.fixture
def browser(pat):
    return signed_in(pat)


def page(item, name="change"):
    return reverse(f"admin:{item._meta.app_label}_{item._meta.model_name}_{name}", args=[item.pk])


def edited(item, by, **values):
    """A working copy of *item* in which these fields say something else."""
    content = past.now(item) if copies.of(item) is None else copies.of(item).content
    return copies.write(item, {**content, "fields": {**content["fields"], **values}}, by=by)


def told(item, person=TESTER):
    return history.of(item, seen_by=person, also=copies.told(item, seen_by=person))


def acts(item):
    return [(act.who, act.verb, act.note) for act in told(item)]


def stored(item):
    return Resource.objects.filter(pk=item.pk).values().get()


# Writing one


@pytest.mark.parametrize("factory", KINDS)
@pytest.mark.parametrize("state", ["published", "superseded", "withdrawn"])
def test_a_form_saves_what_readers_saw_once_into_its_working_copy_and_leaves_the_rest(browser, factory, state):
    item = factory(state=state, title="Before")
    before, events = past.now(item), history.of(item, seen_by=TESTER)
    saved = fill_in(browser, page(item), title="After", regions=[RegionFactory(slug="midlands").pk])
    assert (saved.status_code, past.now(item), history.of(item, seen_by=TESTER)) == (302, before, events)
    copy = copies.of(item)
    assert (copy.content["fields"]["title"], copy.base["fields"]["title"]) == ("After", "Before")
    shown = browser.get(page(item)).content.decode()
    assert "Readers still see the published version" in shown
    assert fields(browser.get(page(item)))["title"] == ["After"]
    assert not copy.content["fields"].keys() & set(item.left_to_verbs)


def test_a_draft_has_no_working_copy(browser):
    item = ResourceFactory(title="Before")
    fill_in(browser, page(item), title="After")
    item.refresh_from_db()
    assert (item.title, WorkingCopy.objects.count()) == ("After", 0)


def test_saving_without_a_change_makes_no_working_copy(browser):
    item = ResourceFactory(state="published", topics=[TopicFactory()], public_until_at="2030-01-01T00:00Z")
    ClaimFactory(resource=item)
    assert fill_in(browser, page(item)).status_code == 302
    assert not WorkingCopy.objects.exists()


def test_parts_are_added_changed_and_removed_in_the_working_copy_alone(browser, olu):
    item = ResourceFactory(state="published")
    kept, gone = ClaimFactory(resource=item), ClaimFactory(resource=item, value="12 days")
    topic = TopicFactory(name="Suspension")
    new = {"value": "7 of 10", "counts": "cases", "as_at": "2020", "source_title": "A report", "order": 2}
    changes = {"claims__0__note": "Over two years", "claims__1__DELETE": "on"}
    tagged = rows("taggedresource_set", {"tag": topic.pk})
    typed = rows("claims", {**new, "source_url": "https://example.org/2"}, before=2)
    assert fill_in(browser, page(item), **changes, **tagged, **typed).status_code == 302
    assert set(item.claims.values_list("value", "note")) == {("59% fewer", ""), ("12 days", "")}
    again = fields(browser.get(page(item)))
    assert [again[f"claims-{n}-value"] for n in range(2)] == [["59% fewer"], ["7 of 10"]]
    typed = {"claims__1__value": "8 of 10"}
    assert fill_in(browser, page(item), **typed).status_code == 302
    copy = copies.of(item)
    assert [(c.label, c.before, c.after[:10]) for c in copies.differences(copy, seen_by=olu)] == [
        ("Topic", "", "Suspension"),
        ("Claim: note", "", "Over two y"),
        ("Claim", "12 days, investigations, 2019, A report, https://example.org/report", ""),
        ("Claim", "", "8 of 10, c"),
    ]
    actions.submit(copy, by=curator("north-west"))
    copies.approve(copy, by=olu)
    assert list(item.claims.values_list("value", "note")) == [("59% fewer", "Over two years"), ("8 of 10", "")]
    assert (list(item.topics.all()), Claim.objects.filter(pk__in=[kept.pk, gone.pk]).count()) == ([topic], 1)


def test_what_verbs_decide_stays_theirs_once_something_is_published(browser):
    national = signed_in(curator("national"))
    item = ResourceFactory(state="published", slug="before", review_due_on="2030-01-01")
    other = RegionFactory(slug="midlands")
    for client in (browser, national):
        fill_in(client, page(item), slug="after", owner=other.pk, review_due_on="2040-01-01")
        assert not WorkingCopy.objects.exists()
    assert browser.get(page(item, "hand-over")).status_code == 403
    assert national.post(page(item, "hand-over"), {"owner": other.pk}).status_code == 302
    item.refresh_from_db()
    assert (item.owner, item.slug) == (other, "before")


def test_what_is_wrong_is_said_and_kept_in_the_form_and_makes_no_working_copy(browser):
    item = EventFactory(state="published")
    answer = fill_in(browser, page(item), title="After", ends_at="2001-01-01T10:00")
    assert (answer.status_code, fields(answer)["title"], WorkingCopy.objects.count()) == (200, ["After"], 0)


# The preview and readers


@pytest.mark.parametrize("factory", KINDS)
def test_its_preview_is_the_real_page_of_what_is_to_come(browser, factory):
    item = factory(state="published", title="Before")
    fill_in(browser, page(item), title="Wombats at work")
    preview = browser.get(item.get_preview_url()).content.decode()
    assert "Wombats at work" in preview
    assert "Readers see the published version until this is approved" in preview
    for path in (item.get_absolute_url(), "/", "/search/?q=wombats"):
        assert "Wombats at work" not in browser.get(path).content.decode()
    item.refresh_from_db()
    assert item.title == "Before"


def test_a_session_that_is_only_in_the_working_copy_is_in_its_preview_with_what_it_points_to(browser):
    item, resource = EventFactory(state="published"), ResourceFactory(state="published", title="Wombats at work")
    typed = rows("sessions", {"title": "Learning", "order": 0, "resources": [resource.pk]})
    assert fill_in(browser, page(item), **typed).status_code == 302
    assert "Wombats at work" in browser.get(item.get_preview_url()).content.decode()
    assert not Session.objects.exists()


# Approval


def test_it_goes_live_in_one_step_with_who_wrote_and_who_approved(pat, olu):
    item = ResourceFactory(state="published", title="Before", summary="Old words.")
    copy = edited(item, curator("north-west", name="Wren Writer"), title="After")
    copy = edited(item, pat, summary="New words.")
    actions.submit(copy, by=pat)
    copies.approve(copy, by=olu, note="Good.")
    item.refresh_from_db()
    assert (item.title, item.summary, item.version, item.state) == ("After", "New words.", 3, "published")
    assert SearchDocument.objects.get(object_id=item.pk).title == "After"
    assert acts(item)[:4] == [
        ("Olu Other", "approved and published changes", "Written by Wren Writer and Pat Publisher. Good."),
        ("Pat Publisher", "sent for review", ""),
        ("Pat Publisher", "edited the working copy", ""),
        ("Wren Writer", "edited the working copy", ""),
    ]
    assert copies.of(item) is None


def test_who_sent_it_for_review_does_not_approve_it(pat, olu):
    copy = edited(ResourceFactory(state="published"), pat, title="After")
    with pytest.raises(NotAllowed, match="Send it for review"):
        copies.approve(copy, by=olu)
    actions.submit(copy, by=pat)
    with pytest.raises(NotAllowed, match="You sent it for review"):
        copies.approve(copy, by=pat)
    assert copies.approve(copy, by=olu).title == "After"


def test_who_changes_what_is_in_review_leaves_the_approval_to_someone_else(pat, olu):
    item = ResourceFactory(state="published")
    copy = edited(item, pat, title="After")
    actions.submit(copy, by=pat)
    edited(item, olu, title="Something else")
    with pytest.raises(NotAllowed, match="You sent it for review"):
        copies.approve(copy, by=olu)
    assert copies.approve(copy, by=pat).title == "Something else"


def test_a_national_curator_approves_alone_with_a_reason_and_a_single_curator_in_one_step(pat):
    national = curator("national", name="Nat National")
    item = ResourceFactory(state="published")
    copy = edited(item, national, title="After")
    with pytest.raises(NotAllowed):
        copies.approve(copy, by=national)
    copies.approve(copy, by=national, note="The link was dangerous.")
    assert acts(item)[0][1] == "published changes without a second person"
    type(item.owner).objects.filter(pk=item.owner.pk).update(publishes_alone=True)
    assert copies.approve(edited(item, pat, title="Alone"), by=pat).title == "Alone"


def test_changes_are_asked_for_in_words_that_stay_with_the_copy(pat, olu, browser):
    item = ResourceFactory(state="published")
    copy = edited(item, pat, title="After")
    actions.submit(copy, by=pat)
    actions.ask_for_changes(copy, by=olu, note="Say it shorter.")
    assert "Say it shorter." in browser.get(page(item)).content.decode()
    assert "changes asked for" in browser.get("/admin/").content.decode().lower()


def test_when_what_readers_see_has_moved_on_it_is_refused_and_brought_up_to_date_without_loss(pat, olu):
    item = ResourceFactory(state="published", title="Before", summary="Old words.", cost="")
    figure = ClaimFactory(resource=item)
    copy = edited(item, pat, title="After", cost="Free")
    actions.submit(copy, by=pat)
    Resource.objects.filter(pk=item.pk).update(summary="Corrected in haste.", cost="£5")
    Claim.objects.filter(pk=figure.pk).update(note="Over two years")
    item.topics.add(TopicFactory(name="Suspension"))
    with pytest.raises(NotAllowed, match="Bring it up to date"):
        copies.approve(copy, by=olu)
    copies.bring_up_to_date(copy, by=olu)
    copies.approve(copy, by=olu)
    item.refresh_from_db()
    assert (item.title, item.summary, item.cost) == ("After", "Corrected in haste.", "Free")
    assert [str(topic) for topic in item.topics.all()] == ["Suspension"]
    assert item.claims.get().note == "Over two years"


def test_a_verb_that_changes_no_words_leaves_the_working_copy_in_date(pat, olu):
    item = ResourceFactory(state="published")
    copy = edited(item, pat, title="After")
    actions.submit(copy, by=pat)
    actions.mark_reviewed(item, by=olu)
    actions.rename(item, "elsewhere", by=olu)
    assert copies.approve(copy, by=olu).slug == "elsewhere"


def test_what_the_rules_of_today_refuse_is_not_approved_but_can_be_seen_and_mended(pat, olu, browser):
    item, old = ResourceFactory(state="published"), ResourceFactory(state="published")
    copy = edited(item, pat, public_until_at="2040-01-01T00:00:00+00:00")
    actions.supersede(old, by=olu, successor=item)
    actions.submit(copy, by=pat)
    answer = signed_in(olu).post(page(copy, "approve"), {})
    assert "cannot be hidden by dates" in answer.content.decode()
    assert copies.of(item) == copy
    assert fill_in(browser, page(item), public_until_at="", title="After").status_code == 302
    assert copies.approve(copy, by=olu).title == "After"


def test_a_double_click_approves_once_and_a_late_one_is_told(pat, olu):
    item = ResourceFactory(state="published")
    copy = edited(item, pat, title="After")
    actions.submit(copy, by=pat)
    copies.approve(copy, by=olu)
    with pytest.raises(NotAllowed, match="no longer there"):
        copies.approve(copy, by=olu)
    assert Resource.objects.get(pk=item.pk).version == 3


def test_discarding_leaves_what_readers_see_and_keeps_what_was_written_in_the_history(pat):
    item = ResourceFactory(state="published", title="Before")
    copies.discard(edited(item, pat, title="Lost words"), by=pat, note="Not now.")
    item.refresh_from_db()
    assert (item.title, copies.of(item)) == ("Before", None)
    discarded, written, *_ = told(item, pat)
    assert (discarded.verb, discarded.note) == ("discarded the working copy", "Not now.")
    assert ("Title", "Before", "Lost words") in written.changes


# Rights


def test_only_those_who_may_change_the_item_may_do_anything_with_its_copy(pat):
    item = ResourceFactory(state="published")
    copy = edited(item, pat, title="After")
    before = WorkingCopy.objects.values().get()
    editor = curator("north-west", role=Membership.Role.EDITOR)
    for person in (editor, curator("midlands"), curator("north-west", is_active=False)):
        for verb in (copies.approve, copies.discard, copies.bring_up_to_date, actions.submit):
            with pytest.raises(PermissionDenied):
                verb(copy, by=person, note="Because")
        with pytest.raises(PermissionDenied):
            edited(item, person, title="Mine")
        assert copies.told(item, seen_by=person) == []
    assert WorkingCopy.objects.values().get() == before


def test_the_first_page_lists_the_working_copies_of_ones_own(browser, pat):
    edited(ResourceFactory(state="published"), pat, title="Ours to do")
    edited(ResourceFactory(state="published", owner=RegionFactory(slug="midlands")), TESTER, title="Theirs to do")
    shown = browser.get("/admin/").content.decode()
    assert "Ours to do" in shown
    assert "Theirs to do" not in shown


# Two people at once


def test_the_second_to_save_a_working_copy_is_shown_what_changed_and_loses_nothing(browser, olu):
    item = ResourceFactory(state="published", title="Before")
    begun, other = fields(browser.get(page(item))), signed_in(olu)
    fill_in(other, page(item), title="Theirs")
    refused = browser.post(page(item), {**begun, "cost": "Free"})
    assert refused.status_code == 200
    assert "Olu Other changed Title: “Before” became “Theirs”" in refused.content.decode()
    assert fields(refused)["cost"] == ["Free"]
    assert browser.post(page(item), {**fields(refused), "title": "Both"}).status_code == 302
    said = copies.of(item).content["fields"]
    assert (said["title"], said["cost"]) == ("Both", "Free")
    late = fields(other.get(page(item)))
    fill_in(browser, page(item), summary="Newer words.")
    refused = other.post(page(item), {**late, "title": "Late"})
    assert (
        "Pat Publisher changed Summary: “What it is and how it helps.” became “Newer words.”"
        in refused.content.decode()
    )


def test_a_form_that_was_opened_on_a_copy_which_is_gone_is_told_so(browser, pat, olu):
    item = ResourceFactory(state="published", title="Before")
    edited(item, olu, title="First")
    begun = fields(browser.get(page(item)))
    copies.discard(copies.of(item), by=olu)
    edited(item, olu, title="Second")
    refused = browser.post(page(item), {**begun, "cost": "Free"})
    assert "“First” became “Second”" in refused.content.decode()
    assert copies.of(item).content["fields"]["title"] == "Second"


# Going back


@pytest.mark.parametrize("factory", KINDS)
def test_a_draft_says_again_what_it_said(browser, factory):
    item = factory(title="First", regions=[RegionFactory()])
    then, before = timezone.now(), past.now(item)
    fill_in(browser, page(item), title="Second", slug="second", regions=[RegionFactory(slug="midlands").pk])
    address = page(item, "restore") + f"?at={then.isoformat().replace('+', '%2B')}"
    assert "“" not in fields(browser.get(address))["at"]
    assert "Second" in browser.get(address).content.decode()
    assert past.now(item) != before
    assert browser.post(address, {**fields(browser.get(address)), "note": "It was better"}).status_code == 302
    assert past.now(item) == before
    who, verb, note = acts(item)[0]
    assert (who, verb[:24], note) == ("Pat Publisher", "restored the version of ", "It was better")


def test_going_back_on_something_published_makes_a_working_copy(pat, olu):
    item = ResourceFactory(title="First", topics=[TopicFactory()])
    then = timezone.now()
    actions.publish(item, by=TESTER)
    copy = edited(item, pat, title="Second")
    actions.submit(copy, by=pat)
    copies.approve(copy, by=olu)
    item.topics.clear()
    copy = copies.restore(item, at=then, by=pat)
    item.refresh_from_db()
    assert (item.title, item.topics.count(), copy.state) == ("Second", 0, "draft")
    with pytest.raises(NotAllowed, match="There is a working copy"):
        copies.restore(item, at=then, by=olu)
    actions.submit(copy, by=pat)
    item = copies.approve(copy, by=olu)
    assert (item.title, item.topics.count(), item.state) == ("First", 1, "published")


def test_going_back_moves_no_workflow(pat):
    item = ResourceFactory(title="First")
    then = timezone.now()
    item = actions.submit(item, by=pat)
    Resource.objects.filter(pk=item.pk).update(title="Second", owner=RegionFactory(slug="midlands"))
    national = curator("national")
    copies.restore(item, at=then, by=national)
    item.refresh_from_db()
    assert (item.title, item.state, item.submitted_by, item.owner.slug) == ("First", "in_review", pat, "north-west")


def test_a_regions_curator_gets_no_item_into_another_region_by_going_back(pat):
    item = ResourceFactory(owner=RegionFactory(slug="midlands"), title="First")
    then = timezone.now()
    Resource.objects.filter(pk=item.pk).update(owner=RegionFactory(slug="north-west"), title="Second")
    copies.restore(item, at=then, by=pat)
    item.refresh_from_db()
    assert (item.title, item.owner.slug) == ("First", "north-west")


@pytest.mark.parametrize("person", ["north-west editor", "midlands publisher"])
def test_going_back_is_for_those_who_may_change_it(person):
    region, role = person.split()
    item, then = ResourceFactory(state="published"), timezone.now()
    Resource.objects.filter(pk=item.pk).update(title="Second")
    with pytest.raises(PermissionDenied):
        copies.restore(item, at=then, by=curator(region, role=role))


def test_a_published_version_of_a_set_stands_and_a_draft_of_one_goes_back(pat):
    item = SetFactory(state="published")
    version_of(item, "Be fair", "Learn")
    draft = start_version(item, by=pat)
    then, before = timezone.now(), past.now(draft)
    draft.texts.first().delete()
    draft.texts.update(title="Something else")
    copies.restore(draft, at=then, by=pat)
    assert past.now(draft) == before
    publish_version(draft, by=TESTER)
    with pytest.raises(NotAllowed):
        copies.restore(draft, at=then, by=pat)


def test_reference_data_goes_back_and_search_with_it():
    national = curator("national")
    publisher = OrganisationFactory(name="First name")
    item = ResourceFactory(state="published", publisher=publisher)
    point = StartingPointFactory()
    steps = [StartingStepFactory(point=point, order=n, title=f"Step {n}") for n in (1, 2)]
    then, before = timezone.now(), past.now(point)
    Organisation.objects.filter(pk=publisher.pk).update(name="Second name")
    steps[0].delete()
    copies.restore(publisher, at=then, by=national)
    copies.restore(point, at=then, by=national)
    assert past.now(point) == before
    assert "First name" in SearchDocument.objects.get(object_id=item.pk, kind="resources.resource").tags
    with pytest.raises(PermissionDenied):
        copies.restore(publisher, at=then, by=curator("north-west"))


MOMENTS = ["", "yesterday", "2026-01-01", "2026-13-01T00:00Z", "2001-01-01T00:00Z"]


@pytest.mark.parametrize("at", MOMENTS)
def test_a_moment_that_is_none_is_nothing_to_go_back_to(browser, at):
    item = ResourceFactory()
    assert browser.get(page(item, "compare"), {"at": at}).status_code == 404
    assert browser.post(page(item, "restore"), {"at": at}).status_code == 200
    item.refresh_from_db()
    assert item.version == 1


def test_the_history_offers_what_was_to_be_compared_and_restored(browser):
    item = ResourceFactory(title="First")
    fill_in(browser, page(item), title="Second")
    shown = browser.get(page(item, "history")).content.decode()
    (address,) = {word for word in shown.split('"') if "/compare/?at=" in word}
    compared = browser.get(address).content.decode()
    assert "First" in compared
    assert "Second" in compared
    assert "Restore this version" in compared


def test_a_failing_page_leaves_nothing_of_the_copy_behind(pat):
    item = ResourceFactory(state="published", title="Before")
    before, copy = stored(item), edited(item, pat, title="After")

    def fails():
        with copies.as_if(item, copy.content):
            assert Resource.objects.get(pk=item.pk).title == "After"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert stored(item) == before
    assert not connection.needs_rollback
