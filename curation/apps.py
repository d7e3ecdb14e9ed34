from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class CurationConfig(AppConfig):
    name = "curation"

    def ready(self):
        from curation import checks, sessions  # noqa: F401 - checks register themselves

        user_logged_in.connect(sessions.begin)
