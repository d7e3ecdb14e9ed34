"""Which passwords are taken. The advice is the NCSC's: length and surprise, no composition, no expiry."""

import time

import pytest
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError

from curation.models import Curator

PAT = Curator(email="pat.publisher@example.nhs.uk", name="Pat Publisher")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "heron lantern seventeen",
        "wardrobeglacierteapot",  # no capital, no figure, no sign: none is asked for
        "ύδωρ λίμνη πέτρα κήπος",
        "x9$Lq!vT2#mZ",
        "a" * 3 + " heron lantern gravel " + "b" * 500,
    ],
)
def test_long_and_surprising_is_enough(password):
    validate_password(password, PAT)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("heron lamp", "too short"),
        ("Password1234!", "easy to guess"),
        ("P@ssw0rd2026!", "easy to guess"),
        ("aaaaaaaaaaaaaaaa", "easy to guess"),
        ("qwertyuiop123456", "easy to guess"),
        ("12345678901234", "easy to guess"),
        ("nhsnhsnhs2026", "easy to guess"),
        ("learningculture", "easy to guess"),
        ("patpublisher2026", "similar to the email"),
        ("publisherpat", "easy to guess"),
        ("pat.publisher@example.nhs.uk", "similar to the email"),
        ("passwordpassword", "easy to guess"),
    ],
)
def test_what_is_tried_first_is_refused_and_says_why(password, why):
    with pytest.raises(ValidationError) as refused:
        validate_password(password, PAT)
    assert why in " ".join(refused.value.messages)


def test_the_form_says_what_makes_a_good_one():
    assert any("three or more words" in text for text in password_validators_help_texts())


def test_the_longest_password_that_can_be_sent_is_judged_quickly():
    started = time.process_time()
    validate_password("heron lantern gravel " * 200_000, PAT)
    assert time.process_time() - started < 2
