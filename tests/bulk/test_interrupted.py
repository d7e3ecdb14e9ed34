"""An import that is stopped halfway leaves nothing behind, and nobody who reads waits for one that runs. What holds for
100,000 rows is drilled (tests/drills/test_bulk.py); this is the same with a few."""

import time
import tracemalloc

import pytest
from django.db import connection
from django.test import Client

from curation.people import Operator
from justculture.bulk.importing import import_content
from resources.models import Resource
from tests import databases
from tests.bulk.files import new
from tests.bulk.many import many_rows, write_csv
from tests.bulk.process import checksum, held, others, started
from tests.factories import OrganisationFactory, RegionFactory, ResourceFactory, TopicFactory
from tests.portal import LENIENT, eventually

PAGES = ["/", "/resources/", "/resources/kept/", "/search/?q=fair", "/feeds/resources.atom"]


@pytest.fixture
def portal(django_db_setup, django_db_blocker, worker_id):
    """A database of its own, where what is written is written for all to see."""
    name = f"bulk_{worker_id}"
    with django_db_blocker.unblock():
        connection.close()
        databases.create(name, connection.settings_dict["NAME"])
        with databases.using(name):
            RegionFactory()
            RegionFactory(slug="midlands")
            ResourceFactory(slug="kept", title="Fair play", state="published")
            yield
        databases.drop(name)


def test_readers_do_not_wait_for_an_import_and_killing_it_leaves_nothing_behind(portal, tmp_path):
    before = checksum()
    path = write_csv(tmp_path / "new.csv", (new(f"new-{number}", topics="") for number in range(300)))
    with held("search_searchdocument"), started(path, "--publish") as process:
        try:
            eventually(lambda: others("wait_event_type = 'Lock'") == 1, seconds=30)  # all is written but the index
            began = time.monotonic()
            assert [Client().get(page).status_code for page in PAGES] == [200] * len(PAGES)
            assert time.monotonic() - began < 5 * LENIENT
            assert checksum() == before
        finally:
            process.kill()
    eventually(lambda: others("query <> ''") == 0)
    assert checksum() == before


def test_another_try_after_that_imports_it_all(portal, tmp_path):
    path = write_csv(tmp_path / "new.csv", (new(f"new-{number}") for number in range(300)))
    with started(path, "--publish") as process:
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "300 new, 0 changed, 0 unchanged, 0 refused.\n")
    assert Resource.objects.current().count() == 301


@pytest.mark.django_db
def test_four_times_the_rows_need_no_more_memory(tmp_path):
    RegionFactory()
    RegionFactory(slug="midlands")
    names = {"topics": [TopicFactory().slug for _ in range(3)], "organisations": [OrganisationFactory().slug]}

    def peak(count, seed):
        path = write_csv(tmp_path / f"{count}.csv", many_rows(count, seed=seed, **names))
        tracemalloc.start()
        try:
            assert import_content(path, by=Operator("tests"), publish=True).refused == 0
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10, seed=1)  # what is made once
    assert peak(2400, seed=2) < 1.5 * peak(600, seed=3)
