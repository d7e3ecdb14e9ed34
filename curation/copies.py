"""Working copies: what readers see is changed on a copy that another person approves. And going back to what was.

Nothing here knows a form or a page. The form and the page of a working copy are the item's own, shown while the
database says, for the length of one transaction that is taken back, what the copy says (`as_if`). So they are the same
for every kind of content, and what is previewed is what approval will make.
"""

import re
from contextlib import contextmanager

from django.db import transaction
from django.utils.timezone import localtime

from curation import history, past
from curation.actions import approval, locked, require
from curation.models import CuratedModel, Reviewed, WorkingCopy
from curation.people import Operator
from curation.states import NotAllowed, State
from search import documents

MOVED_ON = (
    "What readers see has changed since this working copy was begun. Bring it up to date first: "
    "what is written in it stays, and what was changed meanwhile is taken in."
)


def of(item):
    """The working copy of *item*, or None."""
    return WorkingCopy.objects.of(item).first() if isinstance(item, CuratedModel) else None


def says(item):
    """What *item* says of all that a working copy may change."""
    return _for_a_copy(item, past.now(item))


def _for_a_copy(item, state):
    return _without(state, *item.left_to_verbs)


def _without(state, *names):
    return {**state, "fields": {name: value for name, value in state["fields"].items() if name not in names}}


@contextmanager
def as_if(item, content, *, check=False):
    """Until the end of the block, the database says of *item* what *content* says. Then it is as it was.

    What is shown from inside is made inside: nothing read there may outlive the block. Raises ValidationError with
    *check* when the content is against the rules of today.
    """
    with transaction.atomic():
        try:
            past.put(locked(item), content, check=check)
            yield
        finally:
            transaction.set_rollback(True)


@transaction.atomic
def write(item: CuratedModel, content, *, by, verb="edited the working copy", note="") -> WorkingCopy | None:
    """Keep *content* as what *item* is to say. None when it says so already and there is no copy of it.

    Whoever changes what is in review is the one who asks for it from then on, so that somebody else approves it.
    """
    item = locked(item)
    require(type(item).objects.editable_by(by), item)
    content, writer = _for_a_copy(item, content), None if isinstance(by, Operator) else by
    copy = WorkingCopy.objects.of(item).select_for_update().first()
    if copy is None:
        base = says(item)
        if content == base:
            return None
        history.because(verb, by=by, note=note)
        return WorkingCopy.objects.create(
            kind=item._meta.label_lower, object_id=item.pk, base=base, content=content, written_by=writer
        )
    if content != copy.content:
        history.because(verb, by=by, note=note)
        copy.content, copy.written_by = content, writer
        copy.submitted_by = writer if copy.state == State.IN_REVIEW else None
        copy.version += 1
        copy.save()
    return copy


def has_moved_on(copy):
    """Whether what readers see was changed since the copy was begun."""
    return says(copy.item) != copy.base


def differences(copy, *, seen_by):
    """What approving the copy would change, as history.Change."""
    return past.compare(type(copy.item), says(copy.item), copy.content, seen_by=seen_by)


@transaction.atomic
def approve(copy: WorkingCopy, *, by, note="") -> CuratedModel:
    """Put the copy in the place of what readers see, in one step, and say who wrote it.

    Raises NotAllowed when nobody but its writer has looked at it (`actions.approval`) or when what readers see has
    moved on, and ValidationError when the rules of today refuse it.
    """
    item, copy = _held(copy)
    require(WorkingCopy.objects.publishable_by(by), copy)
    if says(item) != copy.base:
        raise NotAllowed(MOVED_ON)
    verb = approval(copy, by=by, note=note).replace("published", "published changes", 1)
    history.because(verb, by=by, note=" ".join(filter(None, [f"Written by {' and '.join(writers(copy))}.", note])))
    item.version += 1
    past.put(item, copy.content)
    copy.delete()
    documents.refresh(item)
    return item


@transaction.atomic
def bring_up_to_date(copy: WorkingCopy, *, by, note="") -> WorkingCopy:
    """Take into the copy what was changed meanwhile in what readers see. What is written in the copy stays."""
    item, copy = _held(copy)
    require(WorkingCopy.objects.editable_by(by), copy)
    live = says(item)
    if live != copy.base:
        history.because("brought the working copy up to date", by=by, note=note)
        copy.base, copy.content = live, past.merge(copy.base, copy.content, live)
        copy.version += 1
        copy.save()
    return copy


@transaction.atomic
def discard(copy: WorkingCopy, *, by, note="") -> CuratedModel:
    """Give the copy up. What readers see stays as it is; what was written stays in the history."""
    item, copy = _held(copy)
    require(WorkingCopy.objects.editable_by(by), copy)
    history.because("discarded the working copy", by=by, note=note)
    copy.delete()
    return item


def _held(copy):
    """The item and the copy as they are now, in the order in which everyone takes them."""
    return locked(copy.item), locked(copy)


@transaction.atomic
def restore(item, *, at, by, note=""):
    """Let *item* say again what it said at a moment, and return it. Of what readers see, return its working copy.

    Its state, its address once published, its region and its agreements stay: they are the verbs'. Raises NotAllowed
    when there was nothing then or it cannot come back, and ValidationError when the rules of today refuse it.
    """
    item = locked(item)
    require(type(item).objects.editable_by(by), item)
    then = past.at(item, at)
    if then is None or not item.is_restored:
        raise NotAllowed("There is no such version to go back to.")
    verb = f"restored the version of {localtime(at):%-d %B %Y, %H:%M}"
    if isinstance(item, CuratedModel) and item.was_published:
        return _restore_into_copy(item, then, by=by, verb=verb, note=note)
    if not (isinstance(by, Operator) or by.is_national):
        then = _without(then, "owner")
    history.because(verb, by=by, note=note)
    item.version += 1
    past.put(item, then)
    if hasattr(item, "search_fields"):
        documents.refresh(item)
    if not isinstance(item, Reviewed):
        documents.refresh_what_names(item)
    return item


def _restore_into_copy(item, then, *, by, verb, note):
    if of(item):
        raise NotAllowed("There is a working copy of it already. Approve or discard that first.")
    with as_if(item, _for_a_copy(item, then), check=True):
        content = says(item)
    copy = write(item, content, by=by, verb=verb, note=note)
    if copy is None:
        raise NotAllowed("It says the same now.")
    return copy


# What happened to working copies


def _events(item):
    return history.events_of(WorkingCopy).filter(kind=item._meta.label_lower, object_id=item.pk).order_by("pgh_id")


def writers(copy):
    """The names of all who wrote in the copy, as they were then."""
    names = {}
    for writer, name in _events(copy.item).filter(id=copy.pk).values_list("written_by", "pgh_context__name"):
        names.setdefault(writer, name)
    return list(names.values())


def told(item, *, seen_by):
    """What was written in working copies of *item*, for its history: pairs of an event and its changes.

    Nothing for those who may not change the item: a working copy is not theirs to see.
    """
    model = type(item)
    if not isinstance(item, CuratedModel) or not model.objects.editable_by(seen_by).filter(pk=item.pk).exists():
        return []
    events, names, before, steps = list(_events(item)), history.Names(seen_by), {}, []
    past.look_up(names, model, *(state for event in events for state in (event.base, event.content)))
    for event in events:
        wrote = event.pgh_label != "delete"
        changes = past.changes(model, before.get(event.id, event.base), event.content, names) if wrote else []
        before[event.id] = event.content
        steps.append((event, list(changes)))
    return steps


MARK = r"\d{1,18}(\.\d{1,18})?"


def mark(item, copy):
    """What a form says it was opened on: a version of the item, or one of its working copy."""
    return f"{copy.pk}.{copy.version}" if copy else f"{item.version}"


def since(item, copy, seen, *, seen_by):
    """Who changed what between the *seen* mark and now: pairs of a name and a Change."""
    if seen == mark(item, copy) or not re.fullmatch(MARK, seen):
        return []
    opened, _, version = seen.partition(".")
    if copy is None and not version:
        return history.since(item, int(opened), seen_by=seen_by)
    if version:
        event = _events(item).filter(id=opened, version=version).last()
        before = event and event.content
    else:
        moment = past.moment_of(item, opened)
        before = moment and _for_a_copy(item, past.at(item, moment))
    after = copy.content if copy else says(item)
    who = writers(copy)[-1] if copy else "Someone"
    changes = past.compare(type(item), before, after, seen_by=seen_by) if before else []
    return [(who, change) for change in changes]
