"""The portal's own PostgreSQL under every test, unless DATABASE_URL names a server."""

from contextlib import ExitStack

import pytest
from django.conf import settings
from django.db import connections

from justculture import embedded
from justculture.management.commands.serve import collect_static_files

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
