"""The library, topics and starting points."""

from urllib.parse import urlencode

from django.db.models import Count, F, Prefetch, Q, Window
from django.db.models.functions import RowNumber
from django.shortcuts import get_object_or_404
from django.urls import reverse

from curation.feeds import LENGTH, atom
from curation.models import Link
from curation.views import CuratedPage, Page, Pager, for_everyone, for_reading, page_number
from resources.browse import BrowseForm
from resources.library import FACETS
from resources.models import Resource, StartingPoint, StartingStep, Topic

PARAMETERS = (*FACETS, "page", "q", "sort")
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
        number = page_number(self.request)
        pager = Pager(form.count, number, lambda n: form.link(page=n))
        shown = Resource.objects.cards(form.ids(pager.first, pager.last))  # of this edition, and so current
        return super().get_context_data(
            form=form,
            results=shown,
            count=form.count,
            pager=pager,
            page_number=number,
            page_count=pager.count,
            canonical_path=form.link(page=number),
            noindex=bool(form.q or form.chosen),
            **kwargs,
        )


class ResourcePage(CuratedPage):
    model = Resource
    template_name = "resources/detail.jinja"

    def get_context_data(self, **kwargs):
        item = self.object
        topics = sorted((topic for topic in item.topics.all() if not topic.is_retired), key=str)
        claims = list(item.claims.all())
        named = {claim.source_resource_id for claim in claims}
        visible = set(self.visible(Resource).filter(pk__in=named).values_list("pk", flat=True))
        for claim in claims:
            if claim.source_resource_id not in visible:
                claim.source_resource = None
        return super().get_context_data(
            claims=claims,
            topics=topics,
            links={
                "built_on": item.built_on_links.source_lines(),
                "led_to": item.led_to_links.descendant_lines(),
            },
            structured_data=structured_data(item, topics) if item.is_visible else None,
            **kwargs,
        )


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
        current = Q(tagged__content_object__in=Resource.objects.current())
        topics = Topic.objects.visible().annotate(count=Count("tagged", filter=current))
        topics = topics.order_by(*Topic._meta.ordering)  # which counting forgets
        return super().get_context_data(topics=list(topics), **kwargs)


class TopicPage(Page):
    template_name = "resources/topic.jinja"

    def get_context_data(self, slug, **kwargs):
        topic = get_object_or_404(Topic.objects.visible(), slug=slug)
        held = Resource.objects.current().filter(topics=topic)
        place = Window(RowNumber(), partition_by="kind", order_by=[F("published_at").desc(), F("pk").desc()])
        newest = held.for_cards().newest_first().annotate(place=place).filter(place__lte=OF_EACH_KIND)
        groups = {}
        for resource in newest:
            groups.setdefault(resource.kind, []).append(resource)
        return super().get_context_data(
            topic=topic,
            groups=[(label, groups[kind]) for kind, label in Resource.Kind.choices if kind in groups],
            count=held.count(),
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
