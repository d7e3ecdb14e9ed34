"""The verbs of curation. Each is one transaction that checks the right, moves the state, says who and why, and
keeps search in step. Forms, buttons, bulk actions and commands all call these."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone
from django_otp import devices_for_user

from curation import history, links, sign_in
from curation.accounts import password_link
from curation.models import CuratedModel, Curator, Redirect, Region, Reviewed
from curation.people import Operator
from curation.states import UNPUBLISHED, NotAllowed, State
from search import documents

REVIEW_EVERY = timedelta(days=365)
CLOSED = "The account is closed."
SUCCESSION = 7260_0001  # the number of its advisory lock


def locked(item):
    """The row of *item* as it is now, held until the transaction ends. Raises NotAllowed when it has gone meanwhile."""
    row = type(item)._base_manager.select_for_update().filter(pk=item.pk).first()
    if row is None:
        raise NotAllowed("It is no longer there. Somebody else has dealt with it meanwhile.")
    return row


def require(allowed, item):
    """Raise PermissionDenied unless the queryset *allowed* has *item*. Not there and not allowed look the same."""
    if not allowed.filter(pk=item.pk).exists():
        raise PermissionDenied


def _moved(item, state, verb, *, by, note="", **facts):
    history.because(verb, by=by, note=note)
    item.move_to(state)
    for name, value in facts.items():
        setattr(item, name, value)
    item.version += 1
    item.save()
    if isinstance(item, CuratedModel):
        documents.refresh(item)
    return item


@transaction.atomic
def submit(item: Reviewed, *, by, note="") -> Reviewed:
    """Ask for review."""
    item = locked(item)
    require(type(item).objects.editable_by(by), item)
    return _moved(item, State.IN_REVIEW, "sent for review", by=by, note=note, submitted_by=by)


@transaction.atomic
def take_back(item: Reviewed, *, by, note="") -> Reviewed:
    """Make it a draft again before anyone has decided on it."""
    item = locked(item)
    require(type(item).objects.editable_by(by), item)
    return _moved(item, State.DRAFT, "returned to draft", by=by, note=note)


@transaction.atomic
def ask_for_changes(item: Reviewed, *, by, note) -> Reviewed:
    """Return it to its writer as a draft that says what should change. Raises NotAllowed when that is not said."""
    item = locked(item)
    require(type(item).objects.publishable_by(by), item)
    if not note.strip():
        raise NotAllowed("Say what should change: its writer is shown it.")
    return _moved(item, State.DRAFT, "asked for changes", by=by, note=note, changes_asked=note)


@transaction.atomic
def publish(item: CuratedModel, *, by, note="") -> CuratedModel:
    """Make an item public, and say who did it. What was superseded or withdrawn is current again.

    Raises NotAllowed when nobody but its writer has looked at it (`approval`).
    """
    item = locked(item)
    require(type(item).objects.publishable_by(by), item)
    if item.state == State.PUBLISHED:
        return item  # a double click
    verb = approval(item, by=by, note=note)
    item.review_due_on = item.review_due_on or timezone.localdate() + REVIEW_EVERY
    return _moved(item, State.PUBLISHED, verb, by=by, note=note)


def approval(item, *, by, note):
    """What the history calls it that *by* publishes the *item*: two people stand behind what readers see first.

    Who sends something for review does not approve it, but where a forum has only one curator (`publishes_alone`). A
    national curator may alone, with a reason. Raises NotAllowed, which says what to do instead.
    """
    if isinstance(by, Operator) or item.published_at or item.owner.publishes_alone:
        return "published"
    if item.state == State.IN_REVIEW and item.submitted_by_id != by.pk:
        return "approved and published"
    if by.is_national and note.strip():
        return "published without a second person"
    refusal = "Someone else has to look at it first. "
    refusal += (
        "You sent it for review: another publisher of your region can publish it, or ask a national curator."
        if item.state == State.IN_REVIEW
        else "Send it for review, and let another publisher publish it."
    )
    if by.is_national:
        refusal += " As a national curator you may publish it alone: say why in the note, which the history shows."
    raise NotAllowed(refusal)


@transaction.atomic
def withdraw(item: CuratedModel, *, by, reason, onward_url="") -> CuratedModel:
    """Take a public item away. Its address answers 410 with the reason and where to go instead.

    What it had replaced leads to *onward_url* from then on. Raises NotAllowed without a reason, or without an onward
    address where there is such a thing: a superseded item always leads somewhere.
    """
    hold_succession()
    item = locked(item)
    require(type(item).objects.publishable_by(by), item)
    if not reason.strip():
        raise NotAllowed("Say why it is withdrawn: readers who come to its address are shown the reason.")
    replaced = list(item.supersedes.all())
    if replaced and not onward_url:
        raise NotAllowed("It is what replaced something else. Say where to go instead: that will lead there too.")
    facts = {"withdrawn_at": timezone.now(), "withdrawn_reason": reason, "onward_url": onward_url}
    item = _moved(item, State.WITHDRAWN, "withdrawn", by=by, note=reason, **facts)
    for old in replaced:
        old.superseded_by, old.superseded_by_url = None, onward_url
        old.version += 1
        old.save()
    return item


@transaction.atomic
def supersede(item: CuratedModel, *, by, successor=None, url="", title="", note="") -> CuratedModel:
    """Say what replaces a published item: a *successor* that readers can see, or an outside address and its title.

    Raises NotAllowed when the successor is not public, is another kind of thing, or was itself replaced by this item.
    """
    hold_succession()
    item = locked(item)
    require(type(item).objects.publishable_by(by), item)
    if (successor is None) == (not url):
        raise NotAllowed("Name what replaces it: one item here, or one outside address.")
    if successor is not None:
        successor = type(item).objects.visible().filter(pk=successor.pk).first()
        if successor is None:
            raise NotAllowed("Readers cannot see the item that would replace it. Publish that first.")
        _refuse_circle(item, successor)
    facts = {"superseded_by": successor, "superseded_by_url": url, "superseded_by_title": title}
    return _moved(item, State.SUPERSEDED, "superseded", by=by, note=note, **facts)


def _refuse_circle(item, successor):
    path = [successor]
    while path[-1] is not None:
        if path[-1].pk == item.pk:
            names = " is replaced by ".join(f"“{step}”" for step in path)
            raise NotAllowed(f"That would go round in a circle: {names}.")
        path.append(path[-1].superseded_by)


def hold_succession():
    """Let nobody else say what replaces what, or take a successor away, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SUCCESSION])


@transaction.atomic
def mark_reviewed(item: CuratedModel, *, by, due=None, note="") -> CuratedModel:
    """Say that it was looked at today and is still right. *due* is the date of the next look, a year on by default."""
    item = locked(item)
    require(type(item).objects.editable_by(by), item)
    if not item.is_public_state:
        raise NotAllowed("Only what readers see is reviewed. Publish it first.")
    if due and due <= timezone.localdate():
        raise NotAllowed("The next review must come after today.")
    history.because("reviewed", by=by, note=note)
    item.reviewed_on = timezone.localdate()
    item.review_due_on = due or item.reviewed_on + REVIEW_EVERY
    item.version += 1
    item.save()
    return item


@transaction.atomic
def rename(item: CuratedModel, slug: str, *, by, note="") -> CuratedModel:
    """Give a public item another address. The old one leads to it for ever and is never used again."""
    item = locked(item)
    require(type(item).objects.publishable_by(by), item)
    if item.slug == slug:
        return item
    history.because("moved to another address", by=by, note=note)
    old, item.slug = item.slug, slug
    item.full_clean(exclude=["owner"])
    kind = item._meta.label_lower
    Redirect.objects.filter(kind=kind, slug=slug, object_id=item.pk).delete()  # it moves back to where it was
    if item.state not in UNPUBLISHED:
        Redirect.objects.create(kind=kind, slug=old, object_id=item.pk)
    item.version += 1
    item.save()
    documents.refresh(item)
    return item


@transaction.atomic
def hand_over(item: CuratedModel, owner: Region, *, by, note="") -> CuratedModel:
    """Let another region look after it from now on."""
    item = locked(item)
    require(type(item).objects.movable_by(by), item)
    history.because(f"given to {owner}", by=by, note=note)
    item.owner = owner
    item.version += 1
    item.save()
    return item


@transaction.atomic
def delete_draft(item: CuratedModel, *, by, note="") -> None:
    """Delete what readers never saw. What has been published is withdrawn, never deleted."""
    item = locked(item)
    require(type(item).objects.editable_by(by), item)
    if item.state not in UNPUBLISHED:
        raise NotAllowed("What has been published is withdrawn, never deleted.")
    history.because("deleted", by=by, note=note)
    documents.forget(item)
    try:
        item.delete()
    except (ProtectedError, RestrictedError):
        raise NotAllowed("Something still points to it. Take it out there first, then delete the draft.") from None


@transaction.atomic
def share_preview(item: CuratedModel, *, by, for_whom="", days=links.DAYS, note="") -> str:
    """The full address at which somebody without an account sees this version of an item, until it is published.

    Raises NotAllowed for what readers see already.
    """
    item = locked(item)
    require(type(item).objects.editable_by(by), item)
    if item.state not in UNPUBLISHED:
        raise NotAllowed("Readers see it already: share its own address.")
    history.because("preview shared", by=by, note=note)
    return links.make(links.PREVIEW, item, by=by, for_whom=for_whom, days=days)


@transaction.atomic
def end_links(item: CuratedModel, *, by, note="") -> CuratedModel:
    """Take back every link to an item that was given to people without an account."""
    require(type(item).objects.editable_by(by), item)
    history.because("shared links taken back", by=by, note=note)
    links.of(item).delete()
    return item


@transaction.atomic
def new_password_link(curator: Curator, *, by, note="") -> str:
    """The full address at which they choose a password, once. The password they had stops working."""
    require(Curator.objects.editable_by(by), curator)
    history.because("password link made", by=by, note=note)
    curator.set_unusable_password()
    curator.save()
    sign_in.let_try_again(curator)
    return password_link(curator)


@transaction.atomic
def confirm_access(curator: Curator, *, by, note="") -> Curator:
    """Say that they still need their account, with what it may do now. Raises NotAllowed for a closed one."""
    require(Curator.objects.editable_by(by), curator)
    if not curator.is_active:
        raise NotAllowed(CLOSED)
    history.because("access confirmed", by=by, note=note)
    curator.access_confirmed_on = timezone.localdate()
    curator.save()
    return curator


@transaction.atomic
def end_sessions(curator: Curator, *, by, note="") -> Curator:
    """Sign them out of every browser: one was lost, or somebody else may have used it."""
    require(Curator.objects.editable_by(by), curator)
    history.because("signed out everywhere", by=by, note=note)
    curator.sessions.all().delete()
    curator.sessions_ended_at = timezone.now()
    curator.save()
    return curator


@transaction.atomic
def forget_sign_in_elsewhere(curator: Curator, *, by, note="") -> Curator:
    """The provider (curation.oidc) knows them by another name now: the next sign-in there is taken by its address."""
    require(Curator.objects.editable_by(by), curator)
    history.because("sign-in elsewhere forgotten", by=by, note=note)
    curator.sessions.all().delete()
    curator.oidc_subject = ""
    curator.save()
    return curator


@transaction.atomic
def forget_second_factor(curator: Curator, *, by, note="") -> Curator:
    """They have lost their phone and their recovery codes. They set up another app when they next sign in."""
    require(Curator.objects.editable_by(by), curator)
    history.because("second factor forgotten", by=by, note=note)
    for device in devices_for_user(curator, confirmed=None):
        device.delete()
    curator.sessions.all().delete()
    curator.second_factor_at = None
    curator.save()
    return curator
