"""Every page: what is true of each public address, whatever is on it. A new address has no peace without its entry."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from curation import actions
from events.models import Session
from principles.models import Agreement, LineageLink
from resources.models import TopicName
from search import documents
from tests import addresses
from tests.factories import (
    TESTER,
    ClaimFactory,
    EventFactory,
    OrganisationFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    StartingPointFactory,
    StartingStepFactory,
    TopicFactory,
    version_of,
)

pytestmark = pytest.mark.django_db

MANY = 25  # more than one page of any list

PAGES = {  # HTML pages: an address with something on it, and its statements with one item and with many
    "home": ("/", 5),
    "about": ("/about/", 0),
    "accessibility": ("/accessibility/", 0),
    "privacy": ("/privacy/", 0),
    "resources:list": ("/resources/", 2),
    "resources:detail": ("/resources/one/", 3),
    "topics:list": ("/topics/", 2),
    "topics:detail": ("/topics/one/", 3),
    "starts:list": ("/start/", 1),
    "starts:detail": ("/start/one/", 4),
    "regions:list": ("/regions/", 4),
    "regions:detail": ("/regions/north-west/", 7),
    "principles:list": ("/principles/", 2),
    "principles:detail": ("/principles/one/", 7),
    "principles:version": ("/principles/one/versions/1/", 7),
    "events:list": ("/events/", 3),
    "events:past": ("/events/past/", 2),
    "events:detail": ("/events/one/", 5),
    "search:results": (
        "/search/?q=guide",
        9,
    ),  # two of them note it; one more for each further kind among the results of a page
}
FILES = {  # what machines ask for, its type, and its statements with one item and with many
    "resources:feed": ("/feeds/resources.atom", "application/atom+xml; charset=utf-8", 2),
    "principles:feed": ("/feeds/principles.atom", "application/atom+xml; charset=utf-8", 1),
    "events:feed": ("/feeds/events.atom", "application/atom+xml; charset=utf-8", 1),
    "search:suggest": ("/search/suggest/?q=one", "application/x-suggestions+json", 1),
    "search:description": ("/opensearch.xml", "application/opensearchdescription+xml; charset=utf-8", 0),
    "live": ("/health/live/", "application/json", 0),
    "ready": ("/health/ready/", "application/json", 1),
    "sitemap": ("/sitemap.xml", "application/xml; charset=utf-8", 12),
    "robots": ("/robots.txt", "text/plain; charset=utf-8", 0),
    "security": ("/.well-known/security.txt", "text/plain; charset=utf-8", 0),
}
WITH_A_KEY = {"preview", "choose-password", "link"}
EVERY_PATH = [path for path, *_ in [*PAGES.values(), *FILES.values()]]
WITHOUT_ANYTHING = [path for path in EVERY_PATH if "one/" not in path and "north-west" not in path]
LATER = [  # addresses of the contract that other issues build
    *("/principles/compare/", "/principles/lineage/", "/principles/one.odt", "/principles/one.docx"),
    *("/principles/one.json", "/events/one.ics", "/events/calendar.ics", "/events/month/2026-11/"),
    *(
        "/events/one/offer/",
        "/link/token/",
        "/feedback/",
        "/freshness/",
        "/components/",
    ),
]


def item(n, region, publisher, topic, **facts):
    """One of each kind of content, complete in every part that a page shows."""
    slug = "one" if n == 0 else f"one-{n}"
    given = {"slug": slug, "title": f"One {n}", "state": "published", "regions": [region], **facts}
    resource = ResourceFactory(**given, publisher=publisher, topics=[topic], audiences=["hr"], stage="pilot")
    resource.partners.add(publisher)
    ClaimFactory(resource=resource)
    sets = SetFactory(**given, publisher=publisher)
    event = EventFactory(**given, organiser=publisher)
    day = timezone.now() - timedelta(days=30)
    past = EventFactory(
        **given | {"slug": f"past-{n}"}, organiser=publisher, starts_at=day, ends_at=day + timedelta(hours=1)
    )
    return resource, sets, event, past


def content(count):
    """*count* of everything: items in each list, and parts on each page."""
    region, first = RegionFactory(slug="north-west"), None
    RegionFactory(slug="national")
    for n in range(count):
        publisher = OrganisationFactory(slug=f"organisation-{n}")
        topic = TopicFactory(slug="one" if n == 0 else f"one-{n}", name=f"One {n}")
        point = StartingPointFactory(slug="one" if n == 0 else f"one-{n}")
        for thing in (region, topic, point):
            documents.refresh(thing)
        made = item(n, region, publisher, topic)
        first = first or (*made, point)
        parts(n, first, made, publisher, topic)
    item_one, principle_set = first[0], first[1]
    version_of(principle_set, *[f"Principle {n}" for n in range(count)])
    newest = version_of(principle_set, *[f"Principle {n}" for n in range(count)])
    for side in ["management", "staff"][: min(count, 2)]:
        Agreement.objects.create(version=newest, side=side, source_title="The minutes")
    actions.mark_reviewed(item_one, by=TESTER)


def parts(n, first, made, publisher, topic):
    """One more of each part on the page of the first of each kind."""
    resource, principle_set, event, _, point = first
    RegionFactory(slug=f"region-{n}")
    TopicName.objects.create(topic=topic, name="Another name")
    if n < 3:
        StartingStepFactory(point=point, order=n + 1, resource=made[0])
    session = Session.objects.create(event=event, title="What there is", presenter=publisher)
    session.resources.add(made[0])
    session.sets.add(made[1])
    resource.topics.add(topic)
    ClaimFactory(resource=resource, source_url="", source_resource=made[0])
    LineageLink.objects.create(descendant_set=principle_set, source_organisation=publisher)
    LineageLink.objects.create(descendant_resource=resource, source_resource=made[0])
    LineageLink.objects.create(descendant_set=made[1], source_set=principle_set)


class Outline(HTMLParser):
    """What every page must have, read as a browser reads it."""

    def __init__(self, html):
        super().__init__()
        self.inside, self.texts, self.tags = [], {}, []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag in {"h1", "title"}:
            self.inside.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside[-1]][-1] += data

    def all(self, tag, **attributes):
        return [found for name, found in self.tags if name == tag and attributes.items() <= found.items()]


def test_every_public_address_has_its_entry():
    assert PAGES.keys() | FILES.keys() | WITH_A_KEY == addresses.public()


def test_every_address_answers_before_anything_is_written(client):
    assert {path: client.get(path).status_code for path in WITHOUT_ANYTHING} == dict.fromkeys(WITHOUT_ANYTHING, 200)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_complete(client, name):
    content(1)
    path, _ = PAGES[name]
    response = client.get(path)
    page = Outline(response.content.decode())
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.all("html") == [{"lang": "en"}]
    (title,), (heading,) = page.texts["title"], page.texts["h1"]
    first, _, service = title.rpartition(" – ")
    assert service == "Just and learning culture"
    assert " ".join(heading.split()).endswith(first)
    if name == "search:results":
        assert page.all("meta", name="robots") == [{"name": "robots", "content": "noindex"}]
    else:
        assert page.all("link", rel="canonical") == [{"rel": "canonical", "href": settings.SITE_URL + path}]
        (description,) = page.all("meta", name="description")
        assert description["content"]
    assert len(page.all("main", id="maincontent")) == 1
    assert page.all("a", href="#maincontent")


def test_a_page_further_on_says_which_it_is_and_where_it_belongs(client):
    content(MANY)
    for path in ["/resources/?page=2", "/events/past/?page=2", "/search/?q=one&page=2"]:
        page = Outline(client.get(path).content.decode())
        assert re.search(r" \(page 2 of \d+\) – Just and learning culture$", page.texts["title"][0])
        if "search" not in path:
            assert page.all("link", rel="canonical") == [{"rel": "canonical", "href": settings.SITE_URL + path}]


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"])
def test_readers_pages_are_for_reading(verb):
    content(1)
    client = Client(enforce_csrf_checks=True)  # as everyone's browser is treated
    for path in EVERY_PATH:
        response = client.generic(verb, path)
        assert (path, response.status_code, "GET" in response.headers["Allow"]) == (path, 405, True)


def test_what_a_later_issue_owns_is_not_found_until_then(client):
    content(1)
    assert {path: client.get(path).status_code for path in LATER} == dict.fromkeys(LATER, 404)


def test_no_page_asks_anything_of_a_third_party(client):
    content(1)
    for path, *_ in PAGES.values():
        page = Outline(client.get(path).content.decode())
        asked = [found.get("src") for found in page.all("script") + page.all("img") if found.get("src")]
        asked += [
            found["href"] for found in page.all("link") if found["rel"] not in {"canonical", "alternate", "search"}
        ]
        assert [address for address in asked if not address.startswith("/static/")] == []


def test_what_is_counted_and_what_is_tied_to_an_item_keep_their_order(client):
    """Whatever the order of the rows on the disk, which changes with each edit and with a restore."""
    made = [TopicFactory(name=name, slug=name.lower()) for name in ("Willow", "Ash", "Oak", "Elm", "Yew")]
    regions = [RegionFactory(slug=slug, order=order) for order, slug in enumerate(("wales", "anglia", "kent"))]
    ResourceFactory(slug="one", state="published", topics=made, regions=regions)
    by_name = ["Ash", "Elm", "Oak", "Willow", "Yew"]
    assert [topic.name for topic in client.get("/topics/").context_data["topics"]] == by_name
    assert [topic.name for topic in client.get("/resources/one/").context_data["topics"]] == by_name
    listed = [region.slug for region in client.get("/regions/").context_data["regions"]]
    assert [slug for slug in listed if slug in {"wales", "anglia", "kent"}] == ["wales", "anglia", "kent"]
