"""The parts of an item in its form cost as much for many as for one, and lose nothing by that."""

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from curation import parts
from resources.models import Claim, Resource, Topic
from tests.curation.test_admin import form_of, signed_in
from tests.factories import ClaimFactory, OrganisationFactory, ResourceFactory, TopicFactory, curator
from tests.forms import fields, fill_in, rows

pytestmark = pytest.mark.django_db
ADD = "/admin/resources/resource/add/"
NEW = {"title": "Being fair", "kind": "guide", "summary": "How to be fair."}
FIGURE = {"value": "59%", "counts": "fewer", "as_at": "2019", "source_title": "A report"}


@pytest.fixture
def browser():
    return signed_in(curator("north-west"))


def statements(ask):
    with CaptureQueriesContext(connection) as asked:
        answer = ask()
    return len(asked), answer


def costs(browser, topics, links):
    """How many statements adding, opening and saving a resource with so many topics and links takes."""
    slug = f"with-{topics}-{links}"
    tags = [{"tag": TopicFactory().pk} for _ in range(topics)]
    sources = [ResourceFactory(state="published").pk for _ in range(links)]
    figures = [{**FIGURE, "source_resource": pk, "order": order} for order, pk in enumerate(sources)]
    form = fields(browser.get(ADD)) | NEW | {"slug": slug, "partners": [OrganisationFactory().pk for _ in range(links)]}
    form |= rows("taggedresource_set", *tags) | rows("claims", *figures)
    added, answer = statements(lambda: browser.post(ADD, form))
    assert answer.status_code == 302
    item = Resource.objects.get(slug=slug)
    assert (item.topics.count(), item.claims.count(), item.partners.count()) == (topics, links, links)
    opened, page = statements(lambda: browser.get(form_of(item)))
    saved, answer = statements(lambda: browser.post(form_of(item), fields(page) | {"title": "Being fairer"}))
    assert answer.status_code == 302
    return added, opened, saved


def test_ten_topics_and_twenty_links_cost_what_one_of_each_does(browser):
    one, many = costs(browser, 1, 1), costs(browser, 10, 20)
    assert many == one
    assert max(many) < 60


def test_the_same_topic_twice_is_refused_in_words(browser):
    topic = TopicFactory().pk
    page = fill_in(browser, ADD, **NEW, slug="one", **rows("taggedresource_set", {"tag": topic}, {"tag": topic}))
    assert "Please correct the duplicate" in page.content.decode()


@pytest.mark.parametrize("number", ["987654321", "-1", "x", "9" * 30, "²"])
def test_what_is_not_there_cannot_be_chosen(browser, number):
    page = fill_in(browser, ADD, **NEW, slug="one", **rows("taggedresource_set", {"tag": number}))
    assert "That choice is not one of the available choices" in page.content.decode()
    assert not Resource.objects.exists()


def test_a_draft_of_another_region_cannot_be_a_source(browser):
    theirs = ResourceFactory(owner__slug="london", title="Theirs")
    page = fill_in(browser, ADD, **NEW, slug="one", **rows("claims", {**FIGURE, "source_resource": theirs.pk}))
    assert page.status_code == 200
    assert "Theirs" not in page.content.decode()


def test_a_figure_whose_source_is_taken_out_is_refused(browser):
    claim = ClaimFactory(resource=ResourceFactory(), source_url="https://example.org/")
    page = fill_in(browser, form_of(claim.resource), claims__0__source_url="")
    assert "A figure needs its source: an address or a resource." in page.content.decode()


def test_a_topic_that_is_retired_since_stays_and_is_named(browser):
    topic = TopicFactory(name="Retired since")
    item = ResourceFactory(topics=[topic])
    Topic.objects.filter(pk=topic.pk).update(is_retired=True)
    assert "Retired since" in browser.get(form_of(item)).content.decode()
    assert fill_in(browser, form_of(item), title="New").status_code == 302
    assert list(item.topics.all()) == [topic]


def test_a_source_that_its_curator_may_not_know_of_stays_and_is_not_named(browser):
    theirs = ResourceFactory(owner__slug="london", title="Theirs")
    claim = ClaimFactory(resource=ResourceFactory(), source_resource=theirs, source_url="")
    assert "Theirs" not in browser.get(form_of(claim.resource)).content.decode()
    assert fill_in(browser, form_of(claim.resource), title="New").status_code == 302
    assert Claim.objects.get().source_resource == theirs


# What is known of a constraint without the database


@pytest.mark.parametrize(
    ("condition", "is_fulfilled"),
    [
        (Q(value="1"), True),
        (~Q(value="1"), False),
        (Q(value="2") | Q(order=3), True),
        (Q(value="2") & Q(order=3), False),
        (Q(source_resource=None), True),
        (Q(source_resource__isnull=False), False),
        (~(Q(value="2") | Q(order=4)), True),
        (Q(order__range=(1, 3)), True),
        (Q(order__range=(4, 9)), False),
        (Q(value__startswith="1"), None),
        (~Q(value__startswith="1"), None),
        (Q(order=3) | Q(value__startswith="1"), None),
    ],
)
def test_conditions_are_read_or_left_to_the_database(condition, is_fulfilled):
    assert parts.fulfils(Claim(value="1", order=3), condition) is is_fulfilled
