"""The portal's own PostgreSQL under every test, unless DATABASE_URL names a server."""

import fcntl
import shutil
import subprocess
from contextlib import ExitStack, contextmanager

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from whitenoise import WhiteNoise

from justculture import embedded
from justculture.management.commands.serve import collect_static_files
from tests import databases, portal

TABLES = "tables"
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
    settings.SECOND_FACTOR = False  # whoever tests it asks for it
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a real one is slow on purpose
    if not hasattr(config, "workerinput"):
        collect_static_files()
    read_static_files_once()


def read_static_files_once():
    """Each test client makes middleware of its own, and WhiteNoise's would look at every static file again."""
    read, found = WhiteNoise.update_files_dictionary, {}

    def update_files_dictionary(self, *place):
        if place not in found:
            read(self, *place)
            found[place] = dict(self.files)
        self.files.update(found[place])

    WhiteNoise.update_files_dictionary = update_files_dictionary


def pytest_ignore_collect(collection_path, config):
    """Drills are too long for every run: script/drill names their folder."""
    return True if collection_path.name == "drills" and not any("drills" in name for name in config.args) else None


def pytest_unconfigure(config):
    config.stash[while_testing].close()


@pytest.fixture(scope="session")
def once_a_run(tmp_path_factory, worker_id):
    """`once_a_run(name, make)`: in a parallel run one process makes it, the others wait and find it made."""
    alone = worker_id == "master"
    shared = tmp_path_factory.getbasetemp() if alone else tmp_path_factory.getbasetemp().parent

    def once_a_run(name, make):
        with open(shared / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / name).exists():
                make()
                (shared / name).touch()

    return once_a_run


@pytest.fixture(scope="session")
def tables(once_a_run, django_test_environment, django_db_blocker):
    """The name of a database with every table and nothing in it, to be copied."""

    def make():
        databases.create(TABLES)
        with databases.using(TABLES):
            call_command("migrate", interactive=False, verbosity=0)

    with django_db_blocker.unblock():
        once_a_run(TABLES, make)
    return TABLES


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tables):
    """The database of each process is a copy too, which leaves nothing to migrate."""
    connections["default"].settings_dict["TEST"]["TEMPLATE"] = tables


@pytest.fixture(scope="session")
def served_before(once_a_run):
    """`with served_before() as var_dir`: a folder of its own where a portal was served once, from nothing, and stopped.

    It is served from nothing once a run, in a folder that is then copied. The static files are the test run's.
    """
    kept = settings.VAR_DIR / "served"

    def make():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        with portal.short_folder() as folder:
            portal.give_static_files(folder)
            with portal.serving(folder) as first:
                assert first.get("/") == 200
            assert portal.postmaster(folder) is None
            copy(folder, kept)

    def copy(one, other):
        subprocess.run(["cp", "-a", f"{one}/.", other], check=True)  # it keeps owners, as PostgreSQL wants them

    @contextmanager
    def served_before():
        once_a_run(kept.name, make)
        with portal.short_folder() as folder:
            copy(kept, folder)
            yield folder

    return served_before


@pytest.fixture
def own_database(tables, django_db_blocker, worker_id):
    """A database of this test's own, in which transactions are real: committed, seen by other threads, thrown away."""
    name = f"own_{worker_id}"
    with django_db_blocker.unblock():
        databases.create(name, tables)
        with databases.using(name):
            yield
        databases.drop(name)
