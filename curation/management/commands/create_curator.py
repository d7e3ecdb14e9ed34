"""Make an account for a curator, with what they do for which regions."""

from getpass import getpass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from curation import history
from curation.accounts import password_link
from curation.models import Curator, Membership, Region
from curation.people import Operator

Role = Membership.Role


class Command(BaseCommand):
    help = (
        "Make an account for a curator. For example: "
        'create_curator --email a@example.nhs.uk --name "A. Curator" --publisher north-west'
    )

    def add_arguments(self, parser):
        parser.add_argument("--email", help="They sign in with it. Asked for when left out.")
        parser.add_argument("--name", help="As it is to read in the history. Asked for when left out.")
        parser.add_argument("--publisher", action="append", default=[], metavar="REGION", help="May publish there.")
        parser.add_argument("--editor", action="append", default=[], metavar="REGION", help="Writes drafts there.")
        parser.add_argument("--accounts", action="store_true", help="Looks after everyone's accounts.")
        parser.add_argument(
            "--link", action="store_true", help="Print a link to choose a password with, instead of asking for one."
        )

    def handle(self, *, email, name, publisher, editor, accounts, link, **options):
        regions = Region.objects.in_bulk(field_name="slug")
        unknown = [slug for slug in [*publisher, *editor] if slug not in regions]
        if unknown:
            raise CommandError(f"There is no region {', '.join(unknown)}. There are: {', '.join(regions)}.")
        if not (publisher or editor or accounts):
            raise CommandError("Say what they do: --publisher REGION, --editor REGION or --accounts.")
        roles = [(regions[slug], Role.PUBLISHER) for slug in publisher]
        roles += [(regions[slug], Role.EDITOR) for slug in editor]
        roles += [(regions["national"], Role.ACCOUNTS)] if accounts else []
        curator = Curator(email=email or input("E-mail: "), name=name or input("Name: "))
        curator.set_unusable_password()
        try:
            curator.full_clean(exclude=["password"])
            if not link:
                curator.set_password(self.ask_password(curator))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with transaction.atomic():
            history.because("account made", by=Operator("create_curator"))
            curator.save()
            for region, role in dict.fromkeys(roles):
                Membership.objects.create(curator=curator, region=region, role=role)
        for membership in curator.memberships.all():
            self.stdout.write(f"{curator.email}: {membership}")
        if link:
            self.stdout.write("They choose a password here, once, within three days:")
            self.stdout.write(password_link(curator))

    @staticmethod
    def ask_password(curator):
        password = getpass("Password: ")
        if password != getpass("Again: "):
            raise CommandError("The two passwords are not the same.")
        validate_password(password, curator)
        return password
