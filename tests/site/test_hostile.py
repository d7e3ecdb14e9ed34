"""What nobody means well by: each gets a friendly 4xx or an empty result, and is never a fault of ours.

Django's test client raises what a view does not catch, so a 500 fails its test with the reason.
"""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from curation.models import Content
from events.models import Event
from justculture.csp import INLINE_SCRIPT
from resources.models import Resource
from search import documents
from search.models import SearchDocument
from search.query import Match, marked
from search.query import documents as extracts
from search.question import Question
from tests import addresses
from tests.factories import (
    PASSWORD,
    ResourceFactory,
    SetFactory,
    curator,
    version_of,
)
from tests.hostile import DETAILS, LISTS, MARKUP, SHOWN, store

pytestmark = pytest.mark.django_db

FEEDS = ["/feeds/resources.atom", "/feeds/principles.atom", "/feeds/events.atom"]
PARAMETERS = ["q", "kind", "topic", "audience", "region", "publisher", "stage", "sort", "set"]


@pytest.fixture
def signed_in():
    client = Client()
    client.force_login(curator("national"), backend="django.contrib.auth.backends.ModelBackend")
    return client


# Addresses

SLUGS = [
    *("never", "UPPER", "a" * 5000, "-", "1", "..", "%2e%2e%2fetc", "a%20b", "%E2%80%AE", "%FF%FE", "<script>"),
    *("'--", "%0d%0a", "%25", "a;b", "𝕒"),
]
NUMBERS = ["0", "-1", "99", "1000000000", "9" * 400, "NaN", "1.0", "1e3", "٣", "１", " 1", "1;2", "one", "0x1", "+1"]


@pytest.mark.parametrize("address", DETAILS)
def test_an_unknown_slug_is_not_found(client, address):
    assert {slug: client.get(address.format(slug)).status_code for slug in SLUGS} == dict.fromkeys(SLUGS, 404)


def test_an_absurd_version_number_is_not_found(client):
    version_of(SetFactory(slug="set", state="published"), "Be kind")
    assert client.get("/principles/set/versions/1/").status_code == 200
    for number in {*NUMBERS} - {"１"}:  # full-width digits are digits to Python; there is no harm in them
        assert (number, client.get(f"/principles/set/versions/{number}/").status_code) == (number, 404)


@pytest.mark.parametrize("path", ["/resources/", "/events/past/", "/search/?q=item", "/sitemap.xml"])
def test_an_absurd_page_number_is_not_found(client, path):
    ResourceFactory(state="published")
    for number in [*NUMBERS, ""]:
        address = f"{path}{'&' if '?' in path else '?'}page={quoted(number)}"
        assert (number, client.get(address).status_code) == (number, 404)


def test_a_number_beyond_any_row_is_not_found(signed_in):
    for path in ["/preview/resources.resource/{}/", "/admin/resources/resource/{}/publish/"]:
        assert signed_in.get(path.format("9" * 30)).status_code == 404


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_number_that_is_none_leads_nowhere_in_the_admin(signed_in, page):
    for number in ["9" * 30, "one", "_00", "1.5", "-1", "%FF"]:
        for verb in (signed_in.get, signed_in.post):
            assert verb(f"/admin/resources/resource/{number}/{page}/").status_code in {302, 403, 404}


# Parameters

VALUES = [
    *("never", "", " ", "'", "';drop table resources_resource;--", "[]", "a\tb", "\u202eabc", "😀", "\ud800", "%"),
    "x" * 60_000,
]


def quoted(value):
    """Percent-encoded as a rude client would: anything goes, lone surrogates included."""
    return "".join(f"%{byte:02x}" for byte in value.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("path", [*LISTS, *FEEDS, "/search/"])
def test_a_bad_filter_is_left_out(client, path):
    ResourceFactory(state="published")
    for value in VALUES:
        query = "&".join(f"{name}={quoted(value)}" for name in PARAMETERS)
        assert client.get(f"{path}?{query}").status_code == 200


def test_what_is_no_utf_8_is_no_fault(client):
    for query in ["q=%FF%FE", "kind=%C3%28", "q=%ED%A0%80", "q=%F4%90%80%80", "%FF=%FF", "topic=%80"]:
        for path in [*LISTS, *FEEDS, "/search/"]:
            assert client.get(f"{path}?{query}").status_code == 200


def test_repeated_odd_and_countless_parameters_are_no_fault(client):
    ResourceFactory(state="published")
    for query in [
        "q=a&q=b&page=1&page=1",
        "kind[]=guide&__proto__=1&constructor=1&kind.=guide",
        "kind=guide&" * 900,
        "&&&===&?&;",
        "sort=title&sort=newest",
    ]:
        assert client.get(f"/resources/?{query}").status_code == 200


def test_two_thousand_parameters_are_refused_or_read(client):
    for path in ["/resources/", "/search/", "/"]:
        assert client.get(f"{path}?{'kind=guide&' * 2000}").status_code in {200, 400}


@pytest.mark.parametrize("path", ["/search/", "/resources/", "/feeds/resources.atom"])
def test_a_huge_question_is_read_as_far_as_its_limit(client, path):
    ResourceFactory(state="published", title="Heron")
    for size in [4_000, 64_000, 1_000_000]:
        assert client.get(path, {"q": "heron " * (size // 6)}).status_code == 200


SYNTAX = [
    *("-" * 33, "- " * 40, "-a" * 40, "'", '"', '"unbalanced', "a & | !", "<->", ":*", "a:*b", "!!", "(", ")))", "OR"),
    *("OR OR", "AND", "\\", "\\'", "%s %(x)s", "$1", "{{7*7}}", "<b>", "&amp;", "' OR 1=1 --", "a" * 500),
    *("word " * 300, "\u202e", "\u200b", "\ufeff", "\ufffe", "\x02\x03", "\x7f", "\r\n", "İ", "ß", "ﬁ", "😀"),
    "e\u0301" * 200,
]


@pytest.mark.parametrize("path", ["/search/", "/resources/", "/feeds/resources.atom"])
def test_nothing_that_is_searched_for_is_an_error(client, path):
    ResourceFactory(state="published")
    for words in SYNTAX:
        assert (words, client.get(path, {"q": words}).status_code) == (words, 200)


STORABLE = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=80)  # of what is in the database
ANYTHING = st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=80)
EXAMPLES = hypothesis_settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(words=ANYTHING, number=st.none() | ANYTHING)
@EXAMPLES
def test_any_text_at_all_may_be_searched_for(client, words, number):
    query = f"q={quoted(words)}" + (f"&page={quoted(number)}" if number is not None else "")
    assert client.get(f"/search/?{query}").status_code in ({200} if number is None else {200, 404})


@given(choices=st.lists(st.tuples(st.sampled_from(PARAMETERS), ANYTHING), max_size=6))
@EXAMPLES
def test_any_text_at_all_may_be_a_filter(client, choices):
    query = "&".join(f"{name}={quoted(value)}" for name, value in choices)
    assert client.get(f"/resources/?{query}").status_code == 200


# NUL bytes, verbs, hosts, bodies


def test_a_nul_byte_is_refused(client):
    for address in [
        *("/search/?q=%00", "/search/?q=a%00b", "/search/?%00=a", "/resources/?kind=guide%00", "/%00"),
        *("/resources/a%00b/", "/feeds/events.atom?region=%00", "/events/?region=%00", "/static/%00"),
        "/health/live/?%00",
    ]:
        assert (address, client.get(address).status_code) == (address, 400)


def test_a_nul_byte_is_refused_in_the_admin_too(signed_in):
    for address in [
        "/admin/autocomplete/?app_label=resources&model_name=claim&field_name=source_resource&term=%00",
        "/admin/resources/resource/?q=%00",
        "/admin/resources/resource/%00/change/",
        "/preview/resources.resource%00/1/",
    ]:
        assert (address, signed_in.get(address).status_code) == (address, 400)


def test_a_nul_byte_in_a_form_is_said_beside_its_field(signed_in):
    page = signed_in.post("/admin/resources/resource/add/", {"title": "a\0b", "slug": "a\0b", "summary": "\0"})
    assert {"title", "slug", "summary"} <= page.context_data["adminform"].form.errors.keys()
    item = ResourceFactory(state="published")
    page = signed_in.post(f"/admin/resources/resource/{item.pk}/rename/", {"slug": "a\0b", "note": "\0"})
    assert page.context_data["form"].errors.keys() == {"slug", "note"}
    page = Client().post("/admin/login/", {"username": "a\0b", "password": "a\0b"})
    assert page.context_data["form"].errors.keys() == {"username", "password"}


def test_a_strange_cookie_is_no_fault():
    long = "session=" + "a" * 16_000
    for cookie in ["session=a\0b", "session=\xff", "csrf=\xff\xfe", long, "=;;=", "a", "session=;session=1"]:
        assert Client().get("/", HTTP_COOKIE=cookie).status_code == 200
        assert Client().get("/admin/", HTTP_COOKIE=cookie).status_code == 302


@pytest.mark.parametrize("verb", ["TRACE", "TRACK", "CONNECT", "PUT", "PATCH", "DELETE", "PROPFIND", "X" * 500, "GE T"])
def test_other_verbs_are_refused(client, verb):
    for path in ["/", "/resources/", "/admin/", "/admin/login/", "/static/nothing.css", "/feeds/events.atom"]:
        response = client.generic(verb, path)
        assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")


def test_a_foreign_host_is_refused(client):
    for host in ["evil.example", "testserver.evil.example", "testserver@evil.example", "a b", "", "[", "testserver:x"]:
        for path in ["/", "/admin/login/", "/feeds/resources.atom", "/health/live/", "/static/nothing.css"]:
            assert (host, path, client.get(path, headers={"host": host}).status_code) == (host, path, 400)


def test_a_forwarded_host_is_not_believed(client):
    ResourceFactory(state="published", slug="one")
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "forwarded": "host=evil.example"}
    for path in ["/", "/resources/one/", "/feeds/resources.atom", "/sitemap.xml"]:
        assert client.get(path, headers=forged).content == client.get(path).content


def test_a_broken_body_is_no_fault(signed_in):
    form, parts = "application/x-www-form-urlencoded", "multipart/form-data"
    for body, kind in [
        (b"\xff\xfe\x00", form),
        (b"a=%ff&b=%00", form),
        (b"username=a", f"{form}; charset=no-such-charset"),
        (b"a=1&" * 5000, form),
        (b"--x\r\nbroken", f"{parts}; boundary=x"),
        (b"", parts),
        (b"", f"{parts}; boundary="),
        (b"{", "application/json"),
    ]:
        for path in ["/admin/login/", "/admin/resources/resource/add/"]:
            assert signed_in.generic("POST", path, body, content_type=kind).status_code in {200, 302, 400}


@pytest.mark.parametrize(
    "following",
    ["//evil.example/", "https://evil.example/", "\\\\evil.example", "javascript:alert(1)", "https:evil.example"],
)
def test_signing_in_leads_nowhere_else(following):
    person = curator("north-west")
    answer = Client().post("/admin/login/", {"username": person.email, "password": PASSWORD, "next": following})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("admin:index"))


def test_the_admins_lists_take_any_query(signed_in):
    ResourceFactory(state="published")
    for query in [
        *("p=-1", "p=9999999999", "p=one", "o=1.2.3", "o=99", "o=-x", "q=" + "%27" * 200, "state__exact=%27"),
        *("owner__id__exact=x", "owner__password__startswith=p", "superseded_by__title__contains=a"),
        *("no_such_field=1", "all=", "e=1", "_to_field=slug", "_facets=1", "_popup=1"),
    ]:
        assert signed_in.get(f"/admin/resources/resource/?{query}").status_code in {200, 302, 400}


def test_the_admins_choices_take_any_query(signed_in):
    for query in [
        *("", "term=a", "app_label=no&model_name=no&field_name=no"),
        "app_label=resources&model_name=resource&field_name=title",
        "app_label=curation&model_name=curator&field_name=password&term=a",
        "app_label=resources&model_name=claim&field_name=",
    ]:
        assert signed_in.get(f"/admin/autocomplete/?{query}").status_code in {403, 404}


# What someone stored


class Page(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and the text of its scripts."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.scripts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append((dict(attributes), ""))

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] == "script" and self.scripts[-1][1] == "":
            self.scripts[-1] = (self.scripts[-1][0], data)


@pytest.fixture
def hostile():
    store()


def harmless(html):
    """No script but ours, no handler, no address but http, https, mailto and our own, nothing from elsewhere."""
    page = Page(html)
    for attributes, text in page.scripts:
        if attributes.get("type") == "application/ld+json":
            json.loads(text)
        else:
            assert text == INLINE_SCRIPT or attributes["src"].startswith("/static/"), (attributes, text)
    for tag, attributes in page.elements:
        assert tag not in {"iframe", "object", "embed", "img", "style", "base"}, tag
        assert [name for name in attributes if name.startswith("on")] == [], (tag, attributes)
        for name in ("href", "src", "action", "formaction"):
            address = attributes.get(name) or "/"
            assert address.startswith(("/", "#", "?", "http://", "https://", "mailto:")), (tag, attributes)
            assert not address.startswith("//"), (tag, attributes)
            assert "evil.example" not in address, (tag, attributes)
    return page


def test_stored_markup_is_text_on_every_page(client, hostile):
    for path in SHOWN:
        page = client.get(path)
        html = page.content.decode()
        assert (path, page.status_code) == (path, 410 if "gone" in path else 200)
        assert (path, "alert(1)" in html, " 49 " in html) == (path, True, False)
        harmless(html)


def test_structured_data_says_what_was_stored_and_ends_nothing(client, hostile):
    for path, model in [("/resources/one/", Resource), ("/events/one/", Event)]:
        scripts = Page(client.get(path).content.decode()).scripts
        (data,) = [json.loads(text) for found, text in scripts if found.get("type") == "application/ld+json"]
        item = model.objects.get(slug="one")
        assert (data["name"], data["description"]) == (item.title, item.summary)


def test_feeds_are_well_formed_and_hold_text_only(client, hostile):
    for path in [*FEEDS, "/sitemap.xml"]:
        for element in ElementTree.fromstring(client.get(path).content).iter():
            assert element.tag.startswith(("{http://www.w3.org/2005/Atom}", "{http://www.sitemaps.org/"))
            assert element.attrib.get("href", "http://").startswith("http://")


def test_stored_markup_is_text_in_the_admin(client, hostile):
    client.force_login(curator("national", name=MARKUP[:90]), backend="django.contrib.auth.backends.ModelBackend")
    paths = ["/admin/"]
    for model in apps.get_models():
        row = model._base_manager.first() if issubclass(model, Content) else None
        label = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if row and f"{label}_change" in addresses.of_admin():
            paths.append(reverse(f"{label}_changelist"))
            paths += [reverse(f"{label}_{page}", args=[row.pk]) for page in ("change", "history")]
    assert len(paths) > 20
    for path in paths:
        page = Page(client.get(path).content.decode())
        assert [
            text for found, text in page.scripts if not found.get("src") and "json" not in found.get("type", "")
        ] == []
        for tag, found in page.elements:
            assert [name for name in found if name.startswith("on")] == [], (path, tag, found)
            assert not (found.get("href") or "").lower().startswith(("javascript:", "data:")), (path, tag, found)
            assert (found.get("src") or "/static/").startswith(("/static/", "/admin/jsi18n/")), (path, tag, found)


@given(title=STORABLE, summary=STORABLE, words=STORABLE)
@EXAMPLES
def test_no_extract_holds_markup_but_our_marks(title, summary, words):
    said = [documents.plain(text) for text in (title or "x", f"{summary} <b>heron</b> & {words}")]
    document = SearchDocument.objects.create(
        kind=Resource._meta.label_lower, object_id=1, title=said[0], summary=said[1]
    )
    match = Match(document.pk, document.kind, 1, 1.0, False, [])
    (shown,) = extracts([match], Question.of(f"heron {words}"))
    document.delete()
    markup = re.sub(r"</?mark>|&(amp|lt|gt|quot|#x27);", "", marked(shown.extract))
    assert not set(markup) & set("<>&\"'")
    assert "<mark>heron</mark>" in marked(shown.extract)
