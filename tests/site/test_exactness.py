"""The next request to every page shows the truth: asked of a served portal with two worker processes, over and over.

What is true is asked of Django itself, in this process, with nothing kept: the served page has to be the same bytes.
"""

import random
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as trying
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from curation import actions, history
from justculture import embedded
from justculture.bulk.importing import import_content
from resources.models import Resource, Topic
from tests import databases
from tests.bulk.files import json_lines, new
from tests.factories import TESTER, EventFactory, OrganisationFactory, RegionFactory, ResourceFactory, TopicFactory
from tests.portal import serving

ASK = 3  # connections for each page: the kernel shares them out among the workers
PAGES = [
    *("/", "/resources/", "/resources/?topic=topic", "/resources/?kind=guide&sort=title", "/resources/?q=word"),
    *(
        "/search/?q=word",
        "/topics/",
        "/topics/topic/",
        "/regions/",
        "/regions/north-west/",
        "/events/",
        "/events/past/",
    ),
    *("/feeds/resources.atom", "/feeds/events.atom", "/sitemap.xml", "/events/meeting/"),
]


@contextmanager
def served(served_before):
    """A portal in processes of its own, whose database this process uses as well."""
    with served_before() as folder, serving(folder, SITE_URL=settings.SITE_URL) as portal:
        theirs = embedded.settings(folder)
        with databases.using(theirs["NAME"], HOST=theirs["HOST"]):
            yield portal


@pytest.fixture(scope="module")
def portal(django_test_environment, django_db_blocker, served_before):
    with django_db_blocker.unblock(), served(served_before) as portal:
        yield portal


@pytest.fixture(autouse=True)
def database(django_db_blocker):
    with django_db_blocker.unblock():
        yield


def ask(portal, path):
    """Status, where it leads, and body, by a connection of its own."""
    link = HTTPConnection(urlsplit(portal.address).netloc, timeout=20)
    try:
        link.request("GET", path)
        answer = link.getresponse()
        return answer.status, answer.headers.get("Location"), answer.read()
    finally:
        link.close()


def truth(path):
    answer = Client().get(path, headers={"host": "127.0.0.1"})
    return answer.status_code, answer.headers.get("Location"), answer.content


def check(portal, *paths, true=None):
    """Every page shows what is true now, or what was found to be *true* before."""
    for path, expected in (true or {path: truth(path) for path in [*PAGES, *paths]}).items():
        for _ in range(ASK):
            assert (path, ask(portal, path)) == (path, expected)


class Curating(RuleBasedStateMachine):
    """Everything that changes what readers see, in any order, each followed by every page that could name it."""

    portal = None

    @initialize()
    def begin(self):
        number = Resource.objects.count()
        self.region = RegionFactory(slug="north-west")
        self.topic = Topic.objects.filter(slug="topic").first() or TopicFactory(slug="topic", name="Topic")
        self.item = ResourceFactory(slug=f"item-of-{number}", title=f"Word {number}", owner=self.region)
        self.other = ResourceFactory(slug=f"other-of-{number}", title="Word, too", owner=self.region, state="published")

    def item_now(self):
        return Resource.objects.get(pk=self.item.pk)

    def teardown(self):
        if hasattr(self, "item"):
            check(self.portal, self.item_now().get_absolute_url(), self.other.get_absolute_url())

    def act(self, verb, **facts):
        with suppress(actions.NotAllowed):  # from this state, which readers must not notice either
            verb(self.item_now(), by=TESTER, **facts)
        self.see()

    def see(self):
        check(self.portal, self.item_now().get_absolute_url(), f"/resources/{self.item.slug}/")

    @rule()
    def publish(self):
        self.act(actions.publish)

    @rule()
    def withdraw(self):
        self.act(actions.withdraw, reason="It was wrong.", onward_url="https://example.org/instead")

    @rule()
    def supersede(self):
        self.act(actions.supersede, successor=self.other)

    @rule()
    def review(self):
        self.act(actions.mark_reviewed)

    @rule(letter=st.sampled_from("abc"))
    def rename(self, letter):
        self.act(actions.rename, slug=f"{self.item.slug}-{letter}")

    @rule(text=st.sampled_from(["Word of mouth", "Nothing", "<b>Word</b>"]))
    def edit(self, text):
        with transaction.atomic():
            history.because("edited", by=TESTER)
            item = self.item_now()
            item.title = text
            item.save()
        self.see()

    @rule()
    def tie_and_untie_topics(self):
        item = self.item_now()
        item.topics.set([] if item.topics.exists() else [self.topic])
        self.see()

    @rule(number=st.integers(1, 9))
    def rename_what_it_names(self, number):
        Topic.objects.filter(pk=self.topic.pk).update(name=f"Topic {number}")
        self.see()

    @rule(number=st.integers(1, 9))
    def write_raw_sql(self, number):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE resources_resource SET summary = %s WHERE id = %s", [f"Raw {number}", self.item.pk])
        self.see()

    @rule(number=st.integers(1, 9))
    def import_a_file(self, number):
        changed = {"slug": self.item_now().slug, "summary": f"Imported {number}", "topics": ["topic"]}
        rows = [changed, new(f"imported-{number}", title=f"Word of import {number}", owner="north-west")]
        with tempfile.TemporaryDirectory() as folder:
            report = import_content(json_lines(Path(folder), *rows), by=TESTER, publish=True)
        assert report.problems == []
        self.see()

    @rule()
    def change_nothing_in_the_end(self):
        before = {path: truth(path) for path in PAGES}
        with transaction.atomic():
            Resource.objects.filter(pk=self.item.pk).update(title="Never seen")
            check(self.portal, true=before)
            transaction.set_rollback(True)
        self.see()

    @rule(milliseconds=st.integers(50, 400))
    def let_a_moment_pass(self, milliseconds):
        """Nothing runs at that moment: the clock alone makes the difference."""
        moment = timezone.now() + timedelta(milliseconds=milliseconds)
        Resource.objects.filter(pk=self.item.pk).update(public_from_at=None, public_until_at=moment)
        ask(self.portal, "/resources/")
        time.sleep(max(0, (moment - timezone.now()).total_seconds()) + 0.001)
        self.see()
        Resource.objects.filter(pk=self.item.pk).update(public_until_at=None)
        self.see()


def test_whatever_is_done_in_whatever_order_the_next_request_shows_it(portal):
    EventFactory(slug="meeting", title="A meeting of minds", owner=RegionFactory(slug="north-west"), state="published")
    Curating.portal = portal
    run_state_machine_as_test(
        Curating,
        settings=trying(
            max_examples=6,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_readers_never_see_less_than_what_was_acknowledged_before_they_asked(portal):
    """Two writers and four readers at once. A page begun after a commit shows it, or something newer."""
    items = [ResourceFactory(slug=f"count-{n}", title="Counted 0", state="published") for n in range(2)]
    done, seen, problems, until = [0, 0], [], [], time.monotonic() + 4

    def write(which):
        try:
            number = 0
            while time.monotonic() < until:
                number += 1
                Resource.objects.filter(pk=items[which].pk).update(title=f"Counted {number}")
                done[which] = number
                time.sleep(random.uniform(0, 0.02))
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    def read():
        while time.monotonic() < until:
            which = random.randrange(2)
            path = random.choice([items[which].get_absolute_url(), "/resources/", "/"])
            acknowledged = done[which]
            status, _, body = ask(portal, path)
            link = body.partition(f'href="/resources/count-{which}/">'.encode())[2] or body.partition(b"<title>")[2]
            shown = int(link.partition(b"Counted ")[2].split(b"<")[0].split()[0])
            seen.append(shown)
            if status != 200 or shown < acknowledged:
                problems.append((path, status, shown, acknowledged))

    threads = [threading.Thread(target=write, args=[n]) for n in range(2)]
    threads += [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(seen) > 100
    assert min(done) > 20


def test_a_new_publisher_is_named_by_the_next_request(portal):
    publisher = OrganisationFactory(name="Old name")
    item = ResourceFactory(state="published", publisher=publisher, slug="with-publisher")
    check(portal, item.get_absolute_url())
    publisher.name = "New name"
    publisher.save()
    assert b"New name" in ask(portal, item.get_absolute_url())[2]
    check(portal, item.get_absolute_url())
