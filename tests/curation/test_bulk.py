"""One verb for many items: chosen in a list, asked about with numbers, done one by one, and back to the same list."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from curation import bulk
from resources.models import Resource
from tests.curation.test_admin import signed_in
from tests.factories import RegionFactory, ResourceFactory, curator
from tests.forms import fields

pytestmark = pytest.mark.django_db
LIST = "/admin/resources/resource/"


@pytest.fixture
def pat():
    return curator("north-west", name="Pat Publisher")


@pytest.fixture
def browser(pat):
    return signed_in(pat)


def choose(client, verb, *items, at=LIST, **more):
    return client.post(at, {"action": verb, ACTION_CHECKBOX_NAME: [item.pk for item in items], **more}, follow=True)


def say_yes(client, page, at=LIST, **typed):
    return client.post(at, {**fields(page), **typed}, follow=True)


def told(page):
    return [str(message) for message in page.context["messages"]]


def states(*items):
    return [Resource.objects.get(pk=item.pk).state for item in items]


def test_it_asks_with_numbers_and_names_before_anything_is_done(browser):
    drafts = [ResourceFactory(title=title) for title in ("Being fair", "Being kind")]
    public = ResourceFactory(title="Being seen", state="published")
    page = choose(browser, "submit", *drafts, public)
    text = page.content.decode()
    assert "<h1>Send for review: 2 resources</h1>" in text
    assert "<li>Being fair</li>" in text
    assert "Left as they are: 1 resource" in text
    assert "<li>Being seen: Its state is “published”.</li>" in text
    assert states(*drafts, public) == ["draft", "draft", "published"]


def test_saying_yes_does_it_with_each_and_comes_back_to_the_list_as_it_was_filtered(browser):
    drafts, public = [ResourceFactory(), ResourceFactory()], ResourceFactory(title="Being seen", state="published")
    filtered = f"{LIST}?kind__exact=guide"
    page = say_yes(browser, choose(browser, "submit", *drafts, public, at=filtered), at=filtered)
    assert page.redirect_chain == [(filtered, 302)]
    assert told(page) == [
        "Send for review: done for 2 resources.",
        "Not done for “Being seen”. Its state is “published”.",
    ]
    assert states(*drafts, public) == ["in_review", "in_review", "published"]


def test_each_keeps_a_history_of_its_own(browser, pat):
    from curation import history

    drafts = [ResourceFactory(), ResourceFactory()]
    say_yes(browser, choose(browser, "submit", *drafts))
    acts = [history.of(item, seen_by=pat)[0] for item in drafts]
    assert [(act.who, act.verb) for act in acts] == [("Pat Publisher", "sent for review")] * 2


def test_nothing_to_do_is_said_and_there_is_no_button(browser):
    page = choose(browser, "submit", ResourceFactory(state="published"))
    assert "This can be done with none of them." in page.content.decode()
    assert 'type="submit" class="default"' not in page.content.decode().split("submit-row")[1]


def test_who_wrote_it_cannot_publish_it_among_others(browser, pat):
    own, anothers = ResourceFactory(title="Mine"), ResourceFactory(title="Theirs", state="in_review")
    say_yes(browser, choose(browser, "submit", own))
    page = choose(browser, "publish", own, anothers)
    assert "Left as they are: 1 resource" in page.content.decode()
    say_yes(browser, page)
    assert states(own, anothers) == ["in_review", "published"]


def test_what_the_verb_asks_is_asked_once_for_all_and_bad_input_loses_nothing(browser):
    items = [ResourceFactory(state="published"), ResourceFactory(state="published")]
    page = choose(browser, "review", *items)
    wrong = say_yes(browser, page, due="1 January 2020")
    assert "There is a problem" in wrong.content.decode()
    assert "1 January 2020" in wrong.content.decode()
    say_yes(browser, wrong, due="2027-06-01")
    assert {str(item.review_due_on) for item in Resource.objects.all()} == {"2027-06-01"}


def test_what_was_dealt_with_meanwhile_is_left_and_said(browser):
    first, second = ResourceFactory(title="First"), ResourceFactory(title="Second")
    page = choose(browser, "submit", first, second)
    choose_again = choose(signed_in(curator("north-west")), "submit", second)
    say_yes(signed_in(curator("north-west")), choose_again)
    assert told(say_yes(browser, page)) == [
        "Send for review: done for 1 resource.",
        "Not done for “Second”. Its state is “in review”.",
    ]


def test_another_regions_items_cannot_be_slipped_in(browser):
    mine, theirs = ResourceFactory(), ResourceFactory(title="Theirs", owner__slug="london")
    page = choose(browser, "submit", mine, theirs)
    assert "Theirs" not in page.content.decode()
    sent = {**fields(page), ACTION_CHECKBOX_NAME: [mine.pk, theirs.pk]}
    assert "Theirs" not in browser.post(LIST, sent, follow=True).content.decode()
    assert states(mine, theirs) == ["in_review", "draft"]


def offered(person, at=LIST):
    page = signed_in(person).get(at)
    form = page.context.get("action_form")
    return [name for name, _ in form.fields["action"].choices if name] if form else []


def test_a_list_offers_what_its_curator_may_do_with_something_in_it():
    ResourceFactory()
    ResourceFactory(owner__slug="london", state="published")
    written = ["submit", "take-back", "review", "delete-draft"]
    assert offered(curator("north-west", role="editor")) == written
    assert offered(curator("north-west")) == ["submit", "take-back", "publish", "review", "delete-draft"]
    assert "hand-over" in offered(curator("national"))
    assert offered(curator("yorkshire-and-humber")) == []
    assert offered(curator("national", role="accounts")) == []


def test_a_list_to_choose_from_in_a_pop_up_offers_no_verbs(pat):
    ResourceFactory()
    assert offered(pat, at=f"{LIST}?_popup=1") == []


def test_a_verb_that_is_not_offered_does_nothing(browser):
    item = ResourceFactory()
    for verb in ["withdraw", "delete_selected", "rename"]:
        choose(browser, verb, item, confirmed="yes")
    assert states(item) == ["draft"]


def test_more_than_can_be_looked_through_is_refused_in_words(browser, monkeypatch):
    monkeypatch.setattr(bulk, "MOST", 2)
    items = [ResourceFactory() for _ in range(3)]
    page = choose(browser, "submit", *items)
    assert told(page) == ["Nothing was done. At most 2 can be dealt with at once: choose fewer."]


def test_drafts_are_deleted_together_and_their_history_stays(browser, pat):
    from curation import history

    items = [ResourceFactory(), ResourceFactory()]
    say_yes(browser, choose(browser, "delete-draft", *items))
    assert not Resource.objects.exists()
    assert [history.of(item, seen_by=pat)[0].verb for item in items] == ["deleted"] * 2


def test_a_national_curator_gives_many_to_another_region_at_once():
    london, national = RegionFactory(slug="london"), signed_in(curator("national"))
    items = [ResourceFactory(state="published"), ResourceFactory(state="published")]
    page = choose(national, "hand-over", *items)
    assert "This field is required." in say_yes(national, page).content.decode()
    say_yes(national, page, owner=london.pk)
    assert {item.owner for item in Resource.objects.all()} == {london}
