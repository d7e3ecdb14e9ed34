"""The moment that pages speak of: now, or the one moment at which a copy of the whole site is taken.

What is public, what is upcoming and what is overdue follows from it. A copy takes minutes to write and must not
change its mind on the way, so everything that readers see asks here instead of the clock.
"""

from contextlib import contextmanager
from contextvars import ContextVar

from django.utils import timezone

_of_the_copy = ContextVar("of_the_copy", default=None)


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
    before = _of_the_copy.set(timezone.now())
    try:
        yield copied_at()
    finally:
        _of_the_copy.reset(before)
