"""Two curators who act at the same moment, each in a transaction of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection
from django.test import Client

from curation import actions, copies, past
from curation.states import NotAllowed
from resources.models import Resource
from tests.factories import ResourceFactory, curator
from tests.forms import fields


def test_of_two_who_save_at_once_one_is_shown_what_the_other_changed(own_database):
    item = ResourceFactory(state="published", title="Before")
    address = f"/admin/resources/resource/{item.pk}/change/"
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.force_login(curator("north-west"), backend="django.contrib.auth.backends.ModelBackend")
    begun, together = fields(browsers[0].get(address)), Barrier(2)

    def save(number):
        together.wait()
        try:
            return browsers[number].post(address, {**begun, "title": f"Title {number}"})
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(save, [0, 1]))
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    (refused,) = [answer for answer in answers if answer.status_code == 200]
    assert "“Before” became “Title " in refused.content.decode()
    assert Resource.objects.get().title == "Before"


def test_of_two_who_approve_at_once_one_is_told_that_it_is_done(own_database):
    item, writer = ResourceFactory(state="published", title="Before"), curator("north-west")
    said = past.now(item)
    copy = copies.write(item, {**said, "fields": {**said["fields"], "title": "After"}}, by=writer)
    actions.submit(copy, by=writer)
    others, together = [curator("north-west"), curator("north-west")], Barrier(2)

    def approve(person):
        together.wait()
        try:
            return copies.approve(copy, by=person).title
        except NotAllowed as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        told = sorted(both.map(approve, others))
    assert told == ["After", "It is no longer there. Somebody else has dealt with it meanwhile."]
    assert Resource.objects.get().version == 3
