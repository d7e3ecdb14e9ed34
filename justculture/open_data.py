"""What the public pages say, as data: for each kind of thing one JSON object a line, and what its fields mean.

Everything comes through visible(), as the pages do. What is not known is null.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Prefetch
from django.utils.timezone import localtime

from curation import moment
from curation.models import Region
from curation.querysets import what_readers_see
from curation.states import State
from events.models import Event
from principles.models import LineageLink, PrincipleSet
from resources.models import Claim, Organisation, Resource, Topic

CHUNK = 500  # things that are read at a time
PACKAGE = "just-and-learning-culture"


def here(item):
    """The address of something on the live site."""
    return settings.SITE_URL + item.get_absolute_url()


def named(item):
    return {"title": str(item), "url": here(item)}


def linked(text, url):
    """A title and where it leads, here or elsewhere."""
    return {"title": text, "url": (settings.SITE_URL + url if url.startswith("/") else url) or None}


def at(instant):
    return localtime(instant).isoformat(timespec="seconds")


def slugs(items):
    return sorted(item.slug for item in items)


def lineage(lines):
    return [
        {"kind": line.kind_label, **linked(line.text, line.url), "date": line.date or None, "note": line.note or None}
        for line in lines
    ]


def curated(item):
    """What every published thing has."""
    successor = item.replacement(type(item).objects.visible()) if item.is_superseded else None
    return {
        "url": here(item),
        "title": item.title,
        "summary": item.summary or None,
        "body": item.body or None,
        "state": item.state,
        "superseded_by": linked(*successor) if successor else None,
        "owner": item.owner.slug,
        "regions": slugs(item.regions.all()),
        "audiences": item.audience_labels,
        "official_url": item.url or None,
        "reviewed_on": item.reviewed_on,
        "review_due_on": item.review_due_on,
        "is_sample": item.is_sample,
        "added_at": at(item.published_at),
        "changed_at": at(item.updated_at),
    }


CURATED = {
    "url": "its address on the live site, which does not change",
    "title": "its name",
    "summary": "what it is, in a sentence or two",
    "body": "what is said of it here, as Markdown",
    "state": "published, or superseded: kept for earlier references, not to be used as current",
    "superseded_by": "title and url of what to use instead",
    "owner": "slug of the region that looks after it here",
    "regions": "slugs of the regions that it is about",
    "audiences": "for whom it is",
    "official_url": "where its owner keeps it",
    "reviewed_on": "the day it was last looked at here",
    "review_due_on": "the day by which it is to be looked at again",
    "is_sample": "true: made up, for a demonstration",
    "added_at": "when it first appeared here",
    "changed_at": "when its record last changed",
}
LINEAGE = {
    "built_on": "what it was built on: kind, title, url, date and note",
    "led_to": "what was built on it, the same way",
}


def lineage_of(item):
    return {end: lineage(lines) for end, lines in LineageLink.held_lines.now().about(item).items()}


def resources():
    sources = Prefetch("source_resource", Resource.objects.visible())
    claims = Prefetch("claims", Claim.objects.prefetch_related(sources))
    items = Resource.objects.visible().select_related("publisher", "owner")
    for item in items.prefetch_related("regions", "partners", "topics", claims).order_by("pk").iterator(CHUNK):
        yield {
            **curated(item),
            "kind": item.kind_label,
            "publisher": item.publisher.name if item.publisher else None,
            "partners": [partner.name for partner in item.partners.all()],
            "held_by": item.held_by or None,
            "topics": slugs(topic for topic in item.topics.all() if not topic.is_retired),
            "published_on": item.published_on or None,
            "stage": item.get_stage_display() or None,
            "access": item.get_access_display() or None,
            "cost": item.cost or None,
            "time_needed": item.time_needed or None,
            "content_warning": item.content_warning or None,
            "did_not_work": item.did_not_work or None,
            "claims": [claim_data(claim) for claim in item.claims.all()],
            **lineage_of(item),
        }


def claim_data(claim):
    source = claim.source_resource
    return {
        "value": claim.value,
        "counts": claim.counts,
        "as_at": claim.as_at,
        "note": claim.note or None,
        "source": linked(claim.source_title, here(source) if source else claim.source_url),
    }


def principles():
    items = PrincipleSet.objects.visible().select_related("publisher", "owner")
    for item in items.prefetch_related("regions").order_by("pk").iterator(CHUNK):
        yield {
            **curated(item),
            "progress": item.get_progress_display() or None,
            "standing": item.get_standing_display() or None,
            "publisher": item.publisher.name if item.publisher else None,
            "held_by": item.held_by or None,
            "published_on": item.published_on or None,
            "versions": [version_data(version) for version in item.versions.visible()],
            **lineage_of(item),
        }


def version_data(version):
    return {
        "number": version.number,
        "url": here(version),
        "is_current": version.state == State.PUBLISHED,
        "dated": version.dated or None,
        "note": version.note or None,
        "agreement": [agreement.sentence for agreement in version.standing_agreements()],
        "principles": [
            {
                "url": here(text.principle),
                "title": text.title,
                "text": text.text or None,
                "theme": text.theme.name if text.theme else None,
            }
            for text in version.texts.select_related("theme", "principle__set")
        ],
    }


def events():
    for item in Event.objects.visible().for_page(what_readers_see).order_by("pk").iterator(CHUNK):
        yield {
            **curated(item),
            "kind": item.kind_label,
            "status": item.get_status_display(),
            "starts_at": at(item.starts_at),
            "ends_at": at(item.ends_at),
            "is_all_day": item.is_all_day,
            "setting": item.get_setting_display() or None,
            "place": item.place or None,
            "access": item.access_info or None,
            "cost": item.cost or None,
            "booking": item.booking_url or item.booking_mailbox or None,
            "organiser": item.organiser.name if item.organiser else None,
            "sessions": [session_data(session) for session in item.sessions.all()],
        }


def session_data(session):
    return {
        "time": session.starts_at and session.starts_at.strftime("%H:%M"),
        "title": session.title,
        "text": session.text or None,
        "presenter": session.presenter.name if session.presenter else None,
        "presenter_role": session.presenter_role or None,
        "about": [named(thing) for thing in [*session.visible_resources, *session.visible_sets]],
    }


def topics():
    for topic in Topic.objects.visible().prefetch_related("other_names").order_by("pk").iterator(CHUNK):
        yield {
            "url": here(topic),
            "slug": topic.slug,
            "name": topic.name,
            "other_names": [other.name for other in topic.other_names.all()],
            "description": topic.description,
        }


def organisations():
    for organisation in Organisation.objects.visible().order_by("pk").iterator(CHUNK):
        yield {
            "slug": organisation.slug,
            "name": organisation.name,
            "short_name": organisation.short_name or None,
            "other_names": organisation.other_names,
            "kind": organisation.get_kind_display(),
            "description": organisation.description or None,
            "official_url": organisation.url or None,
        }


def regions():
    for region in Region.objects.visible().prefetch_related("contacts").iterator(CHUNK):
        yield {
            "url": here(region),
            "slug": region.slug,
            "name": region.name,
            "forum_name": region.forum_name,
            "description": region.description,
            "principles": region.status_note or None,
            "meetings": region.meetings or None,
            "official_url": region.url or None,
            "is_national": region.is_national,
            "contacts": [{"role": c.role, "mailbox": c.mailbox or None} for c in region.contacts.all()],
        }


class Kind(NamedTuple):
    """A file of the data: what is in it, what its fields mean, and what gives its records."""

    about: str
    fields: dict[str, str]
    records: Callable


KINDS = {
    "resources": Kind(
        "everything in the library",
        {
            **CURATED,
            "kind": "case study, guide, learning module and so on",
            "publisher": "the organisation that made it",
            "partners": "with whom",
            "held_by": "who has it, when it has no official address",
            "topics": "slugs of its topics",
            "published_on": "when it was first published, as far as is known",
            "stage": "for practice: how far it has come",
            "access": "who can use it",
            "cost": "what it costs",
            "time_needed": "how long it takes",
            "content_warning": "what may distress a reader",
            "did_not_work": "what did not work, as Markdown",
            "claims": "figures: value, what it counts, as_at, note, and source with title and url",
            **LINEAGE,
        },
        resources,
    ),
    "principles": Kind(
        "sets of principles, with their versions",
        {
            **CURATED,
            "progress": "how far it has come",
            "standing": "agreed principles, suggested good practice or a reference framework",
            "publisher": "the organisation that made it",
            "held_by": "who has the text, when it is not here",
            "published_on": "when it was first published, as far as is known",
            "versions": "the newest first: number, url, is_current, dated, note, what is known of each side's "
            "agreement, and principles with url, title, text and theme. No principles: the text is not held here",
            **LINEAGE,
        },
        principles,
    ),
    "events": Kind(
        "events, past ones too",
        {
            **CURATED,
            "kind": "network meeting, conference, webinar and so on",
            "status": "scheduled, moved or cancelled",
            "starts_at": "its beginning",
            "ends_at": "its end",
            "is_all_day": "true: only the days are known or meant",
            "setting": "in person, online or both",
            "place": "where",
            "access": "access to the place, and how to ask for adjustments",
            "cost": "what it costs",
            "booking": "address or mailbox to book with",
            "organiser": "the organisation that holds it",
            "sessions": "its programme: time, title, text, presenter, presenter_role, and what it is about",
        },
        events,
    ),
    "topics": Kind(
        "what resources are about",
        {
            "url": CURATED["url"],
            "slug": "by which resources name it",
            "name": "its name",
            "other_names": "what else people call it",
            "description": "what is found under it",
        },
        topics,
    ),
    "organisations": Kind(
        "publishers and partners",
        {
            "slug": "by which the library's filter names it",
            "name": "its name",
            "short_name": "its initials",
            "other_names": "former names and abbreviations",
            "kind": "NHS body, trade union, regulator and so on",
            "description": "what it is",
            "official_url": "its own site",
        },
        organisations,
    ),
    "regions": Kind(
        "the Social Partnership Forums' regions; National is one",
        {
            "url": CURATED["url"],
            "slug": "by which all else names it",
            "name": "its name",
            "forum_name": "the name of its forum",
            "description": "what the forum is",
            "principles": "where it stands with principles",
            "meetings": "how the forum meets",
            "official_url": "the forum's own page",
            "is_national": "true for National alone",
            "contacts": "roles, each with a shared mailbox",
        },
        regions,
    ),
}


def lines(name):
    """The records of a kind as JSON Lines."""
    for record in KINDS[name].records():
        yield json.dumps(record, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"


def package():
    """What the files are and what may be done with them, as a Data Package (frictionlessdata.io) says it."""
    facts = {
        "name": PACKAGE,
        "title": settings.SERVICE_NAME,
        "homepage": settings.SITE_URL,
        "created": at(moment.now()),
        "resources": [
            {
                "name": name,
                "path": f"{name}.jsonl",
                "description": kind.about,
                "format": "jsonl",
                "mediatype": "application/jsonl",
                "encoding": "utf-8",
            }
            for name, kind in KINDS.items()
        ],
    }
    if settings.OPEN_DATA_LICENCE:
        facts["licenses"] = [{"title": settings.OPEN_DATA_LICENCE, "path": settings.OPEN_DATA_LICENCE_URL}]
    return facts
