"""Who may see and change what. Every door asks these, and the yes/no asks the list:
`Resource.objects.editable_by(person).contains(resource)`."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from curation import moment
from curation.fields import ways_to_write
from curation.people import Operator
from curation.states import PUBLIC, UNPUBLISHED, State

ALL = object()  # all regions, those to come among them
EDITING, PUBLISHING = {"editor", "publisher"}, {"publisher"}  # roles


def rows(items, **columns):
    """Rows of another table as one column of a page's own row, in their order: saves the statement of a prefetch.

    items: a queryset that names the outer row by OuterRef. columns: names in the result, and of which field.
    """
    return ArraySubquery(items.values(row=JSONObject(**columns)))


def what_readers_see(model):
    """What the pages of readers may name of a model."""
    return model.objects.visible()


def known_name(model, pk, person):
    """What the row *pk* of *model* is called, unless it is another region's unpublished work."""
    return known_names(model, [pk], person)[pk]


def known_names(model, pks, person):
    """The same for many rows at once, by their numbers."""
    rows = model._default_manager.filter(pk__in=pks)
    known = rows.known_to(person) if hasattr(rows, "known_to") else rows
    names = {row.pk: str(row) for row in known.select_related()}
    unknown = set(pks) - names.keys()
    hidden = set(rows.filter(pk__in=unknown).values_list("pk", flat=True)) if unknown else ()
    return names | {
        pk: "something of another region" if pk in hidden else f"number {pk}, which is deleted" for pk in unknown
    }


def served_by(person, roles):
    """The pks of the regions in which *person* has one of these roles, or ALL of them: so it is for National."""
    if isinstance(person, Operator):
        return ALL
    if not person.is_active:  # closed accounts, and people who are not signed in
        return set()
    held = [(region, is_national) for role, region, is_national in person.parts if role in roles]
    return ALL if any(is_national for _, is_national in held) else {region for region, _ in held}


def all_for_national(items, person):
    """All of these for who publishes for National, and nothing for anybody else."""
    return items.all() if served_by(person, PUBLISHING) is ALL else items.none()


class RegionQuerySet(QuerySet):
    def visible(self):
        return self.all()

    def known_to(self, person):
        return self.all()

    def editable_by(self, person):
        """A region's own page is looked after by national publishers."""
        return all_for_national(self, person)

    def curated_by(self, person):
        """The regions whose content *person* looks after: their own, and all of them for a national curator."""
        return self._among(served_by(person, EDITING))

    def published_by(self, person):
        """The regions in which *person* may publish and withdraw."""
        return self._among(served_by(person, PUBLISHING))

    def _among(self, regions):
        return self.all() if regions is ALL else self.filter(pk__in=regions)


class OwnedQuerySet(QuerySet):
    """Content that belongs to a region, by its own column or its parent's (`owner_lookup`)."""

    owner_lookup = "owner"

    def _owned_by(self, regions):
        return self.all() if regions is ALL else self.filter(**{f"{self.owner_lookup}__in": regions})

    def curated_by(self, person):
        """What *person* may see before it is public, and the history of."""
        return self._owned_by(served_by(person, EDITING))

    def known_to(self, person):
        """Whose names *person* may come across in the admin."""
        return self.curated_by(person)

    def editable_by(self, person):
        """What *person* may change."""
        return self.curated_by(person)

    def publishable_by(self, person):
        """What *person* may publish, supersede and withdraw."""
        return self._owned_by(served_by(person, PUBLISHING))


class CuratedQuerySet(OwnedQuerySet):
    def visible(self):
        """What has an address of its own and is found by search, at this moment."""
        now = moment.now()
        return self.filter(
            Q(public_from_at=None) | Q(public_from_at__lte=now),
            Q(public_until_at=None) | Q(public_until_at__gt=now),
            state__in=PUBLIC,
        )

    def current(self):
        """What lists, feeds, counts and starting points offer: visible and not superseded."""
        return self.visible().filter(state=State.PUBLISHED)

    def known_to(self, person):
        """What readers see, and *person*'s own unpublished work."""
        return self.visible() | self.curated_by(person)

    def at_address(self, url):
        """What has this official address, however it is written."""
        return self.filter(url__in=ways_to_write(url)) if url else self.none()

    def gone(self):
        """What was public once and has been withdrawn: its address answers 410."""
        return self.filter(
            Q(public_from_at=None) | Q(public_from_at__lte=F("withdrawn_at")),
            Q(public_until_at=None) | Q(public_until_at__gt=F("published_at")),
            state=State.WITHDRAWN,
        )

    def editable_by(self, person):
        """Drafts of *person*'s regions; what readers already see only where *person* may publish."""
        return self.curated_by(person).filter(state__in=UNPUBLISHED) | self.publishable_by(person)

    def movable_by(self, person):
        """What *person* may give to another region: everything, for a national publisher alone."""
        return all_for_national(self, person)

    def unpublished_by(self, person):
        """Drafts and items in review of *person*'s regions, last changed first."""
        return self.curated_by(person).filter(state__in=UNPUBLISHED).order_by("-updated_at")

    def in_region(self, region):
        return self.filter(
            Exists(
                self.model.regions.through.objects.filter(
                    region=region, **{self.model._meta.model_name: OuterRef("pk")}
                )
            )
        )

    def review_due(self):
        """What readers see and nobody has looked at by the day it was due."""
        return self.visible().filter(review_due_on__lte=timezone.localdate())

    def newest_first(self):
        return self.order_by("-published_at", "-pk")


class ReferenceQuerySet(QuerySet):
    """Public reference data: anyone sees what is not retired, national curators look after it."""

    def visible(self):
        return self.filter(is_retired=False)

    def known_to(self, person):
        return self.all()

    def editable_by(self, person):
        return all_for_national(self, person)

    curated_by = publishable_by = editable_by
