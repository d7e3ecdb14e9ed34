"""Every public address, for search engines (sitemaps.org, protocol 0.9)."""

from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from curation.views import Pager, for_everyone, for_reading, page_number
from search.views import everything_visible

MOST = 40_000  # addresses of one file; the protocol allows 50,000
LISTS = [
    *("home", "starts:list", "resources:list", "topics:list", "principles:list", "regions:list"),
    *("events:list", "events:past", "about", "accessibility", "privacy"),
]
XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@for_everyone("page")
@for_reading
def sitemap(request):
    """All addresses, or an index of the files when there are too many for one."""
    counted = [(items, items.count()) for items in everything_visible()]
    total = len(LISTS) + sum(count for _, count in counted)
    if total > MOST and "page" not in request.GET:
        pages = range(1, -(-total // MOST) + 1)
        address = settings.SITE_URL + reverse("sitemap")
        files = "".join(f"<sitemap><loc>{address}?page={n}</loc></sitemap>" for n in pages)
        return xml(f"<sitemapindex {XMLNS}>{files}</sitemapindex>")
    pager = Pager(total, page_number(request), link=None, size=MOST)
    return xml(f"<urlset {XMLNS}>{''.join(addresses(counted, pager.first, pager.last))}</urlset>")


def addresses(counted, first, last):
    """The entries from *first* up to *last*, counted over the lists and then each kind of item."""
    for name in LISTS[first:last]:
        yield entry(reverse(name))
    before = len(LISTS)
    for items, count in counted:
        start, stop = max(first - before, 0), min(last - before, count)
        if start < stop:
            for item in items.order_by("pk")[start:stop].iterator():
                yield entry(item.get_absolute_url(), getattr(item, "updated_at", None))
        before += count


def entry(path, changed=None):
    at = f"<lastmod>{timezone.localtime(changed).isoformat(timespec='seconds')}</lastmod>" if changed else ""
    return f"<url><loc>{escape(settings.SITE_URL + path)}</loc>{at}</url>"


def xml(body):
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
    return HttpResponse(text, content_type="application/xml; charset=utf-8")
