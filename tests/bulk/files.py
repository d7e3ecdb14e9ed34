"""Files of imports and exports, and what a portal holds, told without the code that exports it."""

import csv
import json

from curation.models import Redirect
from justculture.bulk.exporting import pieces
from principles.models import LineageLink
from resources.models import Resource, StartingStep
from search.models import SearchDocument

NEW = {"title": "Being fair", "kind": "guide", "owner": "north-west"}
OWN = {"id", "version", "created_at", "updated_at", "slug"}  # a portal's bookkeeping, and the key below


def new(slug, **cells):
    """A row that is enough for something new."""
    return {"slug": slug, **NEW, **cells}


def json_lines(folder, *rows):
    path = folder / "content.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def csv_file(folder, *rows):
    path = folder / "content.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def written(folder, text, name="content.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def saved(folder, kind):
    path = folder / f"content.{kind}"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces(kind, Resource.objects.all()))
    return path


def portal():
    """Every resource by its address, with all that is stored of it, and what search knows."""
    found = {}
    for item in Resource.objects.select_related("owner", "publisher", "superseded_by", "submitted_by"):
        facts = {field.name: getattr(item, field.name) for field in item._meta.concrete_fields if field.name not in OWN}
        found[item.slug] = {name: _name(fact) for name, fact in facts.items()} | {
            "regions": sorted(item.regions.values_list("slug", flat=True)),
            "partners": sorted(item.partners.values_list("slug", flat=True)),
            "topics": sorted(item.topics.values_list("slug", flat=True)),
            "claims": [_facts(claim) for claim in item.claims.all()],
            "old": sorted(Redirect.objects.filter(object_id=item.pk).values_list("slug", flat=True)),
            "document": _document(item),
        }
    return found, sorted(_facts(link) for link in LineageLink.objects.with_ends())


def _document(item):
    kind = item._meta.label_lower
    return list(SearchDocument.objects.filter(kind=kind, object_id=item.pk).values_list("title", "tags", "body"))


def _facts(row):
    left_out = {"id", "version", "resource"}
    return [(field.name, _name(getattr(row, field.name))) for field in row._meta.fields if field.name not in left_out]


def _name(value):
    if value is None or not hasattr(value, "_meta"):
        return repr(value)
    return getattr(value, "slug", None) or str(value)


def emptied():
    """A portal without resources, but with all that they point to. The links that point to them go too."""
    links = LineageLink.objects.exclude(descendant_resource=None, source_resource=None)
    for rows in [links, Redirect.objects.all(), SearchDocument.objects.filter(kind="resources.resource")]:
        rows._raw_delete(rows.db)
    StartingStep.objects.update(resource=None)
    for item in Resource.objects.all():
        item.claims.all().delete()
        item.topics.clear()
        item.regions.clear()
        item.partners.clear()
    Resource.objects.all()._raw_delete("default")
