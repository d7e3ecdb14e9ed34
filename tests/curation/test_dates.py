from datetime import date

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from curation.dates import PartialDate, PartialDateField


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("2021", "2021"),
        ("June 2021", "2021-06"),
        ("jun 2021", "2021-06"),
        ("15 June 2021", "2021-06-15"),
        ("15/06/2021", "2021-06-15"),
        (" 2021-06 ", "2021-06"),
        ("", ""),
    ],
)
def test_a_date_is_read_as_people_write_it(written, stored):
    assert PartialDate.read(written) == stored


@pytest.mark.parametrize("wrong", ["soon", "Ju 2021", "31 June 2021", "2021-13", "2021-02-30", "21", "15 2021"])
def test_what_is_no_date_is_refused_in_plain_words(wrong):
    with pytest.raises(ValidationError, match="Enter a year, a month or a day"):
        PartialDateField().to_python(wrong)


def test_a_date_is_shown_as_far_as_it_is_known():
    assert [PartialDate(d).words for d in ["", "2021", "2021-06", "2021-06-05"]] == [
        "",
        "2021",
        "June 2021",
        "5 June 2021",
    ]


@given(st.dates(min_value=date(1000, 1, 1)))
def test_what_is_shown_reads_back_as_the_same_date(day):
    for known in (PartialDate(day.isoformat()[:size]) for size in (4, 7, 10)):
        assert PartialDate.read(known.words) == known
