"""What readers and curators see when a page cannot be shown, in the look of every other page.

None of these needs a database or a session. A problem page must not have a problem of its own: when its template
cannot be rendered, plain words stand in for it.
"""

from logging import getLogger

from axes.helpers import get_cool_off
from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.html import escape

log = getLogger(__name__)

PLAIN_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>{title}</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="robots" content="noindex">
  <link rel="stylesheet" href="/static/css/nhsuk.css">
</head>
<body>
  <div class="nhsuk-width-container">
    <main class="nhsuk-main-wrapper" id="maincontent">
      <h1>{title}</h1>
      <p>Try again later, or <a href="/">go to the home page</a>.</p>
    </main>
  </div>
</body>
</html>
"""
PLAIN_TITLES = {
    410: "This page has been withdrawn",
    500: "Sorry, there is a problem with the service",
    503: "Sorry, the service is not available at the moment",
}


def bad_request(request, exception=None):
    return problem(400)


def permission_denied(request, exception=None):
    return problem(403)


def page_not_found(request, exception=None):
    return problem(404)


def method_not_allowed(request, allowed):
    return problem(405, headers={"Allow": ", ".join(allowed)})


def gone(request, item):
    """*item* was public once and has been withdrawn: why, and where to go on."""
    return problem(410, context={"item": item})


def link_does_not_work():
    """The one answer to a link without an account that was never made, has ended or was taken back."""
    return problem(404, "link")


def server_error(request):
    return problem(500)


def unavailable(request=None, retry_after=30):
    return problem(503, headers={"Retry-After": str(retry_after)})


def too_large(request):
    return problem(413)


def cut_off(request):
    """A form of which only a part came."""
    return problem(400, "cut_off")


def read_only(request):
    """Nothing can be saved at the moment. Curators are told why; what they typed is in the form they came from."""
    reason = settings.READ_ONLY if request.path.startswith("/admin/") else ""
    return problem(503, "read_only", {"reason": reason}, headers={"Retry-After": "300"})


def csrf_failure(request, reason=""):
    """The answer to a form that was open too long. Django asks for it by this name (CSRF_FAILURE_VIEW)."""
    return problem(403, "csrf")


def locked_out(request, response=None, credentials=None):
    """The answer to too many failed sign-ins. django-axes asks for it by this name (AXES_LOCKOUT_CALLABLE)."""
    seconds = round(get_cool_off(request).total_seconds())
    return problem(429, "locked", {"minutes": -(-seconds // 60)}, headers={"Retry-After": str(seconds)})


def problem(status, name=None, context=None, headers=None):
    name = name or str(status)
    try:
        html = render_to_string(f"errors/{name}.jinja", context)
    except Exception:
        log.exception("The page for problem %s could not be rendered", name)
        html = PLAIN_PAGE.format(title=escape(PLAIN_TITLES.get(status, "This page cannot be shown")))
    return HttpResponse(html, status=status, headers={"Cache-Control": "no-store", **(headers or {})})
