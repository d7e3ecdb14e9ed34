"""The index of everything that can be found."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from curation import editions

CONFIG = "english"


@editions.shown
class SearchDocument(models.Model):
    """The text of one item. PostgreSQL makes its vector; who may see the item stays with the item's own queryset."""

    kind = models.CharField(max_length=100)
    object_id = models.BigIntegerField()
    title = models.TextField()
    summary = models.TextField(blank=True)
    tags = models.TextField(blank=True)
    body = models.TextField(blank=True)
    vector = models.GeneratedField(
        expression=SearchVector("title", weight="A", config=CONFIG)
        + SearchVector("tags", weight="B", config=CONFIG)
        + SearchVector("summary", weight="C", config=CONFIG)
        + SearchVector("body", weight="D", config=CONFIG),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="document_once")]
        indexes = [GinIndex(fields=["vector"], name="document_words", fastupdate=False)]

    def __str__(self):
        return self.title
