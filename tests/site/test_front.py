"""What is kept for readers, what never is, and order when too many ask at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import brotli
import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curation import actions
from justculture.front import Front, Turns, encodings, parameters_of
from resources.models import Resource
from tests import addresses
from tests.factories import TESTER, ResourceFactory, TopicFactory, curator
from tests.site.test_every_page import FILES, PAGES, content
from tests.wsgi import ask


@pytest.fixture
def front(own_database):
    return Front(get_wsgi_application())


@pytest.fixture
def made(front, monkeypatch):
    """The requests that Django itself had to answer."""
    made, django = [], front.application

    def watched(environ, start_response):
        made.append((environ["PATH_INFO"], environ["QUERY_STRING"]))
        return django(environ, start_response)

    monkeypatch.setattr(front, "application", watched)
    return made


def test_a_page_is_made_once_an_edition(front, made):
    content(1)
    for path, *_ in [*PAGES.values(), *FILES.values()]:
        made.clear()
        first, second = ask(front, path), ask(front, path)
        assert (path, first.status, second) == (path, 200, first)
        assert len(made) == (2 if path.startswith("/health/") else 1), path
    Resource.objects.update(cost="Free")
    made.clear()
    assert b"Free" in ask(front, "/resources/one/").body
    assert len(made) == 1


def test_a_kept_page_costs_one_small_statement(front):
    ask(front, "/")
    connection.force_debug_cursor = False
    with CaptureQueriesContext(connection) as captured:  # what Django is asked; the edition is read below it
        ask(front, "/")
    assert len(captured) == 0


def test_it_is_the_page_that_django_makes_with_the_same_headers(front, client):
    content(1)
    for path, *_ in PAGES.values():
        expected, kept = client.get(path, headers={"host": "127.0.0.1"}), ask(front, path)
        about_keeping = {"etag", "vary", "content-length"}
        named = {name.lower(): value for name, value in expected.headers.items()}
        assert kept.body == expected.content
        assert {n: v for n, v in kept.headers.items() if n not in about_keeping} == {
            n: v for n, v in named.items() if n not in about_keeping
        }


def test_a_browser_that_has_it_is_told_so_in_a_few_bytes(front):
    page = ask(front, "/", accept_encoding="br, gzip")
    assert brotli.decompress(page.body) == ask(front, "/").body
    tag = page.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        unchanged = ask(front, "/", accept_encoding="gzip, br", if_none_match=known)
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert unchanged.headers["etag"] == tag
        assert "default-src 'none'" in unchanged.headers["content-security-policy"]
        assert (
            sum(len(n) + len(v) for n, v in unchanged.headers.items() if n in {"etag", "cache-control", "vary"}) < 200
        )
    assert ask(front, "/", accept_encoding="gzip", if_none_match=tag).status == 200  # another encoding, another body
    assert ask(front, "/", accept_encoding="br", if_none_match='"other"').status == 200
    ResourceFactory(state="published", title="Something new")
    assert ask(front, "/", accept_encoding="br", if_none_match=tag).status == 200


def test_head_answers_like_get_without_the_page(front, made):
    for path in ("/", "/resources/?kind=guide", "/nothing/", "/resources"):
        head, get = ask(front, path, "HEAD"), ask(front, path)
        assert (head.status, head.headers) == (get.status, get.headers)
    assert ask(front, "/", "HEAD").body == b""
    assert len(made) == 2 + 2 * 2  # what is kept was made for HEAD


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("/", "/?utm_source=mail&fbclid=1"),
        ("/resources/?kind=guide&sort=title", "/resources/?sort=title&nonsense=1&kind=guide&q=&topic="),
        ("/resources/?q=fair+play", "/resources/?q=fair%20play"),
        ("/about/", "/about/?page=7"),
    ],
)
def test_what_strangers_add_to_an_address_makes_no_other_page(front, made, address, same):
    first = ask(front, address)
    assert ask(front, same) == first
    assert first.status == 200
    assert len(made) == 1


def test_what_a_page_reads_makes_another(front, made):
    paths = [
        "/resources/?kind=guide",
        "/resources/?kind=guide&kind=report",
        "/resources/",
        "/search/?q=fair",
        "/search/",
    ]
    assert {ask(front, path).status for path in paths} == {200}
    assert len(made) == len(paths)
    assert ask(front, "/resources/?page=").status == 404  # an empty page number is no page


def test_what_is_no_page_for_every_reader_is_never_kept(front, made):
    withdrawn = ResourceFactory(state="withdrawn")
    moved = actions.rename(ResourceFactory(state="published", slug="before"), "after", by=TESTER)
    asked = {
        "/nothing/": 404,
        withdrawn.get_absolute_url(): 410,
        "/resources/before/": 301,
        "/resources": 301,
        "/resources/?page=99": 404,
        "/search/?q=%00": 400,
        "/admin/": 302,
        "/admin/login/": 200,
        moved.get_preview_url(): 302,
        "/health/live/": 200,
    }
    for path, status in asked.items():
        assert [(path, ask(front, path).status) for _ in range(2)] == [(path, status)] * 2
    assert len(made) == 2 * len(asked)
    assert ask(front, "/", "POST").status == 405
    assert ask(front, "/", "TRACE").status == 405
    assert ask(front, "/").status == 200


def test_a_foreign_host_gets_nothing_that_is_kept(front):
    assert ask(front, "/").status == 200
    for host in ("evil.example", "", "127.0.0.1.evil.example", "127.0.0.1:80@evil.example"):
        assert (host, ask(front, "/", host=host).status) == (host, 400)


def test_a_curators_cookie_changes_nothing_for_anyone(front):
    page = ask(front, "/")
    with_cookie = ask(front, "/", cookie="session=abc")
    assert (with_cookie, "set-cookie" in with_cookie.headers) == (page, False)


def test_behind_a_proxy_each_scheme_has_its_own_page(front, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 60
    plain = ask(front, "/", x_forwarded_proto="http")
    assert plain.status == ask(front, "/", x_forwarded_proto="https").status == 200


def test_every_public_page_says_what_its_answer_depends_on():
    """A page that does not declare its parameters is never kept: that must be meant."""
    paths = {name: path.partition("?")[0] for name, (path, *_) in {**PAGES, **FILES}.items()}
    undeclared = {name for name, path in paths.items() if parameters_of(path) is None}
    assert undeclared == {"live", "ready"}
    assert paths.keys() <= addresses.public()


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("gzip, deflate, br, zstd", {"gzip", "deflate", "br", "zstd"}),
        ("GZIP;q=0.5, br;q=0", {"gzip"}),
        ("br ; q=0.000, gzip; q=1", {"gzip"}),
        ("", {""}),
    ],
)
def test_a_refused_encoding_is_not_used(header, names):
    assert encodings(header) == names


def test_a_page_never_outlives_a_change_made_while_it_was_made(front, monkeypatch):
    """The edition is read before the content, so a page made across a commit is not taken for the newer edition."""
    item, django = ResourceFactory(state="published", summary="Before"), front.application

    def slowly(environ, start_response):
        response = django(environ, start_response)
        with ThreadPoolExecutor(1) as writer:
            writer.submit(change).result()
        return response

    def change():
        try:
            Resource.objects.filter(pk=item.pk).update(summary="After")
        finally:
            connection.close()

    monkeypatch.setattr(front, "application", slowly)
    assert b"Before" in ask(front, item.get_absolute_url()).body
    monkeypatch.setattr(front, "application", django)
    assert b"After" in ask(front, item.get_absolute_url()).body


def test_turns_are_few_the_rest_wait_and_more_are_told_at_once():
    turns = Turns(at_once=2, waiting=1, seconds=0.2)
    assert turns.take()
    assert turns.take()
    began = time.monotonic()
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(turns.take)
        while turns._places._value:
            time.sleep(0.01)
        assert not turns.take()  # no place to wait
        assert time.monotonic() - began < 0.2
        assert not waiting.result()  # waited in vain
    turns.give_back()
    assert turns.take()


def test_too_many_at_once_are_told_to_come_back_and_kept_pages_go_on(front, monkeypatch):
    TopicFactory(slug="one")
    kept, django, free = ask(front, "/"), front.application, threading.Event()

    def slow(environ, start_response):
        if "portal.refusal" not in environ:
            free.wait(10)
        return django(environ, start_response)

    monkeypatch.setattr(front, "application", slow)

    def reader(path):
        try:
            return ask(front, path)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as readers:
        answers = [readers.submit(reader, f"/search/?q={n}") for n in range(20)]
        refused, _ = wait(answers, timeout=2)
        assert ask(front, "/") == kept
        free.set()
        statuses = sorted(answer.result().status for answer in answers)
    assert (statuses, len(refused)) == ([200] * 3 + [503] * 17, 17)
    assert {answer.result().headers["retry-after"] for answer in refused} == {"5"}


def test_who_waited_for_a_turn_is_sent_what_was_made_meanwhile(front, made, monkeypatch):
    take, asked = front.readers.take, []

    def after_another_reader():
        monkeypatch.setattr(front.readers, "take", take)
        asked.append(ask(front, "/topics/"))
        return take()

    monkeypatch.setattr(front.readers, "take", after_another_reader)
    assert ask(front, "/topics/") == asked[0]
    assert made == [("/topics/", "")]


def test_curators_have_turns_of_their_own(front, monkeypatch):
    person = curator("north-west")
    monkeypatch.setattr(front.readers, "take", lambda: False)
    assert ask(front, "/search/?q=one").status == 503
    assert ask(front, "/admin/login/").status == 200
    assert person.is_staff
