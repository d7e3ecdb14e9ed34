"""What search knows: one document per item. It holds text and never decides who may see it."""

import re
from typing import NamedTuple

from django.apps import apps

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Fields(NamedTuple):
    """The text of an item by weight, from the most telling to the least."""

    title: str
    summary: str
    tags: str
    body: str


def plain(text):
    """Text without control characters, which no feed may hold and which mark extracts here."""
    return CONTROL.sub(" ", text)


def refresh(item):
    """Make the document of *item* say what the item says, in the caller's transaction.

    An item that readers could be shown at some moment has a document; a draft has none.
    """
    if not getattr(item, "is_public_state", True):
        forget(item)
        return
    fields = {name: plain(text) for name, text in item.search_fields()._asdict().items()}
    documents().update_or_create(kind=item._meta.label_lower, object_id=item.pk, defaults=fields)


def forget(item):
    """Drop the document of *item*."""
    documents().filter(kind=item._meta.label_lower, object_id=item.pk).delete()


def documents():
    return apps.get_model("search.SearchDocument").objects
