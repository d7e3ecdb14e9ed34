from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError

from curation import actions, history
from resources.models import Resource
from tests.factories import TESTER, ClaimFactory, RegionFactory, ResourceFactory, TopicFactory, curator

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


def test_a_reason_outside_a_transaction_is_refused(monkeypatch):
    monkeypatch.setattr(history, "connection", SimpleNamespace(in_atomic_block=False))
    with pytest.raises(TransactionManagementError):
        history.because("published", by=TESTER)


def test_a_password_is_never_in_the_history():
    person = curator("north-west")
    columns = {field.name for field in type(person).history.rel.related_model._meta.fields}
    assert not columns & {"password", "last_login"}
