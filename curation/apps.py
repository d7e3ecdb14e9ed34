from django.apps import AppConfig


class CurationConfig(AppConfig):
    name = "curation"

    def ready(self):
        from curation import checks  # noqa: F401 - registers itself
