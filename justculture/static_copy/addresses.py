"""What is in a copy of the site, and where: every page that a link leads to, the feeds, and addresses of before."""

from urllib.parse import parse_qsl

from django.apps import apps
from django.db.models import Q
from django.urls import reverse

from curation.models import CuratedModel, Redirect
from curation.states import State
from curation.views import PER_PAGE
from events.models import Event
from events.views import regions_with_events
from justculture import sitemap
from justculture.static_copy import pages
from principles.models import PrincipleSet, SetVersion
from resources import library
from search.views import everything_visible

NOT_FOUND = "/404.html"  # no page has this address: what many servers show for one that no page has
FILES = ["resources:feed", "principles:feed", "events:feed", "sitemap", "robots", "security"]


def place(address):
    """The file that holds the answer to an address, by its path from the top of the copy.

    A static server reads no query, so each choice and page number becomes a part of the path. It has a "_" in it, which
    no slug has: /resources/?kind=guide&page=2 is resources/kind_guide/page_2/index.html.
    """
    path, _, query = address.partition("?")
    choices = [f"{name}_{value}" for name, value in parse_qsl(query)]
    if path.endswith("/"):
        return "/".join([*path.split("/")[1:-1], *choices, "index.html"])
    stem, _, ending = path[1:].rpartition(".")
    return ".".join([stem, *choices, ending])


def all_addresses():
    """Every address of the copy. Some come more than once."""
    yield NOT_FOUND
    yield from map(reverse, [*sitemap.LISTS, *FILES])
    yield from pages.addresses()
    for items in everything_visible():
        for item in items.only("slug").iterator():
            yield item.get_absolute_url()
    for version in older_versions():
        yield version.get_absolute_url()
    yield from lists_of_resources()
    yield from lists_of_events()
    for model in apps.get_models():
        if issubclass(model, CuratedModel):
            yield from addresses_of_before(model)


def older_versions():
    return SetVersion.objects.visible().filter(state=State.SUPERSEDED).select_related("set")


def lists_of_resources():
    """The library, and a list and a feed for each single choice of each filter."""
    held, path, feed = library.held.now(), reverse("resources:list"), reverse("resources:feed")
    yield from every_page(path, len(held.ids))
    for name, sets in held.sets.items():
        for value, members in sets.items():
            yield from every_page(f"{path}?{name}={value}", members.bit_count())
            yield f"{feed}?{name}={value}"


def lists_of_events():
    yield from every_page(reverse("events:past"), Event.objects.current().past().count())
    for region in regions_with_events():
        yield f"{reverse('events:list')}?region={region.slug}"
        yield f"{reverse('events:feed')}?region={region.slug}"


def every_page(address, count):
    """The pages of a list of *count* items."""
    yield address
    for number in range(2, -(-count // PER_PAGE) + 1):
        yield f"{address}{'&' if '?' in address else '?'}page={number}"


def addresses_of_before(model):
    """Addresses that lead on: what was withdrawn, and what something used to be called."""
    items = model.objects
    for item in items.gone().only("slug").iterator():
        yield item.get_absolute_url()
    known = Q(object_id__in=items.visible().values("pk")) | Q(object_id__in=items.gone().values("pk"))
    for old in Redirect.objects.filter(known, kind=model._meta.label_lower):
        yield reverse(f"{model._meta.app_label}:detail", args=[old.slug])
        if model is PrincipleSet:
            for version in older_versions().filter(set=old.object_id):
                yield reverse("principles:version", args=[old.slug, version.number])
