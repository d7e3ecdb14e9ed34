"""What somebody who tried to break the portal found. Each was a fault once."""

import pytest
from django.db import OperationalError

from principles.actions import link
from principles.models import LineageLink
from resources.models import Resource
from tests.factories import (
    TESTER,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    StartingStepFactory,
    TopicFactory,
    curator,
)

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


def test_no_list_tells_what_a_password_begins_with(client):
    signed_in(client, "national", role="accounts")
    assert client.get("/admin/curation/curator/?password__startswith=md5").status_code == 400


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
