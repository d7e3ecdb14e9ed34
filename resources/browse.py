"""Browsing the library: the choices a reader makes, what they narrow it to, and what each further choice would leave.

Each value of each filter is a set of resources, held as the bits of one whole number: combining filters is `&`,
counting is `bit_count()`. One statement reads what the sets are made of.
"""

from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.urls import reverse

from curation.models import Region
from resources.models import Audience, Organisation, Resource, TaggedResource, Topic
from search.query import LONGEST, search

# "" is the usual order, which the form sends when nobody chose another: best match for words, else newest
BROWSING = {"": "Newest here first", "published": "Last published first", "title": "Title, A to Z"}
SEARCHING = {"": "Best match first", "newest": "Newest here first", **{k: BROWSING[k] for k in ("published", "title")}}
FACETS = {
    "kind": "Kind",
    "topic": "Topic",
    "audience": "Who it is for",
    "region": "Region",
    "publisher": "Publisher",
    "stage": "How far it has come",
}


class Choice(NamedTuple):
    value: str
    label: str
    count: int
    is_chosen: bool


class Facet(NamedTuple):
    name: str
    label: str
    choices: list


class Chip(NamedTuple):
    """A choice that was made, and the address without it."""

    label: str
    remove_link: str


def bits(positions, size):
    """The whole number in which the bits at *positions* are set."""
    cells = bytearray(size // 8 + 1)
    for position in positions:
        cells[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(cells, "little")


def positions(number):
    """The positions of the bits that are set, lowest first."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


class Library:
    """What is current, newest first, and which of it each filter value holds."""

    def __init__(self):
        topics = TaggedResource.objects.filter(content_object=OuterRef("pk"), tag__is_retired=False)
        regions = Resource.regions.through.objects.filter(resource=OuterRef("pk"))
        self.rows = list(
            Resource.objects.current()
            .newest_first()
            .annotate(
                topic_slugs=ArraySubquery(topics.values("tag__slug")),
                region_slugs=ArraySubquery(regions.values("region__slug")),
            )
            .values_list(
                "pk",
                "title",
                "published_on",
                "kind",
                "publisher__slug",
                "stage",
                "audiences",
                "topic_slugs",
                "region_slugs",
                named=True,
            )
        )
        self.everything = (1 << len(self.rows)) - 1
        members = {name: {} for name in FACETS}
        for position, row in enumerate(self.rows):
            values = {
                "kind": [row.kind],
                "publisher": [row.publisher__slug],
                "stage": [row.stage],
                "audience": row.audiences,
                "topic": row.topic_slugs,
                "region": row.region_slugs,
            }
            for name, facet in members.items():
                for value in filter(None, values[name]):
                    facet.setdefault(value, []).append(position)
        self.sets = {
            name: {value: bits(held, len(self.rows)) for value, held in facet.items()}
            for name, facet in members.items()
        }

    def of(self, ids):
        """The set of the resources with these ids."""
        wanted = set(ids)
        return bits((n for n, row in enumerate(self.rows) if row.pk in wanted), len(self.rows))


class BrowseForm:
    """A reader's choices, cleaned. What is not known is said in a sentence and left out; nothing is an error."""

    def __init__(self, query, *, action=None):
        self.action = action or reverse("resources:list")
        self.q = " ".join(query.get("q", "")[:LONGEST].split())
        self.sort_labels = SEARCHING if self.q else BROWSING
        self.labels = {
            "kind": dict(Resource.Kind.choices),
            "topic": dict(Topic.objects.visible().values_list("slug", "name")),
            "audience": dict(Audience.choices),
            "region": dict(Region.objects.values_list("slug", "name")),
            "publisher": dict(Organisation.objects.values_list("slug", "name")),
            "stage": dict(Resource.Stage.choices),
        }
        self.values, self.messages = {}, []
        for name, labels in self.labels.items():
            asked = dict.fromkeys(query.getlist(name))
            self.values[name] = [value for value in asked if value in labels]
            if any(value and value not in labels for value in asked):
                self.messages.append(f"We left out a choice under “{FACETS[name]}” that we do not know.")
        self.sort = query.get("sort", "")
        if self.sort not in {**SEARCHING, **BROWSING}:
            self.messages.append("We do not know that order, so we used the usual one.")
        if self.sort not in self.sort_labels:
            self.sort = ""

    def narrow(self, *, newest_first=False):
        """The ids of what was asked for, in the order asked for. Makes the facets' counts on the way."""
        library = Library()
        ranked = self._found(library)
        self.found = library.everything if ranked is None else library.of(ranked)
        unions = {name: self._union(library, name) for name in FACETS}
        chosen = self.found
        for union in unions.values():
            chosen &= union
        self.facets = [self._facet(library, name, unions) for name in FACETS]
        rows = [library.rows[position] for position in positions(chosen)]
        if newest_first:
            return [row.pk for row in rows]
        if self.q and self.sort == "":
            place = {pk: n for n, pk in enumerate(ranked)}
            rows.sort(key=lambda row: place[row.pk])
        elif self.sort == "title":
            rows.sort(key=lambda row: row.title.casefold())
        elif self.sort == "published":
            rows.sort(key=lambda row: row.published_on, reverse=True)
        return [row.pk for row in rows]

    def _found(self, library):
        if not self.q:
            return None
        found = search(self.q, among=[Resource.objects.current()])
        return list(found.values_list("object_id", flat=True))

    def _union(self, library, name):
        if not self.values[name]:
            return library.everything
        union = 0
        for value in self.values[name]:
            union |= library.sets[name].get(value, 0)
        return union

    def _facet(self, library, name, unions):
        """A filter's choices, each with what is left of it under the words and the other filters."""
        others = self.found
        for other, union in unions.items():
            if other != name:
                others &= union
        choices = [
            Choice(value, label, (library.sets[name].get(value, 0) & others).bit_count(), value in self.values[name])
            for value, label in self.labels[name].items()
            if value in library.sets[name] or value in self.values[name]
        ]
        return Facet(name, FACETS[name], choices)

    @property
    def sort_choices(self):
        return list(self.sort_labels.items())

    def query(self, **changes):
        """The choices as a query, normalised: known parameters only, in one order, without what is the default."""
        pairs = [("q", self.q)] if self.q else []
        pairs += [(name, value) for name in FACETS for value in changes.get(name, self.values[name])]
        if self.sort:
            pairs.append(("sort", self.sort))
        if changes.get("page", 1) != 1:
            pairs.append(("page", changes["page"]))
        return urlencode(pairs)

    def link(self, **changes):
        """The address of this list with *changes*: page=2, or another list of values for a filter."""
        query = self.query(**changes)
        return f"{self.action}?{query}" if query else self.action

    @property
    def clear_link(self):
        return f"{self.action}?{urlencode({'q': self.q})}" if self.q else self.action

    @property
    def feed_link(self):
        query = self.query()
        return reverse("resources:feed") + (f"?{query}" if query else "")

    @property
    def chosen(self):
        return [
            Chip(self.labels[name][value], self.link(**{name: [v for v in self.values[name] if v != value]}))
            for name in FACETS
            for value in self.values[name]
        ]
