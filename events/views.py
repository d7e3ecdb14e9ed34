"""Network events: what is coming, what has been, and one event."""

from itertools import groupby

from django.urls import reverse
from django.utils import timezone

from curation.feeds import atom
from curation.models import Link, Region
from curation.views import CuratedPage, Page, Pager, for_everyone, for_reading, page_number
from events.models import Event


class RegionLink:
    """A region as a filter of the events list."""

    def __init__(self, region, chosen):
        self.name, self.is_chosen = region.name, region == chosen
        self.link = f"{reverse('events:list')}?region={region.slug}"


def by_month(events):
    """Events under the month they start in, in London."""
    months = groupby(events, key=lambda event: timezone.localtime(event.starts_at).strftime("%B %Y"))
    return [(label, list(held)) for label, held in months]


def narrowed(query, events):
    """Events of the region asked for, that region, and a sentence when it is not known."""
    asked = query.get("region", "")
    region = Region.objects.filter(slug=asked).first() if asked else None
    unknown = ["We do not know that region, so we show events of all regions."] if asked and not region else []
    return (events.in_region(region) if region else events), region, unknown


def regions_with_events():
    """The regions that an upcoming event is about."""
    return Region.objects.filter(event_set__in=Event.objects.current().upcoming()).distinct()


class EventList(Page):
    template_name = "events/list.jinja"
    parameters = ("region",)

    def get_context_data(self, **kwargs):
        events, region, messages = narrowed(self.request.GET, Event.objects.current())
        path = f"?region={region.slug}" if region else ""
        return super().get_context_data(
            months=by_month(events.upcoming().for_cards()),
            regions=[RegionLink(known, region) for known in regions_with_events()],
            region=region,
            has_past=events.past().exists(),
            messages=messages,
            feed_link=reverse("events:feed") + path,
            canonical_path=reverse("events:list") + path,
            **kwargs,
        )


class PastEventList(Page):
    template_name = "events/past.jinja"
    parameters = ("page",)

    def get_context_data(self, **kwargs):
        events = Event.objects.current().past()
        number = page_number(self.request)
        count = events.count()
        pager = Pager(count, number, lambda n: reverse("events:past") + (f"?page={n}" if n > 1 else ""))
        return super().get_context_data(
            months=by_month(events.for_cards()[pager.first : pager.last]),
            pager=pager,
            count=count,
            page_number=number,
            page_count=pager.count,
            canonical_path=pager.link(number),
            **kwargs,
        )


class EventPage(CuratedPage):
    model = Event
    template_name = "events/detail.jinja"

    def get_context_data(self, **kwargs):
        item = self.object
        sessions = list(item.sessions.all())
        for session in sessions:
            named = [*session.visible_resources, *session.visible_sets]
            session.links = [Link(thing.title, thing.get_absolute_url()) for thing in named]
        return super().get_context_data(
            sessions=sessions, structured_data=None if self.preview else structured_data(item), **kwargs
        )


def structured_data(event):
    """An event as schema.org knows it, for search engines."""
    moment = (lambda at: timezone.localtime(at).date()) if event.is_all_day else timezone.localtime
    statuses = {"scheduled": "EventScheduled", "moved": "EventRescheduled", "cancelled": "EventCancelled"}
    data = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.title,
        "description": event.summary,
        "startDate": moment(event.starts_at).isoformat(),
        "eventStatus": f"https://schema.org/{statuses[event.status]}",
    }
    if event.place:
        data["location"] = {"@type": "Place", "name": event.place}
    if event.organiser:
        data["organizer"] = {"@type": "Organization", "name": event.organiser.name}
    return data


@for_everyone("region")
@for_reading
def feed(request):
    """Events as a feed, with the list's region filter, newest entry first."""
    events, _, _ = narrowed(request.GET, Event.objects.current())
    return atom(request, "Events", events.newest_first())
