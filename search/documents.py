"""What search knows: one document per item. It holds text and never decides who may see it."""

import re
from functools import partial
from itertools import islice
from typing import NamedTuple

from django.apps import apps
from django.db import transaction
from django.db.models import Exists, OuterRef, prefetch_related_objects
from markdown_it import MarkdownIt

from search import index, meaning

parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 12})
# Control characters become spaces: feeds may not hold them, and two of them mark extracts here. Marks that show
# nothing or turn the direction of what follows are dropped: with them a title could disguise its neighbours.
CONTROL = [*range(0x09), *range(0x0B, 0x20), 0x7F, 0xFFFE, 0xFFFF]
UNSEEN = [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
BATCH = 500  # items whose text is in memory at once
# The parser of PostgreSQL takes these for letters where the database has the C locale, as our own has.
SIGNS = {
    **dict.fromkeys(map(ord, "‘’‚‛"), "'"),
    **dict.fromkeys(map(ord, "“”„‟«»"), '"'),
    **dict.fromkeys(map(ord, "\xa0\u202f"), " "),
    ord("\u2011"): "-",
    ord("…"): "...",
}
DASHES = re.compile(r"(?<=\S)[–—]"), re.compile(r"(?<!\S)([–—])(?=\S)")  # one between spaces stays as it is
PLAIN = {**dict.fromkeys(CONTROL, " "), **dict.fromkeys(UNSEEN)}


class Fields(NamedTuple):
    """The text of an item by weight, and the pks of the regions that it is about. The body may be Markdown."""

    title: str
    summary: str
    tags: str
    body: str
    regions: list[int] = ()


def plain(text):
    """Text without characters that only a machine or a trickster would put there."""
    return text.translate(PLAIN)


def typed_plainly(text):
    """Plain text with the quotes, dashes and spaces that keyboards have, as documents and questions have it."""
    joined, leading = DASHES
    return joined.sub("-", leading.sub(r"\1 ", plain(text).translate(SIGNS)))


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
    refresh_all(type(item)._base_manager.filter(pk=item.pk))


@transaction.atomic(savepoint=False)
def refresh_all(items):
    """The same for a whole queryset: a few statements for each BATCH items, and only what differs is written.

    What search_fields() reads beyond the item itself, its class names in `search_reads`, in prefetch_related()'s words.
    The items are locked before they are read, so that of two who refresh the same one the later writes what is newer.
    """
    rows = items.select_for_update(of=("self",), no_key=True).order_by("pk").iterator(chunk_size=BATCH)
    written = []
    while batch := list(islice(rows, BATCH)):
        written += _refresh(items.model, batch)
    if len(written) > BATCH:
        transaction.on_commit(index.refresh_statistics)
    elif written:
        transaction.on_commit(partial(index.learn, written))
        if len(written) <= meaning.AT_ONCE:  # a curator waits for it; what is more is for the night
            transaction.on_commit(partial(meaning.write, written), robust=True)


def _refresh(model, batch):
    """The pks of the documents that were written."""
    shown = [item for item in batch if getattr(item, "is_public_state", True)]
    prefetch_related_objects(shown, *getattr(model, "search_reads", ()))
    kind = model._meta.label_lower
    known = documents().filter(kind=kind, object_id__in=[item.pk for item in batch])
    before = {pk: Fields(*said) for pk, *said in known.values_list("object_id", *Fields._fields)}
    after = {item.pk: _as_kept(item.search_fields()) for item in shown}
    if gone := before.keys() - after.keys():
        known.filter(object_id__in=gone).delete()
    if changed := [pk for pk, said in after.items() if before.get(pk) != said]:
        written = documents().bulk_create(
            [documents().model(kind=kind, object_id=pk, **after[pk]._asdict()) for pk in changed],
            update_conflicts=True,
            unique_fields=["kind", "object_id"],
            update_fields=Fields._fields,
        )
        return [document.pk for document in written]
    return []


def _as_kept(fields):
    *texts, regions = fields._replace(body=text_of(fields.body))
    return Fields(*map(typed_plainly, texts), sorted(regions))


def refresh_what_names(item):
    """Refresh every document that names *item*: a topic, an organisation or a region that has another name now."""
    for relation in item._meta.related_objects:
        model = relation.related_model
        rows = model._base_manager.filter(**{relation.field.name: item})
        if hasattr(model, "search_fields"):
            refresh_all(rows)
        elif hasattr(model, "content_object"):  # a tag leads to what it is tied to
            tagged = model._meta.get_field("content_object").related_model
            refresh_all(tagged._base_manager.filter(pk__in=rows.values("content_object")))


def rebuild():
    """Make every document again, kind by kind, drop those of what is gone, and count all words anew.

    The site is served meanwhile. Returns how many documents there are.
    """
    for model in apps.get_models():
        if hasattr(model, "search_fields"):
            last = 0
            everything = model._base_manager.order_by("pk").values_list("pk", flat=True)
            while pks := list(everything.filter(pk__gt=last)[:BATCH]):
                with transaction.atomic():  # a curator who saves one of these waits for these alone
                    refresh_all(model._base_manager.filter(pk__in=pks))
                last = max(pks)
            there = model._base_manager.filter(pk=OuterRef("object_id"))
            gone = documents().filter(~Exists(there), kind=model._meta.label_lower)
            if gone.exists():
                gone.delete()
    index.mend()
    index.refresh_statistics()
    meaning.write()
    return documents().count()


def forget(item):
    """Drop the document of *item*."""
    documents().filter(kind=item._meta.label_lower, object_id=item.pk).delete()


def documents():
    return apps.get_model("search.SearchDocument").objects
