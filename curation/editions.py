"""Which edition of the public site is current, so that whatever is kept from before can be known to be true or not.

A public page is a function of what is published, of the moment and of its address. An edition is the first two: it
lasts until something that readers could see is changed, by whatever way, or until the clock makes something appear or
vanish. Two answers of the same edition to the same address are the same.

Every table that public pages read notes, by a trigger, the transaction that wrote to it. When that transaction
commits, a deferred trigger makes a new mark: at the last moment, so that an early writer holds up nobody. Whoever reads
the mark before the content never takes old content for new, whatever is committed in between.
"""

import threading
import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

import pgtrigger
from django.apps import apps
from django.db import connection
from django.utils import timezone

from curation import moment

READ_MARK = "SELECT mark::text FROM curation_contentversion"
REQUEST_KEY = "portal.edition"  # where the request's environment holds what it was read under

noted = pgtrigger.Trigger(
    name="makes_an_edition",
    level=pgtrigger.Statement,
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
    func="""
        INSERT INTO curation_contentchange (transaction) VALUES (pg_current_xact_id()::text::bigint)
            ON CONFLICT DO NOTHING;
        RETURN NULL;
    """,
)
raised = pgtrigger.Trigger(
    name="marks_the_edition",
    level=pgtrigger.Row,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    timing=pgtrigger.Deferred,
    func="""
        UPDATE curation_contentversion SET mark = gen_random_uuid();
        DELETE FROM curation_contentchange WHERE transaction = NEW.transaction;
        RETURN NULL;
    """,
)
shown = pgtrigger.register(noted)  # class decorator: readers see what is in this table


class Edition(NamedTuple):
    """What was published under one mark, from one moment up to (not including) another.

    The mark is drawn by chance, not counted: a database that was put back to an earlier day never repeats one.
    """

    mark: str
    since: datetime
    until: datetime

    def is_still(self, mark, now):
        return self.mark == mark and self.since <= now < self.until


class Held:
    """What *make* gives, kept by this process for as long as an edition lasts. Made once, however many ask at once."""

    def __init__(self, make):
        self._make = make
        self._held = (None, None)
        self._lock = threading.Lock()

    def of(self, request):
        """What is held in the edition that this request is answered from."""
        return self._in(of(request))

    def now(self):
        """What is held in the edition of this moment."""
        return self._in(current())

    def _in(self, edition):
        held = self._held
        if held[0] != edition:
            with self._lock:
                held = self._held
                if held[0] != edition:
                    held = self._held = (edition, self._make())
        return held[1]


_latest = None  # what this process saw last; replaced whole, so threads need no lock


def current(cursor=None):
    """The edition of this moment: one small statement, and a second one when it is another than last time.

    cursor: of the connection that the content will be read with; Django's own without it. Whoever is in the middle of a
    transaction may see what nobody else does yet, and gets an edition that is nobody else's. A copy of the site, which
    is taken in one transaction that only reads, is one edition.
    """
    global _latest
    if taken_at := moment.copied_at():
        return Edition(f"the copy of {taken_at}", taken_at, taken_at)
    now, known = timezone.now(), _latest
    if connection.in_atomic_block:
        return Edition(str(uuid.uuid4()), now, now)
    if cursor is None:
        with connection.cursor() as cursor:
            mark = read_mark(cursor)
    else:
        mark = read_mark(cursor)
    if known is None or not known.is_still(mark, now):
        known = _latest = Edition(mark, now, next_moment(now))
    return known


def of(request):
    """The edition that this request is answered from: read once, before its content."""
    if REQUEST_KEY not in request.META:
        request.META[REQUEST_KEY] = current()
    return request.META[REQUEST_KEY]


def read_mark(cursor):
    cursor.execute(READ_MARK)
    return cursor.fetchone()[0]


def next_moment(now):
    """When the clock alone will next change a public page: at midnight in London at the latest."""
    tomorrow = timezone.localtime(now).date() + timedelta(days=1)
    midnight = timezone.make_aware(datetime.combine(tomorrow, datetime.min.time()))
    moments = [
        model._base_manager.filter(**{f"{field}__gt": now}).order_by(field).values_list(field)[:1]
        for model in apps.get_models()
        for field in getattr(model, "public_moments", ())
    ]
    first, *others = moments
    return min([midnight, *(moment for (moment,) in first.union(*others, all=True))])
