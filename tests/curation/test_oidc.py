"""Signing in with the account of one's organisation, against a real provider that the tests start."""

import socket
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from django.conf import settings as portal
from django.test import Client

from curation import actions, history, oidc
from curation.models import Curator
from tests.factories import TESTER, curator

ROOT = portal.BASE_DIR
pytestmark = pytest.mark.django_db
BACK = "/admin/oidc/back/"
PAT = {"sub": "pat-1", "email": "Pat@example.nhs.uk", "verified": "yes"}


@pytest.fixture(scope="module")
def issuer():
    """The address of a provider that listens."""
    node = subprocess.run([sys.executable, "script/assets", "--node"], cwd=ROOT, capture_output=True, text=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = [node.stdout.strip(), "tests/curation/provider.mjs", str(port), portal.SITE_URL + BACK]
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout:
            if line.startswith("listens"):
                break
        else:
            pytest.fail(f"The provider did not start: {process.wait()}")
        yield line.split()[1]
        process.terminate()


@pytest.fixture(autouse=True)
def switched_on(settings, issuer):
    use(settings, issuer)
    yield
    oidc.provider.cache_clear()


def use(settings, issuer, secret="a secret of the tests"):
    settings.OIDC_ISSUER, settings.OIDC_NAME = issuer, "NHSmail"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "portal", secret
    oidc.provider.cache_clear()


@pytest.fixture
def pat():
    return curator("north-west", email="pat@example.nhs.uk", name="Pat Publisher")


def authorised(address, **who):
    """Answer the provider's question, as a person in a browser would. The address that it sends them back to."""
    browser = requests.Session()
    asked = browser.get(address)
    assert "Who are you?" in asked.text, asked.text[:300]
    answer = browser.get(f"{asked.url}?{urlencode(who)}", allow_redirects=False)
    while not answer.headers["Location"].startswith(portal.SITE_URL):
        answer = browser.get(answer.headers["Location"], allow_redirects=False)
    return answer.headers["Location"].removeprefix(portal.SITE_URL)


def come_in(client, then="", **who):
    """The whole way: to the provider, and back."""
    away = client.get(f"/admin/oidc/{then}")
    assert away.status_code == 302, away.content
    return client.get(authorised(away.headers["Location"], **{**PAT, **who}))


def is_in(client):
    return client.get("/admin/").status_code == 200


def told(client):
    return [str(message) for message in client.get("/admin/login/").context["messages"]]


def test_whoever_has_an_open_account_comes_in_where_they_wanted_to_go(pat):
    client = Client()
    answer = come_in(client, then="?next=/admin/resources/resource/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/resources/resource/")
    assert is_in(client)
    pat.refresh_from_db()
    assert pat.oidc_subject.endswith(" pat-1")
    assert history.of(pat, seen_by=TESTER)[0].verb == "first signed in with NHSmail"


def test_the_sign_in_page_offers_it_and_keeps_where_one_wanted_to_go(settings):
    page = Client().get("/admin/login/?next=/admin/events/event/").content.decode()
    assert 'href="/admin/oidc/?next=%2Fadmin%2Fevents%2Fevent%2F">Sign in with NHSmail</a>' in page
    settings.OIDC_ISSUER = ""
    assert "NHSmail" not in Client().get("/admin/login/").content.decode()


@pytest.mark.parametrize("page", ["/admin/oidc/", f"{BACK}?code=1&state=2"])
def test_where_it_is_not_switched_on_there_is_no_such_page(settings, page):
    settings.OIDC_ISSUER = ""
    assert Client().get(page).status_code == 404


def test_a_provider_that_says_null_of_how_it_asked_has_not_asked_for_several_factors(pat, settings, monkeypatch):
    settings.SECOND_FACTOR = "always"
    said = {"iss": settings.OIDC_ISSUER, "sub": "pat-1", "email": pat.email, "email_verified": True, "amr": None}
    monkeypatch.setattr(oidc, "_claims", lambda request: said)
    client = Client()
    assert client.get(BACK).status_code == 302
    assert not is_in(client)


def test_nobody_is_led_to_another_site_afterwards(pat):
    answer = come_in(Client(), then="?next=https://evil.example/admin/")
    assert answer.headers["Location"] == "/admin/"


# Who they are


def test_no_account_is_made_for_a_stranger():
    client = Client()
    come_in(client)
    assert not is_in(client)
    assert told(client) == [oidc.NO_ACCOUNT.format(name="NHSmail")]
    assert not Curator.objects.exists()


def test_an_address_that_the_provider_has_not_verified_opens_nothing(pat):
    client = Client()
    come_in(client, verified="no")
    assert not is_in(client)


def test_after_the_first_time_it_is_the_person_that_counts_and_not_the_address(pat):
    come_in(Client())
    another_address, successor = Client(), Client()
    come_in(another_address, email="pat.married@example.nhs.uk", verified="no")
    come_in(successor, sub="somebody-else")  # who has been given the old address
    assert is_in(another_address)
    assert not is_in(successor)


def test_a_closed_account_stays_closed(pat):
    come_in(Client())
    Curator.objects.filter(pk=pat.pk).update(is_active=False)
    client = Client()
    come_in(client)
    assert not is_in(client)


def test_somebody_without_a_part_to_play_gets_no_further_than_the_door():
    curator(email="pat@example.nhs.uk")
    client = Client()
    come_in(client)
    assert not is_in(client)


def test_an_administrator_lets_a_new_person_at_the_provider_take_the_account_again(pat):
    come_in(Client())
    actions.forget_sign_in_elsewhere(Curator.objects.get(pk=pat.pk), by=curator("national", role="accounts"))
    client = Client()
    come_in(client, sub="pat-2")
    assert is_in(client)


# The second factor


def test_a_code_is_asked_for_all_the_same(pat, settings):
    settings.SECOND_FACTOR = True
    client = Client()
    come_in(client)
    assert not is_in(client)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/admin/second-factor/set-up/")


def test_but_not_from_whom_the_provider_has_asked_for_several_factors(pat, settings):
    settings.SECOND_FACTOR = True
    client = Client()
    come_in(client, factors="pwd mfa")
    assert is_in(client)
    # and that ends with the session
    client.post("/admin/logout/")
    client.force_login(pat, backend=oidc.BACKEND)
    assert not is_in(client)


# What somebody may try


def back_of(client, **who):
    return authorised(client.get("/admin/oidc/").headers["Location"], **{**PAT, **who})


def test_an_answer_is_taken_once_and_by_the_browser_that_asked(pat):
    mine, another = Client(), Client()
    back = back_of(mine)
    another.get(back)
    assert not is_in(another)
    assert mine.get(back).status_code == 302
    assert is_in(mine)
    third = Client()
    third.get(back)
    assert not is_in(third)


def test_somebody_elses_answer_cannot_be_put_in_the_place_of_ones_own(pat):
    """The code of an attacker's sign-in, with the state of the victim's."""
    curator("london", email="evil@example.nhs.uk")
    victim, attacker = Client(), Client()
    theirs = parse_qs(urlsplit(back_of(attacker, sub="evil", email="evil@example.nhs.uk")).query)
    state = parse_qs(urlsplit(back_of(victim)).query)["state"][0]
    victim.get(f"{BACK}?{urlencode({'code': theirs['code'][0], 'state': state})}")
    assert not is_in(victim)


@pytest.mark.parametrize(
    "query", ["", "?code=1", "?state=1", "?code=1&state=1", "?error=access_denied", "?code=%00&state=x"]
)
def test_anything_else_is_one_plain_refusal(pat, query):
    client = Client()
    answer = client.get(BACK + query)
    if answer.status_code != 400:  # the gate refuses what no address has in it
        assert answer.headers["Location"].startswith("/admin/login/")
        assert told(client) == [oidc.NOT_DONE.format(name="NHSmail")]
    assert not is_in(client)


def test_the_session_is_a_new_one(pat):
    client = Client()
    back = back_of(client)
    before = client.cookies["sessionid"].value if "sessionid" in client.cookies else client.session.session_key
    client.get(back)
    assert client.session.session_key != before


def test_the_secret_is_really_checked(pat, settings, issuer):
    use(settings, issuer, secret="wrong")
    client = Client()
    come_in(client)
    assert not is_in(client)


def test_a_provider_that_says_it_is_another_is_not_believed(pat, settings, issuer):
    use(settings, issuer.replace("127.0.0.1", "localhost"))
    client = Client()
    come_in(client)
    assert not is_in(client)


def test_a_provider_that_is_away_is_said_in_words_and_nothing_hangs(settings):
    use(settings, "http://127.0.0.1:9")
    client = Client()
    assert client.get("/admin/oidc/").headers["Location"].startswith("/admin/login/")
    assert told(client) == [oidc.NOT_DONE.format(name="NHSmail")]


def test_nothing_secret_gets_into_the_log(pat, caplog):
    client = Client()
    back = back_of(client)
    client.get(back)
    Client().get(back)
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert "Signing in by OpenID Connect failed" in caplog.text
    assert code not in caplog.text
    assert "a secret of the tests" not in caplog.text


def test_a_token_that_has_run_out_is_refused(pat, monkeypatch):
    client = Client()
    back = back_of(client)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 600)
    client.get(back)
    monkeypatch.undo()
    assert told(client) == [oidc.NOT_DONE.format(name="NHSmail")]
    assert not is_in(client)
