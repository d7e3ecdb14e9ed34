"""Links that let somebody without an account do one thing: now, see one version of one item before readers do.

A link is 256 bits of chance, stored as its hash and shown once. It is bound to an act, an item and its version, so it
ends when the item is changed or published; it ends by its date, when it is taken back, and when whoever made it may no
longer edit the item. Opening a link changes nothing: scanners of mail open them all.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from curation.states import UNPUBLISHED

PREVIEW = "preview"
DAYS, MOST_DAYS = 14, 90
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


class Misses:
    """How often each sender has tried what does not work, in the last while and in this process. It is bounded in
    senders and in memory alone: nobody is kept a record of.
    """

    def __init__(self, most, seconds, senders):
        self._most, self._seconds, self._senders = most, seconds, senders
        self._seen = OrderedDict()
        self._lock = threading.Lock()

    def too_many(self, who):
        count, since = self._seen.get(who, (0, 0))
        return count >= self._most and time.monotonic() - since < self._seconds

    def add(self, who):
        with self._lock:
            count, since = self._seen.pop(who, (0, 0))
            now = time.monotonic()
            self._seen[who] = (count + 1, since) if count and now - since < self._seconds else (1, now)
            while len(self._seen) > self._senders:
                self._seen.popitem(last=False)


misses = Misses(most=30, seconds=900, senders=2_000)  # of each process


def hashed(token):
    return hashlib.sha256(token.encode()).hexdigest()


def make(act, item, *, by, for_whom, days):
    """The full address of a new link, in the caller's transaction. Nothing that is stored leads back to it."""
    token = secrets.token_urlsafe(32)
    apps.get_model("curation.GuestLink").objects.create(
        act=act,
        kind=item._meta.label_lower,
        object_id=item.pk,
        version=item.version,
        for_whom=for_whom,
        token_hash=hashed(token),
        made_by=by,
        ends_at=timezone.now() + timedelta(days=days),
    )
    return settings.SITE_URL + reverse("link", args=[token])


def of(item):
    """The links to an item that its curators could take back."""
    links = apps.get_model("curation.GuestLink").objects.select_related("made_by")
    return links.filter(kind=item._meta.label_lower, object_id=item.pk, ends_at__gt=timezone.now())


def has_open(item):
    return of(item).exists()


def opened(token, *, who):
    """The item that a link shows, or None. *who* asks, as an address: after many misses nobody looks for theirs."""
    if misses.too_many(who):
        return None
    links = apps.get_model("curation.GuestLink").objects.select_related("made_by")
    link = links.filter(token_hash=hashed(token), ends_at__gt=timezone.now(), act=PREVIEW).first()
    item = still(link) if link else None
    if item is None:
        misses.add(who)
    return item


def still(link):
    """The item of a link as it was when the link was made, if whoever made it may still edit it. Otherwise None."""
    if not link.made_by.is_active:
        return None
    items = apps.get_model(link.kind).objects.editable_by(link.made_by)
    return items.filter(pk=link.object_id, version=link.version, state__in=UNPUBLISHED).first()
