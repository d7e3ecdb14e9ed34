"""`manage.py export_site FOLDER`: the public site as plain files, for the days when the portal itself is away."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from justculture import words
from justculture.management.commands.serve import collect_static_files
from justculture.static_copy.folder import Refused, in_place_of
from justculture.static_copy.taking import Copy, NotTaken, one_snapshot


class Command(BaseCommand):
    help = (
        "Copy the public site, as it is now, into a folder that any web server can give out. "
        "A copy that is there already is replaced when the new one is whole."
    )

    def add_arguments(self, parser):
        parser.add_argument("folder", help="Where the copy is to be. It must hold nothing else.")
        parser.add_argument(
            "--at",
            dest="top",
            default="/",
            metavar="PATH",
            help="Where a server will show it, like /copy/. Only 404.html needs to know, which has no address.",
        )

    def handle(self, *, folder, top, **options):
        top = "/".join(["", *filter(None, top.split("/")), ""])
        collect_static_files()
        try:
            with in_place_of(folder, copy_of=settings.SITE_URL) as new, one_snapshot() as at:
                count = Copy(new, top).take()
        except (NotTaken, Refused) as problem:
            raise CommandError(f"No copy was taken. {problem}") from problem
        except OSError as problem:
            raise CommandError(f"No copy was taken. It could not be written: {problem}.") from problem
        self.stdout.write(f"{words.plural(count, 'file')} as at {words.date(at)}, {words.time(at)}, in {folder}")
        if not settings.OPEN_DATA_LICENCE:
            self.stdout.write("Its data has no licence yet: set OPEN_DATA_LICENCE and OPEN_DATA_LICENCE_URL.")
