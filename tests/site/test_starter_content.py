"""What the portal knows on its first day, and that loading it never spoils what curators did since."""

import re
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import transaction

from curation import actions
from curation.models import Region
from events.models import Event
from justculture.starter_content import Loader
from principles.models import LineageLink, PrincipleSet, Theme
from resources.models import Claim, Organisation, Resource, StartingPoint, Topic
from search.models import SearchDocument
from tests.factories import curator

pytestmark = pytest.mark.django_db

COPIES = ("docslib", "scribd", "readkong", "documents.pub", "fdocuments", "dokumen.tips", "littlebirdwebservices")
KINDS = [Region, Organisation, Topic, Theme, Resource, Claim, PrincipleSet, LineageLink, Event, StartingPoint]


@pytest.fixture(scope="module", autouse=True)
def starter_content(django_db_setup, django_db_blocker):
    """The starter content, loaded once for this file and rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        Loader().load()
        yield
        transaction.set_rollback(True)


def counts():
    return {model.__name__: model.objects.count() for model in KINDS}


def built_on(item):
    return {str(link.source) for link in item.built_on_links.with_ends()}


def test_loading_twice_changes_nothing():
    before = counts()
    assert Loader().load() == {}
    assert counts() == before


def test_what_a_curator_changed_moved_or_withdrew_stays_as_it_is():
    person = curator("national")
    edited, moved, withdrawn = Resource.objects.filter(state="published", supersedes=None)[:3]
    Resource.objects.filter(pk=edited.pk).update(summary="Ours now")
    actions.rename(moved, "moved-by-a-curator", by=person)
    actions.withdraw(withdrawn, by=person, reason="Ours to withdraw")
    assert Loader().load() == {}
    for item in (edited, moved, withdrawn):
        item.refresh_from_db()
    assert (edited.summary, moved.slug, withdrawn.state) == ("Ours now", "moved-by-a-curator", "withdrawn")


def test_the_collection_is_as_large_as_promised_and_has_official_addresses():
    assert Resource.objects.current().exclude(url="").count() >= 60
    assert Region.objects.count() == 9
    assert Topic.objects.count() >= 15
    assert StartingPoint.objects.count() >= 6


def test_no_copy_is_shipped_as_a_link():
    addresses = [
        url
        for model in (Resource, PrincipleSet, Event, Organisation, Region)
        for url in model.objects.exclude(url="").values_list("url", flat=True)
    ]
    addresses += Claim.objects.exclude(source_url="").values_list("source_url", flat=True)
    texts = [*Resource.objects.values_list("body", flat=True), *PrincipleSet.objects.values_list("body", flat=True)]
    addresses += [url for text in texts for url in re.findall(r"https?://[^\s)>]+", text)]
    assert not [url for url in addresses if any(copy in urlsplit(url).netloc for copy in COPIES)]


def test_every_item_of_the_founding_page_is_there_as_the_kind_of_thing_it_is():
    kinds = dict(Resource.objects.values_list("title", "kind"))
    assert {title: kinds.get(title) for title in FOUNDING} == FOUNDING


FOUNDING = {
    "When it's okay to tell the boss bad news": "case_study",
    "Just and learning culture – online learning": "learning_module",
    "A just culture guide": "guide",
    "Being fair": "report",
    "A just culture network": "network",
    "Working in partnership to influence compassionate case work": "guide",
    "Principles and Practice of Restorative Just Culture": "learning_module",
    "Just Culture Assessment Framework": "toolkit",
}


def test_the_founding_pages_story_is_in_the_lineage():
    sets = PrincipleSet.objects.in_bulk(field_name="slug")
    assert len(built_on(sets["yorkshire-and-humber"])) == 4
    assert sets["yorkshire-and-humber"].title in built_on(sets["north-west"])
    assert sets["north-east-and-north-cumbria"].progress == "early_conversations"
    case_work = Resource.objects.get(title="Working in partnership to influence compassionate case work")
    assert set(case_work.regions.values_list("slug", flat=True)) == {"midlands", "east-of-england"}


def test_no_words_are_put_into_a_forums_mouth():
    for slug in ["north-west", "yorkshire-and-humber", "north-east-and-north-cumbria"]:
        version = PrincipleSet.objects.get(slug=slug).current_version()
        assert version is None or not version.texts.exists()


def test_the_just_culture_guide_is_shown_as_replaced_by_the_being_fair_tool():
    guide = Resource.objects.get(title="A just culture guide")
    assert (guide.state, guide.superseded_by.title) == ("superseded", "Being fair tool")


def test_the_mersey_care_figures_each_have_their_date_and_source():
    claims = Claim.objects.filter(resource__title="When it's okay to tell the boss bad news")
    assert claims.count() >= 6
    assert all(claim.as_at and (claim.source_url or claim.source_resource_id) for claim in claims)
    assert {"59%", "75%", "85%"} <= {value for claim in claims for value in re.findall(r"\d+%", claim.value)}


COMPLETE = {
    "fairness-and-proportionality": 5,
    "restorative-checklist": 8,  # four parts and four goals
    "psirf-aims": 4,
    "civility-and-respect": 4,
    "people-promise": 7,
}


def test_complete_reference_frameworks_have_all_their_principles():
    held = {
        item.slug: item.current_version().texts.count()
        for item in PrincipleSet.objects.filter(standing="reference_framework")
        if item.current_version()
    }
    assert {slug: held[slug] for slug in COMPLETE} == COMPLETE
    assert PrincipleSet.objects.filter(standing="reference_framework", owner__is_national=True).count() >= 5


def test_no_event_to_come_is_made_up_and_no_step_leads_to_what_was_replaced():
    assert not Event.objects.upcoming().exists()
    assert Event.objects.past().count() == 3
    assert not StartingPoint.objects.filter(steps__resource__state="superseded").exists()


def test_sample_events_say_that_they_are_samples(capsys):
    call_command("load_sample_events")
    call_command("load_sample_events")
    samples = Event.objects.upcoming()
    assert {event.is_sample for event in samples} == {True}
    assert all("sample" in event.title.lower() for event in samples)
    assert "there already" in capsys.readouterr().out


def test_everything_that_can_be_found_is_in_the_index():
    documents = SearchDocument.objects.values_list("kind", flat=True)
    expected = [
        Resource.objects.visible(),
        PrincipleSet.objects.visible(),
        Event.objects.visible(),
        Topic.objects.all(),
        Region.objects.all(),
        StartingPoint.objects.all(),
    ]
    assert sorted(documents) == sorted(item._meta.label_lower for items in expected for item in items)
