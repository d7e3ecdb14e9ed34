"""What the database itself holds to, whatever code writes to it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.models import Event
from principles.models import LineageLink, SetVersion
from resources.models import Claim, Resource
from tests.factories import (
    ClaimFactory,
    EventFactory,
    ResourceFactory,
    SetFactory,
    StartingStepFactory,
    version_of,
)

pytestmark = pytest.mark.django_db


def refused(items, **values):
    with pytest.raises(IntegrityError), transaction.atomic():
        items.update(**values)


@pytest.mark.parametrize(
    ("state", "values"),
    [
        ("draft", {"state": "published"}),
        ("published", {"published_at": None}),
        ("published", {"state": "superseded"}),
        ("published", {"superseded_by_url": "https://example.org/"}),
        ("superseded", {"superseded_by_url": ""}),
        ("published", {"state": "withdrawn"}),
        ("withdrawn", {"withdrawn_reason": ""}),
        ("draft", {"state": "in_review"}),
        ("draft", {"state": "forgotten"}),
        ("draft", {"slug": "compare"}),
        ("draft", {"slug": "Not A Slug"}),
        ("draft", {"url": "javascript:alert(1)"}),
        ("draft", {"kind": "poem"}),
        ("draft", {"audiences": ["everyone"]}),
        ("draft", {"stage": "dreamt"}),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(state, values):
    item = ResourceFactory(state=state)
    refused(Resource.objects.filter(pk=item.pk), **values)


def test_shown_from_comes_before_shown_until():
    item, now = ResourceFactory(), timezone.now()
    refused(Resource.objects.filter(pk=item.pk), public_from_at=now, public_until_at=now - timedelta(days=1))


def test_nothing_succeeds_itself():
    item = ResourceFactory(state="superseded")
    refused(Resource.objects.filter(pk=item.pk), superseded_by=item)


def test_a_figure_has_a_date_and_a_source():
    claim = ClaimFactory()
    refused(Claim.objects.filter(pk=claim.pk), as_at="")
    refused(Claim.objects.filter(pk=claim.pk), source_url="")


def test_an_event_ends_after_it_starts():
    event = EventFactory()
    refused(Event.objects.filter(pk=event.pk), ends_at=event.starts_at)


def test_a_starting_point_has_three_steps_at_most():
    step = StartingStepFactory()
    refused(type(step).objects.filter(pk=step.pk), order=4)


def test_a_published_version_does_not_change_and_has_one_current():
    item = SetFactory()
    first = version_of(item, "Be kind")
    refused(first.texts.all(), title="Be strict")
    with pytest.raises(IntegrityError), transaction.atomic():
        first.texts.all().delete()
    second = version_of(item, "Be kind", "Be fair")
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "published")
    refused(SetVersion.objects.filter(pk=first.pk), state="published")


def test_a_lineage_link_has_one_thing_at_each_end():
    item, resource = SetFactory(), ResourceFactory()
    for ends in [
        {"descendant_set": item},
        {"source_resource": resource},
        {"descendant_set": item, "descendant_resource": resource, "source_text": "Local policies"},
        {"descendant_set": item, "source_resource": resource, "source_text": "Local policies"},
    ]:
        with pytest.raises(IntegrityError), transaction.atomic():
            LineageLink.objects.create(**ends)
    LineageLink.objects.create(descendant_set=item, source_text="Local policies")
