"""Everything that a database holds, so that two can be compared: each row, and all that keeps the rows in order."""

import re

from psycopg2 import sql

OURS = "nspname !~ '^pg_' AND nspname <> 'information_schema'"
IN_SCHEMA = f"JOIN pg_namespace n ON n.oid = relnamespace AND {OURS}"
DEFINITIONS = {  # what it is called, and how it is defined
    "relation": f"""
        SELECT c.oid::regclass, concat_ws(' ', relkind, relpersistence, reloptions, obj_description(c.oid, 'pg_class'),
            pg_get_viewdef(c.oid)) FROM pg_class c {IN_SCHEMA}
    """,
    "column": f"""
        SELECT concat_ws('.', c.oid::regclass, attname), concat_ws(' ',
            row_number() OVER (PARTITION BY attrelid ORDER BY attnum), format_type(atttypid, atttypmod),
            attnotnull, attidentity, attgenerated, attcollation::regcollation, pg_get_expr(adbin, adrelid),
            col_description(c.oid, attnum))
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid {IN_SCHEMA}
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'i'
    """,
    "constraint": f"""
        SELECT concat_ws('.', conrelid::regclass, conname), concat_ws(' ', pg_get_constraintdef(t.oid), convalidated,
            condeferrable, condeferred, obj_description(t.oid, 'pg_constraint'))
        FROM pg_constraint t JOIN pg_class c ON c.oid = conrelid {IN_SCHEMA}
    """,
    "index": f"""
        SELECT indexrelid::regclass, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisclustered)
        FROM pg_index JOIN pg_class c ON c.oid = indexrelid {IN_SCHEMA}
    """,
    "trigger": f"""
        SELECT concat_ws('.', tgrelid::regclass, tgname), concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled,
            obj_description(t.oid, 'pg_trigger'))
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid {IN_SCHEMA} WHERE NOT tgisinternal
    """,
    "function": f"""
        SELECT p.oid::regprocedure, pg_get_functiondef(p.oid)
        FROM pg_proc p JOIN pg_namespace ON pg_namespace.oid = pronamespace AND {OURS} WHERE prokind <> 'a'
    """,
    "sequence": f"""
        SELECT seqrelid::regclass, concat_ws(' ', format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax,
            seqcache, seqcycle, pg_describe_object(refclassid, refobjid, refobjsubid))
        FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid {IN_SCHEMA}
        LEFT JOIN pg_depend ON classid = 'pg_class'::regclass AND objid = seqrelid AND deptype IN ('a', 'i')
    """,
    "type": f"""
        SELECT concat_ws('.', format_type(y.oid, NULL), enumlabel), concat_ws(' ', typtype, enumsortorder)
        FROM pg_type y JOIN pg_namespace ON pg_namespace.oid = typnamespace AND {OURS}
        LEFT JOIN pg_enum ON enumtypid = y.oid
    """,
    "extension": "SELECT extname, extversion FROM pg_extension",
}
KEYS = """
    SELECT attrelid::regclass::text, array_agg(attname::text ORDER BY attnum)
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey) WHERE indisprimary GROUP BY attrelid
"""
# PostgreSQL writes `varchar IN ('a', 'b')` in one way when it is first told, and in another when it reads its own words
# again. The first is turned into the second here, word for word, and nothing else is.
WORD = r"'(?:[^']|'')*'::character varying"
FIRST_TOLD = re.compile(rf"\(ARRAY\[({WORD}(?:, {WORD})*)\]\)::text\[\]")


def read_again(definition):
    return FIRST_TOLD.sub(lambda found: "ARRAY[" + re.sub(WORD, r"(\g<0>)::text", found[1]) + "]", definition)


def portrait(cursor):
    """A dictionary of all that the cursor's database holds: {"row resources_topic (7)": "(7,Civility,...)", ...}."""
    found = {}
    for kind, question in DEFINITIONS.items():
        cursor.execute(question)
        found |= {f"{kind} {name}": read_again(words) for name, words in cursor.fetchall()}
    cursor.execute(KEYS)
    keys = dict(cursor.fetchall())
    for table in names(cursor, "r"):
        key = sql.SQL(", ").join(map(sql.Identifier, keys.get(table, [])))
        where = sql.SQL("row({})::text" if table in keys else "row_number() OVER (ORDER BY t::text)").format(key)
        cursor.execute(sql.SQL("SELECT {}, t::text FROM {} t").format(where, sql.SQL(table)))
        found |= {f"row {table} {which}": words for which, words in cursor.fetchall()}
    for sequence in names(cursor, "S"):
        cursor.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.SQL(sequence)))
        found[f"value {sequence}"] = str(cursor.fetchone())
    return found


def names(cursor, kind):
    cursor.execute(f"SELECT c.oid::regclass::text FROM pg_class c {IN_SCHEMA} WHERE relkind = '{kind}' ORDER BY 1")
    return [name for (name,) in cursor.fetchall()]


def differences(first, second):
    """What two portraits do not share, in words."""
    return [
        *(f"only the first has {name}" for name in sorted(first.keys() - second.keys())),
        *(f"only the second has {name}" for name in sorted(second.keys() - first.keys())),
        *(f"they differ in {name}" for name in sorted(first.keys() & second.keys()) if first[name] != second[name]),
    ]
