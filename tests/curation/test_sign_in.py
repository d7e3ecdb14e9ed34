"""The second factor: set up once, asked for after each password, and no way around it."""

import re
from base64 import b32decode
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from curation.models import Session
from tests import addresses
from tests.factories import PASSWORD, ResourceFactory, curator

SET_UP, ASK = "/admin/second-factor/set-up/", "/admin/second-factor/"
WITHOUT = {"admin:login", "admin:logout", "admin:jsi18n", "admin:second-factor", "admin:second-factor-set-up"}


@pytest.fixture(autouse=True)
def asked_for(settings):
    settings.SECOND_FACTOR = True


@pytest.fixture
def clock(monkeypatch):
    """Moves time on, for whoever asks Django or the system."""
    moved, now = [timedelta()], timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + moved[0])
    monkeypatch.setattr("time.time", lambda: (now() + moved[0]).timestamp())

    def move(**by):
        moved[0] += timedelta(**by)

    return move


@pytest.fixture
def person(db):
    return curator("north-west")


def half_way(person):
    client = Client()
    answer = client.post("/admin/login/", {"username": person.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def now_shown(key, at=None):
    """What an app with this key shows."""
    totp = TOTP(key)
    totp.time = (at or timezone.now()).timestamp()
    return f"{totp.token():06}"


def key_on(page):
    letters = re.search(r'class="key">([A-Z2-7 ]+)<', page.content.decode()).group(1).replace(" ", "")
    return b32decode(letters + "=" * (-len(letters) % 8))


def enrolled(person):
    """A client that has set up an app, the app's key, and the recovery codes."""
    client = half_way(person)
    key = key_on(client.get(SET_UP))
    page = client.post(SET_UP, {"code": now_shown(key)})
    return client, key, re.findall(r"<code>([0-9a-f-]{17})</code>", page.content.decode())


def is_in(client):
    return client.get("/admin/").status_code == 200


def test_a_new_curator_sets_up_an_app_and_is_in(person):
    client = half_way(person)
    answer = client.get("/admin/resources/resource/", follow=True)
    assert answer.redirect_chain[-1][0] == f"{SET_UP}?next=%2Fadmin%2Fresources%2Fresource%2F"
    assert 'class="qr"' in answer.content.decode()
    key = key_on(answer)
    assert key_on(client.get(SET_UP)) == key  # coming back does not make another
    wrong = client.post(SET_UP, {"code": "000000"})
    assert "That is not the code." in wrong.content.decode()
    assert not is_in(client)


def test_setting_up_gives_ten_codes_that_are_kept_as_no_more_than_hashes(person):
    client, _, codes = enrolled(person)
    assert is_in(client)
    assert len(set(codes)) == 10
    stored = " ".join(StaticToken.objects.values_list("token", flat=True))
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)
    assert codes[0] not in client.get(SET_UP).content.decode()


def test_signing_in_later_asks_for_the_apps_code(person, clock):
    _, key, _ = enrolled(person)
    clock(minutes=1)
    client = half_way(person)
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0] == f"{ASK}?next=%2Fadmin%2F"
    assert 'class="qr"' not in page.content.decode()
    code = now_shown(key)
    answer = client.post(ASK, {"code": f"{code[:3]} {code[3:]}", "next": "/admin/resources/resource/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/resources/resource/")
    assert is_in(client)


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org/admin/", "/search/", "javascript:x"])
def test_nobody_is_led_elsewhere(person, clock, elsewhere):
    _, key, _ = enrolled(person)
    clock(minutes=1)
    assert half_way(person).post(ASK, {"code": now_shown(key), "next": elsewhere}).headers["Location"] == "/admin/"


def test_a_recovery_code_works_once(person, clock):
    _, _, codes = enrolled(person)
    first, second = half_way(person), half_way(person)
    assert first.post(ASK, {"code": codes[3].upper()}).status_code == 302
    assert is_in(first)
    assert "That is not the code." in second.post(ASK, {"code": codes[3]}).content.decode()
    clock(seconds=11)
    assert second.post(ASK, {"code": codes[4]}).status_code == 302


def test_a_code_is_not_taken_twice(person, clock):
    _, key, _ = enrolled(person)
    clock(minutes=1)
    code = now_shown(key)
    assert half_way(person).post(ASK, {"code": code}).status_code == 302
    thief = half_way(person)
    assert thief.post(ASK, {"code": code}).status_code == 200
    assert not is_in(thief)


def test_an_old_code_is_not_taken(person, clock):
    _, key, _ = enrolled(person)
    old = now_shown(key, timezone.now() + timedelta(minutes=1))
    clock(minutes=10)
    assert half_way(person).post(ASK, {"code": old}).status_code == 200


def test_guessing_codes_is_slow(person, clock):
    """Five wrong codes cost more than five minutes, and what is sent before its time is not even looked at."""
    _, key, _ = enrolled(person)
    clock(minutes=1)
    client, tried = half_way(person), 0
    for _ in range(300):  # one each second, for five minutes
        page = client.post(ASK, {"code": "000000"}).content.decode()
        tried += "That is not the code." in page
        clock(seconds=1)
    assert tried == 5
    right = client.post(ASK, {"code": now_shown(key)})
    assert re.search(r"Wait \d+ seconds", right.content.decode())
    assert not is_in(client)
    clock(minutes=6)
    assert client.post(ASK, {"code": now_shown(key)}).status_code == 302


def test_half_way_opens_no_door(person):
    """Every address of the admin, and previews."""
    item = ResourceFactory(state="draft")
    client = half_way(person)
    opened = {}
    for name in sorted(addresses.of_admin() - WITHOUT):
        page = name.removeprefix("admin:")
        address = next(a for a in addresses.tried(name, item.pk))
        for answer in (client.get(address), client.post(address)):
            if answer.status_code != 302 or not answer.headers["Location"].startswith(("/admin/login/", "/admin/")):
                opened[page] = answer.status_code
            assert "csrfmiddlewaretoken" not in answer.content.decode(), page
    assert opened == {}
    answer = client.get(item.get_preview_url())
    assert (answer.status_code, item.title in answer.content.decode()) == (302, False)


def test_whoever_has_an_app_does_not_get_around_it_by_setting_up_another(person):
    enrolled(person)
    client = half_way(person)
    for answer in (client.get(SET_UP), client.post(SET_UP, {"code": "123456"})):
        assert answer.headers["Location"].startswith(ASK)
    assert TOTPDevice.objects.count() == 1


def test_a_new_phone_replaces_the_old_one_and_its_codes(person, clock):
    client, old_key, old_codes = enrolled(person)
    clock(minutes=1)
    key = key_on(client.get(SET_UP))
    assert key != old_key
    client.post(SET_UP, {"code": now_shown(key)})
    assert is_in(client)
    clock(minutes=1)
    again = half_way(person)
    for code in (now_shown(old_key), old_codes[0]):
        assert again.post(ASK, {"code": code}).status_code == 200
        clock(minutes=1)
    assert again.post(ASK, {"code": now_shown(key)}).status_code == 302


def test_the_key_of_a_half_open_session_is_worth_nothing_afterwards(person, clock):
    _, key, _ = enrolled(person)
    clock(minutes=1)
    client, thief = half_way(person), Client()
    thief.cookies["session"] = client.cookies["session"].value
    client.post(ASK, {"code": now_shown(key)})
    assert client.cookies["session"].value != thief.cookies["session"].value
    assert (is_in(client), is_in(thief)) == (True, False)
    assert not Session.objects.filter(pk=thief.cookies["session"].value).exists()


def test_whoever_is_half_way_can_sign_out(person):
    client = half_way(person)
    assert client.post("/admin/logout/").status_code in {200, 302}
    assert "_auth_user_id" not in client.session


def test_nobody_without_a_password_reaches_these_pages(db, client):
    for page in (SET_UP, ASK):
        for answer in (client.get(page, follow=True), client.post(page, {"code": "1"}, follow=True)):
            assert "Sign in" in answer.content.decode()
    assert not TOTPDevice.objects.exists()


def test_an_administrator_lets_somebody_start_again(person, clock):
    client, key, codes = enrolled(person)
    administrator, *_ = enrolled(curator("national", role="accounts"))
    address = f"/admin/curation/curator/{person.pk}/forget-second-factor/"
    assert client.post(address).status_code in {403, 404}
    assert administrator.post(address, {"note": "Lost the phone"}).status_code == 302
    assert not is_in(client)
    clock(minutes=1)
    again = half_way(person)
    assert again.get("/admin/", follow=True).redirect_chain[-1][0].startswith(SET_UP)
    for code in (now_shown(key), codes[0]):
        assert not is_in(again)
        assert again.post(ASK, {"code": code}).status_code == 302  # there is nothing to check
    assert not is_in(again)
    page = administrator.get(f"/admin/curation/curator/{person.pk}/history/").content.decode()
    assert "Lost the phone" in page


def test_where_nobody_else_can_reach_it_a_password_is_enough(person, settings):
    settings.SECOND_FACTOR = False
    assert is_in(half_way(person))
