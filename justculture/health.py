"""Whether the portal can do its work, and what an operator should look at, in sentences."""

import shutil
from datetime import timedelta
from ipaddress import ip_address
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from justculture import backup, database

OLDEST_BACKUP = timedelta(hours=26)  # a nightly one that is two hours late
FULL, FILLING = 95, 85  # percent of the disk
FORWARDED = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")  # written by a proxy


class Health(NamedTuple):
    """`failures` keep pages from being made; `warnings` want someone to look, soon."""

    failures: list
    warnings: list

    @property
    def is_ready(self):
        return not self.failures


def look():
    """How the portal is. Without its database it says no more than that: asking further would only take time."""
    if database.breaker.is_open or not database_answers():
        return Health(["The database does not answer."], [*disk(), *saved()])
    return Health(migrations(), [*disk(), *saved(), *reading_only()])


def database_answers():
    database.patience.set(database.ANSWER)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return False
    return True


_migrated = False  # once this release's migrations are there, they stay


def migrations():
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [] if _migrated else ["The database is older than this release: migrate it."]


def disk():
    usage = shutil.disk_usage(settings.VAR_DIR)
    percent = 100 * (usage.total - usage.free) // usage.total
    if percent >= FULL:
        return [f"The disk is {percent}% full: nothing can be saved soon."]
    return [f"The disk is {percent}% full."] if percent >= FILLING else []


def saved():
    """The age of the last good backup."""
    taken_at = backup.last_good()
    if taken_at is None:
        return ["There is no backup. Run manage.py backup every night."]
    age = timezone.now() - taken_at
    hours = int(age.total_seconds() // 3600)
    return [f"The last good backup is {hours} hours old."] if age > OLDEST_BACKUP else []


def reading_only():
    return [f"Nothing can be saved: {settings.READ_ONLY}"] if settings.READ_ONLY else []


def is_local(request):
    """Whether someone on this machine asks, and not through a proxy on it."""
    try:
        is_loopback = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    return is_loopback and not any(header in request.META for header in FORWARDED)
