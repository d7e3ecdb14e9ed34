"""The index of everything that can be found."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from curation import editions, history
from curation.fields import ChoiceField
from curation.models import ReferenceData
from search.index import POST

CONFIG = "english"

# The inverted index follows the documents, whatever writes them. A posting names its document alone, so two who write
# at once never wait for each other here.
UNPOST = """
    DELETE FROM search_posting AS p USING {}, unnest(d.vector) AS word
    WHERE p.term = word.lexeme AND p.document_id = d.id"""
CHANGED = "old_rows AS o JOIN new_rows AS n USING (id) WHERE o.vector IS DISTINCT FROM n.vector) AS d"
AFTER = {"level": pgtrigger.Statement, "when": pgtrigger.After}
posted = [
    pgtrigger.Trigger(
        name="posts_what_is_new",
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_rows"),
        func=f"{POST.format('new_rows AS d')}; RETURN NULL;",
        **AFTER,
    ),
    pgtrigger.Trigger(
        name="posts_what_changed",
        operation=pgtrigger.Update,
        referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),
        func=f"""
            {UNPOST.format(f"(SELECT id, o.vector FROM {CHANGED}")};
            {POST.format(f"(SELECT id, n.vector FROM {CHANGED}")};
            RETURN NULL;
        """,
        **AFTER,
    ),
    pgtrigger.Trigger(
        name="drops_what_is_gone",
        operation=pgtrigger.Delete,
        referencing=pgtrigger.Referencing(old="old_rows"),
        func=f"{UNPOST.format('old_rows AS d')}; RETURN NULL;",
        **AFTER,
    ),
    pgtrigger.Trigger(
        name="drops_everything",
        operation=pgtrigger.Truncate,
        func="TRUNCATE search_posting; RETURN NULL;",
        **AFTER,
    ),
]


class Lexemes(models.Func):
    """The words of a text that count, each once, in one form and order: two titles with the same are the same title."""

    template = f"tsvector_to_array(to_tsvector('{CONFIG}', %(expressions)s))"
    output_field = ArrayField(models.TextField())


@editions.shown
class SearchDocument(models.Model):
    """The text of one item. PostgreSQL makes its vector; who may see the item stays with the item's own queryset."""

    kind = models.CharField(max_length=100)
    object_id = models.BigIntegerField()
    title = models.TextField()
    summary = models.TextField(blank=True)
    tags = models.TextField(blank=True)
    body = models.TextField(blank=True)
    regions = ArrayField(models.BigIntegerField(), default=list)  # the pks of those it is about, to narrow by
    vector = models.GeneratedField(
        expression=SearchVector("title", weight="A", config=CONFIG)
        + SearchVector("tags", weight="B", config=CONFIG)
        + SearchVector("summary", weight="C", config=CONFIG)
        + SearchVector("body", weight="D", config=CONFIG),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        triggers = posted
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="document_once")]
        indexes = [
            models.Index(Lexemes("title"), name="document_by_title"),
            GinIndex(OpClass("title", name="gin_trgm_ops"), name="document_title_parts"),  # for suggestions
        ]

    def __str__(self):
        return self.title


def words_field(**facts):
    return ArrayField(models.CharField(max_length=100), default=list, **facts)


@editions.shown
@history.kept
class WordGroup(ReferenceData):
    """Words that people use for the same thing, so that a search for one finds the others as well.

    What was typed always counts more. A trap holds even where another group would make its words the same.
    """

    class Relation(models.TextChoices):
        EQUAL = "equal", "All of them mean the same"
        ONE_WAY = "one_way", "The words find the further words too, and not the other way round"
        TRAP = "trap", "Never take the words for the further words"

    relation = ChoiceField(Relation, default=Relation.EQUAL)
    words = words_field(help_text="Separated by commas. For example: freedom to speak up, FTSU, raising concerns.")
    leads_to = words_field(
        verbose_name="further words",
        blank=True,
        help_text="What else the words find, or what they are never to be taken for. Leave it empty where all mean the "
        "same.",
    )
    note = models.CharField(max_length=300, blank=True, help_text="Why, for whoever looks after this next.")

    class Meta:
        ordering = ["words"]
        verbose_name = "group of search words"
        verbose_name_plural = "groups of search words"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(relation="equal", leads_to=[], words__len__gte=2)
                | (~models.Q(relation="equal") & models.Q(leads_to__len__gte=1, words__len__gte=1)),
                name="word_group_is_whole",
                violation_error_message="Words that mean the same are at least two, without further words. Otherwise "
                "give at least one word and one further word.",
            )
        ]

    def __str__(self):
        sign = {"equal": "", "one_way": " → ", "trap": " ≠ "}[self.relation]
        return f"{', '.join(self.words)}{sign}{', '.join(self.leads_to)}"
