"""The buttons of the admin: what each says, asks, does, and when it is offered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from functools import partial

from django import forms
from django.urls import reverse
from django.utils.html import format_html

from curation import actions, copies, links, past, widgets
from curation.fields import WebAddressField
from curation.models import Region, WorkingCopy
from curation.states import MOVES, UNPUBLISHED, NotAllowed, State

SEND_THEM = "Send them this link. They choose a password there, once, within three days: {}"


class Act(forms.Form):
    """What a verb asks the curator before it does anything."""

    note = forms.CharField(label="Note for the history", required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, item, data=None, asked=None):
        """asked: what the address of the page asks for."""
        super().__init__(data)
        self.item = item


class AskForChangesAct(Act):
    note = forms.CharField(
        label="What should change", widget=forms.Textarea(attrs={"rows": 3}), help_text="Its writer is shown this."
    )


class WithdrawAct(Act):
    note = None
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), help_text="Readers who come to its address are shown this."
    )
    onward_url = WebAddressField("where to go instead").formfield(help_text="A full address. You may leave it empty.")


class SupersedeAct(Act):
    successor = forms.ModelChoiceField(None, label="What replaces it", required=False)
    url = WebAddressField("or an outside address").formfield()
    title = forms.CharField(label="Title of what is at that address", required=False, max_length=200)

    def __init__(self, item, data=None, asked=None):
        super().__init__(item, data)
        self.fields["successor"].queryset = type(item).objects.visible().exclude(pk=item.pk).order_by("title")


class ReviewAct(Act):
    due = forms.DateField(
        label="Next review due",
        required=False,
        widget=widgets.DateInput,
        help_text="A year from today when left empty.",
    )


class RenameAct(Act):
    slug = forms.SlugField(label="New address", max_length=100, help_text="The old address will lead to the new one.")


class ShareAct(Act):
    for_whom = forms.CharField(
        label="For whom",
        required=False,
        max_length=100,
        help_text="Words for you and your colleagues, such as “the policy group”. Not a person's name.",
    )
    days = forms.IntegerField(
        label="For how many days",
        min_value=1,
        max_value=links.MOST_DAYS,
        initial=links.DAYS,
        help_text="It also ends when the item is changed or published.",
    )


class HandOverAct(Act):
    owner = forms.ModelChoiceField(Region.objects.all(), label="The region that is to look after it")


class MomentField(forms.DateTimeField):
    """A moment in UTC: the database knows no time zone more than 16 hours away from it."""

    def to_python(self, value):
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError("There was no such moment.") from None


class RestoreAct(Act):
    at = MomentField(widget=forms.HiddenInput)

    def __init__(self, item, data=None, asked=None):
        super().__init__(item, data)
        self.initial["at"] = (asked or {}).get("at", "")

    def changes(self, person):
        """What would change, when the moment that is asked for is one."""
        try:
            at = self.fields["at"].clean(self["at"].value())
        except forms.ValidationError:
            return None
        then = past.at(self.item, at)
        return then and past.compare(type(self.item), past.now(self.item), then, seen_by=person)


@dataclass(frozen=True)
class Verb:
    """One button. `needs` names the queryset method that says who may; `fits` says whether it makes sense now.

    `act` is called with the item, `by` and what the form asked. `onward` gives the address to go to afterwards and
    `told` what to say, both from what `act` returned; without them it is back to the item, "done". `shows` gives the
    changes that it would make, from the item, the form and who asks, and `heads` what they are from and to. `advises`:
    its page says what could be better in the text (curation.advice). `in_bulk`: it is offered for many items at once;
    what its form asks is then the same for all, and `unfit` and `refuses` say in advance why it cannot be done with one
    item, or not by one person.
    """

    name: str
    label: str
    act: Callable
    fits: Callable = lambda item: True
    form: type[Act] = Act
    needs: str = "publishable_by"
    onward: Callable | None = None
    told: Callable | None = None
    shows: Callable | None = None
    heads: tuple = ("Readers see", "Working copy")
    in_bulk: bool = False
    advises: bool = False
    unfit: Callable = lambda item: f"Its state is “{item.get_state_display().lower()}”."
    refuses: Callable = lambda item, person: ""

    def may(self, item, person):
        return getattr(type(item).objects, self.needs)(person).filter(pk=item.pk).exists()

    def is_open(self, item, person):
        """Whether the button is shown. The act itself says in words why it makes no sense now."""
        return self.fits(item) and self.may(item, person)

    def why_not(self, item, person):
        """Why it makes no sense now, in words; "" when it does. *person* may use the verb on the item."""
        return self.refuses(item, person) if self.fits(item) else self.unfit(item)


def change_page(item):
    return reverse(f"admin:{item._meta.app_label}_{item._meta.model_name}_change", args=[item.pk])


def can_become(state):
    return lambda item: state in MOVES[State(item.state)]


def is_public(item):
    return item.is_public_state


def was_never_public(item):
    return not item.published_at


def is_unpublished(item):
    return item.state in UNPUBLISHED


def shared(address):
    """The only time that the address is shown."""
    return format_html("Send this link. Whoever has it sees this version, and nothing else: {}", address)


def was_public_once(item):
    return item.was_published


def alone(item, person):
    """Why *person* may not publish the item. A reason, where one is asked for, is yet to be given."""
    try:
        actions.approval(item, by=person, note="the reason")
    except NotAllowed as refusal:
        return str(refusal)
    return ""


REVIEW = (
    Verb(
        "submit",
        "Send for review",
        actions.submit,
        can_become(State.IN_REVIEW),
        needs="editable_by",
        in_bulk=True,
        advises=True,
    ),
    Verb("take-back", "Return to draft", actions.take_back, can_become(State.DRAFT), needs="editable_by", in_bulk=True),
    Verb("ask-for-changes", "Ask for changes", actions.ask_for_changes, can_become(State.DRAFT), AskForChangesAct),
)
PUBLICATION = (
    *REVIEW,
    Verb("publish", "Publish", actions.publish, can_become(State.PUBLISHED), in_bulk=True, refuses=alone, advises=True),
    Verb("supersede", "Supersede", actions.supersede, can_become(State.SUPERSEDED), SupersedeAct),
    Verb("withdraw", "Withdraw", actions.withdraw, can_become(State.WITHDRAWN), WithdrawAct),
    Verb("review", "Mark as reviewed", actions.mark_reviewed, is_public, ReviewAct, needs="editable_by", in_bulk=True),
    Verb("rename", "Change the address", actions.rename, is_public, RenameAct),
    Verb(
        "share-preview",
        "Share a preview",
        actions.share_preview,
        is_unpublished,
        ShareAct,
        needs="editable_by",
        told=shared,
    ),
    Verb("end-links", "Take back shared links", actions.end_links, links.has_open, needs="editable_by"),
    Verb(
        "hand-over",
        "Give to another region",
        actions.hand_over,
        was_public_once,
        HandOverAct,
        needs="movable_by",
        in_bulk=True,
    ),
    Verb("delete-draft", "Delete the draft", actions.delete_draft, was_never_public, needs="editable_by", in_bulk=True),
)


def restored(item):
    if isinstance(item, WorkingCopy):
        return "What it said then is in its working copy now. Readers still see the published version."
    return f"“{item}” says again what it said then."


RESTORE = Verb(
    "restore",
    "Restore this version",
    copies.restore,
    form=RestoreAct,
    needs="editable_by",
    onward=change_page,
    told=restored,
    shows=lambda item, form, person: form.changes(person),
    heads=("Now", "Then"),
)


def would_change(copy, form, person):
    return copies.differences(copy, seen_by=person)


WORKING_COPY = (
    *REVIEW,
    Verb(
        "approve",
        "Approve and publish",
        copies.approve,
        advises=True,
        onward=change_page,
        shows=would_change,
        told=lambda item: f"Readers now see the new version of “{item}”.",
    ),
    Verb("bring-up-to-date", "Bring up to date", copies.bring_up_to_date, copies.has_moved_on, needs="editable_by"),
    Verb(
        "discard",
        "Discard the working copy",
        copies.discard,
        needs="editable_by",
        onward=change_page,
        shows=would_change,
        told=lambda item: f"The working copy of “{item}” is discarded.",
    ),
)


ACCOUNT = (
    Verb(
        "password-link",
        "Make a new password link",
        actions.new_password_link,
        needs="editable_by",
        told=partial(format_html, SEND_THEM),
    ),
    Verb("forget-second-factor", "Forget their second factor", actions.forget_second_factor, needs="editable_by"),
    Verb(
        "forget-sign-in",
        "Forget their sign-in elsewhere",
        actions.forget_sign_in_elsewhere,
        lambda curator: curator.oidc_subject,
        needs="editable_by",
    ),
    Verb("end-sessions", "Sign out everywhere", actions.end_sessions, needs="editable_by"),
    Verb(
        "confirm-access",
        "Confirm that they still need access",
        actions.confirm_access,
        lambda curator: curator.is_active,
        needs="editable_by",
        in_bulk=True,
        unfit=lambda curator: actions.CLOSED,
    ),
)
