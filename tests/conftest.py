"""The portal's own PostgreSQL under every test, unless DATABASE_URL names a server."""

from contextlib import ExitStack

import pytest
from django.conf import settings
from django.db import connection, connections

from justculture import embedded
from justculture.management.commands.serve import collect_static_files
from tests import databases

while_testing = pytest.StashKey[ExitStack]()


def pytest_configure(config):
    """Each process of a parallel run uses the same server; the last one to end stops it."""
    config.stash[while_testing] = ExitStack()
    if settings.EMBEDDED:
        var_dir = settings.VAR_DIR / "test"
        try:
            config.stash[while_testing].enter_context(embedded.running(var_dir, durable=False))
        except embedded.EmbeddedServerError as problem:
            raise pytest.UsageError(f"{problem}") from problem
        connections["default"].settings_dict.update(embedded.settings(var_dir))
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a real one is slow on purpose
    if not hasattr(config, "workerinput"):
        collect_static_files()


def pytest_ignore_collect(collection_path, config):
    """Drills are too long for every run: script/drill names their folder."""
    return True if collection_path.name == "drills" and not any("drills" in name for name in config.args) else None


def pytest_unconfigure(config):
    config.stash[while_testing].close()


@pytest.fixture
def own_database(django_db_setup, django_db_blocker):
    """A database of this test's own, in which transactions are real: committed, seen by other threads, thrown away."""
    name = f"{connection.settings_dict['NAME']}_own"
    with django_db_blocker.unblock():
        connection.close()  # nobody may be connected to what is copied
        databases.create(name, connection.settings_dict["NAME"])
        with databases.using(name):
            yield
        databases.drop(name)
