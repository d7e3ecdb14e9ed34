"""The admin's lists stay quick when there is a great deal in them."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from resources.models import Resource
from tests.curation.test_admin import signed_in
from tests.factories import RegionFactory, curator

pytestmark = pytest.mark.django_db
LIST = "/admin/resources/resource/"
MANY = 20_000


def cost(browser, query=""):
    """Seconds that the quickest of five takes, database included, and how many statements."""
    took = []
    for _ in range(5):
        with CaptureQueriesContext(connection) as asked:
            started = time.perf_counter()
            assert browser.get(LIST + query).status_code == 200
            took.append(time.perf_counter() - started)
    return min(took), len(asked)


def fill(first, last):
    facts = {"owner": RegionFactory(slug="north-west"), "kind": "guide", "summary": "What it is."}
    Resource.objects.bulk_create(
        [Resource(title=f"Item {n}", slug=f"item-{n}", **facts) for n in range(first, last)], batch_size=2000
    )


QUERIES = ["", "?state__exact=draft&kind__exact=guide", "?q=item", "?o=1"]


def test_a_list_of_twenty_thousand_costs_less_than_ten_times_one_of_twenty():
    browser = signed_in(curator("north-west"))
    fill(0, 20)
    few = {query: cost(browser, query) for query in QUERIES}
    fill(20, MANY)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE resources_resource")
    many = {query: cost(browser, query) for query in QUERIES}
    for query in QUERIES:
        assert many[query][0] < 10 * few[query][0], query
        assert many[query][1] == few[query][1]
