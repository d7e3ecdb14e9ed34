"""What an item said at any moment, how two such states differ, and how to make it say one of them again.

A state is plain JSON, the same for every kind of content: `fields` that forms edit, `links` (many-to-many values) and
`parts` (rows that go when the item goes, each a state of its own with the number of its row). Where an item stands in
its life is no part of it: states, dates of publication, reasons and agreements belong to the verbs, and nobody
publishes by going back to an older text.
"""

from collections import defaultdict
from functools import cache

from django.db import IntegrityError, models, transaction

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
    for what, pks in _named(model, before, after).items():
        names.look_up(what, pks)
    return list(_changes(model, before, after, names))


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


def _changes(model, before, after, names):
    for name, field in own_fields(model).items():
        one, other = before["fields"], after["fields"]
        if name in one and name in other and one[name] != other[name]:
            yield Change(history.label(field), _words(field, one, names), _words(field, other, names))
    for name, field in own_links(model).items():
        if name in before["links"] and name in after["links"] and before["links"][name] != after["links"][name]:
            yield Change(history.label(field), *(_all_words(field, side, names) for side in (before, after)))
    for name, field in own_parts(model).items():
        yield from _changes_of_parts(field.model, before["parts"].get(name, []), after["parts"].get(name, []), names)


def _changes_of_parts(model, before, after, names):
    before, after = ({part["id"]: part for part in side} for side in (before, after))
    name = str(model._meta.verbose_name)
    for pk in before | after:
        if pk not in after:
            yield Change(name.capitalize(), _line(model, before[pk], names), "")
        elif pk not in before:
            yield Change(name.capitalize(), "", _line(model, after[pk], names))
        else:
            for change in _changes(model, before[pk], after[pk], names):
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
def put(item, state):
    """Make the stored rows of *item* say what *state* says. What they say already is not written.

    What it pointed to and is deleted since is left out; what *state* does not speak of stays as it is. Raises
    ValidationError when the rules of today refuse it.
    """
    said = now(item)
    for name, value in _values(type(item), state).items():
        setattr(item, name, value)
    item.full_clean()
    item.save()
    _put_links_and_parts(item, said, state)


def _put_links_and_parts(item, said, state):
    for name, field in own_links(type(item)).items():
        if state["links"].get(name, said["links"][name]) != said["links"][name]:
            getattr(item, name).set(field.related_model._base_manager.filter(pk__in=state["links"][name]))
    for name, field in own_parts(type(item)).items():
        if state["parts"].get(name, said["parts"][name]) != said["parts"][name]:
            _put_parts(item, field, said["parts"][name], state["parts"][name])


def _put_parts(item, field, said, wanted):
    model = field.model
    said, wanted = ({part["id"]: part for part in parts} for parts in (said, wanted))
    stored = model._base_manager.filter(pk__in=said).in_bulk()
    for pk in said.keys() - wanted.keys():
        stored[pk].delete()
    rows, changed = {}, []
    for pk, part in wanted.items():
        row = rows[pk] = stored.get(pk) or model(pk=pk)
        if pk in said and part["fields"] == said[pk]["fields"]:
            continue
        for name, value in {field.attname: item.pk, **_values(model, part)}.items():
            setattr(row, name, value)
        _check(row)
        changed.append(row)
    for row in _save(changed):
        said.pop(row.pk, None)
    nothing = {"links": {name: [] for name in own_links(model)}, "parts": {name: [] for name in own_parts(model)}}
    for pk, part in wanted.items():
        _put_links_and_parts(rows[pk], said.get(pk, nothing), part)


def _check(row):
    """Every rule that looks at this row alone. Whether it is one too many shows when all are written."""
    row.full_clean(validate_unique=False, validate_constraints=False)
    for model, constraints in row.get_constraints():
        for constraint in constraints:
            if isinstance(constraint, models.CheckConstraint):
                constraint.validate(model, row)


def _save(rows):
    """Save rows that may be in each other's way: two steps that change places, for example. Returns those made anew."""
    new = [row for row in rows if row._state.adding]
    try:
        with transaction.atomic():
            for row in rows:
                row.save(force_insert=row in new)
    except IntegrityError:
        for row in rows:
            type(row)._base_manager.filter(pk=row.pk).delete()
        for row in rows:
            row._state.adding = True
            row.full_clean()
            row.save(force_insert=True)
        return rows
    return new


def _values(model, state):
    """What the columns of a *model*'s row hold in this state."""
    fields = own_fields(model)
    values = {}
    for name in fields.keys() & state["fields"].keys():  # a column may have come or gone since
        field, value = fields[name], state["fields"][name]
        there = not field.is_relation or field.related_model._base_manager.filter(pk=value).exists()
        values[field.attname] = field.to_python(value) if there else None
    return values
