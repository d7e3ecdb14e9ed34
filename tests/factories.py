"""Content for tests, without surprises: a draft by default, made public by the verbs that make it public for real."""

from datetime import timedelta

import factory
from django.db import transaction
from django.utils import timezone
from factory.django import DjangoModelFactory

from curation import actions, history
from curation.models import Curator, Membership, Region
from curation.people import Operator
from events.models import Event
from principles.actions import publish_version
from principles.models import Principle, PrincipleSet, PrincipleText, SetVersion, Theme
from resources.models import Claim, Organisation, Resource, StartingPoint, StartingStep, Topic
from search.models import FruitlessSearch, WordGroup

TESTER = Operator("tests", name="The tests")
PASSWORD = "correct horse battery staple"


class RegionFactory(DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ("slug",)

    slug = "north-west"
    name = factory.LazyAttribute(lambda region: region.slug.replace("-", " ").title())
    forum_name = factory.LazyAttribute(lambda region: f"{region.name} Social Partnership Forum")
    description = "A forum of employers and unions."
    is_national = factory.LazyAttribute(lambda region: region.slug == "national")


class CuratorFactory(DjangoModelFactory):
    class Meta:
        model = Curator
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"curator{n}@example.nhs.uk")
    name = factory.Sequence(lambda n: f"Curator {n}")
    password = factory.django.Password(PASSWORD)


def curator(*regions, role=Membership.Role.PUBLISHER, **facts):
    """Someone with an account who does *role* for the regions of these slugs."""
    person = CuratorFactory(**facts)
    for slug in regions:
        Membership.objects.create(curator=person, region=RegionFactory(slug=slug), role=role)
    return person


class OrganisationFactory(DjangoModelFactory):
    class Meta:
        model = Organisation

    name = factory.Sequence(lambda n: f"Organisation {n}")
    slug = factory.Sequence(lambda n: f"organisation-{n}")


class TopicFactory(DjangoModelFactory):
    class Meta:
        model = Topic

    name = factory.Sequence(lambda n: f"Topic {n}")
    slug = factory.Sequence(lambda n: f"topic-{n}")
    description = "What it is about."


class ThemeFactory(DjangoModelFactory):
    class Meta:
        model = Theme

    name = factory.Sequence(lambda n: f"Theme {n}")
    slug = factory.Sequence(lambda n: f"theme-{n}")


class WordGroupFactory(DjangoModelFactory):
    class Meta:
        model = WordGroup

    words = factory.Sequence(lambda n: [f"word{n}", f"other word{n}"])


class FruitlessSearchFactory(DjangoModelFactory):
    class Meta:
        model = FruitlessSearch

    words = factory.Sequence(lambda n: f"words in vain {n}")


class CuratedFactory(DjangoModelFactory):
    """Any kind of content. `state` is reached by the verbs; `regions` and `topics` may be given as lists."""

    class Meta:
        abstract = True
        skip_postgeneration_save = True

    title = factory.Sequence(lambda n: f"Item {n}")
    slug = factory.Sequence(lambda n: f"item-{n}")
    summary = "What it is and how it helps."
    owner = factory.SubFactory(RegionFactory)

    @classmethod
    def _create(cls, model, *args, state="draft", regions=(), topics=(), **fields):
        with transaction.atomic():
            history.because("made", by=TESTER)
            item = super()._create(model, *args, **fields)
            item.regions.set(regions)
            if topics:
                item.topics.set(topics)
        return reach(item, state)


def reach(item, state):
    """Take a draft to *state* as its curators would."""
    if state == "in_review":
        return actions.submit(item, by=curator(item.owner.slug))
    if state in {"published", "superseded", "withdrawn"}:
        item = actions.publish(item, by=TESTER)
    if state == "superseded":
        item = actions.supersede(item, by=TESTER, url="https://example.org/newer", title="A newer thing")
    if state == "withdrawn":
        item = actions.withdraw(item, by=TESTER, reason="It was wrong.", onward_url="https://example.org/instead")
    return item


class ResourceFactory(CuratedFactory):
    class Meta:
        model = Resource

    kind = "guide"


class SetFactory(CuratedFactory):
    class Meta:
        model = PrincipleSet


class EventFactory(CuratedFactory):
    class Meta:
        model = Event

    kind = "network_meeting"
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=10))
    ends_at = factory.LazyAttribute(lambda event: event.starts_at + timedelta(hours=2))


def version_of(item, *titles, publish=True, **facts):
    """A version of a set with a principle for each title."""
    number = item.versions.count() + 1
    version = SetVersion.objects.create(set=item, number=number, **facts)
    for order, title in enumerate(titles, 1):
        principle, _ = Principle.objects.get_or_create(set=item, slug=title.lower().replace(" ", "-"))
        PrincipleText.objects.create(version=version, principle=principle, title=title, order=order)
    return publish_version(version, by=TESTER) if publish else version


class ClaimFactory(DjangoModelFactory):
    class Meta:
        model = Claim

    resource = factory.SubFactory(ResourceFactory)
    value = "59% fewer"
    counts = "investigations"
    as_at = "2019"
    source_title = "A report"
    source_url = "https://example.org/report"


class StartingPointFactory(DjangoModelFactory):
    class Meta:
        model = StartingPoint

    title = factory.Sequence(lambda n: f"Situation {n}")
    slug = factory.Sequence(lambda n: f"situation-{n}")
    summary = "What you may need first."


class StartingStepFactory(DjangoModelFactory):
    class Meta:
        model = StartingStep

    point = factory.SubFactory(StartingPointFactory)
    order = 1
    title = "Talk to someone"
    text = "Your union representative can help."
    time = "10 minutes"
