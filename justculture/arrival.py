"""Forms on their way in: taken in whole before they take a turn.

A form arrives at the pace of whoever sends it. Read by the page that wants it, one that trickles in would hold a turn
and a transaction for as long as its sender likes. Here it holds a place among the few that wait, of which one sender
has fewer still. It cannot be given up after a time: granian's worker hangs when an answer overtakes the reading of a
body. A proxy in front that takes in requests whole, as nginx does, spares the portal all of this.
"""

import threading
from collections import Counter
from contextlib import contextmanager, suppress
from io import BytesIO

from django.conf import settings

from curation.accounts import sender


class Refused(Exception):
    """Why a form is not taken in, in a word: "busy", "cut" or "large"."""


class Arrivals:
    """So many at once, and so many of one sender."""

    def __init__(self, at_once, from_one):
        self._at_once, self._from_one = at_once, from_one
        self._senders = Counter()
        self._lock = threading.Lock()

    def take_in(self, environ):
        """Have the whole body of a request in memory. Raises Refused: then it has none."""
        stream, environ["wsgi.input"] = environ["wsgi.input"], BytesIO()
        length, environ["CONTENT_LENGTH"] = whole_number(environ.get("CONTENT_LENGTH")), "0"
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise Refused("large")
        if length:
            with self._place(sender(environ)):
                body = whole(stream, length)
            if len(body) < length:
                raise Refused("cut")
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(length)

    @contextmanager
    def _place(self, who):
        with self._lock:
            if self._senders.total() >= self._at_once or self._senders[who] >= self._from_one:
                raise Refused("busy")
            self._senders[who] += 1
        try:
            yield
        finally:
            with self._lock:
                self._senders[who] -= 1
                self._senders += Counter()  # only who is there is remembered


def whole(stream, length):
    """What comes, until it is *length* bytes or the sender ends."""
    parts = []
    with suppress(OSError):  # the line was cut
        while length > 0 and (part := stream.read(length)):
            parts.append(part)
            length -= len(part)
    return b"".join(parts)


def whole_number(text):
    """A number of bytes as a header tells it; what is no number is none."""
    return int(text) if text and text.isascii() and text.isdigit() else 0
