"""The bare site's one page."""

import random

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

from tests.bench.content import words

SIZE = 30_000  # bytes


def body():
    """Text in HTML, as easy or hard to compress as a page is."""
    chance, lines = random.Random(1), []
    while sum(map(len, lines)) < SIZE:
        lines.append(
            f'<li class="app-item"><h3 class="app-item__title">{words(chance, 7)}</h3><p>{words(chance, 25)}</p></li>\n'
        )
    return "".join(lines)[:SIZE]


PAGE = body()
urlpatterns = [path("", lambda request: HttpResponse(PAGE))]
application = get_wsgi_application()
