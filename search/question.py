"""What was typed, taken apart: words, "phrases in quotes" and -words that are not wanted. All else is text."""

import math
import re
from typing import NamedTuple

from search.documents import typed_plainly

LONGEST = 500  # characters that are read
PHRASE = re.compile(r'"([^"]*\w[^"]*)"')
UNWANTED = re.compile(r"(?<!\S)-(?=\w)(\S+)")
WORD = re.compile(r"\b[^\W\d_]+(?:['’][^\W\d_]+)*\b")
SHORTEST, LONGEST_WORD = 4, 42  # letters of a word that can be told to be mistyped: two more than a known one has
TWO_SLIPS_FROM = 9  # letters of a word in which two slips are forgiven


class Question(NamedTuple):
    """A search, as it is asked of the index.

    words: any of them will do; those of the phrases are among them. phrases: each has to be there as it stands.
    unwanted: none of these may be there.
    """

    text: str
    words: str
    phrases: tuple[str, ...]
    unwanted: tuple[str, ...]

    @classmethod
    def of(cls, text):
        """Nothing that is typed is an error. A quote without an end is text, and so is a search for -words alone."""
        text = typed_plainly(text[:LONGEST])
        phrases = tuple(PHRASE.findall(text))
        rest = PHRASE.sub(" ", text)
        unwanted = tuple(UNWANTED.findall(rest))
        wanted = UNWANTED.sub(" ", rest)
        if not re.search(r"\w", " ".join([wanted, *phrases])):
            return cls(text, text, (), ())
        return cls(text, " ".join([wanted, *phrases]), phrases, unwanted)

    def mistakable(self):
        """The words in it that could be slips of the keyboard, as they stand.

        Not what is in quotes or unwanted, and neither what is short, nor what is longer than any word, nor codes, which
        are written in capitals.
        """
        rest = UNWANTED.sub(" ", PHRASE.sub(" ", self.text)) if self.phrases or self.unwanted else self.text
        shouted = rest.upper() == rest
        words = (match[0] for match in WORD.finditer(rest))
        fit = (w for w in words if SHORTEST <= len(w) <= LONGEST_WORD)
        return list(dict.fromkeys(w for w in fit if shouted or not w.isupper()))

    def repaired(self, repairs):
        """The same with some of its words replaced. repairs: word as it stands → word."""
        pattern = re.compile(r"\b(?:" + "|".join(re.escape(w) for w in sorted(repairs, key=len, reverse=True)) + r")\b")
        return Question.of(pattern.sub(lambda match: repairs[match[0]], self.text))


def likeliest(typed, candidates):
    """The word that was meant by one that nobody knows, or None.

    candidates: (word, documents, slips, likeness) each. Two letters in the wrong order are one slip. Hardly a slip
    changes the first letter: "parking" is another word than "barking", not a slip of it. What looks like a
    name, since it has a capital, is taken for another word only when that is one slip away.
    """
    low = typed.lower()
    allowed = 2 if len(low) >= TWO_SLIPS_FROM and not typed.istitle() else 1

    def cost(candidate):
        word, documents, slips, likeness = candidate
        return (1 if is_swap(low, word) else slips, -(math.log1p(documents) + 3 * likeness))

    likely = [one for one in candidates if one[0][0] == low[0] or is_swap(low, one[0])]
    best = min(likely, key=cost, default=None)
    return best[0] if best and cost(best)[0] <= allowed else None


def is_swap(one, other):
    """Whether two neighbouring letters of one word are the other way round in the other."""
    differ = [n for n in range(min(len(one), len(other))) if one[n] != other[n]]
    if len(one) != len(other) or len(differ) != 2 or differ[1] != differ[0] + 1:
        return False
    first, second = differ
    return one[first] == other[second] and one[second] == other[first]
