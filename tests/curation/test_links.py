"""Links for people without an account: what they show, to whom, until when, and that nothing else comes of them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from curation import actions, links
from curation.models import Curator, GuestLink
from curation.states import NotAllowed
from tests.factories import TESTER, EventFactory, ResourceFactory, SetFactory, curator, version_of

FAILURE = "This link does not work"


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(links, "misses", links.Misses(most=30, seconds=900, senders=100))


@pytest.fixture
def person(db):
    return curator("north-west")


@pytest.fixture
def item(person):
    return ResourceFactory(title="Not out yet", body="The heron.")


def share(item, person, **options):
    """The path of a new link."""
    address = actions.share_preview(item, by=person, **options)
    return address[address.index("/link/") :]


def shows(path, text="Not out yet"):
    answer = Client().get(path)
    assert answer.status_code == (200 if text in answer.content.decode() else 404)
    return answer.status_code == 200


@pytest.mark.parametrize("kind", [ResourceFactory, SetFactory, EventFactory])
def test_somebody_without_an_account_sees_a_draft(person, kind):
    item = kind(title="Not out yet")
    assert shows(share(item, person))


def test_the_text_of_a_draft_set_is_there(person):
    item = SetFactory(title="Not out yet")
    version_of(item, "Ask before you blame", publish=False)
    assert shows(share(item, person), "Ask before you blame")


def test_it_says_what_it_is_and_how_it_came(item, person):
    page = Client().get(share(item, person)).content.decode()
    assert "You see this by a link that was shared with you." in page
    assert "Only curators can see this page" not in page


def test_nothing_leads_back_to_it(item, person):
    path = share(item, person)
    token = path.split("/")[2]
    assert len(token) >= 43  # 256 bits
    link = GuestLink.objects.get()
    told = [str(value) for value in link.__dict__.values()]
    told += [str(value) for event in link.history.all() for value in event.__dict__.values()]
    assert not any(token in value for value in told)
    answer = Client().get(path)
    assert token not in answer.content.decode()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert not answer.cookies


def test_a_guest_sees_that_one_item_and_no_other_draft(item, person):
    other = ResourceFactory(title="Another draft", slug="another-draft")
    event = EventFactory(title="Not out yet")
    session = event.sessions.create(title="About it")
    session.resources.add(other)
    page = Client().get(share(event, person)).content.decode()
    assert "About it" in page
    assert "Another draft" not in page
    assert "another-draft" not in page


def publish(item, person):
    actions.publish(item, by=TESTER)


def edit(item, person):
    type(item).objects.filter(pk=item.pk).update(version=item.version + 1, body="Another heron.")


def submit(item, person):
    actions.submit(item, by=person)


def take_back(item, person):
    actions.end_links(item, by=person)


def close_account(item, person):
    Curator.objects.filter(pk=person.pk).update(is_active=False)


def take_rights_away(item, person):
    person.memberships.all().delete()


def move_to_another_region(item, person):
    other = curator("yorkshire-and-humber").memberships.get().region
    type(item).objects.filter(pk=item.pk).update(owner=other)


def delete(item, person):
    actions.delete_draft(item, by=person)


def wait(item, person):
    GuestLink.objects.update(ends_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    "happens",
    [publish, edit, submit, take_back, close_account, take_rights_away, move_to_another_region, delete, wait],
)
def test_what_ends_it(item, person, happens):
    path = share(item, person)
    assert shows(path)
    happens(item, person)
    assert not shows(path)


def test_every_failure_is_the_same_page(item, person):
    path = share(item, person)
    token = path.split("/")[2]
    wait(item, person)
    ended = Client().get(path)
    tries = [
        f"/link/{word}/" for word in ["never-made", token[:-1], token + "x", token.swapcase(), "a" * 900, "é", "%22"]
    ]
    for answer in map(Client().get, tries):
        assert (answer.status_code, answer.content, answer.headers) == (404, ended.content, ended.headers)
    assert FAILURE in ended.content.decode()
    assert "Not out yet" not in ended.content.decode()


def test_only_reading_is_answered_and_changes_nothing(item, person):
    path = share(item, person)
    assert Client().head(path).status_code == 200
    assert Client(enforce_csrf_checks=True).post(path, {"note": "Mine"}).status_code == 405
    assert shows(path)


def test_many_misses_and_nobody_looks_for_yours(item, person, django_assert_num_queries):
    path, guesser = share(item, person), Client(REMOTE_ADDR="192.0.2.7")
    for number in range(30):
        assert guesser.get(f"/link/guess-{number}/").status_code == 404
    with django_assert_num_queries(0):
        assert guesser.get(path).status_code == 404
    assert shows(path)  # for everyone else


def test_senders_are_not_remembered_for_long_or_in_numbers():
    misses = links.Misses(most=1, seconds=0, senders=3)
    for number in range(10):
        misses.add(f"192.0.2.{number}")
    assert len(misses._seen) == 3
    assert not misses.too_many("192.0.2.9")


def test_what_readers_see_is_not_shared_this_way(person):
    with pytest.raises(NotAllowed, match="share its own address"):
        actions.share_preview(ResourceFactory(state="published"), by=person)
    assert not GuestLink.objects.exists()


def test_a_curator_shares_and_takes_back(item, person, client):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/admin/resources/resource/{item.pk}/"
    page = client.post(f"{address}share-preview/", {"for_whom": "the policy group", "days": "7"}, follow=True)
    text = page.content.decode()
    path = text[text.index("/link/") :].split("<")[0].split()[0]
    assert shows(path)
    assert "Shared with the policy group" in text
    again = client.get(f"{address}change/").content.decode()
    assert path not in again
    assert "Take back shared links" in again
    client.post(f"{address}end-links/")
    assert not shows(path)
    assert "Shared with" not in client.get(f"{address}change/").content.decode()


@pytest.mark.parametrize("days", ["0", "91", "-1", "many", ""])
def test_a_link_does_not_last_for_ever(item, person, client, days):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    client.post(f"/admin/resources/resource/{item.pk}/share-preview/", {"days": days})
    assert not GuestLink.objects.exists()


@pytest.mark.parametrize("verb", ["share-preview", "end-links"])
def test_another_region_neither_shares_nor_ends(item, person, client, verb):
    path = share(item, person)
    client.force_login(curator("yorkshire-and-humber"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/admin/resources/resource/{item.pk}/{verb}/", {"days": "7"}).status_code == 404
    assert GuestLink.objects.count() == 1
    assert shows(path)
