"""The library's filters: what they leave, what they count, and the addresses they make."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from resources.browse import BrowseForm
from resources.library import positions
from resources.models import Resource
from search import index
from tests.factories import OrganisationFactory, RegionFactory, ResourceFactory, TopicFactory

pytestmark = pytest.mark.django_db


def browse(query):
    form = BrowseForm(RequestFactory().get(f"/resources/?{query}"))
    return form, [Resource.objects.get(pk=pk).title for pk in form.ids()]


def counts(form, name):
    facet = next(facet for facet in form.facets if facet.name == name)
    return {choice.value: count for choice, count in zip(facet.choices, facet.counts, strict=True)}


@pytest.fixture
def library():
    suspension, bullying = TopicFactory(slug="suspension"), TopicFactory(slug="bullying")
    north_west, midlands = RegionFactory(slug="north-west"), RegionFactory(slug="midlands")
    trust = OrganisationFactory(slug="trust")
    ResourceFactory(
        state="published", title="Guide A", kind="guide", topics=[suspension], regions=[north_west], audiences=["hr"]
    )
    ResourceFactory(
        state="published",
        title="Guide B",
        kind="guide",
        topics=[suspension, bullying],
        regions=[midlands],
        publisher=trust,
        published_on="2019",
    )
    ResourceFactory(
        state="published",
        title="Case C",
        kind="case_study",
        topics=[bullying],
        stage="pilot",
        regions=[north_west, midlands],
        audiences=["hr", "union_reps"],
        published_on="2024-05",
    )
    ResourceFactory(title="Draft", kind="guide", topics=[suspension])
    ResourceFactory(state="superseded", title="Old", kind="guide", topics=[suspension])
    ResourceFactory(state="withdrawn", title="Gone", kind="guide", topics=[suspension])


def test_without_choices_everything_current_is_listed_newest_first(library):
    assert browse("")[1] == ["Case C", "Guide B", "Guide A"]


def test_two_values_of_one_filter_mean_any_and_two_filters_mean_both(library):
    assert browse("topic=suspension&topic=bullying")[1] == ["Case C", "Guide B", "Guide A"]
    assert browse("topic=suspension&kind=guide")[1] == ["Guide B", "Guide A"]
    assert browse("region=midlands&audience=hr")[1] == ["Case C"]
    assert browse("publisher=trust&kind=case_study")[1] == []
    assert browse("stage=pilot")[1] == ["Case C"]


def test_each_choice_says_what_it_would_leave_under_the_other_filters(library):
    form, _ = browse("topic=bullying")
    assert counts(form, "kind") == {"case_study": 1, "guide": 1}
    assert counts(form, "topic") == {"suspension": 2, "bullying": 2}
    form, _ = browse("kind=case_study&topic=bullying")
    assert counts(form, "topic") == {"suspension": 0, "bullying": 1}


def test_an_unknown_choice_is_left_out_and_said(library):
    form, titles = browse("kind=poem&kind=guide&sort=backwards")
    assert titles == ["Guide B", "Guide A"]
    assert form.messages == [
        "We left out a choice under “Kind” that we do not know.",
        "We do not know that order, so we used the usual one.",
    ]


def test_orders(library):
    assert browse("sort=title")[1] == ["Case C", "Guide A", "Guide B"]
    assert browse("sort=published")[1] == ["Case C", "Guide B", "Guide A"]


def test_words_and_filters_go_together_best_match_first(library):
    form, titles = browse("q=guide+b")
    assert titles[0] == "Guide B"
    assert (form.sort, form.sort_choices[0]) == ("", ("", "Best match first"))
    assert browse("q=guide&sort=newest")[1][0] == "Guide B"
    assert browse("q=guide&topic=bullying")[1] == ["Guide B"]
    assert browse("q=xylophone")[1] == []


def test_links_keep_every_choice_in_one_order_and_drop_what_is_not_known(library):
    form, _ = browse("utm=1&region=midlands&kind=guide&kind=guide&kind=poem&page=7&q=fair+play")
    assert form.link(page=2) == "/resources/?q=fair+play&kind=guide&region=midlands&page=2"
    assert form.link() == "/resources/?q=fair+play&kind=guide&region=midlands"
    assert [chip.remove_link for chip in form.chosen] == [
        "/resources/?q=fair+play&region=midlands",
        "/resources/?q=fair+play&kind=guide",
    ]
    assert form.clear_link == "/resources/?q=fair+play"
    assert form.feed_link == "/feeds/resources.atom?q=fair+play&kind=guide&region=midlands"


@given(st.sets(st.integers(0, 5000)), st.integers(0, 400), st.none() | st.integers(0, 400))
def test_a_page_of_a_set_is_that_part_of_its_members(chosen, first, last):
    number = sum(1 << position for position in chosen)
    assert list(positions(number, first, last)) == sorted(chosen)[first:last]


def test_a_word_that_was_typed_wrong_is_repaired_in_the_library_too(client):
    ResourceFactory(state="published", title="Suspension of doctors", kind="guide")
    index.refresh_statistics()
    html = client.get("/resources/?q=suspention&kind=guide").content.decode()
    assert "Results for <strong>suspension</strong>" in html
    assert "Suspension of doctors" in html
    as_typed = client.get("/resources/?q=suspention&exact=1&kind=guide").content.decode()
    assert "/resources/?q=suspention&amp;exact=1&amp;kind=guide" in html
    assert "Suspension of doctors" not in as_typed
