from contextlib import suppress
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError
from django.db.transaction import TransactionManagementError

from curation import actions, copies, history, past
from curation.models import RegionContact
from events.models import Session
from principles.models import Agreement, LineageLink
from resources.models import Resource, TopicName
from tests.factories import (
    TESTER,
    ClaimFactory,
    EventFactory,
    FruitlessSearchFactory,
    OrganisationFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    StartingPointFactory,
    StartingStepFactory,
    ThemeFactory,
    TopicFactory,
    WordGroupFactory,
    curator,
    version_of,
)

pytestmark = pytest.mark.django_db


def test_raw_sql_is_in_the_history_too():
    item = ResourceFactory()
    Resource.objects.filter(pk=item.pk).update(summary="Changed behind its back")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE resources_resource SET cost = 'Free' WHERE id = %s", [item.pk])
    changes = [change for act in history.of(item, seen_by=TESTER) for change in act.changes]
    assert ("Summary", "What it is and how it helps.", "Changed behind its back") in changes
    assert ("Cost", "", "Free") in changes


def test_links_and_parts_are_in_the_history_of_what_they_belong_to():
    item = ResourceFactory()
    item.regions.add(RegionFactory(slug="midlands", name="Midlands"))
    item.topics.add(TopicFactory(name="Suspension"))
    claim = ClaimFactory(resource=item, value="59% fewer")
    claim.delete()
    changes = [change for act in history.of(item, seen_by=TESTER) for change in act.changes]
    assert {("Region", "", "Midlands"), ("Topic", "", "Suspension"), ("Value", "", "59% fewer")} <= set(changes)
    assert any(change.label == "Removed: claim" and "59% fewer" in change.before for change in changes)


def test_the_history_keeps_the_name_of_whoever_did_it():
    person, item = curator("north-west", name="Pat Publisher"), ResourceFactory(state="in_review")
    actions.publish(item, by=person)
    person.name = "Someone Else"
    person.save()
    assert "Pat Publisher" in {act.who for act in history.of(item, seen_by=TESTER)}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE resources_resourcehistory SET title = 'Rewritten'",
        "DELETE FROM resources_resourcehistory",
        "TRUNCATE resources_resourcehistory",
        "DELETE FROM resources_resourceregionslinkhistory",
        "DELETE FROM curation_membershiphistory",
    ],
)
def test_history_cannot_be_changed_or_emptied(sql):
    item = ResourceFactory(regions=[RegionFactory()])
    curator("north-west")
    before = history.of(item, seen_by=TESTER)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert history.of(item, seen_by=TESTER) == before


HISTORIES = sorted({model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")}, key=str)


@pytest.mark.parametrize("model", HISTORIES, ids=lambda model: model.__name__)
def test_no_table_of_history_can_be_changed_or_emptied(model, one_of_everything):
    before = model.objects.count()
    assert before
    for sql in ("UPDATE {} SET pgh_label = pgh_label", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.format(model._meta.db_table))
    assert model.objects.count() == before


@pytest.fixture
def one_of_everything():
    """An event in every table of history."""
    person = curator("north-west")
    item = ResourceFactory(state="published", regions=[RegionFactory()], topics=[TopicFactory()])
    item.partners.add(OrganisationFactory())
    ClaimFactory(resource=item)
    copies.write(item, {**past.now(item), "parts": {}}, by=person)
    RegionContact.objects.create(region=item.owner, role="Co-chair")
    TopicName.objects.create(topic=TopicFactory(), name="Another name")
    StartingStepFactory(point=StartingPointFactory())
    WordGroupFactory()
    FruitlessSearchFactory()
    event = EventFactory(regions=[item.owner])
    session = Session.objects.create(event=event, title="Learning")
    session.resources.add(item)
    principles = SetFactory(regions=[item.owner])
    session.sets.add(principles)
    version = version_of(principles, "Be fair", publish=False)
    Agreement.objects.create(version=version, side="staff")
    ThemeFactory()
    actions.share_preview(ResourceFactory(), by=person)
    LineageLink.objects.create(descendant_set=principles, source_resource=item)


def test_what_is_deleted_keeps_its_history_and_so_does_a_closed_or_deleted_account():
    person = curator("north-west", name="Pat Publisher")
    item = ResourceFactory()
    actions.submit(item, by=person)
    pk, before = item.pk, history.of(item, seen_by=TESTER)
    with pytest.raises(ProtectedError):
        person.delete()
    actions.take_back(item, by=person)
    person.memberships.all().delete()
    with suppress(ProtectedError):
        person.delete()
    actions.delete_draft(item, by=TESTER)
    item.pk = pk
    after = history.of(item, seen_by=TESTER)
    assert [(act.who, act.verb) for act in after[-len(before) :]] == [(act.who, act.verb) for act in before]
    assert "Pat Publisher" in {act.who for act in after}
    assert after[0].verb == "deleted"


def test_no_event_can_be_changed_or_deleted_through_its_model():
    event = ResourceFactory().history.first()
    for attempt in (event.delete, event.save, type(event).objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    with pytest.raises(DatabaseError), transaction.atomic():
        type(event).objects.update(title="Rewritten")


def test_a_reason_outside_a_transaction_is_refused(monkeypatch):
    monkeypatch.setattr(history, "connection", SimpleNamespace(in_atomic_block=False))
    with pytest.raises(TransactionManagementError):
        history.because("published", by=TESTER)


def test_a_password_is_never_in_the_history():
    person = curator("north-west")
    columns = {field.name for field in type(person).history.rel.related_model._meta.fields}
    assert not columns & {"password", "last_login"}
