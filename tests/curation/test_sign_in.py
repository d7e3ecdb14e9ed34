"""The second factor: set up once, asked for after each password, and no way around it."""

import re
from base64 import b32decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from curation import actions
from curation.models import Session
from tests import addresses
from tests.factories import PASSWORD, ResourceFactory, curator

SET_UP, ASK = "/admin/second-factor/set-up/", "/admin/second-factor/"
WITHOUT = {
    *("admin:login", "admin:logout", "admin:jsi18n", "admin:second-factor", "admin:second-factor-set-up"),
    *("admin:oidc", "admin:oidc-back"),
}


@pytest.fixture(autouse=True)
def asked_for(settings):
    settings.SECOND_FACTOR = True


@pytest.fixture
def clock(monkeypatch):
    """Stops time, for whoever asks Django or the system, and moves it on."""
    moved, start = [timedelta()], timezone.now()

    def now():
        return start + moved[0]

    monkeypatch.setattr(timezone, "now", now)
    monkeypatch.setattr("time.time", lambda: now().timestamp())
    for module in ("axes.attempts", "axes.handlers.proxy"):
        monkeypatch.setattr(f"{module}.now", now)

    def move(**by):
        moved[0] += timedelta(**by)

    return move


@pytest.fixture
def person(db):
    return curator("north-west")


def give_password(client, email, password=PASSWORD, address="127.0.0.1"):
    return client.post("/admin/login/?next=/admin/", {"username": email, "password": password}, REMOTE_ADDR=address)


def half_way(person):
    client = Client()
    assert give_password(client, person.email).status_code == 302
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


def test_nobody_waits_for_what_a_thief_of_their_password_did(person, clock):
    """The wait grows with each wrong code. A new password, which the thief does not have, ends it."""
    _, key, _ = enrolled(person)
    for _ in range(9):
        half_way(person).post(ASK, {"code": "000000"}, REMOTE_ADDR="10.0.0.66")
        clock(hours=1)
    clock(minutes=-50)
    page = half_way(person).post(ASK, {"code": now_shown(key)}).content.decode()
    assert re.search(r"Nobody can try again for \d+ minutes. If that was not you, somebody knows your password", page)
    actions.new_password_link(person, by=curator("national", role="accounts"))
    person.set_password(PASSWORD)
    person.save()
    client = half_way(person)
    assert client.post(ASK, {"code": now_shown(key)}).status_code == 302
    assert is_in(client)


def test_a_curator_is_told_of_wrong_codes_when_they_come_in(person, clock):
    _, key, _ = enrolled(person)
    clock(minutes=1)
    thief = half_way(person)
    for _ in range(3):
        thief.post(ASK, {"code": "000000"}, REMOTE_ADDR="10.0.0.66")
        clock(minutes=2)
    page = half_way(person).post(ASK, {"code": now_shown(key)}, follow=True).content.decode()
    assert "3 wrong codes had been entered since you last signed in." in page


def test_wrong_codes_count_as_wrong_passwords_do_and_a_right_password_does_not_take_them_back(person):
    enrolled(person)
    statuses = []
    for _ in range(10):
        person.totpdevice_set.get().throttle_reset()
        statuses.append(half_way(person).post(ASK, {"code": "000000"}).status_code)
    assert statuses == [200] * 9 + [429]
    assert give_password(Client(), person.email).status_code == 429
    assert not AccessAttempt.objects.filter(post_data__contains="000000").exists()


def test_guessing_one_password_from_one_address(person, clock):
    """A guess every 15 seconds for an hour: no more than 40 of 240 are looked at."""
    looked_at = 0
    for _ in range(240):
        looked_at += give_password(Client(), person.email, "guess").status_code == 200
        clock(seconds=15)
    assert 30 <= looked_at <= 40


def test_one_password_tried_on_many_accounts_from_one_address(person):
    answers = [give_password(Client(), f"nobody{n}@example.nhs.uk", "Password1234").status_code for n in range(100)]
    assert answers == [200] * 29 + [429] * 71
    assert give_password(Client(), person.email, address="10.0.0.2").status_code == 302


def test_one_password_tried_on_many_accounts_from_many_addresses(person, clock):
    known = half_way(person)  # this browser has been used by this person before
    known.post(SET_UP, {"code": now_shown(key_on(known.get(SET_UP)))})
    known.post("/admin/logout/")
    tried = [
        give_password(Client(), f"nobody{n}@example.nhs.uk", "Password1234", address=f"10.0.{n % 20}.1").status_code
        for n in range(400)
    ]
    assert (tried.count(200), tried.count(429)) == (199, 201)
    assert give_password(Client(), person.email, address="10.9.9.9").status_code == 429
    assert give_password(known, person.email, address="10.9.9.9").status_code == 302  # nobody keeps them out
    other = curator("midlands")
    assert give_password(known, other.email, address="10.9.9.9").status_code == 429  # it speaks for one person
    clock(minutes=16)
    assert give_password(Client(), other.email, address="10.9.9.9").status_code == 302


def test_an_own_guess_in_a_known_browser_counts_like_any(person):
    client, _, _ = enrolled(person)
    client.post("/admin/logout/")
    answers = [give_password(client, person.email, "guess").status_code for _ in range(12)]
    assert answers == [200] * 9 + [429] * 3


@pytest.mark.parametrize("said", ["", "known", "a:b:c", "eyJ9:1:x"])
def test_a_browser_is_not_known_by_what_it_makes_up(person, said):
    for n in range(30):
        give_password(Client(), f"nobody{n}@example.nhs.uk", "guess")
    client = Client()
    client.cookies["known"] = said
    assert give_password(client, person.email).status_code == 429


def test_nothing_tells_whether_there_is_an_account(person, settings, monkeypatch):
    """By its words, or by what takes an answer its time: the hashing of a password, and what the database is asked."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1000)
    settings.AXES_FAILURE_LIMIT = 1000
    hashed, encode = [], PBKDF2PasswordHasher.encode

    def counted(hasher, password, salt, iterations=None):
        hashed.append(iterations or hasher.iterations)
        return encode(hasher, password, salt, iterations)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    closed, invited = curator("north-west", is_active=False), curator("north-west")
    invited.set_unusable_password()
    invited.save()
    for one in (person, closed):
        one.set_password(PASSWORD)
        one.save()
    pages, work = set(), set()
    for email in (person.email, closed.email, invited.email, "nobody@example.nhs.uk"):
        for _ in range(2):
            hashed.clear()
            with CaptureQueriesContext(connection) as asked:
                page = give_password(Client(), email, "guess").content.decode()
        pages.add(re.sub(r"csrfmiddlewaretoken\" value=\"\w+|\b[\w.]+@example.nhs.uk", "", page))
        work.add((tuple(hashed), tuple(query["sql"].split(" ", 1)[0] for query in asked)))
    assert len(pages) == 1
    assert [list(hashings) for hashings, _ in work] == [[1000]]


@pytest.fixture
def many_at_once(own_database, settings):
    """`many_at_once(send, clients)`: their statuses, each sent by a thread of its own at the same moment."""

    def tried(send, clients):
        def one(client):
            try:
                return send(client).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(len(clients)) as threads:
            return list(threads.map(one, clients))

    return tried


def test_many_guesses_at_once_are_one_guess(many_at_once):
    person = curator("north-west")
    enrolled(person)
    clients = [half_way(person) for _ in range(8)]
    many_at_once(lambda client: client.post(ASK, {"code": "000000"}), clients)
    assert person.totpdevice_set.get().throttling_failure_count == 1


@pytest.mark.parametrize("which", ["app", "recovery"])
def test_one_code_sent_many_times_at_once_lets_one_in(many_at_once, which):
    person = curator("north-west")
    _, key, codes = enrolled(person)
    person.totpdevice_set.update(last_t=0)
    code = now_shown(key) if which == "app" else codes[0]
    clients = [half_way(person) for _ in range(8)]
    answers = many_at_once(lambda client: client.post(ASK, {"code": code}), clients)
    assert sorted(answers) == [200] * 7 + [302]
    assert sum(is_in(client) for client in clients) == 1


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


def test_looking_at_these_pages_writes_nothing(person):
    client = half_way(person)
    with CaptureQueriesContext(connection) as captured:
        client.get(SET_UP)
    assert not [query["sql"] for query in captured if not query["sql"].startswith("SELECT")]


def test_where_nobody_else_can_reach_it_a_password_is_enough(person, settings):
    settings.SECOND_FACTOR = False
    assert is_in(half_way(person))
