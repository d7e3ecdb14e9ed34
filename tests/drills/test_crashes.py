"""Starts that race each other, and the plug pulled while curators save."""

import os
import re
import signal
import threading
import time
from contextlib import ExitStack
from functools import partial
from html.parser import HTMLParser
from http.client import HTTPException
from http.cookiejar import CookieJar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.portal import kill_database, postmaster, run, serving, short_folder

EMAIL, PASSWORD = "curator@example.nhs.uk", "correct horse battery staple"
MAKE_CURATOR = f"""
from tests.factories import curator
curator("national", email="{EMAIL}", name="A. Curator", password="{PASSWORD}")
"""
ASK_WHICH_CLUSTER = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT system_identifier FROM pg_control_system()")
    print(cursor.fetchone()[0])
"""
CURATORS = 3
ROUNDS = 3
SAVES_BEFORE, SAVES_AFTER = 500, 50  # in each round: 3,000 in all before a kill


@pytest.fixture
def var_dir():
    with short_folder() as folder:
        yield folder


def test_four_starts_at_once_twenty_times(var_dir):
    """The first time from nothing, so that they also make the cluster, the tables and the content together."""
    for _ in range(20):
        with ExitStack() as stack:
            portals = at_once(4, lambda: stack.enter_context(serving(var_dir)))
            assert [portal.get("/") for portal in portals] == [200] * 4
            assert postmaster(var_dir)
        assert postmaster(var_dir) is None


def test_four_first_starts_at_once_twenty_times():
    """Commands that race to make the cluster itself; all have to find the same one."""
    for _ in range(20):
        with short_folder() as folder:
            answers = at_once(4, partial(run, "shell", "--no-imports", "-c", ASK_WHICH_CLUSTER, var_dir=folder))
            assert len(set(answers)) == 1
            assert answers[0].strip().isdigit()
            assert postmaster(folder) is None


@pytest.fixture
def with_curator(var_dir):
    with serving(var_dir):
        run("shell", "--no-imports", "-c", MAKE_CURATOR, var_dir=var_dir)
    return var_dir


def kill_everything(portal, var_dir):
    kill_database(var_dir)
    os.killpg(portal.process.pid, signal.SIGKILL)


def kill_a_worker(portal, var_dir):
    os.kill(portal.workers()[0], signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_everything, kill_a_worker])
def test_no_acknowledged_save_is_lost_or_doubled(with_curator, kill):
    """Three curators save topics in the admin as fast as they can; a save counts once the admin has answered it."""
    acknowledged, attempted = [], []
    for number in range(ROUNDS):
        with serving(with_curator) as portal:
            halt = threading.Event()
            names = [f"Drill {number} {who}" for who in range(CURATORS)]
            saving = [
                threading.Thread(target=save, args=(portal, name, attempted, acknowledged, halt)) for name in names
            ]
            for thread in saving:
                thread.start()
            before = len(acknowledged)
            wait_for(lambda before=before: len(acknowledged) >= before + SAVES_BEFORE)
            kill(portal, with_curator)
            if kill is kill_a_worker:
                wait_for(lambda before=before: len(acknowledged) >= before + SAVES_BEFORE + SAVES_AFTER)
            halt.set()
            for thread in saving:
                thread.join(60)
            if kill is kill_everything:
                portal.process.wait()
    listing = "from resources.models import Topic; print(*Topic.objects.values_list('name', flat=True), sep='\\n')"
    stored = run("shell", "--no-imports", "-c", listing, var_dir=with_curator).splitlines()
    kept = [name for name in stored if name.startswith("Drill")]
    lost, doubled = set(acknowledged) - set(kept), len(kept) - len(set(kept))
    print(f"\n  {ROUNDS} times {kill.__name__}: {len(acknowledged)} saves acknowledged, {len(kept)} stored, ")  # noqa: T201
    print(f"  {len(attempted)} attempted; {len(lost)} lost, {doubled} doubled")  # noqa: T201
    assert len(acknowledged) >= SAVES_BEFORE * ROUNDS
    assert (lost, doubled) == (set(), 0)
    assert set(kept) - set(attempted) == set()


def wait_for(condition):
    while not condition():
        time.sleep(0.01)


def at_once(count, act):
    """What the act returns, done by that many threads that begin together."""
    together, results, problems = threading.Barrier(count), [], []

    def take_part():
        together.wait()
        try:
            results.append(act())
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=take_part) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return results


class Fields(HTMLParser):
    """The hidden fields of a page's forms, as a browser would send them back."""

    def __init__(self, page):
        super().__init__()
        self.hidden = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "input" and found.get("type") == "hidden" and "name" in found:
            self.hidden[found["name"]] = found.get("value", "")


class Browser:
    """A curator's browser: it keeps cookies, and sends back the hidden fields of a form."""

    def __init__(self, portal):
        self.portal, self.opener = portal, build_opener(HTTPCookieProcessor(CookieJar()))

    def fill_in(self, path, **fields):
        """The address and page that a form leads to."""
        with self.opener.open(self.portal.address + path, timeout=30) as page:
            hidden = Fields(page.read().decode()).hidden
        data = urlencode({**hidden, **fields}).encode()
        with self.opener.open(self.portal.address + path, data, timeout=30) as answer:
            return answer.geturl(), answer.read().decode()

    def sign_in(self, email, password):
        address, _ = self.fill_in("/admin/login/", username=email, password=password)
        assert "login" not in address

    def add_topic(self, title, description="A drill."):
        """Save a topic. True means that the admin has acknowledged it."""
        slug = re.sub(r"\W+", "-", title.lower())
        path = "/admin/resources/topic/add/"
        address, page = self.fill_in(path, name=title, slug=slug, description=description)
        assert address.endswith("/admin/resources/topic/"), page
        return True

    def status_of_adding(self, title, description="A drill."):
        """200 for what was saved, or the status with which it was refused."""
        try:
            self.add_topic(title, description)
        except HTTPError as answer:
            with answer:
                return answer.code
        return 200


def save(portal, name, attempted, acknowledged, halt):
    """Save topics until told to stop. A broken connection is tried again as a person would: with the next topic."""
    browser, number = Browser(portal), 0
    browser.sign_in(EMAIL, PASSWORD)
    while not halt.is_set():
        number += 1
        title = f"{name} {number}"
        attempted.append(title)
        try:
            if browser.add_topic(title):
                acknowledged.append(title)
        except (URLError, OSError, HTTPException):
            halt.wait(0.1)
