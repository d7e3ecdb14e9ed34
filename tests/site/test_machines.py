"""What machines ask the portal for."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from justculture import sitemap
from tests.factories import EventFactory, RegionFactory, ResourceFactory, SetFactory

pytestmark = pytest.mark.django_db
ATOM = {"a": "http://www.w3.org/2005/Atom"}
MAP = {"m": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def titles(client, address):
    feed = ElementTree.fromstring(client.get(address).content)
    return [entry.findtext("a:title", namespaces=ATOM) for entry in feed.findall("a:entry", ATOM)]


def test_the_feeds_hold_what_is_current_newest_first_with_the_lists_filters(client):
    midlands = RegionFactory(slug="midlands")
    ResourceFactory(state="published", title="First", kind="guide", regions=[midlands])
    ResourceFactory(state="published", title="Second", kind="report")
    for state in ["draft", "superseded", "withdrawn"]:
        ResourceFactory(state=state)
    assert titles(client, "/feeds/resources.atom") == ["Second", "First"]
    assert titles(client, "/feeds/resources.atom?kind=guide") == ["First"]
    SetFactory(state="published", title="Set", regions=[midlands])
    EventFactory(state="published", title="Event", is_sample=True)
    assert titles(client, "/feeds/principles.atom?region=midlands") == ["Set"]
    assert titles(client, "/feeds/principles.atom?region=london") == []
    assert titles(client, "/feeds/events.atom") == ["Sample: Event"]


def test_a_feed_stays_well_formed_whatever_a_curator_pasted(client):
    ResourceFactory(state="published", title="A\x0b & <b>", summary="\x01]]>")
    assert titles(client, "/feeds/resources.atom") == ["A  & <b>"]


def test_an_empty_feed_is_the_same_bytes_each_time(client):
    assert client.get("/feeds/events.atom").content == client.get("/feeds/events.atom").content


def test_addresses_in_feeds_and_sitemap_never_come_from_the_request(client, settings):
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://portal.example", ["another.example"]
    ResourceFactory(state="published")
    for address in ["/feeds/resources.atom", "/sitemap.xml", "/robots.txt", "/.well-known/security.txt", "/resources/"]:
        assert "another.example" not in client.get(address, headers={"host": "another.example"}).text


def test_the_sitemap_has_every_page_once_and_splits_when_it_is_long(client, monkeypatch):
    for _ in range(5):
        ResourceFactory(state="published")
    ResourceFactory()

    def places(address):
        tree = ElementTree.fromstring(client.get(address).content)
        return [place.text for place in tree.iter(f"{{{MAP['m']}}}loc")]

    whole = places("/sitemap.xml")
    assert len(whole) == len(set(whole)) == len(sitemap.LISTS) + 5 + 1  # resources and one region
    monkeypatch.setattr(sitemap, "MOST", 4)
    parts = places("/sitemap.xml")
    assert [part.rpartition("?")[2] for part in parts] == ["page=1", "page=2", "page=3", "page=4", "page=5"]
    assert [place for part in parts for place in places("/sitemap.xml?" + part.rpartition("?")[2])] == whole


def test_security_txt_is_valid_for_most_of_a_year_at_most(client, settings):
    settings.SERVICE_MAILBOX = "portal@example.nhs.uk"
    lines = dict(line.split(": ", 1) for line in client.get("/.well-known/security.txt").text.splitlines())
    assert lines["Contact"] == "mailto:portal@example.nhs.uk"
    ahead = datetime.fromisoformat(lines["Expires"]) - datetime.now(UTC)
    assert timedelta(days=150) < ahead < timedelta(days=365)
