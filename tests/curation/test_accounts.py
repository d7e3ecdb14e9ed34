"""Accounts: how one is made, how its password is chosen, and how guessing at it is held off."""

import re
from datetime import timedelta

import pytest
from axes.helpers import get_client_ip_address
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.utils import timezone

from curation import actions, history
from curation.models import Curator
from tests.factories import PASSWORD, TESTER, RegionFactory, curator
from tests.forms import fields, fill_in

pytestmark = pytest.mark.django_db
PERSON = {"email": "Pat@Example.NHS.uk", "name": "Pat Publisher"}


@pytest.fixture(autouse=True)
def regions():
    for slug in ["national", "north-west", "midlands"]:
        RegionFactory(slug=slug)


@pytest.fixture
def typed(monkeypatch):
    """What is typed at the password prompts."""
    answers = []
    monkeypatch.setattr("curation.management.commands.create_curator.getpass", lambda prompt: answers.pop(0))
    return answers


def test_an_account_is_made_with_its_regions_and_a_password(typed, capsys):
    typed += [PASSWORD, PASSWORD]
    call_command("create_curator", **PERSON, publisher=["north-west"], editor=["midlands"])
    person = Curator.objects.get(email="pat@example.nhs.uk")
    assert person.check_password(PASSWORD)
    assert {str(m) for m in person.memberships.all()} == {"Publisher, North West", "Editor, Midlands"}
    assert PASSWORD not in "".join(capsys.readouterr())
    assert history.of(person, seen_by=TESTER)[0].who == "the operator"


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (["one thing and", "another thing"], "not the same"),
        (["short", "short"], "too short"),
        (["1q2w3e4r5t6y", "1q2w3e4r5t6y"], "too common"),
        (["pat publisher", "pat publisher"], "too similar"),
    ],
)
def test_a_weak_or_mistyped_password_makes_no_account(typed, answers, sentence):
    typed += answers
    with pytest.raises(CommandError, match=sentence):
        call_command("create_curator", **PERSON, publisher=["north-west"])
    assert not Curator.objects.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"publisher": ["atlantis"]}, "There is no region atlantis. There are: "),
        ({}, "Say what they do"),
        ({"publisher": ["north-west"], "email": "pat"}, "valid email"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(options, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("create_curator", **{**PERSON, **options}, link=True)


def test_the_link_lets_them_choose_a_password_once(capsys, client):
    call_command("create_curator", **PERSON, publisher=["north-west"], link=True)
    address = re.search(r"/admin/password/\S+", capsys.readouterr().out).group()
    page = client.get(address, follow=True)
    form = page.redirect_chain[-1][0]
    client.post(form, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert sign_in(client, "pat@example.nhs.uk", PASSWORD).status_code == 302
    assert "used or has expired" in Client().get(address, follow=True).text


def sign_in(client, email, password, address="10.0.0.1"):
    data = {"username": email, "password": password}
    return client.post("/admin/login/?next=/admin/", data, REMOTE_ADDR=address)


def test_guessing_is_held_off_by_person_and_address_together(client):
    person, other = curator("north-west"), curator("midlands")
    for guess in range(10):
        name = person.email if guess % 2 else person.email.upper()
        answer = sign_in(client, name, "guess")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert sign_in(client, person.email, PASSWORD).status_code == 429
    assert sign_in(Client(), person.email, PASSWORD, "10.0.0.2").status_code == 302  # nobody locks a colleague out
    assert sign_in(Client(), other.email, PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("proxies", "written", "address"),
    [
        (0, "192.0.2.1", "10.9.9.9"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "8.8.8.8, 192.0.2.1", "192.0.2.1"),  # the sender's own network has a proxy, or they made it up
        (1, "8.8.8.8,evil,2001:db8:1:2:3::4", "2001:db8:1:2::"),  # all that its sender could have sent it from
        (1, "::ffff:192.0.2.1", "192.0.2.1"),
        (2, "192.0.2.1, 10.0.0.1", "192.0.2.1"),
        (2, "8.8.8.8, 192.0.2.1, 10.0.0.1", "192.0.2.1"),
        (2, "192.0.2.1", "10.9.9.9"),
        (1, "evil", "10.9.9.9"),
        (1, "", "10.9.9.9"),
    ],
)
def test_where_a_sign_in_comes_from_is_what_trusted_proxies_wrote(settings, proxies, written, address):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.9.9.9", headers={"x-forwarded-for": written})
    assert get_client_ip_address(request) == address


def test_behind_a_proxy_nobody_gets_more_guesses_or_locks_a_colleague_out(client, settings):
    settings.TRUSTED_PROXIES, person = 1, curator("north-west")
    data = {"username": person.email, "password": "guess"}
    answers = [
        client.post("/admin/login/", data, headers={"x-forwarded-for": f"8.8.8.{guess}, 192.0.2.1"}).status_code
        for guess in range(11)
    ]
    assert answers == [200] * 9 + [429] * 2
    data["password"] = PASSWORD
    assert client.post("/admin/login/", data, headers={"x-forwarded-for": "192.0.2.1"}).status_code == 429
    assert client.post("/admin/login/", data, headers={"x-forwarded-for": "192.0.2.2"}).status_code == 302


def test_a_closed_account_or_one_without_a_part_to_play_cannot_sign_in(client):
    closed, idle = curator("north-west", is_active=False), curator()
    for person in [closed, idle]:
        assert sign_in(client, person.email, PASSWORD).status_code == 200
        assert client.get("/admin/").status_code == 302


def test_closing_an_account_ends_its_session_at_the_next_request(client):
    person = curator("north-west")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/admin/").status_code == 200
    Curator.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get("/admin/").status_code == 302


# Once a year somebody says who still needs access


@pytest.fixture
def administrator():
    client = Client()
    client.force_login(
        curator("national", role="accounts", name="Ann"), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def long_ago(person, days):
    Curator.objects.filter(pk=person.pk).update(access_confirmed_on=timezone.localdate() - timedelta(days=days))


def waiting(client):
    page = client.get("/admin/")
    return {heading: [entry.title for entry in entries] for heading, _, entries in page.context_data["waiting"]}


def test_after_a_year_the_first_page_asks_who_still_needs_access(administrator):
    heading = "Accounts to confirm: who still needs access?"
    for name, days in [("New", 0), ("Nearly", 364), ("A year", 365), ("Two years", 730)]:
        long_ago(curator("north-west", name=name), days)
    closed = curator("north-west", name="Closed", is_active=False)
    long_ago(closed, 800)
    assert waiting(administrator)[heading] == ["Two years", "A year"]
    publisher = Client()
    publisher.force_login(curator("national"), backend="django.contrib.auth.backends.ModelBackend")
    assert heading not in waiting(publisher)


def test_confirming_access_is_one_button_with_who_and_when(administrator):
    person = curator("north-west")
    long_ago(person, 400)
    answer = fill_in(administrator, f"/admin/curation/curator/{person.pk}/confirm-access/", note="Asked the forum.")
    assert answer.status_code == 302
    person = Curator.objects.get(pk=person.pk)
    assert person.access_confirmed_on == timezone.localdate()
    act = history.of(person, seen_by=TESTER)[0]
    assert (act.who, act.verb, act.note) == ("Ann", "access confirmed", "Asked the forum.")


def test_many_accounts_are_confirmed_at_once_and_closed_ones_are_left(administrator):
    people = [curator("north-west"), curator("north-west", name="Gone", is_active=False)]
    for person in people:
        long_ago(person, 400)
    chosen = {"action": "confirm-access", "_selected_action": [person.pk for person in people]}
    page = administrator.post("/admin/curation/curator/", chosen)
    assert "<li>Gone: The account is closed.</li>" in page.content.decode()
    administrator.post("/admin/curation/curator/", fields(page))
    assert [person.name for person in Curator.objects.to_confirm()] == []
    assert Curator.objects.get(name="Gone").access_confirmed_on < timezone.localdate()


def test_nobody_else_confirms_access():
    person, publisher = curator("north-west"), Client()
    long_ago(person, 400)
    publisher.force_login(curator("national"), backend="django.contrib.auth.backends.ModelBackend")
    assert publisher.post(f"/admin/curation/curator/{person.pk}/confirm-access/").status_code in {403, 404}
    with pytest.raises(PermissionDenied):
        actions.confirm_access(person, by=curator("national"))
