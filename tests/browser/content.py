"""What the portal holds in these tests: the starter content, and what that has no example of."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from curation import actions, copies, history, past
from curation.models import Region, RegionContact
from events.models import Session
from justculture.starter_content import Loader
from principles.actions import publish_version
from principles.models import Agreement
from resources.models import Organisation, Resource, Topic
from search import documents
from search.models import Submission
from tests.factories import (
    TESTER,
    EventFactory,
    FruitlessSearchFactory,
    ResourceFactory,
    SetFactory,
    StartingPointFactory,
    TopicFactory,
    curator,
    version_of,
)

CURATOR = "north-west@example.nhs.uk"
NATIONAL = "national@example.nhs.uk"
ACCOUNTS = "accounts@example.nhs.uk"
LONG = (
    "Compassionate conversations after patient-safety incidents: a counterrevolutionary-sounding title of some length"
)
BODY = """## What it is

A guide to *talking* with **staff** after an incident, see [the report](https://example.org/report).

1. Ask who is hurt.
2. Ask what they need.

### Before you start

- Read https://example.org/a-rather-long-address-that-has-no-place-to-break/and-goes-on-and-on-and-on-and-on
- Talk to your representative.

> What do they need?
"""


def load():
    Loader().load()
    with transaction.atomic():
        history.because("made", by=TESTER)
        north_west, yorkshire = (Region.objects.get(slug=slug) for slug in ("north-west", "yorkshire-and-humber"))
        RegionContact.objects.create(region=north_west, role="Staff side co-chair", mailbox="spf.nw@example.nhs.uk")
        resources(north_west, yorkshire)
        sets(north_west)
        events(north_west)
        documents.refresh(TopicFactory(name="A topic without resources", slug="empty-topic"))
        documents.refresh(StartingPointFactory(title="A situation without steps", slug="no-steps"))
        FruitlessSearchFactory(words="car park")
        for days in range(3):
            day = timezone.localdate() - timedelta(days=days)
            Submission.objects.create(day=day, words="car park", page="search", results=0)
    curator("north-west", email=CURATOR, name="Nora West")
    curator("national", email=NATIONAL, name="Nat Ional")
    curator("national", email=ACCOUNTS, name="Acton Counts", role="accounts")


def resources(north_west, yorkshire):
    ours = {"owner": north_west, "regions": [north_west]}
    ResourceFactory(
        **ours,
        state="published",
        slug="everything",
        title=LONG,
        summary="What can be said of a resource, all at once.",
        body=BODY,
        did_not_work="- Asking people to be kind\n- Posters",
        content_warning="This page mentions suicide.",
        publisher=Organisation.objects.first(),
        topics=Topic.objects.all()[:3],
        held_by="",
        url="https://example.org/guide",
        audiences=["all_staff", "hr", "union_reps"],
        published_on="2021-06",
        stage="evaluated",
        access="registration",
        cost="Free to NHS organisations",
        time_needed="30 minutes",
    )
    ResourceFactory(
        **ours, state="published", slug="held", title="Kept by its owner", held_by="Ask the forum's secretary."
    )
    ResourceFactory(
        **ours,
        state="published",
        slug="overdue",
        title="Not reviewed in time",
        review_due_on=timezone.localdate() - timedelta(days=30),
    )
    changed = ResourceFactory(**ours, state="published", slug="being-changed", title="Being changed", body=BODY)
    changed.topics.set(Topic.objects.all()[:2])
    said = past.now(changed)
    new = {"title": "Changed for the better", "body": BODY.replace("talking", "listening")}
    copy = copies.write(changed, {**said, "fields": {**said["fields"], **new}}, by=TESTER)
    actions.submit(copy, by=curator("north-west", email="writer@example.nhs.uk", name="Wren Writer"))
    ResourceFactory(**ours, state="superseded", slug="replaced-elsewhere", title="Replaced by something elsewhere")
    ResourceFactory(**ours, state="withdrawn", slug="withdrawn", title="Taken back")
    draft = ResourceFactory(**ours, slug="our-draft", title="A draft", body=BODY, topics=Topic.objects.all()[:2])
    Resource.objects.filter(pk=draft.pk).update(title="Our draft", body=BODY.replace("talking", "listening"))
    ResourceFactory(**ours, state="in_review", slug="our-review", title="Ours, in review")
    ResourceFactory(owner=yorkshire, regions=[yorkshire], slug="their-draft", title="Their draft")


def sets(north_west):
    agreed = SetFactory(
        owner=north_west,
        regions=[north_west],
        state="published",
        slug="agreed-by-both",
        title="Agreed by both sides",
        progress="agreed",
        standing="agreed_principles",
        body=BODY,
    )
    version_of(agreed, "Be kind", "Be fair", dated="2020")
    version = version_of(agreed, "Be kind", "Be fair", "Learn together", dated="2021-06-15", publish=False)
    for side in Agreement.Side:
        Agreement.objects.create(
            version=version,
            side=side,
            role="Chair",
            organisation="The forum",
            agreed_on="2021-06-15",
            source_title="Minutes",
            source_url="https://example.org/minutes",
            recorded_by=curator("north-west", email=f"{side}@example.nhs.uk"),
        )
    publish_version(version, by=TESTER)
    version_of(agreed, "Be kind", "Be fair", "Learn together", "Ask first", publish=False, note="The next one")
    draft = SetFactory(owner=north_west, slug="our-draft-set", title="Our draft set", body=BODY)
    version_of(draft, "Be kind", publish=False)


def events(north_west):
    ours = {"owner": north_west, "regions": [north_west]}
    event = EventFactory(
        **ours,
        state="published",
        slug="meeting",
        title="Meeting of the North West network",
        body=BODY,
        setting="both",
        place="Manchester, and online",
        access_info="Step-free. Captions are on.",
        cost="Free",
        booking_url="https://example.org/book",
        audiences=["all_staff"],
    )
    Session.objects.create(
        event=event, order=1, title="What we learned", text="Bring questions.", presenter_role="Chair"
    )
    EventFactory(
        **ours, state="published", slug="cancelled", title="A cancelled webinar", status="cancelled", kind="webinar"
    )
    EventFactory(**ours, state="published", slug="all-day", title="A whole day", is_all_day=True, is_sample=True)
    EventFactory(**ours, slug="our-draft-event", title="Our draft event", body=BODY)
