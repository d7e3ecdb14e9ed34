"""`script/bench --relevance [FOLDER]`: how well the portal's search answers, beside bm25s and tantivy in the same run.

The judged questions of tests/search are asked over the starter content. FOLDER holds public test collections and
their evaluator (../shared/relevance where that is there); each is loaded through import_content into an empty portal
of its own. `--split dev` is for tuning; what is reported is `test`. `--typos 3` asks again with one slip in a word,
`--short 3` with the three rarest words alone. With SEARCH_MEANING=1 the portal weighs what sentences mean as well.
"""

import argparse
import importlib.util
import json
import math
import os
import sys
from pathlib import Path

from tests.portal import ROOT, run, short_folder

SHARED = ROOT.parent / "shared/relevance"
QUESTIONS = ROOT / "tests/search/judged/questions.jsonl"
LONGEST_TITLE = 200
DEPTH = 100


def main(arguments):
    parser = argparse.ArgumentParser(prog="script/bench --relevance", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED)
    parser.add_argument("--split", default="test", choices=["test", "dev", "all"])
    parser.add_argument("--typos", type=int, default=0)
    parser.add_argument("--short", type=int, default=0)
    options = parser.parse_args(arguments)
    with short_folder() as var_dir:
        run("migrate", "--verbosity", "0", var_dir=var_dir)
        run("load_starter_content", var_dir=var_dir)
        print(inside("ask_judged", var_dir, options.split), end="", flush=True)
    if not (options.folder / "evaluate.py").exists():
        sys.exit(f"There is no evaluate.py in {options.folder}: only the judged questions were asked.")
    for name in evaluator(options.folder).COLLECTIONS:
        with short_folder() as var_dir:
            load(options.folder, name, var_dir)
            how = (str(options.folder), name, options.split, options.typos, options.short)
            print(inside("ask_collection", var_dir, *how), end="", flush=True)


def inside(function, var_dir, *arguments):
    """What a function of this module says, in a process of the portal with that database."""
    said = f"from tests.bench import relevance; relevance.{function}(*{arguments!r})"
    return run("shell", "--verbosity", "0", "--command", said, var_dir=var_dir)


def evaluator(folder):
    """The evaluator that lies beside the collections."""
    spec = importlib.util.spec_from_file_location("evaluate", Path(folder) / "evaluate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load(folder, name, var_dir):
    """Put a collection into an empty portal, as an operator would: its documents are resources, its tags topics."""
    run("migrate", "--verbosity", "0", var_dir=var_dir)
    documents = evaluator(folder).load(name, "all").docs
    topics = {
        tag: f"tag-{number}" for number, tag in enumerate(sorted({t for d in documents.values() for t in d["tags"]}))
    }
    rows = Path(var_dir) / "rows.jsonl"
    with rows.open("w") as file:
        for number, document in enumerate(documents.values()):
            title, rest = document["title"][:LONGEST_TITLE], document["title"][LONGEST_TITLE:]
            row = {"slug": f"d-{number}", "title": title, "kind": "guide", "owner": "national"}
            row |= {"summary": document["summary"], "body": f"{rest}\n\n{document['body']}".strip()}
            file.write(json.dumps(row | {"topics": [topics[tag] for tag in document["tags"]]}) + "\n")
    (Path(var_dir) / "topics.json").write_text(json.dumps(topics))
    inside("prepare", var_dir, str(Path(var_dir) / "topics.json"))
    print(run("import_content", str(rows), "--publish", var_dir=var_dir).splitlines()[-1], flush=True)
    if os.environ.get("SEARCH_MEANING") == "1":
        run("rebuild_search", var_dir=var_dir)  # gives each document its vector


def prepare(topics):
    from curation.models import Region
    from resources.models import Topic

    Region.objects.create(slug="national", name="National", forum_name="National", is_national=True, description="All.")
    named = json.loads(Path(topics).read_text())
    Topic.objects.bulk_create(Topic(name=name[:100], slug=slug, description="A tag.") for name, slug in named.items())


def ask(text):
    """What the portal's search page would list, as "kind/slug", best first."""
    from django.apps import apps

    from search.query import search
    from search.views import everything_visible

    documents = search(text, among=everything_visible())[:DEPTH]
    slugs = {
        kind: apps.get_model(kind)._base_manager.in_bulk([d.object_id for d in documents if d.kind == kind])
        for kind in {document.kind for document in documents}
    }
    return [f"{document.kind}/{slugs[document.kind][document.object_id].slug}" for document in documents]


def ask_judged(split):
    """The judged questions over the starter content."""
    rows = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    rows = [row for row in rows if split in {"all", row["split"]}]
    scored = {row["text"]: (ndcg(ask(row["text"])[:10], row["gains"]), row) for row in rows}
    mean = sum(score for score, _ in scored.values()) / len(scored)
    nothing = sum(not ask(row["text"]) for row in rows)
    print(f"\njudged questions ({split}): {len(rows)}, nDCG@10 {mean:.4f}, {nothing} find nothing")
    for text, (score, _) in sorted(scored.items(), key=lambda one: one[1][0])[:10]:
        print(f"  {score:.2f}  {text}")


def ndcg(ranked, gains):
    """Normalised discounted cumulative gain of the first ten (linear gain, as trec_eval has it)."""
    gained = sum(gains.get(name, 0) / math.log2(place + 2) for place, name in enumerate(ranked))
    best = sum(gain / math.log2(place + 2) for place, gain in enumerate(sorted(gains.values(), reverse=True)[:10]))
    return gained / best


def ask_collection(folder, name, split, typos, short):
    """A collection's own questions, by the portal's search and by its evaluator's baselines."""
    evaluate = evaluator(folder)
    collection = evaluate.load(name, split)
    if not collection.queries:
        return
    if short:
        collection = evaluate.shortened(collection, short)
    numbered = list(evaluate.load(name, "all").docs)

    def portal(text):
        found = (one.rpartition("/d-") for one in ask(text))
        return [numbered[int(number)] for _, is_document, number in found if is_document]

    systems = {**evaluate.baselines(collection), "portal": portal}
    evaluate.report(collection, systems, typos)
