"""Pages of the site itself: home, regions, about, and what machines ask for."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Prefetch
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from curation import moment, sign_in
from curation.models import Region
from curation.views import Page, for_everyone, for_reading
from events.models import Event
from justculture import accessibility, health
from principles.models import PrincipleSet
from resources import library
from resources.models import Resource, StartingPoint
from resources.views import library_link

NEWEST = 6


def regions_with_sets():
    """Every region with the current principle sets that are about it."""
    sets = PrincipleSet.objects.current().for_cards()
    return Region.objects.prefetch_related(Prefetch("principleset_set", sets, to_attr="sets"))


class Home(Page):
    template_name = "site/home.jinja"

    def get_context_data(self, **kwargs):
        shelves = library.held.of(self.request)
        return super().get_context_data(
            starting_points=list(StartingPoint.objects.visible()[:NEWEST]),
            newest=Resource.objects.cards(shelves.newest(shelves.everything, NEWEST)),
            regions=list(Region.objects.filter(is_national=False)),
            next_events=list(Event.objects.current().upcoming().for_cards()[:3]),
            **kwargs,
        )


class RegionList(Page):
    template_name = "curation/regions.jinja"

    def get_context_data(self, **kwargs):
        shelves = library.held.of(self.request)
        regions = list(regions_with_sets())
        for region in regions:
            region.resource_count = shelves.having("region", region.slug).bit_count()
        return super().get_context_data(regions=regions, **kwargs)


class RegionPage(Page):
    template_name = "curation/region.jinja"

    def get_context_data(self, slug, **kwargs):
        region = get_object_or_404(regions_with_sets().prefetch_related("contacts"), slug=slug)
        shelves = library.held.of(self.request)
        members = shelves.having("region", region.slug)
        return super().get_context_data(
            region=region,
            sets=region.sets,
            resources=Resource.objects.cards(shelves.newest(members, NEWEST)),
            resource_count=members.bit_count(),
            library_link=library_link(region=region.slug),
            events=list(Event.objects.current().in_region(region).upcoming().for_cards()),
            contacts=list(region.contacts.all()),
            **kwargs,
        )


class Accessibility(Page):
    template_name = "site/accessibility.jinja"
    extra_context = {"statement": accessibility.statement()}


@for_reading
def live(request):
    """The process answers. It touches nothing else, so a database that is away never gets it restarted."""
    return JsonResponse({"status": "live"}, headers={"Cache-Control": "no-store"})


@for_reading
def ready(request):
    """Whether pages can be made. What is wrong is for someone on this machine, and for curators who have signed in."""
    state = health.look()
    told = {"status": "ready" if state.is_ready else "not ready"}
    if health.is_local(request) or (state.is_ready and sign_in.is_through(request)):
        told |= {"failures": state.failures, "warnings": state.warnings}
    headers = {"Cache-Control": "no-store"} | ({} if state.is_ready else {"Retry-After": "5"})
    return JsonResponse(told, status=200 if state.is_ready else 503, headers=headers)


@for_everyone()
@for_reading
def robots(request):
    closed = "".join(f"Disallow: {path}\n" for path in ("/admin/", "/preview/", "/link/", "/search/"))
    text = f"User-agent: *\n{closed}\nSitemap: {settings.SITE_URL}{reverse('sitemap')}\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@for_everyone()
@for_reading
def security(request):
    """Where to report a weakness (RFC 9116). It expires at the start of a month, half a year ahead."""
    contact = (
        f"mailto:{settings.SERVICE_MAILBOX}"
        if settings.SERVICE_MAILBOX
        else (f"{settings.SITE_URL}{reverse('about')}#contact")
    )
    expires = (moment.today() + timedelta(days=200)).strftime("%Y-%m-01T00:00:00Z")
    text = (
        f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n"
        f"Canonical: {settings.SITE_URL}{reverse('security')}\n"
    )
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
