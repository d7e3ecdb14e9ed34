"""Who is signed in where: sessions that end by themselves, and that their curator can see and end.

A session ends an hour after it was last used and twelve hours after it began (OWASP ASVS 7.3). It is kept with the
browser's name, so that its curator knows it again, and with nothing else about them.
"""

from datetime import timedelta

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from curation import once

IDLE = timedelta(minutes=60)
AT_MOST = timedelta(hours=12)
NOTED = timedelta(minutes=1)  # how exactly it is known when a session was last used: each note is a write
BEGAN, USED, BROWSER = "began_at", "used_at", "browser"
BROWSERS = [("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]
SYSTEMS = [
    *(("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("CrOS", "a Chromebook"), ("Mac OS", "a Mac"), ("Linux", "Linux")),
]


class SessionStore(DatabaseStore):
    """Django's own store, with rows that say whose they are."""

    @classmethod
    def get_model_class(cls):
        from curation.models import Session

        return Session

    def get_expiry_date(self, **kwargs):
        now = timezone.now()
        return min(now + IDLE, (self.moment(BEGAN) or now) + AT_MOST)

    def get_expiry_age(self, **kwargs):
        return max(0, int((self.get_expiry_date() - timezone.now()).total_seconds()))

    def create_model_instance(self, data):
        row = super().create_model_instance(data)
        row.curator_id, row.browser = data.get(SESSION_KEY), data.get(BROWSER, "")
        row.began_at, row.used_at = self.moment(BEGAN), self.moment(USED)
        return row

    def moment(self, name):
        written = self.get(name)
        return parse_datetime(written) if written else None

    def begin(self, user_agent):
        """Someone has signed in: their twelve hours start."""
        self[BEGAN] = self[USED] = timezone.now().isoformat()
        self[BROWSER] = in_words(user_agent)

    def note_use(self):
        """It has been used just now, if it was: the hour starts again."""
        used_at = self.moment(USED) if self.accessed else None
        if used_at and timezone.now() - used_at > NOTED:
            self[USED] = timezone.now().isoformat()


def begin(sender, request, user, **kwargs):
    """Django says by the signal user_logged_in that somebody has signed in. What has ended by itself goes then too."""
    request.session.clear_expired()
    once.forget_old()
    request.session.begin(request.META.get("HTTP_USER_AGENT", ""))


def in_words(user_agent):
    """A browser as its user would call it: "Firefox on Windows"."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "A browser")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser
