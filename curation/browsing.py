"""What lists that readers narrow have in common: filters with counts, choices that can be taken back, and addresses."""

from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlencode


class Choice(NamedTuple):
    """One value of a filter."""

    value: str
    label: str
    is_chosen: bool


class Facet(NamedTuple):
    """One filter. `counts` says of each choice how many things it would leave."""

    name: str
    label: str
    choices: tuple
    counts: tuple


class Chip(NamedTuple):
    """A choice that was made, and the address without it."""

    label: str
    remove_link: str


class Narrowing:
    """A reader's choices under some words, cleaned. What is not known is said in a sentence and left out.

    filters, set by each kind of list: the names of its filters → their labels.
    """

    filters = {}

    def __init__(self, query, action, labels, *, q, as_typed):
        """labels: for each filter, value → label of what can be chosen."""
        self.action, self.labels, self.q, self.as_typed = action, labels, q, as_typed
        self.values, self.messages = {}, []
        for name in self.filters:
            asked = dict.fromkeys(query.getlist(name))
            self.values[name] = [value for value in asked if value in labels[name]]
            if any(value and value not in labels[name] for value in asked):
                self.messages.append(f"We left out a choice under “{self.filters[name]}” that we do not know.")

    @cached_property
    def query(self):
        """The choices as a query, normalised: known parameters only, in one order, without what is the default."""
        return urlencode(self._pairs(self.values))

    def link(self, page=1):
        """The address of a page of this list."""
        return with_query(self.action, self.query, f"page={page}" if page != 1 else "")

    @property
    def as_typed_link(self):
        return with_query(self.action, urlencode(self._pairs(self.values, as_typed=True)))

    @property
    def chosen(self):
        return [
            Chip(self.labels[name][value], with_query(self.action, urlencode(self._pairs(self._without(name, value)))))
            for name in self.filters
            for value in self.values[name]
        ]

    def _without(self, name, value):
        return {**self.values, name: [other for other in self.values[name] if other != value]}

    def _pairs(self, values, as_typed=False):
        pairs = [("q", self.q)] if self.q else []
        if self.as_typed or as_typed:
            pairs.append(("exact", "1"))
        return pairs + [(name, value) for name in self.filters for value in values.get(name, ())]


def with_query(path, *queries):
    query = "&".join(filter(None, queries))
    return f"{path}?{query}" if query else path
