"""The search page: everything that readers may see, in one list."""

from typing import NamedTuple

from django.apps import apps
from django.http import JsonResponse
from django.shortcuts import render
from markupsafe import Markup

from curation.views import Page, Pager, for_everyone, for_reading, page_number
from search import learning
from search.browse import Found
from search.documents import plain
from search.query import START, documents, marked, search, suggestions
from search.question import LONGEST


class Hit(NamedTuple):
    """One line of the results."""

    title: str
    url: str
    kind_label: str
    extract: Markup
    is_superseded: bool
    is_sample: bool


def kinds():
    """The models of what search knows."""
    return [model for model in apps.get_models() if hasattr(model, "search_fields")]


def everything_visible():
    """A queryset of what readers may see, for each kind of thing that search knows."""
    return [model.objects.visible() for model in kinds()]


def hits(documents):
    """The results of a page of documents: one statement for each kind among them."""
    found = {}
    for kind in {document.kind for document in documents}:
        ids = [document.object_id for document in documents if document.kind == kind]
        found[kind] = apps.get_model(kind)._base_manager.in_bulk(ids)
    for document in documents:
        item = found[document.kind][document.object_id]
        yield Hit(
            document.title,
            item.get_absolute_url(),
            item.kind_label,
            marked(document.extract if START in document.extract else document.summary),
            document.is_superseded,
            getattr(item, "is_sample", False),
        )


class SearchPage(Page):
    template_name = "search/results.jinja"
    parameters = ("exact", "kind", "page", "q", "region")
    help = {}  # what to offer when there is nothing to show: name in the template → function that gets it

    def get_context_data(self, **kwargs):
        q = " ".join(plain(self.request.GET.get("q", "")[:LONGEST]).split())
        answers = search(q, among=everything_visible(), as_typed=bool(self.request.GET.get("exact")))
        learning.note(self.request, q, page="search", results=len(answers))
        found = Found(self.request, answers, kinds())
        pager = Pager(len(found.matches), page_number(self.request), found.link)
        shown = documents(found.matches[pager.first : pager.last], answers.question)
        helps = {name: [] if shown else offer() for name, offer in self.help.items()}
        return super().get_context_data(
            q=q, count=len(found.matches), found=found, hits=list(hits(shown)), pager=pager, **helps, **kwargs
        )


@for_reading
@for_everyone("q")
def suggest(request):
    """What one could be typing: titles of what readers may see, as OpenSearch suggestions 1.1 are written."""
    text = request.GET.get("q", "")[:LONGEST]
    titles = suggestions(text, among=everything_visible())
    return JsonResponse([text, titles], safe=False, content_type="application/x-suggestions+json")


@for_reading
@for_everyone()
def description(request):
    """What a browser needs to know to offer this search (OpenSearch 1.1)."""
    return render(
        request, "search/opensearch.jinja", content_type="application/opensearchdescription+xml; charset=utf-8"
    )
