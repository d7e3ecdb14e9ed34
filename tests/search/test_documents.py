"""The index says what the content says, whichever way it is brought up to date, and costs little."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curation import actions
from principles.models import PrincipleSet
from resources.models import Resource, TopicName
from search import documents
from search.models import SearchDocument
from tests.factories import (
    TESTER,
    EventFactory,
    OrganisationFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    StartingStepFactory,
    TopicFactory,
    version_of,
)

pytestmark = pytest.mark.django_db
WRITES = ("INSERT", "UPDATE", "DELETE")


TEXT = documents.Fields._fields


def index():
    return list(SearchDocument.objects.order_by("kind", "object_id").values_list("kind", "object_id", *TEXT))


def published(count, **facts):
    topic = TopicFactory()
    TopicName.objects.create(topic=topic, name="Also called")
    for _ in range(count):
        item = ResourceFactory(regions=[RegionFactory()], topics=[topic], publisher=OrganisationFactory(), **facts)
        item.partners.add(OrganisationFactory())
        actions.publish(item, by=TESTER)


def test_rebuilding_gives_what_the_verbs_had_kept_up_to_date():
    published(2, body="Some *words*")
    version_of(SetFactory(state="published"), "Be kind", "Learn")
    actions.publish(EventFactory(regions=[RegionFactory()]), by=TESTER)
    documents.refresh(TopicFactory())
    documents.refresh(StartingStepFactory().point)
    documents.rebuild()
    before = index()
    SearchDocument.objects.all().delete()
    documents.rebuild()
    assert index() == before
    assert {kind for kind, *_ in before} >= {"principles.principleset", "events.event", "resources.startingpoint"}


def test_what_is_no_longer_there_or_no_longer_public_leaves_the_index():
    item, other = ResourceFactory(state="published"), ResourceFactory(state="published")
    Resource.objects.filter(pk=item.pk).update(state="draft", published_at=None)
    SearchDocument.objects.filter(object_id=other.pk).update(object_id=other.pk + 1000)
    documents.rebuild()
    assert list(SearchDocument.objects.filter(kind="resources.resource").values_list("object_id", flat=True)) == [
        other.pk
    ]


def test_nothing_is_written_where_nothing_differs():
    published(2)
    documents.rebuild()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        documents.rebuild()
    assert [query["sql"] for query in asked if query["sql"].startswith(WRITES)] == []


def test_many_cost_the_statements_of_one():
    def cost():
        with CaptureQueriesContext(connection) as asked:
            documents.refresh_all(Resource.objects.all())
        return len(asked)

    published(1)
    Resource.objects.update(summary="One")
    one = cost()
    published(5)
    Resource.objects.update(summary="Six")
    assert cost() == one


def test_a_new_name_reaches_the_documents_of_all_that_use_it():
    published(2)
    topic = Resource.objects.first().topics.get()
    topic.name = "Renamed"
    topic.save()
    documents.refresh_what_names(topic)
    assert SearchDocument.objects.filter(kind="resources.resource", tags__contains="Renamed").count() == 2


def test_only_the_words_of_the_current_version_are_known():
    item = SetFactory(state="published")
    version_of(item, "Be kind")
    version_of(item, "Be fair")
    version_of(item, "Be brave", publish=False)
    assert SearchDocument.objects.get(kind=PrincipleSet._meta.label_lower).body == "Be fair."
