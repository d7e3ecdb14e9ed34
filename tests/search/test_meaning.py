"""The extra that weighs what sentences mean: with it, without it, and while not every document has a vector."""

import numpy as np
import pytest
from django.db import connection

from curation import actions
from resources.models import Resource
from search import documents, meaning
from search.models import Meaning, SearchDocument
from tests.factories import TESTER, ResourceFactory
from tests.search.test_search import found

pytestmark = pytest.mark.django_db
SUSPENDED = "Kept away from the ward during an investigation"
TABLES = "Work on tables and chairs"
ASKED = "sent home from work while they look into a complaint"


@pytest.fixture
def with_it(settings, django_capture_on_commit_callbacks):
    """`with with_it():` the extra is on, and what is saved is committed at the end."""
    settings.SEARCH_MEANING = True
    return lambda: django_capture_on_commit_callbacks(execute=True)


def library():
    ResourceFactory(state="published", title=TABLES, summary="Furniture for work at home.")
    ResourceFactory(state="published", title=SUSPENDED, summary="Staff told to stay off work after a complaint.")


def test_the_model_knows_what_is_alike():
    bench, chair, grievance = meaning.model()(["a bench to sit on", "a chair", "raising a formal grievance at work"])
    assert bench @ chair > 2 * (bench @ grievance)
    assert np.linalg.norm(bench) == pytest.approx(1, abs=1e-5)


def test_meaning_puts_the_first_answers_in_order(with_it, settings):
    with with_it():
        library()
    assert Meaning.objects.count() == 2
    assert found("home work")[0] == TABLES
    assert found(ASKED)[0] == SUSPENDED
    settings.SEARCH_MEANING = False
    assert found(ASKED)[0] == TABLES  # it has more of the words


def test_without_it_no_vector_is_made_or_read(settings, django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr(meaning, "model", lambda: pytest.fail("The model was loaded."))
    with django_capture_on_commit_callbacks(execute=True):
        library()
    assert found(ASKED)[0] == TABLES
    assert meaning.write() == 0
    assert not Meaning.objects.exists()


def test_documents_without_a_vector_are_found_all_the_same(with_it):
    library()
    assert found(ASKED)[0] == TABLES  # nothing has one yet
    with with_it():
        ResourceFactory(state="published", title="Complaint forms", summary="For work and home.")
    assert Meaning.objects.count() == 1
    assert set(found(ASKED)) == {TABLES, SUSPENDED, "Complaint forms"}


def test_a_text_that_changes_has_no_vector_until_it_is_read_again(with_it):
    with with_it():
        library()
    item = Resource.objects.get(title=SUSPENDED)
    before = bytes(Meaning.objects.get(document__title=SUSPENDED).vector)
    with with_it():
        Resource.objects.filter(pk=item.pk).update(summary="A recipe for onion soup.")
        documents.refresh(item)
        assert not Meaning.objects.filter(document__title=SUSPENDED).exists()
    assert bytes(Meaning.objects.get(document__title=SUSPENDED).vector) != before


def test_a_change_that_readers_of_the_text_do_not_see_keeps_it(with_it):
    with with_it():
        library()
    SearchDocument.objects.filter(title=SUSPENDED).update(tags="other words")
    assert Meaning.objects.count() == 2


def test_a_document_that_goes_takes_its_vector_along(with_it):
    with with_it():
        library()
    SearchDocument.objects.filter(title=TABLES).delete()
    assert Meaning.objects.count() == 1


def test_rebuilding_gives_a_vector_to_all_that_has_none(with_it):
    for n in range(20):
        ResourceFactory(state="published", title=f"Being fair {n}")
    assert not Meaning.objects.exists()
    assert documents.rebuild() == Meaning.objects.count() > 20
    assert meaning.write() == 0


def test_what_was_replaced_stays_below_what_replaced_it(with_it):
    with with_it():
        new = ResourceFactory(state="published", title="Onion soup", summary="With complaint and work.")
        old = ResourceFactory(state="published", title=SUSPENDED, summary="Sent home from work.")
        actions.supersede(old, by=TESTER, successor=new)
    assert found(ASKED) == ["Onion soup", SUSPENDED]


def test_the_exact_title_stays_first(with_it):
    with with_it():
        library()
        ResourceFactory(state="published", title="Complaint work", summary="Tables.")
    assert found("work complaint")[0] == "Complaint work"


def test_what_is_behind_the_first_stays_behind_in_the_order_of_words(with_it, settings, monkeypatch):
    monkeypatch.setattr(meaning, "FIRST", 1)
    with with_it():
        library()
        ResourceFactory(state="published", title="Complaint", summary="Nothing else.")
    asked = [found(ASKED)]
    assert len(asked[0]) == 3
    settings.SEARCH_MEANING = False
    assert found(ASKED) == asked[0]


def test_everything_can_be_thrown_away(with_it):
    with with_it():
        library()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE search_searchdocument")
    assert not Meaning.objects.exists()
