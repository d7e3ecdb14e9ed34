"""What rows may not be or do together, and what *by* may not do. Each question is asked of all rows at once.

What is wrong goes to bulk_problems, a temporary table of lines, columns and reasons.
"""

from collections import defaultdict
from itertools import islice

from curation.models import Redirect, Region
from curation.people import Operator
from curation.querysets import known_name
from curation.states import State
from justculture.bulk.circles import circles
from justculture.bulk.columns import NEEDED
from justculture.bulk.report import TOLD
from justculture.bulk.staging import NEVER_PUBLIC, STORED, TABLE, ask, is_there, run, sql_of
from principles.models import ENDS, LineageLink
from resources.models import Organisation, Resource, Topic

SHOWN = f"'{State.PUBLISHED}', '{State.SUPERSEDED}'"
LONGEST_PATH = 6  # steps of a circle that are told
ONLY_IF = [  # what goes with a state alone
    ("submitted_by", State.IN_REVIEW, "Only what is in review has someone who sent it."),
    ("changes_asked", State.DRAFT, "Only a draft has changes that were asked for."),
    ("superseded_by", State.SUPERSEDED, "Only what is superseded has something that replaced it."),
    ("superseded_by_url", State.SUPERSEDED, "Only what is superseded has something that replaced it."),
    ("superseded_by_title", State.SUPERSEDED, "Only what is superseded has something that replaced it."),
    ("withdrawn_at", State.WITHDRAWN, "Only what is withdrawn has the moment when it was."),
    ("withdrawn_reason", State.WITHDRAWN, "Only what is withdrawn has a reason for it."),
    ("onward_url", State.WITHDRAWN, "Only what is withdrawn leads onward."),
]


def refuse(column, reason, condition, source="bulk_wanted w"):
    """Note a problem for each row of *source* that fits, by its w.line. reason: a sentence, or SQL that makes one."""
    words = reason if reason.startswith("'") else "'" + reason.replace("'", "''") + "'"
    run(f"INSERT INTO bulk_problems SELECT DISTINCT w.line, '{column}', {words} FROM {source} WHERE {condition}")


def check_rights(by):
    """First, since a row that is not theirs must tell them nothing: it is taken out of bulk_wanted."""
    run("DROP TABLE IF EXISTS pg_temp.bulk_problems")
    run('CREATE TEMPORARY TABLE bulk_problems (line integer, "column" text, reason text) ON COMMIT DROP')
    refuse(
        "slug",
        "'This address is on line ' || f.line || ' already.'",
        "w.is_whole AND w.line > f.line",
        "bulk_incoming w JOIN (SELECT slug, min(line) AS line FROM bulk_incoming GROUP BY slug) f USING (slug)",
    )
    if isinstance(by, Operator):
        return
    editable, known = (sql_of(rows.values("pk")) for rows in (Resource.objects.editable_by(by), _known(by)))
    theirs = f"w.live_id IS NOT NULL AND w.live_id NOT IN ({editable})"
    refuse("slug", "This address is taken. Choose another.", f"{theirs} AND w.live_id NOT IN ({known})")
    refuse("slug", "This is not yours to change.", f"{theirs} AND w.live_id IN ({known})")
    run("DELETE FROM bulk_wanted WHERE line IN (SELECT line FROM bulk_problems)")
    curated, published = (sql_of(rows.values("pk")) for rows in _regions(by))
    refuse("owner", "You do not look after this region.", f"w.owner_id NOT IN ({curated})")
    if not by.is_national:
        refuse(
            "owner",
            "Only a national curator can give it to another region.",
            "w.owner_id <> r.owner_id",
            f"bulk_wanted w JOIN {TABLE} r ON r.id = w.live_id",
        )
    refuse(
        "state",
        "You may not publish for this region.",
        f"w.state NOT IN ({NEVER_PUBLIC}) AND w.owner_id IN ({curated}) AND w.owner_id NOT IN ({published})",
    )
    if not by.is_national:
        alone = sql_of(Region.objects.filter(publishes_alone=True).values("pk"))
        refuse(
            "state",
            "Someone else has to look at it first: send it for review, and let another publisher publish it.",
            f"""
            w.state NOT IN ({NEVER_PUBLIC}) AND w.live_state IN ('', {NEVER_PUBLIC}) AND w.owner_id IN ({published})
            AND w.owner_id NOT IN ({alone})
            AND (w.live_state <> '{State.IN_REVIEW}' OR r.submitted_by_id = {int(by.pk)})
            """,
            f"bulk_wanted w LEFT JOIN {TABLE} r ON r.id = w.live_id",
        )
    refuse(
        "submitted_by",
        "Nobody can be said to have sent it for review but yourself.",
        f"w.submitted_by_id <> {int(by.pk)} AND w.submitted_by_id IS DISTINCT FROM r.submitted_by_id",
        f"bulk_wanted w LEFT JOIN {TABLE} r ON r.id = w.live_id",
    )


def _known(by):
    return Resource.objects.known_to(by)


def _regions(by):
    return Region.objects.curated_by(by), Region.objects.published_by(by)


def check_rows(*, publish):
    """What a resource may not be by itself, or may not become."""
    for name in NEEDED:
        refuse(name, "Something new needs it.", f"w.{STORED[name]} IS NULL")
    refuse(
        "state",
        "Readers have seen it, so it cannot become a draft again. It can be withdrawn.",
        f"w.state IN ({NEVER_PUBLIC}) AND w.live_state NOT IN ('', {NEVER_PUBLIC})",
    )
    if not publish:
        refuse(
            "state",
            "This would publish it. Run the import with --publish, or leave out what says so.",
            f"""
            w.state NOT IN ({NEVER_PUBLIC}) AND w.state <> w.live_state
            AND NOT (w.live_state = '{State.PUBLISHED}' AND w.state IN ('{State.SUPERSEDED}', '{State.WITHDRAWN}'))
            AND NOT (w.live_state = '{State.SUPERSEDED}' AND w.state = '{State.WITHDRAWN}')
            """,
        )
    said = "bulk_wanted w JOIN bulk_incoming i USING (line)"
    for name, state, reason in ONLY_IF:
        refuse(name, reason, f"w.state <> '{state}' AND i.given->>'{name}' <> ''", said)
    refuse("published_at", "It is not published.", f"w.state IN ({NEVER_PUBLIC}) AND i.given ? 'published_at'", said)
    refuse(
        "submitted_by",
        "Say who sent it for review, by the address of their account.",
        f"w.state = '{State.IN_REVIEW}' AND w.submitted_by_id IS NULL",
    )
    refuse(
        "superseded_by",
        "Say what replaced it: here, or in superseded_by_url.",
        f"w.state = '{State.SUPERSEDED}' AND w.successor = '' AND w.superseded_by_url = ''",
    )
    refuse(
        "superseded_by",
        "Name what replaced it: one resource here, or one outside address. Not both.",
        "w.successor <> '' AND w.superseded_by_url <> ''",
    )
    refuse(
        "withdrawn_reason",
        "Say why it is withdrawn: readers who come to its address are shown the reason.",
        f"w.state = '{State.WITHDRAWN}' AND w.withdrawn_reason !~ '\\S'",
    )
    refuse("public_until_at", "It must come after public_from_at.", "w.public_from_at >= w.public_until_at")
    refuse("review_due_on", "The next review must come after the last one.", "w.review_due_on < w.reviewed_on")


def check_addresses():
    """Addresses that are, or were, something else's."""
    kind = Resource._meta.label_lower
    redirects = f"{Redirect._meta.db_table} o ON o.kind = '{kind}'"
    refuse(
        "slug",
        "This was the address of something else once. Choose another.",
        "o.object_id <> w.id",
        f"bulk_wanted w JOIN {redirects} AND o.slug = w.slug",
    )
    old, quoted = _old_addresses("w"), "'“' || w.slug || '” "
    refuse("old_slugs", "It has no old address, since it is not published.", f"w.state IN ({NEVER_PUBLIC})", old)
    for taken in (TABLE, "bulk_incoming"):
        refuse("old_slugs", f"{quoted}is the address of something.'", "true", f"{old} JOIN {taken} r USING (slug)")
    others = f"{old} JOIN {_old_addresses('t')} USING (slug)"
    refuse("old_slugs", f"{quoted}is an old address of another row too.'", "t.id <> w.id", others)
    others = f"{old} JOIN {redirects} AND o.slug = w.slug"
    refuse("old_slugs", f"{quoted}was the address of something else.'", "o.object_id <> w.id", others)


def _old_addresses(alias):
    return f"""(
        SELECT w.line, w.id, w.state, x.slug FROM bulk_wanted w JOIN bulk_incoming i USING (line)
        CROSS JOIN jsonb_array_elements_text(i.given->'old_slugs') AS x(slug)
    ) {alias}"""


def check_succession(by):
    """Readers are led from what was superseded to what they can see, and never round in a circle."""
    successor = "'“' || w.successor || '”"
    unread = "EXISTS (SELECT FROM bulk_incoming n WHERE n.slug = w.successor)"
    visible, known = (sql_of(rows.values("pk")) for rows in (Resource.objects.visible(), _known(by)))
    refuse(
        "superseded_by",
        f"'There is no resource ' || {successor}.'",
        f"w.successor <> '' AND NOT {unread} AND (w.superseded_by_id IS NULL OR w.superseded_by_id NOT IN ({known}))",
    )
    unseen = f"'Readers could not see ' || {successor}, so it cannot replace anything. Publish it first.'"
    joined = "bulk_wanted w JOIN bulk_wanted t ON t.id = w.superseded_by_id"
    is_new_here = "w.superseded_by_id IS DISTINCT FROM w.live_successor"
    hidden = "(t.public_until_at IS NOT NULL OR t.public_from_at > now())"
    refuse("superseded_by", unseen, f"t.state NOT IN ({SHOWN})", joined)
    refuse(
        "superseded_by",
        unseen,
        f"t.state IN ({SHOWN}) AND w.live_id IS NOT NULL AND {is_new_here} AND {hidden}",
        joined,
    )
    refuse(
        "superseded_by",
        unseen,
        f"NOT {unread} AND w.superseded_by_id IN ({known}) AND w.superseded_by_id NOT IN ({visible}) AND {is_new_here}",
    )
    follows = (
        f"EXISTS (SELECT FROM {TABLE} s WHERE s.superseded_by_id = t.id AND s.id NOT IN (SELECT id FROM bulk_wanted))"
    )
    follows_here = "EXISTS (SELECT FROM bulk_wanted s WHERE s.superseded_by_id = t.id)"
    needed = "Something else says that this replaced it, so it cannot be withdrawn or hidden by dates."
    refuse("state", needed, f"t.state NOT IN ({SHOWN}) AND {follows}", "bulk_wanted t JOIN bulk_wanted w USING (id)")
    refuse(
        "public_until_at",
        needed,
        f"""
        t.state IN ({SHOWN}) AND {hidden} AND ({follows} OR {follows_here})
        AND (t.public_from_at, t.public_until_at) IS DISTINCT FROM (r.public_from_at, r.public_until_at)
        """,
        f"bulk_wanted t JOIN bulk_wanted w USING (id) JOIN {TABLE} r ON r.id = w.live_id",
    )
    if is_there(f"SELECT FROM bulk_wanted w WHERE w.superseded_by_id IS NOT NULL AND {is_new_here}"):
        steps = f"""
            SELECT id, superseded_by_id FROM bulk_wanted WHERE superseded_by_id IS NOT NULL
            UNION ALL SELECT r.id, r.superseded_by_id FROM {TABLE} r
            WHERE r.superseded_by_id IS NOT NULL AND r.id NOT IN (SELECT id FROM bulk_wanted)
        """
        _refuse_circles("superseded_by", steps, "is replaced by", [Resource], by)


def succession_changes():
    """Whether it matters that nobody else says what replaces what meanwhile."""
    return is_there(
        f"""
        SELECT FROM bulk_wanted w LEFT JOIN {TABLE} r ON r.id = w.live_id
        WHERE w.superseded_by_id IS DISTINCT FROM w.live_successor
            OR w.live_id IS NOT NULL AND (w.state, w.public_from_at, w.public_until_at)
                IS DISTINCT FROM (r.state, r.public_from_at, r.public_until_at)
        """
    )


def check_parts(by):
    """What figures and lineage name is there, lineage makes no circle, and nothing is taken from whom it belongs to."""
    for name in ("claims", "lineage"):
        unread = "EXISTS (SELECT FROM bulk_incoming n WHERE n.slug = w.source)"
        refuse(
            name,
            "'There is no resource “' || w.source || '”.'",
            f"w.source <> '' AND w.source_resource_id IS NULL AND NOT {unread}",
            f"bulk_{name}_said w",
        )
    editable = sql_of(LineageLink.objects.editable_by(by).values("pk"))
    refuse(
        "led_to",
        "A link that is not yours to change would be taken away. Name it too, or leave this out.",
        f"w.place NOT IN ({editable})",
        "bulk_led_to_goes w",
    )
    if not isinstance(by, Operator):
        _check_retired()
    if lineage_changes():
        gone = "SELECT place FROM bulk_lineage_goes UNION ALL SELECT place FROM bulk_led_to_goes"
        steps = f"""
            SELECT {_node("descendant")}, {_node("source")} FROM {LineageLink._meta.db_table}
            WHERE source_text = '' AND id NOT IN ({gone})
            UNION ALL SELECT {_node("descendant", ["resource"])}, {_node("source")} FROM bulk_lineage_comes
            WHERE source_text = ''
            UNION ALL
            SELECT {_node("descendant", ["set", "principle", "organisation"])}, {_node("source", ["resource"])}
            FROM bulk_led_to_comes
        """
        kinds = [LineageLink._meta.get_field(f"source_{kind}").related_model for kind in ENDS]
        _refuse_circles("lineage", steps, "was built on", kinds, by)


def lineage_changes():
    """Whether it matters that nobody else links anything meanwhile."""
    return is_there("SELECT FROM bulk_lineage_comes") or is_there("SELECT FROM bulk_led_to_comes")


def tell(report):
    """Add what was found here to the report."""
    count, rows = ask("SELECT count(*), count(DISTINCT line) FROM bulk_problems")[0]
    first = ask('SELECT line, "column", reason FROM bulk_problems ORDER BY 1, 2, 3 LIMIT %(most)s', most=TOLD)
    report.refuse_too(first, count=count, rows=rows)


def _check_retired():
    """What is retired is no longer offered to curators; what uses it keeps it."""
    reason = "'“' || t.slug || '” is retired: it is no longer offered for new content.'"
    topic, organisation = Topic._meta.db_table, Organisation._meta.db_table
    topics = f"bulk_topics_comes w JOIN {topic} t ON t.id = w.tag_id"
    partners = f"bulk_partners_comes w JOIN {organisation} t ON t.id = w.organisation_id"
    publishers = f"bulk_wanted w JOIN {organisation} t ON t.id = w.publisher_id LEFT JOIN {TABLE} r ON r.id = w.live_id"
    refuse("topics", reason, "t.is_retired", topics)
    refuse("partners", reason, "t.is_retired", partners)
    refuse("publisher", reason, "t.is_retired AND w.publisher_id IS DISTINCT FROM r.publisher_id", publishers)


def _node(end, kinds=ENDS):
    """The thing at one end of a link as one number: which kind it is, and its own number."""
    return f"coalesce({', '.join(f'{end}_{kind}_id * {len(ENDS)} + {ENDS.index(kind)}' for kind in kinds)})"


def _refuse_circles(column, steps, verb, kinds, by):
    """Note a problem on the last line that has a part in a circle. kinds: the model of each kind of node."""
    edges = defaultdict(list)
    for start, end in ask(steps):
        edges[start].append(end)
    for path in islice(circles(edges), TOLD):
        numbers = [node // len(kinds) for node in path if kinds[node % len(kinds)] is Resource]
        rows = {
            pk: (line, title)
            for pk, line, title in ask(
                "SELECT id, line, title FROM bulk_wanted WHERE id = ANY(%(numbers)s)", numbers=numbers
            )
        }
        if not rows:
            continue  # it was there before, and is none of this file's affair

        def name(node, rows=rows):
            model, pk = kinds[node % len(kinds)], node // len(kinds)
            return rows[pk][1] if model is Resource and pk in rows else known_name(model, pk, by)

        steps = [f"“{name(node)}”" for node in path]
        if len(steps) > LONGEST_PATH:
            steps = [*steps[: LONGEST_PATH - 2], "…", *steps[-2:]]
        run(
            "INSERT INTO bulk_problems VALUES (%(line)s, %(column)s, %(reason)s)",
            line=max(line for line, _ in rows.values()),
            column=column,
            reason=f"That would go round in a circle: {f' {verb} '.join(steps)}.",
        )
