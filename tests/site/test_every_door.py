"""Every door: what each person finds of each region's content, in each state, at each address that there is.

One world holds an item of every kind, in every state, of every owner. Each carries a word that nothing else does, so
what a door gives away is read off its page, and something that could leak is always there. What is expected is
written down in three tables: STATES (what readers get), PEOPLE (whose unpublished work someone may know of) and
PUBLIC_DOORS. Each item is *about* all regions, which must give nobody a right.
"""

from datetime import timedelta
from functools import partial
from itertools import chain, product
from typing import NamedTuple
from urllib.parse import quote

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from curation import copies, past
from curation.models import Curator, Redirect
from events.models import Event, Session
from principles.models import LineageLink, PrincipleSet, SetVersion
from resources.models import Resource
from search import documents, index
from tests import addresses
from tests.factories import (
    TESTER,
    ClaimFactory,
    EventFactory,
    OrganisationFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    StartingPointFactory,
    StartingStepFactory,
    TopicFactory,
    curator,
    version_of,
)

OWNERS = ["north-west", "yorkshire-and-humber", "national"]
NOW = timezone.now()
LATER, BEFORE = NOW + timedelta(days=9), NOW - timedelta(days=9)


class State(NamedTuple):
    """How an item comes to it, and what readers get."""

    made: str  # the state that the verbs lead to
    dates: dict
    page: int  # what its address answers
    old_page: int  # what an address it used to have answers
    is_found: bool = False  # search, the sitemap and whatever points at it name it
    is_listed: bool = False  # lists, feeds, counts and starting points offer it


STATES = {
    "draft": State("draft", {}, 404, 404),
    "in review": State("in_review", {}, 404, 404),
    "scheduled": State("published", {"public_from_at": LATER}, 404, 404),
    "published": State("published", {}, 200, 301, is_found=True, is_listed=True),
    "expired": State("published", {"public_until_at": BEFORE}, 404, 404),
    "superseded": State("superseded", {}, 200, 301, is_found=True),
    "withdrawn": State("withdrawn", {}, 410, 410),
    "withdrawn unseen": State("withdrawn", {"public_from_at": LATER}, 404, 404),
}

PEOPLE = {  # the regions whose unpublished work they may know of
    "a reader": [],
    "an editor": ["north-west"],
    "a publisher": ["north-west"],
    "a publisher of another region": ["yorkshire-and-humber"],
    "a national publisher": OWNERS,
    "an administrator of accounts": [],
    "someone whose account was closed": [],
}
VISITORS = ["a reader", "a publisher", "a national publisher", "someone whose account was closed"]
STAFF = [person for person in PEOPLE if person not in {"a reader", "someone whose account was closed"}]

in_the_past = {"starts_at": NOW - timedelta(days=3), "ends_at": NOW - timedelta(days=2)}
KINDS = {
    "resource": partial(ResourceFactory, kind="guide", audiences=["hr"], stage="pilot"),
    "set": SetFactory,
    "event": EventFactory,
    "past": partial(EventFactory, **in_the_past),
}
AT = {"resource": "resources", "set": "principles", "event": "events", "past": "events"}


class Item(NamedTuple):
    kind: str
    state: str
    owner: str
    word: str
    row: object


class World:
    """All items, and things that readers see which point at every one of them."""

    def __init__(self):
        self.regions = [RegionFactory(slug=slug) for slug in OWNERS]
        self.topics = {slug: TopicFactory(name=slug, slug=slug) for slug in ("shown", "unseen")}
        self.publishers = {slug: OrganisationFactory(name=slug, slug=slug) for slug in ("shown", "unseen")}
        self.copies = {}  # of what is published, by the item's word
        self.items = [self.item(*key) for key in product(KINDS, STATES, OWNERS)]
        self.items += [self.next_version(item) for item in self.items if item.kind == "set"]
        self.point_at_everything()
        self.people = {person: self.client(person) for person in PEOPLE}
        self.answers = {}

    def item(self, kind, state, owner):
        word = "z" + "".join(letter for letter in kind + state + owner if letter.isalpha())
        side = "shown" if STATES[state].is_listed else "unseen"
        labels = {"topics": [self.topics[side]], "publisher": self.publishers[side]} if kind == "resource" else {}
        row = KINDS[kind](
            title=word,
            slug=word,
            summary=f"{word} says something of the heron.",
            body=f"{word}body says more of the heron.",
            owner=RegionFactory(slug=owner),
            regions=self.regions,
            state=STATES[state].made,
            review_due_on=BEFORE.date(),
            **STATES[state].dates,
            **labels,
        )
        if kind == "set":
            version_of(row, f"{word} principle")
        Redirect.objects.create(kind=row._meta.label_lower, slug=f"old-{word}", object_id=row.pk)
        if state == "published":
            self.copies[word] = self.copy(row, f"{word}copy says more of the heron.")
        return Item(kind, state, owner, word, row)

    def copy(self, row, summary):
        content = past.now(row)
        content["fields"]["summary"] = summary
        return copies.write(row, content, by=TESTER)

    def copies_in(self, text):
        return {word for word in self.copies if f"{word}copy" in text}

    def next_version(self, of):
        """A draft of a set's next version. Whatever the set's state is, these words are nobody else's."""
        word = of.word.replace("zset", "zversion")
        return Item("version", "draft", of.owner, word, version_of(of.row, word, publish=False, note=word))

    def point_at_everything(self):
        made = {"state": "published", "owner": self.regions[0]}
        sets = [item.row for item in self.items if item.kind == "set"]
        resources = [item.row for item in self.items if item.kind == "resource"]
        self.resource, root = (ResourceFactory(title=t, slug=t, kind="report", **made) for t in ["leaf", "root"])
        self.set, root_set = (SetFactory(title=t, slug=t, **made) for t in ["leaf", "root"])
        for item in [self.set, root_set]:
            version_of(item, "Older")
            self.version = version_of(item, "Newer")
        self.event = EventFactory(title="Meeting", slug="meeting", **made, **in_the_past)
        session = Session.objects.create(event=self.event, title="What there is")
        session.resources.set(resources)
        session.sets.set(sets)
        for resource in resources:
            ClaimFactory(resource=self.resource, source_url="", source_resource=resource)
        self.points = [StartingPointFactory(slug=f"start-{n}") for n in range(len(STATES))]
        for number, resource in enumerate(resources):
            place = {"point": self.points[number // 3], "order": number % 3 + 1}
            StartingStepFactory(**place, resource=resource)
        for point in self.points:
            documents.refresh(point)
        LineageLink.objects.bulk_create(
            LineageLink(**{f"descendant_{a}": below, f"source_{b}": above})
            for a, below, b, above in [
                *(("set", self.set, "set", item) for item in sets),
                *(("set", self.set, "principle", item.principles.first()) for item in sets),
                *(("set", self.set, "resource", item) for item in resources),
                *(("resource", self.resource, "resource", item) for item in resources),
                *(("set", item, "set", root_set) for item in sets),
                *(("resource", item, "set", root_set) for item in resources),
                *(("resource", item, "resource", root) for item in resources),
            ]
        )

    def client(self, person):
        client = Client()
        if person == "a reader":
            return client
        roles = {"an editor": "editor", "an administrator of accounts": "accounts"}
        slugs = {"a national publisher": ["national"]}.get(person, PEOPLE[person] or ["north-west"])
        account = curator(*slugs, role=roles.get(person, "publisher"))
        client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
        if person == "someone whose account was closed":
            type(account).objects.update_or_create(pk=account.pk, defaults={"is_active": False})
        return client

    def get(self, person, path):
        """The answer to somebody who asks for a page, which every test of it looks at: the world stays as it was."""
        if (person, path) not in self.answers:
            self.answers[person, path] = self.people[person].get(path)
        return self.answers[person, path]

    def words_in(self, text):
        return {item.word for item in self.items if item.word in text}

    def words_of(self, which):
        return {item.word for item in self.items if which(item)}

    def numbers(self, model):
        return {item.row.pk for item in self.items if model_of(item) == model}

    def known_to(self, person):
        """What someone may know of: what readers can see, and the work of their own regions."""
        return self.words_of(lambda item: is_found(item) or item.owner in PEOPLE[person])


def is_found(item):
    return STATES[item.state].is_found


def found(*kinds):
    return lambda item: item.kind in kinds and STATES[item.state].is_found


def listed(*kinds):
    return lambda item: item.kind in kinds and STATES[item.state].is_listed


def nothing(item):
    return False


STARTS = [f"/start/start-{n}/" for n in range(len(STATES))]
RESULTS = [f"/search/?q=heron&page={n}" for n in (1, 2)]
FILTERED = "?q=heron&kind=guide&audience=hr&stage=pilot&topic=shown&topic=unseen&region=national&sort=title"

PUBLIC_DOORS = [  # name, address, and the items of which a word is found there
    ("home", "/", listed("resource", "event")),
    ("about", "/about/", nothing),
    ("accessibility", "/accessibility/", nothing),
    ("privacy", "/privacy/", nothing),
    ("resources:list", "/resources/", listed("resource")),
    ("resources:list", f"/resources/{FILTERED}", listed("resource")),
    ("resources:list", "/resources/?topic=unseen", nothing),
    ("resources:feed", "/feeds/resources.atom", listed("resource")),
    ("resources:feed", f"/feeds/resources.atom{FILTERED}", listed("resource")),
    ("resources:detail", "/resources/leaf/", found("resource")),  # the sources of its claims, and what it was built on
    ("resources:detail", "/resources/root/", found("resource")),  # what was built on it
    ("topics:list", "/topics/", nothing),
    ("topics:detail", "/topics/shown/", listed("resource")),
    ("topics:detail", "/topics/unseen/", nothing),
    ("starts:list", "/start/", nothing),
    ("starts:detail", STARTS, listed("resource")),
    ("regions:list", "/regions/", listed("set")),
    ("regions:detail", "/regions/north-west/", listed("resource", "set", "event")),
    ("regions:detail", "/regions/national/", listed("resource", "set", "event")),
    ("principles:list", "/principles/", listed("set")),
    ("principles:feed", "/feeds/principles.atom", listed("set")),
    ("principles:feed", "/feeds/principles.atom?region=north-west", listed("set")),
    ("principles:detail", "/principles/leaf/", found("resource", "set")),
    ("principles:detail", "/principles/root/", found("resource", "set")),
    ("principles:version", "/principles/leaf/versions/1/", found("resource", "set")),
    ("events:list", "/events/", listed("event")),
    ("events:list", "/events/?region=north-west", listed("event")),
    ("events:past", "/events/past/", listed("past")),
    ("events:feed", "/feeds/events.atom", listed("event", "past")),
    ("events:feed", "/feeds/events.atom?region=north-west", listed("event", "past")),
    ("events:detail", "/events/meeting/", found("resource", "set")),  # what its session is about
    ("search:results", RESULTS, found("resource", "set", "event", "past")),
    ("search:suggest", "/search/suggest/?q=heron", nothing),  # it repeats what is asked: it has a test of its own below
    ("search:description", "/opensearch.xml", nothing),
    ("sitemap", "/sitemap.xml", found("resource", "set", "event", "past")),
    ("robots", "/robots.txt", nothing),
    ("security", "/.well-known/security.txt", nothing),
    ("live", "/health/live/", nothing),
    ("ready", "/health/ready/", nothing),
    ("choose-password", "/admin/password/MQ/no-token/", nothing),
]
NEVER = 987654321  # the number of nothing at all
PREVIEW = {"preview", "link"}  # have tests of their own: below, and in curation/test_links.py

PAGES = ["changelist", "add", "change", "history", "delete"]
LOOKING_BACK = [*PAGES, "compare", "restore"]
VERBS = [
    "hand-over",
    "share-preview",
    "end-links",
    "submit",
    "take-back",
    "ask-for-changes",
    "publish",
    "supersede",
    "withdraw",
    "review",
    "rename",
    "delete-draft",
]
ADMIN_DOORS = {
    "resources_resource": LOOKING_BACK + VERBS,
    "principles_principleset": [*LOOKING_BACK, *VERBS, "new-version"],
    "principles_setversion": [*LOOKING_BACK, "submit", "take-back", "ask-for-changes", "publish"],
    "events_event": LOOKING_BACK + VERBS,
    "principles_lineagelink": LOOKING_BACK,
    "principles_theme": LOOKING_BACK,
    "resources_organisation": LOOKING_BACK,
    "resources_startingpoint": LOOKING_BACK,
    "resources_topic": LOOKING_BACK,
    "search_wordgroup": LOOKING_BACK,
    "search_fruitlesssearch": [*PAGES, "synonym", "commission", "not-for-us", "reopen", "erase"],
    "curation_region": LOOKING_BACK,
    "curation_workingcopy": [
        *PAGES,
        *("submit", "take-back", "ask-for-changes", "approve", "bring-up-to-date", "discard"),
    ],
    "curation_curator": [
        *PAGES,
        "password-link",
        "end-sessions",
        "forget-second-factor",
        "forget-sign-in",
        "confirm-access",
    ],
}
ADMIN_ITSELF = {
    *("admin:index", "admin:app_list", "admin:login", "admin:logout", "admin:jsi18n", "admin:autocomplete"),
    *("admin:password_change", "admin:password_change_done", "admin:sessions", "admin:markdown"),
    *("admin:second-factor", "admin:second-factor-set-up", "admin:oidc", "admin:oidc-back"),
}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def db(world):
    """Each test leaves the one world as it was. (The name tells pytest-django that a database is needed.)"""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def look(client, path):
    return given_away(client.get(path))


def given_away(response):
    """Everything that an answer gives away: its page, and where it leads."""
    return response.content.decode() + response.headers.get("Location", "")


def changes():
    """How much has ever happened: content's history grows with every row that is touched, by whatever way."""
    histories = [model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")]
    return sum(model.objects.count() for model in histories)


# What readers find


def test_every_public_address_is_in_the_table():
    assert {name for name, *_ in PUBLIC_DOORS} | PREVIEW == addresses.public()


@pytest.mark.parametrize(("name", "path", "which"), PUBLIC_DOORS)
def test_a_public_page_offers_what_is_public_and_no_more_whoever_looks(world, name, path, which):
    paths = [path] if isinstance(path, str) else path
    seen = {
        person: {word for part in paths for word in world.words_in(given_away(world.get(person, part)))}
        for person in VISITORS
    }
    assert seen == dict.fromkeys(VISITORS, world.words_of(which))


@pytest.mark.parametrize("person", VISITORS)
def test_an_address_answers_what_its_state_says_whoever_asks(world, person):
    items = [item for item in world.items if item.kind != "version"]
    answers = {item.word: world.get(person, item.row.get_absolute_url()).status_code for item in items}
    assert answers == {item.word: STATES[item.state].page for item in items}


def test_what_is_not_public_is_answered_like_what_never_was(world):
    reader = world.people["a reader"]
    never = {kind: reader.get(reverse(f"{AT[kind]}:detail", args=["never"])) for kind in KINDS}
    for item in world.items:
        if item.kind != "version" and STATES[item.state].page == 404:
            answer = world.get("a reader", item.row.get_absolute_url())
            assert (answer.content, answer.headers) == (never[item.kind].content, never[item.kind].headers)


def test_what_was_withdrawn_says_why_and_no_more(world):
    for item in world.items:
        if STATES[item.state].page == 410:
            text = given_away(world.get("a reader", item.row.get_absolute_url()))
            assert "It was wrong." in text
            assert "heron" not in text


@pytest.mark.parametrize("person", VISITORS)
def test_an_old_address_leads_on_only_to_what_is_public(world, person):
    items = [item for item in world.items if item.kind != "version"]
    answers = {}
    for item in items:
        address = reverse(f"{AT[item.kind]}:detail", args=[f"old-{item.word}"])
        answers[item.word] = world.people[person].get(address).status_code
    assert answers == {item.word: STATES[item.state].old_page for item in items}


@pytest.mark.parametrize("person", VISITORS)
def test_a_draft_version_has_no_address(world, person):
    gone = {item.row.get_absolute_url() for item in world.items if STATES[item.state].page == 410}
    for item in world.items:
        if item.kind == "version":
            address = reverse("principles:version", args=[item.row.set.slug, item.row.number])
            answer = world.people[person].get(address)
            of_withdrawn = item.row.set.get_absolute_url() in gone
            assert (item.word, answer.status_code) == (item.word, 410 if of_withdrawn else 404)
            assert item.word not in answer.content.decode()


def test_structured_data_speaks_of_what_is_on_the_page_only(world):
    for item in world.items:
        if item.kind in {"resource", "event", "past"} and is_found(item):
            page = world.get("a reader", item.row.get_absolute_url())
            assert world.words_in(str(page.context_data["structured_data"])) == {item.word}


def test_a_successor_that_has_gone_out_of_sight_is_not_named(world):
    for item in world.items:
        if item.kind == "resource" and not is_found(item):
            old = ResourceFactory(state="superseded")
            Resource.objects.filter(pk=old.pk).update(superseded_by=item.row, superseded_by_url="")
            assert world.words_in(look(world.people["a reader"], old.get_absolute_url())) == set()


def test_searching_for_the_very_word_of_what_is_not_public_finds_nothing(world):
    def count(door, item):
        return world.people["a reader"].get(door, {"q": item.word}).context_data["count"]

    resources = [item for item in world.items if item.kind == "resource"]
    assert {item.word: count("/search/", item) for item in world.items} == {
        item.word: int(is_found(item)) for item in world.items
    }
    assert {item.word: count("/resources/", item) for item in resources} == {
        item.word: int(STATES[item.state].is_listed) for item in resources
    }


def test_no_word_of_what_is_not_public_is_suggested_or_offered_for_a_slip(world):
    index.refresh_statistics()
    reader = world.people["a reader"]
    for item in world.items:
        expected = item.word if is_found(item) else None
        slip = item.word[:5] + item.word[6:]
        answers = reader.get("/search/", {"q": slip}).context_data["found"].answers
        assert (item.word, answers.repairs.get(slip)) == (item.word, expected)
        assert (item.word, reader.get("/search/suggest/", {"q": item.word}).json()[1]) == (
            item.word,
            [expected] if expected else [],
        )
        facets = reader.get("/search/", {"q": item.word}).context_data["found"].facets
        assert (item.word, [any(facet.counts) for facet in facets]) == (item.word, [bool(expected)] * 2)


def test_counts_count_what_is_listed(world):
    def page(path):
        return world.people["a reader"].get(path).context_data

    three = len(OWNERS)  # one published guide of each owner; the two reports are "leaf" and "root"
    facets = page("/resources/")["form"].facets
    assert {
        facet.name: {choice.value: n for choice, n in zip(facet.choices, facet.counts, strict=True)} for facet in facets
    } == {
        "kind": {"guide": three, "report": 2},
        "topic": {"shown": three},
        "audience": {"hr": three},
        "region": dict.fromkeys(OWNERS, three),
        "publisher": {"shown": three},
        "stage": {"pilot": three},
    }
    assert page("/resources/")["count"] == three + 2
    assert {topic.slug: topic.count for topic in page("/topics/")["topics"]} == {"shown": three, "unseen": 0}
    assert (page("/topics/shown/")["count"], page("/topics/unseen/")["count"]) == (three, 0)
    assert {region.slug: region.resource_count for region in page("/regions/")["regions"]} == dict.fromkeys(
        OWNERS, three
    )
    assert page("/regions/north-west/")["resource_count"] == three
    assert page("/events/past/")["count"] == three + 1


# Preview


@pytest.mark.parametrize("person", PEOPLE)
def test_a_preview_is_for_those_who_look_after_it(world, person):
    answers, expected = {}, {}
    for item in world.items:
        if item.kind != "version":
            answer = world.get(person, item.row.get_preview_url())
            answers[item.word] = (answer.status_code, world.words_in(answer.content.decode()))
            shown = {item.word, item.word.replace("zset", "zversion")} if item.kind == "set" else {item.word}
            allowed = item.owner in PEOPLE[person]
            expected[item.word] = (200, shown) if allowed else (404 if person in STAFF else 302, set())
    assert answers == expected


def test_a_preview_is_never_kept_and_never_data_for_search_engines(world):
    for item in world.items:
        if item.kind != "version":
            page = world.get("a national publisher", item.row.get_preview_url())
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["X-Robots-Tag"] == "noindex"
            assert "application/ld+json" not in page.content.decode()


@pytest.mark.parametrize("person", ["an editor", "a publisher", "a national publisher"])
def test_a_preview_names_only_what_its_curator_may_know_of(world, person):
    for item in [world.resource, world.set, world.event]:
        seen = world.words_in(look(world.people[person], item.get_preview_url()))
        assert world.words_in(look(world.people["a reader"], item.get_absolute_url())) <= seen
        assert seen <= world.known_to(person)


def test_a_preview_that_is_not_allowed_is_answered_like_one_that_never_was(world):
    never = world.get("a publisher", f"/preview/resources.resource/{NEVER}/")
    for item in world.items:
        if item.kind != "version" and item.owner != "north-west":
            assert world.get("a publisher", item.row.get_preview_url()).content == never.content


# The admin


def own(item, person):
    return item.owner in PEOPLE[person]


def label(row):
    """The model of a row as the admin's addresses name it."""
    return row._meta.label_lower.replace(".", "_")


def account(client):
    return Curator.objects.get(pk=client.session["_auth_user_id"])


def model_of(item):
    return label(item.row)


def test_every_admin_address_is_in_the_table():
    named = {f"admin:{model}_{page}" for model, pages in ADMIN_DOORS.items() for page in pages}
    assert named | ADMIN_ITSELF == addresses.of_admin()


@pytest.mark.parametrize("model", ["resources_resource", "principles_principleset", "events_event"])
@pytest.mark.parametrize("query", ["", "?q=heron", "?owner__id__exact={yorkshire}&state__exact=draft", "?q={canary}"])
def test_admin_lists_hold_what_is_ones_own(world, model, query):
    canary = next(item.word for item in world.items if item.owner == "yorkshire-and-humber" and model_of(item) == model)
    address = reverse(f"admin:{model}_changelist") + query.format(yorkshire=world.regions[1].pk, canary=canary)
    for person in STAFF:
        page = world.people[person].get(address)
        shown = {item.pk for item in page.context_data["cl"].result_list}
        held = {item.row.pk for item in world.items if model_of(item) == model and own(item, person)}
        assert (page.status_code, shown & world.numbers(model) - held) == (200, set())
        if query in {"", "?q=heron"}:
            assert shown & world.numbers(model) == held
        assert world.words_in(page.content.decode()) - {canary} <= world.words_of(partial(own, person=person))


@pytest.mark.parametrize("person", STAFF)
def test_the_first_page_of_the_admin_holds_ones_own_work(world, person):
    def waits(item):  # drafts, and everything visible, since its review was due; versions are reached from their set
        return own(item, person) and (item.state in {"draft", "in review"} or is_found(item)) and item.kind != "version"

    assert world.words_in(look(world.people[person], "/admin/")) == world.words_of(waits)


@pytest.mark.parametrize("person", STAFF)
def test_forms_and_histories_name_only_what_their_curator_may_know_of(world, person):
    """Every page of the admin that this person may open, over things that point at every item there is."""
    shared = [*world.points[::2], *world.topics.values(), *world.publishers.values(), *world.regions]
    links = LineageLink.objects.curated_by(account(world.people[person]))
    rows = [world.resource, world.set, world.version, world.event, *shared, *links[::50]]
    then = f"?at={quote(timezone.now().isoformat())}"
    visited = [reverse(f"admin:{model}_{page}") for model in ADMIN_DOORS for page in ("changelist", "add")]
    visited += [reverse("admin:principles_lineagelink_changelist") + f"?p={page}" for page in (2, 3, 4, 5)]
    visited += [
        reverse(f"admin:{label(row)}_{page}", args=[row.pk]) + (then if page in {"compare", "restore"} else "")
        for row in rows
        for page in ADMIN_DOORS[label(row)]
        if page not in {"changelist", "add"}
    ]
    told = {path: world.words_in(look(world.people[person], path)) - world.known_to(person) for path in visited}
    assert {path: words for path, words in told.items() if words} == {}


@pytest.mark.parametrize("person", STAFF)
def test_choices_offer_what_readers_see_and_ones_own(world, person):
    """Every foreign key and many-to-many there is, asked for by hand, whether or not a form has it."""
    offers = {}
    for source, field in relations_to_content():
        query = {"app_label": source._meta.app_label, "model_name": source._meta.model_name, "field_name": field.name}
        for page in range(1, 9):
            answer = world.people[person].get(reverse("admin:autocomplete"), {**query, "term": "z", "page": page})
            if answer.status_code != 200:
                break
            offers.setdefault(label(field.related_model), set()).update(world.words_in(answer.content.decode()))
            if not answer.json()["pagination"]["more"]:
                break
    expected = {
        model: world.words_of(lambda item, model=model: model_of(item) == model) & world.known_to(person)
        for model in ["resources_resource", "principles_principleset", "events_event"]
    }
    expected["principles_setversion"] = expected["principles_principleset"]  # a version goes by the name of its set
    assert offers == expected


@pytest.mark.parametrize("person", PEOPLE)
def test_a_working_copy_is_seen_by_those_who_may_change_its_item_and_by_no_door_by_anybody_else(world, person):
    client, then, told = world.people[person], f"?at={quote(timezone.now().isoformat())}", set()
    doors = [paths if isinstance(paths, list) else [paths] for _, paths, _ in PUBLIC_DOORS]
    visited = ["/admin/", *chain(*doors)]
    for item in world.items:
        if item.word in world.copies:
            visited += [item.row.get_absolute_url(), item.row.get_preview_url()]
            for row in [item.row, world.copies[item.word]]:
                pages = set(ADMIN_DOORS[label(row)]) - {"changelist", "add"}
                visited += [reverse(f"admin:{label(row)}_{page}", args=[row.pk]) + then for page in pages]
            late = {"title": "Mine", "seen_version": "1"}  # what the answer to a late save would tell
            refused = client.post(reverse(f"admin:{model_of(item)}_change", args=[item.row.pk]), late)
            told |= world.copies_in(refused.content.decode())
    for path in visited:
        told |= world.copies_in(given_away(world.get(person, path)))
    writes = person in {"a publisher", "a publisher of another region", "a national publisher"}
    assert told == world.words_of(lambda item: item.word in world.copies and writes and own(item, person))


@pytest.mark.parametrize("person", ["an editor", "a publisher of another region", "an administrator of accounts"])
def test_a_working_copy_one_may_not_see_is_answered_like_one_that_never_was(world, person):
    client, before = world.people[person], changes()
    copy = next(
        world.copies[item.word] for item in world.items if item.word in world.copies and own(item, "a publisher")
    )
    for page in set(ADMIN_DOORS["curation_workingcopy"]) - {"changelist", "add"}:
        assert answers(client, copy, page, copy.pk) == answers(client, copy, page, NEVER)
    assert changes() == before


def relations_to_content():
    content = {Resource, PrincipleSet, Event, SetVersion, LineageLink}
    for model in apps.get_models():
        for field in [*model._meta.fields, *model._meta.many_to_many]:
            if field.related_model in content:
                yield model, field


@pytest.mark.parametrize("item", ["resource", "set", "event"])
def test_a_successor_is_chosen_from_what_readers_see(world, item):
    row = getattr(world, item)
    page = look(world.people["a publisher"], reverse(f"admin:{label(row)}_supersede", args=[row.pk]))
    kinds = {"event": ("event", "past")}.get(item, (item,))
    assert world.words_in(page) == world.words_of(found(*kinds))


@pytest.mark.parametrize("person", ["a publisher", "a publisher of another region", "an administrator of accounts"])
def test_what_is_another_regions_is_answered_in_the_admin_like_what_never_was(world, person):
    client, before = world.people[person], changes()
    another = next(owner for owner in OWNERS if owner not in PEOPLE[person])
    never = {}
    for item in world.items:
        if item.owner == another and item.state in {"draft", "scheduled", "published"} and item.kind != "past":
            for page in set(ADMIN_DOORS[model_of(item)]) - {"changelist", "add"}:
                door = model_of(item), page
                if door not in never:
                    never[door] = answers(client, item.row, page, NEVER)
                assert (item.word, page, answers(client, item.row, page, item.row.pk)) == (item.word, page, never[door])
    assert changes() == before


def answers(client, row, page, pk):
    """What a page of the admin answers to GET and POST, without the number that was asked for."""
    address = reverse(f"admin:{label(row)}_{page}", args=[pk])
    told = [client.get(address), client.post(address, {"reason": "Because", "slug": "taken-over", "title": "Mine"})]
    return [(answer.status_code, answer.headers.get("Location"), answer.content) for answer in told]


@pytest.mark.parametrize("person", ["a reader", "someone whose account was closed"])
def test_nobody_passes_the_admins_door_without_an_open_account(world, person):
    client, before = world.people[person], changes()
    for model, pages in ADMIN_DOORS.items():
        for page in pages:
            address = reverse(f"admin:{model}_{page}", args=[] if page in {"changelist", "add"} else [1])
            for answer in [client.get(address), client.post(address)]:
                assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/login/?next={address}")
    assert changes() == before


def test_djangos_way_from_the_admin_to_the_site_is_closed(world):
    """It leads any account to the address of any row, whatever the row's state."""
    item = next(item for item in world.items if item.state == "published")
    kind = ContentType.objects.get_for_model(item.row)
    assert world.people["a national publisher"].get(f"/admin/r/{kind.pk}/{item.row.pk}/").status_code == 404


def test_an_editor_cannot_change_what_readers_already_see(world):
    def answer(row):
        return world.people["an editor"].post(reverse(f"admin:{label(row)}_change", args=[row.pk])).status_code

    items = [item for item in world.items if item.owner == "north-west" and item.kind in {"resource", "past"}]
    drafts = {"draft", "in review"}
    assert {item.word: answer(item.row) for item in items} == {
        item.word: 200 if item.state in drafts else 403 for item in items
    }
    link = LineageLink.objects.get(descendant_set=world.set, source_set__slug="zsetpublishednorthwest")
    assert {row: answer(row) for row in (world.version, link)} == {world.version: 403, link: 403}
