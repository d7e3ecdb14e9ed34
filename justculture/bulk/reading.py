"""A file of resources, row by row: CSV or JSON Lines, in UTF-8. One row is in memory at a time."""

import csv
import json
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from justculture.bulk.columns import COLUMNS, IN_CSV, LISTS, ONLY_IN_JSON, shown
from justculture.bulk.spreadsheet import MARK

LONGEST_LINE = 8 * 2**20  # bytes
LONGEST_CELL = 2**20  # characters
SAVE_AS = "Save it as “CSV UTF-8 (comma delimited)” and try again."
BYTES = {  # what other kinds of file begin with
    b"PK\x03\x04": f"This is a spreadsheet's own file or a zip. {SAVE_AS}",
    b"\xff\xfe": f"This is UTF-16. {SAVE_AS}",
    b"\xfe\xff": f"This is UTF-16. {SAVE_AS}",
    b"\x1f\x8b": "This is compressed. Unpack it first.",
}


class Unreadable(Exception):
    """The file as a whole cannot be imported. The message is a sentence for whoever made it."""


class Row(NamedTuple):
    """A row as the file has it: the line it begins on, its cells by column, and what is wrong, as (column, reason)."""

    line: int
    cells: dict
    problems: list


class _Broken(Exception):
    """From this line on nothing can be read."""

    def __init__(self, line, reason):
        super().__init__(reason)
        self.row = Row(line, {}, [("", f"{reason} Nothing after it was read.")])


@contextmanager
def reading(path):
    """The rows of the file at *path*. Raises Unreadable for a file that has none to offer, such as one of another kind.

    A file that breaks off in the middle ends with a row that says so.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 (closed below; only what opening raises is told here)
    except OSError as error:
        raise Unreadable(f"{path} cannot be opened: {error.strerror}.") from None
    with file:
        try:
            start = file.peek(200)  # it may be a pipe, which cannot go back
        except OSError as error:
            raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
        for signature, reason in BYTES.items():
            if start.startswith(signature):
                raise Unreadable(reason)
        first = start.removeprefix(b"\xef\xbb\xbf").lstrip()
        if first.startswith(b"["):
            raise Unreadable("This is one JSON list. JSON Lines has one object on each line, without brackets around.")
        if first.startswith(b"{"):
            yield _json_lines(file)
        else:
            size, before = LONGEST_CELL, csv.field_size_limit()
            try:
                csv.field_size_limit(size)
                yield _csv(file)
            finally:
                csv.field_size_limit(before)


def _lines(file):
    """The file's lines as text, with their ends. Raises _Broken for what is no text."""
    for number, raw in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
        if len(raw) == LONGEST_LINE:
            raise _Broken(number, f"This line is longer than {LONGEST_LINE // 2**20} million characters.")
        if b"\0" in raw:
            raise _Broken(number, f"This line holds a NUL, a character that no text has. {SAVE_AS}")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise _Broken(number, f"This line is not UTF-8. {SAVE_AS}") from None
        yield text.removeprefix("\ufeff") if number == 1 else text


# CSV


def _csv(file):
    reader = csv.reader(_lines(file), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except (csv.Error, _Broken) as error:
        raise Unreadable(f"The first line cannot be read: {error}") from None
    _check_header(header)
    return _csv_rows(reader, header)


def _check_header(header):
    """Raises Unreadable unless the first line names columns that there are, each once."""
    if not any(header):
        raise Unreadable("The file is empty: its first line must name the columns.")
    if any(MARK in name for name in header):
        raise Unreadable(
            "This is the copy for reading in a spreadsheet, whose cells were changed to be safe there. "
            "Import what export_content --format csv writes."
        )
    if len(header) == 1 and (other := next((mark for mark in ";\t|" if mark in header[0]), None)):
        name = {";": "semicolons", "\t": "tabs", "|": "bars"}[other]
        raise Unreadable(f"The columns are separated by {name}. They must be separated by commas.")
    if "" in header:
        raise Unreadable(f"Column {header.index('') + 1} has no name in the first line.")
    if twice := [name for name in dict.fromkeys(header) if header.count(name) > 1]:
        raise Unreadable(f"There is more than one column {_listed(twice)}.")
    if only_in_json := [name for name in header if name in ONLY_IN_JSON]:
        raise Unreadable(f"A CSV file cannot hold {_listed(only_in_json)}: use JSON Lines, or leave that column out.")
    if unknown := [name for name in header if name not in COLUMNS]:
        raise Unreadable(f"There is no column {_listed(unknown)}. There are: {', '.join(IN_CSV)}.")
    if "slug" not in header:
        raise Unreadable("There is no column slug. Rows are known by it.")


def _listed(names):
    return ", ".join(f"“{shown(name)}”" for name in names[:10]) + (" and more" if len(names) > 10 else "")


def _csv_rows(reader, header):
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"This row is no CSV ({error}). Look for a quotation mark that is not closed or not doubled."
            yield _Broken(line, reason).row
            return
        except _Broken as broken:
            yield broken.row
            return
        if not any(cells):
            continue  # spreadsheets leave empty rows behind
        if len(cells) != len(header):
            yield Row(line, {}, [("", f"This row has {len(cells)} cells, and there are {len(header)} columns.")])
            continue
        row = dict(zip(header, cells, strict=True))
        lists = {name: [one for one in row[name].split(";") if one.strip()] for name in LISTS if name in row}
        yield Row(line, row | lists, [])


# JSON Lines


def _json_lines(file):
    try:
        for line, text in enumerate(_lines(file), 1):
            if text.strip():
                yield _json_row(line, text)
    except _Broken as broken:
        yield broken.row


def _json_row(line, text):
    try:
        cells = json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_no_number)
    except RecursionError:
        return Row(line, {}, [("", "This line has lists within lists without end.")])
    except json.JSONDecodeError as error:
        return Row(line, {}, [("", f"This line is no JSON: {shown(error.msg)}, at character {error.colno}.")])
    except ValueError as error:
        return Row(line, {}, [("", f"This line is no JSON: {shown(error)}.")])
    if not isinstance(cells, dict):
        return Row(line, {}, [("", "This line is no object: it must be in curly brackets.")])
    unknown = [key for key in cells if key not in COLUMNS]
    problems = [(shown(key), f"There is no such key. There are: {', '.join(COLUMNS)}.") for key in unknown]
    if "slug" not in cells:
        problems.append(("slug", "It is missing. Rows are known by it."))
    return Row(line, {key: cell for key, cell in cells.items() if key in COLUMNS}, problems)


def _each_key_once(pairs):
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key is there twice")
    return read


def _no_number(name):
    raise ValueError(f"{name} is no number")
