"""The web application, as `manage.py serve` and any other WSGI server load it."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from justculture.database import wait_with_a_limit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "justculture.settings")

settings.DATABASES["default"]["OPTIONS"]["options"] = settings.TIME_LIMITS["web"] + (
    " -c default_transaction_read_only=on" if settings.READ_ONLY else ""  # whatever else forgets, PostgreSQL does not
)
settings.DATABASES["default"]["CONN_HEALTH_CHECKS"] = False  # the front asks the database before each request
wait_with_a_limit()
django = get_wsgi_application()

from justculture.front import Front  # noqa: E402 - needs the apps to be loaded

application = Front(django)
