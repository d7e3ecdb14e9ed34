"""The database is stopped, frozen or gone: what readers, curators and machines are told, how soon, and what is back."""

import os
import re
import signal
import time
from datetime import UTC, datetime
from http.client import HTTPConnection
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connection
from django.utils.http import http_date
from psycopg2 import extensions

from curation import actions
from justculture import database, embedded, words
from justculture.front import Front
from tests.factories import TESTER, ResourceFactory
from tests.portal import LENIENT, eventually, kill_database, postmaster, processes, serving
from tests.wsgi import ask as ask_application

KEPT = "/resources/"
NOT_KEPT = "/search/?q=never+asked"


@pytest.fixture(scope="module")
def var_dir(served_before):
    with served_before() as folder:
        yield folder


@pytest.fixture
def portal(var_dir):
    """With one page kept in both of its processes."""
    with serving(var_dir) as portal:
        eventually(lambda: portal.listening() == 2)
        for _ in range(24):
            assert ask(portal, KEPT)[0] == 200
        yield portal


def ask(portal, path, method="GET"):
    """Status, seconds, headers and body, by a connection of its own."""
    link = HTTPConnection(urlsplit(portal.address).netloc, timeout=20)
    began = time.monotonic()
    try:
        link.request(method, path)
        answer = link.getresponse()
        body = answer.read()
        return answer.status, time.monotonic() - began, answer.headers, body.decode()
    finally:
        link.close()


def database_processes(var_dir):
    server = postmaster(var_dir)
    return [server, *processes("--ppid", str(server))]


def test_a_stopped_database_costs_nobody_a_wait(portal, var_dir):
    with embedded._locked(embedded._folder(var_dir) / "starting.lock"):  # so that nobody starts it again meanwhile
        kill_database(var_dir)
        for _ in range(4):
            status, seconds, headers, page = ask(portal, KEPT)
            assert (status, headers["Cache-Control"], headers["ETag"]) == (200, "no-store", None)
            assert "We cannot reach our database at the moment." in page
            assert "This page is as it was on " in page
            assert seconds < 1 * LENIENT
        for path, method in [(NOT_KEPT, "GET"), ("/admin/", "GET"), ("/admin/login/", "POST"), ("/nothing/", "GET")]:
            status, seconds, headers, page = ask(portal, path, method)
            assert (path, status, headers["Retry-After"]) == (path, 503, "30")
            assert "Sorry, the service is not available at the moment" in page
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert seconds < 1 * LENIENT
        assert ask(portal, "/health/live/")[0] == 200
        assert ask(portal, "/health/ready/")[0] == 503
        assert ask(portal, "/static/css/portal.css")[0] == 200
    eventually(lambda: ask(portal, NOT_KEPT)[0] == 200, seconds=5)
    eventually(lambda: {ask(portal, NOT_KEPT)[0] for _ in range(8)} == {200}, seconds=5)  # both processes know
    answers = [ask(portal, path) for path in (KEPT, "/topics/", "/regions/", "/admin/login/") for _ in range(6)]
    assert {status for status, *_ in answers} == {200}
    assert not any("as it was on" in page for *_, page in answers)


def test_a_restart_between_two_requests_is_not_noticed(portal, var_dir):
    """Every connection that was kept is dead; no page fails because of it."""
    for _ in range(20):
        ask(portal, NOT_KEPT)
    kill_database(var_dir)
    embedded.revive(var_dir)
    assert {ask(portal, f"/search/?q={n}")[0] for n in range(30)} == {200}


def test_a_frozen_database_stops_nobody_for_long(portal, var_dir):
    """Its connections stay open and say nothing, and its own limits are as frozen as it is."""
    frozen = database_processes(var_dir)
    for process in frozen:
        os.kill(process, signal.SIGSTOP)
    try:
        for path, expected in [(KEPT, 200), (NOT_KEPT, 503)] * 4:
            status, seconds, _, _ = ask(portal, path)
            assert (path, status) == (path, expected)
            assert seconds < 2 * LENIENT
        began = time.monotonic()
        assert ask(portal, "/health/live/")[0] == 200
        assert ask(portal, "/health/ready/")[0] == 503
        assert time.monotonic() - began < 2 * LENIENT
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)
    eventually(lambda: {ask(portal, NOT_KEPT)[0] for _ in range(8)} == {200}, seconds=5)
    assert "as it was on" not in ask(portal, KEPT)[3]


@pytest.mark.parametrize(("hours", "status"), [(0, 200), (23, 200), (25, 503)])
def test_a_page_from_before_says_since_when_and_not_for_ever(own_database, monkeypatch, hours, status):
    front = Front(get_wsgi_application())
    page, feed = ask_application(front, "/"), ask_application(front, "/feeds/resources.atom")
    monkeypatch.setattr(database, "breaker", SimpleNamespace(is_open=True))
    known = datetime.fromtimestamp(front.last_seen[1], UTC)
    later = time.time() + hours * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    old_page, old_feed = ask_application(front, "/"), ask_application(front, "/feeds/resources.atom")
    assert (old_page.status, old_feed.status) == (status, status)
    if status == 200:
        strip = f"This page is as it was on {words.date(known)} at {words.time(known)}."
        assert strip in old_page.body.decode()
        unmarked = re.sub(
            rb'<section class="app-strip app-strip--as-it-was".*?</section>', b"", old_page.body, flags=re.S
        )
        assert unmarked.split() == page.body.split()
        assert old_feed.body == feed.body
        assert old_feed.headers["last-modified"] == http_date(known.timestamp())


def test_what_was_withdrawn_does_not_come_back_with_the_pages_from_before(own_database, monkeypatch):
    front = Front(get_wsgi_application())
    item = ResourceFactory(state="published", slug="wrong")
    assert ask_application(front, "/resources/wrong/").status == 200
    actions.withdraw(item, by=TESTER, reason="It named somebody.")
    assert ask_application(front, "/resources/wrong/").status == 410
    monkeypatch.setattr(database, "breaker", SimpleNamespace(is_open=True))
    assert ask_application(front, "/resources/wrong/").status == 503


def test_a_question_that_takes_too_long_is_given_up(own_database):
    database.wait_with_a_limit()
    token = database.patience.set(0.2)
    try:
        began = time.monotonic()
        with pytest.raises(OperationalError, match="did not answer in time"), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")
        assert time.monotonic() - began < 1 * LENIENT
        connection.close()  # as at the end of a request that had an error
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
    finally:
        extensions.set_wait_callback(None)
        database.patience.reset(token)
        connection.close()
