"""The second factor of signing in: a code of an app on the curator's phone, or one of the codes kept for a bad day.

A password is asked first (Django, django-axes). Whoever has given one is nobody to the admin yet: `is_through` is the
one rule that every door of curators asks. What counts as a code, once only and not too often, is django-otp's.
"""

import secrets
from base64 import b32encode
from typing import NamedTuple
from urllib.parse import quote, urlencode

import segno
from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.safestring import mark_safe
from django_otp import devices_for_user, login
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from curation import guessing, history
from justculture.words import plural

RECOVERY_CODES = 10
ELSEWHERE = "second_factor_elsewhere"
OFTEN = "The last code was wrong. Wait {time}, then enter the code that your app shows then."
TOO_OFTEN = (
    "Many wrong codes were entered for this account. Nobody can try again for {time}. "
    "If that was not you, somebody knows your password: ask an administrator of accounts for a new password link."
)
LONG = 15 * 60  # seconds to wait after which it is better to ask for help
WRONG = "That is not the code. Enter the 6 digits that your app shows now, or a recovery code that you have not used."
NOT_SET_UP = (
    "That is not the code. Enter the 6 digits that your app shows now. Check that your phone has the right time."
)


def is_half_way(request):
    """Whether a password was given and the second factor is still to come."""
    person = request.user
    return person.is_authenticated and person.is_active and person.is_staff and not is_through(request)


def is_through(request):
    """Whether this curator may come in: with an open account and a part to play, and past the second factor."""
    person = request.user
    if not (person.is_authenticated and person.is_active and person.is_staff):
        return False
    return person.is_verified() or ELSEWHERE in request.session or not settings.SECOND_FACTOR


def came_in_elsewhere(request):
    """Note that the provider of this sign-in has asked for several factors itself (curation.oidc)."""
    request.session[ELSEWHERE] = True


class CodeForm(forms.Form):
    """One code, however it is grouped."""

    code = forms.CharField(
        label="Code",
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"}),
    )

    def clean_code(self):
        return "".join(self.cleaned_data["code"].split()).replace("-", "").lower()


class Refused(Exception):
    """A code was not taken; the message says so to its curator."""


def app_of(person):
    """The app that this curator has set up, or None."""
    return TOTPDevice.objects.devices_for_user(person, confirmed=True).first()


def key_to_set_up(request):
    """The key for a new app: the same for as long as a session is, and stored nowhere until a first code has shown
    that an app has it."""
    session = f"{request.user.pk} {request.session.session_key}"
    return salted_hmac("curation.sign_in.key", session, algorithm="sha256").digest()[:20]


class Enrolment(NamedTuple):
    """What an app needs to know: as a picture to point a camera at, and in letters to type."""

    picture: str
    letters: str


def enrolment(request):
    app = TOTPDevice(user=request.user, key=key_to_set_up(request).hex())
    letters = b32encode(app.bin_key).decode().rstrip("=")
    issuer = settings.SERVICE_NAME
    told = urlencode({"secret": letters, "issuer": issuer, "digits": app.digits, "period": app.step}, quote_via=quote)
    code = segno.make(f"otpauth://totp/{quote(f'{issuer}:{app.user.email}')}?{told}", error="m")
    drawn = code.svg_inline(scale=5, border=4, light="#fff", svgclass=None, lineclass=None, title="Code for your app")
    groups = " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))
    return Enrolment(mark_safe(drawn), groups)  # noqa: S308 - drawn here, of our own letters


@transaction.atomic
def set_up(request, code):
    """Take the first code of a new app: it is set up, and its curator is in. Returns the recovery codes.

    They are shown this once; what is kept of them is a keyed hash. Raises Refused.
    """
    person = get_user_model().objects.select_for_update().get(pk=request.user.pk)
    history.because("set up a second factor", by=person)
    TOTPDevice.objects.filter(user=person).delete()  # the phone that this one replaces
    app = TOTPDevice.objects.create(user=person, name="app", key=key_to_set_up(request).hex())
    if not app.verify_token(code):
        raise Refused(NOT_SET_UP)
    person.second_factor_at = timezone.now()
    person.save(update_fields=["second_factor_at"])
    StaticDevice.objects.filter(user=person).delete()
    spare = StaticDevice.objects.create(user=person, name="recovery codes")
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]
    for one in codes:
        spare.token_set.create(token=kept(one.replace("-", "")))
    _come_in(request, app)
    return codes


def kept(code):
    """What is stored of a recovery code: as much of a keyed hash as django-otp's column holds, 64 bits."""
    return salted_hmac("curation.sign_in", code, algorithm="sha256").hexdigest()[:16]


def check(request, code):
    """Take a code of the app, or a recovery code: its curator is in. Raises Refused.

    Returns how many wrong codes had been entered for them since they last came in.
    """
    person = request.user
    if not guessing.may_try(request, person):
        request.axes_locked_out = True  # django-axes answers
        raise Refused(WRONG)
    with transaction.atomic():
        if code.isdigit() and len(code) == 6:
            device = TOTPDevice.objects.select_for_update().get(user=person, confirmed=True)
        else:
            device, code = StaticDevice.objects.select_for_update().get(user=person), kept(code)
        wait, wrong = _wait(device), device.throttling_failure_count
        is_right = not wait and device.verify_token(code)
    if wait:
        raise Refused((OFTEN if wait < LONG else TOO_OFTEN).format(time=_in_words(wait)))
    if not is_right:  # the failed try is kept: it counts
        guessing.note_failure(request, person)
        raise Refused(WRONG)
    _come_in(request, device)
    return wrong


def let_try_again(person):
    """Whoever entered wrong codes knew the password. With a new one, its owner need not wait for what they did."""
    for device in devices_for_user(person):
        device.throttle_reset()


def _wait(device):
    """Seconds until another code may be tried."""
    allowed, why = device.verify_is_allowed()
    return 0 if allowed else max(1, round((why["locked_until"] - timezone.now()).total_seconds()))


def _in_words(seconds):
    if seconds <= 120:
        return plural(seconds, "second")
    return plural(-(-seconds // 60), "minute") if seconds <= 7200 else plural(-(-seconds // 3600), "hour")


def _come_in(request, device):
    request.session.cycle_key()  # whoever knew the half-open session's key knows nothing now
    login(request, device)
    guessing.forget_failures(request, request.user)
