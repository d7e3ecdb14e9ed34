"""What a curator can do about words that find nothing: lead them to others, have something made, or say no."""

import re
from urllib.parse import urlencode

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.html import format_html

from curation import history, verbs
from curation.actions import locked, require
from curation.browsing import with_query
from curation.models import address
from justculture.words import plural
from search.models import FruitlessSearch, Submission, WordGroup, phrases_of
from search.query import search

Outcome = FruitlessSearch.Outcome
MOST = 10  # words or phrases to lead to


def found_by_readers(text):
    """How many results a reader who searches for *text* is given."""
    from search.views import everything_visible

    return len(search(text, among=everything_visible()))


class SynonymAct(verbs.Act):
    note = None
    others = forms.CharField(
        label="Words that it is to find",
        max_length=300,
        widget=AdminTextInputWidget,
        help_text="Words that find what these readers meant, separated by commas. For example: freedom to speak up, "
        "raising concerns.",
    )
    both_ways = forms.BooleanField(
        label="They mean the same",
        required=False,
        help_text="Then a search for those words finds what has these words in it as well.",
    )

    def clean_others(self):
        others = phrases_of(self.cleaned_data["others"])
        if not any(re.search(r"\w", phrase) for phrase in others):
            raise ValidationError("Give at least one word.")
        if len(others) > MOST:
            raise ValidationError(f"Give {MOST} words or phrases at most.")
        for phrase in others:
            if not found_by_readers(phrase):
                raise ValidationError(f"A search for “{phrase}” finds nothing either. Choose words that something has.")
        return others


class CommissionAct(verbs.Act):
    note = forms.CharField(
        label="What is needed",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example: a short guide for managers. Curators of every region read it. Name nobody.",
    )


class EraseAct(verbs.Act):
    note = None


class NotForUsAct(verbs.Act):
    note = forms.CharField(
        label="Why",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example: pay is not about culture. Curators of every region read it.",
    )


@transaction.atomic
def lead_to(item, *, by, others, both_ways=False):
    """Let a search for these words find other words from now on. Raises ValidationError for words that cannot be."""
    item = _settled(item, Outcome.SYNONYM, f"Finds: {', '.join(others)}"[:300], "led to other words", by=by)
    relation = WordGroup.Relation.EQUAL if both_ways else WordGroup.Relation.ONE_WAY
    words, leads_to = ([item.words, *others], []) if both_ways else ([item.words], others)
    group = WordGroup(relation=relation, words=words, leads_to=leads_to, note="Readers searched for it in vain.")
    group.full_clean()
    group.save()
    return item


@transaction.atomic
def commission(item, *, by, note):
    """Note that something is to be written or found for these words."""
    return _settled(item, Outcome.COMMISSIONED, note, "commissioned", by=by)


@transaction.atomic
def decline(item, *, by, note):
    """Note that these words are for something that does not belong here."""
    return _settled(item, Outcome.NOT_FOR_US, note, "found not to be for us", by=by)


@transaction.atomic
def reopen(item, *, by, note=""):
    """Put the words back into the queue. A group of search words that was made for them stays."""
    return _settled(item, Outcome.OPEN, note, "put back into the queue", by=by)


@transaction.atomic
def erase(item, *, by):
    """Drop the words and every search for them: for what should not have been kept. The history never has them."""
    item = _held(item, "erased", by=by)
    Submission.objects.filter(words=item.words).delete()
    item.delete()
    return item


def _held(item, verb, *, by):
    """The row as it is now, for whoever may settle it, and word for the history of what is done with it."""
    item = locked(item)
    require(FruitlessSearch.objects.editable_by(by), item)
    history.because(verb, by=by)
    return item


def _settled(item, outcome, note, verb, *, by):
    item = _held(item, verb, by=by)
    item.outcome, item.note = outcome, note
    item.save()
    return item


def now_found(item):
    page = with_query(address("search:results"), urlencode({"q": item.words}))
    results = plural(found_by_readers(item.words), "result")
    return format_html('A search for <a href="{}">“{}”</a> now has {}.', page, item.words, results)


def the_queue(item):
    return reverse("admin:search_fruitlesssearch_changelist")


def is_to_settle(item):
    return item.outcome in {Outcome.OPEN, Outcome.COMMISSIONED}


QUEUE = (
    verbs.Verb(
        "synonym",
        "Find other words",
        lead_to,
        is_to_settle,
        SynonymAct,
        needs="editable_by",
        onward=the_queue,
        told=now_found,
    ),
    verbs.Verb(
        "commission",
        "Commission something",
        commission,
        lambda item: item.outcome == Outcome.OPEN,
        CommissionAct,
        needs="editable_by",
        onward=the_queue,
        told=lambda item: f"“{item}” is commissioned.",
    ),
    verbs.Verb(
        "not-for-us",
        "Not for us",
        decline,
        is_to_settle,
        NotForUsAct,
        needs="editable_by",
        in_bulk=True,
        onward=the_queue,
        told=lambda item: f"“{item}” is not for us.",
    ),
    verbs.Verb(
        "reopen",
        "Put back in the queue",
        reopen,
        lambda item: item.outcome != Outcome.OPEN,
        needs="editable_by",
        onward=the_queue,
        told=lambda item: f"“{item}” is in the queue again. A group of search words for it stays until it is retired.",
    ),
    verbs.Verb(
        "erase",
        "Erase the words",
        erase,
        form=EraseAct,
        needs="editable_by",
        onward=the_queue,
        told=lambda item: "The words are erased, and every search for them.",
    ),
)
