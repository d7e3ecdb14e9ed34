"""Pages that only a copy has, since it has no search: an A to Z, what was replaced, and the data."""

from string import ascii_uppercase

from django.apps import apps
from django.db.models import Count, Q
from django.db.models.functions import Lower, Substr, Upper
from django.http import Http404, JsonResponse, StreamingHttpResponse
from django.urls import path, reverse

from curation.models import CuratedModel
from curation.states import State
from curation.views import Page
from justculture import open_data
from justculture.urls import app
from justculture.urls import urlpatterns as live
from resources.models import Resource

ON_ONE_PAGE = 500  # titles of the A to Z: with more of them, each letter has a page of its own
LETTERS = list(ascii_uppercase)
OTHER = "Other"


class AToZ(Page):
    """Every current resource by its title: on one page, or a page for each letter (?letter=S)."""

    template_name = "copy/a_to_z.jinja"

    def get_context_data(self, **kwargs):
        counts = count_by_letter()
        count, asked = sum(counts.values()), self.request.GET.get("letter")
        shown = [asked] if asked else list(counts) if count <= ON_ONE_PAGE else []
        return super().get_context_data(
            letter=asked,
            letters=[(letter, f"#{letter}" if letter in shown else letter_address(letter)) for letter in counts],
            groups=[(letter, titles(letter)) for letter in shown],
            count=counts[asked] if asked else count,
            **kwargs,
        )


def lettered():
    return Resource.objects.current().annotate(initial=Upper(Substr("title", 1, 1)))


def count_by_letter():
    """How many titles begin with each letter, in the order of the alphabet."""
    counts = {}
    for initial, count in lettered().values_list("initial").annotate(Count("pk")).order_by("initial"):
        letter = initial if initial in LETTERS else OTHER
        counts[letter] = counts.get(letter, 0) + count
    return dict(sorted(counts.items(), key=lambda held: (held[0] == OTHER, held[0])))


def letter_address(letter):
    return f"{reverse('copy:a-to-z')}?letter={letter}"


def titles(letter):
    within = ~Q(initial__in=LETTERS) if letter == OTHER else Q(initial=letter)
    return lettered().filter(within).order_by(Lower("title"), "pk").prefetch_related("topics")


class Replaced(Page):
    """Everything superseded, with what to use instead. No other list has it, and a copy has no search to find it."""

    template_name = "copy/replaced.jinja"

    def get_context_data(self, **kwargs):
        return super().get_context_data(replaced=list(self.replaced()), **kwargs)

    def replaced(self):
        for model in apps.get_models():
            if issubclass(model, CuratedModel):
                visible = model.objects.visible()
                for item in visible.filter(state=State.SUPERSEDED).order_by(Lower("title"), "pk"):
                    yield item, item.replacement(visible)


class Data(Page):
    template_name = "copy/data.jinja"
    extra_context = {"kinds": open_data.KINDS}


def lines(request, name):
    """A file of the data, line by line."""
    if name not in open_data.KINDS:
        raise Http404("There is no such file.")
    return StreamingHttpResponse(open_data.lines(name), content_type="application/jsonl; charset=utf-8")


def package(request):
    return JsonResponse(open_data.package(), json_dumps_params={"indent": 2, "ensure_ascii": False})


def addresses():
    """The addresses of all of these."""
    yield from (reverse(f"copy:{name}", urlconf=__name__) for name in ("a-to-z", "replaced", "data", "package"))
    yield from (reverse("copy:lines", urlconf=__name__, args=[name]) for name in open_data.KINDS)
    counts = count_by_letter()
    if sum(counts.values()) > ON_ONE_PAGE:
        a_to_z = reverse("copy:a-to-z", urlconf=__name__)
        yield from (f"{a_to_z}?letter={letter}" for letter in counts)


urlpatterns = [
    app(
        "copy",
        path("resources/a_to_z/", AToZ.as_view(), name="a-to-z"),
        path("replaced/", Replaced.as_view(), name="replaced"),
        path("data/", Data.as_view(), name="data"),
        path("data/datapackage.json", package, name="package"),
        path("data/<slug:name>.jsonl", lines, name="lines"),
    ),
    *live,  # after them: a slug has no "_", but Django's pattern of one would take it
]
handler400 = "justculture.errors.bad_request"
handler403 = "justculture.errors.permission_denied"
handler404 = "justculture.errors.page_not_found"
handler500 = "justculture.errors.server_error"
