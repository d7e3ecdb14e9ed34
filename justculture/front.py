"""What stands in front of Django in a web process: the pages that are kept, and order when too many ask at once.

In this order: a form is taken in; what needs no database goes straight on; the edition of the site is read, which shows
as well whether the database is there; a kept page of that edition is sent as it is; everything else takes its turn.

What the front refuses, Django answers (`portal.refusal`), so that every answer is made and headed in one place.
"""

import re
import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from urllib.parse import parse_qsl, urlencode

import psycopg2
from django.conf import settings
from django.db import Error, connection
from django.http.request import split_domain_port, validate_host
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.http import http_date

from curation import editions
from justculture import database
from justculture.arrival import Arrivals, Refused
from justculture.middleware import FOR_CURATORS, REFUSAL
from justculture.page_cache import KeptPage, PageCache

WITHOUT_DATABASE = (settings.STATIC_URL, "/health/")
READING = {"GET", "HEAD"}
LONGEST_ADDRESS = 2_000  # characters of path and query of a page that is kept
MOST_PARAMETERS = 100  # of a query that is put in order
NO_LONGER_HERE = {"301", "404", "410"}
KEPT_FOR = 24 * 3600  # seconds that a page may stand in for itself while the database is away


class Turns:
    """So many at once, so many waiting, and nobody for long. Whoever cannot be served soon is told so at once."""

    def __init__(self, at_once, waiting, seconds):
        self._turns = threading.Semaphore(at_once)
        self._places = threading.Semaphore(at_once + waiting)
        self._seconds = seconds

    def take(self):
        """Whether there is a turn to take. One that was taken is given back."""
        if not self._places.acquire(blocking=False):
            return False
        if self._turns.acquire(timeout=self._seconds):
            return True
        self._places.release()
        return False

    def give_back(self):
        self._turns.release()
        self._places.release()


class Front:
    """A WSGI application around Django's."""

    def __init__(self, application):
        self.application = application
        self.arrivals = Arrivals(at_once=8, from_one=2)
        self.pages = PageCache(settings.PAGE_CACHE_MB * 1_000_000)
        self.readers = Turns(at_once=3, waiting=6, seconds=0.8)
        self.curators = Turns(at_once=2, waiting=2, seconds=5)  # who lose more than a moment by coming back
        self.last_seen = (None, 0.0)  # an edition, and when it was known to be the current one

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] == "POST":
            try:
                self.arrivals.take_in(environ)
            except Refused as refusal:
                return self.refuse(str(refusal), environ, start_response)
        if environ["PATH_INFO"].startswith(WITHOUT_DATABASE):
            return self.application(environ, start_response)
        address, edition = reading_address(environ), self.edition()
        kept = self.pages.get(address) if address else None
        if edition is None:
            return self.without_database(kept, environ, start_response)
        if kept is not None and kept.edition == edition:
            kept.true_at = time.time()
            return send(kept, environ, start_response)
        environ[editions.REQUEST_KEY] = edition
        turns = self.curators if environ["PATH_INFO"].startswith(FOR_CURATORS) else self.readers
        if not turns.take():
            return self.refuse("busy", environ, start_response)
        try:
            kept = self.pages.get(address) if address else None
            if kept is not None and kept.edition == edition:  # made for another reader while this one waited
                return send(kept, environ, start_response)
            database.patience.set(database.READING)
            return self.make(address, edition, environ, start_response)
        finally:
            turns.give_back()

    def edition(self):
        """The edition of this moment, or None while the database is away.

        Asked at the start of each request on the connection that the rest of it uses, this is also what finds a
        connection that a restart of the database has cut, and makes another.
        """
        if database.breaker.is_open:
            return None
        database.patience.set(database.ANSWER)
        is_new = connection.connection is None
        try:
            connection.ensure_connection()
            with connection.connection.cursor() as cursor:
                edition = editions.current(cursor)
        except (Error, psycopg2.Error) as problem:
            connection.close()
            if is_new or not isinstance(problem, psycopg2.Error) or is_late(problem):
                database.breaker.open(problem)
                return None
            return self.edition()
        self.last_seen = (edition, time.time())
        return edition

    def make(self, address, edition, environ, start_response):
        """Have Django answer, and keep the answer if it is a page for every reader."""
        if address is None:
            return self.application(environ, start_response)
        answer = []
        is_head, environ["REQUEST_METHOD"] = environ["REQUEST_METHOD"] == "HEAD", "GET"
        response = self.application(environ, lambda *status_and_headers: answer.extend(status_and_headers[:2]))
        try:
            body = b"".join(response)
        finally:
            response.close()
        status, headers = answer
        environ["REQUEST_METHOD"] = "HEAD" if is_head else "GET"
        if not status.startswith("200 ") or not is_for_everyone(headers):
            if status[:3] in NO_LONGER_HERE:  # what has been withdrawn does not come back while the database is away
                self.pages.forget(address)
            start_response(status, headers)
            return [] if is_head else [body]
        kept = KeptPage(edition, headers, body, accepted_by(environ))
        self.pages.put(address, kept)
        return send(kept, environ, start_response)

    def without_database(self, kept, environ, start_response):
        """The page as it last was, marked so, or word that there is none."""
        last_edition, last_time = self.last_seen
        if kept is not None and kept.edition == last_edition:
            kept.true_at = last_time
        if kept is None or time.time() - kept.true_at > KEPT_FOR:
            return self.refuse("away", environ, start_response)
        return send_as_it_was(kept, environ, start_response)

    def refuse(self, why, environ, start_response):
        environ[REFUSAL] = why
        return self.application(environ, start_response)


def is_late(problem):
    return isinstance(problem, database.TooLate)


# Addresses


def reading_address(environ):
    """What the answer to this request depends on, beside the edition; None when it is not a page for reading.

    The query keeps what the page reads, in one order: what strangers add to an address makes no page of its own, and
    nor does a field of a form that was left empty. (An empty page number is no page, and stays for Django to say so.)
    """
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    if environ["REQUEST_METHOD"] not in READING or len(path) + len(query) > LONGEST_ADDRESS:
        return None
    if not is_our_host(environ.get("HTTP_HOST", "")) or not path.isascii() or "\0" in path or "%00" in query:
        return None
    query = in_order(path, query)
    if query is None:
        return None
    environ["QUERY_STRING"] = query
    return path, query, is_secure(environ)


@lru_cache(maxsize=10_000)
def in_order(path, query):
    """The part of a query that the page at *path* reads, in one order; None when nothing for reading is there."""
    parameters = parameters_of(path)
    if parameters is None:
        return None
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="replace")
    except ValueError:
        return None
    read = [(name, value) for name, value in pairs if name in parameters and (value or name == "page")]
    return urlencode(sorted(read, key=itemgetter(0)))


@lru_cache(maxsize=10_000)
def parameters_of(path):
    """The query parameters that a page for reading takes, or None when nothing for reading is there."""
    try:
        view = resolve(path).func
    except Resolver404:
        return None
    return getattr(getattr(view, "view_class", view), "parameters", None)


@lru_cache(maxsize=100)
def is_our_host(host):
    domain, _ = split_domain_port(host)
    return validate_host(domain, settings.ALLOWED_HOSTS)


def is_secure(environ):
    """Whether the reader came by HTTPS, as Django's request.is_secure() will say."""
    name, value = settings.SECURE_PROXY_SSL_HEADER or ("", "")
    return environ.get(name, "").split(",")[0].strip() == value if name else environ["wsgi.url_scheme"] == "https"


# Answers


def is_for_everyone(headers):
    told = {name.lower(): value for name, value in headers}
    is_private = re.search("no-store|private", told.get("cache-control", ""))
    return not (is_private or "set-cookie" in told or "cookie" in told.get("vary", "").lower())


def send(kept, environ, start_response):
    variant = kept.variant(accepted_by(environ))
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known and variant.tag in re.findall(r'"[^"]*"', known):
        start_response("304 Not Modified", variant.unchanged)
        return []
    start_response("200 OK", variant.headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [variant.body]


def accepted_by(environ):
    return encodings(environ.get("HTTP_ACCEPT_ENCODING", ""))


@lru_cache(maxsize=100)
def encodings(accepted):
    """The names in an Accept-Encoding header that are not refused by a weight of nothing."""
    parts = (part.replace(" ", "").partition(";") for part in accepted.lower().split(","))
    return {name for name, _, weight in parts if not re.fullmatch(r"q=0(\.0*)?", weight)}


def send_as_it_was(kept, environ, start_response):
    """A page from before the database went away. It says so, and nobody on the way keeps it."""
    body, as_at = kept.body, datetime.fromtimestamp(kept.true_at, UTC)
    if kept.content_type.startswith("text/html"):
        strip = render_to_string("frame/as_it_was.jinja", {"as_at": as_at})
        body = body.replace(b"</header>", b"</header>" + strip.encode(), 1)
    headers = [(name, value) for name, value in kept.headers if name.lower() != "cache-control"]
    headers += [
        ("Cache-Control", "no-store"),
        ("Content-Type", kept.content_type),
        ("Content-Length", str(len(body))),
        ("Last-Modified", http_date(as_at.timestamp())),
    ]
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
