"""Every kind of page in each of its states: WCAG 2.2 AA and good practice as axe knows them, from 1280 to 320 pixels.

Each page is loaded once and asked everything. That no cookie, foreign request, script error or refusal by the content
security policy came with it is asked of each test by `opened`.
"""

import pytest

from tests.browser import content, pages
from tests.browser.checks import resize, violations, wrong
from tests.browser.conftest import signed_in
from tests.browser.watch import watched


@pytest.mark.parametrize("name", pages.READERS)
def test_a_readers_page(portal, page, name):
    assert page.goto(pages.READERS[name]).status == 200
    assert wrong(page) == {}


@pytest.mark.parametrize("name", pages.PROBLEMS)
def test_a_problem_page(portal, page, name):
    path, status = pages.PROBLEMS[name]
    assert page.goto(path).status == status
    assert wrong(page) == {}


@pytest.mark.parametrize("name", pages.MADE)
def test_a_page_that_has_no_address(portal, page, name):
    show(page, pages.MADE[name]())
    assert wrong(page) == {}


def show(page, html):
    """Answer an address with *html*, under the headers that the portal sends with every page."""
    page.route("**/made/", lambda route: route.fulfill(response=route.fetch(), body=html, status=200))
    page.goto("/made/")


def test_pages_of_a_static_copy(chromium, static_copy):
    _, address = static_copy
    with watched(chromium, address) as opened:
        page = opened()
        found = {}
        for name, file in pages.COPIED.items():
            assert page.goto(address + file).status == 200
            assert page.get_by_role("region", name="Saved copy").is_visible()
            found[name] = wrong(page)
        assert {name: problems for name, problems in found.items() if problems} == {}
        page.goto(f"{address}index.html")
        page.get_by_role("link", name="A to Z of all resources").click()
        page.get_by_role("link", name="Being fair", exact=True).click()
        assert page.get_by_role("heading", level=1).text_content().endswith("Being fair")


@pytest.mark.parametrize("name", pages.PREVIEWS)
def test_a_preview(portal, curators_page, name):
    assert curators_page.goto(pages.PREVIEWS[name]()).status == 200
    assert curators_page.get_by_role("region", name="Draft preview").is_visible()
    assert wrong(curators_page) == {}


@pytest.mark.parametrize("name", pages.ADMIN)
def test_a_page_of_the_admin(portal, curators_page, name):
    assert curators_page.goto(pages.address(pages.ADMIN[name])).status == 200
    assert wrong(curators_page, by_django=True) == {}


@pytest.mark.parametrize("name", pages.NATIONAL_ADMIN)
def test_a_page_of_the_admin_that_national_curators_have(portal, opened, name):
    page = opened(cookies=signed_in(content.NATIONAL))
    assert page.goto(pages.address(pages.NATIONAL_ADMIN[name])).status == 200
    assert wrong(page, by_django=True) == {}


@pytest.mark.parametrize("name", ["your work", "resources", "add a resource", "published resource", "withdraw"])
def test_the_admin_in_the_dark(portal, opened, name):
    page = opened(cookies=signed_in(content.CURATOR), color_scheme="dark")
    page.goto(pages.address(pages.ADMIN[name]))
    assert violations(page) == []


def test_the_sign_in(portal, page):
    page.goto("/admin/")
    assert page.title().startswith("Sign in")
    assert wrong(page) == {}


@pytest.mark.parametrize("width", [1280, 375])
def test_an_open_autocomplete(portal, curators_page, width):
    page = curators_page
    resize(page, width)
    page.goto("/admin/resources/resource/add/")
    page.get_by_role("combobox", name="Publisher").press("Enter")
    page.get_by_role("searchbox", name="Publisher").fill("a")
    page.locator(".select2-results__option--highlighted").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("path", pages.EMPTY)
def test_a_page_before_there_is_content(empty_portal, page, path):
    assert page.goto(path).status == 200
    assert wrong(page, widths=(1280,)) == {}
