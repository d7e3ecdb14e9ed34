"""What is settled before anything else looks at a request, and what every response carries."""

from functools import partial
from logging import getLogger

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from psycopg2.errors import ReadOnlySqlTransaction

from justculture import errors

log = getLogger(__name__)
FOR_CURATORS = ("/admin/", "/preview/")  # never kept, never indexed
REFUSAL = "portal.refusal"  # why justculture.front lets a request have no more than a page that says so
VERBS = {"GET", "HEAD", "POST", "OPTIONS"}
REFUSALS = {
    "away": partial(errors.unavailable, retry_after=30),
    "busy": partial(errors.unavailable, retry_after=5),
    "large": errors.too_large,
    "cut": errors.cut_off,
}
FEATURES = [
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
    *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
]
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in FEATURES)


class Gate:
    """Refuse what no page of the portal answers: other verbs, NUL bytes, foreign hosts."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.refusal(request) or self.get_response(request)

    def process_exception(self, request, exception):
        """The database is away or too busy: come back in a moment."""
        if isinstance(exception, OperationalError | InterfaceError):
            log.error("The database did not answer", exc_info=exception)
            return errors.unavailable(request)
        if isinstance(exception.__cause__, ReadOnlySqlTransaction):
            return errors.read_only(request)
        return None

    def refusal(self, request):
        if request.method not in VERBS:
            return errors.method_not_allowed(request, sorted(VERBS))
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path or "\0" in query or "%00" in query:
            return errors.bad_request(request)
        try:
            request.get_host()
        except DisallowedHost:
            return errors.bad_request(request)
        if REFUSAL in request.META:
            return REFUSALS[request.META[REFUSAL]](request)
        if settings.READ_ONLY and request.method == "POST":
            return errors.read_only(request)
        return None


class Sessions(SessionMiddleware):
    """Django's sessions. While nothing can be saved, a session is not saved either, and the page it is for is shown."""

    def process_response(self, request, response):
        if settings.READ_ONLY:
            return response
        request.session.note_use()
        return super().process_response(request, response)


class Headers:
    """The headers that Django's own middleware does not set, on every response."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.path.startswith(FOR_CURATORS):
            response.headers["Cache-Control"] = "no-store"
            response.headers["X-Robots-Tag"] = "noindex"
        elif response.status_code == 200:
            response.headers.setdefault("Cache-Control", settings.PAGE_CACHE_CONTROL)
        else:
            kept = "no-store" if response.status_code >= 400 else "no-cache"
            response.headers.setdefault("Cache-Control", kept)
        return response
