"""System checks that keep a promise for content that is yet to be written."""

from django.apps import apps
from django.core.checks import Error, register

from curation.models import Content


@register()
def history_is_kept(app_configs, **kwargs):
    """Every content class, and every many-to-many table of one, has a table that keeps its history."""
    kept = {
        tracked._meta.concrete_model
        for model in apps.get_models(include_auto_created=True)
        if (tracked := getattr(model, "pgh_tracked_model", None))
    }
    content = [model for model in apps.get_models() if issubclass(model, Content) and not model._meta.proxy]
    links = [
        field.remote_field.through
        for model in content
        for field in model._meta.many_to_many
        if field.remote_field.through._meta.auto_created
    ]
    return [
        Error(
            f"No history is kept of {model._meta.label}.",
            hint="Put @history.kept on the class, or call history.kept_links() for a many-to-many field.",
            obj=model,
            id="curation.E001",
        )
        for model in [*content, *links]
        if model not in kept
    ]
