"""Network events and what happens at them."""

from django.db import models
from django.db.models import F, Prefetch, Q

from curation import editions, history, moment
from curation.fields import ChoiceField, MarkdownField, WebAddressField
from curation.models import Content, CuratedModel
from curation.querysets import CuratedQuerySet, OwnedQuerySet
from principles.models import PrincipleSet
from resources.models import AudiencesField, Organisation, Resource, audience_labels
from search.documents import Fields


class EventQuerySet(CuratedQuerySet):
    def upcoming(self):
        """What has not ended yet, soonest first."""
        return self.filter(ends_at__gt=moment.now()).order_by("starts_at", "pk")

    def past(self):
        """What has ended, latest first."""
        return self.filter(ends_at__lte=moment.now()).order_by("-starts_at", "-pk")

    def for_cards(self):
        return self.select_related("organiser")

    def for_page(self, visible):
        """With everything the page of one event shows. visible: gives for a model what the page may name."""
        return self.select_related("organiser", "owner", "superseded_by").prefetch_related(
            "regions",
            Prefetch(
                "sessions",
                Session.objects.select_related("presenter").prefetch_related(
                    Prefetch("resources", visible(Resource), to_attr="visible_resources"),
                    Prefetch("sets", visible(PrincipleSet), to_attr="visible_sets"),
                ),
            ),
        )


@editions.shown
@history.kept
class Event(CuratedModel):
    """A meeting, conference, webinar, training or consultation. Moments are stored in UTC and shown in London time."""

    class Kind(models.TextChoices):
        NETWORK_MEETING = "network_meeting", "Network meeting"
        CONFERENCE = "conference", "Conference"
        WEBINAR = "webinar", "Webinar"
        TRAINING = "training", "Training"
        CONSULTATION = "consultation", "Consultation"

    class Setting(models.TextChoices):
        IN_PERSON = "in_person", "In person"
        ONLINE = "online", "Online"
        BOTH = "both", "In person and online"

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        MOVED = "moved", "Moved"
        CANCELLED = "cancelled", "Cancelled"

    kind = ChoiceField(Kind)
    status = ChoiceField(Status, default=Status.SCHEDULED)
    starts_at = models.DateTimeField("starts", help_text="London time.")
    ends_at = models.DateTimeField("ends", help_text="London time.")
    is_all_day = models.BooleanField(
        "all day", default=False, help_text="All day, or the time is not known: only the date is shown."
    )
    setting = ChoiceField(Setting, verbose_name="how to take part", blank=True)
    place = models.CharField(
        max_length=300, blank=True, help_text="For example: Manchester, and online. Never a joining link or passcode."
    )
    access_info = models.TextField(
        "access",
        blank=True,
        help_text="Step-free access, hearing loop, how to ask for adjustments. For example: Step-free. "
        "Captions are on.",
    )
    body = MarkdownField(
        "description",
        help_text="What it is about and who speaks, by role. Markdown: ## makes a heading, - a list, "
        "[words](address) a link.",
    )
    audiences = AudiencesField()
    cost = models.CharField(max_length=100, blank=True, help_text="For example: Free.")
    booking_url = WebAddressField(
        "where to book", help_text="The page on which people book. For example: https://www.example.nhs.uk/book"
    )
    booking_mailbox = models.EmailField(
        "or the mailbox to book with", blank=True, help_text="When there is no such page: one that several people read."
    )
    url = WebAddressField(
        "official address", help_text="Where its organiser tells of it, if that is a page of its own."
    )
    organiser = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="organised_events")

    objects = EventQuerySet.as_manager()
    public_moments = (*CuratedModel.public_moments, "ends_at")
    search_reads = ("organiser", "regions", "sessions")

    class Meta(CuratedModel.Meta):
        ordering = ["starts_at"]
        constraints = [
            *CuratedModel.Meta.constraints,
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")),
                name="event_ends_after_it_starts",
                violation_error_message="The end must come after the start.",
            ),
        ]
        indexes = [*CuratedModel.Meta.indexes, models.Index(fields=["ends_at"], name="event_ends_at")]

    @property
    def is_past(self):
        return self.ends_at <= moment.now()

    @property
    def audience_labels(self):
        return audience_labels(self.audiences)

    def search_fields(self):
        sessions = "\n\n".join(f"{session.title}. {session.text}" for session in self.sessions.all())
        words = [self.get_kind_display(), self.place, *(region.name for region in self.regions.all())]
        if self.organiser:
            words += [self.organiser.name, self.organiser.short_name]
        return Fields(self.title, self.summary, "\n".join(words), f"{self.body}\n\n{sessions}", self.region_ids())


editions.shown(history.kept_links(Event, "regions"))


class OfEventQuerySet(OwnedQuerySet):
    owner_lookup = "event__owner"


@editions.shown
@history.kept
class Session(Content):
    """One item of an event's agenda: who presents is an organisation and a role, never a name."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="sessions")
    order = models.PositiveSmallIntegerField(default=0, help_text="Sessions are shown from the lowest number up.")
    starts_at = models.TimeField("time", null=True, blank=True)
    title = models.CharField(max_length=200, help_text="What it is about. For example: What we learned.")
    text = MarkdownField("about")
    presenter = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="presented_sessions"
    )
    presenter_role = models.CharField(
        max_length=100, blank=True, help_text="A role, never a person's name. For example: Staff side chair."
    )
    resources = models.ManyToManyField(Resource, blank=True, related_name="sessions")
    sets = models.ManyToManyField(PrincipleSet, blank=True, related_name="sessions")

    objects = OfEventQuerySet.as_manager()

    class Meta:
        ordering = ["order", "starts_at", "pk"]

    def __str__(self):
        return self.title


editions.shown(history.kept_links(Session, "resources"))
editions.shown(history.kept_links(Session, "sets"))
