"""Browsing the library: the choices a reader makes, what they leave, and what each further choice would leave of it."""

from functools import cached_property
from itertools import islice
from urllib.parse import urlencode

from curation.browsing import Facet, Narrowing, with_query
from curation.models import address
from resources import library
from resources.library import FACETS, positions
from resources.models import Resource
from search.query import search
from search.question import LONGEST

# "" is the usual order, which the form sends when nobody chose another: best match for words, else newest
BROWSING = {"": "Newest here first", "published": "Last published first", "title": "Title, A to Z"}
SEARCHING = {"": "Best match first", "newest": "Newest here first", **{k: BROWSING[k] for k in ("published", "title")}}


class BrowseForm(Narrowing):
    """A reader's choices in the library, with their order. Nothing is an error."""

    filters = FACETS

    def __init__(self, request):
        query = request.GET
        self.library = library.held.of(request)
        q = " ".join(query.get("q", "")[:LONGEST].split())
        as_typed = bool(q and query.get("exact"))
        super().__init__(query, address("resources:list"), self.library.labels, q=q, as_typed=as_typed)
        self.sort_labels = SEARCHING if q else BROWSING
        self.sort = query.get("sort", "")
        if self.sort not in {**SEARCHING, **BROWSING}:
            self.messages.append("We do not know that order, so we used the usual one.")
        if self.sort not in self.sort_labels:
            self.sort = ""
        self._narrow()

    def _narrow(self):
        """Find what is left, and what each further choice would leave of it."""
        self._ranked = self._found()
        found = self.library.everything
        if self._ranked is not None:
            found = self.library.set_of(self._ranked)
        unions = {name: self._union(name) for name in FACETS}
        self._chosen = found
        for union in unions.values():
            self._chosen &= union
        self.facets = [self._facet(name, found, unions) for name in FACETS]
        self.count = self._chosen.bit_count()

    def _found(self):
        """The positions of what the words find, best match first; None without words."""
        if not self.q:
            self.answers = None
            return None
        place = self.library.place
        self.answers = search(self.q, among=[Resource.objects.current()], as_typed=self.as_typed)
        return [place[match.object_id] for match in self.answers if match.object_id in place]

    def _union(self, name):
        if not self.values[name]:
            return self.library.everything
        union = 0
        for value in self.values[name]:
            union |= self.library.sets[name].get(value, 0)
        return union

    def _facet(self, name, found, unions):
        """A filter's choices, each with what is left of it under the words and the other filters."""
        others = found
        for other, union in unions.items():
            if other != name:
                others &= union
        counts, choices = self.library.counts(name, others), self.library.choices(name, tuple(self.values[name]))
        return Facet(name, FACETS[name], choices, tuple([counts.get(choice.value, 0) for choice in choices]))

    def ids(self, first=0, last=None):
        """The ids of what was asked for, in the order asked for, from the *first* up to the *last*."""
        if self.sort == "title":
            shown = self._of(self.library.by_title, first, last)
        elif self.sort == "published":
            shown = self._of(self.library.by_publication, first, last)
        elif self._ranked is not None and self.sort == "":
            shown = self._of(self._ranked, first, last)
        else:
            shown = positions(self._chosen, first, last)
        return [self.library.ids[position] for position in shown]

    def newest_ids(self, count):
        return self.library.newest(self._chosen, count)

    def _of(self, order, first, last):
        """What was chosen, in this order of positions."""
        chosen = self._chosen.to_bytes(len(self.library.ids) // 8 + 1, "little")
        return islice((n for n in order if chosen[n >> 3] >> (n & 7) & 1), first, last)

    @property
    def sort_choices(self):
        return tuple(self.sort_labels.items())

    def _pairs(self, values, as_typed=False):
        return super()._pairs(values, as_typed) + ([("sort", self.sort)] if self.sort else [])

    @property
    def clear_link(self):
        return f"{self.action}?{urlencode({'q': self.q})}" if self.q else self.action

    @cached_property
    def feed_link(self):
        return with_query(address("resources:feed"), self.query)
