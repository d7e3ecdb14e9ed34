"""100,000 resources from a file: in bounded memory, while readers are served, all or nothing, and only once."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode
from urllib.request import urlopen

import psycopg2
import pytest

from justculture import embedded
from justculture.starter_content import tables
from tests.bulk.many import WORDS, many_rows, write_csv
from tests.portal import ROOT, environment, eventually, free_port, run, serving, short_folder

ROWS = 100_000
MEMORY = 300  # megabytes that an import may take at most
TIMES = 5  # how much longer than its quiet value a reader's 99th percentile may get
QUIET = 30  # seconds of reading before anything is imported
READERS = 2
CHECKSUM = "from tests.bulk.process import checksum; print(checksum())"
WRITTEN = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_stat_clear_snapshot(), sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")
    print(cursor.fetchone()[1])
"""
DOING = {  # what an import is doing, by the statement that it is at
    "read": "COPY bulk_incoming",
    "compared": "TEMPORARY TABLE bulk_|INSERT INTO bulk_problems",
    "merged": "UPDATE resources_resource",
    "indexed": "search_searchdocument",
}


@pytest.fixture(scope="module")
def var_dir():
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def portal(var_dir):
    with serving(var_dir) as portal:
        yield portal


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The rows of the first import."""
    return write_csv(tmp_path_factory.mktemp("rows") / "rows.csv", rows())


def rows(**changes):
    names = {kind: [row["slug"] for row in tables()[kind]] for kind in ("topics", "organisations")}
    return ({**row, **changes} for row in many_rows(ROWS, **names))


@dataclass
class Import:
    """How an import went: what it said, what it exited with, and what it took (seconds, megabytes)."""

    said: str = ""
    code: int = 0
    seconds: float = 0
    memory: float = 0


def started(var_dir, path, *options):
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_content", str(path), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=environment(var_dir, free_port()),
    )


def imported(var_dir, path, *options):
    began = time.monotonic()
    with started(var_dir, path, *options) as process:
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Import(said, process.returncode, time.monotonic() - began, used.ru_maxrss / 1024)


def asked(var_dir, code):
    return run("shell", "--no-imports", "-c", code, var_dir=var_dir).strip()


@contextmanager
def reading(portal):
    """Readers who ask for lists that nobody has asked for before. Gives how long each answer took, in seconds."""
    halt, took, problems = threading.Event(), [], []

    def read(chance):
        while not halt.wait(0.05):
            asked = {"q": " ".join(chance.choices(WORDS, k=2)), "kind": chance.choice(["guide", "report", "video"])}
            began = time.monotonic()
            try:
                with urlopen(f"{portal.address}/resources/?{urlencode(asked)}", timeout=30) as answer:
                    answer.read()
            except OSError as problem:
                problems.append(problem)
            took.append(time.monotonic() - began)

    threads = [threading.Thread(target=read, args=(random.Random(seed),)) for seed in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield took
    finally:
        halt.set()
        for thread in threads:
            thread.join()
    assert problems == []


def p99(took):
    return sorted(took)[int(len(took) * 0.99)]


def test_it_is_imported_in_bounded_memory_while_readers_are_served(portal, var_dir, file):
    with reading(portal) as quiet:
        time.sleep(QUIET)
    with reading(portal) as busy:
        done = imported(var_dir, file, "--publish")
    print(  # noqa: T201
        f"{ROWS:,} rows, {file.stat().st_size / 1e6:.0f} MB: {done.seconds:.0f} s, {done.memory:.0f} MB at most; "
        f"a reader's p99 {p99(quiet) * 1000:.0f} ms quiet ({len(quiet)} pages), "
        f"{p99(busy) * 1000:.0f} ms meanwhile ({len(busy)} pages)"
    )
    assert (done.code, done.said) == (0, f"{ROWS:,} new, 0 changed, 0 unchanged, 0 refused.\n")
    assert done.memory < MEMORY
    assert p99(busy) < TIMES * p99(quiet)


def test_the_same_file_again_writes_nothing(portal, var_dir, file):
    before, written = asked(var_dir, CHECKSUM), asked(var_dir, WRITTEN)
    done = imported(var_dir, file, "--publish")
    print(f"again: {done.seconds:.0f} s, {done.memory:.0f} MB at most")  # noqa: T201
    assert (done.code, done.said) == (0, f"0 new, 0 changed, {ROWS:,} unchanged, 0 refused.\n")
    assert asked(var_dir, CHECKSUM) == before
    assert asked(var_dir, WRITTEN) == written


def test_one_bad_row_refuses_all_and_names_its_line(portal, var_dir, tmp_path):
    before, bad = asked(var_dir, CHECKSUM), "made-up-70000"
    changed = ({**row, "url": "javascript:x"} if row["slug"] == bad else row for row in rows(cost="Free"))
    path = write_csv(tmp_path / "bad.csv", changed)
    with path.open() as file:
        line = next(number for number, text in enumerate(file, 1) if text.startswith(f"{bad},"))
    done = imported(var_dir, path)
    assert (done.code, done.said.splitlines()[:2]) == (
        1,
        [
            f"Line {line}, url: It must be a full web address that begins with http:// or https://.",
            f"0 new, {ROWS - 1:,} changed, 0 unchanged, 1 refused.",
        ],
    )
    assert asked(var_dir, CHECKSUM) == before


@pytest.mark.parametrize("doing", DOING)
def test_kill_9_while_it_is(portal, var_dir, tmp_path, doing):
    path, before = write_csv(tmp_path / "changed.csv", rows(cost="Free")), asked(var_dir, CHECKSUM)
    with looking(var_dir) as look, started(var_dir, path) as process:
        eventually(lambda: process.poll() is not None or look(f"query ~ '{DOING[doing]}'"), seconds=300)
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        eventually(lambda: not look("true"), seconds=120)
    assert asked(var_dir, CHECKSUM) == before
    print(f"killed while it was {doing}: nothing changed")  # noqa: T201


@contextmanager
def looking(var_dir):
    """A way to ask whether a transaction is open of which a condition on pg_stat_activity is true."""
    place = embedded.settings(var_dir)
    names = {"host": place["HOST"], "port": place["PORT"], "dbname": place["NAME"], "user": place["USER"]}
    with closing(psycopg2.connect(**names)) as connection:
        connection.autocommit = True

        def look(condition):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'client backend' "
                    f"AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND {condition}"
                )
                return cursor.fetchone()[0]

        yield look


def test_an_export_of_it_all_is_made_in_bounded_memory(portal, var_dir, tmp_path):
    began, path = time.monotonic(), tmp_path / "all.jsonl"
    with subprocess.Popen(
        [sys.executable, "manage.py", "export_content", "--output", str(path)],
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(var_dir, free_port()),
    ) as process:
        process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    print(f"export: {time.monotonic() - began:.0f} s, {used.ru_maxrss / 1024:.0f} MB at most")  # noqa: T201
    assert process.returncode == 0
    with path.open() as file:
        assert sum(1 for _ in file) > ROWS
    assert used.ru_maxrss / 1024 < MEMORY
