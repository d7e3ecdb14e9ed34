"""What lists that readers narrow have in common: filters with counts, choices that can be taken back, and addresses."""

from typing import NamedTuple


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


def with_query(path, *queries):
    query = "&".join(filter(None, queries))
    return f"{path}?{query}" if query else path
