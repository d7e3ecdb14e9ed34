"""The search page: filters with true counts, repairs, suggestions, and what a machine may ask."""

import json
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from curation.models import Region
from search import documents, index
from tests.factories import EventFactory, RegionFactory, ResourceFactory, TopicFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def library():
    north, south = RegionFactory(slug="north"), RegionFactory(slug="south")
    for n in range(3):
        ResourceFactory(state="published", title=f"Heron {n}", regions=[north])
    ResourceFactory(state="published", title="Heron everywhere", regions=[north, south])
    EventFactory(state="published", title="Heron day", regions=[south])
    documents.refresh(TopicFactory(name="Herons", slug="herons"))
    index.refresh_statistics()


def page(client, query):
    return client.get(f"/search/?{query}").context_data


def counts(client, query):
    return {
        facet.name: {c.value: n for c, n in zip(facet.choices, facet.counts, strict=True)}
        for facet in page(client, query)["found"].facets
    }


def test_each_count_is_what_its_choice_leaves(library, client):
    assert counts(client, "q=heron") == {
        "kind": {"resource": 4, "event": 1, "topic": 1},
        "region": {"north": 4, "south": 2},
    }
    assert counts(client, "q=heron&region=south") == {
        "kind": {"resource": 1, "event": 1},
        "region": {"north": 4, "south": 2},
    }
    for query in ["q=heron", "q=heron&region=south", "q=heron&kind=event"]:
        for name, choices in counts(client, query).items():
            others = "&".join(part for part in query.split("&") if not part.startswith(f"{name}="))
            for value, count in choices.items():
                assert len(page(client, f"{others}&{name}={value}")["found"].matches) == count


def test_choices_can_be_combined_and_taken_back(library, client):
    found = page(client, "q=heron&kind=event&kind=topic&region=south")["found"]
    assert len(found.matches) == 1
    assert [chip.label for chip in found.chosen] == ["Events", "Topics", str(Region.objects.get(slug="south"))]
    assert len(page(client, found.chosen[-1].remove_link.partition("?")[2])["found"].matches) == 2
    assert found.clear_link == "/search/?q=heron"


def test_an_unknown_choice_is_said_and_left_out(library, client):
    context = page(client, "q=heron&kind=nonsense&region=%00x".replace("%00", ""))
    assert len(context["found"].messages) == 2
    assert len(context["found"].matches) == 6


def test_page_links_keep_everything(client):
    for n in range(25):
        ResourceFactory(state="published", title=f"Heron {n}")
    html = client.get("/search/?kind=resource&q=heron&exact=1").content.decode()
    assert "/search/?q=heron&amp;exact=1&amp;kind=resource&amp;page=2" in html


def test_a_repaired_word_is_said_with_a_link_to_what_was_typed(library, client):
    html = client.get("/search/?q=herron").content.decode()
    assert "Results for <strong>heron</strong>" in html
    assert 'href="/search/?q=herron&amp;exact=1"' in html
    assert "No results" in client.get("/search/?q=herron&exact=1").content.decode()


def test_words_that_are_near_are_named_when_none_is_near_enough(client):
    ResourceFactory(state="published", title="Fair")
    index.refresh_statistics()
    html = client.get("/search/?q=fare").content.decode()
    assert "No results" in html
    assert '<a href="/search/?q=fair">fair</a> is near' in html


def test_what_is_insisted_on(client):
    ResourceFactory(state="published", title="Fair and just", summary="")
    ResourceFactory(state="published", title="Just what is fair", summary="")
    ResourceFactory(state="published", title="A fair hearing for doctors", summary="")

    def titles(query):
        return {hit.title for hit in page(client, query)["hits"]}

    assert len(titles("q=fair")) == 3
    assert titles('q="fair hearing"') == {"A fair hearing for doctors"}
    assert titles("q=fair -doctors") == {"Fair and just", "Just what is fair"}


def test_more_answers_than_anyone_reads_are_cut_off_and_it_says_so(client, monkeypatch, library):
    monkeypatch.setattr("search.query.DEPTH", 6)
    assert "Many more things have one of these words" in client.get("/search/?q=heron").content.decode()


def test_suggestions_are_titles_that_are_found(library, client):
    answer = client.get("/search/suggest/?q=her ev")
    assert answer["Content-Type"] == "application/x-suggestions+json"
    assert json.loads(answer.content) == ["her ev", ["Heron everywhere"]]
    for title in json.loads(client.get("/search/suggest/?q=heron").content)[1]:
        assert title in {hit.title for hit in page(client, f"q={title}")["hits"]}


@pytest.mark.parametrize(
    "text", ["", "he", "' or 1=1", "((((", "\\m", "%25%25%25", "a" * 3000, "🙂🙂🙂🙂", "heron" * 52]
)
def test_nothing_that_is_typed_is_an_error(library, client, text):
    assert client.get("/search/", {"q": text}).status_code == 200
    answer = client.get("/search/suggest/", {"q": text})
    assert (answer.status_code, json.loads(answer.content)[1]) == (200, [])


@pytest.mark.parametrize("state", ["draft", "in_review", "withdrawn"])
def test_what_is_not_public_is_not_suggested(client, state):
    ResourceFactory(state=state, title="Xylophone")
    assert json.loads(client.get("/search/suggest/?q=xylo").content)[1] == []


def test_no_control_character_that_is_typed_comes_back(library, client):
    """No HTML may hold them, and some turn what follows."""
    html = client.get("/search/?q=%02heron%03 %EF%BF%BE%E2%80%AEkestrel").content.decode()
    assert 'value="heron kestrel"' in html
    assert not set(html) & set("\x02\x03\ufffe\u202e")


def test_a_title_that_asks_for_less_than_itself_is_not_suggested(client):
    """Its last word would be one that is not wanted."""
    ResourceFactory(state="published", title="Heron -day")
    assert json.loads(client.get("/search/suggest/?q=heron").content)[1] == []


def test_a_title_that_something_scheduled_has_as_well_is_suggested(client):
    ResourceFactory(state="published", title="Heron day", public_from_at=timezone.now() + timedelta(days=3))
    assert json.loads(client.get("/search/suggest/?q=heron").content)[1] == []
    ResourceFactory(state="published", title="Heron day")
    assert json.loads(client.get("/search/suggest/?q=heron").content)[1] == ["Heron day"]


def test_a_browser_is_told_how_to_search_here(client, settings):
    answer = client.get("/opensearch.xml")
    root = ElementTree.fromstring(answer.content)
    space = "{http://a9.com/-/spec/opensearch/1.1/}"
    addresses = {url.get("type"): url.get("template") for url in root.iter(f"{space}Url")}
    assert addresses["text/html"] == f"{settings.SITE_URL}/search/?q={{searchTerms}}"
    assert len(root.find(f"{space}ShortName").text) <= 16
    assert b'rel="search"' in client.get("/").content
