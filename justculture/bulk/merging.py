"""Writing what bulk_wanted and the parts say: a statement for each table, and none where nothing differs.

Triggers write the history. The order is that of the file, so that what is listed by its number is listed as it was.
"""

from django.db.models.expressions import RawSQL
from django.utils import timezone

from curation.models import Redirect
from curation.states import UNPUBLISHED
from justculture.bulk.staging import STORED, TABLE, ask, is_there, run, table
from resources.models import Resource
from search import documents

KIND = Resource._meta.label_lower


class Overtaken(Exception):
    """Somebody else changed one of the rows while they were compared."""


def compare_rows(parts):
    """Make bulk_touched of the resources that are new or would change, and bulk_redirects of old addresses to add."""
    table(
        "bulk_redirects",
        f"""
        SELECT DISTINCT w.id, x.slug FROM bulk_wanted w JOIN bulk_incoming i USING (line)
        CROSS JOIN jsonb_array_elements_text(i.given->'old_slugs') AS x(slug)
        WHERE NOT EXISTS (SELECT FROM {Redirect._meta.db_table} o WHERE o.kind = '{KIND}' AND o.slug = x.slug)
        """,
    )
    wanted, there = (", ".join(f"{row}.{column}" for column in STORED.values()) for row in "wr")
    changes = [f"SELECT item FROM {name}" for part in parts for name in (part.comes, part.goes)]
    table(
        "bulk_touched",
        f"""
        SELECT w.id FROM bulk_wanted w LEFT JOIN {TABLE} r ON r.id = w.live_id
        WHERE w.live_id IS NULL OR ({wanted}) IS DISTINCT FROM ({there})
        UNION {" UNION ".join(changes)} UNION SELECT id FROM bulk_redirects
        """,
        "id",
    )


def count(report):
    """Count the rows that were not refused, by what would come of them."""
    fine = "bulk_wanted w LEFT JOIN bulk_touched t USING (id) WHERE line NOT IN (SELECT line FROM bulk_problems)"
    questions = f"""
        SELECT count(*) FILTER (WHERE w.live_id IS NULL),
            count(*) FILTER (WHERE w.live_id IS NOT NULL AND t.id IS NOT NULL),
            count(*) FILTER (WHERE t.id IS NULL)
        FROM {fine}
    """
    report.new, report.changed, report.unchanged = ask(questions)[0]


def write(parts, report):
    """Write it all, in the caller's transaction. Raises Overtaken if somebody else was quicker."""
    columns = ", ".join(STORED.values())
    wanted = ", ".join(f"w.{column}" for column in STORED.values())
    now = timezone.now()
    if report.new:
        run(
            f"""
            INSERT INTO {TABLE} (id, slug, {columns}, version, created_at, updated_at)
            SELECT w.id, w.slug, {wanted}, 1, %(now)s, %(now)s
            FROM bulk_wanted w WHERE w.live_id IS NULL ORDER BY w.line
            """,
            now=now,
        )
    if report.changed:
        written = run(
            f"""
            UPDATE {TABLE} r SET ({columns}, version, updated_at) = ROW({wanted}, r.version + 1, %(now)s)
            FROM bulk_wanted w JOIN bulk_touched t USING (id) WHERE r.id = w.live_id AND r.version = w.live_version
            """,
            now=now,
        )
        if written != report.changed:
            raise Overtaken
    for part in parts:
        part.write()
    if is_there("SELECT FROM bulk_redirects"):
        run(
            f"INSERT INTO {Redirect._meta.db_table} (kind, slug, object_id) "
            f"SELECT '{KIND}', slug, id FROM bulk_redirects ORDER BY id, slug"
        )
    if report.new or report.changed:
        touched = Resource.objects.filter(pk__in=RawSQL("SELECT id FROM bulk_touched", []))
        documents.refresh_all(touched.exclude(state__in=UNPUBLISHED))
