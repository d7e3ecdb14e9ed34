"""Which backups are kept."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from justculture.retention import PERIODS, kept

MOST = sum(most for most, _ in PERIODS) + 2
moments = some.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 (the strategy adds the zone)
    datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=some.sampled_from([UTC]),
)
some_moments = some.lists(moments, unique=True, max_size=60)


def at(*days):
    return [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days]


def nights(first, count):
    return [datetime.fromisoformat(first).replace(tzinfo=UTC) + timedelta(days=day) for day in range(count)]


@pytest.mark.parametrize(
    ("story", "taken", "expected"),
    [
        ("none at all", [], []),
        ("the only one", at("2026-03-01 02:00"), at("2026-03-01 02:00")),
        ("the newest of a day", at("2026-03-02 02:00", "2026-03-02 09:00"), at("2026-03-02 09:00")),
        (
            "days without one do not count",
            at("2019-05-05 02:00", "2026-03-02 02:00"),
            at("2019-05-05 02:00", "2026-03-02 02:00"),
        ),
        (
            "seven days, the Sundays of three weeks before, and the ends of two months",
            nights("2026-01-10 02:00", 64),  # to Saturday 14 March
            [
                *at("2026-01-31 02:00", "2026-02-22 02:00", "2026-02-28 02:00", "2026-03-01 02:00"),
                *nights("2026-03-08 02:00", 7),
            ],
        ),
        (
            "a week belongs to the year of its Thursday",
            [*nights("2026-12-28 02:00", 7), *nights("2027-01-08 02:00", 7)],
            [*at("2026-12-31 02:00", "2027-01-03 02:00"), *nights("2027-01-08 02:00", 7)],
        ),
    ],
)
def test_the_newest_of_each_day_week_and_month(story, taken, expected):
    assert sorted(kept(taken)) == expected


def test_two_years_of_nights():
    keep = sorted(kept(nights("2025-01-01 02:00", 730)))  # to Thursday 31 December 2026
    assert [moment.month for moment in keep[:11]] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert keep[11:] == [*at("2026-12-13 02:00", "2026-12-20 02:00"), *nights("2026-12-25 02:00", 7)]


def test_the_way_back_from_the_last_release_is_kept():
    release, later = at("2025-02-03 10:00"), nights("2026-01-01 02:00", 500)
    assert kept([*release, *later], before_migrating=release) == kept(later) | set(release) - set(
        at("2025-02-03 11:00")
    )


def test_a_migration_tried_again_and_again_keeps_what_was_before_the_first_try():
    tries = at("2026-03-02 10:00", "2026-03-02 10:01", "2026-03-02 10:02")
    night = at("2026-03-03 02:00")
    assert sorted(kept(tries, before_migrating=tries)) == [tries[0], tries[2]]
    assert sorted(kept([*tries, *night], before_migrating=tries)) == [tries[0], tries[2], *night]


@given(some_moments, some.data())
def test_the_rule_whatever_was_taken(taken, data):
    before = data.draw(some.lists(some.sampled_from(taken), unique=True)) if taken else []
    keep = kept(taken, before_migrating=before)
    assert keep <= set(taken)
    assert len(keep) <= MOST
    assert keep >= set(sorted(taken)[-1:]) | set(sorted(before)[-1:])
    assert kept(keep, before_migrating=set(before) & keep) == keep
    for most, period in PERIODS:
        periods = sorted({period(moment) for moment in taken})
        assert {period(moment) for moment in keep} >= set(periods[-most:])


@given(some_moments, some.data())
def test_deleting_after_each_one_loses_nothing_that_deleting_at_the_end_would_keep(taken, data):
    before = set(data.draw(some.lists(some.sampled_from(taken), unique=True))) if taken else set()
    folder = set()
    for moment in sorted(taken):
        folder = kept(folder | {moment}, before_migrating=before & (folder | {moment}))
    assert folder >= kept(taken, before_migrating=before)
