"""Public pages kept whole, compressed and ready to send, each with the edition of the site it was made from.

What is kept is bounded in bytes. An address is on probation until it is asked for a second time, and those on probation
go first: a stranger who asks for a million different searches displaces only other things that nobody asked for twice.

A page of an earlier edition is not dropped until there is a new one: while the database is away, it is what there is.
"""

import gzip
import threading
import time
from collections import OrderedDict
from hashlib import blake2b

import brotli

OVERHEAD = 3_000  # bytes that keeping a page takes beside its bodies: headers, numbers, its place
ROOM_FOR_GZIP = 2.5  # times the brotli body: both together, with a little to spare
LARGEST = 8  # no page takes more than one part in so many of the whole
PROVEN_SHARE = 0.8  # of the whole, for addresses that were asked for again
BROTLI_QUALITY, GZIP_LEVEL = 5, 6  # brotli-5 is as dear as gzip-6 and smaller; each is done once an edition
ABOUT_BODY = {"content-length", "content-encoding", "content-type", "etag", "vary"}


class Variant:
    """One way to send a page: the body in one encoding, with its own strong tag and its headers."""

    __slots__ = ("body", "headers", "tag", "unchanged")

    def __init__(self, page, body, encoding):
        self.body = body
        self.tag = f'"{page.digest}-{encoding}"' if encoding else f'"{page.digest}"'
        told = [("ETag", self.tag), ("Vary", "Accept-Encoding")]
        self.unchanged = [*page.headers, *told]  # for a 304: all but what describes the body
        described = [("Content-Type", page.content_type), ("Content-Length", str(len(body)))]
        self.headers = [*page.headers, *told, *described, *([("Content-Encoding", encoding)] if encoding else [])]


class KeptPage:
    """A page as it was in one edition. `true_at` is when it was last known to be right, in seconds of the epoch."""

    def __init__(self, edition, headers, body):
        self.edition = edition
        self.true_at = time.time()
        self.digest = blake2b(body, digest_size=12).hexdigest()
        self.content_type = next(value for name, value in headers if name.lower() == "content-type")
        self.headers = [(name, value) for name, value in headers if name.lower() not in ABOUT_BODY]
        self._brotli = Variant(self, brotli.compress(body, quality=BROTLI_QUALITY), "br")
        self._gzip = None
        self.size = OVERHEAD + int(ROOM_FOR_GZIP * len(self._brotli.body))  # bytes

    @property
    def body(self):
        return brotli.decompress(self._brotli.body)

    def variant(self, accepted):
        """What to send to a browser that takes the encodings *accepted*. The rarer ones are made when asked for."""
        if "br" in accepted:
            return self._brotli
        if "gzip" in accepted:
            if self._gzip is None:
                self._gzip = Variant(self, gzip.compress(self.body, GZIP_LEVEL, mtime=0), "gzip")
            return self._gzip
        return Variant(self, self.body, "")  # no browser: not worth keeping


class PageCache:
    """Kept pages by address, at most *limit* bytes of them."""

    def __init__(self, limit):
        self.limit = limit
        self.size = 0
        self._new, self._proven = OrderedDict(), OrderedDict()
        self._proven_size = 0
        self._lock = threading.Lock()

    def __len__(self):
        return len(self._new) + len(self._proven)

    def get(self, address):
        """The page kept of an address, of whatever edition, or None."""
        page, _ = self._proven.get(address) or self._new.get(address) or (None, 0)
        if page is not None:
            with self._lock:
                self._asked_again(address)
        return page

    def put(self, address, page):
        if page.size > self.limit // LARGEST:
            return
        with self._lock:
            place = self._proven if address in self._proven else self._new
            self._drop(place, address)
            self._keep(place, address, page, page.size)
            while self.size > self.limit:
                place = self._new or self._proven
                self._drop(place, next(iter(place)))

    def _asked_again(self, address):
        if address in self._proven:
            self._proven.move_to_end(address)
        elif address in self._new:
            page, size = self._new[address]
            self._drop(self._new, address)
            self._keep(self._proven, address, page, size)
            while self._proven_size > self.limit * PROVEN_SHARE:
                oldest, (page, size) = next(iter(self._proven.items()))
                self._drop(self._proven, oldest)
                self._keep(self._new, oldest, page, size)

    def _keep(self, place, address, page, size):
        place[address] = (page, size)
        self.size += size
        if place is self._proven:
            self._proven_size += size

    def _drop(self, place, address):
        _, size = place.pop(address, (None, 0))
        self.size -= size
        if place is self._proven:
            self._proven_size -= size
