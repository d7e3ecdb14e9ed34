"""Every address the portal answers, read from the URL resolver itself, so that a new one cannot be forgotten."""

from django.urls import NoReverseMatch, get_resolver, reverse


def named(patterns=None, namespace=""):
    """The name of each address, like "resources:detail" or "admin:index"."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from named(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{namespace}{pattern.name}"


def public():
    """The names of what anyone may ask for without signing in."""
    return {name for name in named() if not name.startswith("admin:")}


def of_admin():
    return {name for name in named() if name.startswith("admin:")}


def tried(name, pk):
    """Addresses at which to try a name, with a number where one belongs."""
    for arguments in ([], [pk], ["resources"]):
        try:
            yield reverse(name, args=arguments)
        except NoReverseMatch:
            continue
