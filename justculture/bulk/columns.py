"""The columns of a resource in a file: what each may hold, and what is stored of it.

A cell comes as JSON Lines would hold it (text, a list, true, false or None) and is read into what is staged, or refused
with a sentence. The rules are those of the models' own fields; names of what is few (regions, topics, organisations,
principle sets, curators) become numbers here, names of resources only in the database.
"""

from collections.abc import Callable
from datetime import UTC
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Field
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from curation.dates import PartialDate, PartialDateField
from curation.fields import PublicSlugField, WebAddressField
from curation.models import Curator, Region, tidy_summary, tidy_title
from principles.models import LineageLink, Principle, PrincipleSet
from resources.models import Audience, Claim, Organisation, Resource, Topic
from search.documents import plain

MOST = 32_767  # figures of one resource: their order is a small number


class Refused(Exception):
    """A cell cannot be taken. Its arguments are the reasons, a sentence each."""


class Known:
    """What a row may name by its address, with its number; of principle sets only what *by* may know of."""

    def __init__(self, by):
        self.region = _numbers(Region.objects.all())
        self.organisation = _numbers(Organisation.objects.all())
        self.topic = _numbers(Topic.objects.all())
        self.curator = dict(Curator.objects.values_list("email", "pk"))
        sets = PrincipleSet.objects.known_to(by)
        self.set = _numbers(sets)
        principles = Principle.objects.filter(set__in=sets).values_list("set__slug", "slug", "pk")
        self.principle = {f"{of}#{slug}": pk for of, slug, pk in principles}
        self.may_change = {
            "set": set(PrincipleSet.objects.editable_by(by).values_list("pk", flat=True)),
            "principle": set(Principle.objects.editable_by(by).values_list("pk", flat=True)),
            "organisation": set(Organisation.objects.editable_by(by).values_list("pk", flat=True)),
        }

    def number(self, kind, address):
        """The number of what has this address. Raises Refused when there is nothing."""
        try:
            return getattr(self, kind)[address]
        except KeyError:
            raise Refused(f"There is no {kind} “{shown(address)}”.") from None


def _numbers(rows):
    return dict(rows.values_list("slug", "pk"))


def shown(text):
    """A cell as a report can quote it: on one line, short, nothing in it that a terminal would obey."""
    line = " ".join(plain(str(text).encode("utf-8", "replace").decode()).split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def words(cell):
    """Text that PostgreSQL can hold. None is empty."""
    if cell is None:
        return ""
    if not isinstance(cell, str):
        raise Refused("It must be text.")
    if "\0" in cell:
        raise Refused("It holds a NUL, a character that no text has.")
    if not cell.isascii():
        try:
            cell.encode()
        except UnicodeEncodeError:
            raise Refused("It holds half of a character (a lone surrogate).") from None
    return cell


def by_field(field: Field, tidy=str):
    """A reader of text that keeps the rules of a model's field. *tidy* is what saving does to it first."""
    allowed = [value for value, _ in field.flatchoices]

    def read(cell, known):
        text = tidy(words(cell))
        if not text:
            if field.blank:
                return ""
            raise Refused("It cannot be empty.")
        if allowed and text not in allowed:
            raise Refused(f"“{shown(text)}” is none of: {', '.join(allowed)}.")
        if field.max_length and len(text) > field.max_length and not isinstance(field, PartialDateField):
            raise Refused(f"It has {len(text):,} characters, and {field.max_length:,} are the most.")
        try:
            text = field.to_python(text)
            field.run_validators(text)
        except ValidationError as error:
            if isinstance(field, WebAddressField):
                raise Refused("It must be a full web address that begins with http:// or https://.") from None
            if isinstance(field, PublicSlugField):
                raise Refused(error.messages[-1]) from None  # the ones before say the same in other words
            raise Refused(*error.messages) from None
        return text

    return read


def day(cell, known):
    """A day as ISO 8601 writes it, from how people write it; None when it is empty."""
    text = words(cell)
    if not text.strip():
        return None
    try:
        date = PartialDate.read(text)
    except ValueError:
        date = ""
    if len(date) != 10:
        raise Refused(f"“{shown(text)}” is no day. Write it like 2026-06-15 or 15 June 2026.")
    return str(date)


def day_gone_by(cell, known):
    date = day(cell, known)
    if date and date > timezone.localdate().isoformat():
        raise Refused("It lies in the future.")
    return date


def moment(cell, known):
    """A moment as ISO 8601 writes it, in UTC; London time when it does not say. None when it is empty."""
    text = words(cell).strip()
    if not text:
        return None
    try:
        at = parse_datetime(text)
        if at and timezone.is_naive(at):
            at = timezone.make_aware(at)
        if at:
            timezone.localtime(at)  # a page has to be able to show it
            return at.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        pass  # said below: it is no moment either
    raise Refused(f"“{shown(text)}” is no moment. Write it like 2026-06-15T09:30, which is London time.")


def moment_gone_by(cell, known):
    at = moment(cell, known)
    if at and parse_datetime(at) > timezone.now():
        raise Refused("It lies in the future.")
    return at


def yes_or_no(cell, known):
    try:
        return {True: True, False: False, None: False, "": False, "yes": True, "no": False}[cell]
    except (KeyError, TypeError):
        raise Refused("It must be yes or no; in JSON Lines, true or false.") from None


def items(cell):
    """The values of a list, each once. None is empty."""
    if cell is None:
        return []
    if not isinstance(cell, list):
        raise Refused("It must be a list.")
    return list(dict.fromkeys(words(one).strip() for one in cell))


def each(read_one):
    """A reader of lists that says everything that is wrong with their values."""

    def read(cell, known):
        return gathered(lambda one: read_one(one, known), items(cell))

    return read


def gathered(act, things):
    """What *act* makes of each thing. Raises Refused with all the reasons at once."""
    results, reasons = [], []
    for thing in things:
        try:
            results.append(act(thing))
        except Refused as refusal:
            reasons += refusal.args
    if reasons:
        raise Refused(*reasons)
    return results


def named(kind):
    """A reader of the address of something there is; its number, or None when it is empty."""

    def read(cell, known):
        address = words(cell).strip()
        return known.number(kind, address) if address else None

    return read


def owner(cell, known):
    number = named("region")(cell, known)
    if number is None:
        raise Refused("It cannot be empty.")
    return number


def audience(value, known):
    if value not in Audience.values:
        raise Refused(f"“{shown(value)}” is none of: {', '.join(Audience.values)}.")
    return value


def address(cell, known):
    """The address of another resource: whether there is one, the database says."""
    return words(cell).strip()


def old_address(value, known):
    return by_field(Resource._meta.get_field("slug"))(value, known)


def parts(name, read_one):
    """A reader of a list of objects, such as figures. What it refuses says which of them."""

    def read(cell, known):
        def one(numbered):
            place, part = numbered
            if not isinstance(part, dict):
                raise Refused(f"{name} {place + 1} must be an object.")
            try:
                return read_one(part, place, known)
            except Refused as refusal:
                raise Refused(*(f"{name} {place + 1}, {reason}" for reason in refusal.args)) from None

        if cell is not None and not isinstance(cell, list):
            raise Refused("It must be a list.")
        if cell and len(cell) > MOST:
            raise Refused(f"It has {len(cell):,} entries, and {MOST:,} are the most.")
        return gathered(one, enumerate(cell or []))

    return read


def fields_of(part, readers, known):
    """The keys of an object, read. Raises Refused for keys that it cannot have, and for what is wrong in the others."""
    if unknown := part.keys() - readers.keys():
        raise Refused(*(f"“{shown(key)}” is not one of: {', '.join(readers)}." for key in sorted(unknown)))

    def one(key):
        try:
            return key, readers[key](part.get(key), known)
        except Refused as refusal:
            raise Refused(*(f"{key}: {reason}" for reason in refusal.args)) from None

    return dict(gathered(one, readers))


CLAIM = {
    name: by_field(Claim._meta.get_field(name))
    for name in ["value", "counts", "as_at", "note", "source_title", "source_url"]
} | {"source_resource": address, "order": lambda cell, known: cell}


def claim(part, place, known):
    """A figure. Without an order of its own it is shown where it stands in the list."""
    read = fields_of(part, CLAIM, known)
    read["order"] = place if read["order"] is None else read["order"]
    if type(read["order"]) is not int or not 0 <= read["order"] <= MOST:
        raise Refused(f"order: It must be a whole number from 0 to {MOST}.")
    if not (read["source_url"] or read["source_resource"]):
        raise Refused("it needs its source: source_url or source_resource.")
    return read


LINK = {name: by_field(LineageLink._meta.get_field(name)) for name in ["kind", "basis", "linked_on", "note"]}


def source(part, place, known):
    """One thing that the resource was built on."""
    return _link(part, known, "source", ["set", "principle", "resource", "organisation", "text"])


def descendant(part, place, known):
    """One thing that was built on the resource. Another resource says so in its own row."""
    link = _link(part, known, "descendant", ["set", "principle", "organisation"])
    for kind, editable in known.may_change.items():
        if link.get(f"descendant_{kind}_id", None) not in {None, *editable}:
            raise Refused(f"descendant: This {kind} is not yours to change.")
    return link


def _link(part, known, end, kinds):
    return {
        key: value
        for name, read in fields_of(part, {**LINK, end: lambda cell, known: _end(cell, kinds, known)}, known).items()
        for key, value in ({f"{end}_{kind}": of for kind, of in read.items()} if name == end else {name: read}).items()
    }


def _end(cell, kinds, known):
    """One end of a link, from {"set": "north-west"} or {"set": "north-west", "principle": "be-kind"} and the like."""
    if not isinstance(cell, dict):
        raise Refused(f"It must be an object with one of: {', '.join(kinds)}.")
    given = {kind: words(value).strip() for kind, value in cell.items() if value not in (None, "")}
    if given.keys() == {"set", "principle"} and "principle" in kinds:
        given = {"principle": f"{given['set']}#{given['principle']}"}
    if len(given) != 1 or (kind := next(iter(given))) not in kinds:
        raise Refused(f"It must have exactly one of: {', '.join(kinds)} (a principle also with its set).")
    if kind == "text":
        return {"text": by_field(LineageLink._meta.get_field("source_text"))(cell["text"], known)}
    if kind == "resource":
        return {"resource": given[kind]}
    return {f"{kind}_id": known.number(kind, given[kind])}


class Column(NamedTuple):
    """One column. `field` is the resource's field that holds it; links and parts have rows of their own."""

    name: str
    read: Callable
    field: Field | None = None

    @property
    def stored(self):
        """Its name in the table of resources."""
        return self.field.column


def _text(name, tidy=str):
    field = Resource._meta.get_field(name)
    return Column(name, by_field(field, tidy), field)


def _cell(name, read):
    return Column(name, read, Resource._meta.get_field(name))


COLUMNS = {
    column.name: column
    for column in [
        _text("slug", str.strip),
        _text("title", tidy_title),
        _text("kind", str.strip),
        _cell("state", by_field(Resource._meta.get_field("state"), str.strip)),
        _text("summary", tidy_summary),
        _text("body"),
        _cell("publisher", named("organisation")),
        Column("partners", each(named("organisation"))),
        _text("url", str.strip),
        _text("held_by"),
        Column("topics", each(named("topic"))),
        _cell("audiences", each(audience)),
        Column("regions", each(named("region"))),
        _cell("owner", owner),
        _text("published_on"),
        _cell("reviewed_on", day_gone_by),
        _cell("review_due_on", day),
        _text("stage", str.strip),
        _text("access", str.strip),
        _text("cost"),
        _text("time_needed"),
        _text("content_warning"),
        _text("did_not_work"),
        _cell("superseded_by", address),
        _text("superseded_by_url", str.strip),
        _text("superseded_by_title"),
        _cell("submitted_by", named("curator")),
        _text("changes_asked"),
        _cell("published_at", moment_gone_by),
        _cell("public_from_at", moment),
        _cell("public_until_at", moment),
        _cell("withdrawn_at", moment_gone_by),
        _text("withdrawn_reason"),
        _text("onward_url", str.strip),
        _cell("is_sample", yes_or_no),
        Column("old_slugs", each(old_address)),
        Column("claims", parts("Figure", claim)),
        Column("lineage", parts("Link", source)),
        Column("led_to", parts("Link", descendant)),
    ]
}
LISTS = ["partners", "topics", "audiences", "regions", "old_slugs"]
ONLY_IN_JSON = ["claims", "lineage", "led_to"]
IN_CSV = [name for name in COLUMNS if name not in ONLY_IN_JSON]
NEEDED = ["title", "kind", "owner"]  # by something new; the address by every row
LEFT_OUT = ["id", "version", "created_at", "updated_at"]  # a portal's own bookkeeping, which no file carries
UNSAID_WHEN_EMPTY = ["state", "submitted_by", "published_at", "withdrawn_at"]  # follow from the state; never emptied


def read_row(cells, known):
    """The cells of a row as they are staged, and what is wrong with them as (column, reason).

    What is not said is not in it: it stays as it is.
    """
    given, problems = {}, []
    for name, cell in cells.items():
        if name in UNSAID_WHEN_EMPTY and cell in (None, ""):
            continue
        try:
            given[name] = COLUMNS[name].read(cell, known)
        except Refused as refusal:
            problems += ((name, reason) for reason in refusal.args)
    return given, problems
