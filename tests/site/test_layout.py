"""The frame of every page: title, addresses, notices, and what machines read."""

import json
import re

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory


@pytest.fixture
def page():
    """The privacy page, which needs nothing from a view, at an address of choice."""

    def page(path="/privacy/", **context):
        return render_to_string("site/privacy.jinja", context, request=RequestFactory().get(path))

    return page


def titles(html):
    return re.findall(r"<title>([^<]*)</title>", html.split("<body>")[0])


def test_title_is_the_heading_and_the_name_of_the_service(page):
    assert titles(page()) == ["Privacy – Just and learning culture"]
    assert "<h1>Privacy</h1>" in page()
    assert '<html lang="en">' in page()


def test_title_names_the_page_of_a_list_from_the_second_on(page):
    assert titles(page(page_number=1, page_count=4)) == ["Privacy – Just and learning culture"]
    assert titles(page(page_number=2, page_count=4)) == ["Privacy (page 2 of 4) – Just and learning culture"]


def test_the_service_has_the_name_and_mailbox_it_is_given(page, settings):
    assert 'href="/about/#contact">Report a problem<' in page()
    settings.SERVICE_NAME = "Fairness & learning"
    settings.SERVICE_MAILBOX = "portal@example.org"
    html = page()
    assert titles(html) == ["Privacy – Fairness &amp; learning"]
    assert 'href="mailto:portal@example.org">Report a problem<' in html
    assert "Just and learning culture</a>" not in html


def test_canonical_address(page, settings):
    settings.SITE_URL = "https://portal.example"
    assert '<link rel="canonical" href="https://portal.example/privacy/">' in page("/privacy/?utm_source=x")
    assert '<link rel="canonical" href="https://portal.example/a/?b=1">' in page(canonical_path="/a/?b=1")


@pytest.mark.parametrize("reason", ["preview", "noindex"])
def test_what_is_not_to_be_found_names_no_address(page, reason):
    html = page(**{reason: True}, structured_data={"name": "x"})
    assert '<meta name="robots" content="noindex">' in html
    assert "canonical" not in html
    assert "og:" not in html.split("og:image")[0]
    assert "ld+json" not in html


def test_a_draft_and_a_sample_say_so(page):
    assert "Draft preview." in page(preview=True)
    assert "made-up content" in page(is_sample=True)
    assert "app-strip" not in page()


def test_structured_data(page):
    html = page(structured_data={"name": "</script>"})
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', html)[1]
    assert json.loads(data) == {"name": "</script>"}


def test_one_navigation_link_is_current():
    context = {"points": []}
    html = render_to_string("resources/starts.jinja", context, request=RequestFactory().get("/start/"))
    assert re.findall(r'href="([^"]*)" aria-current', html) == ["/start/"]


def test_a_page_with_its_own_search_box_has_one_only():
    context = {"starting_points": [], "newest": [], "regions": [], "next_events": []}
    html = render_to_string("site/home.jinja", context, request=RequestFactory().get("/"))
    assert html.count('type="search"') == 1
    assert html.count("<search") == 1
