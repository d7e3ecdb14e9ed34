"""`manage.py serve`: everything the portal needs to be read, in one command that leaves nothing behind."""

import errno
import hashlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, nullcontext
from functools import partial
from io import StringIO

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection, connections
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from justculture import backup, embedded, worker
from search import index, learning, meaning

PREPARING = 0x6A757374  # the advisory lock of whoever prepares the database: "just"
THREADS = (
    24  # a worker's, more than take turns or send forms at once (justculture.front); each keeps a database connection
)
GRANIAN_LOGGERS = {"_granian": {}, "granian.access": {"level": "INFO"}}
log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Prepare the database and the static files, and serve the portal until Ctrl-C."

    def add_arguments(self, parser):
        parser.add_argument("--no-migrate", action="store_true", help="Leave the tables as they are.")
        parser.add_argument("--no-backup", action="store_true", help="Migrate without taking a backup before it.")

    def handle(self, *, no_migrate, no_backup, **options):
        host = "127.0.0.1" if settings.EMBEDDED else "0.0.0.0"  # noqa: S104 (a deployment is meant to be reached)
        with claimed(host, settings.PORT):
            with prepared_alone():
                if not (no_migrate or settings.READ_ONLY):
                    with nullcontext() if no_backup else backed_up(self.stdout.write):
                        call_command("migrate", interactive=False, verbosity=0)
                if not settings.READ_ONLY and not apps.get_model("curation", "Region").objects.exists():
                    call_command("load_starter_content", verbosity=0)
                if not settings.READ_ONLY and not index.is_counted():
                    call_command("rebuild_search", verbosity=0, stdout=StringIO())
                if not settings.READ_ONLY:
                    meaning.write()
                collect_static_files()
            learning.names()  # read once, for all workers
            connections.close_all()  # workers are forked, and a connection has one owner
            with attended(self.announce):
                serve(host)

    def announce(self):
        """Say where the portal is."""
        python = os.path.relpath(sys.executable)
        self.stdout.write(f"\nThe portal is at {settings.SITE_URL} (port {settings.PORT}). Stop it with Ctrl-C.")
        self.stdout.write("To make a curator's account, in another terminal:")
        self.stdout.write(f"{python} manage.py create_curator --publisher national --accounts\n\n")
        self.stdout.flush()


@contextmanager
def claimed(host, port):
    """Hold the port. Granian's workers share theirs (SO_REUSEPORT), so two servers would split the readers in silence.

    Bound alone and only then marked as shared, this socket keeps every other claim out and lets granian's in.
    """
    with socket.socket() as claim:
        try:
            claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            claim.bind((host, port))
            claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        except (OSError, OverflowError) as error:
            taken = getattr(error, "errno", None) == errno.EADDRINUSE
            reason = "is taken: stop what uses it, or set" if taken else "cannot be used here: set"
            raise CommandError(f"Port {port} {reason} PORT to another number.") from error
        yield


@contextmanager
def prepared_alone():
    """One start at a time prepares. Asked again and again, since a waiting transaction would hold up migrations."""
    with connection.cursor() as cursor:
        while not is_true(cursor, "SELECT pg_try_advisory_lock(%s)", PREPARING):
            time.sleep(0.2)
        try:
            yield
        finally:
            is_true(cursor, "SELECT pg_advisory_unlock(%s)", PREPARING)


@contextmanager
def backed_up(say):
    """A backup before the tables change, if there are any, and no other one while they do."""
    if not (connection.introspection.table_names() and backup.unapplied()):
        yield
        return
    try:
        with backup.alone(settings.BACKUP_DIR, say):
            taken = backup.take(settings.BACKUP_DIR, backup.BEFORE_MIGRATING)
            backup.prune(settings.BACKUP_DIR, taken)
            say(f"Backed up into {taken.path} before migrating.")
            yield
    except backup.BackupError as problem:
        raise CommandError(f"{problem} The portal migrates only after a backup; --no-backup does without.") from problem


def is_true(cursor, question, *values):
    cursor.execute(question, values)
    return cursor.fetchone()[0]


def collect_static_files():
    """Collect only what changed since the last time: hashing and compressing take most of a first start.

    Nothing is cleared. Another server may still give out what it collected, and the names are hashed.
    """
    files = sorted(
        (path, storage.path(path)) for finder in get_finders() for path, storage in finder.list(["CVS", ".*", "*~"])
    )
    facts = [(path, place, os.stat(place).st_mtime_ns, os.stat(place).st_size) for path, place in files]
    stamp, now = settings.VAR_DIR / "static.stamp", hashlib.sha256(repr(facts).encode()).hexdigest()
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    if manifest.exists() and stamp.exists() and stamp.read_text() == now:
        return
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(now)


@contextmanager
def attended(announce):
    """Beside the web server: say when it is there, and bring the portal's own database back should it die."""
    leaving = threading.Event()

    def attend():
        while not listening(settings.PORT):
            if leaving.wait(0.05):
                return
        announce()
        while settings.EMBEDDED and not leaving.wait(1):
            try:
                embedded.revive(settings.VAR_DIR)
            except embedded.EmbeddedServerError as problem:
                log.error("%s", problem)

    attendant = threading.Thread(target=attend, daemon=True)
    attendant.start()
    try:
        yield
    finally:
        leaving.set()
        attendant.join(timeout=embedded.PATIENCE)


def serve(host, module="justculture.wsgi"):
    """Granian in front of Django, no proxy needed: slow clients wait in its event loop and hold no worker."""
    server = Server(
        f"{module}:application",
        address=host,
        port=settings.PORT,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # the time-out for headers is HTTP/1's; proxies speak nothing else behind them
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        workers=settings.WEB_WORKERS,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        blocking_threads=THREADS,
        blocking_threads_idle_timeout=600,  # the most there is: with a thread goes its connection
        log_dictconfig={**settings.LOGGING, "loggers": {**settings.LOGGING["loggers"], **GRANIAN_LOGGERS}},
        log_level=LogLevels.warning,
        log_access=settings.ACCESS_LOG,
    )
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # no nohup: closing the terminal means stop
        server.on_startup(lambda: signal.signal(signal.SIGHUP, server.signal_handler_interrupt))
    server.serve(target_loader=partial(worker.application, os.getpid(), module), wrap_loader=False)


def listening(port):
    with socket.socket() as knock:
        knock.settimeout(1)
        return knock.connect_ex(("127.0.0.1", port)) == 0
