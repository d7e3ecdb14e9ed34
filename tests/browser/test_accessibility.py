"""Every kind of page in each of its states: WCAG 2.2 AA and good practice as axe knows them, from 1280 to 320 pixels.

Each page is loaded once and asked everything. That no cookie, foreign request, script error or refusal by the content
security policy came with it is asked of each test by `opened`.
"""

from base64 import b32decode

import pytest
from django.conf import settings
from django_otp.oath import totp
from playwright.sync_api import expect

from curation import actions
from curation.accounts import password_link
from curation.models import Curator
from resources.models import Resource
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


@pytest.mark.parametrize("name", pages.ACCOUNTS_ADMIN)
def test_a_page_of_the_admin_that_administrators_of_accounts_have(portal, opened, name):
    page = opened(cookies=signed_in(content.ACCOUNTS))
    assert page.goto(pages.address(pages.ACCOUNTS_ADMIN[name])).status == 200
    assert wrong(page, by_django=True) == {}


def test_many_items_asked_about_at_once(portal, curators_page):
    page = curators_page
    page.goto("/admin/resources/resource/?o=1")
    page.get_by_role("checkbox", name="Select all objects on this page for an action").check()
    page.get_by_role("combobox", name="Action").select_option("submit")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Send for review:")
    assert wrong(page, by_django=True) == {}


def test_a_form_with_markdown_shown_and_parts_in_order(portal, curators_page):
    page = curators_page
    page.goto("/admin/events/event/add/")
    page.get_by_role("textbox", name="Description").fill("## Why\n\n- one\n\n> said")
    page.get_by_role("button", name="Preview of description").click()
    page.get_by_role("region", name="Preview of description").wait_for()
    for _ in range(2):
        page.get_by_role("button", name="Add another Session").click()
    assert wrong(page, by_django=True) == {}


def test_what_a_second_factor_asks_and_shows(own_portal, opened, settings):
    settings.SECOND_FACTOR = True
    page, found = opened(cookies=signed_in(content.CURATOR)), {}
    page.goto("/admin/")
    key = b32decode(padded(page.locator(".key").text_content().replace(" ", "")))
    found["set up"] = wrong(page)
    page.get_by_label("Code", exact=True).fill(f"{totp(key):06}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keep your recovery codes")
    found["recovery codes"] = violations(page)
    another = opened(cookies=signed_in(content.CURATOR))
    another.goto("/admin/")
    found["code"] = wrong(another)
    another.get_by_label("Code", exact=True).fill("123")
    another.keyboard.press("Enter")
    expect(another.get_by_text("That is not the code.").first).to_be_visible()
    found["wrong code"] = violations(another)
    assert {name: problems for name, problems in found.items() if problems} == {}


def padded(letters):
    return letters + "=" * (-len(letters) % 8)


def test_what_somebody_without_an_account_is_sent(own_portal, opened):
    """A preview by a link, and a page to choose a password on."""
    draft = Resource.objects.get(slug="our-draft")
    shared = actions.share_preview(draft, by=Curator.objects.get(email=content.CURATOR))
    person = Curator.objects.get(email=content.CURATOR)
    page, found = opened(), {}
    page.goto(shared.removeprefix(settings.SITE_URL))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Our draft")
    found["preview"] = wrong(page)
    page.goto(password_link(person).removeprefix(settings.SITE_URL))
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose your password")
    found["password"] = wrong(page)
    assert {name: problems for name, problems in found.items() if problems} == {}


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
