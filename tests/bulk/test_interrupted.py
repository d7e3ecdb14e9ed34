"""An import that is stopped halfway leaves nothing behind, and nobody who reads waits for one that runs. What holds for
100,000 rows is drilled (tests/drills/test_bulk.py); this is the same with a few."""

import re
import time
from pathlib import Path

import pytest
from django.test import Client

from resources.models import Resource
from tests.bulk.files import new
from tests.bulk.many import many_rows, write_csv
from tests.bulk.process import checksum, held, others, started
from tests.factories import OrganisationFactory, RegionFactory, ResourceFactory, TopicFactory
from tests.portal import LENIENT, eventually

PAGES = ["/", "/resources/", "/resources/kept/", "/search/?q=fair&exact=1", "/feeds/resources.atom"]


@pytest.fixture
def portal(own_database):
    """What is written here is written for all to see."""
    RegionFactory()
    RegionFactory(slug="midlands")
    ResourceFactory(slug="kept", title="Fair play", state="published")


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


def test_three_times_the_rows_need_no_more_memory(portal, tmp_path):
    names = {"topics": [TopicFactory().slug for _ in range(3)], "organisations": [OrganisationFactory().slug]}
    few, many = (
        peak(write_csv(tmp_path / f"{count}.csv", many_rows(count, seed=count, **names))) for count in (4000, 12_000)
    )
    assert many - few < 20  # 8,000 rows at once would be some 60 MB more; 4,000 fill every batch


def peak(path):
    """The most memory that an import took, in megabytes."""
    most = 0
    with started(path, "--publish") as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            found = re.search(r"VmHWM:\s+(\d+) kB", status)  # not there any more in its last moment
            most = int(found.group(1)) / 1024 if found else most
            time.sleep(0.05)
    assert process.returncode == 0
    return most
