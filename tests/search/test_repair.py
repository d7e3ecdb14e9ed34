"""A word that nothing has is led to the one that was meant, but never to what the reader may not see."""

from datetime import timedelta

import pytest
from django.utils import timezone

from resources.models import Resource
from search import index
from search.query import search
from tests.factories import ResourceFactory, WordGroupFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def library():
    ResourceFactory(state="published", title="Suspension of doctors")
    ResourceFactory(state="published", title="Steroid abuse", summary="A fair hearing")
    index.refresh_statistics()


def repairs(text, **how):
    return search(text, among=[Resource.objects.visible()], **how).repairs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("suspention", {"suspention": "suspension"}),
        ("suspention of docters", {"suspention": "suspension", "docters": "doctors"}),
        ("steriod", {"steriod": "steroid"}),
        ("Suspention", {"Suspention": "suspension"}),
        ("suspension", {}),
        ("suspended", {}),  # not written anywhere, but it finds "suspension"
        ("zyzzyva", {}),
        ("JLCC", {}),
        ("faer", {"faer": "fair"}),
    ],
)
def test_what_is_repaired(library, text, expected):
    assert repairs(text) == expected


def test_results_are_for_the_repaired_words_and_say_so(library):
    answers = search("suspention", among=[Resource.objects.visible()])
    assert (answers.typed.text, answers.question.text, len(answers)) == ("suspention", "suspension", 1)


def test_who_asks_for_it_as_typed_gets_it_as_typed(library):
    answers = search("suspention", among=[Resource.objects.visible()], as_typed=True)
    assert (answers.question.text, list(answers)) == ("suspention", [])


def test_nothing_is_repaired_that_has_answers_of_its_own(library):
    """A new word that was never counted is as good as any other."""
    ResourceFactory(state="published", title="Suspenson")
    assert repairs("suspenson") == {}


@pytest.mark.parametrize("facts", [{"state": "draft"}, {"state": "in_review"}, {"state": "withdrawn"}])
def test_no_word_of_what_is_not_public_is_offered(facts):
    ResourceFactory(title="Xylophone", body="Xylophones", **facts)
    index.refresh_statistics()
    assert repairs("xylophine") == {}


def test_a_word_of_a_scheduled_item_is_offered_from_its_moment_on(monkeypatch):
    moment = timezone.now() + timedelta(days=3)
    ResourceFactory(state="published", title="Xylophone", public_from_at=moment)
    index.refresh_statistics()
    assert repairs("xylophine") == {}
    monkeypatch.setattr("curation.querysets.timezone.now", lambda: moment)
    assert repairs("xylophine") == {"xylophine": "xylophone"}


def test_a_word_that_curators_know_is_not_taken_for_a_slip(library):
    WordGroupFactory(words=["steroyd", "suspension"])
    assert repairs("steroyd") == {}
    assert len(search("steroyd", among=[Resource.objects.visible()])) == 1
