"""What somebody who tried to break the portal found. Each was a fault once."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import OperationalError

from principles.actions import link
from principles.models import LineageLink
from resources.models import Resource
from tests.factories import (
    TESTER,
    EventFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    StartingStepFactory,
    TopicFactory,
    curator,
)
from tests.forms import fields, rows

pytestmark = pytest.mark.django_db


def signed_in(client, *regions, **facts):
    client.force_login(curator(*regions, **facts), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("address", ["ftp://example.org/", "javascript:alert(1)", "https://example.org/" + "x" * 1500])
def test_an_onward_address_that_the_database_would_refuse_is_refused_in_words(client, address):
    item = ResourceFactory(state="published")
    answer = signed_in(client, "north-west").post(
        f"/admin/resources/resource/{item.pk}/withdraw/", {"reason": "Wrong", "onward_url": address}
    )
    assert (answer.status_code, Resource.objects.get().state) == (200, "published")


def test_a_circle_does_not_name_another_regions_draft(client):
    RegionFactory(slug="midlands")
    ours = SetFactory(state="published", title="Ours")
    secret = SetFactory(owner=RegionFactory(slug="midlands"), title="Secret draft")
    middle = SetFactory(state="published", title="Middle")
    link(LineageLink(descendant_set=secret, source_set=ours), by=TESTER)
    link(LineageLink(descendant_set=middle, source_set=secret), by=TESTER)
    answer = signed_in(client, "north-west").post(
        "/admin/principles/lineagelink/add/",
        {"kind": "adapted", "descendant_set": ours.pk, "source_set": middle.pk},
    )
    assert "round in a circle" in answer.text
    assert "something of another region" in answer.text
    assert "Secret draft" not in answer.text


@pytest.mark.parametrize("sources", [{}, {"source_text": "Local policies", "source_set": True}])
def test_a_link_without_a_source_or_with_two_is_refused_in_words(client, sources):
    ours, other = SetFactory(state="published"), SetFactory(state="published")
    sources = {name: other.pk if value is True else value for name, value in sources.items()}
    answer = signed_in(client, "north-west").post(
        "/admin/principles/lineagelink/add/", {"kind": "adapted", "descendant_set": ours.pk, **sources}
    )
    assert "Choose exactly one source, or describe it in words." in answer.text


def test_a_first_step_leads_to_the_end_of_the_line_of_successors(client):
    old, newer, newest = (ResourceFactory(state="published", title=title) for title in ["Old", "Newer", "Newest"])
    step = StartingStepFactory(resource=old)
    for item, successor in [(old, newer), (newer, newest)]:
        Resource.objects.filter(pk=item.pk).update(state="superseded", superseded_by=successor)
    page = client.get(step.point.get_absolute_url()).text
    assert newest.get_absolute_url() in page
    assert newer.get_absolute_url() not in page


def test_without_the_database_a_page_says_come_back_soon(client, monkeypatch):
    def away(*args):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("resources.views.BrowseForm", away)
    answer = client.get("/resources/")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "closed the connection" not in answer.text


@pytest.mark.parametrize("asked", ["password__startswith", "memberships__curator__password__startswith"])
def test_no_list_tells_what_a_password_begins_with(client, asked):
    signed_in(client, "national", role="accounts")
    assert client.get(f"/admin/curation/curator/?{asked}=md5").status_code == 400


NO_NUMBERS = ["abc", "", "1.5", "1\0", "9" * 25, "9" * 5000]


@pytest.mark.parametrize("sent", NO_NUMBERS)
def test_what_is_chosen_in_a_list_and_is_no_number_is_no_fault(client, sent):
    ResourceFactory()
    chosen = {"action": "submit", ACTION_CHECKBOX_NAME: [sent]}
    assert signed_in(client, "north-west").post("/admin/resources/resource/", chosen).status_code == 400


@pytest.mark.parametrize("sent", NO_NUMBERS[:1] + NO_NUMBERS[2:])
@pytest.mark.parametrize("field", ["publisher", "partners", "taggedresource_set-0-tag", "claims-0-source_resource"])
def test_a_choice_that_is_no_number_is_refused_in_words(client, field, sent):
    item = ResourceFactory()
    form = f"/admin/resources/resource/{item.pk}/change/"
    parts = rows("taggedresource_set", {"tag": ""}) | rows("claims", {"value": "59%"})
    answer = signed_in(client, "north-west").post(form, fields(client.get(form)) | parts | {field: sent})
    assert answer.status_code == 200
    assert "Please correct the error" in answer.text


def test_a_choice_in_a_part_of_an_event_that_is_no_number_is_refused_in_words(client):
    form = f"/admin/events/event/{EventFactory().pk}/change/"
    sent = rows("sessions", {"title": "Tea", "order": 1, "resources": ["abc"], "presenter": "abc"})
    answer = signed_in(client, "north-west").post(form, fields(client.get(form)) | sent)
    assert answer.status_code == 200
    assert "Please correct the errors" in answer.text


def test_nobody_waits_for_as_many_parts_as_somebody_says_there_are(client):
    form = f"/admin/resources/resource/{ResourceFactory().pk}/change/"
    sent = {"taggedresource_set-TOTAL_FORMS": 999_999_999}
    answer = signed_in(client, "north-west").post(form, fields(client.get(form)) | sent)
    assert "Please submit at most 333 forms." in answer.text
    assert "taggedresource_set-333-tag" not in answer.text


def test_nor_for_as_many_memberships(client):
    form = f"/admin/curation/curator/{curator('north-west').pk}/change/"
    signed_in(client, "national", role="accounts")
    answer = client.post(form, fields(client.get(form)) | {"memberships-TOTAL_FORMS": 999_999_999})
    assert "Please submit at most 333 forms." in answer.text


@pytest.mark.parametrize("at", ["2026-01-01T00:00:00+23:59", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_that_the_database_does_not_know_is_no_fault(client, at):
    page = f"/admin/resources/resource/{ResourceFactory().pk}"
    signed_in(client, "north-west")
    for name in ("compare", "restore"):
        assert client.get(f"{page}/{name}/", {"at": at}).status_code in {200, 404}
    answer = client.post(f"{page}/restore/", {"at": at})
    assert (answer.status_code, "There is a problem" in answer.text) == (200, True)


def test_the_history_of_an_account_says_who_gave_which_right(client):
    person = curator("north-west", name="Pat Publisher")
    page = signed_in(client, "national", role="accounts").get(f"/admin/curation/curator/{person.pk}/history/").text
    assert "Publisher: also publishes and withdraws" in page


def test_an_absurd_date_in_a_lists_address_is_no_fault(client):
    answer = signed_in(client, "north-west").get("/admin/resources/resource/?created_at__year=99999999")
    assert answer.status_code == 302


def test_another_name_of_a_topic_finds_its_resources_at_once(client):
    topic = TopicFactory()
    ResourceFactory(state="published", title="Being sent home", topics=[topic])
    RegionFactory(slug="national")
    rows = {"other_names-TOTAL_FORMS": 1, "other_names-INITIAL_FORMS": 0, "other_names-0-name": "garden leave"}
    answer = signed_in(client, "national").post(
        f"/admin/resources/topic/{topic.pk}/change/",
        {"name": topic.name, "description": topic.description, "seen_version": topic.version, **rows},
    )
    assert answer.status_code == 302
    assert "Being sent home" in client.get("/search/?q=garden+leave").text
