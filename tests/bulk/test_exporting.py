"""What is exported: all of it, or what readers see; exact, or safe to open in a spreadsheet; whole, or not at all."""

import csv
import io
import json
import os
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from curation import actions
from curation.people import Operator
from justculture.bulk.exporting import exported, written_whole
from justculture.bulk.importing import import_content
from justculture.bulk.reading import Unreadable
from principles.actions import link
from principles.models import LineageLink
from resources.models import Resource
from tests.bulk.files import written
from tests.factories import TESTER, ClaimFactory, ResourceFactory, SetFactory, curator

pytestmark = pytest.mark.django_db
LATER = timezone.now() + timedelta(days=1)


def said(capsys, **options):
    call_command("export_content", **options)
    return capsys.readouterr().out


def test_json_lines_have_every_resource_in_the_order_of_addresses(capsys):
    for slug in ["b", "a", "c"]:
        ResourceFactory(slug=slug)
    rows = [json.loads(line) for line in said(capsys).splitlines()]
    assert [row["slug"] for row in rows] == ["a", "b", "c"]
    assert rows[0]["regions"] == []
    assert (rows[0]["published_at"], rows[0]["published_on"], rows[0]["is_sample"]) == (None, "", False)


def test_two_statements_whatever_the_number():
    for _ in range(3):
        ClaimFactory()
    with CaptureQueriesContext(connection) as asked:
        assert len(list(exported(Resource.objects.all()))) == 3
    assert len(asked) == 2


def test_the_public_export_has_what_readers_see_and_names_nothing_else(capsys):
    secret, gone = ResourceFactory(slug="secret"), ResourceFactory(slug="gone", state="withdrawn")
    ResourceFactory(slug="later", state="published", public_from_at=LATER)
    review = ResourceFactory(slug="in-review")
    actions.submit(review, by=curator("north-west", email="someone@example.nhs.uk"))
    newer, old = (ResourceFactory(slug=slug, state="published") for slug in ("newer", "old"))
    actions.supersede(old, by=TESTER, successor=newer)
    ClaimFactory(resource=newer, source_resource=secret)
    hidden, seen = SetFactory(slug="hidden"), SetFactory(slug="seen", state="published")
    for source in (secret, gone, old):
        link(LineageLink(descendant_resource=newer, source_resource=source), by=TESTER)
    for descendant in (hidden, seen):
        link(LineageLink(descendant_set=descendant, source_resource=newer), by=TESTER)
    text = said(capsys, public=True)
    rows = {row["slug"]: row for row in map(json.loads, text.splitlines())}
    assert set(rows) == {"newer", "old"}
    assert (rows["old"]["state"], rows["old"]["superseded_by"]) == ("superseded", "newer")
    assert [claim["source_resource"] for claim in rows["newer"]["claims"]] == [None]
    assert [link["source"] for link in rows["newer"]["lineage"]] == [{"resource": "old"}]
    assert [link["descendant"] for link in rows["newer"]["led_to"]] == [{"set": "seen"}]
    assert [word for word in ("secret", "gone", "hidden", "later", "example.nhs.uk", "withdrawn") if word in text] == []


def test_a_spreadsheet_gets_no_formula_and_says_that_it_is_for_reading(capsys, tmp_path):
    cells = {
        "cost": "=1+1",
        "held_by": "+44",
        "time_needed": "-1",
        "did_not_work": "@x",
        "body": "\tx",
        "title": "Fair",
    }
    ResourceFactory(slug="a", **cells)
    text = said(capsys, format="spreadsheet")
    assert text.startswith("\ufeffPage (only for reading: do not import),Slug,Title,")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    read = [row[name] for name in ("Cost", "Held by", "Time needed", "Did not work", "Body", "Title")]
    assert read == ["'=1+1", "'+44", "'-1", "'@x", "'\tx", "Fair"]
    assert row["Page (only for reading: do not import)"].endswith("/resources/a/")
    for copy in (text, text.replace(",", ";")):  # as some spreadsheet programs save it
        with pytest.raises(Unreadable, match="copy for reading in a spreadsheet"):
            import_content(written(tmp_path, copy), by=Operator("tests"))


def test_without_its_first_column_a_spreadsheet_is_still_refused(capsys, tmp_path):
    ResourceFactory()
    rows = csv.reader(io.StringIO(said(capsys, format="spreadsheet"), newline=""))
    path = tmp_path / "cut.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(row[1:] for row in rows)
    with pytest.raises(Unreadable, match="There is no column “Slug”"):
        import_content(path, by=Operator("tests"))


def test_the_name_of_the_file_says_its_format_and_only_its_owner_reads_unpublished_work(tmp_path, capsys):
    ResourceFactory(slug="a")
    for name, start in [("a.csv", "slug,title"), ("a.jsonl", '{"slug": "a"')]:
        call_command("export_content", output=str(tmp_path / name))
        assert (tmp_path / name).read_text().startswith(start)
        assert os.stat(tmp_path / name).st_mode & 0o777 == 0o600
    call_command("export_content", output=str(tmp_path / "a.csv"), public=True)
    assert os.stat(tmp_path / "a.csv").st_mode & 0o777 == 0o644
    assert capsys.readouterr().err.splitlines()[0] == f"1 resource is in {tmp_path}/a.csv."


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "content.csv"
    path.write_text("before")
    with suppress(ZeroDivisionError), written_whole(path, mode=0o600) as file:
        file.write("half")
        file.write(1 / 0)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_no_traceback(tmp_path):
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("export_content", output=str(tmp_path / "none" / "a.csv"))
