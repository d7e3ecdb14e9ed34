"""The address at which a form has its Markdown shown."""

import pytest
from django.test import Client

from curation.fields import LONGEST_TEXT
from tests.factories import curator

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/markdown/"


def asked(text, person=None, **options):
    client = Client(**options)
    client.force_login(person or curator("north-west"), backend="django.contrib.auth.backends.ModelBackend")
    return client.post(ADDRESS, {"text": text})


def test_it_answers_with_what_readers_would_see():
    assert asked("# One\n\n*two*").content.decode() == "<h2>One</h2>\n<p><em>two</em></p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<a href='javascript:alert(1)'>x</a>",
        "![x](https://example.org/x.png)",
        "<svg onload=alert(1)>",
    ],
)
def test_nothing_hostile_gets_through(text):
    page = asked(text).content.decode()
    assert not any(sign in page for sign in ["<script", 'href="javascript', "<img", "<svg"])


def test_a_text_longer_than_could_be_saved_is_refused():
    assert asked("x" * LONGEST_TEXT).status_code == 200
    assert asked("x" * (LONGEST_TEXT + 1)).status_code == 400


def test_nothing_written_is_said():
    assert asked("  ").content.decode() == "Nothing is written yet."


def test_it_only_answers_a_form_of_the_admin():
    client = Client(enforce_csrf_checks=True)
    client.force_login(curator("north-west"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(ADDRESS).status_code == 405
    assert client.post(ADDRESS, {"text": "x"}).status_code == 403
    assert Client().post(ADDRESS, {"text": "x"}).status_code == 302
