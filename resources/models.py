"""Resources, and what describes them: topics, organisations, claims. And starting points for people in a situation."""

from typing import NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.db.models import F, OuterRef, Q
from taggit.managers import TaggableManager
from taggit.models import ItemBase, TagBase

from curation import editions, history
from curation.dates import PartialDateField
from curation.fields import ChoiceField, MarkdownField, PublicSlugField, WebAddressField
from curation.models import (
    Content,
    CuratedModel,
    ReferenceData,
    Region,
    address,
)
from curation.querysets import CuratedQuerySet, OwnedQuerySet, ReferenceQuerySet, rows
from curation.states import State
from search.documents import Fields


class Audience(models.TextChoices):
    ALL_STAFF = "all_staff", "All staff"
    MANAGERS = "managers", "Line managers"
    HR = "hr", "HR and people teams"
    UNION_REPS = "union_reps", "Trade union representatives"
    BOARD = "board", "Boards and senior leaders"
    INVESTIGATORS = "investigators", "Investigators and case managers"
    SAFETY_LEADS = "safety_leads", "Patient safety leads"
    CLINICIANS = "clinicians", "Clinicians"


class AudiencesField(ArrayField):
    """For whom something is: any number of audiences, known ones only (the database checks it too)."""

    def __init__(self, **kwargs):
        kwargs = {"default": list, "blank": True, **kwargs}
        kwargs["base_field"] = models.CharField(max_length=20, choices=Audience)
        super().__init__(**kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["base_field"]
        return name, path, args, kwargs

    def db_check(self, connection):
        known = ", ".join(f"'{value}'" for value in Audience.values)
        return f"{connection.ops.quote_name(self.column)} <@ ARRAY[{known}]::varchar[]"


def audience_labels(audiences):
    return [Audience(value).label for value in audiences]


class OrganisationQuerySet(ReferenceQuerySet):
    def visible(self):
        return super().visible().filter(is_proposed=False)


@editions.shown
@history.kept
class Organisation(ReferenceData):
    """A publisher or a partner. Any curator may propose one; national curators accept, change and retire them."""

    class Kind(models.TextChoices):
        NHS = "nhs", "NHS body or forum"
        UNION = "union", "Trade union or staff organisation"
        REGULATOR = "regulator", "Regulator or government body"
        CHARITY = "charity", "Charity or campaign"
        ACADEMIC = "academic", "University or publisher of research"
        OTHER = "other", "Other"

    name = models.CharField(max_length=200, unique=True, help_text="In full. For example: NHS Employers.")
    slug = PublicSlugField()
    short_name = models.CharField(
        max_length=50, blank=True, help_text="Only if people know it by its initials. For example: RCN."
    )
    other_names = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="Former names and abbreviations that people search for, separated by commas. For example: "
        "NHS Improvement, NHSI.",
    )
    kind = ChoiceField(Kind, default=Kind.OTHER)
    url = WebAddressField("official address", help_text="Its home page. For example: https://www.nhsemployers.org/")
    description = models.TextField(blank=True)
    is_proposed = models.BooleanField("proposed", default=False, help_text="Not yet accepted by a national curator.")

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


@editions.shown
@history.kept
class Topic(ReferenceData, TagBase):
    """What resources are about, in the words of someone who needs them. Forms choose from these and make none."""

    slug = PublicSlugField()
    description = models.TextField(help_text="One or two plain sentences: what a reader finds under it.")

    class Meta:
        ordering = ["name"]

    def get_absolute_url(self):
        return address("topics:detail", self.slug)

    kind_label = "Topic"
    search_reads = ("other_names",)

    def search_fields(self):
        return Fields(self.name, self.description, " ".join(map(str, self.other_names.all())), "")


@editions.shown
@history.kept
class TopicName(Content):
    """Another name for a topic, which search reads."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="other_names")
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["topic", "name"], name="topic_name_once")]

    def __str__(self):
        return self.name


class Card(NamedTuple):
    """What a list shows of a resource, under the names that a resource has for it."""

    title: str
    slug: str
    summary: str
    kind: str
    published_on: str
    state: str
    is_sample: bool
    publisher_name: str | None

    COLUMNS = ("title", "slug", "summary", "kind", "published_on", "state", "is_sample")

    @property
    def kind_label(self):
        return Resource.Kind(self.kind).label

    @property
    def is_superseded(self):
        return self.state == State.SUPERSEDED

    def get_absolute_url(self):
        return address("resources:detail", self.slug)


CARDS = f"""
    SELECT resource.id, {", ".join(f"resource.{column}" for column in Card.COLUMNS)}, publisher.name
    FROM resources_resource AS resource LEFT JOIN resources_organisation AS publisher ON publisher.id = publisher_id
    WHERE resource.id = ANY(%s)
"""  # noqa: S608 - made of our own names of columns


class ResourceQuerySet(CuratedQuerySet):
    def cards(self, ids):
        """The cards of these resources, in the order of *ids*, which are a library's and so of what is current.

        The statement stands here as it is sent: to compile it for every list would take longer than to answer it.
        """
        with connection.cursor() as cursor:
            cursor.execute(CARDS, [list(ids)])
            found = {pk: Card(*row) for pk, *row in cursor.fetchall()}
        return [found[pk] for pk in ids if pk in found]

    def for_page(self, visible):
        """With everything the page of one resource shows, in one statement."""
        about = {"name": "name", "slug": "slug"}
        fields = "value", "counts", "as_at", "note", "source_title", "source_url", "source_resource"
        return self.select_related("publisher", "owner", "superseded_by").annotate(
            region_rows=rows(Region.objects.filter(resource_set=OuterRef("pk")), **about),
            partner_rows=rows(Organisation.objects.filter(partnered_resources=OuterRef("pk")), **about),
            topic_rows=rows(Topic.objects.visible().filter(resource=OuterRef("pk")), **about),
            claim_rows=rows(Claim.objects.filter(resource=OuterRef("pk")), **{field: field for field in fields}),
        )


@editions.shown
@history.kept
class Resource(CuratedModel):
    """Something to read, do, watch or join. The portal describes it and leads to where it is officially kept."""

    class Kind(models.TextChoices):
        CASE_STUDY = "case_study", "Case study"
        GUIDE = "guide", "Guide"
        LEARNING_MODULE = "learning_module", "Learning module"
        REPORT = "report", "Report"
        TOOLKIT = "toolkit", "Toolkit"
        NETWORK = "network", "Network"
        POLICY = "policy", "Policy"
        RESEARCH = "research", "Research"
        VIDEO = "video", "Video"
        ARTICLE = "article", "Article"

    class Stage(models.TextChoices):
        STARTING = "starting", "Just starting"
        PILOT = "pilot", "Being tried out"
        IN_USE = "in_use", "In use"
        EVALUATED = "evaluated", "In use and evaluated"

    class Access(models.TextChoices):
        OPEN = "open", "Open to everyone"
        REGISTRATION = "registration", "Open after registering"
        NHS = "nhs", "For NHS staff"
        MEMBERS = "members", "For members"
        PAID = "paid", "For a fee"

    kind = ChoiceField(Kind)
    body = MarkdownField(
        "description",
        help_text="What it is and what a reader finds in it, in your own words. Markdown: ## makes a "
        "heading, - a list, [words](address) a link.",
    )
    publisher = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="published_resources",
        help_text="Who stands behind it. For example: NHS England.",
    )
    partners = models.ManyToManyField(
        Organisation,
        blank=True,
        related_name="partnered_resources",
        help_text="Others who made it. For example: a trust and its unions.",
    )
    url = WebAddressField(
        "official address",
        help_text="Where its publisher keeps it, never a copy. For example: https://www.england.nhs.uk/patient-safety/",
    )
    held_by = models.TextField(
        "who holds it",
        blank=True,
        help_text="When there is no official address: who has it and how to ask for it. For example: Ask the "
        "forum's secretary.",
    )
    topics = TaggableManager(
        through="resources.TaggedResource", blank=True, help_text="Choose from the topics there are."
    )
    audiences = AudiencesField()
    published_on = PartialDateField("first published", blank=True)
    stage = ChoiceField(
        Stage,
        blank=True,
        help_text="For practice: how far it has come where it is used. For example: a pilot in two wards is a pilot.",
    )
    access = ChoiceField(Access, verbose_name="who can use it", blank=True)
    cost = models.CharField(max_length=100, blank=True, help_text="For example: Free to NHS organisations.")
    time_needed = models.CharField(max_length=100, blank=True, help_text="For example: 30 minutes.")
    content_warning = models.CharField(
        max_length=200,
        blank=True,
        help_text="What may distress a reader. For example: This page mentions suicide.",
    )
    did_not_work = MarkdownField(
        "what did not work", help_text="The most useful part, if it is known: what was tried and given up, and why."
    )

    objects = ResourceQuerySet.as_manager()
    search_reads = ("publisher", "partners", "regions", "topics__other_names")

    class Meta(CuratedModel.Meta):
        indexes = [
            *CuratedModel.Meta.indexes,
            GinIndex(fields=["audiences"], name="resource_audiences"),
            # all that the library is made of (resources.library): at each edition it is read whole, from here alone
            models.Index(
                F("published_at").desc(),
                F("id").desc(),
                include=["kind", "stage", "publisher", "audiences", "public_from_at", "public_until_at"],
                condition=Q(state=State.PUBLISHED),
                name="resource_library",
            ),
        ]

    @staticmethod
    def advice(said):
        if said["kind"] == Resource.Kind.CASE_STUDY and not said["stage"]:
            yield "A case study says how far it has come: choose a stage, or leave it empty if nobody knows."

    @property
    def audience_labels(self):
        return audience_labels(self.audiences)

    @property
    def publisher_name(self):
        return self.publisher.name if self.publisher else ""

    def search_fields(self):
        topics = sorted(self.topics.all(), key=str)  # taggit prefetches them in no order
        words = [name for topic in topics for name in [topic.name, *map(str, topic.other_names.all())]]
        publishers = [o for o in [self.publisher, *self.partners.all()] if o]
        words += [name for o in publishers for name in [o.name, o.short_name, *o.other_names]]
        words += [self.get_kind_display(), *(region.name for region in self.regions.all())]
        return Fields(
            self.title, self.summary, "\n".join(words), f"{self.body}\n\n{self.did_not_work}", self.region_ids()
        )


editions.shown(history.kept_links(Resource, "regions"))
editions.shown(history.kept_links(Resource, "partners"))


@editions.shown
@history.kept
class TaggedResource(Content, ItemBase):
    """A topic of a resource."""

    tag = models.ForeignKey(Topic, models.PROTECT, related_name="tagged", verbose_name="topic")
    content_object = models.ForeignKey(Resource, models.CASCADE)

    class Meta:
        verbose_name = "topic"
        constraints = [models.UniqueConstraint(fields=["content_object", "tag"], name="resource_topic_once")]

    def __str__(self):
        return self.tag.name


class OfResourceQuerySet(OwnedQuerySet):
    owner_lookup = "resource__owner"


@editions.shown
@history.kept
class Claim(Content):
    """A figure, with what it counts, its date and its source. No figure is shown without them."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="claims")
    value = models.CharField(max_length=100, help_text="As the source puts it. For example: 59% fewer.")
    counts = models.CharField(
        "what it counts",
        max_length=300,
        help_text="In words that stand alone. For example: disciplinary investigations in a year.",
    )
    as_at = PartialDateField("as at", help_text="When it was true, as far as is known: 2019 or October 2020.")
    note = models.CharField(
        max_length=300,
        blank=True,
        help_text="What a reader needs to know to read it rightly. For example: In one trust.",
    )
    source_title = models.CharField(
        "source", max_length=200, help_text="What it is called. For example: Annual report of the trust."
    )
    source_url = WebAddressField("address of the source", help_text="The page or document that has this figure in it.")
    source_resource = models.ForeignKey(
        Resource,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="claims_from_it",
        verbose_name="or a resource here",
    )
    order = models.PositiveSmallIntegerField(default=0, help_text="Figures are shown from the lowest number up.")

    objects = OfResourceQuerySet.as_manager()

    class Meta:
        ordering = ["order", "as_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(as_at=""),
                name="claim_has_its_date",
                violation_error_message="A figure needs its date.",
            ),
            models.CheckConstraint(
                condition=~Q(source_url="") | Q(source_resource__isnull=False),
                name="claim_has_its_source",
                violation_error_message="A figure needs its source: an address or a resource.",
            ),
        ]

    def __str__(self):
        return f"{self.value} {self.counts}"


@editions.shown
@history.kept
class StartingPoint(ReferenceData):
    """A situation someone is in, and three first steps at most."""

    title = models.CharField(
        "the situation", max_length=150, help_text="In the reader's own words. For example: I am under investigation."
    )
    slug = PublicSlugField()
    summary = models.TextField(max_length=400, help_text="One or two sentences on what helps first.")
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "title"]

    def __str__(self):
        return self.title

    kind_label = "Starting point"
    search_reads = ("steps",)

    def get_absolute_url(self):
        return address("starts:detail", self.slug)

    def search_fields(self):
        steps = "\n\n".join(f"{step.title}. {step.text}" for step in self.steps.all())
        return Fields(self.title, self.summary, "", steps)


@editions.shown
@history.kept
class StartingStep(Content):
    """One first step: what to do, how long it takes, and at most one thing to go to."""

    point = models.ForeignKey(StartingPoint, models.CASCADE, related_name="steps")
    order = models.PositiveSmallIntegerField(choices=[(1, "First"), (2, "Second"), (3, "Third")])
    title = models.CharField(
        max_length=150, help_text="What to do, beginning with a verb. For example: Talk to your representative."
    )
    text = models.TextField(help_text="One or two sentences: why, and what it leads to.")
    time = models.CharField("time it takes", max_length=50, help_text="For example: 10 minutes.")
    resource = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="starting_steps")
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, related_name="starting_steps")
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="starting_steps")

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["point", "order"], name="starting_step_order_once"),
            models.CheckConstraint(condition=Q(order__range=(1, 3)), name="starting_steps_are_three_at_most"),
            models.CheckConstraint(
                condition=Q(resource=None, topic=None) | Q(resource=None, region=None) | Q(topic=None, region=None),
                name="starting_step_leads_to_one_thing",
            ),
        ]

    def __str__(self):
        return self.title
