"""The rows of a file in PostgreSQL, beside what is there: what each resource would become.

    bulk_incoming   the rows as they were read: the line, the address, and what is said, as JSON. A row that is not
                    whole has something wrong in it; it is there so that others may name it.
    bulk_wanted     for each whole row, the resource as it would be stored. What is not said stays as it is. Something
                    new has its number already, so that others can name it before it is written.

Both are temporary tables: nothing public is written here.
"""

import json

from django.db import connection, models
from django.utils import timezone

from curation.actions import REVIEW_EVERY
from curation.states import UNPUBLISHED, State
from justculture.bulk.columns import COLUMNS, read_row
from resources.models import Resource

TABLE = Resource._meta.db_table
PIECE = 2**16  # characters of a COPY handed over at once
TYPES = [  # how a value is cast from JSON; text when it is none of these
    (models.ForeignKey, "bigint"),
    (models.DateTimeField, "timestamptz"),
    (models.DateField, "date"),
    (models.BooleanField, "boolean"),
]
BY_STATE = [  # what a state brings or rules out, worked out below; the rest is as said or as it was
    *("state", "submitted_by", "changes_asked", "published_at", "review_due_on", "superseded_by", "superseded_by_url"),
    *("superseded_by_title", "withdrawn_at", "withdrawn_reason", "onward_url"),
]
STORED = {column.name: column.stored for column in COLUMNS.values() if column.field and column.name != "slug"}
NEVER_PUBLIC = ", ".join(f"'{state}'" for state in UNPUBLISHED)


def run(sql, **values):
    """Run a statement with %(named)s values. Returns how many rows it wrote or found."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.rowcount


def ask(sql, **values):
    """The rows that a question gives."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall()


def is_there(sql, **values):
    return ask(f"SELECT EXISTS ({sql})", **values)[0][0]


def sql_of(queryset):
    """A queryset of numbers as a subquery to write into a statement."""
    with connection.cursor() as cursor:
        return cursor.mogrify(*queryset.query.get_compiler(connection=connection, elide_empty=False).as_sql()).decode()


def table(name, sql, *indexes, **values):
    """Make a temporary table of what a question gives; it goes with the transaction, or at the next import in it."""
    run(f"DROP TABLE IF EXISTS pg_temp.{name}")
    run(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {sql}", **values)
    for columns in indexes:
        run(f"CREATE INDEX ON {name} ({columns})")
    run(f"ANALYZE {name}")


def stage(rows, known, report):
    """Check each row by itself and copy it to bulk_incoming. What is wrong goes to the report."""
    run("DROP TABLE IF EXISTS pg_temp.bulk_incoming")
    run(
        "CREATE TEMPORARY TABLE bulk_incoming (line integer, slug text, is_whole boolean, given jsonb) ON COMMIT DROP",
    )
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY bulk_incoming FROM STDIN", _Pieces(_copied(rows, known, report)))
    run("CREATE INDEX ON bulk_incoming (slug)")
    run("CREATE INDEX ON bulk_incoming (line)")
    run("ANALYZE bulk_incoming")


def _copied(rows, known, report):
    """Each row as a line of COPY."""
    for row in rows:
        given, problems = read_row(row.cells, known)
        problems = [*row.problems, *problems]
        for column, reason in problems:
            report.refuse(row.line, column, reason)
        if problems:
            report.refused += 1
        if "slug" in given:
            said = json.dumps(given, ensure_ascii=False).replace("\\", "\\\\")  # JSON has no bare tabs and line ends
            yield f"{row.line}\t{given['slug']}\t{'f' if problems else 't'}\t{said}\n"


class _Pieces:
    """A file for COPY to read from, made of lines as they come."""

    def __init__(self, lines):
        self.lines = lines

    def read(self, size=-1):
        piece, length = [], 0
        for line in self.lines:
            piece.append(line)
            length += len(line)
            if length >= PIECE:
                break
        return "".join(piece).encode()


def compare(by, *, publish):
    """Make bulk_wanted of bulk_incoming. publish: what does not say its state, and no reader has seen, is published."""
    table(
        "bulk_wanted",
        f"""
        WITH {_told()}, {_stated()}, {_settled()}
        SELECT settled.*, coalesce(live_id, nextval(pg_get_serial_sequence('{TABLE}', 'id'))) AS id
        FROM settled ORDER BY line
        """,
        *("id", "line", "slug", "successor"),
        publish=publish,
        by=by.pk,
        now=timezone.now(),
        review_due_on=timezone.localdate() + REVIEW_EVERY,
    )
    run(
        f"""
        UPDATE bulk_wanted w SET superseded_by_id = coalesce(
            (SELECT t.id FROM bulk_wanted t WHERE t.slug = w.successor),
            (SELECT r.id FROM {TABLE} r WHERE r.slug = w.successor)
        ) WHERE successor <> ''
        """
    )


def _told():
    """Each first whole row of an address, with the resource there is; what has no rule of its own is settled here."""
    free = [f"{_said_or_kept(name)} AS {STORED[name]}" for name in STORED if name not in BY_STATE]
    return f"""
        told AS (
            SELECT i.line, i.slug, i.given, r.id AS live_id, coalesce(r.state, '') AS live_state,
                r.version AS live_version, r.superseded_by_id AS live_successor, {", ".join(free)},
                CASE WHEN i.given ? 'superseded_by' THEN i.given->>'superseded_by'
                    WHEN {_said("superseded_by_url", "i")} <> '' THEN ''
                    ELSE coalesce(s.slug, '') END AS successor,
                CASE WHEN i.given ? 'superseded_by_url' THEN {_said("superseded_by_url", "i")}
                    WHEN i.given->>'superseded_by' <> '' THEN ''
                    ELSE coalesce(r.superseded_by_url, '') END AS successor_url
            FROM bulk_incoming i
            LEFT JOIN {TABLE} r ON r.slug = i.slug
            LEFT JOIN {TABLE} s ON s.id = r.superseded_by_id
            WHERE i.is_whole AND NOT EXISTS (SELECT FROM bulk_incoming f WHERE f.slug = i.slug AND f.line < i.line)
        )"""


def _stated():
    """With the state: as said, or as follows from what replaced it, or as it was."""
    return f"""
        stated AS (
            SELECT *, CASE
                WHEN given ? 'state' THEN given->>'state'
                WHEN (given ? 'superseded_by' OR given ? 'superseded_by_url')
                    AND (successor <> '' OR successor_url <> '') THEN '{State.SUPERSEDED}'
                WHEN live_state = '{State.SUPERSEDED}' AND successor = '' AND successor_url = ''
                    THEN '{State.PUBLISHED}'
                WHEN %(publish)s AND live_state IN ('', {NEVER_PUBLIC}) THEN '{State.PUBLISHED}'
                ELSE coalesce(nullif(live_state, ''), '{State.DRAFT}') END AS state
            FROM told
        )"""


def _settled():
    """With what goes with the state, as the verbs and CuratedModel.move_to() have it.

    The next review is a year on when something is published and no date is known. Only a row that says when it was
    published, as an export does, can say that it has none.
    """
    free = ", ".join(f"d.{STORED[name]}" for name in STORED if name not in BY_STATE)
    superseded, withdrawn = f"d.state = '{State.SUPERSEDED}'", f"d.state = '{State.WITHDRAWN}'"
    shown = f"d.state NOT IN ({NEVER_PUBLIC})"
    return f"""
        settled AS (
            SELECT d.line, d.slug, d.live_id, d.live_state, d.live_version, d.live_successor, {free}, d.state,
                CASE WHEN d.state = '{State.IN_REVIEW}' THEN coalesce(
                    {_said("submitted_by")}, r.submitted_by_id, %(by)s::bigint) END AS submitted_by_id,
                CASE WHEN d.state = '{State.DRAFT}' THEN {_said_or_kept("changes_asked", "d")} ELSE '' END
                    AS changes_asked,
                CASE WHEN {shown} THEN coalesce(
                    {_said("published_at")}, r.published_at, %(now)s::timestamptz) END AS published_at,
                CASE
                    WHEN {_said("review_due_on")} IS NOT NULL THEN {_said("review_due_on")}
                    WHEN NOT ({shown}) OR d.given ? 'published_at'
                        THEN CASE WHEN NOT d.given ? 'review_due_on' THEN r.review_due_on END
                    WHEN d.live_state IN ('', {NEVER_PUBLIC})
                        OR d.state = '{State.PUBLISHED}' AND d.live_state <> '{State.PUBLISHED}'
                        THEN coalesce(r.review_due_on, %(review_due_on)s::date)
                    ELSE r.review_due_on END AS review_due_on,
                CASE WHEN {superseded} THEN d.successor ELSE '' END AS successor,
                NULL::bigint AS superseded_by_id,
                CASE WHEN {superseded} THEN d.successor_url ELSE '' END AS superseded_by_url,
                CASE WHEN NOT ({superseded}) THEN ''
                    WHEN d.given ? 'superseded_by_title' THEN {_said("superseded_by_title")}
                    WHEN d.successor_url = r.superseded_by_url THEN r.superseded_by_title
                    ELSE '' END AS superseded_by_title,
                CASE WHEN {withdrawn} THEN coalesce(
                    {_said("withdrawn_at")}, r.withdrawn_at, %(now)s::timestamptz) END AS withdrawn_at,
                CASE WHEN {withdrawn} THEN {_said_or_kept("withdrawn_reason", "d")} ELSE '' END AS withdrawn_reason,
                CASE WHEN {withdrawn} THEN {_said_or_kept("onward_url", "d")} ELSE '' END AS onward_url
            FROM stated d LEFT JOIN {TABLE} r ON r.id = d.live_id
        )"""


def _type(name):
    return next((cast for kind, cast in TYPES if isinstance(COLUMNS[name].field, kind)), "text")


def _said(name, row="d"):
    """What a row says; NULL when it says nothing or that it is empty."""
    if name == "audiences":
        return f"ARRAY(SELECT jsonb_array_elements_text({row}.given->'{name}'))::varchar[]"
    return f"({row}.given->>'{name}')::{_type(name)}"


def _said_or_kept(name, row="i"):
    field = COLUMNS[name].field
    fallback = "NULL"
    if name == "audiences":
        fallback = "'{}'::varchar[]"
    elif field.has_default():
        fallback = f"'{field.get_default()}'::{_type(name)}"
    elif field.blank and not field.null:
        fallback = "''"
    return f"CASE WHEN {row}.given ? '{name}' THEN {_said(name, row)} ELSE coalesce(r.{field.column}, {fallback}) END"
