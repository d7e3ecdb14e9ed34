"""Starts that race each other, and the plug pulled while curators save."""

import os
import re
import signal
import threading
import time
from contextlib import ExitStack
from functools import partial
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.error import URLError
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


def test_no_acknowledged_save_is_lost_when_everything_is_killed(var_dir):
    """Three curators add topics in the admin as fast as they can; a save counts once the admin has answered it."""
    acknowledged, attempted = [], []
    with serving(var_dir):
        run("shell", "--no-imports", "-c", MAKE_CURATOR, var_dir=var_dir)
    for kill in range(ROUNDS):
        with serving(var_dir) as portal:
            halt = threading.Event()
            names = [f"Drill {kill} {who}" for who in range(CURATORS)]
            saving = [
                threading.Thread(target=save, args=(portal, name, attempted, acknowledged, halt)) for name in names
            ]
            for thread in saving:
                thread.start()
            before = len(acknowledged)
            while len(acknowledged) < before + 100:
                time.sleep(0.01)
            kill_database(var_dir)
            os.killpg(portal.process.pid, signal.SIGKILL)
            halt.set()
            for thread in saving:
                thread.join(30)
            portal.process.wait()
    listing = "from resources.models import Topic; print(*Topic.objects.values_list('name', flat=True), sep='\\n')"
    stored = run("shell", "--no-imports", "-c", listing, var_dir=var_dir).splitlines()
    kept = [name for name in stored if name.startswith("Drill")]
    print(f"{len(acknowledged)} saves acknowledged, {len(kept)} stored, {len(attempted)} attempted in {ROUNDS} kills")  # noqa: T201
    assert len(acknowledged) >= 100 * ROUNDS
    assert set(acknowledged) - set(kept) == set()
    assert len(kept) == len(set(kept))
    assert set(kept) - set(attempted) == set()


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


def save(portal, name, attempted, acknowledged, halt):
    browser = build_opener(HTTPCookieProcessor(CookieJar()))

    def fill_in(path, **fields):
        with browser.open(portal.address + path, timeout=30) as page:
            hidden = Fields(page.read().decode()).hidden
        with browser.open(portal.address + path, urlencode({**hidden, **fields}).encode(), timeout=30) as answer:
            return answer.geturl(), answer.read().decode()

    number = 0
    try:
        address, _ = fill_in("/admin/login/", username=EMAIL, password=PASSWORD)
        assert "login" not in address
        while not halt.is_set():
            number += 1
            title = f"{name} {number}"
            slug = re.sub(r"\W+", "-", title.lower())
            attempted.append(title)
            address, page = fill_in("/admin/resources/topic/add/", name=title, slug=slug, description="A drill.")
            assert address.endswith("/admin/resources/topic/"), page
            acknowledged.append(title)
    except (URLError, OSError):
        if not halt.wait(5):
            raise
