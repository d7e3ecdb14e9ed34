"""What is kept of readers' searches: enough to learn what is missing, nothing that says who searched or for whom."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client

from resources.models import Resource
from search import index, learning
from search.models import FruitlessSearch, Submission, WordGroup
from tests.curation.test_admin import signed_in
from tests.factories import ResourceFactory, WordGroupFactory, curator

pytestmark = pytest.mark.django_db
QUEUE = "/admin/search/fruitlesssearch/"


@pytest.fixture
def today(monkeypatch):
    """`today(n)`: it is the n-th day."""

    def today(number):
        monkeypatch.setattr("search.learning.timezone.localdate", lambda: date(2026, 12, 1) + timedelta(days=number))

    today(0)
    return today


@pytest.fixture
def library():
    ResourceFactory(state="published", title="Being fair at work", summary="A case of grace on the ward.")
    index.refresh_statistics()


def searched(query, path="/search/"):
    assert Client().get(f"{path}?{query}").status_code == 200


def kept():
    return list(Submission.objects.order_by("words").values_list("words", "page", "results"))


# What is noted


def test_a_search_is_noted_once_a_day_with_what_it_found(library, today):
    for _ in range(3):
        searched("q=fair+work")
        searched("q=Parking")
    assert kept() == [("fair work", "search", 1), ("parking", "search", 0)]
    today(1)
    searched("q=parking")
    assert Submission.objects.filter(words="parking").count() == 2


def test_a_search_of_the_library_is_one_of_its_own_kind(library, today):
    searched("q=fair", "/resources/")
    assert kept() == [("fair", "resources", 1)]


@pytest.mark.parametrize("query", ['"fair pay"', "fair -work"])
def test_what_insists_is_not_noted_since_it_finds_little_of_what_its_words_find(library, today, query):
    searched(f"q={query}")
    assert kept() == []


def test_the_best_that_was_found_that_day_is_what_counts(library, today):
    searched("q=fair")
    Resource.objects.all().update(state="draft", published_at=None)
    searched("q=fair")
    assert kept() == [("fair", "search", 1)]


@pytest.mark.parametrize("more", ["kind=resource", "region=national", "exact=1", "page=1"])
def test_narrowing_and_turning_pages_is_no_search(library, today, more):
    searched(f"q=fair&{more}")
    assert kept() == []


def test_an_empty_field_beside_the_words_changes_nothing(library, today):
    searched("q=fair&kind=&region=")
    assert kept() == [("fair", "search", 1)]


def test_what_somebody_else_did_that_day_cannot_fill_the_table(library, today, monkeypatch):
    monkeypatch.setattr("search.learning.MOST", 3)
    for letter in "abcdefg":
        searched(f"q={letter * 5}")
    assert len(kept()) == 3
    today(1)
    searched("q=parking")
    assert len(kept()) == 4


def test_rows_are_gone_after_ninety_days(library, today):
    searched("q=parking")
    today(90)
    searched("q=fair")
    assert len(kept()) == 2
    today(91)
    searched("q=fair")
    assert {words for words, *_ in kept()} == {"fair"}


def test_nothing_is_noted_while_the_portal_is_read_only(library, today, settings):
    settings.READ_ONLY = "The database is being moved."
    searched("q=fair")
    assert kept() == []


def test_noting_makes_no_new_edition_of_the_site(library, today, django_assert_num_queries):
    from curation.models import ContentVersion

    before = ContentVersion.objects.get().mark
    searched("q=parking")
    assert ContentVersion.objects.get().mark == before


# What is taken out


@pytest.mark.parametrize(
    ("typed", "noted"),
    [
        ("my rep says they cant just suspend me", "my rep says they cant just suspend me"),
        ("Bullying policy", "bullying policy"),
        ("TUPE", "tupe"),
        ("exit interviews, why?", "exit interviews why"),
        ("whistle-blower’s rights", "whistle-blower's rights"),
        # people
        ("bullied by Jane Smith", "bullied by"),
        ("bullied by jane smith on ward", "bullied by on ward"),
        ("Priya Patel grievance", "grievance"),
        ("chinedu okafor appeal", "appeal"),
        ("Zbigniew Brzęczyszczykiewicz complaint", "complaint"),
        ("Mr Xyzzy shouted at me", "at me"),
        ("dr xyzzy plugh shouted", "shouted"),
        ("José grievance", "grievance"),
        ("Quux Frobnicate investigation", "investigation"),
        ("grievance against khan", "grievance against"),
        ("okafor bullying", "bullying"),
        ("smith john bullying", "bullying"),
        ("J. Smith bullying", "bullying"),
        ("john's appraisal", "appraisal"),
        ("mary-jane watson complaint", "complaint"),
        ("mohammed al-fayed complaint", "complaint"),
        ("john de souza complaint", "complaint"),
        ("bullied by иван петров", "bullied by"),
        ("grace", "grace"),  # a word of something here
        ("grace smith investigation", "investigation"),  # and a name
        # numbers and addresses
        ("suspended since 12/03/2026", "suspended since"),
        ("case HR-2026-114 hearing", "case hearing"),
        ("call 07700 900123 please", "call please"),
        ("nhs number 943 476 5919 record", "nhs number record"),
        ("someone@example.nhs.uk told me", "told me"),
        ("see https://example.org/a?b=c now", "see now"),
        ("12 Acacia Avenue noise", "noise"),
        ("12 st. john's road noise", "noise"),
        ("I live in LS1 4AP leeds", "i live in leeds"),
        # nothing is left
        ("Jane Smith", ""),
        ("07700 900123", ""),
        ("?!", ""),
        ("a" * 101, ""),
        ("\ufdfa" * 100, ""),  # one letter stands for eighteen
    ],
)
def test_what_could_say_whom_it_was_about_is_taken_out(library, typed, noted):
    assert learning.cleaned(typed) == noted


def test_words_that_search_takes_for_others_are_no_names():
    assert learning.cleaned("Martha Rule") == ""
    WordGroupFactory(words=["martha's rule", "martha rule"])
    assert learning.cleaned("Martha Rule") == "martha rule"


# What curators learn


def in_vain(today, words, days=3):
    for n in range(days):
        today(n)
        searched(f"q={words}")


def test_words_come_before_a_curator_after_three_days(library, today):
    browser = signed_in(curator("north-west"))
    in_vain(today, "parking", days=2)
    searched("q=parking", "/resources/")
    assert "parking" not in browser.get(QUEUE).content.decode()
    today(2)
    searched("q=parking")
    html = browser.get(QUEUE).content.decode()
    assert "parking" in html
    assert "In the queue" in html


def test_the_queue_has_first_what_is_open_and_was_wanted_longest(library, today):
    in_vain(today, "parking")
    in_vain(today, "payslip", days=4)
    FruitlessSearch.objects.create(words="allotment", outcome="not_for_us")
    html = signed_in(curator("north-west")).get(QUEUE).content.decode()
    assert html.index("payslip") < html.index("parking") < html.index("allotment")


def test_what_finds_enough_is_not_fruitless(today):
    for n in range(3):
        ResourceFactory(state="published", title=f"Fair {n}")
    in_vain(today, "fair")
    assert not FruitlessSearch.objects.exists()


def test_the_queue_says_how_often_and_when(library, today):
    in_vain(today, "parking", days=4)
    (item,) = FruitlessSearch.objects.with_days()
    assert (item.days, item.last_on, item.results) == (4, date(2026, 12, 4), 0)


@pytest.fixture
def parking(library, today):
    in_vain(today, "parking")
    return FruitlessSearch.objects.get()


@pytest.fixture
def national():
    return signed_in(curator("national"))


def act(browser, item, verb, **facts):
    return browser.post(f"{QUEUE}{item.pk}/{verb}/", facts, follow=True)


def test_a_synonym_is_seen_at_work_at_once(parking, national):
    html = act(national, parking, "synonym", others="fair at work").content.decode()
    assert "now has 1 result." in html
    assert "Being fair at work" in Client().get("/search/?q=parking").content.decode()
    parking.refresh_from_db()
    assert (parking.outcome, parking.note) == ("synonym", "Finds: fair at work")
    group = WordGroup.objects.get()
    assert (group.relation, group.words, group.leads_to) == ("one_way", ["parking"], ["fair at work"])


def test_words_that_mean_the_same(parking, national):
    act(national, parking, "synonym", others="fair, being fair", both_ways="on")
    group = WordGroup.objects.get()
    assert (group.relation, group.words, group.leads_to) == ("equal", ["parking", "fair", "being fair"], [])


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ("", "This field is required."),
        (" , ,", "Give at least one word."),
        ("garage", "A search for “garage” finds nothing either."),
        ("fair, garage", "A search for “garage” finds nothing either."),
        ("x" * 301, "at most 300 characters"),
    ],
)
def test_other_words_that_would_not_help_are_refused(parking, national, others, told):
    assert told in act(national, parking, "synonym", others=others).content.decode()
    assert not WordGroup.objects.exists()
    parking.refresh_from_db()
    assert parking.outcome == ""


@pytest.mark.parametrize(
    ("verb", "outcome", "said"),
    [("commission", "commissioned", "Commissioned"), ("not-for-us", "not_for_us", "Not for us")],
)
def test_it_is_settled_with_a_reason_and_can_be_opened_again(parking, national, verb, outcome, said):
    assert "This field is required." in act(national, parking, verb, note="").content.decode()
    html = act(national, parking, verb, note="Estates looks after it.").content.decode()
    assert said in html
    parking.refresh_from_db()
    assert (parking.outcome, parking.note) == (outcome, "Estates looks after it.")
    page = national.get(f"{QUEUE}{parking.pk}/change/").content.decode()
    assert "Estates looks after it." in page
    act(national, parking, "reopen")
    parking.refresh_from_db()
    assert parking.outcome == ""
    assert "Estates looks after it." in national.get(f"{QUEUE}{parking.pk}/history/").content.decode()


@pytest.mark.parametrize("verb", ["synonym", "commission", "not-for-us", "reopen", "erase"])
def test_curators_of_a_region_look_and_national_ones_settle(parking, verb):
    browser = signed_in(curator("north-west"))
    assert browser.get(f"{QUEUE}{parking.pk}/change/").status_code == 200
    assert act(browser, parking, verb, others="fair", note="x").status_code == 403
    parking.refresh_from_db()
    assert parking.outcome == ""


def test_words_that_should_not_be_there_are_erased(parking, national):
    assert "The words are erased" in act(national, parking, "erase").content.decode()
    assert not FruitlessSearch.objects.exists()
    assert not Submission.objects.filter(words="parking").exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(h::text, ' ') FROM search_fruitlesssearchhistory AS h")
        assert "parking" not in cursor.fetchone()[0]


def test_many_are_settled_at_once(library, today, national):
    in_vain(today, "parking")
    in_vain(today, "payslip")
    chosen = [item.pk for item in FruitlessSearch.objects.all()]
    page = national.post(QUEUE, {"action": "not-for-us", "_selected_action": chosen})
    assert page.status_code == 200
    assert "Why" in page.content.decode()


def test_what_nobody_searches_for_any_more_leaves_the_queue_by_night(parking, today):
    FruitlessSearch.objects.create(words="payslip", outcome="commissioned", note="In spring.")
    learning.forget()
    assert FruitlessSearch.objects.count() == 2
    today(200)
    learning.forget()
    assert [item.words for item in FruitlessSearch.objects.all()] == ["payslip"]


def test_the_queue_grows_no_longer_than_anyone_reads(library, today, monkeypatch):
    FruitlessSearch.objects.bulk_create(FruitlessSearch(words=f"word {n}") for n in range(learning.MOST_OPEN))
    in_vain(today, "parking")
    assert not FruitlessSearch.objects.filter(words="parking").exists()


def test_nobody_adds_or_changes_words_by_hand(parking, national):
    assert national.get(f"{QUEUE}add/").status_code == 403
    assert national.post(f"{QUEUE}{parking.pk}/change/", {"words": "other"}).status_code == 403
