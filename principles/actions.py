"""The verbs of principle sets: publishing a version, linking lineage."""

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from curation import history
from curation.actions import approval, locked, require
from curation.querysets import known_name
from curation.states import UNPUBLISHED, NotAllowed, State
from principles.models import ENDS, LineageLink, PrincipleSet, SetVersion
from search import documents

LINEAGE = 7260_0002  # the number of its advisory lock


@transaction.atomic
def publish_version(version: SetVersion, *, by, note="") -> SetVersion:
    """Make a version the one that readers see. The one before it keeps its address and says so.

    Raises NotAllowed when nobody but its writer has looked at it (`curation.actions.approval`).
    """
    PrincipleSet.objects.select_for_update().get(pk=version.set_id)
    version = locked(version)
    require(SetVersion.objects.publishable_by(by), version)
    if version.state == State.PUBLISHED:
        return version  # a double click
    if version.state not in UNPUBLISHED:
        raise NotAllowed("A newer version has taken its place. Make a new version instead.")
    history.because(f"{approval(version, by=by, note=note)} version {version.number}", by=by, note=note)
    version.set.versions.filter(state=State.PUBLISHED).update(state=State.SUPERSEDED)
    version.move_to(State.PUBLISHED)
    version.version += 1
    version.save()
    version.set.version += 1
    version.set.save()  # so that feeds and the sitemap tell of it
    documents.refresh(version.set)
    return version


@transaction.atomic
def start_version(item: PrincipleSet, *, by, note="") -> SetVersion:
    """Start a draft of the next version with the words of the current one. There is one draft at a time."""
    item = locked(item)
    require(PrincipleSet.objects.curated_by(by), item)
    draft = item.versions.filter(state__in=UNPUBLISHED).first()
    if draft:
        return draft
    history.because("started a new version", by=by, note=note)
    before = item.versions.first()
    version = item.versions.create(number=before.number + 1 if before else 1)
    for text in before.texts.all() if before else []:
        text.pk, text.version, text._state.adding = None, version, True
        text.save()
    return version


@transaction.atomic
def link(link: LineageLink, *, by, note="") -> LineageLink:
    """Record what something was built on. Refuses a circle with a sentence that names the path.

    Raises ValidationError, and PermissionDenied unless *by* may change what was built.
    """
    hold_lineage()
    link.full_clean()
    refuse_circle(link, by=by)
    history.because("linked to its source", by=by, note=note)
    link.save()
    require(LineageLink.objects.editable_by(by), link)
    return link


def name(step, by):
    """A step of the path in words: what *by* must not know of stays unnamed."""
    return step if isinstance(step, str) else known_name(type(step), step.pk, by)


def hold_lineage():
    """Let nobody else link anything until the transaction ends: two links at once could close a circle."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LINEAGE])


def refuse_circle(link, *, by):
    """Raise ValidationError if the link's descendant is, step by step, already the source of its source."""

    def key(end, of):
        return next(((kind, pk) for kind in ENDS if (pk := getattr(of, f"{end}_{kind}_id"))), None)

    sources = {}
    for other in LineageLink.objects.exclude(pk=link.pk).with_ends():
        sources.setdefault(key("descendant", other), []).append((key("source", other), other))
    start = key("descendant", link)
    trail, seen = [(key("source", link), [link.descendant, link.source])], set()
    while trail:
        here, path = trail.pop()
        if here == start:
            names = " was built on ".join(f"“{name(step, by)}”" for step in path)
            raise ValidationError(f"That would go round in a circle: {names}.")
        if here is None or here in seen:
            continue
        seen.add(here)
        trail.extend((there, [*path, other.source]) for there, other in sources.get(here, []))
