"""Backups: the database and the uploaded files of one moment, in a folder named by it.

    BACKUP_DIR/
        2026-11-25T161500Z/
            manifest.json   what is in it: see Manifest
            database.dump   pg_dump's own format, compressed
            uploads/...     the uploaded files
        new-backup-...      one that is being taken
        old-backup-...      one that is being deleted
        lock                held by whoever does either

A backup gets its name when all of it is written, read again and safe from a power cut, so what has a name is whole.
What a killed run left under another name is removed by the next one. Nobody waits meanwhile: the dump reads one
snapshot, as a reader does.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import tomllib
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from psycopg2 import sql
from psycopg2.extensions import make_dsn

from justculture import disk, embedded
from justculture.retention import kept

FORMAT = 1  # of the folder and its manifest; a release reads its own and the older ones
MANIFEST, DATABASE, UPLOADS = "manifest.json", "database.dump", "uploads"
NAME = "%Y-%m-%dT%H%M%SZ"
BY_HAND, NIGHTLY, BEFORE_MIGRATING = "by hand", "nightly", "before migrating"
SPARE = 10_000_000  # bytes to leave free on the disk
LOCK_WAIT = 60_000  # milliseconds that a dump waits for somebody who changes tables

RELATIONS = """
    SELECT format('%I.%I', nspname, relname), relkind = 'r', coalesce(pg_table_size(pg_class.oid), 0)
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT EXISTS (
        SELECT FROM pg_depend  -- what belongs to an extension
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
    ORDER BY 2 DESC, 1
"""


class BackupError(Exception):
    """It cannot be backed up or restored; the message is a sentence that says why and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, and what a restore has to come to."""

    taken_at: datetime
    why: str  # "by hand", "nightly" or "before migrating"
    release: str  # of the portal
    postgresql: str  # the server's version
    migrations: list  # those applied: [app, name]
    rows: dict  # how many, by table, in the same snapshot as the dump
    sequences: dict  # [last value, whether it was used], by sequence, as the dump has them
    files: dict  # {"size": in bytes, "sha256": in hexadecimal}, by path in the backup's folder


class Backup(NamedTuple):
    path: Path
    manifest: Manifest


# What there is


def last_good():
    """The moment of the newest backup that can be restored, or None. It looks at names, manifest and size only."""
    try:
        return next(
            (found.manifest.taken_at for found in _look(settings.BACKUP_DIR) if isinstance(found, Backup)), None
        )
    except OSError:  # no such folder, or closed to us
        return None


def backups(folder):
    """The good backups of a folder, newest first."""
    return [found for found in _look(folder) if isinstance(found, Backup)]


def problems(folder):
    """What is wrong with those that have a backup's name and are none to restore from."""
    return [found for found in _look(folder) if isinstance(found, BackupError)]


def _look(folder):
    """What has a backup's name, newest first: a Backup, or the BackupError that says what is wrong with it."""
    for path in sorted(Path(folder).iterdir(), reverse=True):
        try:
            moment = datetime.strptime(path.name, NAME).replace(tzinfo=UTC)
        except ValueError:
            continue
        try:
            manifest = read(path)
            if manifest.taken_at != moment:
                raise BackupError(
                    f"{path} is not named by its moment, {manifest.taken_at:{NAME}}: it counts for nothing."
                )
            _refuse_other_size(path, DATABASE, manifest)
            yield Backup(path, manifest)
        except BackupError as problem:
            yield problem


def read(folder):
    """The manifest of the backup in *folder*. Raises BackupError when it is none, damaged or of a newer format."""
    try:
        facts = json.loads((folder / MANIFEST).read_text("utf-8"))
        newer = facts.pop("format") > FORMAT
        manifest = None if newer else _manifest(facts)
    except (FileNotFoundError, NotADirectoryError):
        raise BackupError(f"{folder} is no backup: it has no {MANIFEST}.") from None
    except (ArithmeticError, AttributeError, KeyError, OSError, TypeError, ValueError):
        raise BackupError(f"{folder} is damaged ({MANIFEST} is not as it was written): use another backup.") from None
    if newer:
        raise BackupError(f"{folder} was made by a newer release of the portal: restore it with that release.")
    return manifest


def _manifest(facts):
    """The manifest of what was read. Raises one of many errors when it is not what we write."""
    manifest = Manifest(**{**facts, "taken_at": datetime.fromisoformat(facts["taken_at"]).astimezone(UTC)})
    sound = [
        manifest.migrations and all(isinstance(app + name, str) for app, name in manifest.migrations),
        manifest.rows and all(type(count) is int for count in manifest.rows.values()),
        all(type(last) is int and type(used) is bool for last, used in manifest.sequences.values()),
        all(type(file["size"]) is int and isinstance(file["sha256"], str) for file in manifest.files.values()),
        all(name == DATABASE or _is_upload(PurePosixPath(name)) for name in manifest.files),
        DATABASE in manifest.files,
    ]
    if not all(sound):
        raise ValueError(sound)
    return manifest


def _is_upload(path):
    return len(path.parts) > 1 and path.parts[0] == UPLOADS and ".." not in path.parts


def verify(folder, manifest):
    """Read every file again. Raises BackupError for the first that is not as it was written."""
    for name, facts in manifest.files.items():
        _refuse_other_size(folder, name, manifest)
        if digest(folder / name) != facts:
            raise BackupError(f"{folder} is damaged ({name} is not as it was written): use another backup.")


def digest(path):
    """The size and the hash of a file, as a manifest has them."""
    with path.open("rb") as file:
        return {"size": os.fstat(file.fileno()).st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _refuse_other_size(folder, name, manifest):
    path, size = folder / name, manifest.files[name]["size"]
    if not path.is_file():
        raise BackupError(f"{folder} is damaged ({name} is missing): use another backup.")
    if path.stat().st_size != size:
        raise BackupError(f"{folder} is damaged ({name} has {path.stat().st_size} bytes, not {size}): use another.")


# Taking one


@contextmanager
def alone(folder, say=lambda words: None):
    """Be the only one who takes or deletes backups in *folder*, which is made if need be. Others are waited for."""
    folder = Path(folder)
    for place in (settings.MEDIA_ROOT, settings.STATIC_ROOT, *settings.STATICFILES_DIRS):
        if folder.resolve().is_relative_to(Path(place).resolve()):
            raise BackupError(f"Backups cannot be kept in {folder}: {place} is for files that readers get.")
    with plainly(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.fdopen(os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "rb")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another backup is being taken: this one waits for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def take(folder, why):
    """Take a backup into *folder*, of which the caller holds `alone()`. Raises BackupError, and leaves nothing then."""
    folder = Path(folder).resolve()
    with plainly(folder):
        for leftover in [*folder.glob("new-backup-*"), *folder.glob("old-backup-*")]:
            shutil.rmtree(leftover)
        earlier = backups(folder)
        new = Path(tempfile.mkdtemp(prefix="new-backup-", dir=folder))
        try:
            manifest = _fill(new, why, earlier[0] if earlier else None)
            verify(new, manifest)
            _settle(new)
            while (path := folder / manifest.taken_at.strftime(NAME)).exists():  # two within a second
                manifest = replace(manifest, taken_at=manifest.taken_at + timedelta(seconds=1))
            _write(new, manifest)
            new.rename(path)
            disk.keep(folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return Backup(path, manifest)


def prune(folder, taken):
    """Delete what the rule no longer keeps, never *taken*. Returns the names of the deleted. Hold `alone()`.

    What is no good backup is left: it may be of a newer release, and its reader has to decide.
    """
    folder, found = Path(folder).resolve(), backups(folder)
    moments = [backup.manifest.taken_at for backup in found]
    migrating = [backup.manifest.taken_at for backup in found if backup.manifest.why == BEFORE_MIGRATING]
    keep = kept(moments, before_migrating=migrating) | {taken.manifest.taken_at}
    gone = [backup.path for backup in found if backup.manifest.taken_at not in keep]
    with plainly(folder):
        for path in gone:
            shutil.rmtree(path.rename(folder / f"old-backup-{path.name}"))
    return [path.name for path in gone]


def _fill(new, why, previous):
    """Write the dump and the files, and say what they are.

    Files are copied before the dump and what is new after it: what a row of the dump names was there at either time.
    """
    with frozen() as (cursor, _):
        refuse_other_programs()
        sizes = _tables(cursor)
    if not sizes:
        raise BackupError("There is nothing to back up: the database is empty. Check VAR_DIR or DATABASE_URL.")
    _refuse_full_disk(new, sum(sizes.values()), previous)
    files = {}
    _copy_uploads(new, files, previous)
    moment = datetime.now(UTC).replace(microsecond=0)
    with frozen() as (cursor, snapshot):
        run(
            *("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--lock-wait-timeout={LOCK_WAIT}"),
            *(f"--file={new / DATABASE}", f"--dbname={address()}"),
        )
        count = sql.SQL("SELECT count(*) FROM {}")
        rows = {table: _ask(cursor, count.format(sql.SQL(table))) for table in _tables(cursor)}
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        migrations = [list(row) for row in cursor.fetchall()]
        version = _ask(cursor, "SHOW server_version")
    _copy_uploads(new, files, previous)
    _refuse_missing_table(new / DATABASE, rows)
    return Manifest(
        taken_at=moment,
        why=why,
        release=tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text("utf-8"))["project"]["version"],
        postgresql=version,
        migrations=migrations,
        rows=rows,
        sequences=_sequences(new),
        files={name: digest(new / name) for name in [DATABASE, *files]},
    )


def _tables(cursor):
    """The size in bytes of each table, by its name as SQL writes it."""
    return {name: size for name, is_table, size in relations(cursor) if is_table}


def relations(cursor):
    """Whatever holds rows or values, tables first: its name as SQL writes it, whether it is a table, its size."""
    cursor.execute(RELATIONS)
    return cursor.fetchall()


@contextmanager
def frozen():
    """A cursor that sees the database as it is at this moment, whatever is written, and the snapshot's name."""
    moment = connection.copy()
    try:
        with moment.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute(f"SET lock_timeout = {LOCK_WAIT}")
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield cursor, _ask(cursor, "SELECT pg_export_snapshot()")
    except DatabaseError as problem:
        reason = f"{problem}".strip().split("\n")[0]
        raise BackupError(f"The database cannot be backed up: mend this and try again: {reason}.") from problem
    finally:
        moment.close()


def _ask(cursor, question):
    cursor.execute(question)
    return cursor.fetchone()[0]


def _refuse_full_disk(new, size, previous):
    """A dump is smaller than its tables; files that the previous backup has are linked and take nothing."""
    had = previous.manifest.files if previous else {}
    for path, name in uploaded():
        with suppress(FileNotFoundError):
            count = path.stat().st_size
            size += 0 if had.get(name, {}).get("size") == count else count
    free = shutil.disk_usage(new).free
    if free < size + SPARE:
        raise BackupError(
            f"A backup may need {(size + SPARE) / 1e6:,.0f} MB and {new.parent} has {free / 1e6:,.0f} MB free: "
            "make room, or set BACKUP_DIR to another disk."
        )


def uploaded():
    """Each uploaded file, and its name in a backup. Raises BackupError for what would not come back as it was."""
    root = Path(settings.MEDIA_ROOT)
    for path in sorted(root.rglob("*")):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:  # deleted since we looked
            continue
        if stat.S_ISREG(mode):
            yield path, f"{UPLOADS}/{path.relative_to(root).as_posix()}"
        elif not stat.S_ISDIR(mode):
            raise BackupError(f"{path} is not a plain file: take it out of the uploaded files, and try again.")


def _copy_uploads(new, files, previous):
    """Copy what is not in *files* yet, or not as it is now. *files* has the time and size of each, by name."""
    had = previous.manifest.files if previous else {}
    for source, name in uploaded():
        with suppress(FileNotFoundError):  # deleted by its curator, and its row with it
            status = source.stat()
            if files.get(name) == (status.st_mtime_ns, status.st_size):
                continue
            target = new / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            if not (name in had and digest(source) == had[name] and _linked(previous.path / name, target, had[name])):
                copy(source, target)
            files[name] = status.st_mtime_ns, status.st_size


def _linked(old, target, facts):
    """Make *target* another name of the previous backup's file, if that is still sound and the disk can do it."""
    try:
        if digest(old) == facts:
            os.link(old, target)
            return True
    except OSError:
        pass  # it is copied instead
    return False


def copy(source, target, mode=0o600):
    with (
        source.open("rb") as original,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as new,
    ):
        shutil.copyfileobj(original, new, 1 << 20)


def _refuse_missing_table(dump, tables):
    """pg_restore can read the dump's contents, and every table is in them."""
    contents = run("pg_restore", "--list", str(dump)).replace('"', "")
    missing = [
        table for table in tables if f" TABLE DATA {table.replace('.', ' ', 1)} ".replace('"', "") not in contents
    ]
    if missing:
        raise BackupError(f"The dump has no {missing[0]}: see that the database's role may read it, and try again.")


def _sequences(new):
    """The sequences' values as the dump has them: no snapshot holds them still, so the database may be ahead."""
    lines = run("pg_restore", "--list", str(new / DATABASE)).splitlines(keepends=True)
    chosen = new / "sequences"
    chosen.write_text("".join(line for line in lines if " SEQUENCE SET " in line), "utf-8")
    script = run("pg_restore", f"--use-list={chosen}", "--file=-", str(new / DATABASE))
    chosen.unlink()
    found = re.findall(r"^SELECT pg_catalog\.setval\('(.+)', (-?\d+), (true|false)\);$", script, re.MULTILINE)
    return {name: [int(value), used == "true"] for name, value, used in found}


def _write(new, manifest):
    facts = {"format": FORMAT, **asdict(manifest), "taken_at": manifest.taken_at.isoformat()}
    with os.fdopen(os.open(new / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(facts, file, indent=1)
    disk.keep(new / MANIFEST)
    disk.keep(new)


def _settle(folder):
    """Close every folder to others, and have the disk keep everything whatever happens to the power."""
    for place in [*folder.rglob("*"), folder]:
        if place.is_dir():
            place.chmod(0o700)
        disk.keep(place)


@contextmanager
def plainly(folder):
    """Turn what the operating system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"Backups cannot be kept in {folder} ({error.filename or 'a file'}: {error.strerror}): "
            "mend this and try again, or set BACKUP_DIR to another folder."
        ) from error


# PostgreSQL's own programs


def run(name, *options):
    """What a program says. Raises BackupError with what it complains of."""
    try:
        done = subprocess.run(
            [settings.POSTGRES_PROGRAMS / name, *options],
            capture_output=True,
            text=True,
            errors="replace",
            **surroundings(),
        )
    except FileNotFoundError as error:
        raise BackupError(f"There is no {error.filename}: set POSTGRES_PROGRAMS to a folder that has it.") from error
    if done.returncode:
        raise BackupError(f"{name} failed: mend this and try again: {embedded.complaints(done.stderr)[0]}.")
    return done.stdout


def surroundings():
    """A program's environment: the password where nobody sees it, and none of the portal's secrets."""
    ours = {name: value for name, value in os.environ.items() if name.startswith("PG") or name == "HOME"}
    password = connection.get_connection_params().get("password")
    return {"umask": 0o077, "env": {**ours, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}}


def address():
    """Where the database is, for a program's command line: with TLS if that is how the portal itself reaches it."""
    parameters = connection.get_connection_params()
    for name in ("password", "cursor_factory"):
        parameters.pop(name, None)
    connection.ensure_connection()
    if connection.connection.info.ssl_in_use and not parameters.get("sslmode", "").startswith("verify"):
        parameters["sslmode"] = "require"
    return make_dsn(**parameters)


def refuse_other_programs():
    """The programs must be as new as the server, and speak TLS where it does: the portal's own ones do not."""
    connection.ensure_connection()
    folder, server = settings.POSTGRES_PROGRAMS, connection.pg_version // 10000
    major = int(re.search(r"\d+", run("pg_dump", "--version"))[0])
    mend = f"install PostgreSQL's client programs (Debian: postgresql-client-{server}) and set POSTGRES_PROGRAMS to "
    mend += "their folder."
    if server > major:
        raise BackupError(f"The database is PostgreSQL {server}, and {folder} has the programs of {major}: {mend}")
    if connection.connection.info.ssl_in_use and folder == embedded.PROGRAMS:
        raise BackupError(f"The database is reached by TLS, which the portal's own pg_dump does not speak: {mend}")


def unapplied():
    """The migrations that this release has and the database has not."""
    executor = MigrationExecutor(connection)
    return [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
