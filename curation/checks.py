"""System checks that keep a promise for content that is yet to be written."""

from django.apps import apps
from django.core.checks import Error, register

from curation import editions
from curation.models import Content


def content_tables():
    """Every content class, and every many-to-many table of one."""
    content = [model for model in apps.get_models() if issubclass(model, Content) and not model._meta.proxy]
    links = [
        field.remote_field.through
        for model in content
        for field in model._meta.many_to_many
        if field.remote_field.through._meta.auto_created
    ]
    return [*content, *links]


@register()
def history_is_kept(app_configs, **kwargs):
    """Every content table has another that keeps its history."""
    kept = {
        tracked._meta.concrete_model
        for model in apps.get_models(include_auto_created=True)
        if (tracked := getattr(model, "pgh_tracked_model", None))
    }
    return [
        Error(
            f"No history is kept of {model._meta.label}.",
            hint="Put @history.kept on the class, or call history.kept_links() for a many-to-many field.",
            obj=model,
            id="curation.E001",
        )
        for model in content_tables()
        if model not in kept
    ]


@register()
def changes_make_an_edition(app_configs, **kwargs):
    """Every content table has the trigger without which readers would be shown what it held before."""
    marked = {
        model._meta.concrete_model
        for model in apps.get_models()
        if editions.noted in getattr(model._meta, "triggers", [])
    }
    return [
        Error(
            f"A change to {model._meta.label} makes no new edition of the public site.",
            hint="Put @editions.shown on the class, or on what history.kept_links() returns.",
            obj=model,
            id="curation.E002",
        )
        for model in content_tables()
        if model not in marked
    ]
