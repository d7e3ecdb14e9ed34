"""Backups of a portal in use: taken while curators save, killed, out of disk; brought back, and compared throughout."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from urllib.parse import urlsplit
from urllib.request import urlopen
from xml.etree import ElementTree

import psycopg2
import pytest

from justculture import backup, embedded
from tests.drills.test_crashes import MAKE_CURATOR, save
from tests.portal import ROOT, environment, free_port, refusal, run, serving, short_folder
from tests.portrait import differences, portrait

SAME = {"SITE_URL": "http://portal.example"}
EVERY_STATE = """
from tests.browser import content
from tests.factories import EventFactory, ResourceFactory, SetFactory
content.load()
for factory in (ResourceFactory, SetFactory, EventFactory):
    for state in ("draft", "in_review", "published", "superseded", "withdrawn"):
        factory(state=state, slug=f"in-state-{state.replace('_', '-')}")
"""
MANY = 20_000
MANY_RESOURCES = f"""
from django.db import transaction
from curation import history
from curation.models import Region
from resources.models import Resource
from search import documents
from tests.factories import TESTER
owner = Region.objects.get(slug="national")
with transaction.atomic():
    history.because("made", by=TESTER)
    Resource.objects.bulk_create(
        [
            Resource(title=f"Drill {{n}}", slug=f"drill-{{n}}", kind="guide", owner=owner, body="Words to keep. " * 100)
            for n in range({MANY})
        ],
        batch_size=2000,
    )
"""
ROUNDS = 20
TARGET = 15 * 60  # seconds that bringing the portal back may take


@pytest.fixture
def var_dir():
    with short_folder() as folder:
        yield folder


@contextmanager
def database(var_dir):
    found = embedded.settings(var_dir)
    where = {"host": found["HOST"], "port": found["PORT"], "dbname": found["NAME"], "user": found["USER"]}
    with embedded.running(var_dir), closing(psycopg2.connect(**where)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def upload(var_dir):
    for number in range(5):
        path = var_dir / f"uploads/{number}/file {number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(200_000))


def newest(folder):
    return backup.backups(folder)[0]


def said(words):
    print(words)  # noqa: T201


def brought_back(path, var_dir, **more):
    """Restore into an empty place, and say how long it took."""
    began = time.monotonic()
    run("restore", str(path), var_dir=var_dir, **more)
    took = time.monotonic() - began
    said(f"restored {newest(path.parent).manifest.rows['public.resources_resource']:,} resources in {took:.1f} s")
    assert took < TARGET
    return took


def test_what_is_brought_back_is_the_same_portal(var_dir):
    with short_folder() as during, short_folder() as after:
        with serving(var_dir, **SAME) as portal:
            run("shell", "--no-imports", "-c", EVERY_STATE + MAKE_CURATOR, var_dir=var_dir)
            upload(var_dir)
            saved = []
            with curators(portal, saved):
                before = set(saved)
                run("backup", var_dir=var_dir)
            assert len(saved) > len(before)
            brought_back(newest(var_dir / "backups").path, during)
            with database(during) as cursor:
                cursor.execute("SELECT name FROM resources_topic")
                assert before <= {name for (name,) in cursor.fetchall()}
        with database(var_dir) as cursor:
            cursor.execute("ALTER DATABASE justculture SET default_transaction_read_only = on")
        run("backup", var_dir=var_dir)
        taken = newest(var_dir / "backups")
        brought_back(taken.path, after)
        with database(var_dir) as source, database(after) as copy:
            was, now = portrait(source), portrait(copy)
            assert differences(was, now) == []
        said(f"{len(was):,} rows and definitions are the same")
        for name in taken.manifest.files.keys() - {backup.DATABASE}:
            assert backup.digest(var_dir / name) == backup.digest(after / name) == taken.manifest.files[name]
        with serving(var_dir, **SAME) as source, serving(after, **SAME) as copy:
            pages = addresses(source)
            assert len(pages) > 200
            different = [page for page in pages if body(source, page) != body(copy, page)]
            assert different == []
        said(f"{len(pages)} pages are the same byte for byte")


@contextmanager
def curators(portal, saved):
    """Three curators save topics as fast as they can; what the admin has answered is in *saved*."""
    halt = threading.Event()
    threads = [threading.Thread(target=save, args=(portal, f"Curator {n}", [], saved, halt)) for n in range(3)]
    for thread in threads:
        thread.start()
    try:
        while len(saved) < 30:
            time.sleep(0.01)
        yield
        count = len(saved)
        while len(saved) < count + 3:
            time.sleep(0.01)
    finally:
        halt.set()
        for thread in threads:
            thread.join(60)


def addresses(portal):
    tree = ElementTree.fromstring(body(portal, "/sitemap.xml"))
    places = [urlsplit(place.text).path for place in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    return [*places, "/sitemap.xml", "/feeds/resources.atom", "/feeds/events.atom", "/feeds/principles.atom"]


def body(portal, path):
    with urlopen(portal.address + path, timeout=30) as answer:
        return answer.read()


def test_twenty_thousand_resources_come_back_in_time(var_dir):
    run("migrate", var_dir=var_dir)
    run("load_starter_content", var_dir=var_dir)
    run("shell", "--no-imports", "-c", MANY_RESOURCES, var_dir=var_dir)
    upload(var_dir)
    said(run("backup", var_dir=var_dir))
    with short_folder() as elsewhere:
        brought_back(newest(var_dir / "backups").path, elsewhere)
        with database(var_dir) as source, database(elsewhere) as copy:
            assert differences(portrait(source), portrait(copy)) == []


def test_killed_at_any_moment_it_leaves_whole_backups_only(var_dir, settings):
    """kill -9 of the command twenty times, at moments spread over all of its run."""
    settings.BACKUP_DIR = folder = var_dir / "backups"
    run("migrate", var_dir=var_dir)
    run("load_starter_content", var_dir=var_dir)
    upload(var_dir)
    began = time.monotonic()
    run("backup", var_dir=var_dir)
    whole = time.monotonic() - began
    halves = 0
    for _ in range(ROUNDS):
        first = backup.last_good()
        with subprocess.Popen(
            [sys.executable, "manage.py", "backup"],
            cwd=ROOT,
            env=environment(var_dir, free_port()),
            stdout=subprocess.DEVNULL,
        ) as process:
            time.sleep(random.uniform(0.3, 1) * whole)  # before that it is only Python starting
            process.send_signal(signal.SIGKILL)
        halves += len(list(folder.glob("new-backup-*")))
        assert backup.last_good() >= first
        for path, manifest in backup.backups(folder):
            backup.verify(path, manifest)
        assert backup.problems(folder) == []
    run("backup", var_dir=var_dir)
    assert sorted(path.name for path in folder.iterdir()) == [newest(folder).path.name, "lock"]
    said(f"{ROUNDS} kills, {halves} of them halfway through a backup: none was taken for one, nothing is left of them")
    assert halves


@contextmanager
def small_disk(folder, megabytes):
    if os.geteuid() != 0:
        pytest.fail("A small disk has to be mounted for this drill: run it as root.", pytrace=False)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_costs_no_earlier_backup(var_dir, tmp_path):
    """Once it is full before the backup begins; once another program fills it while the dump is being written."""
    run("migrate", var_dir=var_dir)
    run("load_starter_content", var_dir=var_dir)
    with small_disk(tmp_path / "disk", 40) as disk:
        to = ("backup", "--to", str(disk))
        run(*to, var_dir=var_dir)
        first = newest(disk)
        filler = disk / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=1M"], stderr=subprocess.DEVNULL)
        assert shutil.disk_usage(disk).free == 0
        told = refusal(*to, var_dir=var_dir)
        assert re.search(r"A backup may need \d+ MB and \S+ has 0 MB free: make room, or set BACKUP_DIR", told)
        filler.unlink()
        programs = tmp_path / "programs"
        shutil.copytree(embedded.PROGRAMS, programs, copy_function=os.symlink)
        (programs / "pg_dump").unlink()
        (programs / "pg_dump").write_text(
            f"#!/bin/sh\n[ \"$1\" = --version ] || cat /dev/zero > '{filler}' 2>/dev/null\n"
            f"exec '{embedded.PROGRAMS}/pg_dump' \"$@\"\n"
        )
        (programs / "pg_dump").chmod(0o755)
        told = refusal(*to, var_dir=var_dir, POSTGRES_PROGRAMS=str(programs))
        assert told.startswith("CommandError: pg_dump failed: mend this and try again: could not ")
        assert "No space left on device" in told
        assert sorted(path.name for path in disk.iterdir()) == [first.path.name, "filler", "lock"]
        backup.verify(*first)
        filler.unlink()
        run(*to, var_dir=var_dir)
        assert newest(disk).manifest.taken_at > first.manifest.taken_at
    said("a full disk was said in words, and the backup before it stayed whole")
