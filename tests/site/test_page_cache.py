"""Kept pages: what is sent, and that strangers cannot fill the cache."""

import gzip
from datetime import UTC, datetime

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.editions import Edition
from justculture.page_cache import KeptPage, PageCache

EDITION = Edition("one", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Length", "5"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("Cache-Control", "public, max-age=0"),
]


def page(body=b"Hello", headers=HEADERS):
    return KeptPage(EDITION, headers, body)


@pytest.mark.parametrize(
    ("accepted", "encoding", "decoded"),
    [
        ({"gzip", "br"}, "br", brotli.decompress),
        ({"gzip"}, "gzip", gzip.decompress),
        ({"deflate"}, None, bytes),
        (set(), None, bytes),
    ],
)
def test_each_browser_gets_what_it_can_read(accepted, encoding, decoded):
    variant = page().variant(accepted)
    headers = dict(variant.headers)
    assert decoded(variant.body) == b"Hello"
    assert headers.get("Content-Encoding") == encoding
    assert headers["Content-Length"] == str(len(variant.body))
    assert headers["Vary"] == "Accept-Encoding"
    assert len(headers) == len(variant.headers)


@pytest.mark.parametrize("first", [{"br", "gzip"}, {"gzip"}, {"identity"}])
def test_whoever_asks_first_makes_no_difference_to_those_who_follow(first):
    kept = KeptPage(EDITION, HEADERS, b"Hello", first)
    for accepted in ({"gzip"}, {"br"}, set()):
        assert kept.variant(accepted).headers == page().variant(accepted).headers
    assert kept.body == b"Hello"


def test_a_tag_is_of_one_body_in_one_encoding():
    pages = [page(), page(), page(b"Hullo")]
    tags = [[one.variant(accepted).tag for accepted in ({"br"}, {"gzip"}, set())] for one in pages]
    assert tags[0] == tags[1]
    assert len({*tags[0], *tags[2]}) == 6


def test_what_is_not_changed_is_said_with_every_header_but_those_of_the_body():
    variant = page().variant({"br"})
    assert dict(variant.unchanged) == {
        "Content-Security-Policy": "default-src 'none'",
        "Cache-Control": "public, max-age=0",
        "ETag": variant.tag,
        "Vary": "Accept-Encoding",
    }


def test_a_page_that_is_made_anew_takes_the_place_of_the_old_one():
    cache, old, new = PageCache(1_000_000), page(b"Old"), page(b"New")
    cache.put("/", old)
    assert cache.get("/") is old
    cache.put("/", new)
    assert cache.get("/") is new
    assert (len(cache), cache.size) == (1, new.size)


def test_what_nobody_asks_for_twice_displaces_nothing_that_is_asked_for():
    cache = PageCache(100_000)
    for path in ("/", "/resources/"):
        cache.put(path, page())
        cache.get(path)
    for n in range(1000):
        cache.put(f"/search/?q={n}", page())
    assert cache.get("/").body == cache.get("/resources/").body == b"Hello"
    assert cache.get("/search/?q=0") is None
    assert cache.get("/search/?q=999") is not None


def test_what_is_no_longer_asked_for_gives_way():
    cache = PageCache(100_000)
    for n in range(1000):
        cache.put(n, page())
        cache.get(n)
    assert cache.get(0) is None
    assert cache.get(999) is not None


def test_a_page_too_large_to_keep_displaces_nothing():
    cache, random_bytes = PageCache(100_000), bytes(n * n % 251 for n in range(200_000))
    cache.put("/", page())
    cache.put("/sitemap.xml", page(random_bytes + bytes(range(256)) * 999))
    assert cache.get("/") is not None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 20_000)), max_size=200))
def test_it_never_holds_more_than_its_limit_and_counts_right(asked):
    cache = PageCache(60_000)
    for is_put, address, size in asked:
        if is_put:
            cache.put(address, FakePage(size))
        else:
            cache.get(address)
        held = [*cache._new.values(), *cache._proven.values()]
        assert cache.size == sum(size for _, size in held) <= cache.limit
        assert cache._proven_size == sum(size for _, size in cache._proven.values())
        assert not cache._new.keys() & cache._proven.keys()


class FakePage:
    def __init__(self, size):
        self.size = size
