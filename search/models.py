"""The index of everything that can be found."""

import pgtrigger
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.forms import SimpleArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.contrib.postgres.validators import ArrayMaxLengthValidator
from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from curation import editions, history
from curation.fields import ChoiceField
from curation.models import ReferenceData
from curation.querysets import ReferenceQuerySet
from search.documents import typed_plainly
from search.index import POST

CONFIG = "english"

# The inverted index follows the documents, whatever writes them. A posting names its document alone, so two who write
# at once never wait for each other here.
UNPOST = """
    DELETE FROM search_posting AS p USING {}, unnest(d.vector) AS word
    WHERE p.term = word.lexeme AND p.document_id = d.id"""
CHANGED = "old_rows AS o JOIN new_rows AS n USING (id) WHERE o.vector IS DISTINCT FROM n.vector) AS d"
TEXT_CHANGED = """(SELECT id FROM old_rows AS o JOIN new_rows AS n USING (id)
    WHERE (o.title, o.summary, o.body) IS DISTINCT FROM (n.title, n.summary, n.body))"""
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
            DELETE FROM search_meaning AS m USING {TEXT_CHANGED} AS d WHERE m.document_id = d.id;
            RETURN NULL;
        """,
        **AFTER,
    ),
    pgtrigger.Trigger(
        name="drops_what_is_gone",
        operation=pgtrigger.Delete,
        referencing=pgtrigger.Referencing(old="old_rows"),
        func=f"""
            {UNPOST.format("old_rows AS d")};
            DELETE FROM search_meaning AS m USING old_rows AS d WHERE m.document_id = d.id;
            RETURN NULL;
        """,
        **AFTER,
    ),
    pgtrigger.Trigger(
        name="drops_everything",
        operation=pgtrigger.Truncate,
        func="TRUNCATE search_posting, search_meaning; RETURN NULL;",
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


class Meaning(models.Model):
    """The vector of a document (search.meaning). The document's triggers drop it with the text that it was made of."""

    document = models.OneToOneField(SearchDocument, models.DO_NOTHING, primary_key=True, db_constraint=False)
    vector = models.BinaryField()

    def __str__(self):
        return f"Meaning of {self.document}"


def phrases_of(text):
    """Phrases that were written with commas between them. Nothing between two commas, or after the last, is none."""
    phrases = (" ".join(typed_plainly(phrase).split()) for phrase in text.split(","))
    return [phrase for phrase in phrases if phrase]


class WordsFormField(SimpleArrayField):
    def to_python(self, value):
        return super().to_python(",".join(phrases_of(value)) if isinstance(value, str) else value)


class WordsField(ArrayField):
    """Words and phrases: thirty at most, since every search is compared with each."""

    default_validators = [*ArrayField.default_validators, ArrayMaxLengthValidator(30)]

    def __init__(self, **kwargs):
        kwargs = {"default": list, **kwargs, "base_field": models.CharField(max_length=100)}
        super().__init__(**kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["base_field"]
        return name, path, args, kwargs

    def formfield(self, **kwargs):
        return super().formfield(**{"form_class": WordsFormField, "widget": AdminTextInputWidget, **kwargs})


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
    words = WordsField(help_text="Separated by commas. For example: freedom to speak up, FTSU, raising concerns.")
    leads_to = WordsField(
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


class Submission(models.Model):
    """That somebody searched for these words on this day (search.learning). Nothing says who, or how many did."""

    day = models.DateField()
    words = models.CharField(max_length=200)
    page = models.CharField(max_length=30)  # the kind of page on which they searched
    results = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "words", "page"], name="submission_once_a_day")]
        indexes = [models.Index(fields=["words"], name="submission_by_words")]

    def __str__(self):
        return self.words


class FruitlessSearchQuerySet(ReferenceQuerySet):
    def visible(self):
        """Readers see none of it."""
        return self.none()

    def with_days(self):
        """With what the submissions of the last ninety days say: on how many days, when last and how fruitful then."""
        said = Submission.objects.filter(words=OuterRef("words"))
        days = said.order_by().values("words").annotate(days=models.Count("day", distinct=True)).values("days")
        last = said.order_by("-day", "results")
        return self.annotate(
            days=Coalesce(Subquery(days), 0),
            last_on=Subquery(last.values("day")[:1]),
            results=Subquery(last.values("results")[:1]),
        )


@history.kept
class FruitlessSearch(models.Model):
    """Words for which people searched on several days and were given little or nothing, and what came of it."""

    class Outcome(models.TextChoices):
        OPEN = "", "In the queue"
        SYNONYM = "synonym", "Finds other words"
        COMMISSIONED = "commissioned", "Commissioned"
        NOT_FOR_US = "not_for_us", "Not for us"

    words = models.CharField("words searched for", max_length=200, unique=True, editable=False)
    outcome = ChoiceField(Outcome, "what came of it", blank=True, default=Outcome.OPEN, editable=False)
    note = models.CharField(max_length=300, blank=True, editable=False)

    not_in_history = ["words"]  # a name among them that nobody saw in time can be erased

    objects = FruitlessSearchQuerySet.as_manager()

    class Meta:
        ordering = ["words"]
        verbose_name_plural = "fruitless searches"

    def __str__(self):
        return self.words
