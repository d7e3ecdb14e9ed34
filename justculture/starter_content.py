"""The starter content: what the portal knows on its first day, from the TOML files in justculture/starter/.

It is only ever added to. What has an address already, or once had one, is left as its curators have it, so loading
twice changes nothing. Parts and links come with the item that is new.
"""

import tomllib
from datetime import datetime, time, timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from curation import actions, history
from curation.models import Redirect, Region, RegionContact
from curation.people import Operator
from events.models import Event, Session
from principles.actions import link, publish_version
from principles.models import (
    Agreement,
    LineageLink,
    Principle,
    PrincipleSet,
    PrincipleText,
    SetVersion,
    Theme,
)
from resources.models import Claim, Organisation, Resource, StartingPoint, StartingStep, Topic, TopicName
from search import documents, index
from search.models import WordGroup

FOLDER = Path(__file__).parent / "starter"
FIRST_REVIEW = timedelta(days=90)  # nobody has reviewed it yet, so it is due soon


def tables(folder=FOLDER):
    """The rows of all files of a folder, by table."""
    found = {}
    for file in sorted(folder.glob("*.toml")):
        for name, rows in tomllib.loads(file.read_text("utf-8")).items():
            found.setdefault(name, []).extend(rows)
    return found


class Loader:
    """One run over tables of rows. `added` counts what was new, by kind."""

    def __init__(self, rows=None, *, by=None, is_sample=False):
        self.by = by or Operator("starter content")
        self.is_sample = is_sample
        self.tables = tables() if rows is None else rows
        self.added = {}
        self.new = set()

    @transaction.atomic
    def load(self):
        history.because("loaded", by=self.by)
        for row in self.tables.get("regions", []):
            self.region(row)
        for row in self.tables.get("organisations", []):
            self.reference(Organisation, row)
        for row in self.tables.get("topics", []):
            self.topic(row)
        for row in self.tables.get("themes", []):
            self.reference(Theme, row)
        for row in self.tables.get("word_groups", []):
            self.reference(WordGroup, {"leads_to": [], **row}, key=("words", "leads_to"))
        resources = [self.resource(row) for row in reversed(self.tables.get("resources", []))]
        for row, resource in zip(reversed(self.tables.get("resources", [])), resources, strict=True):
            self.facts_of(resource, row)
        for row in self.tables.get("sets", []):
            self.principle_set(row)
        for row in self.tables.get("lineage", []):
            self.lineage(row)
        for row in self.tables.get("events", []):
            self.event(row)
        for row in self.tables.get("starting_points", []):
            self.starting_point(row)
        if self.added:
            transaction.on_commit(index.refresh_statistics)
        return self.added

    # What every kind needs

    def reference(self, model, row, key=("slug",), **changes):
        """A new row of reference data, or None when what tells it from others (*key*) is taken."""
        if model.objects.filter(**{name: row[name] for name in key}).exists():
            return None
        history.because("loaded", by=self.by)
        item = model(**{**row, **changes})
        item.full_clean()
        item.save()
        return self.count(item)

    def curated(self, model, row, **fields):
        """A new draft, or None when its address is taken or used to be something's."""
        slug, kind = row["slug"], model._meta.label_lower
        if model.objects.filter(slug=slug).exists() or Redirect.objects.filter(kind=kind, slug=slug).exists():
            return None
        history.because("loaded", by=self.by)
        item = model(
            **fields,
            owner=Region.objects.get(slug=row["owner"]),
            review_due_on=timezone.localdate() + FIRST_REVIEW,
            is_sample=self.is_sample,
        )
        item.full_clean()
        item.save()
        item.regions.set(self.found(Region, row.get("regions", [])))
        return self.count(item)

    def count(self, item):
        name = str(item._meta.verbose_name_plural)
        self.added[name] = self.added.get(name, 0) + 1
        self.new.add((item._meta.label_lower, item.pk))
        return item

    def is_new(self, item):
        return item is not None and (item._meta.label_lower, item.pk) in self.new

    @staticmethod
    def found(model, slugs):
        items = model.objects.in_bulk(slugs, field_name="slug")
        return [items[slug] for slug in slugs]

    @staticmethod
    def plain(row, *names):
        return {name: row[name] for name in names if name in row}

    # Each kind

    def region(self, row):
        row = dict(row)
        contacts = row.pop("contacts", [])
        region = self.reference(Region, row)
        if region:
            for order, contact in enumerate(contacts):
                RegionContact.objects.create(region=region, order=order, **contact)
            documents.refresh(region)

    def topic(self, row):
        row = dict(row)
        names = row.pop("other_names", [])
        topic = self.reference(Topic, row)
        if topic:
            TopicName.objects.bulk_create(TopicName(topic=topic, name=name) for name in names)
            documents.refresh(topic)

    def resource(self, row):
        names = (
            *("title", "slug", "kind", "summary", "body", "url", "held_by", "audiences", "published_on", "stage"),
            *("access", "cost", "time_needed", "content_warning", "did_not_work"),
        )
        publisher = Organisation.objects.get(slug=row["publisher"]) if "publisher" in row else None
        resource = self.curated(Resource, row, publisher=publisher, **self.plain(row, *names))
        if resource:
            resource.partners.set(self.found(Organisation, row.get("partners", [])))
            resource.topics.set(self.found(Topic, row.get("topics", [])))
            resource = actions.publish(resource, by=self.by)
        return resource

    def facts_of(self, resource, row):
        """What may name other resources: figures, and what replaced it."""
        if resource is None:
            return
        history.because("loaded", by=self.by)
        for order, fact in enumerate(row.get("claims", [])):
            fact = dict(fact)
            source = fact.pop("source_resource", None)
            source = Resource.objects.get(slug=source) if source else None
            claim = Claim(resource=resource, source_resource=source, order=order, **fact)
            claim.full_clean()
            claim.save()
        if "superseded_by" in row:
            actions.supersede(resource, by=self.by, successor=Resource.objects.get(slug=row["superseded_by"]))

    def principle_set(self, row):
        names = (
            "title",
            "slug",
            "summary",
            "body",
            "progress",
            "standing",
            "url",
            "held_by",
            "published_on",
            "audiences",
        )
        publisher = Organisation.objects.get(slug=row["publisher"]) if "publisher" in row else None
        item = self.curated(PrincipleSet, row, publisher=publisher, **self.plain(row, *names))
        if item is None:
            return
        item = actions.publish(item, by=self.by)
        for facts in row.get("versions", []):
            history.because("loaded", by=self.by)
            version = SetVersion.objects.create(set=item, **self.plain(facts, "number", "change_kind", "dated", "note"))
            for order, text in enumerate(facts.get("texts", []), 1):
                principle, _ = Principle.objects.get_or_create(set=item, slug=text["slug"])
                theme = Theme.objects.get(slug=text["theme"]) if "theme" in text else None
                PrincipleText.objects.create(
                    version=version, principle=principle, theme=theme, order=order, **self.plain(text, "title", "text")
                )
            for agreement in facts.get("agreements", []):
                Agreement.objects.create(version=version, **agreement)
            publish_version(version, by=self.by)

    def lineage(self, row):
        descendant, source = self.end(row["descendant"]), self.end(row["source"])
        if not (self.is_new(descendant[1]) or self.is_new(source[1])):
            return
        ends = {f"descendant_{descendant[0]}": descendant[1]}
        ends |= {f"source_{source[0]}": source[1]} if source[1] else {"source_text": row["source"]["text"]}
        basis = row["source"].get("basis", "")
        facts = self.plain(row, "kind", "linked_on", "note")
        self.count(link(LineageLink(**ends, basis=basis, **facts), by=self.by))

    @staticmethod
    def end(named):
        for kind, model in {"set": PrincipleSet, "resource": Resource, "organisation": Organisation}.items():
            if kind in named:
                return kind, model.objects.get(slug=named[kind])
        return "text", None

    def event(self, row):
        names = (
            *("title", "slug", "kind", "summary", "body", "setting", "place", "access_info", "audiences", "cost"),
            *("booking_url", "booking_mailbox", "url", "status"),
        )
        day = row["starts_on"]
        starts, ends = self.moment(day, row.get("starts")), self.moment(row.get("ends_on", day), row.get("ends"))
        is_all_day = "starts" not in row
        organiser = Organisation.objects.get(slug=row["organiser"]) if "organiser" in row else None
        event = self.curated(
            Event,
            row,
            organiser=organiser,
            starts_at=starts,
            ends_at=ends + timedelta(days=1) if is_all_day else ends,
            is_all_day=is_all_day,
            **self.plain(row, *names),
        )
        if event:
            for order, session in enumerate(row.get("sessions", [])):
                Session.objects.create(event=event, order=order, **session)
            actions.publish(event, by=self.by)

    @staticmethod
    def moment(day, at=None):
        return timezone.make_aware(datetime.combine(day, at or time()))

    def starting_point(self, row):
        row = dict(row)
        steps = row.pop("steps", [])
        point = self.reference(StartingPoint, row)
        if point is None:
            return
        kinds = {"resource": Resource, "topic": Topic, "region": Region}
        for order, step in enumerate(steps, 1):
            ends = {kind: model.objects.get(slug=step[kind]) for kind, model in kinds.items() if kind in step}
            StartingStep.objects.create(point=point, order=order, **{**step, **ends})
        documents.refresh(point)
