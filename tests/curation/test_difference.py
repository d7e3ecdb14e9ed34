import time

import pytest

from curation.difference import marked


def test_a_changed_word_in_a_long_text_is_marked_and_what_is_the_same_is_left_out():
    before = "Ask who is hurt.\nThe cat sat on the mat.\nGo home."
    after = "Ask who is hurt.\nThe dog sat on the mat.\nGo home."
    assert marked(before, after) == (
        "…\nThe <del>cat</del> sat on the mat.\n…\n",
        "…\nThe <ins>dog</ins> sat on the mat.\n…\n",
    )


@pytest.mark.parametrize(("before", "after"), [("Draft", "Published"), ("", "New"), ("Old", ""), ("a b", "c d")])
def test_what_has_nothing_in_common_is_not_marked(before, after):
    assert marked(before, after) == (before, after)


def test_what_is_written_is_text_and_never_markup():
    gone, new = marked("Say <script>alert(1)</script> twice", "Say <b>it</b> twice")
    assert (gone.count("<"), new.count("<")) == (2, 2)
    assert "&lt;script&gt;" in gone


@pytest.mark.parametrize("word", ["a ", "\n", "a\n", "a b c d e f g "])
def test_no_text_takes_long(word):
    begun = time.process_time()
    marked(word * (50_000 // len(word)), ("b" + word[1:]) * (50_000 // len(word)))
    marked(word * 400, (word + "b ") * 300)
    assert time.process_time() - begun < 2
