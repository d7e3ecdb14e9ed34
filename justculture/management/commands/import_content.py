"""Merge a file of resources into the portal."""

import os

from django.core.management.base import BaseCommand, CommandError

from curation.models import Curator
from curation.people import Operator
from justculture.bulk.importing import SOURCE, NotNow, import_content
from justculture.bulk.reading import Unreadable


class Command(BaseCommand):
    help = (
        "Merge the resources of a CSV or JSON Lines file into the portal: all of it, or nothing if any row is refused. "
        "docs/bulk-content.md says what a file may hold."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--publish", action="store_true", help="Publish what is new or was never published.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen, and change nothing.")
        parser.add_argument(
            "--by", metavar="EMAIL", help="Act as this curator, with their rights, not as the operator."
        )

    def run_from_argv(self, argv):
        os.nice(10)  # whoever reads meanwhile comes first; not when another program calls the command
        super().run_from_argv(argv)

    def handle(self, *, file, publish, dry_run, by, **options):
        try:
            report = import_content(file, by=self.person(by), publish=publish, dry_run=dry_run)
        except (Unreadable, NotNow) as problem:
            raise CommandError(str(problem)) from problem
        for problem in report.problems:
            self.stdout.write(str(problem))
        if (untold := report.problem_count - len(report.problems)) > 0:
            self.stdout.write(f"And {untold:,} more problems.")
        self.stdout.write(f"{report.counts}.")
        if report.refused:
            raise CommandError("Nothing was changed. Put right what is refused, then run the import again.")
        if dry_run:
            self.stdout.write("This was a dry run: nothing was changed.")

    @staticmethod
    def person(email):
        """Who acts: the curator with this address, or the operator."""
        if email is None:
            return Operator(SOURCE)
        try:
            person = Curator.objects.get_by_natural_key(email)
        except Curator.DoesNotExist:
            raise CommandError(f"There is no curator {email}.") from None
        if not person.is_active:
            raise CommandError(f"The account of {email} is closed.")
        return person
