"""The library, topics and starting points."""

from itertools import groupby
from operator import attrgetter
from urllib.parse import urlencode

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.urls import reverse

from curation.feeds import LENGTH, atom
from curation.models import Link, Region
from curation.views import CuratedPage, Page, Pager, for_everyone, for_reading, page_number
from resources import library
from resources.browse import BrowseForm
from resources.library import FACETS
from resources.models import Resource, StartingPoint, StartingStep, Topic
from search import learning

PARAMETERS = ("exact", *FACETS, "page", "q", "sort")
OF_EACH_KIND = 6  # resources a topic's page shows of each kind; the library has the rest


def library_link(**choices):
    return f"{reverse('resources:list')}?{urlencode(choices)}"


def in_order(ids, items):
    """The items of a queryset in the order of *ids*."""
    found = items.in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


class ResourceList(Page):
    template_name = "resources/list.jinja"
    parameters = PARAMETERS

    def get_context_data(self, **kwargs):
        form = BrowseForm(self.request)
        learning.note(self.request, form.q, page="resources", results=form.count)
        number = page_number(self.request)
        pager = Pager(form.count, number, form.link)
        shown = Resource.objects.cards(form.ids(pager.first, pager.last))
        return super().get_context_data(
            form=form,
            results=shown,
            count=form.count,
            pager=pager,
            page_number=number,
            page_count=pager.count,
            canonical_path=form.link(number),
            noindex=bool(form.q or form.chosen),
            **kwargs,
        )


class ResourcePage(CuratedPage):
    model = Resource
    template_name = "resources/detail.jinja"

    def get_context_data(self, **kwargs):
        item = self.object
        topics = [Topic(**row) for row in item.topic_rows]
        return super().get_context_data(
            claims=self.claims(),
            topics=topics,
            regions=[Region(**row) for row in item.region_rows],
            partners=[row["name"] for row in item.partner_rows],
            links=self.lineage(),
            structured_data=None if self.preview else structured_data(item, topics),
            **kwargs,
        )

    def claims(self):
        """The figures, each with the address of the resource it comes from when the page may name that."""
        claims = self.object.claim_rows
        sources = [claim["source_resource"] for claim in claims if claim["source_resource"]]
        slugs = dict(self.visible(Resource).filter(pk__in=sources).values_list("pk", "slug")) if sources else {}
        return [{**claim, "resource_slug": slugs.get(claim["source_resource"])} for claim in claims]


def structured_data(item, topics):
    """A resource as schema.org knows it, for search engines."""
    data = {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "name": item.title,
        "description": item.summary,
        "genre": item.kind_label,
        "keywords": [topic.name for topic in topics],
    }
    if item.publisher:
        data["publisher"] = {"@type": "Organization", "name": item.publisher.name}
    if item.published_on:
        data["datePublished"] = item.published_on
    if item.url:
        data["sameAs"] = item.url
    return data


class TopicList(Page):
    template_name = "resources/topics.jinja"

    def get_context_data(self, **kwargs):
        shelves = library.held.of(self.request)
        topics = list(Topic.objects.visible())
        for topic in topics:
            topic.count = shelves.having("topic", topic.slug).bit_count()
        return super().get_context_data(topics=topics, **kwargs)


class TopicPage(Page):
    template_name = "resources/topic.jinja"

    def get_context_data(self, slug, **kwargs):
        topic = get_object_or_404(Topic.objects.visible(), slug=slug)
        shelves = library.held.of(self.request)
        members = shelves.having("topic", topic.slug)
        ids = [
            pk for kind in Resource.Kind for pk in shelves.newest(members & shelves.having("kind", kind), OF_EACH_KIND)
        ]
        groups = groupby(Resource.objects.cards(ids), key=attrgetter("kind"))
        return super().get_context_data(
            topic=topic,
            groups=[(Resource.Kind(kind).label, list(cards)) for kind, cards in groups],
            count=members.bit_count(),
            library_link=library_link(topic=topic.slug),
            **kwargs,
        )


class StartList(Page):
    template_name = "resources/starts.jinja"

    def get_context_data(self, **kwargs):
        return super().get_context_data(points=list(StartingPoint.objects.visible()), **kwargs)


class StartPage(Page):
    template_name = "resources/start.jinja"

    def get_context_data(self, slug, **kwargs):
        steps = StartingStep.objects.select_related("resource", "topic", "region")
        points = StartingPoint.objects.visible().prefetch_related(Prefetch("steps", steps))
        point = get_object_or_404(points, slug=slug)
        visible = set(Resource.objects.visible().filter(starting_steps__point=point).values_list("pk", flat=True))
        for step in point.steps.all():
            step.link = step_link(step, visible)
        return super().get_context_data(
            point=point,
            steps=list(point.steps.all()),
            others=list(StartingPoint.objects.visible().exclude(pk=point.pk)),
            **kwargs,
        )


def step_link(step, visible):
    """What a step leads to. A superseded resource is never offered: what replaced it is."""
    if step.resource_id and step.resource_id not in visible:
        return None
    if step.resource_id and step.resource.is_superseded:
        return step.resource.replacement(Resource.objects.visible())
    target = step.resource or step.topic or step.region
    return Link(str(target), target.get_absolute_url()) if target else None


@for_everyone(*PARAMETERS)
@for_reading
def feed(request):
    """The library as a feed, with the library's filters, always newest first."""
    ids = BrowseForm(request).newest_ids(LENGTH)
    return atom(request, "Resources", in_order(ids, Resource.objects.current()))
