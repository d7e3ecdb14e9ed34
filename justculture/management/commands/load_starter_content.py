"""Add the starter content. What is there already is left as it is."""

from django.core.management.base import BaseCommand

from justculture.starter_content import Loader


class Command(BaseCommand):
    help = "Add the starter content. Running it again changes nothing; what curators have edited is never touched."

    def handle(self, **options):
        added = Loader().load()
        told = ", ".join(f"{count} {name}" for name, count in added.items())
        self.stdout.write(f"Added {told}." if added else "Nothing to add: the starter content is there already.")
