"""What all content shares: people and their regions, publication, ownership and old addresses."""

from datetime import timedelta
from functools import cache
from typing import NamedTuple

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property

from curation import editions, history, moment, sessions
from curation.fields import ChoiceField, PublicSlugField, WebAddressField
from curation.querysets import CuratedQuerySet, OwnedQuerySet, ReferenceQuerySet, RegionQuerySet
from curation.states import PUBLIC, UNPUBLISHED, State, check_move
from search.documents import Fields, plain

CONFIRM_EVERY = timedelta(days=365)  # how long access lasts before somebody says that it is still needed


@cache
def _resolved(view_name, *args):
    return reverse(view_name, args=args)


def address(view_name, slug=None):
    """The public address of a page, with one slug or none. A view's is resolved once: a list asks for thirty."""
    return _resolved(view_name) if slug is None else _resolved(view_name, "-").replace("/-/", f"/{slug}/")


class Link(NamedTuple):
    """Words and where they lead. No address: words alone."""

    text: str
    url: str = ""


class CuratorQuerySet(models.QuerySet):
    def editable_by(self, person):
        """Accounts are for their administrators alone."""
        return self.all() if person.manages_accounts else self.none()

    def to_confirm(self):
        """Open accounts of which nobody has said for a year that they are still needed, the longest first."""
        a_year_ago = timezone.localdate() - CONFIRM_EVERY
        return self.filter(is_active=True, access_confirmed_on__lte=a_year_ago).order_by("access_confirmed_on", "name")


class CuratorManager(BaseUserManager.from_queryset(CuratorQuerySet)):
    def get_by_natural_key(self, email):
        return self.get(email=email.strip().lower())


@history.kept
class Curator(AbstractBaseUser):
    """Someone with an account. What they may do follows from their memberships alone: nobody is a superuser."""

    email = models.EmailField(unique=True, help_text="They sign in with it. For example: name@example.nhs.uk.")
    name = models.CharField(
        max_length=100, help_text="First and family name, as they are to read in the history of changes."
    )
    is_active = models.BooleanField(
        "open", default=True, help_text="Close an account instead of deleting it: the history stays readable."
    )

    second_factor_at = models.DateTimeField("second factor set up", null=True, editable=False)
    oidc_subject = models.CharField("known elsewhere as", max_length=500, blank=True, editable=False)
    access_confirmed_on = models.DateField("access confirmed on", default=timezone.localdate, editable=False)
    sessions_ended_at = models.DateTimeField("signed out everywhere", null=True, editable=False)

    objects = CuratorManager()

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    not_in_history = ["password", "last_login"]
    source = "admin"

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="curator_email_in_small_letters"),
            models.UniqueConstraint(
                fields=["oidc_subject"], condition=~Q(oidc_subject=""), name="curator_known_elsewhere_once"
            ),
        ]

    def __str__(self):
        return self.name

    def clean(self):
        super().clean()
        self.email = self.email.strip().lower()

    @cached_property
    def parts(self):
        """What they do, as (role, region's pk, whether that is National). Asked once a request, which makes its own
        Curator: what was taken away is gone at the next."""
        if not self.is_active:
            return []
        return list(self.memberships.order_by().values_list("role", "region", "region__is_national"))

    def _does_nationally(self, role):
        return any(held == role and is_national for held, _, is_national in self.parts)

    @property
    def is_staff(self):
        """May sign in to the admin: anyone with a part to play there."""
        return bool(self.parts)

    @property
    def manages_accounts(self):
        return self._does_nationally(Membership.Role.ACCOUNTS)

    @property
    def is_national(self):
        """May publish for National, and so looks after what belongs to no one region."""
        return self._does_nationally(Membership.Role.PUBLISHER)

    def has_perm(self, perm, obj=None):
        """Rights come from querysets (curation.querysets), asked by each admin class; no permission is stored."""
        return False

    def has_module_perms(self, app_label):
        return self.is_staff


class SessionQuerySet(models.QuerySet):
    def open(self):
        return self.filter(expire_date__gt=timezone.now())


class Session(AbstractBaseSession):
    """Somebody signed in with one browser (curation.sessions). The key opens it, and is shown to nobody."""

    curator = models.ForeignKey(Curator, models.CASCADE, null=True, related_name="sessions")
    began_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    browser = models.CharField(max_length=50, blank=True)

    objects = BaseSessionManager.from_queryset(SessionQuerySet)()

    class Meta(AbstractBaseSession.Meta):
        ordering = ["-used_at"]

    @classmethod
    def get_session_store_class(cls):
        return sessions.SessionStore

    @property
    def name(self):
        """What stands for it in a form: from it nobody gets to the key."""
        return salted_hmac("curation.Session", self.session_key, algorithm="sha256").hexdigest()


class Content(models.Model):
    """Everything that readers may be shown: its history is kept, and a change makes a new edition of the public site
    (both are checked by curation.checks)."""

    is_restored = True  # False: it stands whatever older text comes back (curation.past)

    class Meta:
        abstract = True

    @staticmethod
    def advice(said):
        """What this kind of content advises of its own, in sentences. *said*: its fields' values (curation.advice)."""
        return ()


class Versioned(models.Model):
    """A row that two people may edit at once: a save against an older number is refused with the difference."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


@editions.shown
@history.kept
class Region(Versioned, Content):
    """A Social Partnership Forum's region. National is one too. Not NHS England's seven regions."""

    name = models.CharField(max_length=100, unique=True)
    slug = PublicSlugField()
    forum_name = models.CharField("name of the forum", max_length=150)
    description = models.TextField(help_text="What the forum is and who it is for, in two or three sentences.")
    status_note = models.TextField(
        "where principles stand",
        blank=True,
        help_text="One or two sentences. For example: A draft is with the forum. Say so when nothing is known.",
    )
    meetings = models.TextField(
        "how it meets", blank=True, help_text="How often and where. For example: Four times a year, online."
    )
    url = WebAddressField(
        "official address",
        help_text="The forum's own page. For example: https://www.socialpartnershipforum.org/regional-spf/",
    )
    is_national = models.BooleanField(default=False, editable=False)
    publishes_alone = models.BooleanField(
        "one person may publish",
        default=False,
        help_text="For a forum with a single curator: what they write need not be approved by someone else.",
    )
    order = models.PositiveSmallIntegerField(default=0)

    objects = RegionQuerySet.as_manager()
    kind_label = "Region"

    class Meta:
        ordering = ["order", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_national"], condition=Q(is_national=True), name="region_only_one_is_national"
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return address("regions:detail", self.slug)

    def search_fields(self):
        return Fields(self.name, self.status_note, self.forum_name, f"{self.description}\n\n{self.meetings}", [self.pk])


class RegionContactQuerySet(OwnedQuerySet):
    owner_lookup = "region"


@editions.shown
@history.kept
class RegionContact(Content):
    """A role with a shared mailbox. Never a named person."""

    region = models.ForeignKey(Region, models.CASCADE, related_name="contacts")
    role = models.CharField(max_length=100, help_text="For example: Staff side co-chair. Never a person's name.")
    mailbox = models.EmailField(
        "shared mailbox",
        blank=True,
        help_text="One that several people read. For example: forum@example.nhs.uk. Never somebody's own.",
    )
    order = models.PositiveSmallIntegerField(default=0)

    objects = RegionContactQuerySet.as_manager()

    class Meta:
        ordering = ["order", "role"]
        constraints = [models.UniqueConstraint(fields=["region", "role"], name="contact_once_per_role")]

    def __str__(self):
        return self.role


@history.kept
class Membership(models.Model):
    """What a curator does for a region. A national editor or publisher does it for every region."""

    class Role(models.TextChoices):
        EDITOR = "editor", "Editor: writes drafts"
        PUBLISHER = "publisher", "Publisher: also publishes and withdraws"
        ACCOUNTS = "accounts", "Administrator of accounts"

    curator = models.ForeignKey(Curator, models.CASCADE, related_name="memberships")
    region = models.ForeignKey(Region, models.PROTECT, related_name="memberships")
    role = ChoiceField(Role)

    class Meta:
        ordering = ["region__order", "role"]
        constraints = [models.UniqueConstraint(fields=["curator", "region", "role"], name="membership_once")]

    def __str__(self):
        return f"{self.get_role_display().split(':')[0]}, {self.region}"

    def clean(self):
        if self.role == self.Role.ACCOUNTS and self.region_id and not self.region.is_national:
            raise ValidationError({"region": "Accounts are looked after for all regions together: choose National."})


def tidy_title(text):
    """A title on one line, with nothing in it that cannot be seen."""
    return " ".join(plain(text).split())


def tidy_summary(text):
    return plain(text).strip()


class Reviewed(Versioned):
    """What two people stand behind before readers see it: one sends it for review, another publishes it."""

    state = ChoiceField(State, default=State.DRAFT, editable=False)
    submitted_by = models.ForeignKey(
        Curator, models.PROTECT, null=True, blank=True, editable=False, related_name="submitted_%(class)s_set"
    )
    changes_asked = models.TextField("changes asked for", blank=True, editable=False)  # of a draft that came back
    published_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=(Q(state__in=UNPUBLISHED) & Q(published_at=None))
                | (~Q(state__in=UNPUBLISHED) & Q(published_at__isnull=False)),
                name="%(class)s_published_has_its_date",
            ),
            models.CheckConstraint(
                condition=Q(state=State.IN_REVIEW, submitted_by__isnull=False)
                | (~Q(state=State.IN_REVIEW) & Q(submitted_by=None)),
                name="%(class)s_review_has_its_submitter",
            ),
            models.CheckConstraint(
                condition=Q(state=State.DRAFT) | Q(changes_asked=""),
                name="%(class)s_changes_are_asked_of_a_draft",
            ),
        ]

    @property
    def was_published(self):
        """Whether readers saw it once: from then on it changes by its verbs and by what another person approves."""
        return self.state not in UNPUBLISHED

    def move_to(self, state):
        """Change the state, with what the check constraints ask to go with it. Raises NotAllowed."""
        check_move(self, state)
        self.state = state
        if state != State.IN_REVIEW:
            self.submitted_by = None
        if state != State.DRAFT:
            self.changes_asked = ""
        if state == State.PUBLISHED:
            self.published_at = self.published_at or timezone.now()


class CuratedModel(Reviewed, Content):
    """Content that a region owns and publishes. A new kind of content inherits this and gets all of it:
    states, dates, ownership, review, version numbers, history, search, the admin and the doors' tests.

    `owner` is who edits it; `regions` is what it is about and where it is shown, and gives no right to edit.
    """

    title = models.CharField(max_length=200, help_text="As its owner calls it. For example: Being fair tool.")
    slug = PublicSlugField(
        "address",
        help_text="The last part of its web address, such as being-fair-tool. It cannot change once published.",
    )
    summary = models.TextField(
        blank=True,
        max_length=400,
        help_text="One or two sentences: what it is and how it helps. For example: Questions to ask before "
        "anybody is suspended. Shown in lists.",
    )
    owner = models.ForeignKey(
        Region,
        models.PROTECT,
        related_name="owned_%(class)s_set",
        verbose_name="owning region",
        help_text="The forum that looks after it. Only a national curator can change this.",
    )
    regions = models.ManyToManyField(
        Region,
        blank=True,
        related_name="%(class)s_set",
        verbose_name="regions it is about",
        help_text="Where it is shown. Leave empty when it is about no particular region.",
    )

    public_from_at = models.DateTimeField(
        "show from", null=True, blank=True, help_text="London time. Leave empty to show it as soon as it is published."
    )
    public_until_at = models.DateTimeField(
        "show until", null=True, blank=True, help_text="London time. Leave empty to go on showing it."
    )

    superseded_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="supersedes"
    )
    superseded_by_url = WebAddressField(editable=False)
    superseded_by_title = models.CharField(max_length=200, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_reason = models.TextField(blank=True, editable=False)
    onward_url = WebAddressField(editable=False)

    reviewed_on = models.DateField("last reviewed", null=True, blank=True, editable=False)
    review_due_on = models.DateField(
        "next review due",
        null=True,
        blank=True,
        help_text="A year after it is published, unless you say otherwise.",
    )
    is_sample = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CuratedQuerySet.as_manager()
    left_to_verbs = ("slug", "owner", "review_due_on")  # once published, no form and no working copy changes these
    public_moments = ("public_from_at", "public_until_at")  # the clock changes what readers see at these

    class Meta:
        abstract = True
        ordering = ["title"]
        constraints = [
            *Reviewed.Meta.constraints,
            models.CheckConstraint(
                condition=(Q(state=State.SUPERSEDED) & (Q(superseded_by__isnull=False) | ~Q(superseded_by_url="")))
                | (~Q(state=State.SUPERSEDED) & Q(superseded_by=None, superseded_by_url="")),
                name="%(class)s_superseded_names_successor",
            ),
            models.CheckConstraint(
                condition=Q(superseded_by=None) | ~Q(superseded_by=F("id")),
                name="%(class)s_does_not_succeed_itself",
            ),
            models.CheckConstraint(
                condition=(Q(state=State.WITHDRAWN, withdrawn_at__isnull=False) & ~Q(withdrawn_reason=""))
                | (~Q(state=State.WITHDRAWN) & Q(withdrawn_at=None, withdrawn_reason="")),
                name="%(class)s_withdrawn_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=Q(public_from_at=None) | Q(public_until_at=None) | Q(public_from_at__lt=F("public_until_at")),
                name="%(class)s_shown_from_before_until",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_on=None) | Q(review_due_on=None) | Q(reviewed_on__lte=F("review_due_on")),
                name="%(class)s_reviewed_before_due",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-published_at", "-id"], name="%(class)s_current_newest", condition=Q(state=State.PUBLISHED)
            ),
            models.Index(fields=["owner", "state"], name="%(class)s_owner_state"),
            models.Index(
                fields=["public_from_at"],
                name="%(class)s_appears",
                condition=Q(public_from_at__isnull=False),
            ),
            models.Index(
                fields=["public_until_at"],
                name="%(class)s_vanishes",
                condition=Q(public_until_at__isnull=False),
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return address(f"{self._meta.app_label}:detail", self.slug)

    def clean(self):
        super().clean()
        self.title, self.summary = tidy_title(self.title), tidy_summary(self.summary)
        if self.public_from_at and self.public_until_at and self.public_from_at >= self.public_until_at:
            raise ValidationError({"public_until_at": "“Show until” must come after “show from”."})
        hidden = self.public_until_at or (self.public_from_at and self.public_from_at > timezone.now())
        if hidden and self.pk and self.supersedes.exists():
            raise ValidationError("Something else says that this replaced it, so it cannot be hidden by dates.")
        if self.reviewed_on and self.review_due_on and self.review_due_on < self.reviewed_on:
            raise ValidationError({"review_due_on": "The next review must come after the last one."})
        if Redirect.objects.taken(self, self.slug).exists():
            raise ValidationError({"slug": "This was the address of something else once. Choose another."})

    def get_preview_url(self):
        return reverse("preview", args=[self._meta.label_lower, self.pk])

    @property
    def is_visible(self):
        return type(self).objects.visible().contains(self)

    @property
    def is_superseded(self):
        return self.state == State.SUPERSEDED

    @property
    def is_public_state(self):
        return self.state in PUBLIC

    @property
    def review_is_overdue(self):
        return bool(self.review_due_on and self.review_due_on < moment.today())

    @property
    def kind_label(self):
        """What it is, in a reader's words."""
        return self.get_kind_display()

    def replacement(self, among):
        """What to use instead of this superseded item: the end of its line of successors, as a Link.

        among: the items of its kind that may be named. None when the line leads to something else.
        """
        item = self
        while item is not None and item.superseded_by_id:
            item = among.filter(pk=item.superseded_by_id).first()
        if item is None:
            return None
        if item.superseded_by_url:
            return Link(item.superseded_by_title or item.superseded_by_url, item.superseded_by_url)
        return None if item is self else Link(item.title, item.get_absolute_url())

    def move_to(self, state):
        """Change the state, with what the check constraints ask to go with it. Raises NotAllowed."""
        super().move_to(state)
        if state != State.SUPERSEDED:
            self.superseded_by, self.superseded_by_url, self.superseded_by_title = None, "", ""
        if state != State.WITHDRAWN:
            self.withdrawn_at, self.withdrawn_reason, self.onward_url = None, "", ""

    def search_fields(self):
        """What search knows of it. Kinds add their tags and body."""
        return Fields(self.title, self.summary, "", "", self.region_ids())

    def region_ids(self):
        """The regions that it is about, by their pks."""
        return [region.pk for region in self.regions.all()]


class WorkingCopyQuerySet(models.QuerySet):
    """Whoever may change an item may see and change its working copy, and nobody else."""

    def editable_by(self, person):
        return self._of_items("editable_by", person)

    def publishable_by(self, person):
        return self._of_items("publishable_by", person)

    curated_by = known_to = editable_by

    def of(self, item):
        return self.filter(kind=item._meta.label_lower, object_id=item.pk)

    def _of_items(self, rule, person):
        found = Q(pk__in=[])
        for kind in kinds_of_content():
            items = getattr(kind.objects, rule)(person).order_by().values("pk")
            found |= Q(kind=kind._meta.label_lower, object_id__in=items)
        return self.filter(found)


def kinds_of_content():
    return [model for model in apps.get_models() if issubclass(model, CuratedModel)]


@history.kept
class WorkingCopy(Reviewed):
    """What is to become of something that readers see: written here, and put in its place when another approves.

    `content` is what the item is to say and `base` what it said when the copy was begun, each as curation.past has it.
    """

    kind = models.CharField(max_length=100)
    object_id = models.BigIntegerField()
    base = models.JSONField()
    content = models.JSONField()
    written_by = models.ForeignKey(Curator, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(auto_now=True)

    objects = WorkingCopyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "working copies"
        ordering = ["-written_at"]
        constraints = [
            *Reviewed.Meta.constraints,
            models.UniqueConstraint(fields=["kind", "object_id"], name="working_copy_one_of_an_item"),
            models.CheckConstraint(condition=Q(state__in=UNPUBLISHED), name="working_copy_is_never_public"),
        ]

    def __str__(self):
        return self.content["fields"]["title"]

    @cached_property
    def item(self):
        """What it is a copy of, as readers see it."""
        return apps.get_model(self.kind)._base_manager.select_related("owner").get(pk=self.object_id)

    @property
    def owner(self):
        return self.item.owner


class ReferenceData(Versioned, Content):
    """Public reference data that national curators look after: retired when it is no longer offered."""

    is_retired = models.BooleanField(
        "retired",
        default=False,
        help_text="Retired: no longer offered for new content. What uses it keeps it.",
    )

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        abstract = True


@history.kept
class GuestLink(models.Model):
    """An address that lets somebody without an account do one thing with one version of one item (curation.links)."""

    act = models.CharField(max_length=30)
    kind = models.CharField(max_length=100)
    object_id = models.BigIntegerField()
    version = models.PositiveIntegerField()
    for_whom = models.CharField(max_length=100, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(Curator, models.PROTECT, related_name="guest_links")
    made_at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField()

    not_in_history = ["token_hash"]

    class Meta:
        ordering = ["ends_at"]
        indexes = [models.Index(fields=["kind", "object_id"], name="guest_link_of_item")]

    def __str__(self):
        return f"{self.act} of {self.kind} {self.object_id}"


class SentForm(models.Model):
    """A form of the admin that has been saved, and where that led: it is not saved twice (curation.once)."""

    digest = models.CharField(max_length=64, primary_key=True)
    led_to = models.TextField(blank=True)
    sent_at = models.DateTimeField(db_index=True)

    def __str__(self):
        return self.digest


class RedirectQuerySet(models.QuerySet):
    def taken(self, item, slug):
        """The old address *slug* of another item of the same kind: it is never used again."""
        return self.filter(kind=item._meta.label_lower, slug=slug).exclude(object_id=item.pk)


@editions.shown
class Redirect(models.Model):
    """An address that something used to have. It leads to where the thing is now, for ever."""

    kind = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100)
    object_id = models.BigIntegerField()

    objects = RedirectQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "slug"], name="redirect_once")]

    def __str__(self):
        return f"{self.kind}: {self.slug}"


class ContentVersion(models.Model):
    """One row: the mark of the current edition of the public site (curation.editions)."""

    mark = models.UUIDField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="content_version_is_one_row")]

    def __str__(self):
        return f"{self.mark}"


class ContentChange(models.Model):
    """A transaction that has written to what readers see and is not committed yet."""

    transaction = models.BigIntegerField(primary_key=True)

    class Meta:
        triggers = [editions.raised]

    def __str__(self):
        return f"{self.transaction}"
