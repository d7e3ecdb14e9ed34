"""Atom feeds of what is current."""

from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpResponse
from django.utils.feedgenerator import Atom1Feed

from search.documents import plain

LENGTH = 50  # entries of a feed


class Atom(Atom1Feed):
    """An Atom feed that is a function of its entries: an empty one has no time of its own."""

    def latest_post_date(self):
        if self.items:
            return super().latest_post_date()
        return datetime(2000, 1, 1, tzinfo=UTC)


def atom(request, title, items):
    """The newest of *items* as an Atom response. Addresses come from SITE_URL, never from the request's host."""
    here = settings.SITE_URL + request.get_full_path()
    feed = Atom(
        title=f"{title} – {settings.SERVICE_NAME}", link=here, feed_url=here, description=title, language="en-gb"
    )
    for item in items[:LENGTH]:
        address = settings.SITE_URL + item.get_absolute_url()
        sample = "Sample: " if item.is_sample else ""
        feed.add_item(
            title=sample + plain(item.title),
            link=address,
            unique_id=address,
            description=plain(item.summary),
            pubdate=item.published_at,
            updateddate=item.updated_at,
            categories=[item.kind_label],
        )
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
