"""Principle sets: their versions and texts, where they came from, and who agreed them."""

from typing import NamedTuple

import pgtrigger
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse

from curation import editions, history
from curation.dates import PartialDateField
from curation.editions import Held
from curation.fields import SLUG_SHAPE, ChoiceField, MarkdownField, PublicSlugField, WebAddressField
from curation.models import Content, CuratedModel, Curator, ReferenceData, Reviewed, Versioned, address
from curation.querysets import CuratedQuerySet, OwnedQuerySet, what_readers_see
from curation.states import PUBLIC, UNPUBLISHED, State
from resources.models import AudiencesField, Organisation, Resource, audience_labels
from search.documents import Fields


@editions.shown
@history.kept
class Theme(ReferenceData):
    """What a principle is about, so that sets can be lined up side by side."""

    name = models.CharField(max_length=100, unique=True)
    slug = PublicSlugField()
    description = models.TextField(blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "name"]

    def __str__(self):
        return self.name


class PrincipleSetQuerySet(CuratedQuerySet):
    def for_cards(self):
        return self.select_related("publisher", "owner").prefetch_related(
            Prefetch("versions", SetVersion.objects.visible().with_count(), to_attr="visible_versions")
        )

    def for_page(self, visible):
        return self.select_related("publisher", "owner", "superseded_by").prefetch_related("regions")


@editions.shown
@history.kept
class PrincipleSet(CuratedModel):
    """The principles of one forum or body: what stays the same while its versions change."""

    class Progress(models.TextChoices):
        EARLY_CONVERSATIONS = "early_conversations", "Early conversations"
        DRAFTING = "drafting", "Being drafted"
        IN_CONSULTATION = "in_consultation", "In consultation"
        AGREED = "agreed", "Agreed"
        UNDER_REVIEW = "under_review", "Under review"

    class Standing(models.TextChoices):
        AGREED_PRINCIPLES = "agreed_principles", "Agreed principles"
        SUGGESTED_GOOD_PRACTICE = "suggested_good_practice", "Suggested good practice"
        REFERENCE_FRAMEWORK = "reference_framework", "Reference framework"

    progress = ChoiceField(Progress, blank=True, help_text="Leave empty if not known.")
    standing = ChoiceField(Standing, blank=True, help_text="Leave empty if not known.")
    body = MarkdownField(
        "background",
        help_text="How it was made and what it is for. Markdown: ## makes a heading, - a list, "
        "[words](address) a link.",
    )
    publisher = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="published_sets")
    url = WebAddressField(
        "official address",
        help_text="Where its owner keeps it, never a copy. For example: https://www.socialpartnershipforum.org/",
    )
    held_by = models.TextField(
        "who holds the text", blank=True, help_text="And how to ask for it. For example: Ask the forum's secretary."
    )
    audiences = AudiencesField()
    published_on = PartialDateField("first published", blank=True)

    objects = PrincipleSetQuerySet.as_manager()
    kind_label = "Principles"
    search_reads = ("publisher", "regions", "versions__texts")

    def get_absolute_url(self):
        return address("principles:detail", self.slug)

    @property
    def audience_labels(self):
        return audience_labels(self.audiences)

    def current_version(self):
        """The version readers see, or None when none is published."""
        return self.versions.filter(state=State.PUBLISHED).first()

    @property
    def has_text(self):
        """Whether the portal holds the words of the current version. Asks for_cards()."""
        return any(v.state == State.PUBLISHED and v.principle_count for v in self.visible_versions)

    def search_fields(self):
        texts = [t for version in self.versions.all() if version.state == State.PUBLISHED for t in version.texts.all()]
        words = [self.get_standing_display(), self.get_progress_display(), *(r.name for r in self.regions.all())]
        if self.publisher:
            words += [self.publisher.name, self.publisher.short_name, *self.publisher.other_names]
        body = "\n\n".join([self.body, *(f"{text.title}. {text.text}" for text in texts)])
        return Fields(self.title, self.summary, "\n".join(words), body, self.region_ids())


editions.shown(history.kept_links(PrincipleSet, "regions"))


class SetVersionQuerySet(OwnedQuerySet):
    owner_lookup = "set__owner"

    def visible(self):
        """Versions readers may see: published once, of a set they may see."""
        return self.filter(state__in=PUBLIC, set__in=PrincipleSet.objects.visible())

    def known_to(self, person):
        return self.visible() | self.curated_by(person)

    def editable_by(self, person):
        """Drafts of *person*'s regions; what readers already see only where *person* may publish."""
        return self.curated_by(person).filter(state__in=UNPUBLISHED) | self.publishable_by(person)

    def with_count(self):
        return self.annotate(principle_count=models.Count("texts"))


@editions.shown
@history.kept
class SetVersion(Reviewed, Content):
    """One version of a set. It is its own working copy: once published, its texts do not change."""

    class ChangeKind(models.TextChoices):
        SUBSTANTIAL = "substantial", "Substantial: both sides agree again"
        MINOR = "minor", "Minor: the agreement stands"

    set = models.ForeignKey(PrincipleSet, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    change_kind = ChoiceField(ChangeKind, "kind of change", default=ChangeKind.SUBSTANTIAL)
    dated = PartialDateField("date of this version", blank=True)
    note = models.TextField(
        "what changed",
        blank=True,
        help_text="For readers of the older version. For example: Two headings were joined, and one is new.",
    )

    objects = SetVersionQuerySet.as_manager()

    class Meta:
        ordering = ["set", "-number"]
        constraints = [
            *Reviewed.Meta.constraints,
            models.UniqueConstraint(fields=["set", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["set"], condition=Q(state=State.PUBLISHED), name="version_one_is_current"),
            models.CheckConstraint(condition=Q(number__gte=1), name="version_counts_from_one"),
        ]

    def __str__(self):
        return f"{self.set}, version {self.number}"

    def get_absolute_url(self):
        if self.state == State.PUBLISHED:
            return self.set.get_absolute_url()
        return reverse("principles:version", args=[self.set.slug, self.number])

    def get_preview_url(self):
        return self.set.get_preview_url()

    @property
    def owner(self):
        return self.set.owner

    @property
    def is_restored(self):
        return not self.was_published

    def standing_agreements(self):
        """What was agreed since the last substantial change: a minor one lets the agreement stand."""
        earlier = self.set.versions.filter(number__lte=self.number)
        substantial = earlier.filter(change_kind=self.ChangeKind.SUBSTANTIAL).first()
        since = substantial.number if substantial else 1
        agreements = Agreement.objects.filter(version__in=earlier.filter(number__gte=since)).order_by("version__number")
        latest = {agreement.side: agreement for agreement in agreements}
        return [latest[side] for side in Agreement.Side.values if side in latest]


class OfSetQuerySet(OwnedQuerySet):
    owner_lookup = "set__owner"


@editions.shown
@history.kept
class Principle(Content):
    """A principle as something that stays itself from version to version, with an address in its set's page."""

    is_restored = False  # an identity stays, whatever is written
    set = models.ForeignKey(PrincipleSet, models.CASCADE, related_name="principles")
    slug = models.SlugField(max_length=100, validators=[RegexValidator(SLUG_SHAPE)])

    objects = OfSetQuerySet.as_manager()

    class Meta:
        ordering = ["set", "slug"]
        constraints = [models.UniqueConstraint(fields=["set", "slug"], name="principle_once_in_its_set")]

    def __str__(self):
        return f"{self.set}: {self.slug}"

    def get_absolute_url(self):
        return f"{self.set.get_absolute_url()}#{self.slug}"


class OfVersionQuerySet(OwnedQuerySet):
    owner_lookup = "version__set__owner"


@editions.shown
@history.kept
class PrincipleText(Content):
    """The words of a principle in one version, with its theme and its place."""

    version = models.ForeignKey(SetVersion, models.CASCADE, related_name="texts")
    principle = models.ForeignKey(Principle, models.RESTRICT, related_name="texts")
    title = models.CharField(max_length=200, help_text="The heading as it was agreed. For example: Policy and process.")
    text = MarkdownField(
        help_text="The words as they were agreed. Markdown. Leave empty when only the heading is known."
    )
    theme = models.ForeignKey(
        Theme,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="texts",
        help_text="What it is about, so that sets can be compared. For example: Policy and process.",
    )
    order = models.PositiveSmallIntegerField(help_text="Principles are shown from the lowest number up.")

    objects = OfVersionQuerySet.as_manager()

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "principle"],
                name="principle_once_in_a_version",
                deferrable=models.Deferrable.DEFERRED,  # two principles may swap their addresses in one save
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_versions_stand",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF EXISTS (
                        SELECT FROM principles_setversion
                        WHERE id IN (OLD.version_id, NEW.version_id) AND state NOT IN ('draft', 'in_review')
                    ) THEN
                        RAISE EXCEPTION 'a published version of a principle set does not change: make a new version'
                            USING ERRCODE = 'integrity_constraint_violation';
                    END IF;
                    RETURN COALESCE(NEW, OLD);
                """,
            )
        ]

    def __str__(self):
        return self.title


@editions.shown
@history.kept
class Agreement(Content):
    """What is known of one side's agreement to a version. Parts may be unknown: never more than is known."""

    class Side(models.TextChoices):
        MANAGEMENT = "management", "Management side"
        STAFF = "staff", "Staff side"

    is_restored = False  # what was agreed is a fact
    version = models.ForeignKey(SetVersion, models.CASCADE, related_name="agreements")
    side = ChoiceField(Side)
    role = models.CharField(
        max_length=100, blank=True, help_text="A role, never a person's name. For example: Staff side chair."
    )
    organisation = models.CharField(
        max_length=200, blank=True, help_text="For whom they agreed, if it is not the forum itself."
    )
    agreed_on = PartialDateField(blank=True)
    source_title = models.CharField(
        "where it is recorded", max_length=200, blank=True, help_text="For example: Minutes of the forum."
    )
    source_url = WebAddressField("address of the record", help_text="If the record is public.")
    recorded_by = models.ForeignKey(
        Curator, models.PROTECT, null=True, blank=True, editable=False, related_name="agreements_recorded"
    )

    objects = OfVersionQuerySet.as_manager()

    class Meta:
        ordering = ["side"]
        constraints = [
            models.UniqueConstraint(fields=["version", "side"], name="agreement_once_a_side"),
        ]

    def __str__(self):
        return f"{self.get_side_display()}, {self.version}"

    @property
    def sentence(self):
        """What is known of this side's agreement, and not more."""
        who = ", ".join(part for part in (self.role, self.organisation) if part)
        side = f"{self.get_side_display()}: " + ("agreed" if self.is_full else "reported as agreed")
        when = f", {self.agreed_on.words}" if self.agreed_on else ", date not known"
        source = self.source_title or self.source_url
        return (
            side
            + (f" by {who}" if who else "")
            + when
            + (f", by {source}" if source and not self.is_full else "")
            + "."
        )

    @property
    def is_full(self):
        """Recorded in full: who, for whom, when, and by whom or from where we know."""
        known_from = self.recorded_by_id or self.source_url or self.source_title
        return bool(self.role and self.organisation and self.agreed_on and known_from)


ENDS = ["set", "principle", "resource", "organisation"]


def exactly_one(*columns, text=None):
    """Exactly one of the foreign keys, or of them and a text, is filled in."""
    options = Q()
    for chosen in [*columns, *([text] if text else [])]:
        option = Q()
        for column in columns:
            option &= Q(**{f"{column}__isnull": column != chosen})
        if text:
            option &= ~Q(**{text: ""}) if chosen == text else Q(**{text: ""})
        options |= option
    return options


class LineageLine(NamedTuple):
    """A link as one of its ends tells it. url: "" when the other end has no page here."""

    text: str
    url: str
    kind_label: str
    date: str
    note: str


class Lines:
    """The links between what readers may see, by the set or resource whose page tells of them."""

    def __init__(self):
        self._built_on, self._led_to = {}, {}

    def add(self, link, descendant, source):
        for kind in ("set", "resource"):
            if pk := getattr(link, f"descendant_{kind}_id"):
                self._built_on.setdefault((kind, pk), []).append(link.source_line(source))
            if pk := getattr(link, f"source_{kind}_id"):
                self._led_to.setdefault((kind, pk), []).append(link.descendant_line(descendant))

    def about(self, item):
        key = "set" if isinstance(item, PrincipleSet) else "resource", item.pk
        return {"built_on": self._built_on.get(key, []), "led_to": self._led_to.get(key, [])}


def an_end(end, visible):
    """The thing at one end of a link as a row of JSON; nothing when the page may not name it."""

    def of(items, kind, **columns):
        found = items.filter(pk=OuterRef(f"{end}_{kind}")).order_by()
        return Subquery(found.values(row=JSONObject(kind=Value(kind), **columns)))

    sets = visible(PrincipleSet)
    principles = Principle.objects.filter(set__in=sets.order_by().values("pk"))
    return Coalesce(
        of(sets, "set", title="title", slug="slug"),
        of(principles, "principle", title="set__title", set="set__slug", slug="slug"),
        of(visible(Resource), "resource", title="title", slug="slug"),
        of(Organisation.objects.all(), "organisation", name="name"),
    )


def end_of(row):
    """The thing that a row of an_end() tells of, with as much of it as its name and address need."""
    if row is None:
        return None
    kind = row.pop("kind")
    if kind == "principle":
        return Principle(slug=row["slug"], set=PrincipleSet(title=row["title"], slug=row["set"]))
    return {"set": PrincipleSet, "resource": Resource, "organisation": Organisation}[kind](**row)


class LineageLinkQuerySet(models.QuerySet):
    def curated_by(self, person):
        """Links whose descendant *person* looks after: a link belongs to the descendant's region."""
        return self._from(PrincipleSet.objects.curated_by(person), Resource.objects.curated_by(person), person)

    def editable_by(self, person):
        """Links whose descendant *person* may change: they are read on its page."""
        return self._from(PrincipleSet.objects.editable_by(person), Resource.objects.editable_by(person), person)

    def _from(self, sets, resources, person):
        return self.filter(
            Q(descendant_set__in=sets)
            | Q(descendant_principle__set__in=sets)
            | Q(descendant_resource__in=resources)
            | Q(descendant_organisation__in=Organisation.objects.editable_by(person))
        )

    def visible(self):
        """Links of which readers may see both ends."""
        return self._between(PrincipleSet.objects.visible(), Resource.objects.visible())

    def known_to(self, person):
        """Links of which *person* may know both ends."""
        return self._between(PrincipleSet.objects.known_to(person), Resource.objects.known_to(person))

    def _between(self, sets, resources):
        both = Q()
        for end in ("descendant", "source"):
            of_set, of_principle, of_resource = f"{end}_set", f"{end}_principle", f"{end}_resource"
            both &= Q(**{f"{of_set}__isnull": True}) | Exists(sets.filter(pk=OuterRef(of_set)))
            both &= Q(**{f"{of_principle}__isnull": True}) | Exists(sets.filter(principles=OuterRef(of_principle)))
            both &= Q(**{f"{of_resource}__isnull": True}) | Exists(resources.filter(pk=OuterRef(of_resource)))
        return self.filter(both)

    def lines(self, visible):
        """What pages say of these links.

        visible: gives for a model what the pages may name. The ends are looked up one by one: joined, they would cost
        the database more to plan than to find.
        """
        ends = {f"{end}_row": an_end(end, visible) for end in ("descendant", "source")}
        lines = Lines()
        for link in self.annotate(**ends):
            source, descendant = end_of(link.source_row) or link.source_text, end_of(link.descendant_row)
            if source and descendant:
                lines.add(link, descendant, source)
        return lines

    def with_ends(self):
        return self.select_related(
            *(f"{end}_{kind}" for end in ("descendant", "source") for kind in ENDS),
            "descendant_principle__set",
            "source_principle__set",
        )


@editions.shown
@history.kept
class LineageLink(Versioned, Content):
    """One step of where something came from: the descendant was built on the source. Read from both ends."""

    class Kind(models.TextChoices):
        ADOPTED = "adopted", "Adopted"
        ADAPTED = "adapted", "Adapted"
        INFORMED_BY = "informed_by", "Informed by"

    is_restored = False  # it is of two items: going back would pass by what forbids circles
    kind = ChoiceField(Kind, default=Kind.INFORMED_BY)
    descendant_set = models.ForeignKey(
        PrincipleSet, models.PROTECT, null=True, blank=True, related_name="built_on_links"
    )
    descendant_principle = models.ForeignKey(
        Principle, models.PROTECT, null=True, blank=True, related_name="built_on_links"
    )
    descendant_resource = models.ForeignKey(
        Resource, models.PROTECT, null=True, blank=True, related_name="built_on_links"
    )
    descendant_organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="built_on_links"
    )
    source_set = models.ForeignKey(PrincipleSet, models.PROTECT, null=True, blank=True, related_name="led_to_links")
    source_principle = models.ForeignKey(Principle, models.PROTECT, null=True, blank=True, related_name="led_to_links")
    source_resource = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="led_to_links")
    source_organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="led_to_links"
    )
    source_text = models.CharField(
        "or a source in words",
        max_length=300,
        blank=True,
        help_text="When the source is no item here. For example: Discussions at the forum.",
    )
    basis = models.CharField(
        "how we know",
        max_length=300,
        blank=True,
        help_text="Who says so, and where. For example: Named in its foreword.",
    )
    linked_on = PartialDateField("when", blank=True)
    note = models.TextField(blank=True, help_text="What was taken over and what was changed.")

    objects = LineageLinkQuerySet.as_manager()
    held_lines = Held(lambda: LineageLink.objects.lines(what_readers_see))

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=exactly_one(*(f"descendant_{end}" for end in ENDS)),
                name="lineage_has_one_descendant",
                violation_error_message="Choose exactly one thing that was built.",
            ),
            models.CheckConstraint(
                condition=exactly_one(*(f"source_{end}" for end in ENDS), text="source_text"),
                name="lineage_has_one_source",
                violation_error_message="Choose exactly one source, or describe it in words.",
            ),
        ]

    def __str__(self):
        return f"{self.descendant} {self.get_kind_display().lower()} {self.source}"

    @property
    def descendant(self):
        return self._end("descendant")

    @property
    def source(self):
        return self._end("source") or self.source_text

    def source_line(self, source):
        """How the descendant's page tells of this link."""
        words = {"adopted": "Adopted from", "adapted": "Adapted from", "informed_by": "Informed by"}
        return self._line(source, words)

    def descendant_line(self, descendant):
        """How the source's page tells of this link."""
        words = {"adopted": "Adopted by", "adapted": "Adapted by", "informed_by": "Informed"}
        return self._line(descendant, words)

    def _line(self, end, words):
        note = " ".join(part for part in (self.note, self.basis) if part)
        address = getattr(end, "get_absolute_url", None)
        return LineageLine(str(end), address() if address else "", words[self.kind], self.linked_on, note)

    def _end(self, end):
        return next((value for kind in ENDS if (value := getattr(self, f"{end}_{kind}"))), None)
