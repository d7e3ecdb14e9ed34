"""A backup is all of the portal at one moment, and comes back as it was or not at all."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings as as_started
from django.db import connection
from hypothesis import example, given
from hypothesis import strategies as some

from justculture import backup, embedded
from justculture.backup import BackupError
from justculture.restore import restore
from tests import databases, debian
from tests.browser import content
from tests.factories import EventFactory, ResourceFactory, SetFactory, TopicFactory
from tests.portal import ROOT, environment, eventually, free_port, refusal, run, serving, short_folder
from tests.portrait import differences, portrait

FILES = {
    "policies/Politique équitable.odt": b"words",
    "policies/deep/er/table.csv": b"a,b\n" * 50_000,
    "nothing": b"",
}


@pytest.fixture(scope="module")
def source(tables, django_db_blocker, worker_id):
    """A database with the starter content and every state, with their history. It is copied, never changed."""
    name = f"backup_source_{worker_id}"
    with django_db_blocker.unblock():
        databases.create(name, tables)
        with databases.using(name):
            content.load()
            for factory in (ResourceFactory, SetFactory, EventFactory):
                for state in ("draft", "in_review", "published", "superseded", "withdrawn"):
                    factory(state=state)
        yield name
        databases.drop(name)


@pytest.fixture
def place(source, django_db_blocker, settings, tmp_path, worker_id):
    """How to work somewhere: `with place("there")` is an empty database and no files, "here" a copy of the source."""
    made = {}

    @contextmanager
    def place(name):
        database = made.setdefault(name, f"backup_{name}_{worker_id}")
        settings.MEDIA_ROOT = tmp_path / name / "uploads"
        if not settings.MEDIA_ROOT.exists():
            settings.MEDIA_ROOT.mkdir(parents=True)
            databases.create(database, source if name == "here" else None)
            if name == "here":
                put(settings.MEDIA_ROOT, FILES)
        with databases.using(database):
            yield

    with django_db_blocker.unblock():
        yield place
        for database in made.values():
            databases.drop(database)


@pytest.fixture
def folder(tmp_path, settings):
    settings.BACKUP_DIR = tmp_path / "backups"
    return settings.BACKUP_DIR


def put(root, files):
    for name, words in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(words)


def files_in(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def seen():
    with connection.cursor() as cursor:
        return portrait(cursor)


def take(folder, why=backup.BY_HAND):
    with backup.alone(folder):
        return backup.take(folder, why)


# There and back


def test_what_comes_back_is_what_was(place, folder, settings):
    with place("here"):
        before, taken = seen(), take(folder)
    with place("there"):
        assert restore(taken.path) == taken.manifest
        assert differences(before, seen()) == []
        assert files_in(settings.MEDIA_ROOT) == FILES
    kinds = {name.split()[0] for name in before}
    assert kinds >= {"row", "value", "column", "constraint", "index", "trigger", "function", "sequence"}
    rows = [name for name in before if name.startswith("row ")]
    assert len(rows) == sum(taken.manifest.rows.values()) > 2000
    assert any("history" in name for name in rows)


def test_the_comparison_catches_what_is_missing_or_other(place, folder):
    with place("here"):
        before = seen()
        guard = next(
            re.findall(r"pgtrigger_never_emptied\w+", name)[0]
            for name in before
            if "regionhistory.pgtrigger_never" in name
        )
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM search_searchdocument WHERE id = (SELECT max(id) FROM search_searchdocument)")
            cursor.execute(f"DROP TRIGGER {guard} ON curation_regionhistory")
            cursor.execute("ALTER TABLE resources_topic DISABLE TRIGGER USER")
            cursor.execute("DROP INDEX document_by_title")
            cursor.execute("ALTER TABLE resources_claim DROP CONSTRAINT claim_has_its_source")
            cursor.execute("SELECT nextval('resources_topic_id_seq')")
        found = differences(before, seen())
    assert any(line.startswith("only the first has row search_searchdocument (") for line in found)
    assert "only the first has index document_by_title" in found
    assert "only the first has constraint resources_claim.claim_has_its_source" in found
    assert f"only the first has trigger curation_regionhistory.{guard}" in found
    assert "they differ in value resources_topic_id_seq" in found
    assert [line for line in found if "trigger resources_topic." in line and line.startswith("they differ")]


def test_it_is_of_one_moment_while_others_write(place, folder, monkeypatch):
    """The portrait is of the very snapshot that the dump reads, and the writers never wait for long."""
    portraits, waits, halt = [], [], threading.Event()
    frozen = backup.frozen

    @contextmanager
    def watched():
        with frozen() as (cursor, snapshot):
            portraits.append(portrait(cursor))
            written = len(waits)
            eventually(lambda: len(waits) > written)  # so something is written after the snapshot and before the dump
            yield cursor, snapshot

    def write():
        while not halt.is_set():
            began = time.monotonic()
            TopicFactory(slug=f"written-{len(waits)}", name=f"Written {len(waits)}")
            waits.append(time.monotonic() - began)
        connection.close()

    monkeypatch.setattr(backup, "frozen", watched)
    with place("here"):
        writer = threading.Thread(target=write)
        writer.start()
        try:
            taken = take(folder)
        finally:
            halt.set()
            writer.join()
        after = seen()
    with place("there"):
        restore(taken.path)
        restored = seen()
    still = {name: words for name, words in portraits[-1].items() if not name.startswith("value ")}
    assert differences(still, {name: words for name, words in restored.items() if not name.startswith("value ")}) == []
    assert len([name for name in after if name not in still and name.startswith("row resources_topic (")]) > 0
    assert max(waits) < 2


def test_files_of_a_moment_before_and_after_the_dump_are_in_it(place, folder, settings, monkeypatch):
    """A row of the dump may name a file that is deleted, or was added, while the backup is taken."""
    run_program = backup.run

    def meanwhile(name, *options):
        if name == "pg_dump" and "--version" not in options:
            (settings.MEDIA_ROOT / "nothing").unlink()
            put(settings.MEDIA_ROOT, {"new": b"new", "policies/deep/er/table.csv": b"it was being written"})
        return run_program(name, *options)

    monkeypatch.setattr(backup, "run", meanwhile)
    with place("here"):
        taken = take(folder)
    assert files_in(taken.path / "uploads") == {
        **FILES,
        "new": b"new",
        "policies/deep/er/table.csv": b"it was being written",
    }


def test_unchanged_files_are_shared_with_the_backup_before_and_never_with_the_portal(place, folder, settings):
    with place("here"):
        first = take(folder).path
        put(settings.MEDIA_ROOT, {"nothing": b"something"})
        (first / "uploads/policies/Politique équitable.odt").write_bytes(b"spoil")
        second = take(folder)
    table = "uploads/policies/deep/er/table.csv"
    assert (first / table).samefile(second.path / table)
    assert not (settings.MEDIA_ROOT / "policies/deep/er/table.csv").samefile(second.path / table)
    backup.verify(second.path, second.manifest)
    assert files_in(second.path / "uploads") == {**FILES, "nothing": b"something"}
    assert files_in(first / "uploads")["nothing"] == b""


def test_it_is_closed_to_others_and_says_what_it_holds(place, folder):
    with place("here"):
        taken = take(folder, backup.NIGHTLY)
    modes = {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")] if path.is_dir()}
    assert modes == {0o700}
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert taken.path.name == taken.manifest.taken_at.strftime("%Y-%m-%dT%H%M%SZ")
    facts = json.loads((taken.path / "manifest.json").read_text())
    assert set(facts) == {
        "format",
        "taken_at",
        "why",
        "release",
        "postgresql",
        "migrations",
        "rows",
        "sequences",
        "files",
    }
    assert (facts["format"], facts["why"]) == (1, "nightly")
    assert set(facts["files"]) == {"database.dump", *(f"uploads/{name}" for name in FILES)}
    assert facts["rows"]["public.curation_region"] == 9
    assert set(facts["sequences"]["public.curation_region_id_seq"]) == {9, True}


# What is refused, with nothing changed


@pytest.fixture(scope="module")
def sound(source, django_db_blocker, tmp_path_factory):
    """A backup of the source, to be copied and spoilt."""
    folder, uploads = tmp_path_factory.mktemp("sound"), tmp_path_factory.mktemp("uploads")
    put(uploads, FILES)
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), databases.using(source):
        patch.setattr(as_started, "MEDIA_ROOT", uploads)
        return take(folder).path


def change(path, **facts):
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, **facts}))


def cut(path):
    """Cut the dump short, and make the manifest agree: as if it had been so from the start."""
    dump = path / "database.dump"
    os.truncate(dump, dump.stat().st_size * 2 // 3)
    files = json.loads((path / "manifest.json").read_text())["files"]
    change(path, files={**files, "database.dump": backup.digest(dump)})


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def count(path, by):
    rows = json.loads((path / "manifest.json").read_text())["rows"]
    change(path, rows={**rows, "public.resources_topic": rows["public.resources_topic"] + by})


def ahead(path):
    sequences = json.loads((path / "manifest.json").read_text())["sequences"]
    change(path, sequences={**sequences, "public.resources_topic_id_seq": [5000, True]})


SPOILT = {
    "is damaged (database.dump is not as it was written)": lambda path: flip(path / "database.dump"),
    "is damaged (database.dump has 10 bytes": lambda path: os.truncate(path / "database.dump", 10),
    "is damaged (database.dump is missing)": lambda path: (path / "database.dump").unlink(),
    "is damaged (uploads/nothing is missing)": lambda path: (path / "uploads/nothing").unlink(),
    "is damaged (uploads/policies/deep/er/table.csv is not": lambda path: flip(
        path / "uploads/policies/deep/er/table.csv"
    ),
    "is no backup: it has no manifest.json": lambda path: (path / "manifest.json").unlink(),
    "is damaged (manifest.json is not": lambda path: os.truncate(path / "manifest.json", 500),
    "is damaged (manifest.json is not as": lambda path: change(
        path, files={"database.dump": {}, "uploads/../../x": {}}
    ),
    "was made by a newer release of the portal: restore": lambda path: change(path, format=2, anything="else"),
    "was made by a newer release of the portal (0.1.0, with events.0999_later)": lambda path: change(
        path, migrations=[["events", "0999_later"]]
    ),
    "could not be restored, and is as empty as it was: could not read": cut,
    "public.resources_topic came back as": lambda path: count(path, 1),
    "public.resources_topic_id_seq came back as": ahead,
}


@pytest.mark.parametrize("sentence", SPOILT)
def test_a_damaged_or_a_newer_backup_is_refused_and_nothing_changes(sentence, sound, place, tmp_path, settings):
    path = shutil.copytree(sound, tmp_path / "spoilt")
    SPOILT[sentence](path)
    with place("there"):
        before = seen()
        with pytest.raises(BackupError, match=re.escape(sentence)) as refused:
            restore(path)
        assert "\n" not in f"{refused.value}"
        assert differences(before, seen()) == []
        assert files_in(settings.MEDIA_ROOT) == {}


def test_after_a_refusal_the_place_can_be_used(sound, place, tmp_path, settings):
    path = shutil.copytree(sound, tmp_path / "spoilt")
    count(path, 1)
    with place("there"):
        with pytest.raises(BackupError, match="came back as"):
            restore(path)
        restore(sound)
        assert files_in(settings.MEDIA_ROOT) == FILES


@given(at=some.integers(0, 9000), byte=some.integers(0, 255))
@example(at=2, byte=0xFF)
def test_a_spoilt_manifest_is_a_sentence_whatever_is_wrong_with_it(sound, tmp_path_factory, at, byte):
    path = tmp_path_factory.getbasetemp() / "spoilt-manifest"
    path.mkdir(exist_ok=True)
    data = bytearray((sound / "manifest.json").read_bytes())
    data[at % len(data)] = byte
    (path / "manifest.json").write_bytes(data)
    told = ""
    try:
        backup.read(path)
    except BackupError as problem:
        told = f"{problem}"
    assert told == "" or "manifest.json is not as it was written" in told or "newer release" in told


@pytest.mark.parametrize("what", ["table", "file"])
def test_nothing_is_ever_restored_over_anything(what, sound, place, settings):
    with place("there"):
        if what == "table":
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE theirs ()")
        else:
            put(settings.MEDIA_ROOT, {"theirs": b"theirs"})
        before = seen()
        with pytest.raises(BackupError, match=r"This place is not empty .* set VAR_DIR to a new folder"):
            restore(sound)
        assert differences(before, seen()) == []
        assert set(files_in(settings.MEDIA_ROOT)) == ({"theirs"} if what == "file" else set())


def test_nothing_is_backed_up_where_there_is_nothing(place, folder):
    with place("there"), pytest.raises(BackupError, match="There is nothing to back up"):
        take(folder)
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_a_dump_that_left_out_a_table_is_no_backup(place, folder, monkeypatch):
    run_program = backup.run

    def forgetful(name, *options):
        dumps = name == "pg_dump" and "--version" not in options
        return run_program(name, *(["--exclude-table-data=resources_topic"] if dumps else []), *options)

    monkeypatch.setattr(backup, "run", forgetful)
    with place("here"), pytest.raises(BackupError, match=r"The dump has no public\.resources_topic"):
        take(folder)
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_a_disk_too_small_is_said_before_anything_is_written(place, folder, monkeypatch):
    with place("here"):
        first = take(folder)
        monkeypatch.setattr("shutil.disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
        with pytest.raises(
            BackupError, match=r"may need \d+ MB and .*backups has 0 MB free: make room, or set BACKUP_DIR"
        ):
            take(folder)
    assert backup.last_good() == first.manifest.taken_at
    assert sorted(path.name for path in folder.iterdir()) == [first.path.name, "lock"]


def test_a_link_among_the_uploaded_files_is_said(place, folder, settings):
    with place("here"):
        (settings.MEDIA_ROOT / "link").symlink_to("/etc")
        with pytest.raises(BackupError, match="link is not a plain file: take it out"):
            take(folder)


def test_backups_are_not_kept_where_files_are_given_to_readers(settings):
    for public in (settings.MEDIA_ROOT / "backups", settings.STATIC_ROOT):
        with pytest.raises(BackupError, match="is for files that readers get"), backup.alone(public):
            pytest.fail("It must not")


def test_programs_older_than_the_server_or_missing_are_said(place, folder, settings, tmp_path):
    settings.POSTGRES_PROGRAMS = tmp_path
    with place("here"):
        with pytest.raises(BackupError, match=r"There is no .*/pg_dump: set POSTGRES_PROGRAMS"):
            take(folder)
        (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
        (tmp_path / "pg_dump").chmod(0o755)
        with pytest.raises(BackupError, match=r"is PostgreSQL \d\d, and \S+ has the programs of 9: install"):
            take(folder)


# Which counts


def test_the_last_good_one_is_the_newest_that_is_whole(folder, sound, tmp_path):
    assert backup.last_good() is None
    now = datetime.now(UTC).replace(microsecond=0)
    for age in (1, 2, 3):
        moment = now - timedelta(hours=age)
        change(shutil.copytree(sound, folder / f"{moment:%Y-%m-%dT%H%M%SZ}"), taken_at=moment.isoformat())
    newest, second, _ = [found.path for found in backup.backups(folder)]
    shutil.copytree(newest, folder / "new-backup-half")
    assert backup.last_good() == now - timedelta(hours=1)
    os.truncate(newest / "database.dump", 10)
    assert backup.last_good() == now - timedelta(hours=2)
    (second / "manifest.json").unlink()
    assert backup.last_good() == now - timedelta(hours=3)
    assert [f"{problem}".partition(" is ")[0] for problem in backup.problems(folder)] == [f"{newest}", f"{second}"]


def test_what_the_rule_does_not_keep_goes_and_what_is_not_understood_stays(place, folder, sound):
    now = datetime.now(UTC).replace(microsecond=0)
    ages = range(1, 31)
    for age in ages:
        moment = now - timedelta(days=age)
        change(shutil.copytree(sound, folder / f"{moment:%Y-%m-%dT%H%M%SZ}"), taken_at=moment.isoformat())
    newer = folder / f"{now - timedelta(days=29, hours=1):%Y-%m-%dT%H%M%SZ}"
    change(shutil.copytree(sound, newer), format=2)
    with place("here"):
        taken = take(folder)
    gone = backup.prune(folder, taken)
    left = {path.name for path in folder.iterdir()}
    assert left >= {taken.path.name, newer.name, "lock"}
    assert len(gone) + len(left) == len(ages) + 3
    assert 9 <= len(left) <= 14
    assert not [name for name in left if name.startswith("old-backup-")]


# As commands


@pytest.fixture(scope="module")
def var_dir(served_before):
    """Where a portal was served once."""
    with served_before() as folder:
        put(folder / "uploads", FILES)
        yield folder


def names(var_dir):
    return sorted(path.name for path in (var_dir / "backups").iterdir())


def test_a_portal_moves_to_another_place_by_two_commands(var_dir, tmp_path):
    told = run("backup", "--to", str(tmp_path), var_dir=var_dir)
    path = re.fullmatch(
        r"Backed up [\d,]+ rows of \d+ tables and 3 files into (\S+): \d+\.\d MB in \d+\.\d s\.\n", told
    )[1]
    with short_folder() as elsewhere:
        told = run("restore", path, var_dir=elsewhere)
        assert re.match(
            r"Restored [\d,]+ rows of \d+ tables and 3 files in [\d.]+ s, as they were \d+ minutes? ago", told
        )
        assert ", by hand, release 0.1.0)." in told
        assert files_in(elsewhere / "uploads") == FILES
        run("migrate", "--check", var_dir=elsewhere)
        assert "This place is not empty" in refusal("restore", path, var_dir=elsewhere)
        assert "is no backup" in refusal("restore", "nowhere", var_dir=elsewhere)


def test_two_at_once_take_turns(var_dir, tmp_path):
    command = [sys.executable, "manage.py", "backup", "--to", str(tmp_path)]
    more = {"cwd": ROOT, "env": environment(var_dir, free_port()), "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, **more) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].count("Backed up") for process in both] == [1, 1]
    assert [process.returncode for process in both] == [0, 0]
    assert len(backup.backups(tmp_path)) == 1  # of one day the newest is kept
    assert len(list(tmp_path.iterdir())) == 2


def held(folder):
    """A folder of PostgreSQL's programs whose pg_dump, once it has written all, does not end while `hold` is there."""
    folder.mkdir()
    for program in embedded.PROGRAMS.iterdir():
        (folder / program.name).symlink_to(program)
    (folder / "pg_dump").unlink()
    (folder / "hold").touch()
    (folder / "pg_dump").write_text(
        f'#!/bin/sh\n\'{embedded.PROGRAMS}/pg_dump\' "$@" || exit\n[ "$1" = --version ] && exit\n'
        f"touch '{folder}/written'\nwhile [ -e '{folder}/hold' ]; do sleep 0.05; done\n"
    )
    (folder / "pg_dump").chmod(0o755)
    return folder


def test_one_killed_in_the_middle_counts_for_nothing_and_is_cleared_away(var_dir, tmp_path, settings):
    settings.BACKUP_DIR, programs = tmp_path / "backups", held(tmp_path / "programs")
    environ = environment(var_dir, free_port(), BACKUP_DIR=str(settings.BACKUP_DIR))
    with subprocess.Popen(
        [sys.executable, "manage.py", "backup"], cwd=ROOT, env={**environ, "POSTGRES_PROGRAMS": str(programs)}
    ) as process:
        eventually((programs / "written").exists)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    (left,) = settings.BACKUP_DIR.glob("new-backup-*")
    assert (left / "database.dump").stat().st_size > 0
    assert backup.last_good() is None
    run("backup", var_dir=var_dir, BACKUP_DIR=str(settings.BACKUP_DIR))
    (programs / "hold").unlink()
    assert not left.exists()
    assert len(list(settings.BACKUP_DIR.iterdir())) == 2
    assert backup.last_good()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_that_is_stopped_leaves_nothing(var_dir, tmp_path, number):
    folder, programs = tmp_path / "backups", held(tmp_path / "programs")
    environ = environment(var_dir, free_port(), BACKUP_DIR=str(folder), POSTGRES_PROGRAMS=str(programs))
    with subprocess.Popen([sys.executable, "manage.py", "backup"], cwd=ROOT, env=environ) as process:
        eventually((programs / "written").exists)
        process.send_signal(number)
    (programs / "hold").unlink()
    assert process.returncode == 128 + number
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_serve_backs_up_before_it_migrates(var_dir):
    with serving(var_dir):
        assert not (var_dir / "backups").exists()
    run("migrate", "sessions", "zero", var_dir=var_dir)
    with serving(var_dir) as portal:
        assert portal.get("/") == 200
    run("migrate", "--check", var_dir=var_dir)
    (taken,) = backup.backups(var_dir / "backups")
    assert taken.manifest.why == "before migrating"
    assert ["sessions", "0001_initial"] not in taken.manifest.migrations
    with short_folder() as elsewhere:
        told = run("restore", str(taken.path), var_dir=elsewhere)
        assert "This release has 1 migration more: `manage.py serve` applies it." in told


def test_serve_does_not_migrate_when_the_backup_fails(var_dir):
    run("migrate", "sessions", "zero", var_dir=var_dir)
    (var_dir / "file").touch()
    nowhere = {"BACKUP_DIR": str(var_dir / "file/backups")}
    told = refusal("serve", var_dir=var_dir, **nowhere)
    assert told.startswith(f"CommandError: Backups cannot be kept in {var_dir}/file/backups (")
    assert told.endswith("The portal migrates only after a backup; --no-backup does without.\n")
    unapplied = run("showmigrations", "sessions", var_dir=var_dir)
    assert "[ ] 0001_initial" in unapplied
    with serving(var_dir, "--no-backup", **nowhere) as portal:
        assert portal.get("/") == 200
    run("migrate", "--check", var_dir=var_dir)


# With a PostgreSQL of somebody else's

DEPLOYMENT = {
    "SECRET_KEY": "a key for this test only, and long enough to be taken for one",
    "ALLOWED_HOSTS": "portal.example",
    "SITE_URL": "https://portal.example",
}


@pytest.fixture(scope="module")
def debian_server(tmp_path_factory):
    """The address of a database with tables and content. Beside it is an empty one, "spare"."""
    with debian.server("portal", "spare") as address:
        here = {**DEPLOYMENT, "DATABASE_URL": address}
        run("migrate", var_dir=tmp_path_factory.mktemp("migrating"), **here)
        run("load_starter_content", var_dir=tmp_path_factory.mktemp("loading"), **here)
        yield address


@contextmanager
def content_of(address):
    with closing(psycopg2.connect(address)) as other, other.cursor() as cursor:
        yield portrait(cursor)


def test_with_database_url_too_and_the_password_is_on_no_command_line(debian_server, tmp_path):
    """Into another database of the same old server, and into the portal's own newer one."""
    here = {**DEPLOYMENT, "DATABASE_URL": debian_server}
    spare = {**DEPLOYMENT, "DATABASE_URL": debian_server.removesuffix("portal") + "spare"}
    programs = held(tmp_path / "programs")
    environ = environment(tmp_path, free_port(), **here, POSTGRES_PROGRAMS=str(programs))
    with subprocess.Popen([sys.executable, "manage.py", "backup"], cwd=ROOT, env=environ) as process:
        eventually((programs / "written").exists)
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        dumping = [line for line in lines if str(programs).encode() in line and b"--snapshot=" in line]
        assert len(dumping) == 1
        assert b"secret" not in dumping[0]
        (programs / "hold").unlink()
    assert process.returncode == 0
    (taken,) = backup.backups(tmp_path / "backups")
    run("restore", str(taken.path), var_dir=tmp_path / "spare", **spare)
    with content_of(debian_server) as before, content_of(spare["DATABASE_URL"]) as after:
        assert differences(before, after) == []
    with short_folder() as own:
        assert "Restored" in run("restore", str(taken.path), var_dir=own)


def test_over_tls_only_with_programs_that_speak_it(debian_server, tmp_path):
    with debian.server("portal", "spare", tls=True) as address:
        here = {**DEPLOYMENT, "DATABASE_URL": address}
        debian.copy(debian_server, address)
        run("migrate", var_dir=tmp_path, **here)
        told = refusal("backup", var_dir=tmp_path, **here)
        assert "is reached by TLS, which the portal's own pg_dump does not speak: install PostgreSQL's client" in told
        here["POSTGRES_PROGRAMS"] = str(debian.programs())
        run("backup", var_dir=tmp_path, **here)
        (taken,) = backup.backups(tmp_path / "backups")
        spare = {**here, "DATABASE_URL": address.removesuffix("portal") + "spare?sslmode=require"}
        assert "Restored" in run("restore", str(taken.path), var_dir=tmp_path / "spare", **spare)
