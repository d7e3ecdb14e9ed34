"""Where a curator is signed in: when it ends by itself, and how they end it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from curation import actions
from curation.models import Curator, Session
from curation.sessions import in_words
from tests.factories import PASSWORD, curator

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1"
WORK = "/admin/"


@pytest.fixture
def person(db):
    return curator("north-west")


@pytest.fixture
def clock(monkeypatch):
    """Moves time on for everything that asks what time it is."""
    moved, now = [timedelta()], timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + moved[0])

    def move(**by):
        moved[0] += timedelta(**by)

    return move


def signed_in(person, browser=FIREFOX):
    client = Client(headers={"user-agent": browser})
    answer = client.post("/admin/login/", {"username": person.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def gets_in(client):
    return client.get(WORK).status_code == 200


def test_an_hour_without_use_ends_it(person, clock):
    client = signed_in(person)
    clock(minutes=59)
    assert gets_in(client)
    clock(minutes=59)
    assert gets_in(client)
    clock(minutes=61)
    assert not gets_in(client)


def test_twelve_hours_end_it_however_busy_it_is(person, clock):
    client = signed_in(person)
    for _ in range(23):
        clock(minutes=30)
        assert gets_in(client)
    clock(minutes=29)
    assert gets_in(client)
    clock(minutes=1)
    assert not gets_in(client)


def test_use_is_noted_once_a_minute_and_not_at_every_page(person, clock):
    def writes():
        with CaptureQueriesContext(connection) as captured:
            client.get(WORK)
        return sum("UPDATE" in query["sql"] for query in captured)

    client = signed_in(person)
    assert writes() == 0
    clock(seconds=61)
    assert (writes(), writes()) == (1, 0)


def test_a_reader_gets_no_session(client, db):
    assert not client.get("/").cookies
    assert not Session.objects.exists()


def test_signing_in_makes_a_new_key(person):
    client = Client()
    client.get("/admin/login/")
    client.cookies["session"] = "a" * 32
    client.post("/admin/login/", {"username": person.email, "password": PASSWORD})
    assert client.cookies["session"].value != "a" * 32
    assert gets_in(client)


def test_they_see_where_they_are_signed_in_and_end_one(person):
    here, phone = signed_in(person), signed_in(person, SAFARI)
    elsewhere = signed_in(curator("north-west"))
    page = here.get("/admin/sessions/").content.decode()
    assert page.count("<h2>") == 2
    assert "Firefox on Windows (this one)" in page
    assert "Safari on an iPhone" in page
    assert "Mozilla" not in page
    for client in (here, phone):
        assert client.session.session_key not in page
    of_phone = Session.objects.get(browser="Safari on an iPhone")
    answer = here.post("/admin/sessions/", {"session": of_phone.name}, follow=True)
    assert "Signed out of 1 other browser." in answer.content.decode()
    assert [gets_in(client) for client in (here, phone, elsewhere)] == [True, False, True]


def test_they_end_all_but_this_one(person):
    here, *others = [signed_in(person) for _ in range(3)]
    elsewhere = signed_in(curator("north-west"))
    here.post("/admin/sessions/", {"session": "others"})
    assert [gets_in(client) for client in (here, *others, elsewhere)] == [True, False, False, True]


@pytest.mark.parametrize("name", ["", "nonsense", "other person's", "key", "x" * 5000])
def test_nobody_ends_anothers_or_gets_there_by_a_key(person, name):
    here, other = signed_in(person), signed_in(curator("north-west"))
    theirs = Session.objects.get(pk=other.session.session_key)
    asked = {"other person's": theirs.name, "key": theirs.pk}.get(name, name)
    assert here.post("/admin/sessions/", {"session": asked}).status_code == 302
    assert gets_in(other)


def test_an_administrator_signs_somebody_out_everywhere(person):
    clients = [signed_in(person), signed_in(person, SAFARI)]
    administrator = signed_in(curator("national", role="accounts"))
    address = f"/admin/curation/curator/{person.pk}/end-sessions/"
    assert administrator.post(address, {"note": "Lost a phone"}).status_code == 302
    assert [gets_in(client) for client in clients] == [False, False]
    page = administrator.get(f"/admin/curation/curator/{person.pk}/history/").content.decode()
    assert "signed out everywhere" in page.lower()
    assert "Lost a phone" in page
    assert gets_in(administrator)


@pytest.mark.parametrize("role", ["editor", "publisher"])
def test_nobody_else_does(person, role):
    client, other = signed_in(person), signed_in(curator("north-west", role=role))
    assert other.post(f"/admin/curation/curator/{person.pk}/end-sessions/").status_code in {403, 404}
    assert gets_in(client)


def test_what_ends_sessions_at_once(person):
    """A closed account, rights that were taken away, a new password, a link to choose one."""
    client = signed_in(person)
    person.memberships.all().delete()
    assert not gets_in(client)
    for change in (close, change_password, send_link):
        person = curator("north-west")
        client = signed_in(person)
        change(person)
        assert (change.__name__, gets_in(client)) == (change.__name__, False)


def close(person):
    Curator.objects.filter(pk=person.pk).update(is_active=False)


def change_password(person):
    person.set_password("another correct horse battery")
    person.save()


def send_link(person):
    actions.new_password_link(person, by=curator("national", role="accounts"))


def test_changing_the_password_ends_every_other_session(person):
    here, other = signed_in(person), signed_in(person)
    new = "another correct horse battery"
    answer = here.post(
        "/admin/password_change/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )
    assert answer.status_code == 302
    assert [gets_in(client) for client in (here, other)] == [True, False]


def test_signing_out_leaves_nothing(person):
    client = signed_in(person)
    client.post("/admin/logout/")
    assert not Session.objects.filter(curator=person).exists()


def test_what_has_ended_goes_when_somebody_signs_in(person, clock):
    signed_in(person)
    clock(hours=2)
    signed_in(curator("north-west"))
    assert not Session.objects.filter(curator=person).exists()


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on an iPhone"),
        ("Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "Chrome on a Chromebook"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("curl/8.5 <script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_in_words(user_agent, words):
    assert in_words(user_agent) == words
