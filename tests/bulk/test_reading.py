"""Files that cannot be imported say why in a sentence; files that can are read whoever saved them."""

import json
import os
import threading
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.people import Operator
from justculture.bulk.importing import import_content
from justculture.bulk.reading import LONGEST_CELL, LONGEST_LINE, Unreadable, reading
from resources.models import Resource
from tests.bulk.files import written
from tests.factories import RegionFactory

pytestmark = pytest.mark.django_db
ME = Operator("tests")
ROW = "slug,title,kind,owner\na,Being fair,guide,north-west\n"


def refusal(path):
    with pytest.raises(Unreadable) as refused:
        import_content(path, by=ME)
    return str(refused.value)


def problems(path):
    report = import_content(path, by=ME)
    assert (report.refused > 0, Resource.objects.count()) == (True, 0)
    return [str(problem) for problem in report.problems]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "The file is empty: its first line must name the columns."),
        ("\n\n", "The file is empty: its first line must name the columns."),
        ("slug;title\na;b\n", "The columns are separated by semicolons. They must be separated by commas."),
        ("slug\ttitle\na\tb\n", "The columns are separated by tabs. They must be separated by commas."),
        ("title,kind\na,b\n", "There is no column slug. Rows are known by it."),
        ("slug,title,slug\na,b,c\n", "There is more than one column “slug”."),
        ("slug,,title\na,b,c\n", "Column 2 has no name in the first line."),
        ("slug,claims\na,b\n", "A CSV file cannot hold “claims”: use JSON Lines, or leave that column out."),
        ('"slug\na,b\n', "The first line cannot be read: unexpected end of data"),
        ("[1]", "This is one JSON list. JSON Lines has one object on each line, without brackets around."),
    ],
)
def test_a_file_without_rows_to_offer_is_refused_in_a_sentence(tmp_path, content, reason):
    assert refusal(written(tmp_path, content)) == reason


def test_an_unknown_column_is_named_with_those_there_are(tmp_path):
    said = refusal(written(tmp_path, "slug,colour\na,red\n"))
    assert said.startswith("There is no column “colour”. There are: slug, title, kind, state, summary")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (ROW.encode("utf-16"), "This is UTF-16."),
        (b"PK\x03\x04rest of a workbook", "This is a spreadsheet's own file or a zip."),
        (b"\x1f\x8brest", "This is compressed."),
        (ROW.encode("utf-16-le"), "The first line cannot be read: This line holds a NUL"),
        ("slug,titlé\n".encode("latin-1"), "The first line cannot be read: This line is not UTF-8."),
    ],
)
def test_another_encoding_or_kind_of_file_is_called_by_its_name(tmp_path, content, what):
    assert refusal(written(tmp_path, content)).startswith(what)


def test_a_file_that_is_not_there_is_no_traceback(tmp_path):
    assert refusal(tmp_path / "none.csv") == f"{tmp_path}/none.csv cannot be opened: No such file or directory."
    assert refusal(tmp_path) == f"{tmp_path} cannot be opened: Is a directory."


@pytest.mark.parametrize(
    "content",
    [
        ROW,
        ROW.replace("\n", "\r\n"),
        "\ufeff" + ROW,
        ROW + ",,,\n\n",
        ROW.rstrip("\n"),
        '\ufeff{"slug": "a", "title": "Being fair", "kind": "guide", "owner": "north-west"}\n\n',
        '{"slug": "a", "title": "Being fair", "kind": "guide", "owner": "north-west"}',
    ],
)
def test_line_ends_a_byte_order_mark_and_empty_rows_do_not_matter(tmp_path, content):
    RegionFactory()
    assert import_content(written(tmp_path, content), by=ME).counts == "1 new, 0 changed, 0 unchanged, 0 refused"


def test_a_pipe_is_read_too(tmp_path):
    RegionFactory()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(ROW,))
    writer.start()
    assert import_content(pipe, by=ME).new == 1
    writer.join()


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (b"b,Caf\xe9,guide,north-west\n", "Line 3: This line is not UTF-8."),
        (b"b,a\0b,guide,north-west\n", "Line 3: This line holds a NUL"),
        (b'b,"not closed,guide,north-west\n', "Line 3: This row is no CSV (unexpected end of data)."),
        (b'b,"a"b,guide,north-west\n', "Line 3: This row is no CSV (',' expected after '\"')."),
        (b"b," + b"x" * (LONGEST_CELL + 1) + b",guide,x\n", "Line 3: This row is no CSV (field larger than"),
        (b"b," + b"x" * LONGEST_LINE, "Line 3: This line is longer than 8 million characters."),
        (b"b,Two,guide\n", "Line 3: This row has 3 cells, and there are 4 columns."),
        (b'b,"two\nlines",guide\n', "Line 3: This row has 3 cells, and there are 4 columns."),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_the_line_it_begins_on(tmp_path, more, line):
    RegionFactory()
    (said,) = problems(written(tmp_path, ROW.encode() + more))
    assert said.startswith(line)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Line 1: This line is no JSON: Expecting property name enclosed in double quotes, at character 2."),
        ('{"slug": "a"} x', "Line 1: This line is no JSON: Extra data, at character 15."),
        ('{"slug": "a", "slug": "b"}', "Line 1: This line is no JSON: a key is there twice."),
        ('{"slug": NaN}', "Line 1: This line is no JSON: NaN is no number."),
        ('{"slug": "a"}\n[]', "Line 2: This line is no object: it must be in curly brackets."),
        ('{"slug": "a"}\n' + "[" * 100_000, "Line 2: This line has lists within lists without end."),
        ('{"title": "a"}', "Line 1, slug: It is missing. Rows are known by it."),
        ('{"slug": "a", "claims": 5}', "Line 1, claims: It must be a list."),
        ('{"slug": "a", "topics": "a;b"}', "Line 1, topics: It must be a list."),
        ('{"slug": 5}', "Line 1, slug: It must be text."),
        ('{"slug": "a", "cost": "\\u0000"}', "Line 1, cost: It holds a NUL, a character that no text has."),
        ('{"slug": "a", "cost": "\\ud800"}', "Line 1, cost: It holds half of a character (a lone surrogate)."),
        ('{"slug": "a", "is_sample": []}', "Line 1, is_sample: It must be yes or no; in JSON Lines, true or false."),
    ],
)
def test_json_that_is_no_resource_says_so(tmp_path, text, said):
    assert said in problems(written(tmp_path, text))


def test_an_unknown_key_is_named_and_nothing_in_it_reaches_the_terminal(tmp_path):
    (said, *_) = problems(written(tmp_path, '{"slug": "a", "\\u001b[31m\\ud800": 1}'))
    assert said.startswith("Line 1, [31m?: There is no such key. There are: slug, title,")


CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_anything_but_rows_or_a_sentence(tmp_path, content):
    for start in (b"", b"slug,title\n", b'{"slug": "a"}\n'):
        with suppress(Unreadable), reading(written(tmp_path, start + content)) as rows:
            assert [row for row in rows if row.line < 1] == []


@given(st.dictionaries(st.sampled_from(["title", "topics", "claims", "lineage", "published_at", "is_sample"]), CELLS))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cell_makes_anything_but_a_report(tmp_path, cells):
    report = import_content(written(tmp_path, json.dumps({"slug": "a", **cells})), by=ME)
    assert report.refused == 1
    assert report.problems
