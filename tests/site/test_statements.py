"""What a page asks of the database: a literal number of statements, with one item and with many.

The edition is known, as it is for every request but the first after a change. A served page costs one more: the front
reads the edition, except for pages that read it themselves.
"""

import pytest

from tests.site.test_every_page import FILES, MANY, PAGES, content


@pytest.mark.parametrize("count", [1, MANY])
def test_a_page_costs_the_same_with_one_item_and_with_many(own_database, client, count, django_assert_num_queries):
    content(count)
    for path, statements in [*PAGES.values(), *((path, cost) for path, _, cost in FILES.values())]:
        client.get(path)
        with django_assert_num_queries(statements, info=path):
            assert client.get(path).status_code == 200
