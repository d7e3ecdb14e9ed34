"""The database as a web process sees it: how long it waits for an answer, and what it does while there is none."""

import select
import threading
import time
from contextvars import ContextVar
from logging import getLogger

import psycopg2
from django.db import connection
from psycopg2 import extensions

log = getLogger(__name__)

ANSWER = 1.0  # seconds in which the smallest question is answered, or the database is away
READING = 4.0  # seconds: a little more than PostgreSQL's own limit for reading on the web (settings.TIME_LIMITS)
WRITING = 16.0  # seconds: the same for a curator's save
PROBE_EVERY = 0.25  # seconds

patience = ContextVar("patience", default=READING)  # seconds that the question being asked may take


class TooLate(psycopg2.OperationalError):
    """No answer came within `patience`."""


def wait(conn):
    """Wait for an answer, but not for ever.

    PostgreSQL keeps its own limits, and is the better judge while it runs. When it is frozen, or the network has lost
    it, only this clock is left.
    """
    deadline = time.monotonic() + patience.get()
    while (state := conn.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(conn.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
            raise TooLate("The database did not answer in time.")


def wait_with_a_limit():
    """Give every question of this process its limit. Commands do without: they take as long as they take."""
    extensions.set_wait_callback(wait)


class Breaker:
    """Knows that the database is away, so that readers need not find out one by one.

    Whoever gets no answer opens it. A thread then asks again and again, and closes it at the first answer.
    """

    def __init__(self):
        self.is_open = False
        self._lock = threading.Lock()

    def open(self, problem):
        with self._lock:
            if self.is_open:
                return
            self.is_open = True
        log.error("The database is away: %s", " ".join(str(problem).split()))
        threading.Thread(target=self._probe, daemon=True).start()

    def _probe(self):
        patience.set(ANSWER)
        while not self._answers():
            time.sleep(PROBE_EVERY)
        self.is_open = False
        log.warning("The database is back")

    @staticmethod
    def _answers():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Exception as problem:  # whatever it is, it is no answer
            log.debug("The database is still away: %s", problem)
            return False
        else:
            return True
        finally:
            connection.close()


breaker = Breaker()
