"""Problem pages: friendly, in the portal's look, and without a problem of their own."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from jinja2 import TemplateNotFound

from justculture import errors

WITHDRAWN = SimpleNamespace(
    title="An old <guide>",
    kind_label="Guide",
    withdrawn_at=datetime(2026, 8, 6, tzinfo=UTC),
    withdrawn_reason="Its publisher took it back.",
    onward_url="https://example.org/new/",
)
PAGES = [
    (lambda: errors.bad_request(None), 400, "This address cannot be read"),
    (lambda: errors.permission_denied(None), 403, "You do not have access to this page"),
    (lambda: errors.csrf_failure(None), 403, "Your form was not sent"),
    (lambda: errors.page_not_found(None, Exception()), 404, "Page not found"),
    (lambda: errors.method_not_allowed(None, ["GET", "HEAD"]), 405, "This page cannot be used that way"),
    (lambda: errors.gone(None, WITHDRAWN), 410, "This page has been withdrawn"),
    (lambda: errors.too_large(None), 413, "That is too much to send at once"),
    (lambda: errors.cut_off(None), 400, "What you sent did not arrive"),
    (lambda: errors.locked_out(None), 429, "Too many attempts to sign in"),
    (lambda: errors.server_error(None), 500, "Sorry, there is a problem with the service"),
    (lambda: errors.unavailable(), 503, "Sorry, the service is not available at the moment"),
]


@pytest.mark.parametrize(("page", "status", "heading"), PAGES, ids=[str(status) for _, status, _ in PAGES])
def test_pages_have_the_portals_look_and_need_no_database(page, status, heading):
    response = page()
    html = response.content.decode()
    assert response.status_code == status
    assert f"<title>{heading} – Just and learning culture</title>" in html
    assert f"<h1>{heading}</h1>" in html
    assert "app-header__service-name" in html
    assert '<meta name="robots" content="noindex">' in html
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("page", "status", "heading"), PAGES, ids=[str(status) for _, status, _ in PAGES])
def test_a_problem_page_has_no_problem_of_its_own(page, status, heading, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise TemplateNotFound("errors/500.jinja")

    monkeypatch.setattr(errors, "render_to_string", broken)
    response = page()
    assert response.status_code == status
    assert b"<h1>" in response.content
    assert b"nhsuk.css" in response.content


def test_headers():
    assert errors.method_not_allowed(None, ["GET", "HEAD"])["Allow"] == "GET, HEAD"
    assert errors.unavailable(retry_after=5)["Retry-After"] == "5"
    assert errors.locked_out(None)["Retry-After"] == "900"
    assert "for the next 15 minutes" in errors.locked_out(None).content.decode()


def test_a_withdrawn_page_says_what_when_why_and_where_to():
    html = errors.gone(None, WITHDRAWN).content.decode()
    assert 'the guide "An old &lt;guide&gt;". It was withdrawn on 6 August 2026.' in html
    assert "Its publisher took it back." in html
    assert '<a href="https://example.org/new/">See what to use instead</a>' in html
