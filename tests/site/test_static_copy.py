"""`manage.py export_site`: everything readers can reach, as files, in a folder that is whole at every moment."""

import json
import re
import subprocess
import sys
import threading
from datetime import timedelta
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings
from django.utils import timezone

from curation import actions, moment
from curation.models import Redirect, RegionContact
from events.models import Session
from justculture import open_data, words
from justculture.static_copy import pages, taking
from justculture.static_copy.addresses import all_addresses, place
from justculture.static_copy.folder import MARK, SUMS, Refused, alone, in_place_of
from principles.models import LineageLink
from resources.models import Resource, TopicName
from search.views import everything_visible
from tests import databases
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

MANY = 45  # three pages of any list
ROOT = Path(__file__).resolve().parents[2]
LIVE = settings.SITE_URL
BODY = f"""
A [neighbour](/resources/item-of-the-list-1/), [the same]({LIVE}/resources/item-of-the-list-1/#maincontent) and
[again](/resources/item-of-the-list-1). What is [not public](/resources/draft/), [words to look for](/search/?q=fair),
[two choices](/resources/?kind=guide&topic=shown), [no address](http://[), [a mailbox](mailto:a@example.org),
[elsewhere](//example.org/x), and what was [called otherwise](/resources/old-name/).
"""


def content():
    """Something of each kind that readers reach, and beside it words that they must not."""
    north, national = RegionFactory(slug="north-west"), RegionFactory(slug="national")
    RegionContact.objects.create(region=north, role="Staff side", mailbox="staff@example.org")
    shown = TopicFactory(name="Shown", slug="shown")
    TopicName.objects.create(topic=shown, name="Another name")
    publisher = OrganisationFactory(name="A publisher", slug="a-publisher")
    made = {"state": "published", "regions": [north]}
    for n in range(MANY):
        ResourceFactory(**made, slug=f"item-of-the-list-{n}", title=f"{'aBé'[n % 3]} title {n}", topics=[shown])
    main = ResourceFactory(
        **made, slug="main", title="“Main” & <b>", body=BODY, publisher=publisher, topics=[shown], audiences=["hr"]
    )
    main.partners.add(publisher)
    for slug in ["page", "kind", "data"]:
        ResourceFactory(**made, slug=slug, title=f"Its address is {slug}")
    old = ResourceFactory(state="superseded", slug="superseded", title="Of before")
    later = ResourceFactory(**made, slug="called-otherwise")
    actions.rename(ResourceFactory(state="published", slug="old-name"), "new-name", by=TESTER)
    kept = SetFactory(**made, slug="a-set", title="A set", progress="agreed")
    version_of(kept, "Be kind", dated="2020")
    version_of(kept, "Be kind", "Be fair", dated="2021-06")
    kept = actions.rename(kept, "the-set", by=TESTER)
    SetFactory(state="superseded", slug="superseded-set")
    day = timezone.now() - timedelta(days=30)
    for n in range(MANY):
        EventFactory(**made, slug=f"past-{n}", starts_at=day, ends_at=day + timedelta(hours=1))
    event = EventFactory(**made, slug="next", organiser=publisher)
    session = Session.objects.create(event=event, title="What there is")
    session.resources.add(main)
    ClaimFactory(resource=main)
    ClaimFactory(resource=main, source_url="", source_resource=later, source_title="A source here")
    LineageLink.objects.create(descendant_set=kept, source_resource=main, linked_on="2021", note="As they say")
    LineageLink.objects.create(descendant_resource=main, source_resource=old)
    StartingStepFactory(point=StartingPointFactory(slug="a-start"), resource=main)
    withdrawn = ResourceFactory(state="published", slug="before-it-went", body="zcanarywithdrawnbody")
    actions.rename(withdrawn, "withdrawn", by=TESTER)
    actions.withdraw(withdrawn, by=TESTER, reason="It was wrong.", onward_url=f"{LIVE}/resources/main/")
    hidden(main, kept, session, national)


def hidden(main, kept, session, national):
    """What only curators know, at every end that readers can reach. Each has a word that begins with zcanary."""
    now = timezone.now()
    day = timedelta(days=1)
    unseen = {
        "draft": {},
        "review": {"state": "in_review"},
        "future": {"state": "published", "public_from_at": now + day},
        "expired": {"state": "published", "public_until_at": now - day},
        "unseen": {"state": "withdrawn", "public_from_at": now + day},
    }
    for name, facts in unseen.items():
        secret = {"title": f"zcanary{name}", "slug": name, "summary": f"zcanary{name}", **facts}
        for factory in (ResourceFactory, SetFactory, EventFactory):
            item = factory(**secret, regions=[national], body="zcanarybody")
            if factory is ResourceFactory:
                ClaimFactory(resource=main, source_url="", source_resource=item, source_title="A source")
                LineageLink.objects.create(descendant_resource=main, source_resource=item, note="zcanarynote")
                session.resources.add(item)
            Redirect.objects.create(kind=item._meta.label_lower, slug=f"zcanaryold{name}", object_id=item.pk)
    version_of(kept, "zcanaryversion", publish=False, note="zcanarynote")
    OrganisationFactory(name="zcanaryproposed", slug="zcanaryproposed", is_proposed=True)
    OrganisationFactory(name="zcanaryretired", slug="zcanaryretired", is_retired=True)
    main.topics.add(TopicFactory(name="zcanarytopic", slug="zcanarytopic", is_retired=True))
    StartingPointFactory(title="zcanarystart", slug="zcanarystart", is_retired=True)


class Read(HTMLParser):
    """What a page of the copy says of itself: its links, its anchors, its words and its tags."""

    def __init__(self, file):
        super().__init__()
        self.links, self.anchors, self.words, self.tags, self.metas = [], {"", "top"}, [], set(), {}
        self.html = file.read_text("utf-8")
        self.feed(self.html)
        self.close()
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.add(tag)
        self.anchors.add(given.get("id"))
        self.links += [given[name] for name in ("href", "src") if name in given]
        if tag == "link":
            self.metas[given["rel"]] = given["href"]
        if tag == "meta":
            self.metas[given.get("name") or given.get("http-equiv")] = given.get("content")
            if given.get("http-equiv") == "refresh":
                self.links.append(given["content"].partition("url=")[2])

    def handle_data(self, data):
        self.words.append(data)


class Copied:
    """A copy in a folder, as whoever serves it sees it."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        self.pages = {name: Read(folder / name) for name in self.files if name.endswith(".html")}

    def leads(self, page, link):
        """The file and the anchor that a link of a page leads to; None for what is outside."""
        if urlsplit(link).scheme in {"http", "https", "mailto"} or link.startswith("//"):
            return None
        aim = urlsplit(urljoin(f"http://copy.example/{page}", link))
        return unquote(aim.path[1:]), aim.fragment

    def reached(self, start="index.html"):
        """The files that a reader comes to by links alone."""
        found, waiting = {start}, [start]
        while waiting:
            page = waiting.pop()
            for link in self.pages[page].links if page in self.pages else []:
                aim = self.leads(page, link)
                if aim and aim[0] not in found:
                    found.add(aim[0])
                    waiting.append(aim[0])
        return found


def export(folder, *options):
    said = StringIO()
    call_command("export_site", str(folder), *options, stdout=said)
    return said.getvalue()


@pytest.fixture(scope="module")
def committed(tables, django_db_blocker, worker_id):
    """Content in a database of its own: a snapshot of one moment cannot be had within a test's transaction."""
    with django_db_blocker.unblock():
        name = f"copied_{worker_id}"
        databases.create(name, tables)
        with databases.using(name):
            content()
            yield
        databases.drop(name)


@pytest.fixture(scope="module")
def site(committed, tmp_path_factory):
    """The copy that most tests look at, and the moment it speaks of."""
    folder = tmp_path_factory.mktemp("copies") / "site"
    before = timezone.now()
    said = export(folder)
    copied = Copied(folder)
    copied.said, copied.began, copied.ended = said, before, timezone.now()
    return copied


@pytest.fixture(scope="module")
def site_set_otherwise(site, tmp_path_factory):
    """A copy with a licence, a page for each letter, and a place below the top of its server."""
    folder = tmp_path_factory.mktemp("copies") / "otherwise"
    licence = {"OPEN_DATA_LICENCE": "Some Licence 1.0", "OPEN_DATA_LICENCE_URL": "https://example.org/licence"}
    with override_settings(**licence), pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "ON_ONE_PAGE", 5)
        said = export(folder, "--at", "copies/portal")
    copied = Copied(folder)
    copied.said = said
    return copied


def test_every_link_leads_to_a_file_with_its_anchor_or_outside(site):
    wrong, followed = [], 0
    for name, page in site.pages.items():
        for link in page.links:
            if aim := site.leads(name, link):
                file, anchor = aim
                followed += 1
                if file not in site.files or (anchor and anchor not in site.pages[file].anchors):
                    wrong.append((name, link))
    assert (wrong, followed > 1000) == ([], True)


def test_style_sheets_find_what_they_ask_for(site):
    sheets = [name for name in site.files if name.endswith(".css")]
    asked = {
        urljoin(f"/{name}", url.strip('"'))[1:]
        for name in sheets
        for url in re.findall(r"url\(([^)]+)\)", (site.folder / name).read_text("utf-8"))
        if not url.startswith(("data:", '"data:'))
    }
    assert len(sheets) == 2
    assert asked
    assert asked <= site.files


def test_everything_is_reached_from_the_first_page_by_links_alone(site):
    items = {place(item.get_absolute_url()) for visible in everything_visible() for item in visible}
    assert len(items) > 2 * MANY
    reached = site.reached()
    assert items - reached == set()
    not_linked = {"sitemap.xml", "robots.txt", ".well-known/security.txt", "404.html", MARK, SUMS}
    not_linked |= {"resources/withdrawn/index.html", "resources/before-it-went/index.html"}
    not_linked |= {"principles/a-set/index.html", "principles/a-set/versions/1/index.html"}
    not_linked |= {name for name in site.files if name.startswith(("static/", "feeds/"))}
    assert site.files - reached - not_linked == set()


def test_every_page_of_every_list_is_there(site):
    for name in ["", "topic_shown/", "region_north-west/"]:
        shown = [site.pages[f"resources/{name}{page}index.html"] for page in ("", "page_2/", "page_3/")]
        titles = {title for page in shown for title in re.findall(r"[aBé] title \d+", page.text)}
        assert len(titles) == MANY
    assert {"events/past/page_3/index.html", "resources/kind_guide/page_3/index.html"} < site.files
    assert {"resources/audience_hr/index.html", "resources/publisher_a-publisher/index.html"} < site.files
    assert {"events/region_north-west/index.html", "feeds/resources.topic_shown.atom"} < site.files
    assert "(page 2 of 3)" in site.pages["resources/topic_shown/page_2/index.html"].text


def test_no_address_of_the_copy_is_anothers_file(site):
    addresses = set(all_addresses())
    assert len({place(address) for address in addresses}) == len(addresses)
    assert place("/") == "index.html"
    assert place("/resources/page/") == "resources/page/index.html"
    assert place("/resources/?kind=case_study&page=2") == "resources/kind_case_study/page_2/index.html"
    assert place("/feeds/events.atom?region=london") == "feeds/events.region_london.atom"
    assert place("/.well-known/security.txt") == ".well-known/security.txt"


def test_nothing_that_readers_may_not_see_is_in_any_file(site):
    words_found = {
        (name, word.decode())
        for name in site.files
        for word in re.findall(rb"zcanary\w*", (site.folder / name).read_bytes() + name.encode())
    }
    assert words_found == set()
    assert {"resources/draft/index.html", "resources/future/index.html"} & site.files == set()
    assert "“Main” & <b>" in site.pages["resources/main/index.html"].text  # what can be seen is looked at


def test_every_page_says_that_it_is_a_copy_and_of_when(site):
    at = {re.search(r"Copy of ([^.]*)\.", page.text)[1] for page in site.pages.values()}
    possible = {f"{words.date(m)}, {words.time(m)}" for m in (site.began, site.ended)}
    assert len(at) == 1
    assert at <= possible
    for page in site.pages.values():
        assert "This is a saved copy" in page.text
        assert page.metas["robots"] == "noindex"
    leading_to_it = {name: {link for link in page.links if link.startswith(LIVE)} for name, page in site.pages.items()}
    del leading_to_it["resources/main/index.html"]  # what curators wrote leads there too
    assert {name: len(links) for name, links in leading_to_it.items()} == dict.fromkeys(leading_to_it, 1)
    assert leading_to_it["resources/kind_guide/page_2/index.html"] == {f"{LIVE}/resources/?kind=guide&page=2"}
    assert site.pages["resources/main/index.html"].metas["canonical"] == f"{LIVE}/resources/main/"
    assert f"as at {at.pop()}, in " in site.said


def test_event_lists_say_of_when_they_are(site):
    for name in ["", "events/", "events/past/", "events/region_north-west/", "regions/north-west/"]:
        assert "Events as at " in site.pages[f"{name}index.html"].text


def test_there_is_no_form_and_no_search_and_no_script_but_the_known_one(site):
    for name, page in site.pages.items():
        assert (name, page.tags & {"form", "input", "search", "iframe", "img"}) == (name, set())
        scripts = re.findall(r"<script>(.*?)</script>", page.html)
        assert len(scripts) == 1
        policy = page.metas["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "form-action 'none'", "base-uri 'none'"} < set(policy)
        assert not [part for part in policy if "unsafe" in part or "http" in part]
        assert page.metas["referrer"] == "same-origin"


def test_links_of_curators_lead_into_the_copy_or_to_the_live_site(site):
    page = site.pages["resources/main/index.html"]
    inside = "../item-of-the-list-1/index.html"
    body = page.links[page.links.index(inside) :][:9]
    assert body == [
        inside,
        f"{inside}#maincontent",
        inside,
        f"{LIVE}/resources/draft/",
        f"{LIVE}/search/?q=fair",
        f"{LIVE}/resources/?kind=guide&topic=shown",
        "mailto:a@example.org",
        "//example.org/x",
        "../old-name/index.html",
    ]
    assert "../called-otherwise/index.html" in page.links  # the source of a figure


def test_what_was_replaced_says_so_and_is_found_in_a_list_of_its_own(site):
    assert "This guide has been replaced" in site.pages["resources/superseded/index.html"].text
    assert "https://example.org/newer" in site.pages["resources/superseded/index.html"].links
    replaced = site.pages["replaced/index.html"]
    assert "Of before Guide Use A newer thing instead." in replaced.text
    assert "Of before" not in site.pages["resources/a_to_z/index.html"].text
    assert "older version" in site.pages["principles/the-set/versions/1/index.html"].text


def test_what_was_withdrawn_says_why_and_where_to_go(site):
    for name in ["withdrawn", "before-it-went"]:
        page = site.pages[f"resources/{name}/index.html"]
        assert "This page has been withdrawn" in page.text
        assert "It was wrong." in page.text
        assert "../main/index.html" in page.links


def test_an_old_address_leads_to_the_new_one(site):
    page = site.pages["resources/old-name/index.html"]
    assert page.metas["refresh"] == "0; url=../new-name/index.html"
    assert "../new-name/index.html" in page.links
    old_version = site.pages["principles/a-set/versions/1/index.html"]
    assert old_version.metas["refresh"] == "0; url=../../../the-set/versions/1/index.html"


def test_the_a_to_z_has_each_current_resource_once_under_its_letter(site):
    text = site.pages["resources/a_to_z/index.html"].text
    assert text.index("B title 1 ") > text.index("a title 0 ")
    titles = re.findall(r"[aBé] title \d+", text)
    assert len(titles) == len(set(titles)) == MANY
    assert text.index("é title 2 Guide Shown ") > text.rindex(" Other ") > text.index("Its address is data ")
    assert "“Main” & <b> Guide Shown" in text


def test_a_long_a_to_z_has_a_page_for_each_letter(site_set_otherwise):
    copied = site_set_otherwise
    assert "title" not in copied.pages["resources/a_to_z/index.html"].text.replace("Titles that begin", "")
    assert len(re.findall(r"B title \d+", copied.pages["resources/a_to_z/letter_B/index.html"].text)) == MANY // 3
    assert len(re.findall(r"é title \d+", copied.pages["resources/a_to_z/letter_Other/index.html"].text)) == MANY // 3
    assert copied.reached() >= {"resources/a_to_z/letter_B/index.html", "resources/main/index.html"}


def test_it_works_below_any_path_of_any_server(site, tmp_path):
    (tmp_path / "some").mkdir()
    (tmp_path / "some/where").symlink_to(site.folder)
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *args: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        start = f"http://127.0.0.1:{server.server_port}/some/where/"
        asked, waiting = set(), [start]
        while waiting and len(asked) < 150:
            address = waiting.pop(0)
            asked.add(address)
            with urlopen(address) as answer:
                assert answer.status == 200
                assert answer.url.startswith(start)
                html = answer.read().decode() if "text/html" in answer.headers["Content-Type"] else ""
            links = re.findall(r'<(?:a|link|script) [^>]*(?:href|src)="([^"#]+)', html.replace("rel=", ""))
            found = {urljoin(address, link) for link in links}
            waiting += sorted(link for link in found if link.startswith(start) and link not in {*asked, *waiting})
        server.shutdown()
    assert len(asked) == 150


def test_the_page_for_what_is_not_there_works_at_any_address(site, site_set_otherwise):
    assert "Page not found" in site.pages["404.html"].text
    inside = {link for link in site.pages["404.html"].links if link.startswith("/")}
    assert {link[1:].partition("#")[0] for link in inside} < site.files
    page = site_set_otherwise.pages["404.html"]
    assert {link for link in page.links if link.startswith("/")} == {f"/copies/portal{link}" for link in inside}


# The data


def records(folder, name):
    return [json.loads(line) for line in (folder / f"data/{name}.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", open_data.KINDS)
def test_each_record_has_the_fields_that_the_page_about_the_data_explains(site, name):
    held = records(site.folder, name)
    assert held
    assert {tuple(record) for record in held} == {tuple(open_data.KINDS[name].fields)}
    assert all(open_data.KINDS[name].fields.values())


def test_the_data_has_what_is_visible_as_far_as_it_is_known(site):
    held = {record["url"]: record for record in records(site.folder, "resources")}
    assert held.keys() == {LIVE + item.get_absolute_url() for item in Resource.objects.visible()}
    main = held[f"{LIVE}/resources/main/"]
    assert (main["title"], main["state"], main["superseded_by"]) == ("“Main” & <b>", "published", None)
    assert (main["topics"], main["regions"], main["audiences"]) == (["shown"], ["north-west"], ["HR and people teams"])
    assert (main["publisher"], main["published_on"], main["cost"]) == ("A publisher", None, None)
    assert [claim["source"] for claim in main["claims"] if claim["source"]["url"]] == [
        {"title": "A report", "url": "https://example.org/report"},
        {"title": "A source here", "url": f"{LIVE}/resources/called-otherwise/"},
    ]
    assert [link["title"] for link in main["built_on"]] == ["Of before"]
    assert main["led_to"] == [
        {
            "kind": "Informed",
            "title": "A set",
            "url": f"{LIVE}/principles/the-set/",
            "date": "2021",
            "note": "As they say",
        }
    ]
    replaced = held[f"{LIVE}/resources/superseded/"]
    assert replaced["state"] == "superseded"
    assert replaced["superseded_by"] == {"title": "A newer thing", "url": "https://example.org/newer"}


def test_the_data_has_versions_of_principles_and_sessions_of_events(site):
    (kept,) = [record for record in records(site.folder, "principles") if record["title"] == "A set"]
    told = [(v["number"], v["dated"], v["is_current"], [p["title"] for p in v["principles"]]) for v in kept["versions"]]
    assert told == [(2, "2021-06", True, ["Be kind", "Be fair"]), (1, "2020", False, ["Be kind"])]
    assert kept["versions"][0]["principles"][1]["url"] == f"{LIVE}/principles/the-set/#be-fair"
    (event,) = [record for record in records(site.folder, "events") if record["url"].endswith("/next/")]
    assert event["sessions"][0]["about"] == [{"title": "“Main” & <b>", "url": f"{LIVE}/resources/main/"}]
    assert [topic["other_names"] for topic in records(site.folder, "topics")] == [["Another name"]]
    (region,) = [record for record in records(site.folder, "regions") if record["slug"] == "north-west"]
    assert region["contacts"] == [{"role": "Staff side", "mailbox": "staff@example.org"}]
    assert [known["name"] for known in records(site.folder, "organisations")] == ["A publisher"]


def test_no_licence_is_given_that_the_owner_did_not_give(site):
    page = site.pages["data/index.html"]
    assert "has not said yet under which licence" in page.text
    assert "Open data" not in page.text
    package = json.loads((site.folder / "data/datapackage.json").read_text("utf-8"))
    assert "licenses" not in package
    assert {resource["path"] for resource in package["resources"]} == {f"{name}.jsonl" for name in open_data.KINDS}
    assert "set OPEN_DATA_LICENCE" in site.said


def test_the_owners_licence_is_beside_the_data(site_set_otherwise):
    assert "OPEN_DATA_LICENCE" not in site_set_otherwise.said
    page = site_set_otherwise.pages["data/index.html"]
    assert "Open data" in page.text
    assert "https://example.org/licence" in page.links
    package = json.loads((site_set_otherwise.folder / "data/datapackage.json").read_text("utf-8"))
    assert package["licenses"] == [{"title": "Some Licence 1.0", "path": "https://example.org/licence"}]


# One moment


def test_it_is_of_one_moment_whatever_happens_while_it_is_taken(committed, tmp_path, monkeypatch):
    """After the first page others withdraw and publish something, and time passes over what ends."""
    soon = ResourceFactory(state="published", slug="ends-soon", public_until_at=timezone.now() + timedelta(hours=1))
    goes = ResourceFactory(state="published", slug="goes-meanwhile")
    written = taking.Copy.write

    def others():
        actions.withdraw(goes, by=TESTER, reason="It was wrong.")
        ResourceFactory(state="published", slug="comes-meanwhile")
        connections.close_all()

    def write(copy, address, pieces):
        if address == "/":
            meanwhile = threading.Thread(target=others)
            meanwhile.start()
            meanwhile.join()
            now = timezone.now() + timedelta(days=2)
            monkeypatch.setattr("curation.moment.timezone.now", lambda: now)
        written(copy, address, pieces)

    monkeypatch.setattr(taking.Copy, "write", write)
    export(tmp_path / "site")
    copied = Copied(tmp_path / "site")
    assert "comes-meanwhile" not in str(copied.files)
    for item in (soon, goes):
        assert "We no longer offer" not in copied.pages[f"resources/{item.slug}/index.html"].text
        assert f"resources/{item.slug}/index.html" in copied.reached()
    assert "This event has finished" not in copied.pages["events/next/index.html"].text
    assert moment.copied_at() is None


def test_pages_of_the_live_site_are_none_of_a_copy(site, client, committed):
    html = client.get("/resources/").text
    assert "saved copy" not in html
    assert 'type="search"' in html
    assert client.get("/resources/a_to_z/").status_code == 404


# The folder


def test_its_sums_are_those_of_its_files(site):
    checked = subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=site.folder, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, b"")
    listed = {line[66:] for line in (site.folder / SUMS).read_text("utf-8").splitlines()}
    assert listed == site.files - {SUMS}
    assert json.loads((site.folder / MARK).read_text("utf-8"))["copy_of"] == LIVE


def test_a_new_copy_takes_the_place_of_the_one_before(committed, tmp_path):
    export(tmp_path / "site")
    (tmp_path / "site/index.html").write_text("of before")
    export(tmp_path / "site")
    assert "of before" not in (tmp_path / "site/index.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".site.lock", "site"]


def test_a_copy_that_fails_leaves_the_one_before(committed, tmp_path, monkeypatch):
    export(tmp_path / "site")
    before = (tmp_path / "site" / SUMS).read_bytes()
    broken = SimpleNamespace(get_response=lambda request: SimpleNamespace(status_code=500))
    monkeypatch.setattr(taking, "WSGIHandler", lambda: broken)
    with pytest.raises(CommandError, match=r"^No copy was taken\. /404\.html answered 500\.$"):
        export(tmp_path / "site")
    assert (tmp_path / "site" / SUMS).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".site.lock", "site"]


def test_a_full_disk_is_said_in_a_sentence(committed, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(taking.Copy, "write", full)
    with pytest.raises(CommandError, match=r"It could not be written: .*No space left on device"):
        export(tmp_path / "site")
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("held", ["a file in it", "a file of that name", "a mark of another", "no parent"])
def test_a_folder_of_somebody_else_is_refused_and_left(tmp_path, held):
    place, theirs = tmp_path / "theirs", tmp_path / "theirs/report.txt"
    if held == "no parent":
        place = tmp_path / "nothing/site"
    elif held == "a file of that name":
        place.write_text("A report")
    else:
        place.mkdir()
        theirs.write_text("A report")
    if held == "a mark of another":
        (place / MARK).write_text('["copy of the lease"]')
        (place / SUMS).write_text(f"{'0' * 64}  report.txt\n{'0' * 64}  {MARK}\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CommandError, match=r"^No copy was taken\. .*(name a folder|make it first)"):
        export(place)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def made(place, words="new"):
    with in_place_of(place) as folder:
        (folder / "a").mkdir()
        (folder / "a/page.html").write_text(words)


def test_what_someone_put_into_a_copy_is_not_lost(tmp_path):
    made(tmp_path / "site")
    (tmp_path / "site/a/own.txt").write_text("Mine")
    with pytest.raises(Refused, match=r"a/own\.txt is no part of the copy and would be lost"):
        made(tmp_path / "site")
    assert (tmp_path / "site/a/own.txt").read_text() == "Mine"


def test_an_empty_folder_may_be_named(tmp_path):
    (tmp_path / "site").mkdir()
    made(tmp_path / "site")
    assert (tmp_path / "site/a/page.html").read_text() == "new"


def test_what_is_in_the_way_is_left(tmp_path):
    (tmp_path / ".site.making").mkdir()
    (tmp_path / ".site.making/theirs").write_text("A report")
    with pytest.raises(Refused, match="is in the way"):
        made(tmp_path / "site")
    assert (tmp_path / ".site.making/theirs").read_text() == "A report"


def test_two_at_once_are_one_after_the_other(tmp_path):
    with alone(tmp_path / "site"), pytest.raises(Refused, match=r"A copy is being taken into .*/site already"):
        made(tmp_path / "site")
    made(tmp_path / "site")


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from justculture.static_copy import folder

left = int(sys.argv[2])

def counted(step):
    def taken(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*args, **kwargs)
    return taken

for owner, names in [(Path, ["mkdir", "rename", "unlink", "write_text"]), (os, ["fsync", "unlink", "rmdir"])]:
    for name in names:
        setattr(owner, name, counted(getattr(owner, name)))
with folder.in_place_of(sys.argv[1]) as new:
    (new / "a").mkdir()
    (new / "a/page.html").write_text("new")
"""


def test_killed_at_any_step_there_is_a_whole_copy_or_its_place_is_put_right(tmp_path):
    """kill -9 at each of the steps that touch the disk: no half of a copy is ever in its place."""
    outcomes = []
    for step in range(60):
        top = tmp_path / str(step)
        top.mkdir()
        place = top / "site"
        made(place, "old")
        ended = subprocess.run([sys.executable, "-c", KILLED, place, str(step)], cwd=ROOT, capture_output=True)
        assert ended.returncode in {0, -9}, ended.stderr
        if place.exists():
            whole = subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=place, capture_output=True)
            assert whole.returncode == 0
            outcomes.append((place / "a/page.html").read_text())
        else:
            assert (top / ".site.before/a/page.html").read_text() == "old"
            outcomes.append("away")
        made(place, "newest")
        assert (place / "a/page.html").read_text() == "newest"
        assert sorted(path.name for path in top.iterdir()) == [".site.lock", "site"]
        if ended.returncode == 0:
            break
    assert list(dict.fromkeys(outcomes)) == ["old", "away", "new"]
    assert (outcomes.count("away"), ended.returncode) == (1, 0)
