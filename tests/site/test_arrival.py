"""Forms that come slowly, in part, or in a flood: nobody else waits for them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from django.core.wsgi import get_wsgi_application

from justculture.arrival import Arrivals, Refused
from justculture.front import Front
from tests.wsgi import ask


class Trickle:
    """A body whose sender keeps the line open, until let go."""

    def __init__(self):
        self.ended = threading.Event()

    def read(self, size):
        self.ended.wait(10)
        return b""


def sent(body, length=None, who="192.0.2.1"):
    length = len(body) if length is None else length
    stream = body if hasattr(body, "read") else BytesIO(body)
    return {"CONTENT_LENGTH": str(length), "REMOTE_ADDR": who, "wsgi.input": stream}


@pytest.fixture
def arrivals():
    return Arrivals(at_once=3, from_one=2)


@pytest.fixture
def trickle():
    trickle = Trickle()
    yield trickle
    trickle.ended.set()


def test_a_form_is_there_whole(arrivals):
    environ = sent(b"title=Fair+play")
    arrivals.take_in(environ)
    assert environ["wsgi.input"].read() == b"title=Fair+play"
    assert environ["CONTENT_LENGTH"] == "15"


@pytest.mark.parametrize("length", ["", None, "-5", "many", "٣"])
def test_a_length_that_is_none_is_no_body(arrivals, length):
    environ = {**sent(b"title=x"), "CONTENT_LENGTH": length}
    arrivals.take_in(environ)
    assert (environ["wsgi.input"].read(), environ["CONTENT_LENGTH"]) == (b"", "0")


def test_too_much_is_not_even_read(arrivals, settings, trickle):
    with pytest.raises(Refused, match="large"):
        arrivals.take_in(sent(trickle, settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))


def test_half_a_form_is_no_form(arrivals):
    environ = sent(b"title=Fair", 15)
    with pytest.raises(Refused, match="cut"):
        arrivals.take_in(environ)
    assert (environ["wsgi.input"].read(), environ["CONTENT_LENGTH"]) == (b"", "0")


def test_slow_senders_have_few_places_and_get_them_back(arrivals, trickle):
    with ThreadPoolExecutor() as senders:
        slow = [senders.submit(arrivals.take_in, sent(trickle, 100)) for _ in range(2)]
        time.sleep(0.1)
        with pytest.raises(Refused, match="busy"):
            arrivals.take_in(sent(b"title=x"))
        arrivals.take_in(sent(b"title=x", who="192.0.2.2"))  # others are served
        trickle.ended.set()
        assert [str(one.exception()) for one in slow] == ["cut", "cut"]
    arrivals.take_in(sent(b"title=x"))


def test_so_many_at_once_whoever_they_are(arrivals, trickle):
    with ThreadPoolExecutor() as senders:
        slow = [senders.submit(arrivals.take_in, sent(trickle, 100, f"192.0.2.{one}")) for one in range(3)]
        time.sleep(0.1)
        with pytest.raises(Refused, match="busy"):
            arrivals.take_in(sent(b"title=x", who="192.0.2.9"))
        trickle.ended.set()
        assert [str(one.exception()) for one in slow] == ["cut"] * 3


@pytest.mark.parametrize(
    ("stated", "status", "title"),
    [(20, 400, "What you sent did not arrive"), (3_000_000, 413, "That is too much to send at once")],
)
def test_its_sender_reads_what_happened(own_database, stated, status, title):
    front = Front(get_wsgi_application())
    answer = ask(front, "/admin/login/", "POST", b"username=", content_length=str(stated))
    assert (answer.status, f"<h1>{title}</h1>" in answer.body.decode()) == (status, True)
    assert answer.headers["cache-control"] == "no-store"
