"""The web application, as `manage.py serve` and any other WSGI server load it."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "justculture.settings")

settings.DATABASES["default"]["OPTIONS"]["options"] = settings.TIME_LIMITS["web"]
application = get_wsgi_application()
