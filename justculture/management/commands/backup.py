"""Back up the database and the uploaded files."""

import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from justculture import backup


class Command(BaseCommand):
    help = "Back up the database and the uploaded files while they are in use, and delete the backups no longer kept."

    def add_arguments(self, parser):
        parser.add_argument("--to", type=Path, default=settings.BACKUP_DIR, metavar="FOLDER", help="Not BACKUP_DIR.")
        parser.add_argument("--nightly", action="store_true", help="Say in the backup that it is the nightly one.")

    def handle(self, *, to, nightly, **options):
        began = time.monotonic()
        try:
            with backup.alone(to, say=self.stdout.write):
                taken = backup.take(to, backup.NIGHTLY if nightly else backup.BY_HAND)
                gone = backup.prune(to, taken)
        except backup.BackupError as problem:
            raise CommandError(f"{problem}") from problem
        manifest = taken.manifest
        size = sum(facts["size"] for facts in manifest.files.values()) / 1e6
        self.stdout.write(
            f"Backed up {sum(manifest.rows.values()):,} rows of {len(manifest.rows)} tables and "
            f"{len(manifest.files) - 1:,} files into {taken.path}: {size:,.1f} MB in {time.monotonic() - began:.1f} s."
        )
        for problem in backup.problems(to):
            self.stderr.write(f"{problem}")
        if gone:
            self.stdout.write(f"Deleted {', '.join(gone)}.")
