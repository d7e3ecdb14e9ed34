"""The moment that pages speak of: now, or the one moment at which a copy of the whole site is taken.

What is public, what is upcoming and what is overdue follows from it. A copy takes minutes to write and must not
change its mind on the way, so everything that readers see asks here instead of the clock.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps

from django.utils import timezone

_of_the_copy = ContextVar("of_the_copy", default=None)
_made_for_it = ContextVar("made_for_it", default=None)


def now():
    return copied_at() or timezone.now()


def today():
    """The day in London."""
    return timezone.localdate(now())


def copied_at():
    """When the copy that is being taken was begun; None while pages are made for the live site."""
    return _of_the_copy.get()


@contextmanager
def of_a_copy():
    """Make pages for a copy of the site, all as at one moment. Gives that moment."""
    before, made = _of_the_copy.set(timezone.now()), _made_for_it.set({})
    try:
        yield copied_at()
    finally:
        _of_the_copy.reset(before)
        _made_for_it.reset(made)


def once_a_copy(make):
    """What *make* gives is made once for all pages of a copy, since nothing changes meanwhile, and else anew."""

    @wraps(make)
    def get():
        made = _made_for_it.get()
        if made is None:
            return make()
        if make not in made:
            made[make] = make()
        return made[make]

    return get
