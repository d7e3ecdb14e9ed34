"""Databases by copying: for tests of a portal that answers in threads of its own, where nothing can be rolled back.

Emptying the tables after such a test, as Django's TransactionTestCase does, is refused by the history tables, and
rightly so. A copy of a whole database takes a moment, can be spoilt at will, and is thrown away.
"""

from contextlib import contextmanager

from django.db import connection


def create(name, template=None):
    """A new database, in place of any of that name. Nobody may be connected to the template."""
    drop(name)
    _on_the_server("CREATE DATABASE {}" + (" TEMPLATE {}" if template else ""), name, *([template] if template else []))


def drop(name):
    """Whoever is still connected to it loses it."""
    _on_the_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextmanager
def using(name, **elsewhere):
    """Make it the database of every thread of this process, and let none of them keep a connection to it.

    elsewhere: HOST and the like, when it is not on the tests' own server.
    """
    settings = connection.settings_dict
    chosen = {"NAME": name, "CONN_MAX_AGE": 0, **elsewhere}
    before = {key: settings[key] for key in chosen}
    connection.close()
    settings.update(chosen)
    try:
        yield
    finally:
        connection.close()
        settings.update(before)


def _on_the_server(statement, *names):
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement.format(*map(connection.ops.quote_name, names)))
