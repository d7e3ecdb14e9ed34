"""Restore a backup into an empty database and an empty folder of uploaded files."""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils.timesince import timesince

from justculture.backup import BackupError, unapplied
from justculture.management.commands.serve import prepared_alone
from justculture.restore import restore


class Command(BaseCommand):
    help = "Restore a backup into an empty place: a new VAR_DIR, or an empty database. Nothing is ever overwritten."

    def add_arguments(self, parser):
        parser.add_argument("backup", type=Path, metavar="BACKUP", help="The folder, like 2026-11-25T161500Z.")

    def handle(self, *, backup, **options):
        began = time.monotonic()
        try:
            with prepared_alone():
                manifest = restore(backup)
        except (BackupError, OperationalError) as problem:
            raise CommandError(f"{problem}") from problem
        age = timesince(manifest.taken_at).replace("\xa0", " ")
        self.stdout.write(
            f"Restored {sum(manifest.rows.values()):,} rows of {len(manifest.rows)} tables and "
            f"{len(manifest.files) - 1:,} files in {time.monotonic() - began:.1f} s, as they were {age} ago "
            f"({manifest.taken_at:%-d %B %Y, %H:%M} UTC, {manifest.why}, release {manifest.release})."
        )
        if later := unapplied():
            more, them = ("1 migration", "it") if len(later) == 1 else (f"{len(later)} migrations", "them")
            self.stdout.write(f"This release has {more} more: `manage.py serve` applies {them}.")
