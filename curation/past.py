"""What an item said at any moment, how two such states differ, and how to make it say one of them again.

A state is plain JSON, the same for every kind of content: `fields` that forms edit, `links` (many-to-many values) and
`parts` (rows that go when the item goes, each a state of its own with the number of its row). Where an item stands in
its life is no part of it: states, dates of publication, reasons and agreements belong to the verbs, and nobody
publishes by going back to an older text.
"""

from collections import defaultdict
from functools import cache, reduce
from operator import or_

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Q

from curation import history
from curation.history import Change
from curation.models import Content, Versioned


@cache
def own_fields(model):
    """The columns that forms edit, by name. What a part belongs to is not among them: the item says it."""
    return {
        field.name: field
        for field in model._meta.concrete_fields
        if field.editable and not field.primary_key and not is_of_a_whole(field)
    }


@cache
def own_links(model):
    """The many-to-many fields whose table holds nothing else, by name."""
    return {f.name: f for f in model._meta.many_to_many if f.remote_field.through._meta.auto_created}


@cache
def own_parts(model):
    """The foreign keys by which parts belong to a *model*, by a name for each kind of part."""
    fields = [relation.field for relation in model._meta.related_objects]
    return {f.model._meta.label_lower: f for f in fields if f.model is not model and is_of_a_whole(f)}


def is_of_a_whole(field):
    """Whether rows with this foreign key are parts of what it names.

    They are when they go with it, but not those with a history of their own (versions of a set), nor those that stand
    whatever is written (`is_restored`).
    """
    part = field.model
    return (
        isinstance(field, models.ForeignKey)
        and field.remote_field.on_delete is models.CASCADE
        and issubclass(part, Content)
        and part.is_restored
        and not issubclass(part, Versioned)
    )


# A state, from what is stored and from the history


def now(item):
    """What the stored rows of *item* say; None when there is no such item (any more)."""
    rows = type(item)._base_manager.filter(pk=item.pk)
    return _states(type(item), rows, _Stored()).get(item.pk)


def at(item, moment):
    """What *item* said at a moment, from its history; None when it was not there."""
    then = _Recorded(moment)
    return _states(type(item), then.rows(type(item), id=[item.pk]), then).get(item.pk)


def moment_of(item, version):
    """When *item* had the last change of a version of it; None when it never had that number."""
    events = history.events_of(type(item)).filter(id=item.pk, version=version).order_by("-pgh_id")
    return events.values_list("pgh_created_at", flat=True).first()


class _Stored:
    """The rows there are."""

    def rows(self, model, **of):
        (column, values), *_ = of.items()
        return model._base_manager.filter(**{f"{column}__in": values}).order_by("pk")


class _Recorded:
    """The rows there were at a moment: of each, the last event by then."""

    def __init__(self, moment):
        self.moment = moment

    def rows(self, model, **of):
        (column, values), *_ = of.items()
        events = history.events_of(model).filter(pgh_created_at__lte=self.moment)
        ever = events.filter(**{f"{column}__in": values}).values("id")
        last = events.filter(id__in=ever).order_by("id", "-pgh_id").distinct("id")
        return [row for row in last if row.pgh_label != "delete" and getattr(row, column) in values]


def _states(model, rows, source):
    """The states of rows of one model by their numbers, in a number of queries that does not grow with them."""
    states = {
        row.id: {
            "fields": {name: _as_json(field, row) for name, field in own_fields(model).items()},
            "links": {name: [] for name in own_links(model)},
            "parts": {name: [] for name in own_parts(model)},
        }
        for row in rows
    }
    for name, field in own_links(model).items():
        column, target = field.m2m_column_name(), field.m2m_reverse_name()
        for link in source.rows(field.remote_field.through, **{column: states.keys()}) if states else ():
            states[getattr(link, column)]["links"][name].append(getattr(link, target))
    for name, field in own_parts(model).items():
        parts = list(source.rows(field.model, **{field.attname: states.keys()})) if states else []
        said = _states(field.model, parts, source)
        for part in parts:
            states[getattr(part, field.attname)]["parts"][name].append({"id": part.id, **said[part.id]})
    for state in states.values():
        for links in state["links"].values():
            links.sort()
    return states


def _as_json(field, row):
    value = getattr(row, field.attname)
    return value if value is None or isinstance(value, str | int | list) else field.value_to_string(row)


# How two states differ


def compare(model, before, after, *, seen_by):
    """What changed from one state to another of a *model*'s item, as a list of Change in the words of *seen_by*."""
    names = history.Names(seen_by)
    look_up(names, model, before, after)
    return list(changes(model, before, after, names))


def look_up(names, model, *states):
    """Learn all names that the differences between these states can need."""
    for what, pks in _named(model, *states).items():
        names.look_up(what, pks)


def _named(model, *states):
    """The numbers of the rows that states of a model name, by their model."""
    found = defaultdict(set)
    for state in states:
        for name, field in own_fields(model).items():
            if field.is_relation:
                found[field.related_model].add(state["fields"].get(name))
        for name, field in own_links(model).items():
            found[field.related_model].update(state["links"].get(name, []))
        for name, field in own_parts(model).items():
            for what, pks in _named(field.model, *state["parts"].get(name, [])).items():
                found[what] |= pks
    return found


def changes(model, before, after, names):
    """The same, with *names* that were looked up before."""
    for name, field in own_fields(model).items():
        one, other = before["fields"], after["fields"]
        if name in one and name in other and one[name] != other[name]:
            yield Change(history.label(field), _words(field, one, names), _words(field, other, names))
    for name, field in own_links(model).items():
        if name in before["links"] and name in after["links"] and before["links"][name] != after["links"][name]:
            yield Change(history.label(field), *(_all_words(field, side, names) for side in (before, after)))
    for name, field in own_parts(model).items():
        if name in before["parts"] and name in after["parts"]:
            yield from _changes_of_parts(field.model, before["parts"][name], after["parts"][name], names)


def _changes_of_parts(model, before, after, names):
    before, after = ({part["id"]: part for part in side} for side in (before, after))
    name = str(model._meta.verbose_name)
    for pk in before | after:
        if pk not in after:
            yield Change(name.capitalize(), _line(model, before[pk], names), "")
        elif pk not in before:
            yield Change(name.capitalize(), "", _line(model, after[pk], names))
        else:
            for change in changes(model, before[pk], after[pk], names):
                yield change._replace(label=f"{name.capitalize()}: {change.label.lower()}")


def _line(model, part, names):
    """A whole part in one line."""
    values = [_words(field, part["fields"], names) for name, field in own_fields(model).items() if name != "order"]
    values += [_all_words(field, part, names) for field in own_links(model).values()]
    return ", ".join(value for value in values if value)


def _words(field, values, names):
    return history.words(field.to_python(values[field.name]), field, names)


def _all_words(field, state, names):
    return ", ".join(sorted(names(field.related_model, pk) for pk in state["links"][field.name]))


# Making an item say it


@transaction.atomic
def put(item, state, *, check=True):
    """Make the stored rows of *item* say what *state* says. What they say already is not written.

    What it pointed to and is deleted since is left out; what *state* does not speak of stays as it is. Raises
    ValidationError when the rules of today refuse it; without *check* only the database does.
    """
    said, state = now(item), _of_what_is_there(type(item), state)
    for name, value in _values(type(item), state).items():
        setattr(item, name, value)
    if check:
        item.full_clean()
    item.save()
    _put_all(type(item), {item.pk: said}, {item.pk: state}, check)


def _of_what_is_there(model, state):
    """A state without the rows that it names and that are deleted since."""
    there = {
        what: set(what._base_manager.filter(pk__in=pks).values_list("pk", flat=True))
        for what, pks in _named(model, state).items()
    }

    def kept(model, state):
        fields, links, parts = own_fields(model), own_links(model), own_parts(model)
        return {
            **state,
            "fields": {
                name: None if fields[name].is_relation and value not in there[fields[name].related_model] else value
                for name, value in state["fields"].items()
                if name in fields  # a column may have gone since
            },
            "links": {
                name: [pk for pk in pks if pk in there[links[name].related_model]]
                for name, pks in state["links"].items()
                if name in links
            },
            "parts": {
                name: [kept(parts[name].model, part) for part in said]
                for name, said in state["parts"].items()
                if name in parts
            },
        }

    return kept(model, state)


def _put_all(model, said, wanted, check):
    """Links and parts of rows of one model, by their numbers, in a number of queries that does not grow with them."""
    for name, field in own_links(model).items():
        before, after = (
            {(pk, other) for pk in wanted for other in states[pk]["links"].get(name, said[pk]["links"][name])}
            for states in (said, wanted)
        )
        _put_links(field, before - after, after - before)
    for name, field in own_parts(model).items():
        before, after = (
            {part["id"]: (pk, part) for pk in wanted for part in states[pk]["parts"].get(name, said[pk]["parts"][name])}
            for states in (said, wanted)
        )
        _put_parts(field, before, after, check)


def _put_links(field, gone, new):
    through, columns = field.remote_field.through, (field.m2m_column_name(), field.m2m_reverse_name())
    if gone:
        these = [Q(**dict(zip(columns, pair, strict=True))) for pair in gone]
        through._base_manager.filter(reduce(or_, these)).delete()
    if new:
        through._base_manager.bulk_create(through(**dict(zip(columns, pair, strict=True))) for pair in sorted(new))


def _put_parts(field, before, after, check):
    model = field.model
    if gone := before.keys() - after.keys():
        model._base_manager.filter(pk__in=gone).delete()
    stored = model._base_manager.in_bulk(list(before.keys() & after.keys()))
    changed = []
    for pk, (whole, part) in after.items():
        if pk not in before or part["fields"] != before[pk][1]["fields"]:
            row = stored.get(pk) or model(pk=pk)
            for name, value in {field.attname: whole, **_values(model, part)}.items():
                setattr(row, name, value)
            if check:
                _check(row)
            changed.append(row)
    made = _save(model, changed)
    nothing = {"links": {name: [] for name in own_links(model)}, "parts": {name: [] for name in own_parts(model)}}
    said = {pk: nothing if pk in made else before[pk][1] for pk in after}
    _put_all(model, said, {pk: part for pk, (_, part) in after.items()}, check)


def _check(row):
    """What a row says by itself. What it says against others, and of others, the database checks as it is saved."""
    related = [field for field in row._meta.concrete_fields if field.is_relation]
    if missing := [field.name for field in related if not field.null and getattr(row, field.attname) is None]:
        raise ValidationError(dict.fromkeys(missing, "What it named is deleted since."))
    row.clean_fields(exclude=[field.name for field in related])
    row.clean()


def _save(model, rows):
    """Save rows in few statements, and return the numbers of those that were made.

    Rows may be in each other's way, like two steps that change places: then all are made anew, and what still cannot
    be raises ValidationError.
    """
    new = [row for row in rows if row._state.adding]
    try:
        with transaction.atomic():
            if old := [row for row in rows if not row._state.adding]:
                model._base_manager.bulk_update(old, list(own_fields(model)))
            model._base_manager.bulk_create(new)
    except IntegrityError:
        model._base_manager.filter(pk__in=[row.pk for row in rows]).delete()
        for row in rows:
            row._state.adding = True
            row.full_clean()
            row.save(force_insert=True)
        new = rows
    return {row.pk for row in new}


def _values(model, state):
    """What the columns of a *model*'s row hold in this state."""
    fields = own_fields(model)
    return {fields[name].attname: fields[name].to_python(value) for name, value in state["fields"].items()}


# Two states that grew from one


def merge(base, mine, theirs):
    """What comes of *theirs* when what *mine* changed in *base* is changed in it too.

    Where both changed the same, it is mine that stands; what one took out and the other changed stays. So nothing that
    was written is lost, and all of it is in the difference to *theirs*.
    """
    fields = {
        name: theirs["fields"][name] if mine["fields"].get(name) == base["fields"].get(name) else mine["fields"][name]
        for name in theirs["fields"]
    }
    links = {}
    for name, pks in theirs["links"].items():
        before, wanted = (set(side["links"].get(name, pks)) for side in (base, mine))
        links[name] = sorted(set(pks) - (before - wanted) | (wanted - before))
    parts = {
        name: _merge_parts(*(side["parts"].get(name, theirs["parts"][name]) for side in (base, mine, theirs)))
        for name in theirs["parts"]
    }
    return {**theirs, "fields": fields, "links": links, "parts": parts}


def _merge_parts(*sides):
    base, mine, theirs = ({part["id"]: part for part in side} for side in sides)
    merged = []
    for pk in theirs | mine:
        if pk not in base:
            new = mine.get(pk) or theirs[pk]
            if not any(_says_the_same(new, other) for other in merged if other["id"] not in base):
                merged.append(new)
        elif pk in mine and pk in theirs:
            merged.append(merge(base[pk], mine[pk], theirs[pk]))
        elif base[pk] != (kept := mine.get(pk) or theirs[pk]):
            merged.append(kept)
    return merged


def _says_the_same(part, other):
    return {**part, "id": None} == {**other, "id": None}
