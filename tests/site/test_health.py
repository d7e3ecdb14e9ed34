"""What machines are told of the portal's health, and who is told more."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.utils import timezone

from justculture import backup, database, health
from tests.factories import curator

pytestmark = pytest.mark.django_db
LOCAL = {"REMOTE_ADDR": "127.0.0.1"}
STRANGER = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture(autouse=True)
def all_is_well(monkeypatch):
    monkeypatch.setattr(backup, "last_good", lambda: timezone.now() - timedelta(hours=3))
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: SimpleNamespace(total=100, free=60))


def ask(client, **environ):
    answer = client.get("/health/ready/", **environ)
    return answer.status_code, answer.json()


def test_when_all_is_well_there_is_nothing_to_tell(client):
    assert ask(client, **LOCAL) == (200, {"status": "ready", "failures": [], "warnings": []})


@pytest.mark.parametrize(
    "sent",
    [
        STRANGER,
        {**LOCAL, "HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {**LOCAL, "HTTP_FORWARDED": "for=203.0.113.9"},
        {**LOCAL, "HTTP_VIA": "1.1 proxy"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "nonsense"},
    ],
)
def test_strangers_are_told_no_more_than_whether(client, sent, monkeypatch):
    monkeypatch.setattr(backup, "last_good", lambda: None)
    assert ask(client, **sent) == (200, {"status": "ready"})
    monkeypatch.setattr(health, "migrations", lambda: ["Something secret"])
    assert ask(client, **sent) == (503, {"status": "not ready"})


def test_a_curator_is_told_from_anywhere_and_someone_without_a_part_is_not(client, settings):
    settings.READ_ONLY = "We are moving."
    client.force_login(curator("north-west"), backend="django.contrib.auth.backends.ModelBackend")
    assert ask(client, **STRANGER)[1]["warnings"] == ["Nothing can be saved: We are moving."]
    client.force_login(curator(), backend="django.contrib.auth.backends.ModelBackend")
    assert ask(client, **STRANGER)[1] == {"status": "ready"}


@pytest.mark.parametrize(
    ("age", "warnings"),
    [
        (timedelta(hours=26), []),
        (timedelta(hours=26, minutes=1), ["The last good backup is 26 hours old."]),
        (timedelta(days=3), ["The last good backup is 72 hours old."]),
        (None, ["There is no backup. Run manage.py backup every night."]),
    ],
)
def test_a_late_backup_is_a_warning(client, monkeypatch, age, warnings):
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    monkeypatch.setattr(backup, "last_good", lambda: now - age if age else None)
    assert ask(client, **LOCAL)[1]["warnings"] == warnings


@pytest.mark.parametrize(
    ("free", "warnings"),
    [
        (16, []),
        (15, ["The disk is 85% full."]),
        (5, ["The disk is 95% full: nothing can be saved soon."]),
    ],
)
def test_a_filling_disk_is_a_warning(client, monkeypatch, free, warnings):
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: SimpleNamespace(total=100, free=free))
    assert ask(client, **LOCAL)[1]["warnings"] == warnings


def test_a_database_older_than_the_release_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["a migration"])
    assert ask(client, **LOCAL) == (
        503,
        {"status": "not ready", "failures": ["The database is older than this release: migrate it."], "warnings": []},
    )
    monkeypatch.undo()
    assert health.migrations() == []


def test_a_database_that_is_away_is_said_at_once(client, monkeypatch):
    away = (503, {"status": "not ready", "failures": ["The database does not answer."], "warnings": []})
    monkeypatch.setattr(database, "breaker", SimpleNamespace(is_open=True))
    monkeypatch.setattr(health, "database_answers", lambda: pytest.fail("it was asked although it is known"))
    assert ask(client, **LOCAL) == away
    monkeypatch.undo()


def test_liveness_looks_at_nothing(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(health, "look", lambda: pytest.fail("it looked"))
    with django_assert_num_queries(0):
        assert client.get("/health/live/").json() == {"status": "live"}


def test_readiness_says_that_the_database_is_away_and_no_more(client, monkeypatch):
    def away(*args):
        raise OperationalError("secret words of the server")

    monkeypatch.setattr(health.connection, "cursor", away)
    monkeypatch.setattr(health.connection, "close", lambda: None)
    answer = client.get("/health/ready/", **STRANGER)
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
    assert answer.headers["Retry-After"]
    assert "secret" not in client.get("/health/ready/", **LOCAL).content.decode()
