"""Advice to whoever writes: what would make a text easier for someone on a bad day. It never stops a save.

The rules are those of the NHS digital service manual's content guide (https://service-manual.nhs.uk/content): sentences
of at most 20 words, a reading age of 9 to 11, or up to 14 where the matter needs it, links that say where they lead,
abbreviations explained where they are first used.
"""

import re

from curation import past
from curation.fields import MarkdownField
from curation.models import WorkingCopy
from justculture.words import plural
from search.documents import text_of

LONGEST_SENTENCE = 20  # words
OLDEST = 14  # years of age at which a text can be read
ENOUGH = 50  # words below which nothing can be said of how hard a text is
SHOWN = 3  # long sentences or abbreviations that are named
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n+")
LINK = re.compile(r"\[([^\[\]]*)\]\(")
ABBREVIATION = re.compile(r"\b[A-Z]{2,6}\b")
EXPLAINED = re.compile(r"\(([A-Z]{2,6})\)|\b([A-Z]{2,6})(?= \()")
KNOWN = {"NHS", "UK", "PDF"}  # known to every reader here, as the service manual has it
VAGUE = {
    *("click here", "here", "this", "this link", "link", "this page", "page", "website"),
    *("more", "read more", "learn more", "find out more", "see more", "download"),
}


def of(item):
    """What could be better in *item*, a working copy among them, as a list of sentences."""
    if isinstance(item, WorkingCopy):
        return of_state(type(item.item), item.content)
    return of_state(type(item), past.now(item))


def of_state(model, state):
    """The same for what an item of a *model* says in a state (curation.past)."""
    fields = state["fields"]
    texts = [(label, text, text_of(text)) for label, text in texts_of(model, state)]
    words = "\n".join(plain for _, _, plain in texts)
    found = list(model.advice(fields))
    if "summary" in fields and not fields["summary"].strip():
        found.append("There is no summary. It is what readers see in lists and in search.")
    for label, text, plain in texts:
        found += of_sentences(label, plain) + of_links(label, text)
    return found + of_reading(words) + of_abbreviations(words)


def texts_of(model, state):
    """What readers read of a state: (name of the field, its Markdown), parts included."""
    for name, field in past.own_fields(model).items():
        if (name == "summary" or isinstance(field, MarkdownField)) and state["fields"][name]:
            yield str(field.verbose_name).capitalize(), state["fields"][name]
    for name, field in past.own_parts(model).items():
        for part in state["parts"].get(name, ()):
            for label, text in texts_of(field.model, part):
                yield f"{label} of “{part['fields'].get('title', '')}”", text


def sentences(words):
    return [sentence for sentence in map(str.strip, SENTENCE_END.split(words)) if sentence]


def of_sentences(label, words):
    long = [(len(WORD.findall(one)), one) for one in sentences(words)]
    long = [(count, one) for count, one in long if count > LONGEST_SENTENCE]
    if not long:
        return []
    named = "; ".join(f"“{' '.join(one.split()[:6])} …” ({count} words)" for count, one in long[:SHOWN])
    have = "has" if len(long) == 1 else "have"
    return [f"{label}: {plural(len(long), 'sentence')} {have} more than {LONGEST_SENTENCE} words: {named}."]


def of_links(label, text):
    vague = [words for words in LINK.findall(text) if words.strip().lower() in VAGUE]
    return [f"{label}: the link “{words}” does not say where it leads." for words in dict.fromkeys(vague)]


def of_reading(words):
    age = reading_age(words)
    if age is None or age <= OLDEST:
        return []
    return [f"It reads as for the age of {age}. Aim for 9 to 11, or up to {OLDEST}: shorter sentences, plainer words."]


def reading_age(words):
    """The age in years at which it can be read, by Flesch and Kincaid's grade plus five; None of a short text."""
    all_words = WORD.findall(words)
    if len(all_words) < ENOUGH:
        return None
    grade = 0.39 * len(all_words) / len(sentences(words)) + 11.8 * sum(map(syllables, all_words)) / len(all_words)
    return round(grade - 15.59 + 5)


def syllables(word):
    """About how many: groups of vowels, less an "e" that is not spoken at the end."""
    word = word.lower()
    count = len(re.findall("[aeiouy]+", word))
    return max(1, count - bool(re.search("[^l]e$|[^td]ed$", word)))


def of_abbreviations(words):
    explained = KNOWN.union(*EXPLAINED.findall(words))
    unexplained = [one for one in dict.fromkeys(ABBREVIATION.findall(words)) if one not in explained]
    if not unexplained:
        return []
    return [f"Say what {' and '.join(unexplained[:SHOWN])} stands for, as in “Social Partnership Forum (SPF)”."]
