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
ROOM_FOR_BOTH = 2.5  # times one compressed body: two of them, with a little to spare
LARGEST = 8  # no page takes more than one part in so many of the whole
PROVEN_SHARE = 0.8  # of the whole, for addresses that were asked for again
# A page is compressed when it is first asked for, once an edition: what is dear to make costs the first reader
COMPRESS = {
    "br": lambda body: brotli.compress(body, quality=4),
    "gzip": lambda body: gzip.compress(body, compresslevel=1, mtime=0),
    "": bytes,
}
EXPAND = {"br": brotli.decompress, "gzip": gzip.decompress}
ABOUT_BODY = {"content-length", "content-encoding", "content-type", "etag", "vary"}


class Variant:
    """One way to send a page: the body in one encoding, with a strong tag and headers of its own."""

    __slots__ = ("body", "headers", "tag", "unchanged")

    def __init__(self, page, body, encoding):
        self.body = COMPRESS[encoding](body)
        self.tag = f'"{blake2b(self.body, digest_size=12).hexdigest()}"'
        told = [("ETag", self.tag), ("Vary", "Accept-Encoding")]
        self.unchanged = [*page.headers, *told]  # for a 304: all but what describes the body
        described = [("Content-Type", page.content_type), ("Content-Length", str(len(self.body)))]
        self.headers = [*page.headers, *told, *described, *([("Content-Encoding", encoding)] if encoding else [])]


class KeptPage:
    """A page as it was in one edition. `true_at` is when it was last known to be right, in seconds of the epoch.

    Only compressed bodies are kept: the one that the first reader could take, and the other when someone asks for it.
    """

    def __init__(self, edition, headers, body, accepted=("br",)):
        self.edition = edition
        self.true_at = time.time()
        self.content_type = next(value for name, value in headers if name.lower() == "content-type")
        self.headers = [(name, value) for name, value in headers if name.lower() not in ABOUT_BODY]
        encoding = best(accepted) or "br"
        first = Variant(self, body, encoding)
        self._variants = {encoding: first}
        self.size = OVERHEAD + int(ROOM_FOR_BOTH * len(first.body))  # bytes

    @property
    def body(self):
        encoding, kept = next(iter(self._variants.items()))
        return EXPAND[encoding](kept.body)

    def variant(self, accepted):
        """What to send to a browser that takes the encodings *accepted*."""
        encoding = best(accepted)
        if encoding not in self._variants:
            made = Variant(self, self.body, encoding)
            if not encoding:
                return made  # no browser: not worth keeping
            self._variants[encoding] = made
        return self._variants[encoding]


def best(accepted):
    """Of the encodings that a browser takes, the one that it is sent; "" for none of ours."""
    return "br" if "br" in accepted else "gzip" if "gzip" in accepted else ""


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

    def forget(self, address):
        with self._lock:
            for place in (self._new, self._proven):
                self._drop(place, address)

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
