"""What a resource has besides its own row: regions, partners, topics, figures and lineage. What a row says of one
kind is all there is of it: what it does not name goes, what is new comes, and the rest is not touched.

Of each kind there are temporary tables: bulk_<name>_comes, with the rows to write, and bulk_<name>_goes, to delete.
"""

from typing import NamedTuple

from django.db import connection

from justculture.bulk.columns import LINK
from justculture.bulk.staging import TABLE, is_there, run, sql_of, table
from principles.models import LineageLink
from resources.models import Claim, Resource, TaggedResource


class Part(NamedTuple):
    """A kind of part. The SQL in it speaks of `w` (bulk_wanted), `x.value` (one value of the list) and `p` (its table).

    columns: each column that makes a row what it is, and how it is read from a value. kept: which rows of the table a
    list is about. more: what a new row is given besides.
    """

    name: str
    table: str
    columns: dict
    kept: str
    more: dict = {}

    @property
    def comes(self):
        return f"bulk_{self.name}_comes"

    @property
    def goes(self):
        return f"bulk_{self.name}_goes"

    def compare(self):
        """Make both tables. Equal rows are numbered, so that two of the same stay two."""
        said, there = f"bulk_{self.name}_said", f"bulk_{self.name}_there"
        same = f"jsonb_build_array({', '.join(map(_quoted, self.columns))})"
        numbered = f"*, {same} AS same, row_number() OVER (PARTITION BY item, {same} ORDER BY place) AS copy"
        values = ", ".join(f"{value} AS {_quoted(column)}" for column, value in self.columns.items())
        columns = ", ".join(f"p.{_quoted(column)}" for column in self.columns)
        table(
            said,
            f"""
            SELECT {numbered} FROM (
                SELECT w.id AS item, w.line, x.place, x.value->>'source_resource' AS source, {values}
                FROM bulk_wanted w JOIN bulk_incoming i USING (line)
                CROSS JOIN jsonb_array_elements(i.given->'{self.name}') WITH ORDINALITY AS x(value, place)
            ) s
            """,
            "item",
        )
        table(
            there,
            f"""
            SELECT {numbered} FROM (
                SELECT w.id AS item, w.line, p.id AS place, {columns}
                FROM bulk_wanted w JOIN bulk_incoming i USING (line) JOIN {self.table} p ON {self.kept}
                WHERE i.given ? '{self.name}'
            ) t
            """,
            "item",
        )
        for name, rows, others in [(self.comes, said, there), (self.goes, there, said)]:
            missing = f"SELECT FROM {others} b WHERE b.item = a.item AND b.same = a.same AND b.copy = a.copy"
            table(name, f"SELECT * FROM {rows} a WHERE NOT EXISTS ({missing})", "item")

    def write(self):
        """Write what differs, if anything does."""
        if is_there(f"SELECT FROM {self.goes}"):
            run(f"DELETE FROM {self.table} WHERE id IN (SELECT place FROM {self.goes})")
        if is_there(f"SELECT FROM {self.comes}"):
            names = ", ".join(map(_quoted, [*self.columns, *self.more]))
            values = ", ".join([*map(_quoted, self.columns), *self.more.values()])
            run(f"INSERT INTO {self.table} ({names}) SELECT {values} FROM {self.comes} ORDER BY line, place")


def _quoted(name):
    return connection.ops.quote_name(name)


def parts_for(by):
    """Every kind of part. What *by* may not know of is neither found nor taken away."""
    found = f"""coalesce(
        (SELECT t.id FROM bulk_wanted t WHERE t.slug = x.value->>'source_resource'),
        (SELECT r.id FROM {TABLE} r WHERE r.slug = x.value->>'source_resource' AND r.id IN ({_known(by)}))
    )"""
    known_links = f"p.id IN ({sql_of(LineageLink.objects.known_to(by).values('pk'))})"
    claim = {column: f"x.value->>'{column}'" for column in ["value", "counts", "as_at", "note"]}
    claim |= {column: f"x.value->>'{column}'" for column in ["source_title", "source_url"]}
    link = {column: f"x.value->>'{column}'" for column in LINK}
    sources = {f"source_{kind}_id": _number(f"source_{kind}_id") for kind in ["set", "principle", "organisation"]}
    descendants = {column.replace("source", "descendant"): "" for column in sources}
    descendants = {column: _number(column) for column in descendants}
    return [
        _links("regions", Resource.regions.through, "resource_id", "region_id"),
        _links("partners", Resource.partners.through, "resource_id", "organisation_id"),
        _links("topics", TaggedResource, "content_object_id", "tag_id"),
        Part(
            "claims",
            Claim._meta.db_table,
            {
                "resource_id": "w.id",
                **claim,
                "source_resource_id": found,
                "order": "(x.value->>'order')::smallint",
            },
            f"p.resource_id = w.id AND (p.source_resource_id IS NULL OR p.source_resource_id IN ({_known(by)}))",
        ),
        Part(
            "lineage",
            LineageLink._meta.db_table,
            {
                "descendant_resource_id": "w.id",
                **sources,
                "source_resource_id": found,
                "source_text": "coalesce(x.value->>'source_text', '')",
                **link,
            },
            f"p.descendant_resource_id = w.id AND {known_links}",
            {"version": "1"},
        ),
        Part(
            "led_to",
            LineageLink._meta.db_table,
            {**descendants, "source_resource_id": "w.id", **link},
            f"p.source_resource_id = w.id AND p.descendant_resource_id IS NULL AND {known_links}",
            {"source_text": "''", "version": "1"},
        ),
    ]


def _known(by):
    return sql_of(Resource.objects.known_to(by).values("pk"))


def _number(key):
    return f"(x.value->>'{key}')::bigint"


def _links(name, through, resource, other):
    columns = {resource: "w.id", other: "x.value::bigint"}
    return Part(name, through._meta.db_table, columns, f"p.{resource} = w.id")
