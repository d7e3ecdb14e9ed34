"""Make the search index again from what the content says."""

from django.core.management.base import BaseCommand

from search import documents, learning


class Command(BaseCommand):
    help = "Make every search document again from what its item says. Readers are served meanwhile."

    def handle(self, **options):
        learning.forget()
        self.stdout.write(f"The index has {documents.rebuild()} documents.")
