"""The index says what the documents say, whoever wrote them and in whatever order."""

import random
import threading
import time

import pytest
from django.db import connection

from curation import actions
from resources.models import Resource
from search import documents, index, meaning
from search.models import SearchDocument
from tests.factories import TESTER, ResourceFactory

EXPECTED = "SELECT p.term, d.id, p.frequency, p.length FROM search_searchdocument AS d, search_postings(d.vector) AS p"


def rows(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return sorted(cursor.fetchall())


def postings():
    return rows("SELECT term, document_id, frequency, length FROM search_posting")


def known():
    return {word for (word,) in rows("SELECT word FROM search_word")}


@pytest.mark.django_db
def test_a_word_in_the_title_counts_twice():
    ResourceFactory(state="published", title="Suspension", summary="Suspension again", body="and more", kind="guide")
    (document,) = SearchDocument.objects.filter(title="Suspension")
    said = {term: (often, length) for term, pk, often, length in postings() if pk == document.pk}
    assert said["suspens"][0] == 3
    assert {length for _, length in said.values()} == {sum(often for often, _ in said.values())}


@pytest.mark.django_db
def test_postings_follow_a_document_that_is_written_changed_and_dropped():
    item = ResourceFactory(state="published", title="Heron", body="Some words")
    assert postings() == rows(EXPECTED)
    Resource.objects.filter(pk=item.pk).update(title="Kestrel")
    documents.refresh(item)
    assert "heron" not in {row[0] for row in postings()}
    assert postings() == rows(EXPECTED)
    SearchDocument.objects.filter(object_id=item.pk).update(body="By other ways")
    assert "way" in {row[0] for row in postings()}
    actions.withdraw(item, by=TESTER, reason="It is wrong.")
    assert "kestrel" not in {row[0] for row in postings()}
    assert postings() == rows(EXPECTED)
    SearchDocument.objects.all().delete()
    assert postings() == []


@pytest.mark.django_db
def test_what_was_spoilt_by_hand_is_put_right_by_a_rebuild():
    for n in range(3):
        ResourceFactory(state="published", title=f"Item {n}")
    documents.rebuild()
    right = postings()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM search_posting WHERE term = 'item'")
        cursor.execute("INSERT INTO search_posting VALUES ('nonsens', 987654, 1, 1)")
        cursor.execute("UPDATE search_posting SET frequency = 99 WHERE term = (SELECT min(term) FROM search_posting)")
    documents.rebuild()
    assert postings() == right
    assert index.mend() == 0


@pytest.mark.django_db
def test_counting_says_in_how_many_documents_a_word_is():
    for title in ["Heron", "Heron and kestrel", "Kestrels"]:
        ResourceFactory(state="published", title=title, summary="")
    index.refresh_statistics()
    assert {("heron", 2), ("kestrel", 2)} <= set(rows("SELECT term, documents FROM search_term"))
    assert {("kestrel", 1), ("kestrels", 1)} <= set(rows("SELECT word, documents FROM search_word"))
    counted = rows("SELECT documents, length FROM search_statistics")
    assert counted[0][0] == SearchDocument.objects.count()
    SearchDocument.objects.all().delete()
    index.refresh_statistics()
    assert rows("SELECT term, documents FROM search_term") == rows("SELECT word, documents FROM search_word") == []


@pytest.mark.django_db
def test_a_new_word_is_known_when_its_item_is_public(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ResourceFactory(state="published", title="Heronry", body="Ref. AB-12/3 and x1y2")
        ResourceFactory(state="draft", title="Bittern")
    assert "heronry" in known()
    assert "bittern" not in known()
    assert not any(character.isdigit() for word in known() for character in word)


@pytest.mark.django_db
def test_many_at_once_are_counted_once(django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr(documents, "BATCH", 2)
    for n in range(5):
        ResourceFactory(state="published", title=f"Heron {n}")
    SearchDocument.objects.all().delete()
    with django_capture_on_commit_callbacks() as later:
        documents.refresh_all(Resource.objects.all())
    assert later == [index.refresh_statistics]


def test_edits_and_rebuilds_at_the_same_time_leave_what_a_fresh_rebuild_makes(own_database):
    pks = [ResourceFactory(state="published", title=f"Item {n}").pk for n in range(6)]
    until, problems = time.monotonic() + 4, []

    def again_and_again(act):
        try:
            while time.monotonic() < until:
                act()
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    def edit():
        item = Resource.objects.get(pk=random.choice(pks))
        Resource.objects.filter(pk=item.pk).update(title=" ".join(random.choices(["heron", "kestrel", "owl"], k=3)))
        documents.refresh(item)

    def come_and_go():
        item = ResourceFactory(state="published", title="Passing " + random.choice(["owl", "wren", "robin"]))
        actions.withdraw(item, by=TESTER, reason="It has gone.")

    acts = [edit, edit, come_and_go, documents.rebuild, index.refresh_statistics]
    threads = [threading.Thread(target=again_and_again, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert postings() == rows(EXPECTED)
    kept = sorted(SearchDocument.objects.values_list("kind", "object_id", "title", "tags", "summary", "body"))
    documents.rebuild()
    assert index.mend() == 0
    assert kept == sorted(SearchDocument.objects.values_list("kind", "object_id", "title", "tags", "summary", "body"))
    before = rows("TABLE search_term"), rows("TABLE search_word")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE search_term, search_word, search_statistics")
    index.refresh_statistics()
    assert before == (rows("TABLE search_term"), rows("TABLE search_word"))


def test_of_a_text_that_somebody_is_changing_no_vector_is_written(own_database, settings):
    ResourceFactory(state="published", title="Being fair")
    pk = SearchDocument.objects.get(title="Being fair").pk
    settings.SEARCH_MEANING = True
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("UPDATE search_searchdocument SET summary = 'Onion soup.' WHERE id = %s", [pk])
            assert meaning.write([pk]) == 0
            cursor.execute("COMMIT")
    finally:
        other.close()
    assert meaning.write([pk]) == 1
    assert meaning.write([pk]) == 0
