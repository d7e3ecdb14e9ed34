"""What is typed, taken apart, and words that were typed wrong."""

import pytest

from search.question import Question, is_swap, likeliest


@pytest.mark.parametrize(
    ("text", "words", "phrases", "unwanted"),
    [
        ("being fair", "being fair", (), ()),
        ('"being fair" tool', "tool being fair", ("being fair",), ()),
        ("suspension -doctors", "suspension", (), ("doctors",)),
        ("well-being at work - a guide", "well-being at work - a guide", (), ()),
        ('an "unbalanced quote', 'an "unbalanced quote', (), ()),
        ("-doctors", "-doctors", (), ()),
        ('""', '""', (), ()),
        ("--help", "--help", (), ()),
        ("a\0b", "a b", (), ()),
        ("“being fair” tool", "tool being fair", ("being fair",), ()),
        ("the trust’s 2024–25 plan", "the trust's 2024-25 plan", (), ()),
        ("being fair –a guide", "being fair – a guide", (), ()),
        ("sus\u200bpension", "suspension", (), ()),
    ],
)
def test_only_quotes_and_a_leading_minus_are_more_than_text(text, words, phrases, unwanted):
    question = Question.of(text)
    assert (" ".join(question.words.split()), question.phrases, question.unwanted) == (words, phrases, unwanted)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("suspention of nurses", ["suspention", "nurses"]),
        ("what is JCAF or FTSU", ["what"]),
        ("SUSPENTION RULES", ["SUSPENTION", "RULES"]),
        ("the rep", []),
        ('"suspention" rules', ["rules"]),
        ("rules -suspention", ["rules"]),
        ("form AB12CD", ["form"]),
        ("suspention2024 of_docters", []),
        ("suspention" * 26, []),
    ],
)
def test_codes_short_words_and_what_is_quoted_are_left_alone(text, words):
    assert Question.of(text).mistakable() == words


@pytest.mark.parametrize(
    ("typed", "candidates", "meant"),
    [
        ("suspention", [("suspension", 9, 1, 0.6)], "suspension"),
        ("cuture", [("culture", 9, 1, 0.6), ("future", 90, 1, 0.5)], "culture"),  # the same first letter comes first
        ("fiar", [("fair", 9, 2, 0.3)], "fair"),  # two letters the other way round are one slip
        ("fare", [("fair", 9, 2, 0.3)], None),  # too short for two slips
        ("investegaton", [("investigation", 9, 2, 0.6)], "investigation"),
        ("banding", [("barking", 9, 2, 0.3)], None),
        ("parking", [("barking", 9, 1, 0.5)], None),  # hardly anyone mistypes the first letter
        ("dental", [("mental", 9, 1, 0.5)], None),
        ("usspension", [("suspension", 9, 2, 0.5)], "suspension"),
        ("pension", [("person", 9, 2, 0.4), ("suspension", 9, 3, 0.5)], None),
        ("Okonkwa", [("okonkwo", 1, 1, 0.6)], "okonkwo"),
        ("Petersan", [("patterson", 1, 2, 0.4)], None),  # it may well be a name
        ("zyzzyva", [], None),
    ],
)
def test_the_word_that_was_meant(typed, candidates, meant):
    assert likeliest(typed, candidates) == meant


def test_what_is_a_swap():
    assert is_swap("fiar", "fair")
    assert not is_swap("fair", "fair")
    assert not is_swap("faer", "fair")
    assert not is_swap("riaf", "fair")


def test_a_repaired_question_keeps_the_rest():
    question = Question.of('suspention of "all doctors" -nurses').repaired({"suspention": "suspension"})
    assert question.text == 'suspension of "all doctors" -nurses'
    assert question.phrases == ("all doctors",)
