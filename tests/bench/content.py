"""A library of any size, for measuring: made-up samples, written straight into the tables of a scratch database."""

import csv
import io
import random
import uuid
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from curation.models import Region
from events.models import Event
from resources.models import Audience, Organisation, Resource, TaggedResource, Topic

# Few words are used often and most seldom, as in any language (Zipf)
SYLLABLES = ["ba", "co", "da", "fe", "gi", "ho", "ka", "lu", "me", "ni", "po", "ra", "su", "ti", "vo", "wen"]
WORDS = [f"{a}{b}{c}" for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]
COMMON = [
    *("fair", "learning", "culture", "investigation", "safety", "team", "manager", "union", "review", "support"),
    *("incident", "policy", "staff", "practice", "trust", "patient", "report", "speak", "restorative", "principles"),
]
FIRST_DAY = datetime(2016, 1, 1, tzinfo=UTC)


def words(chance, count):
    return " ".join(
        chance.choice(COMMON) if chance.random() < 0.4 else WORDS[int(len(WORDS) * chance.random() ** 3)]
        for _ in range(count)
    )


def fill(size):
    """Add samples until the library has *size* of them. The same sizes are filled with the same."""
    have = Resource.objects.filter(is_sample=True).count()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # nobody asks for these rows' history
        _fill(cursor, have, size)
        cursor.execute("UPDATE curation_contentversion SET mark = %s", [str(uuid.uuid4())])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _fill(cursor, have, size):
    chance = random.Random(have)
    regions, topics = (
        list(Region.objects.values_list("pk", flat=True)),
        list(Topic.objects.values_list("pk", flat=True)),
    )
    publishers = list(Organisation.objects.visible().values_list("pk", flat=True))
    resources, tied, about = [], [], []
    first = (Resource.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    now = timezone.now()
    for n in range(have, size):
        pk = first + n - have
        published = FIRST_DAY + timedelta(minutes=n * 50)
        resources.append(
            {
                "id": pk,
                "version": 1,
                "title": words(chance, chance.randint(4, 9)).capitalize(),
                "slug": f"sample-{n}",
                "summary": words(chance, 25).capitalize() + ".",
                "body": "\n\n".join(words(chance, 60).capitalize() + "." for _ in range(chance.randint(1, 6))),
                "owner_id": chance.choice(regions),
                "state": "published",
                "published_at": published,
                "review_due_on": date(2030, 1, 1),
                "is_sample": True,
                "created_at": published,
                "updated_at": published,
                "kind": chance.choice(Resource.Kind.values),
                "publisher_id": chance.choice(publishers),
                "audiences": "{" + ",".join(chance.sample(Audience.values, chance.randint(0, 3))) + "}",
                "published_on": str(chance.randint(2005, 2026)),
                "stage": chance.choice(["", *Resource.Stage.values]),
                "access": "open",
                "url": f"https://example.org/{n}/",
            }
        )
        tied += [{"content_object_id": pk, "tag_id": tag} for tag in chance.sample(topics, chance.randint(1, 4))]
        about += [{"resource_id": pk, "region_id": region} for region in chance.sample(regions, chance.randint(0, 2))]
    copy(cursor, Resource, resources)
    copy(cursor, TaggedResource, tied)
    copy(cursor, Resource.regions.through, about)
    if not have:
        events = ((n, now + timedelta(days=n * 3 - 60)) for n in range(60))
        copy(cursor, Event, [event(chance, n, starts, regions) for n, starts in events])
    cursor.execute("SELECT setval('resources_resource_id_seq', (SELECT max(id) FROM resources_resource))")


def event(chance, n, starts, regions):
    return {
        "version": 1,
        "title": words(chance, 5).capitalize(),
        "slug": f"sample-event-{n}",
        "summary": words(chance, 20),
        "owner_id": chance.choice(regions),
        "state": "published",
        "published_at": FIRST_DAY,
        "is_sample": True,
        "created_at": FIRST_DAY,
        "updated_at": FIRST_DAY,
        "kind": chance.choice(Event.Kind.values),
        "status": "scheduled",
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=2),
        "is_all_day": False,
        "audiences": "{}",
    }


def copy(cursor, model, rows):
    """COPY rows into a model's table; a text that is not given is empty."""
    if not rows:
        return
    blank = {
        field.column: ""
        for field in model._meta.concrete_fields
        if field.get_internal_type() in {"CharField", "TextField", "URLField", "EmailField", "PartialDateField"}
        and not field.null
    }
    columns = [*blank.keys(), *(name for name in rows[0] if name not in blank)]
    lines = io.StringIO()
    writer = csv.writer(lines)
    for row in rows:
        writer.writerow([({**blank, **row})[column] for column in columns])
    lines.seek(0)
    named = ", ".join(f'"{column}"' for column in columns)
    cursor.copy_expert(
        f'COPY "{model._meta.db_table}" ({named}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({", ".join(blank)}))'
        if blank
        else f'COPY "{model._meta.db_table}" ({named}) FROM STDIN (FORMAT csv)',
        lines,
    )
