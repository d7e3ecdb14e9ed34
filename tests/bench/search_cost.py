"""`script/bench --search [SIZES]`: what a search costs in CPU, of the server and of PostgreSQL, at several sizes.

Documents are those of a public collection, again and again with a fifth of their words swapped for others of the same
collection and a growing tail of new ones, so that common words stay common and rare ones rare. The raw query beside it
is PostgreSQL's own ranking of the same words: any of them, ordered by ts_rank, from a GIN index made for it.
"""

import argparse
import json
import random
import re
import time
from pathlib import Path

from tests.bench.relevance import SHARED, evaluator, inside
from tests.portal import run, short_folder

SEED = 7
RAW = """
SELECT id FROM search_searchdocument, (
    SELECT string_agg(quote_literal(lexeme), ' | ')::tsquery FROM unnest(to_tsvector('english', %s))
) AS q (query) WHERE vector @@ query ORDER BY ts_rank(vector, query) DESC LIMIT 200
"""


def main(arguments):
    parser = argparse.ArgumentParser(prog="script/bench --search", description=__doc__)
    parser.add_argument("sizes", nargs="?", default="1000,20000,100000")
    options = parser.parse_args(arguments)
    for size in map(int, options.sizes.split(",")):
        with short_folder() as var_dir:
            run("migrate", "--verbosity", "0", var_dir=var_dir)
            inside("prepare", var_dir, no_topics(var_dir))
            rows = Path(var_dir) / "rows.jsonl"
            write(rows, size)
            began = time.monotonic()
            run("import_content", str(rows), "--publish", var_dir=var_dir)
            print(f"\n{size:,} documents, imported in {time.monotonic() - began:.0f} s", flush=True)
            said = "from tests.bench import search_cost; search_cost.measure()"
            print(run("shell", "--verbosity", "0", "--command", said, var_dir=var_dir), end="", flush=True)


def no_topics(var_dir):
    path = Path(var_dir) / "topics.json"
    path.write_text("{}")
    return str(path)


def write(path, size):
    chance = random.Random(SEED)
    documents = list(evaluator(SHARED).load("scifact", "all").docs.values())
    words = sorted({word for document in documents for word in re.findall(r"[a-z]{4,}", document["body"])})
    with path.open("w") as file:
        for number in range(size):
            document = documents[number % len(documents)]

            def varied(text, number=number):
                if number < len(documents):
                    return text
                return re.sub(
                    r"\w{4,}",
                    lambda word: (
                        chance.choice(words) + ("x" * (number % 3) if chance.random() < 0.01 else "")
                        if chance.random() < 0.2
                        else word[0]
                    ),
                    text,
                )

            row = {
                "slug": f"d-{number}",
                "title": varied(document["title"])[:200],
                "kind": "guide",
                "owner": "national",
            }
            file.write(json.dumps(row | {"summary": "", "body": varied(document["body"])}) + "\n")


def measure():
    """Ask the collection's questions whole, cut to their three rarest words, and both with a slip in one word."""
    from django.db import connection

    from search import documents, index
    from search.query import search
    from search.views import everything_visible

    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX ON search_searchdocument USING gin (vector)")
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # whose CPU would not be counted
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    evaluate = evaluator(SHARED)
    whole = evaluate.load("scifact", "test")
    short = evaluate.shortened(whole, 3)

    def raw(text):
        with connection.cursor() as cursor:
            cursor.execute(RAW, [text])
            cursor.fetchall()

    def ours(text):
        search(text, among=everything_visible())

    print(f"{'questions':14}{'':12}{'CPU ms p50':>12}{'p95':>8}{'of which database p50':>24}{'p95':>8}")
    p95 = {}
    for name, questions in [("short", short), ("long", whole)]:
        texts = list(questions.queries.values())[:60]
        damaged = [evaluate.with_typo(text, number) for number, text in enumerate(texts)]
        for kind, ask, asked in [("raw OR", raw, texts), ("clean", ours, texts), ("damaged", ours, damaged)]:
            costs = []
            for text in asked:
                ask(text)  # once to warm the caches
                before, own = database_cpu(backend), time.process_time()
                ask(text)
                costs.append(((time.process_time() - own) * 1000, database_cpu(backend) - before))
            both = sorted(own + theirs for own, theirs in costs)
            theirs = sorted(theirs for _, theirs in costs)
            p95[name, kind] = both[int(len(both) * 0.95)]
            print(
                f"{name:14}{kind:12}{both[len(both) // 2]:12.1f}{p95[name, kind]:8.1f}"
                f"{theirs[len(theirs) // 2]:24.1f}{theirs[int(len(theirs) * 0.95)]:8.1f}"
            )
    for name in ["short", "long"]:
        print(f"{name}: {p95[name, 'clean'] / p95[name, 'raw OR']:.2f} times the raw query at p95")
    with connection.cursor() as cursor:
        for table in ["search_searchdocument", "search_posting", "search_term", "search_word"]:
            cursor.execute("SELECT pg_table_size(%s) / 1e6, pg_indexes_size(%s) / 1e6", [table, table])
            print(f"{table}: {cursor.fetchone()[0]:.1f} MB")
    began = time.monotonic()
    documents.rebuild()
    print(f"rebuilt in {time.monotonic() - began:.1f} s, and nothing differed: {index.mend() == 0}")


def database_cpu(pid):
    """Milliseconds that a backend has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
