"""An import as a process of its own, on a database that can be looked at meanwhile."""

import os
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from django.db import connection

from tests.portal import ROOT


def started(path, *options, **more):
    """The command, started on the database that this process uses."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_content", str(path), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, **deployment(), **more},
    )


def deployment():
    """The settings of a portal on this process's database."""
    place = connection.settings_dict
    host = urlencode({"host": place["HOST"], "port": place["PORT"] or "5432"})
    person = ":".join(quote(part, safe="") for part in (place["USER"], place["PASSWORD"]) if part)
    return {
        "DATABASE_URL": f"postgresql://{person}@/{quote(place['NAME'])}?{host}",
        "SECRET_KEY": "x" * 50,
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "SITE_URL": "http://127.0.0.1",
    }


def checksum():
    """A hash of the rows of each table, the history's too."""
    with connection.cursor() as cursor:
        return {table: hash_of(cursor, table) for table in connection.introspection.table_names(cursor)}


def hash_of(cursor, table):
    name = connection.ops.quote_name(table)
    cursor.execute(f"SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM {name} t")
    return cursor.fetchone()


@contextmanager
def held(table):
    """Let nobody write to a table, as a curator's slow save would. It may still be read."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
        yield
    finally:
        other.close()


def others(condition):
    """How many other sessions of this database there are of which a condition on pg_stat_activity is true."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            f"AND {condition}"
        )
        return cursor.fetchone()[0]
