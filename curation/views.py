"""How the page of one item is found: the same for every kind of content."""

import re
from functools import wraps

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import DetailView, TemplateView

from curation import copies, editions, links, sign_in
from curation.accounts import address
from curation.models import Redirect, WorkingCopy
from curation.querysets import what_readers_see
from justculture import errors

PER_PAGE = 20
READING = ["GET", "HEAD"]
PREVIEWS = {}  # the page class of each kind of content, by its model's label


class Pager:
    """Where a reader is among the pages of a list. *link* gives the address of a page number."""

    def __init__(self, total, number, link, size=PER_PAGE):
        self.count = max(1, -(-total // size))
        self.number, self.link = number, link
        if number > self.count:
            raise Http404("There is no such page of this list.")
        self.first, self.last = (number - 1) * size, number * size

    @property
    def items(self):
        """Page numbers as the service manual shows them, None for a gap: 1 … 4 5 6 … 20."""
        near = {1, self.number - 1, self.number, self.number + 1, self.count}
        shown = sorted(n for n in near if 1 <= n <= self.count)
        items = []
        for before, n in zip([0, *shown], shown, strict=False):
            if n - before == 2:
                items.append(n - 1)
            elif n - before > 2:
                items.append(None)
            items.append(n)
        return items


def page_number(request):
    """The page asked for. Anything that is no page number is a page that does not exist."""
    text = request.GET.get("page", "1")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text, re.ASCII):
        raise Http404("There is no such page of this list.")
    return int(text)


def for_everyone(*parameters):
    """Decorator: the answer is the same for every reader, and depends on these parameters of the query alone."""

    def declare(view):
        view.parameters = parameters
        return view

    return declare


def for_reading(view):
    """A view that only reads. It answers 405 to anything else, and no form of ours is sent to it."""

    @csrf_exempt
    @wraps(view)
    def answer(request, *args, **kwargs):
        if request.method not in READING:
            return errors.method_not_allowed(request, READING)
        return view(request, *args, **kwargs)

    return answer


@method_decorator(for_reading, name="dispatch")
class Page(TemplateView):
    """A page that readers see. `parameters` are those of its query that it reads: the rest of a query is dropped."""

    parameters = ()


@method_decorator(for_reading, name="dispatch")
class CuratedPage(DetailView):
    """The page of one item: for readers when it is visible, for its curators at any time (`preview`).

    A withdrawn item answers 410, an old address leads to the new one, and anything else is 404, the same for what
    is not public and what never was.
    """

    context_object_name = "item"
    parameters = ()
    preview = False
    guest = False  # a preview for somebody without an account: of one item, and of nothing else
    of_copy = False  # a preview of what is to take the place of what readers see

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        PREVIEWS[cls.model._meta.label_lower] = cls

    def get(self, request, *args, **kwargs):
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            if self.preview:
                raise
            return self.elsewhere(kwargs[self.slug_url_kwarg])

    def elsewhere(self, slug):
        """What an address answers that no visible item has."""
        items = self.model.objects
        gone = items.gone().filter(slug=slug).first()
        if gone:
            return errors.gone(self.request, gone)
        old = get_object_or_404(Redirect, kind=self.model._meta.label_lower, slug=slug)
        moved = items.visible().filter(pk=old.object_id).first()
        if moved:
            page = self.request.resolver_match
            return HttpResponsePermanentRedirect(reverse(page.view_name, kwargs={**page.kwargs, "slug": moved.slug}))
        return errors.gone(self.request, get_object_or_404(items.gone(), pk=old.object_id))

    def get_queryset(self):
        items = self.model.objects.for_page(self.visible)
        if self.guest:
            return items  # the link has said which
        return items.curated_by(self.request.user) if self.preview else items.visible()

    def visible(self, model):
        """Items of *model* that this page may name: readers' view, and in a preview also this curator's own drafts."""
        if self.preview and not self.guest:
            return model.objects.known_to(self.request.user)
        return what_readers_see(model)

    def lineage(self):
        """What the page says of what its item was built on and of what was built on it."""
        links = self.object.built_on_links.model
        lines = links.objects.lines(self.visible) if self.preview else links.held_lines.of(self.request)
        return lines.about(self.object)

    def get_context_data(self, **kwargs):
        item = self.object
        return super().get_context_data(
            preview=self.preview,
            guest=self.guest,
            of_copy=self.of_copy,
            successor=item.replacement(self.visible(type(item))),
            is_sample=item.is_sample,
            **kwargs,
        )


@for_reading
def preview(request, kind, pk):
    """Any state of an item, on its real page, for those who curate it."""
    if not sign_in.is_through(request):
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    page = PREVIEWS.get(kind)
    if page is None:
        raise Http404("Nothing of that kind has a page.")
    copy = WorkingCopy.objects.editable_by(request.user).filter(kind=kind, object_id=pk).first()
    if copy is None:
        return lead_to_previews(page.as_view(preview=True)(request, pk=pk).render(), request.user)
    with copies.as_if(copy.item, copy.content):
        request.META.pop(editions.REQUEST_KEY, None)  # nothing that is made here belongs to the edition readers see
        return lead_to_previews(page.as_view(preview=True, of_copy=True)(request, pk=pk).render(), request.user)


def lead_to_previews(response, person):
    """In a rendered preview, let links to this curator's own unpublished work lead to its preview, not to "not found".

    So do links in what somebody wrote, as far as they name this portal's own addresses.
    """
    html, previews = response.content.decode(), {}
    for page in PREVIEWS.values():
        before, after = page.model(slug="-").get_absolute_url().split("-")
        slugs = set(re.findall(rf'{before}([a-z0-9-]+){after}(?=["#])', html))
        if slugs:
            unseen = page.model.objects.curated_by(person).filter(slug__in=slugs)
            unseen = unseen.exclude(pk__in=page.model.objects.visible().filter(slug__in=slugs).values("pk"))
            previews |= {item.get_absolute_url(): item.get_preview_url() for item in unseen}
    if previews:
        ours, known = re.escape(settings.SITE_URL), "|".join(map(re.escape, previews))
        link = rf'(<a\b[^>]*?\shref=")(?:{ours})?({known})(?=["#])'
        response.content = re.sub(link, lambda found: found[1] + previews[found[2]], html)
    return response


@for_reading
def guest_link(request, token):
    """What somebody without an account may do by a link. Whatever is wrong with the link, the answer is the same."""
    item = links.opened(token, who=address(request))
    page = PREVIEWS.get(item._meta.label_lower) if item else None
    response = page.as_view(preview=True, guest=True)(request, pk=item.pk) if page else errors.link_does_not_work()
    for name, value in links.HEADERS.items():
        response.headers[name] = value
    return response
