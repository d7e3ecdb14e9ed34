"""Signing in with the account of one's organisation, by OpenID Connect, where the operator has switched it on.

The provider says who somebody is; what they may do stays with the portal. No account is made here: the first time, a
verified email address leads to an open account, and from then on the provider's own name for that person does (issuer
and subject, OpenID Connect Core 5.7: an address may be given to somebody else one day). docs/adr/017-openid-connect.md
"""

import logging
from functools import cache

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.db import transaction
from django.urls import reverse

from curation import history, sign_in

log = logging.getLogger(__name__)
ONWARD = "oidc_onward"
TIMEOUT = 5  # seconds that the provider may take to answer
BACKEND = "django.contrib.auth.backends.ModelBackend"
SEVERAL_FACTORS = "mfa"  # RFC 8176, Authentication Method Reference Values
NOT_DONE = "Signing in with {name} did not work. Try again, or sign in with your password."
NO_ACCOUNT = (
    "{name} knows you, but there is no open account here for your email address. Ask an administrator of accounts."
)


class Refused(Exception):
    """Nobody is signed in; the message says so to whoever tried."""


def is_on():
    return bool(settings.OIDC_ISSUER)


@cache
def provider():
    """The provider, with what it says of itself at its well-known address."""
    from authlib.integrations.django_client import OAuth  # only where it is switched on

    well_known = settings.OIDC_ISSUER.rstrip("/") + "/.well-known/openid-configuration"
    return OAuth().register(
        "provider",
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        server_metadata_url=well_known,
        client_kwargs={
            "scope": "openid email",
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT,
            "leeway": 0,  # an access token is used at once, however short it lives
        },
    )


def begin(request, onward):
    """The answer that leads to the provider. *onward*: where to go when they come back. Raises Refused."""
    request.session[ONWARD] = onward
    return _with_provider(
        lambda: provider().authorize_redirect(request, settings.SITE_URL + reverse("admin:oidc-back"))
    )


def finish(request):
    """Sign in whoever the provider has sent back. Returns where they wanted to go. Raises Refused."""
    onward = request.session.pop(ONWARD, None)
    claims = _with_provider(lambda: _claims(request))
    person = _account(claims)
    login(request, person, backend=BACKEND)
    if SEVERAL_FACTORS in (claims.get("amr") or ()):  # some providers say null
        sign_in.came_in_elsewhere(request)
    return onward or reverse("admin:index")


def _with_provider(ask):
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    try:
        return ask()
    except (AuthlibBaseError, JoseError, RequestException, RuntimeError, ValueError, KeyError, TypeError) as problem:
        # what a stranger may have typed into the address is not repeated, nor a token
        log.warning("Signing in by OpenID Connect failed: %s", type(problem).__name__)
        raise Refused(NOT_DONE.format(name=settings.OIDC_NAME)) from problem


def _claims(request):
    """What the provider says of whoever comes back, once every signature, time, nonce and name is right."""
    metadata = provider().load_server_metadata()
    if metadata.get("issuer") != settings.OIDC_ISSUER:
        raise ValueError("The provider gives another issuer than OIDC_ISSUER.")
    names = {"iss": settings.OIDC_ISSUER, "aud": settings.OIDC_CLIENT_ID}
    options = {name: {"essential": True, "values": [value]} for name, value in names.items()}
    token = provider().authorize_access_token(request, claims_options=options)
    claims = token["userinfo"]
    if "email" not in claims and token.get("access_token"):
        told = provider().userinfo(token=token)
        if told["sub"] != claims["sub"]:
            raise ValueError("The provider speaks of somebody else.")
        claims = {**told, **claims}
    return claims


@transaction.atomic
def _account(claims):
    """The open account of whoever these claims are of. Raises Refused."""
    open_accounts = get_user_model().objects.select_for_update().filter(is_active=True)
    subject = f"{claims['iss']} {claims['sub']}"
    known = open_accounts.filter(oidc_subject=subject).first()
    if known is None and claims.get("email_verified") is True:
        email = str(claims.get("email", "")).strip().lower()
        known = open_accounts.filter(email=email, oidc_subject="").first()
        if known is not None:
            history.because(f"first signed in with {settings.OIDC_NAME}", by=known)
            known.oidc_subject = subject
            known.save(update_fields=["oidc_subject"])
    if known is None:
        log.warning("Signing in by OpenID Connect: no open account.")
        raise Refused(NO_ACCOUNT.format(name=settings.OIDC_NAME))
    return known
