"""How often anybody may try to sign in, and what is done when it is too often.

django-axes keeps the record: wrong passwords and wrong codes, by person and address, for a quarter of an hour. Nobody
is held off by a name alone, or anyone could keep a colleague out. Wider limits hold off whoever tries one password on
many accounts. They spare a browser in which this very person has signed in before: guesses of others do not stop it.
"""

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.core import signing
from django.db.models import Q, Sum
from django.utils.crypto import constant_time_compare, salted_hmac

from curation.accounts import sign_in_name

FROM_ONE_ADDRESS = 30
FROM_ANYWHERE = 200
KNOWN_FOR = 365 * 24 * 3600  # seconds
SALT = "curation.guessing"


class Record(AxesDatabaseHandler):
    """django-axes' own record of what failed, asked wider questions (AXES_HANDLER)."""

    def is_locked(self, request, credentials=None):
        return super().is_locked(request, credentials) or (
            is_crowded(request) and not is_known(request, sign_in_name(request, credentials))
        )

    def user_login_failed(self, sender, credentials, request=None, **kwargs):
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request is not None and self.is_locked(request, credentials):
            request.axes_locked_out, request.axes_credentials = True, credentials


def is_crowded(request):
    """Whether too much has failed lately from this address, or from all addresses together."""
    failed = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request)).aggregate(
        here=Sum("failures_since_start", filter=Q(ip_address=request.axes_ip_address)),
        anywhere=Sum("failures_since_start"),
    )
    return (failed["here"] or 0) >= FROM_ONE_ADDRESS or (failed["anywhere"] or 0) >= FROM_ANYWHERE


def may_try(request, person):
    """Whether this request may try another code for *person*."""
    return AxesProxyHandler.is_allowed(request, {"username": person.email})


def note_failure(request, person):
    """A code was wrong. django-axes hears of it as of a wrong password, and answers when it was one too many."""
    user_login_failed.send(sender=__name__, credentials={"username": person.email}, request=request)


def forget_failures(request, person):
    """They are in: what they mistyped from here no longer counts. A password alone would let a guesser of codes
    begin anew as often as they like."""
    AxesProxyHandler.update_request(request)
    AccessAttempt.objects.filter(username=person.email, ip_address=request.axes_ip_address).delete()


def remember(response, person):
    """Let this browser say next time that this person has signed in with it. It says that to nobody else."""
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE,
        signing.dumps(_mark(person.email), salt=SALT),
        max_age=KNOWN_FOR,
        path="/admin/",
        secure=settings.SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def is_known(request, name):
    """Whether the person who signs in by this name has signed in with this browser before."""
    try:
        mark = signing.loads(request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE, ""), salt=SALT, max_age=KNOWN_FOR)
    except signing.BadSignature:
        return False
    return constant_time_compare(mark, _mark(name))


def _mark(name):
    return salted_hmac(SALT, name, algorithm="sha256").hexdigest()[:32]
