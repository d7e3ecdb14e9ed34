"""The access matrix: every address for curators × eight people × GET, and POST with another region's numbers and every
field there is. What belongs to region B (Yorkshire and Humber) is in no answer to who has no part in B, and afterwards
the database is what it was.

The addresses come from the URL resolver and the models from the admin itself: one that has no entry here fails.
"""

from typing import NamedTuple

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection, models, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from curation import copies, past
from curation.fields import MarkdownField
from curation.models import CuratedModel, Curator, Membership, Region, RegionContact, WorkingCopy
from curation.sign_in import ELSEWHERE
from events.models import Event, Session
from principles.models import Agreement, LineageLink, PrincipleSet, PrincipleText, SetVersion, Theme
from resources.models import (
    Claim,
    Organisation,
    Resource,
    StartingPoint,
    StartingStep,
    TaggedResource,
    Topic,
    TopicName,
)
from search.models import FruitlessSearch, WordGroup
from tests import addresses
from tests.factories import (
    TESTER,
    ClaimFactory,
    EventFactory,
    FruitlessSearchFactory,
    OrganisationFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    StartingPointFactory,
    StartingStepFactory,
    ThemeFactory,
    TopicFactory,
    WordGroupFactory,
    curator,
    version_of,
)
from tests.forms import fields

A, B = "north-west", "yorkshire-and-humber"
CANARY = "zebra"  # in every text of what is B's, and in nothing else
STRIPES = "quagga"  # in every text of an account, likewise
NEVER = 987654321

PEOPLE = {
    "anonymous": None,
    "signed in without second factor": {"regions": [A, B]},
    "no region": {"regions": []},
    "region A": {"regions": [A]},
    "region B": {"regions": [B]},
    "A and B": {"regions": [A, B]},
    "national": {"regions": ["national"]},
    "account administrator": {"regions": ["national"], "role": "accounts"},
}
KNOW_B = {"region B", "A and B", "national"}


class Entry(NamedTuple):
    """A model of the admin: whose rows of it are, who may change them, and who may see them."""

    make: object  # a function of a region, which makes a row in which every text has the canary
    change: set  # the people who may change that row
    see: set | None = None  # the people who may see it; None: it is no secret
    add: set = frozenset()  # the people whose new row of it is no other region's business


def owned(make):
    return Entry(make, KNOW_B, KNOW_B)


def shared(make, add=frozenset()):
    return Entry(make, {"national"}, add=add)


def word(region):
    return CANARY if region.slug == B else "mine"


def marked(row, text, *but):
    """*row* with these words in every text of its own that a form could write, *but* in these."""
    texts = {
        field.name: f"{text} {field.name}"
        for field in row._meta.concrete_fields
        if type(field) in {models.CharField, models.TextField, MarkdownField}
        if field.editable and not field.choices and field.name not in but
    }
    type(row)._base_manager.filter(pk=row.pk).update(**texts)
    row.refresh_from_db()
    return row


def resource(region):
    row = ResourceFactory(owner=region, publisher=OrganisationFactory(), topics=[TopicFactory()])
    marked(ClaimFactory(resource=row), word(region), "as_at")
    return marked(row, word(region), "published_on")


def principle_set(region):
    row = SetFactory(owner=region)
    marked(version_of(row, "A principle", publish=False), word(region), "dated")
    marked(row.versions.get().texts.get(), word(region))
    return marked(row, word(region), "published_on")


def version(region):
    return principle_set(region).versions.get()


def event(region):
    row = EventFactory(owner=region)
    session = marked(Session.objects.create(event=row, title="A session"), word(region))
    session.resources.add(ResourceFactory(owner=region, title=word(region)))
    return marked(row, word(region))


def lineage(region):
    below, above = (SetFactory(owner=region, title=word(region)) for _ in range(2))
    return marked(
        LineageLink.objects.create(descendant_set=below, source_set=above), word(region), "source_text", "linked_on"
    )


def working_copy(region):
    item = ResourceFactory(owner=region, state="published")
    content = past.now(item)
    content["fields"].update(dict.fromkeys(["title", "summary", "body"], word(region)))
    return copies.write(item, content, by=TESTER)


def starting_point(region):
    point = StartingPointFactory()  # whose own words are for everyone; the step's are not yet
    StartingStepFactory(point=point, order=1, resource=ResourceFactory(owner=region, title=word(region)))
    return point


def account(region):
    return curator(B, name=f"{STRIPES} name", email=f"{STRIPES}@example.nhs.uk")


ENTRIES = {
    Resource: owned(resource),
    PrincipleSet: owned(principle_set),
    SetVersion: owned(version),
    Event: owned(event),
    LineageLink: owned(lineage),
    WorkingCopy: owned(working_copy),
    StartingPoint: Entry(starting_point, {"national"}, {"national"}),
    Curator: Entry(account, {"account administrator"}, {"account administrator"}),
    Region: shared(lambda region: region),
    Topic: shared(lambda region: TopicFactory()),
    Theme: shared(lambda region: ThemeFactory()),
    WordGroup: shared(lambda region: WordGroupFactory()),
    FruitlessSearch: shared(lambda region: FruitlessSearchFactory()),
    Organisation: shared(lambda region: OrganisationFactory(), add={"region A"}),  # may be proposed
}
PARTS = {Claim, TaggedResource, Session, PrincipleText, Agreement, StartingStep, RegionContact, Membership, TopicName}
ITSELF = {  # addresses of the admin that are of no one model
    *("index", "app_list", "login", "logout", "jsi18n", "autocomplete", "password_change", "password_change_done"),
    *("sessions", "markdown", "second-factor", "second-factor-set-up", "oidc", "oidc-back"),
}
SECRET = {Resource, PrincipleSet, SetVersion, Event, LineageLink, *PARTS}  # of which nobody else's row may point at B's
UNCOUNTED = (
    "curation_session",
    "axes_",
    "curation_sentform",
    "otp_",
    "search_submission",
)  # who is signed in and who tried, and what readers searched for: not what is there


class World:
    """B's row of each model, A's own row of each, and eight people."""

    def __init__(self):
        self.regions = {slug: RegionFactory(slug=slug) for slug in [A, B, "national"]}
        self.rows = {model: entry.make(self.regions[B]) for model, entry in ENTRIES.items()}
        self.parts = {model: self.part(model) for model in PARTS}
        mine = [Resource, PrincipleSet, SetVersion, Event, LineageLink]
        self.own = {model: ENTRIES[model].make(self.regions[A]) for model in mine}
        self.people = {name: self.client(name) for name in PEOPLE}

    def part(self, model):
        """The number of one of B's parts of this model, where there is any."""
        return model._base_manager.order_by("pk").values_list("pk", flat=True).first() or NEVER

    def client(self, name):
        client = Client(raise_request_exception=False)
        if PEOPLE[name] is not None:
            facts = {**PEOPLE[name]}
            client.force_login(
                curator(*facts.pop("regions"), **facts), backend="django.contrib.auth.backends.ModelBackend"
            )
            if name != "signed in without second factor":
                session = client.session
                session[ELSEWHERE] = True
                session.save()
        return client

    def known(self, model):
        """The number of something of B's, to be tried wherever a *model* is asked for."""
        row = self.rows.get(model)
        return row.pk if row else self.parts.get(model, NEVER)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def db(world, settings):
    settings.SECOND_FACTOR = "always"
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# What is sent


def a_value(world, field):
    """Something that a form might take for a field of a model: B's number where it is a relation."""
    if field.is_relation:
        number = world.known(field.related_model)
        return [number] if field.many_to_many else number
    if field.choices:
        return next(value for value, _ in field.flatchoices)
    samples = {
        models.BooleanField: "on",
        models.DateField: "2030-01-01",
        models.DateTimeField: "2030-01-01T10:00",
        models.TimeField: "10:00",
        models.EmailField: "mine@example.nhs.uk",
        models.URLField: "https://example.org/mine",
        models.SlugField: "mine",
        models.IntegerField: 1,
        models.JSONField: "{}",
    }
    return next((value for kind, value in samples.items() if isinstance(field, kind)), "2030")


def every_field(world, model, prefix=""):
    sent = {
        f"{prefix}{field.name}": a_value(world, field)
        for field in [*model._meta.concrete_fields, *model._meta.many_to_many]
        if not field.primary_key
    }
    return {name: value for name, value in sent.items() if value is not None}


def a_post(world, model, page):
    """Every field of the model, of its parts and of every verb, with B's numbers throughout."""
    sent = every_field(world, model)
    for inline in site.get_model_admin(model).inlines:
        prefix = inline.model._meta.get_field(inline.fk_name).remote_field if getattr(inline, "fk_name", None) else None
        name = prefix.get_accessor_name() if prefix else set_name(inline.model, model)
        sent |= {f"{name}-TOTAL_FORMS": 1, f"{name}-INITIAL_FORMS": 1, f"{name}-0-id": world.parts[inline.model]}
        sent |= every_field(world, inline.model, f"{name}-0-")
    asked = {
        "reason": "Because",
        "note": "Because",
        "slug": "taken-over",
        "owner": world.regions[A].pk,
        "days": 3,
        "due": "2030-01-01",
        "url": "https://example.org/",
        "title": "Mine",
        "onward_url": "https://example.org/",
        "superseded_by": world.known(model),
        "at": "2030-01-01T00:00:00Z",
        "seen_version": "1",
        "post": "yes",
    }
    if page == "changelist":
        return {ACTION_CHECKBOX_NAME: [world.known(model)], "confirmed": "yes", **asked}
    return sent | (asked if page not in {"add", "change"} else {"seen_version": "1"})


def set_name(part, whole):
    relation = next(f for f in part._meta.fields if f.related_model is whole)
    return relation.remote_field.get_accessor_name()


def actions_of(model):
    return [*(verb.name for verb in site.get_model_admin(model).verbs), "delete_selected"]


class Door(NamedTuple):
    """One address, and what is sent to it."""

    address: str
    model: type | None
    page: str
    posts: list


def doors(world, at=""):
    """Every address for curators with *at* in it: those of the admin, with B's row, previews, and those of readers."""
    return [door for door in every_door(world) if at in door.address]


def every_door(world):
    by_label = {f"{m._meta.app_label}_{m._meta.model_name}": m for m in site._registry}
    for name in sorted(addresses.of_admin()):
        label, _, page = name.removeprefix("admin:").rpartition("_")
        model = by_label.get(label)
        if model is None:
            yield from (Door(address, None, page, [{}]) for address in of_itself(name))
            continue
        posts = [a_post(world, model, page)]
        if page == "changelist":
            posts = [{**posts[0], "action": action} for action in actions_of(model)]
        try:
            address = reverse(name, args=[world.known(model)])
        except NoReverseMatch:
            address = reverse(name)
        if page in {"compare", "restore"}:
            address += "?at=2029-01-01T00:00:00Z"
        yield Door(address, model, page, posts)
        if page == "changelist":
            narrowed = [
                f"q={CANARY[:4]}",
                f"owner__id__exact={world.regions[B].pk}",
                "state__exact=draft",
                "e=1",
                "all=",
            ]
            yield from (Door(f"{address}?{query}", model, page, []) for query in narrowed)
        if page == "add":
            yield Door(f"{address}?_popup=1&rows=more&{every_relation(world, model)}", model, page, posts)
    for model, row in world.rows.items():
        if issubclass(model, CuratedModel):
            yield Door(row.get_preview_url(), model, "preview", [{}])
    yield from (Door(address, None, "public", []) for address in public(world))


def public(world):
    """Where readers would meet something: lists, search, feeds and its own address."""
    part = CANARY[:4]
    yield from ("/", f"/search/?q={part}", f"/resources/?q={part}", "/principles/", "/events/", f"/regions/{B}/")
    yield from ("/sitemap.xml", "/feeds/resources.atom", "/feeds/principles.atom", "/feeds/events.atom")
    for row in world.rows.values():
        if isinstance(row, CuratedModel):
            yield row.get_absolute_url()


def every_relation(world, model):
    """The query that fills in a form's choices beforehand, with B's numbers."""
    return "&".join(f"{f.name}={world.known(f.related_model)}" for f in model._meta.fields if f.is_relation)


def of_itself(name):
    short = name.removeprefix("admin:")
    if short == "app_list":
        return [reverse(name, args=[app]) for app in ("curation", "events", "principles", "resources")]
    if short == "autocomplete":
        asked = [
            f"app_label={m._meta.app_label}&model_name={m._meta.model_name}&field_name={f.name}&term={part}"
            for part in (CANARY[:4], STRIPES[:4])
            for m in [*ENTRIES, *PARTS]
            for f in [*m._meta.fields, *m._meta.many_to_many]
            if f.is_relation
        ]
        return [f"{reverse(name)}?{query}" for query in asked]
    return [reverse(name)]


# What it leads to


def checksum():
    """One word for all that the database holds, but for who is signed in and who tried to be."""
    with connection.cursor() as cursor:
        tables = [t for t in connection.introspection.table_names(cursor) if not t.startswith(UNCOUNTED)]
        each = [
            f"SELECT '{table}' AS name, md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) AS said "
            f'FROM "{table}" t'
            for table in tables
        ]
        cursor.execute(" UNION ALL ".join(each))
        return dict(cursor.fetchall())


def told(answer):
    """Which of the words that are somebody's own an answer has in it, on its page or in where it leads."""
    said = answer.content.decode() + answer.headers.get("Location", "")
    return {word for word in (CANARY, STRIPES) if word in said}


def own(person):
    """Those of the words that *person* may read."""
    return ({CANARY} if person in KNOW_B else set()) | ({STRIPES} if person == "account administrator" else set())


def changed(before):
    return {table for table, said in checksum().items() if before[table] != said}


def test_every_model_of_the_admin_and_every_part_of_one_has_an_entry():
    assert set(site._registry) == set(ENTRIES)
    assert {inline.model for page in site._registry.values() for inline in page.inlines} == PARTS


def test_every_address_for_curators_is_of_a_model_or_in_the_list():
    labels = tuple(f"admin:{m._meta.app_label}_{m._meta.model_name}_" for m in site._registry)
    assert {n for n in addresses.of_admin() if not n.startswith(labels)} == {f"admin:{name}" for name in ITSELF}


def test_every_text_of_a_row_of_bs_has_the_canary(world):
    """What could leak is there."""
    for model, entry in ENTRIES.items():
        if entry.see is not None and model is not StartingPoint:
            assert (STRIPES if model is Curator else CANARY) in str(
                type(world.rows[model])._base_manager.filter(pk=world.rows[model].pk).values().get()
            )


def leaks(world, person, at=""):
    """What *person* reads of others' at each address with *at* in it, as {address: words}."""
    found = {door.address: told(world.people[person].get(door.address)) - own(person) for door in doors(world, at)}
    return {address: words for address, words in found.items() if words}


def effects(world, person, at=""):
    """What *person* brings about by sending what is not theirs to send, as {address: what it told or changed}."""
    before, found = checksum(), {}
    for door in doors(world, at):
        entry = ENTRIES.get(door.model)
        if entry is None or person in entry.change or (door.page == "add" and person in KNOW_B | entry.add):
            continue  # the admin's own forms have tests of their own; what somebody may do, others try
        for sent in door.posts:
            words = told(world.people[person].post(door.address, sent)) - own(person)
            if tables := changed(before):
                before = checksum()
            if words or tables:
                found[door.address] = words | tables
    return found


@pytest.mark.parametrize("person", PEOPLE)
def test_nothing_of_region_b_is_in_any_answer_to_who_has_no_part_in_it(world, person):
    before = checksum()
    assert leaks(world, person) == {}
    assert changed(before) == set()


@pytest.mark.parametrize("person", PEOPLE)
def test_sending_bs_numbers_and_every_field_changes_nothing_for_who_may_not(world, person):
    assert effects(world, person) == {}


def test_all_of_a_list_is_all_of_ones_own(world):
    """“Select all” above a list of region A, with B's number as well."""
    before = of_b(world)
    for model, entry in ENTRIES.items():
        if "region A" not in entry.change and model is not StartingPoint:
            for action in actions_of(model):
                sent = {**a_post(world, model, "changelist"), "action": action, "select_across": "1"}
                answer = world.people["region A"].post(reverse(f"admin:{label(model)}_changelist"), sent)
                assert told(answer) == set()
    assert of_b(world) == before


@pytest.mark.parametrize("person", PEOPLE)
def test_who_has_a_part_in_it_gets_it(world, person):
    """So that an empty answer to the others says something."""
    for model, entry in ENTRIES.items():
        if entry.see is not None:
            address = reverse(f"admin:{label(model)}_change", args=[world.rows[model].pk])
            assert (model, bool(told(world.people[person].get(address)))) == (model, person in entry.see)


OWN = [Resource, PrincipleSet, SetVersion, Event, LineageLink]


@pytest.mark.parametrize("model", OWN)
def test_ones_own_form_takes_nothing_of_bs(world, model):
    """Region A's own row, saved with one of B's numbers in the place of each of its own, and with all at once."""
    assert taken(world, model) == set()


def taken(world, model):
    """The inputs of the form of region A's own row that take what is B's."""
    client, row = world.people["region A"], world.own[model]
    before, address = of_b(world), reverse(f"admin:{label(model)}_change", args=[row.pk])
    sent = a_post(world, model, "change")
    typed = {name: {name: sent[name]} for name in sent if name.split("-")[-1] in names_of_relations(model)}
    return {name for name, one in [*typed.items(), ("all", sent)] if takes(client, address, one, before, world)}


def names_of_relations(model):
    models_of_form = [model, *(inline.model for inline in site.get_model_admin(model).inlines)]
    return {f.name for m in models_of_form for f in [*m._meta.fields, *m._meta.many_to_many] if f.is_relation} | {"id"}


def takes(client, address, typed, before, world):
    """Whether a save with this in the form tells of B, changes what is B's or points at it. Nothing of it stays."""
    with transaction.atomic():
        own_form = fields(client.get(address))
        assert own_form, "A has a form of its own row"
        answer = client.post(address, own_form | typed)
        is_taken = told(answer) or of_b(world) != before
        transaction.set_rollback(True)
    return is_taken


@pytest.mark.parametrize("model", [Resource, PrincipleSet, Event])
def test_nobody_adds_something_to_another_region(world, model):
    typed = {"title": "Mine", "slug": "mine", "summary": "Mine."}
    typed |= {f.name: a_value(world, f) for f in model._meta.fields if f.choices}
    typed |= {"starts_at": "2030-01-01T10:00", "ends_at": "2030-01-01T11:00"}
    address = reverse(f"admin:{label(model)}_add")
    for person, owner, is_taken in [("region A", B, False), ("region A", A, True), ("A and B", B, True)]:
        form = fields(world.people[person].get(address)) | typed
        with transaction.atomic():
            world.people[person].post(address, form | {"owner": world.regions[owner].pk})
            assert (person, owner, model.objects.filter(slug="mine").exists()) == (person, owner, is_taken)
            transaction.set_rollback(True)


def of_b(world):
    """Every row of B's, parts included, as the database has it, and how many rows point at each."""
    numbers = {**{model: row.pk for model, row in world.rows.items()}, **world.parts}
    said = {model: str(model._base_manager.filter(pk=pk).values().first()) for model, pk in numbers.items()}
    pointing = {
        (model, field.name): model._base_manager.filter(**{field.name: numbers[field.related_model]}).count()
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.fields
        if field.is_relation and field.related_model in SECRET and not hasattr(model, "pgh_tracked_model")
    }
    return said, pointing


def label(model):
    return f"{model._meta.app_label}_{model._meta.model_name}"


def test_a_part_in_b_that_is_taken_away_is_gone_at_the_next_request(world):
    client, row = world.people["A and B"], world.rows[Resource]
    address = reverse("admin:resources_resource_change", args=[row.pk])
    assert told(client.get(address)) == {CANARY}
    Membership.objects.filter(curator=client.session["_auth_user_id"], region__slug=B).delete()
    assert told(client.get(address)) == set()
    before = checksum()
    client.post(address, fields(world.people["region B"].get(address)) | {"title": "Mine"})
    assert changed(before) == set()
