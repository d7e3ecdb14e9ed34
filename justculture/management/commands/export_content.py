"""Write the resources to a file."""

import sys

from django.core.management.base import BaseCommand, CommandError

from justculture.bulk.exporting import FORMATS, one_snapshot, pieces, written_whole
from resources.models import Resource

PRIVATE, OPEN = 0o600, 0o644  # who may read the file


class Command(BaseCommand):
    help = "Write all resources as they are at this moment: CSV or JSON Lines for import_content, or for a spreadsheet."

    def add_arguments(self, parser):
        parser.add_argument(
            "--format",
            choices=FORMATS,
            help="jsonl has everything; csv all but figures and lineage; spreadsheet is for reading, "
            "not for importing. Without it, what the name of the file says, or jsonl.",
        )
        parser.add_argument("--output", metavar="FILE", help="Without it, the standard output.")
        parser.add_argument("--public", action="store_true", help="Only what readers can see.")

    def handle(self, *, output, public, **options):
        kind = options["format"] or ("csv" if (output or "").endswith(".csv") else "jsonl")
        items = Resource.objects.visible() if public else Resource.objects.all()
        with one_snapshot():
            text = pieces(kind, items, for_readers=public)
            if output:
                try:
                    with written_whole(output, mode=OPEN if public else PRIVATE) as file:
                        file.writelines(text)
                except OSError as error:
                    raise CommandError(f"{output} cannot be written: {error.strerror}.") from None
            else:
                if self.stdout._out is sys.stdout and hasattr(sys.stdout, "reconfigure"):
                    sys.stdout.reconfigure(encoding="utf-8", newline="")
                for piece in text:
                    self.stdout.write(piece, ending="")
            count = items.count()
        told = f"{count:,} resources are" if count != 1 else "1 resource is"
        self.stderr.write(f"{told} in {output or 'the export'}.")
