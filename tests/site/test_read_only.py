"""While nothing can be saved: readers notice nothing, curators are told why, and PostgreSQL makes sure."""

import psycopg2
import pytest
from django.db import InternalError, connection, transaction
from django.test import Client

from curation import copies, past
from tests.factories import PASSWORD, TESTER, ResourceFactory, curator
from tests.portal import run, short_folder
from tests.site.test_every_page import EVERY_PATH, content

WRITE = """
from justculture.wsgi import application
from django.db import Error, connection
connection.close()
try:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE written ()")
    print("written")
except Error as refusal:
    print(refusal)
"""
REASON = "We are moving to another machine until 6pm."


@pytest.fixture
def read_only(db, settings):
    content(1)
    settings.READ_ONLY = REASON


@pytest.fixture
def signed_in(db):
    client = Client()
    client.force_login(curator("north-west"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_readers_notice_nothing(read_only, client):
    for path in EVERY_PATH:
        answer = client.get(path)
        assert (path, answer.status_code) == (path, 200)
        if path != "/health/ready/":
            assert REASON not in answer.content.decode()


def test_curators_read_why_on_every_page_and_can_look_around(signed_in, read_only):
    item = ResourceFactory()
    for path in ("/admin/", "/admin/resources/resource/", f"/admin/resources/resource/{item.pk}/change/"):
        answer = signed_in.get(path)
        assert answer.status_code == 200
        assert f"Nothing can be saved at the moment: {REASON}" in answer.content.decode()
    assert REASON in Client().get("/admin/login/").content.decode()


def test_what_a_working_copy_changes_can_be_read_where_its_form_would_write(signed_in, read_only):
    item = ResourceFactory(state="published")
    said = past.now(item)
    copy = copies.write(item, {**said, "fields": {**said["fields"], "title": "What is to come"}}, by=TESTER)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        answer = signed_in.get(f"/admin/resources/resource/{item.pk}/change/", follow=True)
        assert (answer.status_code, answer.redirect_chain[-1][0]) == (
            200,
            f"/admin/curation/workingcopy/{copy.pk}/change/",
        )
        assert "What is to come" in answer.content.decode()
        transaction.set_rollback(True)


def test_forms_can_be_looked_at_where_postgresql_takes_no_lock(signed_in, read_only):
    item = ResourceFactory()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        for path in (f"/admin/resources/resource/{item.pk}/change/", f"/admin/resources/resource/{item.pk}/publish/"):
            assert (path, signed_in.get(path).status_code) == (path, 200)
        transaction.set_rollback(True)


@pytest.mark.parametrize("path", ["/admin/resources/topic/add/", "/admin/login/", "/admin/logout/"])
def test_whatever_is_sent_is_refused_with_the_reason(signed_in, read_only, path):
    answer = signed_in.post(path, {"username": "a@example.org", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "300")
    assert "<h1>Nothing can be saved at the moment</h1>" in answer.content.decode()
    assert REASON in answer.content.decode()
    assert "What you typed was not saved." in answer.content.decode()


def test_the_reason_is_for_curators(read_only, client):
    answer = client.post("/resources/")
    assert answer.status_code == 503
    assert REASON not in answer.content.decode()


def test_postgresql_refuses_whatever_the_web_process_would_write():
    """Also what no rule of ours has thought of."""
    with short_folder() as folder:
        assert "cannot execute CREATE TABLE in a read-only transaction" in run(
            "shell", "--no-imports", "-c", WRITE, var_dir=folder, READ_ONLY=REASON
        )
        assert "written" in run("shell", "--no-imports", "-c", WRITE, var_dir=folder)


def test_a_database_that_refuses_by_itself_is_said_too(signed_in, monkeypatch):
    """A standby, or one whose owner switched it: no setting of ours says so."""

    def refuse(*args, **kwargs):
        raise InternalError("cannot execute INSERT") from psycopg2.errors.ReadOnlySqlTransaction()

    monkeypatch.setattr("curation.once.take_time", refuse)
    answer = signed_in.post("/admin/resources/resource/add/", {"title": "Lost?"})
    assert answer.status_code == 503
    assert "What you typed was not saved." in answer.content.decode()
