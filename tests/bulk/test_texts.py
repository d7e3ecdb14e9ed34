"""What was exported and is imported again is what it was, whatever the text, and in the same order."""

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from curation.people import Operator
from justculture.bulk.exporting import exported
from justculture.bulk.importing import import_content
from resources.models import Resource
from tests.bulk.files import emptied, saved
from tests.factories import RegionFactory, ResourceFactory

pytestmark = pytest.mark.django_db
ME = Operator("tests")
FORMATS = pytest.mark.parametrize("kind", ["csv", "jsonl"])
# Text as the fields take it: any character but NUL and halves of characters.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
AWKWARD = [
    "=1+1",
    "+44",
    "-",
    "@x",
    "\t=1",
    '"',
    '""',
    "a;b",
    "a\r\nb",
    "\rb",
    "\n",
    " x ",
    "\ufeff",
    "''",
    "\\N",
    "\\",
    "…",
]


def test_the_order_of_equal_moments_stays_the_order_of_the_list(tmp_path):
    moment = timezone.now()
    for slug in "abc":
        ResourceFactory(state="published", slug=slug)
    Resource.objects.update(published_at=moment)
    before = [item.slug for item in Resource.objects.current().newest_first()]
    path = saved(tmp_path, "jsonl")
    emptied()
    import_content(path, by=ME, publish=True)
    assert [item.slug for item in Resource.objects.current().newest_first()] == before


texts = st.one_of(TEXT, st.sampled_from(AWKWARD))


@FORMATS
@given(
    facts=st.fixed_dictionaries(
        dict.fromkeys(["body", "held_by", "cost", "time_needed", "content_warning", "did_not_work"], texts)
    ),
    title=texts,
    summary=texts,
)
@tries(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_text_it_comes_back_as_it_was(kind, facts, title, summary, tmp_path):
    with transaction.atomic():
        item = Resource(slug="x", kind="guide", owner=RegionFactory(), title=f"T{title}", summary=summary, **facts)
        item.full_clean()
        item.save()
        before = list(exported(Resource.objects.filter(slug="x")))
        path = saved(tmp_path, kind)
        assert import_content(path, by=ME).unchanged == Resource.objects.count()
        Resource.objects.filter(slug="x").delete()
        assert import_content(path, by=ME).problems == []
        assert list(exported(Resource.objects.filter(slug="x"))) == before
        transaction.set_rollback(True)
