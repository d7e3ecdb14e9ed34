"""Advice beside the form: what would make a text easier to read. It never stops a save."""

from itertools import islice, product

import pytest
from django.test import Client

from curation import actions, advice, copies, past
from resources.models import Resource
from tests.effort import growth
from tests.factories import TESTER, EventFactory, ResourceFactory, SetFactory, curator, version_of
from tests.forms import fill_in

pytestmark = pytest.mark.django_db
LONG = "This sentence goes on and on with " + "many " * 14 + "words until nobody knows how it began."
HARD = "Organisational disciplinary investigations necessitate comprehensive procedural documentation. " * 10
PLAIN = "We want work to be fair. Talk to your team. Ask what went well. Say sorry if it did not. " * 4


def advised(**facts):
    return advice.of(ResourceFactory(**{"summary": "What it is.", **facts}))


def test_good_text_gets_none():
    assert advised(body=PLAIN) == []


def test_a_missing_summary():
    assert advised(summary="") == ["There is no summary. It is what readers see in lists and in search."]


def test_long_sentences_are_named_by_how_they_begin():
    (sentence,) = advised(body=f"Short one. {LONG} Another short one.")
    assert sentence == "Description: 1 sentence has more than 20 words: “This sentence goes on and on …” (28 words)."


def test_items_of_a_list_and_headings_are_no_part_of_a_sentence():
    assert advised(body="## A heading of five words\n\n" + "\n".join(["- one of many short things"] * 9)) == []


def test_reading_age_tells_plain_from_hard_and_says_nothing_of_little():
    assert advice.reading_age(PLAIN) <= 9
    assert advice.reading_age(HARD) > 25
    assert advice.reading_age("Too short to say.") is None


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("fair", 1),
        ("very", 2),
        ("agreed", 2),
        ("made", 1),
        ("people", 2),
        ("suspended", 3),
        ("restorative", 4),
        ("the", 1),
    ],
)
def test_syllables_are_counted_nearly_as_they_are_spoken(word, count):
    assert abs(advice.syllables(word) - count) <= (word == "agreed")


def test_hard_reading_is_said_with_the_age():
    (sentence,) = advised(body=HARD)
    assert sentence.startswith("It reads as for the age of ")
    assert "Aim for 9 to 11" in sentence


@pytest.mark.parametrize("words", ["click here", "Here", "Read more", "this link"])
def test_links_that_do_not_say_where_they_lead(words):
    (sentence,) = advised(body=f"For the guide, [{words}](https://example.org/).")
    assert sentence == f"Description: the link “{words}” does not say where it leads."


@pytest.mark.parametrize(
    ("body", "is_advised"),
    [
        ("The SPF meets.", True),
        ("The Social Partnership Forum (SPF) meets. The SPF is ours.", False),
        ("The SPF (Social Partnership Forum) meets.", False),
        ("The NHS in the UK has a PDF.", False),
    ],
)
def test_abbreviations_are_explained_once(body, is_advised):
    assert any("Say what SPF stands for" in sentence for sentence in advised(body=body)) == is_advised


def test_a_case_study_says_how_far_it_has_come():
    assert [sentence[:12] for sentence in advised(kind="case_study")] == ["A case study"]
    assert advised(kind="case_study", stage="pilot") == []
    assert advised(kind="guide") == []


def test_parts_are_read_too_and_named():
    item = EventFactory()
    item.sessions.create(title="Tea", text=LONG)
    assert advice.of(item)[0].startswith("About of “Tea”: 1 sentence")
    version = version_of(SetFactory(), "Fairness", publish=False)
    version.texts.update(text=LONG)
    assert advice.of(version)[0].startswith("Text of “Fairness”: 1 sentence")


def test_two_parts_of_one_name_are_both_read():
    item = EventFactory()
    for order in (1, 2):
        item.sessions.create(title="Tea", text=f"{LONG} {order}.", order=order)
    assert len([one for one in advice.of(item) if one.startswith("About of “Tea”")]) == 2


def test_a_working_copy_is_advised_about_as_it_will_be():
    item = ResourceFactory(state="published")
    said = past.now(item)
    copy = copies.write(item, {**said, "fields": {**said["fields"], "summary": ""}}, by=TESTER)
    assert advice.of(copy) == ["There is no summary. It is what readers see in lists and in search."]


# Where it is read


MANY = map("".join, product("ABCDEFGHIJKLMNOPQRSTUVWXYZ", repeat=4))


@pytest.mark.parametrize("odd", ["[" * 50_000, "[a" * 25_000, " ".join(islice(MANY, 10_000))])
def test_sixteen_times_the_text_takes_nothing_like_its_square_as_long_whatever_it_is(odd):
    """That would be 256 times, and hold a save up until it is refused."""
    assert growth(lambda body: advised(body=body), odd[:3_125], odd[:50_000]) < 64


@pytest.fixture
def browser():
    client = Client()
    client.force_login(curator("north-west"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_saving_goes_ahead_and_says_how_much_could_be_better(browser):
    typed = {"title": "Being fair", "slug": "being-fair", "kind": "guide", "body": f"{LONG} [here](https://a.example/)"}
    saved = fill_in(browser, "/admin/resources/resource/add/", **typed)
    page = browser.get(saved.headers["Location"])
    assert "3 things could be better. Its form says what. This stops nothing." in page.content.decode()
    assert Resource.objects.exists()


@pytest.mark.parametrize("page", ["change", "submit", "publish"])
def test_its_form_and_whoever_sends_or_approves_it_read_the_advice(browser, page):
    item = actions.submit(ResourceFactory(), by=curator("north-west")) if page == "publish" else ResourceFactory()
    Resource.objects.filter(pk=item.pk).update(summary="")
    shown = browser.get(f"/admin/resources/resource/{item.pk}/{page}/").content.decode()
    assert "There is no summary." in shown


def test_whoever_approves_a_working_copy_reads_it_too(browser):
    item = ResourceFactory(state="published")
    said = past.now(item)
    copy = copies.write(item, {**said, "fields": {**said["fields"], "summary": ""}}, by=TESTER)
    for page in [f"/admin/curation/workingcopy/{copy.pk}/change/", f"/admin/curation/workingcopy/{copy.pk}/approve/"]:
        assert "There is no summary." in browser.get(page).content.decode()
    assert "There is no summary." in browser.get(f"/admin/resources/resource/{item.pk}/change/").content.decode()
