"""Passwords by the NCSC's advice: long, on no list of common ones, hard to guess. No composition, no expiry.

https://www.ncsc.gov.uk/collection/passwords/updating-your-approach
"""

import re

from django.core.exceptions import ValidationError

ENOUGH = 3  # of zxcvbn's 0 to 4: "safely unguessable", about 10 to the 8th tries
READ = 72  # characters that are looked at: what comes after them adds nothing that matters, and costs time
OF_THE_SERVICE = ["nhs", "spf", "just", "learning", "culture", "social", "partnership", "forum", "hospital", "trust"]
ADVICE = (
    "Use three or more words that have nothing to do with each other or with you, or let a password manager make one."
)


class HardToGuess:
    """A password validator: refuses what guessing programs try early, whatever signs it was dressed up with."""

    def validate(self, password, user=None):
        from zxcvbn import zxcvbn  # a quarter of a second to load, for a page that few open

        if zxcvbn(password[:READ], user_inputs=[*OF_THE_SERVICE, *words_of(user)])["score"] < ENOUGH:
            raise ValidationError(f"This password is easy to guess. {ADVICE}", code="password_easy_to_guess")

    def get_help_text(self):
        return ADVICE


def words_of(user):
    """What a guesser would try first of this person: the parts of their name and address."""
    said = f"{getattr(user, 'name', '')} {getattr(user, 'email', '')}".lower()
    return [said, *re.findall(r"\w+", said)]
