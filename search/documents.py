"""What search knows: one document per item. It holds text and never decides who may see it."""

from typing import NamedTuple

from django.apps import apps
from django.db import transaction
from markdown_it import MarkdownIt

parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 12})
# Control characters become spaces: feeds may not hold them, and two of them mark extracts here. Marks that show
# nothing or turn the direction of what follows are dropped: with them a title could disguise its neighbours.
CONTROL = [*range(0x09), *range(0x0B, 0x20), 0x7F, 0xFFFE, 0xFFFF]
UNSEEN = [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
PLAIN = {**dict.fromkeys(CONTROL, " "), **dict.fromkeys(UNSEEN)}


class Fields(NamedTuple):
    """The text of an item by weight, from the most telling to the least. The body may be Markdown."""

    title: str
    summary: str
    tags: str
    body: str


def plain(text):
    """Text without characters that only a machine or a trickster would put there."""
    return text.translate(PLAIN)


def text_of(markdown):
    """The words of Markdown as a reader sees them, without its marks: a line for each paragraph, heading or item."""
    lines = []
    for token in parser.parse(markdown):
        if token.type == "inline":
            words = (child.content for child in token.children if child.type in {"text", "code_inline", "softbreak"})
            lines.append(" ".join(word.strip() for word in words if word.strip()))
    return "\n".join(lines)


def refresh(item):
    """Make the document of *item* say what the item says, in the caller's transaction.

    An item that readers could be shown at some moment has a document; a draft has none.
    """
    if not getattr(item, "is_public_state", True):
        forget(item)
        return
    fields = item.search_fields()
    fields = fields._replace(body=text_of(fields.body))
    fields = {name: plain(text) for name, text in fields._asdict().items()}
    documents().update_or_create(kind=item._meta.label_lower, object_id=item.pk, defaults=fields)


def refresh_what_names(item):
    """Refresh every document that names *item*: a topic, an organisation or a region that has another name now."""
    for relation in item._meta.related_objects:
        model = relation.related_model
        rows = model._base_manager.filter(**{relation.field.name: item})
        if hasattr(model, "search_fields"):
            found = rows
        elif hasattr(model, "content_object"):  # a tag leads to what it is tied to
            found = (row.content_object for row in rows.select_related("content_object"))
        else:
            continue
        for named_by in found:
            refresh(named_by)


def rebuild():
    """Make every document again, kind by kind, and drop those of what is gone. Returns how many there are."""
    for model in apps.get_models():
        if hasattr(model, "search_fields"):
            with transaction.atomic():
                for item in model._base_manager.order_by("pk").iterator(chunk_size=500):
                    refresh(item)
                gone = documents().filter(kind=model._meta.label_lower)
                gone.exclude(object_id__in=model._base_manager.values("pk")).delete()
    return documents().count()


def forget(item):
    """Drop the document of *item*."""
    documents().filter(kind=item._meta.label_lower, object_id=item.pk).delete()


def documents():
    return apps.get_model("search.SearchDocument").objects
