"""Each verb: the state it leads to, the history it writes, whom it refuses, and nothing left behind when it fails."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from curation import actions, history
from curation.models import Redirect
from curation.states import MOVES, NotAllowed, State
from resources.models import Resource
from search.models import SearchDocument
from tests.factories import (
    TESTER,
    ClaimFactory,
    EventFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    curator,
    version_of,
)

pytestmark = pytest.mark.django_db

FACTORIES = pytest.mark.parametrize("factory", [ResourceFactory, SetFactory, EventFactory])


@pytest.fixture
def publisher():
    return curator("north-west", name="Pat Publisher")


def last_act(item):
    return history.of(item, seen_by=TESTER)[0]


@FACTORIES
def test_publishing_makes_it_visible_and_says_who_and_why(factory, publisher):
    written = factory(state="in_review")
    assert not written.is_visible
    item = actions.publish(written, by=publisher, note="Checked with both sides")
    assert item.is_visible
    act = last_act(item)
    assert (act.who, act.verb, act.note, act.source) == (
        "Pat Publisher",
        "approved and published",
        "Checked with both sides",
        "admin",
    )
    assert ("State", "In review", "Published") in act.changes


def test_publishing_sets_the_next_review_a_year_on_unless_a_date_was_given(publisher):
    assert actions.publish(
        ResourceFactory(state="in_review"), by=publisher
    ).review_due_on == timezone.localdate() + timedelta(365)
    soon = timezone.localdate() + timedelta(30)
    written = ResourceFactory(state="in_review", review_due_on=soon)
    assert actions.publish(written, by=publisher).review_due_on == soon


def test_publishing_twice_is_publishing_once(publisher):
    item = actions.publish(ResourceFactory(state="in_review"), by=publisher)
    again = actions.publish(item, by=publisher)
    assert (again.version, again.published_at) == (item.version, item.published_at)
    assert len([act for act in history.of(item, seen_by=TESTER) if act.verb == "approved and published"]) == 1


VERBS = {
    "publish": lambda item, by: actions.publish(item, by=by),
    "withdraw": lambda item, by: actions.withdraw(item, by=by, reason="Wrong"),
    "supersede": lambda item, by: actions.supersede(item, by=by, url="https://example.org/"),
    "rename": lambda item, by: actions.rename(item, "another", by=by),
    "review": lambda item, by: actions.mark_reviewed(item, by=by),
    "submit": lambda item, by: actions.submit(item, by=by),
    "take back": lambda item, by: actions.take_back(item, by=by),
    "ask for changes": lambda item, by: actions.ask_for_changes(item, by=by, note="Say when."),
    "delete": lambda item, by: actions.delete_draft(item, by=by),
}


@FACTORIES
@pytest.mark.parametrize("verb", VERBS)
def test_a_curator_of_another_region_is_refused_and_nothing_changes(factory, verb):
    states = {"publish": "in_review", "take back": "in_review", "ask for changes": "in_review"}
    item = factory(state="draft" if verb in {"submit", "delete"} else states.get(verb, "published"))
    stranger = curator("yorkshire-and-humber")
    with pytest.raises(PermissionDenied):
        VERBS[verb](item, stranger)
    before = (item.state, item.version, item.slug)
    item.refresh_from_db()
    assert (item.state, item.version, item.slug) == before


def test_an_editor_writes_but_does_not_publish():
    editor, draft = curator("north-west", role="editor"), ResourceFactory()
    with pytest.raises(PermissionDenied):
        actions.publish(draft, by=editor)
    assert actions.submit(draft, by=editor).submitted_by == editor


def test_rights_that_were_taken_away_are_gone_at_once(publisher):
    publisher.memberships.all().delete()
    with pytest.raises(PermissionDenied):
        actions.publish(ResourceFactory(), by=publisher)


def test_a_closed_account_can_do_nothing(publisher):
    publisher.is_active = False
    publisher.save()
    with pytest.raises(PermissionDenied):
        actions.publish(ResourceFactory(), by=publisher)


def test_a_national_publisher_may_publish_everywhere():
    RegionFactory(slug="national")
    assert actions.publish(ResourceFactory(state="in_review"), by=curator("national")).state == State.PUBLISHED


@pytest.mark.parametrize("before", State.values)
@pytest.mark.parametrize("after", State.values)
def test_only_the_moves_of_the_table_are_allowed(before, after):
    item = ResourceFactory(state=before)
    if after in MOVES[State(before)]:
        item.move_to(after)
    else:
        with pytest.raises(NotAllowed, match="cannot become"):
            item.move_to(after)


def test_withdrawing_needs_a_reason(publisher):
    item = ResourceFactory(state="published")
    with pytest.raises(NotAllowed, match="Say why"):
        actions.withdraw(item, by=publisher, reason="  ")


def test_a_withdrawn_item_can_be_published_again_and_forgets_why_it_was_withdrawn(publisher):
    item = actions.publish(ResourceFactory(state="withdrawn"), by=publisher)
    assert (item.state, item.withdrawn_reason, item.withdrawn_at, item.onward_url) == ("published", "", None, "")


def test_a_superseded_item_keeps_its_address_and_leaves_the_lists(publisher):
    old, new = ResourceFactory(state="published"), ResourceFactory(state="published")
    actions.supersede(old, by=publisher, successor=new)
    assert set(Resource.objects.visible()) == {old, new}
    assert list(Resource.objects.current()) == [new]


def test_what_nobody_can_see_is_no_successor(publisher):
    later = timezone.now() + timedelta(days=1)
    old = ResourceFactory(state="published")
    for hidden in [ResourceFactory(), ResourceFactory(state="published", public_from_at=later)]:
        with pytest.raises(NotAllowed, match="Readers cannot see"):
            actions.supersede(old, by=publisher, successor=hidden)


def test_succession_never_goes_round_in_a_circle(publisher):
    a, b, c = (ResourceFactory(state="published", title=title) for title in "ABC")
    actions.supersede(a, by=publisher, successor=b)
    actions.supersede(b, by=publisher, successor=c)
    with pytest.raises(NotAllowed, match="“A” is replaced by “B” is replaced by “C”"):
        actions.supersede(c, by=publisher, successor=a)


def test_what_a_withdrawn_item_had_replaced_still_leads_somewhere(publisher):
    old, new = ResourceFactory(state="published"), ResourceFactory(state="published")
    actions.supersede(old, by=publisher, successor=new)
    with pytest.raises(NotAllowed, match="Say where to go instead"):
        actions.withdraw(new, by=publisher, reason="Wrong")
    actions.withdraw(new, by=publisher, reason="Wrong", onward_url="https://example.org/instead")
    old.refresh_from_db()
    assert (old.state, old.superseded_by, old.superseded_by_url) == ("superseded", None, "https://example.org/instead")


def test_a_successor_is_not_hidden_by_dates(publisher):
    old, new = ResourceFactory(state="published"), ResourceFactory(state="published")
    actions.supersede(old, by=publisher, successor=new)
    for dates in [{"public_until_at": timezone.now()}, {"public_from_at": timezone.now() + timedelta(days=1)}]:
        with pytest.raises(ValidationError, match="cannot be hidden by dates"):
            type(new)(**{**vars_of(new), **dates}).full_clean()


def vars_of(item):
    return {field.attname: getattr(item, field.attname) for field in item._meta.concrete_fields}


def test_a_new_address_leaves_a_redirect_and_the_old_one_is_never_used_again(publisher):
    item = ResourceFactory(state="published", slug="old")
    actions.rename(item, "new", by=publisher)
    assert Redirect.objects.get(slug="old").object_id == item.pk
    with pytest.raises(ValidationError, match="address of something else once"):
        ResourceFactory.build(slug="old", owner=item.owner).full_clean()
    back = actions.rename(item, "old", by=publisher)
    assert back.slug == "old"
    assert list(Redirect.objects.values_list("slug", flat=True)) == ["new"]


def test_an_address_that_the_portal_uses_itself_is_refused(publisher):
    with pytest.raises(ValidationError, match="address of the portal itself"):
        actions.rename(ResourceFactory(state="published"), "compare", by=publisher)


def test_a_draft_can_be_deleted_but_not_what_was_ever_published(publisher):
    draft = ResourceFactory()
    actions.delete_draft(draft, by=publisher)
    assert not Resource.objects.filter(pk=draft.pk).exists()
    for state in ["published", "superseded", "withdrawn"]:
        with pytest.raises(NotAllowed, match="never deleted"):
            actions.delete_draft(ResourceFactory(state=state), by=publisher)


def test_reviewing_sets_both_dates(publisher):
    item = actions.mark_reviewed(ResourceFactory(state="published"), by=publisher)
    assert (item.reviewed_on, item.review_due_on) == (
        timezone.localdate(),
        timezone.localdate() + timedelta(365),
    )


def test_the_next_review_comes_after_today(publisher):
    yesterday = timezone.localdate() - timedelta(days=1)
    with pytest.raises(NotAllowed, match="must come after today"):
        actions.mark_reviewed(ResourceFactory(state="published"), by=publisher, due=yesterday)


def test_a_draft_that_something_points_to_is_not_deleted_and_one_with_parts_is(publisher):
    with pytest.raises(NotAllowed, match="Something still points to it"):
        actions.delete_draft(ClaimFactory(source_resource=ResourceFactory()).source_resource, by=publisher)
    draft = SetFactory()
    version_of(draft, "Be kind", publish=False)
    actions.delete_draft(draft, by=publisher)
    assert not SetFactory._meta.model.objects.exists()


def test_a_title_keeps_no_characters_that_hide_or_turn_text_round():
    item = ResourceFactory.build(title="Fair\u202e \x0bplay\uffff", owner=RegionFactory())
    item.full_clean()
    assert item.title == "Fair play"


@FACTORIES
def test_search_knows_what_is_public_and_forgets_what_is_not(factory, publisher):
    def known():
        return SearchDocument.objects.filter(kind=item._meta.label_lower, object_id=item.pk).exists()

    item = factory(state="in_review")
    assert not known()
    item = actions.publish(item, by=publisher)
    assert known()
    actions.withdraw(item, by=publisher, reason="Wrong")
    assert not known()


def test_a_verb_whose_history_cannot_be_written_changes_nothing(publisher):
    item = ResourceFactory(state="in_review")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE resources_resourcehistory ADD CONSTRAINT broken CHECK (pgh_label = '') NOT VALID")
    with pytest.raises(DatabaseError), transaction.atomic():
        actions.publish(item, by=publisher)
    item.refresh_from_db()
    assert item.state == State.IN_REVIEW
    assert not SearchDocument.objects.exists()


# Two people


@FACTORIES
def test_who_sent_it_for_review_does_not_approve_it_and_another_publisher_does(factory, publisher):
    item = actions.submit(factory(), by=publisher)
    with pytest.raises(NotAllowed, match="You sent it for review: another publisher of your region can publish it"):
        actions.publish(item, by=publisher, note="It is urgent")
    item.refresh_from_db()
    assert item.state == "in_review"
    assert actions.publish(item, by=curator("north-west")).state == "published"
    assert last_act(item).verb == "approved and published"


def test_a_draft_that_nobody_else_has_looked_at_is_not_published(publisher):
    with pytest.raises(NotAllowed, match="Send it for review, and let another publisher publish it"):
        actions.publish(ResourceFactory(), by=publisher)


def test_taking_it_back_and_sending_it_again_is_no_way_round(publisher):
    item = actions.submit(ResourceFactory(), by=curator("north-west", role="editor"))
    item = actions.submit(actions.take_back(item, by=publisher), by=publisher)
    with pytest.raises(NotAllowed):
        actions.publish(item, by=publisher)


def test_a_national_curator_publishes_alone_with_a_reason_that_the_history_shows():
    item, national = ResourceFactory(), curator("national", name="Nat National")
    with pytest.raises(NotAllowed, match="say why in the note, which the history shows"):
        actions.publish(item, by=national, note="  ")
    actions.publish(item, by=national, note="The forum has nobody else this month.")
    act = last_act(item)
    assert (act.who, act.verb) == ("Nat National", "published without a second person")
    assert act.note == "The forum has nobody else this month."


def test_a_forum_with_a_single_curator_publishes_in_one_step_and_only_its_own(publisher):
    region = RegionFactory()
    region.publishes_alone = True
    region.save()
    assert actions.publish(ResourceFactory(owner=region), by=publisher).state == "published"
    both = curator("north-west", "midlands")
    with pytest.raises(NotAllowed):
        actions.publish(ResourceFactory(owner=RegionFactory(slug="midlands")), by=both)


@FACTORIES
def test_changes_are_asked_for_in_words_that_stay_with_the_draft_until_it_is_sent_again(factory, publisher):
    item = factory(state="in_review")
    with pytest.raises(NotAllowed, match="Say what should change"):
        actions.ask_for_changes(item, by=publisher, note=" ")
    item = actions.ask_for_changes(item, by=publisher, note="Say who it is for.")
    assert (item.state, item.changes_asked, item.submitted_by) == ("draft", "Say who it is for.", None)
    assert (last_act(item).verb, last_act(item).note) == ("asked for changes", "Say who it is for.")
    assert actions.submit(item, by=curator("north-west", role="editor")).changes_asked == ""


def test_an_editor_does_not_ask_for_changes_but_may_take_a_draft_back():
    item, editor = ResourceFactory(state="in_review"), curator("north-west", role="editor")
    with pytest.raises(PermissionDenied):
        actions.ask_for_changes(item, by=editor, note="Say who it is for.")
    assert actions.take_back(item, by=editor).state == "draft"
