"""Every item of the page that this portal began with is found again: in three clicks from home, and by one search."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client

FOUNDING = {  # the words it goes by there, and where it is now
    "When it’s okay to tell the boss bad news": "/resources/mersey-care-just-and-learning-culture/",
    "Just and learning culture – online learning": "/resources/mersey-care-online-learning/",
    "Just and learning culture in the North West – guiding principles": "/principles/north-west/",
    "Just culture guide": "/resources/a-just-culture-guide/",
    "Being fair report": "/resources/being-fair/",
    "A just culture network": "/resources/a-just-culture-network/",
    "Working in partnership to influence compassionate case work": "/resources/compassionate-case-work/",
    "Yorkshire and Humber principles": "/principles/yorkshire-and-humber/",
    "North East and North Cumbria": "/principles/north-east-and-north-cumbria/",
    "Northumbria University course": "/resources/restorative-just-culture-course/",
    "just culture framework": "/resources/just-culture-assessment-framework/",
}
REPLACED = "/resources/a-just-culture-guide/"


class Links(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "a" and (href := dict(attrs).get("href")):
            self.found.append(href)


def links(client, path):
    response = client.get(path)
    if not response["Content-Type"].startswith("text/html"):
        return set()
    found = {urlsplit(urljoin(path, href)) for href in Links(response.content.decode()).found}
    return {f"{to.path}?{to.query}" if to.query else to.path for to in found if to.scheme == to.netloc == ""}


@pytest.fixture
def reader(portal):
    return Client()


def test_each_item_is_three_clicks_away(reader):
    seen, edge = {"/"}, {"/"}
    for _ in range(2):
        edge = {link for path in edge for link in links(reader, path)} - seen
        seen |= edge
    third = {link for path in edge for link in links(reader, path)}
    assert set(FOUNDING.values()) - seen - third == set()


@pytest.mark.parametrize("words", [words for words, path in FOUNDING.items() if path != REPLACED])
def test_each_item_is_one_search_away(reader, words):
    """But for what has been replaced: a search offers everything current before it."""
    assert FOUNDING[words] in links(reader, f"/search/?q={words}")


def test_what_replaced_the_just_culture_guide_is_one_click_from_it(reader):
    html = reader.get(REPLACED).content.decode()
    assert re.search(r'Use <a href="/resources/being-fair-tool/">Being fair tool</a> instead', html)
