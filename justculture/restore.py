"""Restore a backup into an empty place: all of it or nothing, and never over anything.

The dump is read by pg_restore and written by psql, with our own words around it: BEGIN before it, and after it a
comparison with the manifest and COMMIT. So a dump that ends early, an error, or a count that differs leaves the
database as empty as it was.
"""

import json
import shutil
import subprocess
import tempfile
from contextlib import suppress
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg2 import sql

from justculture import backup, embedded
from justculture.backup import DATABASE, UPLOADS, BackupError

HEAD = 50  # lines of a dump's script among which its settings are
SINCE_17 = b"SET transaction_timeout = 0;\n"  # an older server does not know it, and pg_restore writes it regardless

COMPARED = """
DO $compare$
DECLARE
    fact record;
    found jsonb;
BEGIN
    FOR fact IN
        SELECT key, value, 'to_jsonb(count(*))' AS asked FROM jsonb_each({rows})
        UNION ALL SELECT key, value, 'jsonb_build_array(last_value, is_called)' FROM jsonb_each({sequences})
    LOOP
        EXECUTE 'SELECT ' || fact.asked || ' FROM ' || fact.key::regclass INTO found;
        IF found <> fact.value THEN
            RAISE EXCEPTION '% came back as % where the backup had %', fact.key, found, fact.value;
        END IF;
    END LOOP;
END
$compare$;
COMMIT;
"""


def restore(folder):
    """Put the backup in *folder* in place and return its manifest. Raises BackupError, and changes nothing then."""
    folder = Path(folder).resolve()
    manifest = backup.read(folder)
    _refuse_newer_release(folder, manifest)
    backup.refuse_other_programs()
    backup.verify(folder, manifest)
    _refuse_full_place()
    uploads = {
        name: settings.MEDIA_ROOT / Path(name).relative_to(UPLOADS) for name in manifest.files if name != DATABASE
    }
    try:
        _put_files(folder, manifest, uploads)
        _fill_database(folder / DATABASE, manifest)
    except BaseException:
        for path in uploads.values():
            path.unlink(missing_ok=True)
        raise
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # else the first readers wait for a server that knows nothing of its tables
    return manifest


def _refuse_newer_release(folder, manifest):
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    known = {*known, *(replaced for migration in known.values() for replaced in migration.replaces)}
    unknown = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]
    if unknown:
        raise BackupError(
            f"{folder} was made by a newer release of the portal ({manifest.release}, with {unknown[0]}): "
            "restore it with that release."
        )


def _refuse_full_place():
    """Only an empty place is restored into: what is there is not ours to judge."""
    with connection.cursor() as cursor:
        tables = [name for name, _, _ in backup.relations(cursor)]
    files = [name for _, name in backup.uploaded()]
    where = [f"the database has {tables[0]}"] if tables else []
    where += [f"{settings.MEDIA_ROOT} has files"] if files else []
    if where:
        raise BackupError(
            f"This place is not empty ({' and '.join(where)}), and a restore never overwrites: "
            "set VAR_DIR to a new folder, and DATABASE_URL, if it is set, to an empty database; restore there."
        )


def _put_files(folder, manifest, uploads):
    try:
        for name, path in uploads.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            backup.copy(folder / name, path, mode=0o644)
            if backup.digest(path) != manifest.files[name]:
                raise BackupError(f"{path} did not come back as it was written: see that the disk is sound.")
    except OSError as error:
        raise BackupError(
            f"The uploaded files cannot be put into {settings.MEDIA_ROOT} ({error.strerror}): mend this and try again."
        ) from error


def _fill_database(dump, manifest):
    """Everything in one transaction, which ends with the comparison: without that nothing is kept."""
    programs, surroundings = settings.POSTGRES_PROGRAMS, backup.surroundings()
    reader = [programs / "pg_restore", "--no-owner", "--no-privileges", "--file=-", dump]
    writer = [programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={backup.address()}"]
    values = {"rows": manifest.rows, "sequences": manifest.sequences}
    values = {name: sql.Literal(json.dumps(value)) for name, value in values.items()}
    compared = sql.SQL(COMPARED).format(**values).as_string(connection.connection)
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        subprocess.Popen(reader, stdout=subprocess.PIPE, stderr=said, **surroundings) as reading,
        subprocess.Popen(
            writer, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, **surroundings
        ) as writing,
    ):
        try:
            with suppress(BrokenPipeError):  # psql has stopped, and says why
                writing.stdin.write(b"BEGIN;\n")
                for line in islice(reading.stdout, HEAD):
                    if line != SINCE_17 or connection.pg_version >= 170000:
                        writing.stdin.write(line)
                shutil.copyfileobj(reading.stdout, writing.stdin)
                if reading.wait() == 0:
                    writing.stdin.write(compared.encode())
        except BaseException:
            writing.kill()
            raise
        finally:
            reading.kill()
            with suppress(BrokenPipeError):
                writing.stdin.close()
        if writing.wait() or reading.wait():
            said.seek(0)
            raise BackupError(
                f"The database could not be restored, and is as empty as it was: {embedded.complaints(said.read())[0]}."
            )
