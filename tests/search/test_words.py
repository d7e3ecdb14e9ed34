"""Other words for the same thing, as curators have grouped them."""

import pytest
from django.core.exceptions import ValidationError

from search.models import WordGroup
from tests.curation.test_admin import signed_in
from tests.factories import ResourceFactory, WordGroupFactory, curator
from tests.search.test_search import found

pytestmark = pytest.mark.django_db


@pytest.fixture
def library():
    for title in ["Whistleblowing", "Freedom to speak up guardians", "Ambassadors"]:
        ResourceFactory(state="published", title=title, summary="")


def test_any_of_the_words_finds_the_others(library):
    WordGroupFactory(words=["FTSU", "freedom to speak up", "whistleblowing"])
    assert set(found("ftsu")) == set(found("FTSU")) == {"Whistleblowing", "Freedom to speak up guardians"}
    assert found("whistleblowing") == ["Whistleblowing", "Freedom to speak up guardians"]  # what was typed comes first
    assert set(found("freedom to speak up")) == {"Whistleblowing", "Freedom to speak up guardians"}


def test_words_in_another_form_are_the_same_words(library):
    WordGroupFactory(words=["guardian", "ambassador"])
    assert set(found("guardians")) == {"Freedom to speak up guardians", "Ambassadors"}


def test_one_way_is_not_the_other_way(library):
    WordGroupFactory(relation="one_way", words=["guardian"], leads_to=["ambassador"])
    assert set(found("guardian")) == {"Freedom to speak up guardians", "Ambassadors"}
    assert found("ambassador") == ["Ambassadors"]


def test_one_way_is_gone_back_when_there_is_no_other_answer(library):
    WordGroupFactory(relation="one_way", words=["guardian"], leads_to=["protector", "sworn protector"])
    assert found("protector") == found("a sworn protector") == ["Freedom to speak up guardians"]
    assert found("protector ambassadors") == ["Ambassadors"]
    trap = WordGroupFactory(relation="trap", words=["protector"], leads_to=["guardian"])
    assert found("protector") == []
    trap.delete()
    WordGroup.objects.update(is_retired=True)
    assert found("protector") == []


def test_a_trap_holds_whatever_other_groups_say(library):
    WordGroupFactory(words=["guardian", "ambassador"])
    WordGroupFactory(relation="trap", words=["ambassador"], leads_to=["guardian"])
    assert found("guardian") == ["Freedom to speak up guardians"]
    assert found("ambassador") == ["Ambassadors"]


def test_a_phrase_of_common_words_is_taken_letter_by_letter(library):
    WordGroupFactory(words=["being open", "whistleblowing"])
    assert found("opened") == []
    assert found("being open") == ["Whistleblowing"]


def test_a_group_that_was_retired_leads_nowhere(library):
    WordGroupFactory(words=["FTSU", "whistleblowing"], is_retired=True)
    assert found("ftsu") == []


@pytest.mark.parametrize(
    "facts",
    [
        {"words": ["alone"]},
        {"words": ["one", "two"], "leads_to": ["three"]},
        {"relation": "one_way", "words": ["one"]},
        {"relation": "trap", "words": [], "leads_to": ["one"]},
    ],
)
def test_half_a_group_is_refused_in_plain_words(facts):
    with pytest.raises(ValidationError, match=r"at least|cannot be blank"):
        WordGroup(**facts).full_clean()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("parking, garage", ["parking", "garage"]),
        (" parking ,, car  park , ", ["parking", "car park"]),
        ("worker’s rights, pay", ["worker's rights", "pay"]),
    ],
)
def test_what_a_curator_writes_between_commas_are_the_words(typed, kept):
    data = {"relation": "equal", "words": typed, "seen_version": ""}
    answer = signed_in(curator("national")).post("/admin/search/wordgroup/add/", data)
    assert answer.status_code == 302
    assert WordGroup.objects.get().words == kept


def test_more_words_than_a_search_should_look_at_are_refused():
    data = {"relation": "equal", "words": ",".join(f"word{n}" for n in range(31)), "seen_version": ""}
    answer = signed_in(curator("national")).post("/admin/search/wordgroup/add/", data)
    assert "List contains 31 items, it should contain no more than 30." in answer.content.decode()
