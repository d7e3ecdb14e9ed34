"""Resources as rows, and rows as a file. One statement, read as it comes, and one for old addresses."""

import csv
import json
import os
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse

from curation.models import Redirect
from justculture import disk
from justculture.bulk.columns import CLAIM, COLUMNS, LINK, ONLY_IN_JSON
from justculture.bulk.spreadsheet import MARK, heading, safe
from principles.models import LineageLink
from resources.models import Claim, Resource, TaggedResource

AT_ONCE = 500  # rows in memory
FORMATS = ["csv", "jsonl", "spreadsheet"]
NEVER_SHOWN = [  # to readers, on any page
    *("submitted_by", "changes_asked", "public_from_at", "public_until_at"),
    *("withdrawn_at", "withdrawn_reason", "onward_url"),
]
ENDS = ["set", "principle", "resource", "organisation"]


@contextmanager
def one_snapshot():
    """What is read inside is as it was at one moment. A transaction of the caller's own is left as it is."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def columns(*, for_readers=False):
    """The keys of what exported() gives, in their order."""
    return [name for name in COLUMNS if not (for_readers and name in NEVER_SHOWN)]


def exported(items, *, for_readers=False):
    """Each of the resources *items* as a plain dict of what JSON can hold, in the order of their addresses.

    for_readers: without what no page shows, and naming only what readers can see. Call it in one_snapshot().
    """
    named = Resource.objects.visible() if for_readers else Resource.objects.all()
    links = LineageLink.objects.visible() if for_readers else LineageLink.objects.all()
    this = OuterRef("pk")
    claims = Claim.objects.filter(resource=this).order_by("order", "as_at", "pk")
    claim = {name: name for name in CLAIM} | {"source_resource": _address_of("source_resource", named)}
    redirects = Redirect.objects.filter(kind=Resource._meta.label_lower)
    old_slugs = defaultdict(list)  # few, and not indexed by what they lead to
    for pk, slug in redirects.order_by("slug").values_list("object_id", "slug").iterator():
        old_slugs[pk].append(slug)
    asked = {
        "publisher": F("publisher__slug"),
        "owner": F("owner__slug"),
        "submitted_by": F("submitted_by__email"),
        "superseded_by": _address_of("superseded_by", named),
        "partners": _list(Resource.partners.through.objects.filter(resource=this), "organisation__slug"),
        "topics": _list(TaggedResource.objects.filter(content_object=this), "tag__slug", by="pk"),  # as pages list them
        "regions": _list(Resource.regions.through.objects.filter(resource=this), "region__slug"),
        "old_slugs": F("pk"),
        "claims": _objects(claims, **claim),
        "lineage": _links(links.filter(descendant_resource=this), "source"),
        "led_to": _links(links.filter(source_resource=this, descendant_resource=None), "descendant"),
    }
    names = columns(for_readers=for_readers)
    rows = items.order_by("slug").values_list(*(asked.get(name, F(name)) for name in names))
    for row in rows.iterator(chunk_size=AT_ONCE):
        plain = {name: _plain(name, value) for name, value in zip(names, row, strict=True)}
        yield plain | {"old_slugs": old_slugs.get(plain["old_slugs"], [])}


def _address_of(field, named):
    return Subquery(named.filter(pk=OuterRef(field)).values("slug"))


def _list(rows, path, by=None):
    return ArraySubquery(rows.order_by(by or path).values(path))


def _objects(rows, **keys):
    return ArraySubquery(rows.values(object=JSONObject(**keys)))


def _links(links, end):
    keys = {name: name for name in LINK} | {kind: f"{end}_{kind}__slug" for kind in ENDS}
    keys |= {"set_of_principle": f"{end}_principle__set__slug"} | ({"text": "source_text"} if end == "source" else {})
    return _objects(links.order_by("pk"), **keys)


def _plain(name, value):
    if value is None and name in ("publisher", "submitted_by", "superseded_by"):
        return ""
    if name in ("lineage", "led_to"):
        return [_link(link, "source" if name == "lineage" else "descendant") for link in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value


def _link(link, end):
    """A link with its other end as an object of its own."""
    of = {"set": link["set_of_principle"]} if link["principle"] else {}
    of |= {kind: link[kind] for kind in [*ENDS, "text"] if link.get(kind)}
    return {"kind": link["kind"], end: of, "basis": link["basis"], "linked_on": link["linked_on"], "note": link["note"]}


# Files


def as_json_lines(rows):
    """The text of a JSON Lines file, piece by piece."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def as_csv(rows, names):
    """The text of a CSV file of the columns *names*, piece by piece: exact, to be imported again."""
    line = csv.writer(_Echo()).writerow
    yield line(names)
    for row in rows:
        yield line([_cell(row[name]) for name in names])


def as_spreadsheet(rows, names):
    """The same for people with a spreadsheet program: the page's address first, and no cell that is a formula."""
    line = csv.writer(_Echo()).writerow
    yield "\ufeff" + line([f"Page ({MARK})", *map(heading, names)])
    for row in rows:
        page = settings.SITE_URL + reverse("resources:detail", args=[row["slug"]])
        yield line([page, *(safe(_cell(row[name])) for name in names)])


def _cell(value):
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value or ""


class _Echo:
    """A file for csv.writer that gives back each line instead of keeping it."""

    def write(self, text):
        return text


def pieces(kind, items, *, for_readers=False):
    """The text of a file of the resources *items*, piece by piece. kind: one of FORMATS."""
    rows, names = exported(items, for_readers=for_readers), columns(for_readers=for_readers)
    if kind == "jsonl":
        return as_json_lines(rows)
    return (as_csv if kind == "csv" else as_spreadsheet)(rows, [name for name in names if name not in ONLY_IN_JSON])


@contextmanager
def written_whole(path, *, mode):
    """A file to write text to that takes the place of *path* when it is whole and safely on the disk, or not at all."""
    path = Path(path)
    number, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(number, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fchmod(number, mode)
            os.fsync(number)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    disk.keep(path.parent)
