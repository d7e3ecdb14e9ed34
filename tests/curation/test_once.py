"""A form that is sent twice, by a double click or a browser that tries again, is saved once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from curation import history, once
from curation.models import GuestLink, SentForm
from principles.models import SetVersion
from resources.models import Resource
from tests.curation.test_admin import signed_in
from tests.factories import TESTER, ResourceFactory, SetFactory, curator
from tests.forms import fields

ADD = "/admin/resources/resource/add/"
NEW = {"title": "Being fair", "slug": "being-fair", "kind": "guide", "summary": "How to be fair."}


@pytest.fixture
def browser(db):
    return signed_in(curator("north-west"))


def twice(browser, address, **typed):
    form = {**fields(browser.get(address)), **typed}
    return browser.post(address, form), browser.post(address, form)


def at_once(browsers, send):
    together = Barrier(len(browsers))

    def press(browser):
        together.wait()
        try:
            return send(browser)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(browsers)) as all_of_them:
        return list(all_of_them.map(press, browsers))


def test_a_form_that_is_sent_again_is_led_where_the_first_one_was(browser):
    first, second = twice(browser, ADD, **NEW)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.headers["Location"] == second.headers["Location"]
    assert Resource.objects.count() == 1


def test_an_edit_that_is_sent_again_is_one_change_and_no_conflict(browser):
    item = ResourceFactory(title="Before")
    address = f"/admin/resources/resource/{item.pk}/change/"
    answers = twice(browser, address, title="After")
    assert [answer.status_code for answer in answers] == [302, 302]
    item.refresh_from_db()
    assert (item.title, [act.verb for act in history.of(item, seen_by=TESTER)].count("edited")) == ("After", 1)


@pytest.mark.parametrize(
    ("verb", "made"), [("new-version", SetVersion.objects.count), ("share-preview", GuestLink.objects.count)]
)
def test_a_verb_that_is_sent_again_is_done_once(browser, verb, made):
    item = SetFactory()
    before = made()
    answers = twice(browser, f"/admin/principles/principleset/{item.pk}/{verb}/")
    assert [answer.status_code for answer in answers] == [302, 302]
    assert made() == before + 1


def test_of_two_clicks_in_one_moment_one_waits_and_both_see_the_one_that_was_made(own_database):
    person = curator("north-west")
    browsers = [signed_in(person) for _ in range(4)]
    form = {**fields(browsers[0].get(ADD)), **NEW}
    answers = at_once(browsers, lambda browser: browser.post(ADD, form))
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert Resource.objects.count() == 1


def test_what_was_refused_can_be_put_right_and_sent(browser):
    first, second = twice(browser, ADD, **{**NEW, "title": ""})
    assert [first.status_code, second.status_code] == [200, 200]
    assert browser.post(ADD, {**fields(second), "title": "Being fair"}).status_code == 302
    assert Resource.objects.count() == 1


def test_what_was_typed_after_going_back_is_another_form_and_is_not_lost(browser):
    form = {**fields(browser.get(ADD)), **NEW}
    browser.post(ADD, form)
    again = browser.post(ADD, {**form, "summary": "Something else."})
    assert "Something else." in again.content.decode()  # the address is taken: told, with all that was typed


def test_two_curators_with_the_same_form_are_two(browser):
    form = {**fields(browser.get(ADD)), **NEW}
    browser.post(ADD, form)
    another = signed_in(curator("north-west"))
    refused = another.post(ADD, form)
    assert (refused.status_code, Resource.objects.count()) == (200, 1)  # that address is taken


def test_what_stopped_halfway_is_done_when_it_is_sent_again(browser, monkeypatch):
    browser.raise_request_exception = False
    form = {**fields(browser.get(ADD)), **NEW}
    with monkeypatch.context() as broken:
        broken.setattr(Resource, "save", lambda *args, **kwargs: 1 / 0)
        assert browser.post(ADD, form).status_code == 500
    assert not SentForm.objects.exists()
    assert browser.post(ADD, form).status_code == 302
    assert Resource.objects.count() == 1


def test_a_day_later_it_is_forgotten(browser):
    twice(browser, ADD, **NEW)
    SentForm.objects.update(sent_at=timezone.now() - timedelta(hours=25))
    once.forget_old()
    assert not SentForm.objects.exists()


def test_what_is_kept_says_nothing_of_what_was_typed(browser):
    twice(browser, ADD, **NEW)
    kept = str(SentForm.objects.values())
    assert "fair" not in kept
