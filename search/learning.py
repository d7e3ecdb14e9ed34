"""What readers search for, so that curators learn what is missing: words and a day, and nothing about who typed them.

What looks like a person's name, a number or an address is taken out before anything is written. Words come before a
curator only after they were searched for on three different days, and rows are gone after ninety.
"""

import logging
import re
import unicodedata
from datetime import timedelta
from functools import cache
from importlib import import_module

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from search.documents import typed_plainly
from search.question import Question

log = logging.getLogger(__name__)

LITTLE = 2  # results: with no more than so many, a search was fruitless
SHOWN_AFTER = 3  # different days
KEPT_FOR = timedelta(days=90)
MOST = 5_000  # rows of a day: what a flood of made-up words can write at most
MOST_OPEN = 200  # of the queue: what a curator can be asked to look at
LONGEST = 100  # characters; whoever types more tells a story, and stories are personal
FEWEST = 3  # letters that are worth keeping

# Where names come from that staff of the NHS have, as far as faker knows them in Latin letters (es_ES: the Philippines)
LOCALES = (
    *("en_GB", "en_IE", "en_IN", "en_KE", "en_PK", "en_US", "es_ES", "ha_NG", "ig_NG", "it_IT", "pl_PL", "pt_PT"),
    *("ro_RO", "tw_GH", "yo_NG", "zu_ZA"),
)
PARTICLES = {"al", "ben", "bin", "da", "de", "del", "della", "di", "dos", "du", "el", "la", "van", "von", "der", "den"}
TITLES = {"mr", "mrs", "ms", "miss", "mx", "dr", "doctor", "prof", "professor", "sir", "dame", "lord", "lady"}
ADDRESS = re.compile(
    r"\S*@\S*|\S+://\S+|www\.\S+"
    r"|\d+\w?,?\s+(?:[^\W\d_][^\s\d]*\s+){1,3}?(?:avenue|close|court|crescent|drive|gardens|grove|lane|place|road|rd|square"
    r"|st|street|terrace|walk|way)\b",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")

NOTE = f"""
    WITH forgotten AS (
        DELETE FROM search_submission WHERE day < %(oldest)s
    ), today AS (
        SELECT FROM search_submission WHERE day = %(day)s LIMIT %(most)s
    ), noted AS (
        INSERT INTO search_submission (day, words, page, results)
            SELECT %(day)s, %(words)s, %(page)s, %(results)s WHERE (SELECT count(*) FROM today) < %(most)s
        ON CONFLICT (day, words, page) DO UPDATE SET results = excluded.results
            WHERE search_submission.results < excluded.results
        RETURNING words, results
    )
    INSERT INTO search_fruitlesssearch (words, outcome, note)
        SELECT words, '', '' FROM noted WHERE results <= {LITTLE} AND {SHOWN_AFTER} <= 1 + (
            SELECT count(DISTINCT day) FROM search_submission AS before
            WHERE before.words = noted.words AND before.results <= {LITTLE} AND day BETWEEN %(oldest)s AND %(day)s - 1
        ) AND (SELECT count(*) FROM search_fruitlesssearch WHERE outcome = '') < {MOST_OPEN}
    ON CONFLICT (words) DO NOTHING
"""


def note(request, text, *, page, results):
    """Write down that somebody searched for *text* on this kind of *page* and was given so many results.

    Only a search as it was sent counts: narrowing, turning pages and asking for the words as typed do not. Who searches
    for the same on the same day again, or is answered by a kept page, adds nothing.
    """
    if settings.READ_ONLY or {name for name, value in request.GET.items() if value} != {"q"}:
        return
    question = Question.of(text)
    words = "" if question.phrases or question.unwanted else cleaned(text)  # what insists finds little of itself
    if not words:
        return
    day = timezone.localdate()
    facts = {"day": day, "oldest": day - KEPT_FOR, "words": words, "page": page, "results": results, "most": MOST}
    try:
        with connection.cursor() as cursor:
            cursor.execute(NOTE, facts)
    except DatabaseError as problem:  # a full disk, say: whoever searches is answered all the same
        log.warning("A search was not noted: %s", type(problem).__name__)


def forget():
    """Drop searches of more than ninety days ago, and what is in the queue for none but those. For every night."""
    oldest = timezone.localdate() - KEPT_FOR
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM search_submission WHERE day < %s", [oldest])
        cursor.execute(
            "DELETE FROM search_fruitlesssearch AS f WHERE outcome = '' "
            "AND NOT EXISTS (SELECT FROM search_submission WHERE words = f.words)"
        )


def cleaned(text):
    """The words of a search in small letters, without what could say whom it was about; "" when little is left."""
    text = typed_plainly(unicodedata.normalize("NFKC", text))
    if len(text) > LONGEST:
        return ""
    parts = [part for part in ADDRESS.sub(" ", text).split() if not any(letter.isdigit() for letter in part)]
    words = [word for part in parts for word in WORD.findall(part)]
    known = known_words(words)
    kept = [word.lower() for word, is_named in zip(words, named(words, known), strict=True) if not is_named]
    return " ".join(kept) if sum(map(len, kept)) >= FEWEST else ""


def known_words(words):
    """Those of these words, in small letters, that something on the portal has, or that search takes for others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM search_word WHERE word = ANY(%(words)s) UNION "
            "SELECT word FROM search_wordgroup, unnest(words || leads_to) AS phrase,"
            " regexp_split_to_table(lower(phrase), '[ -]') AS word WHERE word = ANY(%(words)s)",
            {"words": [word.lower() for word in words]},
        )
        return {word for (word,) in cursor}


def named(words, known):
    """For each word, whether it looks like a part of somebody's name. known: words that are ours, in small letters.

    What follows a title does, or an initial, and so does a first or a family name: unless it is also a word of ours
    ("grace"), and no other name stands beside it. So do words with a capital letter side by side, save those of ours,
    and words in other letters than Latin ones.
    """
    first, family = names()
    low = [word.lower() for word in words]
    could_be = [parts_of(word) & (first | family) for word in low]
    is_first = [bool(parts_of(word) & first) for word in low]
    capital = [word[0].isupper() and not word.isupper() for word in words]
    is_named = [False] * len(words)
    for n, word in enumerate(low):
        beside = {n - 1, n + 1} & set(range(len(words)))
        is_ours = word in known
        if word in TITLES and n + 1 < len(words):
            is_named[n] = is_named[n + 1] = True
            for place in range(n + 2, min(n + 3, len(words))):
                is_named[place] = is_named[place] or low[place] not in known
        elif len(word) == 1 and word not in {"a", "i"}:
            is_named[n] = True
            if n + 1 < len(words) and low[n + 1] not in known:
                is_named[n + 1] = True
        else:
            has_name_beside = any(could_be[m] and (is_first[n] or is_first[m]) for m in beside)
            is_capital_beside = capital[n] and any(capital[m] for m in beside)
            looks_like_one = could_be[n] or is_capital_beside or is_foreign(word)
            is_named[n] |= bool((could_be[n] and has_name_beside) or (looks_like_one and not is_ours))
    for n, word in enumerate(low):  # "de Souza", "Al-Fayed", and a family name that no list has, after a first name
        if n and is_named[n - 1] and word.split("-")[0] in PARTICLES:
            is_named[n] = True
            if word in PARTICLES and n + 1 < len(words):
                is_named[n + 1] = True
    return is_named


def is_foreign(word):
    """Whether it has letters of another script."""
    return any("LATIN" not in unicodedata.name(letter, "") for letter in word if letter.isalpha())


def parts_of(word):
    """A word as names are looked up: without accents and a possessive s, and each part of a double name."""
    return set(re.split("[-']", plain_letters(word.removesuffix("'s"))))


@cache
def names():
    """First names and family names, each a set of words in small letters without accents."""
    first, family = set(), set()
    for locale in LOCALES:
        people = import_module(f"faker.providers.person.{locale}").Provider
        for attribute in dir(people):
            into = family if "last_names" in attribute else first if "first_names" in attribute else None
            listed = getattr(people, attribute) if into is not None else None
            if isinstance(listed, (tuple, list, dict)):
                into.update(plain_letters(name.lower()) for name in listed if isinstance(name, str))
    return first, family


def plain_letters(word):
    """A word without its accents."""
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
