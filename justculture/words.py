"""How dates, times and numbers read on the public pages, as the NHS service manual writes them."""

from datetime import date as Date
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from django.utils.timezone import localtime

from curation.dates import PartialDate

MOMENT = timedelta(microseconds=1)


def date(value):
    """6 August 2026, in London's calendar"""
    value = _local(value)
    return f"{value.day} {value:%B %Y}"


def time(value):
    """2pm, 2:30pm, midday, midnight"""
    value = _local(value)
    if value.minute == 0 and value.hour in (0, 12):
        return "midday" if value.hour else "midnight"
    minutes = f":{value:%M}" if value.minute else ""
    return f"{value.hour % 12 or 12}{minutes}{'am' if value.hour < 12 else 'pm'}"


def span(event):
    """Thursday 6 August 2026, 2pm to 4pm; over several days each end has its day"""
    starts, ends = _local(event.starts_at), _local(event.ends_at)
    last_day = (ends - MOMENT).date()
    if event.is_all_day:
        if starts.date() == last_day:
            return _weekday(starts)
        first = f"{starts:%A} {starts.day} {starts:%B}" + (f" {starts:%Y}" if starts.year != last_day.year else "")
        return f"{first} to {_weekday(last_day)}"
    if starts.date() == last_day:
        return f"{_weekday(starts)}, {time(starts)} to {time(ends)}"
    return f"{_weekday(starts)}, {time(starts)} to {_weekday(ends)}, {time(ends)}"


@lru_cache(maxsize=1_000)
def partial_date(value):
    """A PartialDate, or its text, in words: June 2021"""
    return PartialDate(value).words


def iso(value):
    """For a datetime attribute: 2026-08-06 or 2026-08-06T14:00+01:00"""
    value = _local(value)
    return value.isoformat(timespec="minutes") if isinstance(value, datetime) else value.isoformat()


def number(value):
    """12,345"""
    return f"{value:,}"


def plural(count, one, many=None):
    """1 resource, 1,234 resources"""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def host(url):
    """Where a link leads, as people say it: england.nhs.uk"""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _local(value):
    return localtime(value) if isinstance(value, datetime) else value


def _weekday(value: Date):
    return f"{value:%A} {date(value)}"
