"""The library as sets: which current resource has which value of which filter, held for one edition of the site.

A set is a whole number whose bits are positions in the library, the newest resource first. Combining filters is `&`
and `|`, counting is `bit_count()`: microseconds for 100,000 resources, whatever the choices.
"""

from array import array
from collections import defaultdict
from functools import cached_property, lru_cache, partial
from itertools import islice

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection

from curation.browsing import Choice
from curation.editions import Held
from curation.models import Region
from curation.states import State
from resources.models import Audience, Organisation, Resource, TaggedResource, Topic

FACETS = {
    "kind": "Kind",
    "topic": "Topic",
    "audience": "Who it is for",
    "region": "Region",
    "publisher": "Publisher",
    "stage": "How far it has come",
}
CHUNK = 256  # bytes of a set that are looked at in one go
BITS = [1 << n for n in range(8)]
REMEMBERED = 200  # combinations of a filter: those of single choices are asked for again and again


def positions(number, first=0, last=None):
    """The positions of the bits that are set, lowest first, from the *first* one up to the *last*, counted from 0."""
    data = number.to_bytes(number.bit_length() // 8 + 1, "little")
    return islice(_positions(data, first), None if last is None else max(0, last - first))


def _positions(data, skip):
    for start in range(0, len(data), CHUNK):
        chunk = int.from_bytes(data[start : start + CHUNK], "little")
        held = chunk.bit_count()
        if skip >= held:  # nothing of this chunk is asked for
            skip -= held
            continue
        while chunk:
            lowest = chunk & -chunk
            chunk ^= lowest
            if skip:
                skip -= 1
            else:
                yield start * 8 + lowest.bit_length() - 1


class Library:
    """What is current, newest first: `ids`, and in `sets` which positions each value of each filter holds.

    `labels` has every value that a filter knows, by its name for readers, also those that nothing has.
    """

    def __init__(self):
        self.labels = {"kind": dict(Resource.Kind.choices), "audience": dict(Audience.choices)}
        self.labels["stage"] = dict(Resource.Stage.choices)
        topics, regions, publishers = (
            {pk: (slug, name) for pk, slug, name in rows.values_list("pk", "slug", "name")}
            for rows in (Topic.objects.visible(), Region.objects.all(), Organisation.objects.all())
        )
        for facet, named in (("topic", topics), ("region", regions), ("publisher", publishers)):
            self.labels[facet] = dict(named.values())
        self.labels = {facet: self.labels[facet] for facet in FACETS}

        current = Resource.objects.current().newest_first()
        ids, *columns = columns_of(current.values_list("pk", "kind", "stage", "publisher_id", "audiences"))
        self.ids = array("q", map(int, ids))
        self.everything = (1 << len(ids)) - 1
        self._bytes = len(ids) // 8 + 1  # of a set in the making
        kinds, stages, published, combined = map(self._sets, columns)
        tied = TaggedResource.objects.values_list("tag_id").annotate(ids=ArrayAgg("content_object_id")).order_by()
        about = (
            Resource.regions.through.objects.values_list("region_id").annotate(ids=ArrayAgg("resource_id")).order_by()
        )
        self.sets = {
            "kind": kinds,
            "topic": named_by_slug(self._sets_of_ids(tied), topics),
            "audience": taken_apart(combined),
            "region": named_by_slug(self._sets_of_ids(about), regions),
            "publisher": named_by_slug({int(pk): members for pk, members in published.items()}, publishers),
            "stage": stages,
        }
        # of functions that do not hold this library, which would hold them and so outlive its edition
        self.counts = lru_cache(maxsize=REMEMBERED)(partial(counts, self.sets))
        self.choices = lru_cache(maxsize=REMEMBERED)(partial(choices, self.sets, self.labels))

    def having(self, name, value):
        """The set of what has this value of a filter."""
        return self.sets[name].get(value, 0)

    def newest(self, members, count):
        """The ids of the newest of a set."""
        return [self.ids[position] for position in positions(members, 0, count)]

    def set_of(self, held):
        """The set of these positions; None is none."""
        making = bytearray(self._bytes)
        for position in held:
            if position is not None:
                making[position >> 3] |= BITS[position & 7]
        return int.from_bytes(making, "little")

    @cached_property
    def place(self):
        """The position of each resource by its id."""
        return {pk: position for position, pk in enumerate(self.ids)}

    @cached_property
    def by_title(self):
        titles = dict(Resource.objects.filter(state=State.PUBLISHED).values_list("pk", "title"))
        return array("l", sorted(range(len(self.ids)), key=lambda n: titles.get(self.ids[n], "").casefold()))

    @cached_property
    def by_publication(self):
        """Last published first."""
        dates = dict(Resource.objects.filter(state=State.PUBLISHED).values_list("pk", "published_on"))
        return array("l", sorted(range(len(self.ids)), key=lambda n: dates.get(self.ids[n], ""), reverse=True))

    def _sets(self, values):
        """The set of each value, from the value at each position."""
        makings = defaultdict(lambda: bytearray(self._bytes))
        for position, value in enumerate(values):
            makings[value][position >> 3] |= BITS[position & 7]
        return {value: int.from_bytes(making, "little") for value, making in makings.items() if value}

    def _sets_of_ids(self, rows):
        """The set of each value, from pairs of a value and the ids of resources, current or not."""
        sets = {value: self.set_of(map(self.place.get, ids)) for value, ids in rows}
        return {value: members for value, members in sets.items() if members}


def counts(sets, name, others):
    """How many of *others*, a set, each value of a filter has."""
    return {value: (members & others).bit_count() for value, members in sets[name].items()}


def choices(sets, labels, name, chosen):
    """What a filter offers: each value that something has or that was *chosen*, in order."""
    held, names = sets[name], labels[name].items()
    return tuple(Choice(value, label, value in chosen) for value, label in names if value in held or value in chosen)


def columns_of(rows):
    """The columns of a queryset's rows, each a list of texts; what is null is "".

    They come as one row, a line for each value, since to make an object of each of so many rows takes longer.
    """
    query, values = rows.query.sql_with_params()
    names = [f"column_{number}" for number in range(len(rows.query.values_select))]
    lines = ", ".join(f"string_agg(coalesce({name}::text, ''), E'\\n')" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lines} FROM ({query}) AS found ({', '.join(names)})", values)  # noqa: S608 - our own names
        return [text.split("\n") if text is not None else [] for text in cursor.fetchone()]


def named_by_slug(sets, names):
    return {names[pk][0]: members for pk, members in sets.items() if pk in names}


def taken_apart(sets):
    """The sets of single values, from the sets of arrays as PostgreSQL writes them: {hr,managers}."""
    apart = {}
    for text, members in sets.items():
        for value in filter(None, text.strip("{}").split(",")):
            apart[value] = apart.get(value, 0) | members
    return apart


held = Held(Library)
