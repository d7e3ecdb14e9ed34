"""A bare Django site to measure against: the default middleware, Django's own compression, one constant page of 30 KB.

It has the portal's settings but for that, and is served by the same function, so what differs is the portal.
"""

from justculture.settings import *  # noqa: F403 - the portal's settings, but for what follows

MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "tests.bench.page"
WSGI_APPLICATION = "tests.bench.page.application"
