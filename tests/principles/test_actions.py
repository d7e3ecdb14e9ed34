import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from curation.actions import submit
from curation.states import NotAllowed
from principles.actions import link, publish_version, start_version
from principles.models import Agreement, LineageLink
from tests.factories import TESTER, RegionFactory, ResourceFactory, SetFactory, curator, version_of

pytestmark = pytest.mark.django_db


def test_a_new_version_starts_with_the_words_of_the_current_one_and_leaves_that_alone():
    item = SetFactory(state="published")
    first = version_of(item, "Be kind", "Be fair")
    draft = start_version(item, by=curator("north-west"))
    assert (draft.number, draft.state) == (2, "draft")
    assert [text.title for text in draft.texts.all()] == ["Be kind", "Be fair"]
    assert item.current_version() == first


def test_there_is_one_draft_at_a_time():
    item, person = SetFactory(state="published"), curator("north-west")
    assert start_version(item, by=person) == start_version(item, by=person)


def test_publishing_a_version_supersedes_the_one_before():
    item, person = SetFactory(state="published"), curator("north-west")
    first = version_of(item, "Be kind")
    second = submit(start_version(item, by=person), by=person)
    with pytest.raises(NotAllowed, match="You sent it for review"):
        publish_version(second, by=person)
    person = curator("north-west")
    second = publish_version(second, by=person)
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "published")
    with pytest.raises(NotAllowed, match="newer version"):
        publish_version(first, by=person)
    assert publish_version(second, by=person).published_at == second.published_at


def test_another_region_starts_and_publishes_nothing():
    item, stranger = SetFactory(state="published"), curator("yorkshire-and-humber")
    draft = version_of(item, "Be kind", publish=False)
    for act in [lambda: start_version(item, by=stranger), lambda: publish_version(draft, by=stranger)]:
        with pytest.raises(PermissionDenied):
            act()


def test_a_circle_of_lineage_is_refused_with_the_path():
    a, b, c = (SetFactory(state="published", title=title) for title in "ABC")
    link(LineageLink(descendant_set=b, source_set=a), by=TESTER)
    link(LineageLink(descendant_set=c, source_set=b), by=TESTER)
    with pytest.raises(ValidationError, match="“A” was built on “C” was built on “B” was built on “A”"):
        link(LineageLink(descendant_set=a, source_set=c), by=TESTER)


def test_a_link_belongs_to_the_region_of_what_was_built():
    RegionFactory(slug="midlands")
    ours, theirs = SetFactory(state="published"), ResourceFactory(owner__slug="midlands", state="published")
    person = curator("north-west")
    link(LineageLink(descendant_set=ours, source_resource=theirs), by=person)
    with pytest.raises(PermissionDenied):
        link(LineageLink(descendant_resource=theirs, source_set=SetFactory(state="published")), by=person)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({}, "Staff side: reported as agreed, date not known."),
        (
            {"agreed_on": "2021-06", "source_title": "the national SPF page"},
            "Staff side: reported as agreed, June 2021, by the national SPF page.",
        ),
        (
            {
                "role": "Staff side co-chair",
                "organisation": "A union",
                "agreed_on": "2021-06",
                "source_title": "Minutes",
            },
            "Staff side: agreed by Staff side co-chair, A union, June 2021.",
        ),
    ],
)
def test_an_agreement_says_what_is_known_and_no_more(facts, sentence):
    version = version_of(SetFactory(), "Be kind")
    assert Agreement.objects.create(version=version, side="staff", **facts).sentence == sentence


def test_a_minor_version_keeps_the_agreement_and_a_substantial_one_does_not():
    item = SetFactory(state="published")
    Agreement.objects.create(version=version_of(item, "Be kind"), side="staff", agreed_on="2021")
    minor = version_of(item, "Be kind", change_kind="minor")
    assert [agreement.side for agreement in minor.standing_agreements()] == ["staff"]
    assert version_of(item, "Be kind").standing_agreements() == []
