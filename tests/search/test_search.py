"""What people type, and what they find."""

from datetime import timedelta

import pytest
from django.utils import timezone

from curation import actions
from resources.models import Resource
from search.query import documents, marked, search
from tests.factories import TESTER, ResourceFactory

pytestmark = pytest.mark.django_db


def found(text):
    ids = [document.object_id for document in search(text, among=[Resource.objects.visible()])]
    titles = Resource.objects.in_bulk(ids)
    return [titles[pk].title for pk in ids]


def first_extract(text):
    answers = search(text, among=[Resource.objects.visible()])
    return documents(answers, answers.question)[0]


def test_finds_investigation_for_investigating():
    ResourceFactory(state="published", title="Investigations at work")
    assert found("they are investigating me") == ["Investigations at work"]


def test_any_of_the_words_will_do_and_the_one_with_more_of_them_is_first():
    ResourceFactory(state="published", title="Suspension")
    ResourceFactory(state="published", title="Suspension and exclusion of doctors")
    assert found("suspension of doctors")[0] == "Suspension and exclusion of doctors"
    assert len(found("suspension of doctors")) == 2


@pytest.mark.parametrize("text", ["fair", "culture", "patient", "guide"])
def test_quotes_and_dashes_of_a_word_processor_are_no_letters(text):
    ResourceFactory(state="published", title="“Fair” for all", summary="A ‘just culture’—the patient’s guide…", body="")
    assert found(text) == found(f"“{text}”") == found(f"‘{text}’") == ["“Fair” for all"]
    assert first_extract("culture").title == '"Fair" for all'


def test_the_exact_title_comes_first():
    ResourceFactory(state="published", title="Being fair 2", summary="Being fair being fair being fair")
    ResourceFactory(state="published", title="Being fair")
    assert found("being fair")[0] == "Being fair"


def test_what_was_superseded_is_found_below_what_replaced_it_whatever_the_words():
    old = ResourceFactory(state="published", title="Just culture guide")
    new = ResourceFactory(state="published", title="Being fair tool", body="It replaced the guide.")
    ResourceFactory(state="published", title="Another thing", body="One word about culture.")
    actions.supersede(old, by=TESTER, successor=new)
    assert found("just culture guide").index("Being fair tool") < found("just culture guide").index(
        "Just culture guide"
    )


def test_asking_for_something_superseded_by_its_name_gives_its_replacement_and_then_it():
    old = ResourceFactory(state="published", title="A just culture guide")
    new = ResourceFactory(state="published", title="Being fair tool", body="It replaced the guide.")
    for n in range(3):
        ResourceFactory(state="published", title=f"Just culture guide {n} for guides", summary="Just culture, a guide")
    actions.supersede(old, by=TESTER, successor=new)
    assert found("Just Culture Guide")[:2] == ["Being fair tool", "A just culture guide"]


def test_what_was_superseded_by_something_elsewhere_is_still_found_by_its_name():
    ResourceFactory(state="superseded", title="Just culture guide")
    for n in range(3):
        ResourceFactory(state="published", title=f"Another thing {n}", body="One word about culture, and many others.")
    assert found("just culture guide")[0] == "Just culture guide"


@pytest.mark.parametrize("state", ["draft", "in_review", "withdrawn"])
def test_what_is_not_public_is_not_found(state):
    ResourceFactory(state=state, title="Xylophone")
    assert found("xylophone") == []


def test_a_scheduled_item_is_found_at_its_moment_with_nothing_run(monkeypatch):
    moment = timezone.now() + timedelta(days=3)
    ResourceFactory(state="published", title="Xylophone", public_from_at=moment)
    assert found("xylophone") == []
    monkeypatch.setattr("curation.querysets.timezone.now", lambda: moment)
    assert found("xylophone") == ["Xylophone"]


@pytest.mark.parametrize(
    "text",
    ["", "   ", "the of and", "'", '"unbalanced', "!!!", "a & | b", "<->", ":*", "\\", "-" * 33, "- " * 40, "%s %(x)s"],
)
def test_nothing_that_is_typed_is_an_error(text):
    ResourceFactory(state="published")
    assert found(text) == []


def test_an_extract_is_escaped_before_it_is_marked():
    ResourceFactory(state="published", summary="Suspension & exclusion, a < b, and what is fair")
    document = first_extract("suspension")
    expected = "<mark>Suspension</mark> &amp; exclusion, a &lt; b"
    assert expected in marked(document.extract)


def test_an_extract_shows_words_and_none_of_the_marks_of_markdown():
    body = "## What it says\n\n- **suspension** is a [last resort](https://example.org/)\n- `write` it down"
    ResourceFactory(state="published", summary="", body=body)
    document = first_extract("suspension")
    assert document.body == "What it says\nsuspension is a last resort\nwrite it down"


def test_a_curator_cannot_forge_a_mark():
    ResourceFactory(state="published", summary="\x02not marked\x03 suspension")
    document = first_extract("suspension")
    assert marked(document.extract).count("<mark>") == 1
