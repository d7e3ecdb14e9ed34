"""What happened to content: who, when, what, why and from where.

Triggers (django-pghistory) write an event for every inserted, changed or deleted row, whichever way the change came:
a form, a bulk action, a command or raw SQL. A verb says who and why once, for its whole transaction. Events are
append-only; they hold the name as it was, so they still read well when the account is gone.
"""

import json
import uuid
from datetime import date, datetime
from functools import cache
from typing import NamedTuple

import pghistory
import pgtrigger
from django.apps import apps
from django.db import connection
from django.db.models import CASCADE
from django.db.transaction import TransactionManagementError
from django.utils.timezone import localtime

from curation.dates import PartialDate
from curation.difference import marked
from curation.querysets import known_names


def never_emptied():
    """TRUNCATE is refused too; UPDATE and DELETE are by pghistory's own append_only trigger."""
    return {
        "triggers": [
            pgtrigger.Trigger(
                name="never_emptied",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                func="RAISE EXCEPTION 'history is append-only';",
            )
        ]
    }


def because(verb, *, by, note="", source=""):
    """Say who makes the changes of this transaction, and why. Says it to the database, so nothing escapes it.

    verb: the act in the past tense, as the history page shows it ("published").
    by: a Curator, or an Operator for commands. source: where it came from, like "admin" or a command's name.
    Raises TransactionManagementError outside a transaction, where the words would be lost.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("history.because() belongs inside the transaction that makes the change.")
    context = {"verb": verb, "by": by.pk, "name": by.name, "note": note, "source": source or by.source}
    # That no trigger is ignored is said too. Unsaid, each written row costs a caught error, and with it a look through
    # all checks that wait for the end of the transaction: the cost of many rows would grow with their square.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pghistory.context_id', %s, true), set_config('pghistory.context_metadata', %s, true), "
            "set_config('pgtrigger.ignore', '{}', true)",
            [str(uuid.uuid4()), json.dumps(context)],
        )


def kept(model):
    """Class decorator: keep the history of every row of this model."""
    return pghistory.track(
        exclude=getattr(model, "not_in_history", ()),
        model_name=f"{model.__name__}History",
        obj_field=pghistory.ObjForeignKey(related_name="history"),
        meta=never_emptied(),
    )(model)


def kept_links(model, field):
    """Keep the history of the many-to-many links of *model*'s *field*, through a proxy of its table."""
    through = getattr(model, field).through
    name = f"{model.__name__}{field.title()}Link"
    proxy = type(
        name,
        (through,),
        {
            "__module__": model.__module__,
            "Meta": type("Meta", (), {"proxy": True, "app_label": model._meta.app_label}),
        },
    )
    return pghistory.track(model_name=f"{name}History", obj_field=None, meta=never_emptied())(proxy)


class Change(NamedTuple):
    """One changed value: the field in words, and how it read before and after."""

    label: str
    before: str
    after: str

    @property
    def marked(self):
        """Before and after as HTML that shows where they differ."""
        return marked(self.before, self.after)


class Entry(NamedTuple):
    """What one act did: when, who, what they call it, why, and each change.

    `until` is when its last change to the item itself was made; None when it made none.
    """

    at: datetime
    until: datetime | None
    who: str
    verb: str
    note: str
    source: str
    changes: list


def events_of(model):
    """The recorded events of a content class or of a many-to-many table."""
    return _event_models()[model].objects.all()


@cache
def _event_models():
    tracked = {model: getattr(model, "pgh_tracked_model", None) for model in apps.get_models()}
    return {what._meta.concrete_model: events for events, what in tracked.items() if what is not None}


HIDDEN = {"version", "created_at", "updated_at"}  # bookkeeping that says nothing to a curator


class Names:
    """What rows are called, as one person may know it. They are looked up together, once for each model."""

    def __init__(self, person):
        self.person, self._known = person, {}

    def look_up(self, model, pks):
        known = self._known.setdefault(model, {})
        if missing := {pk for pk in pks if pk is not None} - known.keys():
            known.update(known_names(model, missing, self.person))

    def __call__(self, model, pk):
        self.look_up(model, [pk])
        return self._known[model][pk]


def of(item, *, seen_by, also=()):
    """The history of *item*, its links and its parts, newest act first, as the person *seen_by* may read it.

    also: events that belong to its history without being its own, each with its changes.
    """
    names, tables = Names(seen_by), []
    for tracked, model in _event_models().items():
        if tracked is type(item):
            tables.append(_Table(tracked, model.objects.filter(pgh_obj_id=item.pk)))
            continue
        if tracked._meta.auto_created not in (False, type(item)):
            continue  # a link is told of where its field is: a region is not told who ever named it
        for field in tracked._meta.fields:
            is_part = field.is_relation and field.remote_field.on_delete is CASCADE
            if is_part and field.related_model is type(item):  # its parts go when it goes; the rest only point at it
                tables.append(_Table(tracked, model.objects.filter(**{field.attname: item.pk}), skip=field.name))
    for table in tables:
        table.look_up(names)
    acts, own = {}, [step for table in tables for step in table.steps(names)]
    for event, changes in [*own, *also]:
        acts.setdefault(event.pgh_context_id or ("row", event._meta.label, event.pgh_id), []).append((event, changes))
    mine = {id(event) for event, _ in own}
    entries = [_entry(steps, [event for event, _ in steps if id(event) in mine]) for steps in acts.values()]
    return sorted((entry for entry in entries if entry.changes or entry.verb), key=lambda e: e.at, reverse=True)


def _entry(steps, own):
    first = steps[0][0]
    context = first.pgh_context or {}
    return Entry(
        at=min(event.pgh_created_at for event, _ in steps),
        until=max((event.pgh_created_at for event in own), default=None),
        who=context.get("name") or "Someone with direct access to the database",
        verb=context.get("verb") or "changed",
        note=context.get("note", ""),
        source=context.get("source", ""),
        changes=[change for _, changes in steps for change in changes],
    )


class _Table:
    """The events of one table that a history tells of."""

    def __init__(self, tracked, events, skip=""):
        self.tracked = tracked
        self.events = list(events.order_by("pgh_id"))
        self.fields = {
            copy.name: tracked._meta.get_field(copy.name)
            for copy in events.model._meta.fields
            if not copy.name.startswith("pgh_") and copy.name not in {*HIDDEN, skip, "id"}
        }

    def look_up(self, names):
        for field in self.fields.values():
            if field.is_relation:
                names.look_up(field.related_model, [getattr(event, field.attname) for event in self.events])

    def steps(self, names):
        """Each event with what it changed, against the event before it of the same row."""
        before = {}
        for event in self.events:
            values = {name: words(getattr(event, f.attname), f, names) for name, f in self.fields.items()}
            old = before.get(event.id, {})
            if event.pgh_label == "delete":
                changes = [Change(f"Removed: {self.tracked._meta.verbose_name}", _line(values), "")]
            else:
                changes = [
                    Change(label(self.fields[name]), old.get(name, ""), value)
                    for name, value in values.items()
                    if value != old.get(name, "")
                ]
            before[event.id] = values
            yield event, changes


def _line(values):
    return ", ".join(value for value in values.values() if value)


def label(field):
    """What a field is called, as a curator reads it."""
    name = str(field.verbose_name)
    return name[0].upper() + name[1:]


def words(value, field, names):
    """A stored value as a curator reads it. *names* says what other rows are called."""
    if value in (None, "", []):
        return ""
    if field.is_relation:
        return names(field.related_model, value)
    if isinstance(value, list):
        labels = dict(field.base_field.flatchoices)
        return ", ".join(str(labels.get(one, one)) for one in value)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, PartialDate):
        return value.words
    if isinstance(value, datetime):
        return localtime(value).strftime("%-d %B %Y, %H:%M")
    if isinstance(value, date):
        return value.strftime("%-d %B %Y")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def since(item, version, *, seen_by):
    """Who changed what in *item*, its links and its parts since it was at *version*: pairs of a name and a Change."""
    later = type(item).history.rel.related_model.objects.filter(pgh_obj_id=item.pk, version__gt=version)
    first = later.order_by("pgh_id").values_list("pgh_created_at", flat=True).first()
    acts = of(item, seen_by=seen_by) if first else []
    return [(act.who, change) for act in acts if act.at >= first for change in act.changes]
