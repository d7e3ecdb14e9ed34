"""Add made-up events for a demonstration. Each says "sample" on every page that shows it."""

from datetime import time, timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone

from curation.people import Operator
from justculture.starter_content import Loader

SAMPLES = [
    {
        "slug": "sample-network-meeting",
        "title": "Sample: network meeting",
        "kind": "network_meeting",
        "summary": "A made-up meeting that shows how a network meeting with an agenda looks.",
        "body": "This event is a sample. It will not take place.",
        "owner": "north-west",
        "regions": ["north-west"],
        "in_days": 21,
        "starts": time(10),
        "ends": time(12, 30),
        "setting": "both",
        "place": "A sample place",
        "access_info": "Step-free access and a hearing loop. Ask the forum for other adjustments.",
        "cost": "Free",
        "sessions": [
            {"starts_at": time(10), "title": "Welcome from both co-chairs"},
            {"starts_at": time(10, 20), "title": "What changed when we stopped suspending by habit"},
            {"starts_at": time(11, 30), "title": "Questions, and what to take home"},
        ],
    },
    {
        "slug": "sample-webinar",
        "title": "Sample: lunchtime webinar",
        "kind": "webinar",
        "summary": "A made-up webinar that shows how an online event looks.",
        "body": "This event is a sample. It will not take place.",
        "owner": "national",
        "in_days": 35,
        "starts": time(12),
        "ends": time(13),
        "setting": "online",
        "cost": "Free",
    },
    {
        "slug": "sample-conference",
        "title": "Sample: two-day conference",
        "kind": "conference",
        "summary": "A made-up conference that shows how an event of several days looks.",
        "body": "This event is a sample. It will not take place.",
        "owner": "national",
        "regions": ["yorkshire-and-humber", "north-east-and-north-cumbria"],
        "in_days": 60,
        "days": 2,
        "setting": "in_person",
        "place": "A sample place",
    },
]


class Command(BaseCommand):
    help = "Add clearly marked sample events in the weeks to come. Running it again changes nothing."

    def handle(self, **options):
        rows = []
        for sample in SAMPLES:
            row = dict(sample)
            row["starts_on"] = timezone.localdate() + timedelta(days=row.pop("in_days"))
            row["ends_on"] = row["starts_on"] + timedelta(days=row.pop("days", 1) - 1)
            rows.append(row)
        added = Loader({"events": rows}, by=Operator("load_sample_events"), is_sample=True).load()
        told = f"Added {added['events']} sample events." if added else "The sample events are there already."
        self.stdout.write(told)
