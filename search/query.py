"""How words match and rank."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Least
from django.db.models.lookups import Exact
from django.utils.html import escape
from django.utils.safestring import mark_safe

from search.models import CONFIG, SearchDocument

LONGEST = 500  # characters of a question that are read
WEIGHTS = [0.4, 0.5, 0.5, 1.0]  # of body, summary, tags and title
BY_LENGTH = 1  # a long text does not win by its length
START, STOP = "\x02", "\x03"  # stand around what matched; text in the database holds no control characters


class AnyWord(SearchQuery):
    """A tsquery that was made from lexemes already, taken as it is."""

    template = "(%(expressions)s)::tsquery"


class Lexemes(Func):
    """The words of a text that count, each once, in one form and order: two titles with the same are the same title."""

    template = f"tsvector_to_array(to_tsvector('{CONFIG}', %(expressions)s))"
    output_field = ArrayField(TextField())


def any_word(text):
    """A query that asks for any of the words of *text*, or None when it has no word that counts.

    The words come from to_tsvector, so nothing that is typed can be a syntax error.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_literal(lexeme), ' | ') FROM unnest(to_tsvector(%s::regconfig, %s))",
            [CONFIG, text[:LONGEST].replace("\0", " ")],
        )
        lexemes = cursor.fetchone()[0]
    return AnyWord(lexemes) if lexemes else None


def search(text, *, among):
    """The documents that answer *text*, best first, as a queryset.

    among: visible querysets, at most one for each kind. Visibility is joined in the statement, never asked afterwards.
    An exact title comes first, and with it what replaced the thing of that title. What is superseded counts half, and
    never as much as what replaced it.
    """
    query = any_word(text)
    if query is None:
        return SearchDocument.objects.none()
    visible, successors, replaces_it = Q(), [], Q()
    title = Lexemes(Value(text))
    for items in among:
        kind = items.model._meta.label_lower
        visible |= Q(kind=kind, object_id__in=items.order_by().values("pk"))
        if hasattr(items, "current"):
            old = items.exclude(pk__in=items.current().values("pk")).filter(pk=OuterRef("object_id")).order_by()
            named = items.annotate(words=Lexemes(F("title"))).filter(superseded_by=OuterRef("object_id"), words=title)
            replaces_it |= Q(Exists(named), kind=kind)
            # 0 stands for an outside address: replaced, but by nothing that is found here
            successors.append(When(kind=kind, then=Subquery(old.values_list(Coalesce("superseded_by_id", 0))[:1])))
    rank = SearchRank(F("vector"), query, weights=WEIGHTS, normalization=BY_LENGTH)
    replacement = SearchDocument.objects.filter(kind=OuterRef("kind"), object_id=OuterRef("successor"), vector=query)
    return (
        SearchDocument.objects.filter(visible, vector=query)
        .annotate(successor=Case(*successors, default=None, output_field=BigIntegerField()))
        .annotate(
            is_superseded=Q(successor__isnull=False),
            is_exact=Q(Exact(Lexemes(F("title")), title)) | replaces_it,
            rank=Case(
                When(successor=None, then=rank),
                default=Least(rank, Subquery(replacement.annotate(its=rank).values("its"))) * 0.5,
                output_field=FloatField(),
            ),
            extract=SearchHeadline(
                Concat("summary", Value(" "), "body", output_field=TextField()),
                query,
                config=CONFIG,
                start_sel=START,
                stop_sel=STOP,
                min_words=12,
                max_words=30,
                max_fragments=2,
                fragment_delimiter=" … ",
            ),
        )
        .order_by("-is_exact", "-rank", "pk")
    )


def marked(extract):
    """An extract as markup: escaped first, then what matched is marked. PostgreSQL does not clean what it returns."""
    marks = escape(extract).replace(START, "<mark>").replace(STOP, "</mark>")
    return mark_safe(marks)  # noqa: S308 - everything but our own two marks was escaped in the line above
