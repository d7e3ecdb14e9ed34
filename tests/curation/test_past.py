"""The history is the whole truth: whatever is done, in whatever way, each state can be had again."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation import actions, copies, past
from curation.models import tidy_title
from curation.states import NotAllowed
from events.models import Session
from justculture.bulk.importing import import_content
from resources.models import Claim, Resource, StartingStep
from tests.bulk.files import json_lines
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
from tests.forms import fields, rows

pytestmark = pytest.mark.django_db


def seen(item, before, after, person=TESTER):
    return past.compare(type(item), before, after, seen_by=person)


def test_a_state_is_what_forms_edit_with_links_and_parts_and_survives_json():
    region, topic, partner = RegionFactory(), TopicFactory(), OrganisationFactory()
    item = ResourceFactory(
        state="published", regions=[region], topics=[topic], published_on="2021-06", audiences=["hr", "managers"]
    )
    item.partners.add(partner)
    claim = ClaimFactory(resource=item)
    state = past.now(item)
    assert json.loads(json.dumps(state)) == state
    assert state["fields"].keys() >= {"title", "slug", "owner", "published_on", "audiences", "public_from_at"}
    assert not state["fields"].keys() & {"state", "published_at", "version", "id", "superseded_by", "withdrawn_reason"}
    assert state["links"] == {"regions": [region.pk], "partners": [partner.pk]}
    assert [part["fields"]["tag"] for part in state["parts"]["resources.taggedresource"]] == [topic.pk]
    assert [(part["id"], part["fields"]["value"]) for part in state["parts"]["resources.claim"]] == [
        (claim.pk, "59% fewer")
    ]


def test_agreements_and_versions_are_no_part_of_what_can_come_back():
    item = SetFactory()
    version = version_of(item, "Be fair", publish=False)
    assert past.now(item)["parts"] == {}
    assert list(past.now(version)["parts"]) == ["principles.principletext"]


def test_what_was_not_there_has_no_state():
    before = timezone.now()
    item = ResourceFactory()
    pk = item.pk
    assert past.at(item, before) is None
    there = timezone.now()
    item.delete()
    item.pk = pk
    assert past.at(item, timezone.now()) is None
    assert past.now(item) is None
    assert past.at(item, there)["fields"]["title"] == item.title


def test_a_version_number_leads_to_its_last_moment():
    item = ResourceFactory(title="First")
    Resource.objects.filter(pk=item.pk).update(title="Second", version=2)
    assert past.at(item, past.moment_of(item, 1))["fields"]["title"] == "First"
    assert past.at(item, past.moment_of(item, 2))["fields"]["title"] == "Second"
    assert past.moment_of(item, 3) is None


def test_a_difference_is_told_in_plain_words():
    item = ResourceFactory(title="Before", regions=[RegionFactory(name="North West")])
    kept, gone = ClaimFactory(resource=item), ClaimFactory(resource=item, value="12 days", as_at="2020-10")
    before = past.now(item)
    item.title, item.stage, item.published_on = "After", "in_use", "2021-06"
    item.save()
    item.regions.add(RegionFactory(slug="midlands"))
    item.topics.add(TopicFactory(name="Suspension"))
    Claim.objects.filter(pk=kept.pk).update(note="Over two years")
    gone.delete()
    assert seen(item, before, past.now(item)) == [
        ("Title", "Before", "After"),
        ("First published", "", "June 2021"),
        ("Stage", "", "In use"),
        ("Regions it is about", "North West", "Midlands, North West"),
        ("Topic", "", "Suspension"),
        ("Claim: note", "", "Over two years"),
        ("Claim", "12 days, investigations, October 2020, A report, https://example.org/report", ""),
    ]
    assert seen(item, before, before) == []


def test_a_difference_does_not_name_another_regions_draft():
    secret = ResourceFactory(title="Their secret", owner=RegionFactory(slug="midlands"))
    event = EventFactory()
    before = past.now(event)
    Session.objects.create(event=event, title="Learning").resources.add(secret)
    (change,) = seen(event, before, past.now(event), curator("north-west"))
    assert change.after == "Learning, something of another region"
    (change,) = seen(event, before, past.now(event), curator("midlands"))
    assert change.after == "Learning, Their secret"


def test_the_cost_of_a_state_and_a_difference_does_not_grow_with_what_is_in_it(django_assert_num_queries):
    def event(sessions):
        event = EventFactory()
        for number in range(sessions):
            session = Session.objects.create(event=event, title=f"Session {number}", presenter=OrganisationFactory())
            session.resources.add(ResourceFactory())
        return event

    for item in (event(1), event(4)):
        with django_assert_num_queries(5):
            after = past.now(item)
        with django_assert_num_queries(5):
            assert past.at(item, timezone.now()) == after
        before = {**after, "parts": {**after["parts"], "events.session": []}}
        with django_assert_num_queries(3):
            seen(item, before, after)


# Making it say it again


def test_the_cost_of_putting_a_state_back_does_not_grow_with_what_is_in_it():
    def cost(sessions):
        event = EventFactory()
        for number in range(sessions):
            session = Session.objects.create(event=event, title=f"Session {number}", order=number)
            session.resources.add(ResourceFactory())
        state = past.now(event)
        kept = event.sessions.first()
        event.sessions.exclude(pk=kept.pk).delete()
        kept.resources.clear()
        event.sessions.update(title="Something else")
        with CaptureQueriesContext(connection) as queries:
            past.put(event, state)
        assert past.now(event) == state
        return len(queries)

    assert cost(3) == cost(9) <= 50


def test_two_parts_may_change_places():
    point = StartingPointFactory()
    one, two = (StartingStepFactory(point=point, order=n, title=f"Step {n}") for n in (1, 2))
    before = past.now(point)
    with transaction.atomic():
        StartingStep.objects.filter(pk=one.pk).update(order=3)
        StartingStep.objects.filter(pk=two.pk).update(order=1)
        StartingStep.objects.filter(pk=one.pk).update(order=2)
    past.put(point, before)
    assert past.now(point) == before


def test_what_is_deleted_since_is_left_out():
    event = EventFactory()
    session, draft = Session.objects.create(event=event, title="Learning"), ResourceFactory()
    session.resources.add(draft)
    before = past.now(event)
    draft.delete()
    past.put(event, before)
    assert not session.resources.exists()


def test_what_the_rules_of_today_refuse_is_refused_whole():
    item = ResourceFactory(title="Before")
    claim = ClaimFactory(resource=item)
    state = past.now(item)
    state["fields"]["title"] = "After"
    state["parts"]["resources.claim"][0]["fields"]["as_at"] = ""
    with pytest.raises(ValidationError):
        past.put(item, state)
    item.refresh_from_db()
    claim.refresh_from_db()
    assert (item.title, claim.as_at) == ("Before", "2019")


def test_what_says_it_already_is_not_written():
    item = EventFactory(regions=[RegionFactory()])
    Session.objects.create(event=item, title="Learning").resources.add(ResourceFactory())
    state = past.now(item)
    with transaction.atomic(), connection.execute_wrapper(only_the_item):
        past.put(item, state)


def only_the_item(execute, sql, params, many, context):
    assert not sql.startswith(("INSERT", "DELETE")), sql
    assert not sql.startswith("UPDATE") or '"events_event"' in sql, sql
    return execute(sql, params, many, context)


# By every way


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20).map(tidy_title).filter(bool)


def by_sql(item, text):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE resources_resource SET cost = %s WHERE id = %s", [text, item.pk])


WAYS = {
    "save": lambda item, text, row: Resource.objects.get(pk=item.pk).save(),
    "update": lambda item, text, row: Resource.objects.filter(pk=item.pk).update(summary=text),
    "sql": lambda item, text, row: by_sql(item, text),
    "regions set": lambda item, text, row: item.regions.set(row["regions"]),
    "partners toggled": lambda item, text, row: (
        item.partners.remove(row["partner"])
        if item.partners.contains(row["partner"])
        else item.partners.add(row["partner"])
    ),
    "topics set": lambda item, text, row: item.topics.set(row["topics"]),
    "topics cleared": lambda item, text, row: item.topics.clear(),
    "figure added": lambda item, text, row: ClaimFactory(resource=item, value=text),
    "figure changed": lambda item, text, row: item.claims.filter(pk=row["claim"](item)).update(note=text),
    "figure removed": lambda item, text, row: item.claims.filter(pk=row["claim"](item)).delete(),
    "figures reversed": lambda item, text, row: item.claims.update(order=row["order"]),
    "moment": lambda item, text, row: Resource.objects.filter(pk=item.pk).update(
        public_from_at=timezone.now() + timedelta(days=row["order"])
    ),
}


@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_replaying_the_history_gives_every_state_and_each_can_be_had_again(data):
    regions = [RegionFactory(slug=slug) for slug in ("north-west", "midlands", "south-east")]
    topics, partners = TopicFactory.create_batch(3), OrganisationFactory.create_batch(2)
    item = ResourceFactory()

    def claim(item):
        pks = list(item.claims.values_list("pk", flat=True))
        return data.draw(st.sampled_from(pks)) if pks else None

    steps = [(timezone.now(), past.now(item))]
    for way in data.draw(st.lists(st.sampled_from(sorted(WAYS)), min_size=1, max_size=12), "ways"):
        row = {
            "regions": data.draw(st.lists(st.sampled_from(regions), unique=True)),
            "topics": data.draw(st.lists(st.sampled_from(topics), unique=True)),
            "partner": data.draw(st.sampled_from(partners)),
            "order": data.draw(st.integers(0, 9)),
            "claim": claim,
        }
        WAYS[way](item, data.draw(TEXT), row)
        steps.append((timezone.now(), past.now(item)))
    for moment, state in steps:
        assert past.at(item, moment) == state
    for _, state in data.draw(st.lists(st.sampled_from(steps), min_size=1, max_size=3), "restored"):
        past.put(Resource.objects.get(pk=item.pk), state)
        assert past.now(item) == state


class Life:
    """A resource whose curators do this and that. Each way of changing it takes what chance gives."""

    def __init__(self, folder):
        self.folder = folder
        self.writer, self.other = curator("north-west"), curator("north-west")
        self.national, self.browser = curator("national"), Client()
        self.browser.force_login(self.writer, backend="django.contrib.auth.backends.ModelBackend")
        self.topics = TopicFactory.create_batch(2)
        self.pk = ResourceFactory(slug=f"life-{self.writer.pk}").pk
        self.seen = [(timezone.now(), past.now(self.item))]

    @property
    def item(self):
        return Resource.objects.get(pk=self.pk)

    def live(self, way, text):
        with suppress(NotAllowed):
            getattr(self, way)(self.item, text)
        self.seen.append((timezone.now(), past.now(self.item)))

    def save_the_form(self, item, text):
        address = f"/admin/resources/resource/{self.pk}/change/"
        sent = fields(self.browser.get(address))
        kept, tagged = (int(sent[f"{name}-INITIAL_FORMS"][0]) for name in ("claims", "taggedresource_set"))
        new = {"value": text[:9], "counts": "cases", "as_at": "2020", "source_title": "A report", "order": kept}
        sent |= rows("claims", {**new, "source_url": "https://example.org/"}, before=kept)
        if kept:
            sent |= {"claims-0-note": text} if len(text) % 2 else {"claims-0-DELETE": "on"}
        if tagged:
            sent |= {"taggedresource_set-0-DELETE": "on"}
        else:
            sent |= rows("taggedresource_set", {"tag": self.topics[len(text) % 2].pk})
        answer = self.browser.post(address, {**sent, "cost": text, "regions": [item.owner_id]})
        assert answer.status_code == 302

    def approve(self, item, text):
        copy = copies.of(item)
        if copy and copy.state == "draft":
            actions.submit(copy, by=self.writer)
        if copy:
            copies.approve(copy, by=self.other)

    def discard(self, item, text):
        if copy := copies.of(item):
            copies.discard(copy, by=self.other)

    def bring_up_to_date(self, item, text):
        if copy := copies.of(item):
            copies.bring_up_to_date(copy, by=self.other)

    def publish(self, item, text):
        actions.publish(item, by=self.national, note="Because")

    def withdraw(self, item, text):
        actions.withdraw(item, by=self.writer, reason=text)

    def submit(self, item, text):
        actions.submit(item, by=self.writer)

    def review(self, item, text):
        actions.mark_reviewed(item, by=self.writer)

    def rename(self, item, text):
        actions.rename(item, f"life-{self.pk}-{len(self.seen)}", by=self.writer)

    def update(self, item, text):
        Resource.objects.filter(pk=self.pk).update(summary=text)

    def sql(self, item, text):
        by_sql(item, text)

    def imported(self, item, text):
        row = {
            "slug": item.slug,
            "title": text,
            "kind": "guide",
            "owner": "north-west",
            "topics": [self.topics[0].slug],
        }
        assert not import_content(json_lines(self.folder, row), by=TESTER).problems

    def restored(self, item, text):
        copies.restore(item, at=self.seen[len(text) % len(self.seen)][0], by=self.writer)


HISTORIES = [model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")]
DEEDS = [name for name in vars(Life) if not name.startswith("_") and name not in {"item", "live"}]


@given(deeds=st.lists(st.tuples(st.sampled_from(DEEDS), TEXT), min_size=2, max_size=9), back=st.integers(0, 9))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_curators_do_the_history_knows_each_state_and_going_back_gives_exactly_it(tmp_path, deeds, back):
    RegionFactory(slug="national")
    life = Life(tmp_path)
    for way, text in deeds:
        life.live(way, text)
    for moment, state in life.seen:
        assert past.at(life.item, moment) == state
    back %= len(life.seen)
    _, state = life.seen[back]
    for way in ("discard", "restored", "approve"):
        life.live(way, "x" * back)
    left = life.item.left_to_verbs if life.item.was_published else ()
    now = past.now(life.item)
    assert {**now, "fields": without(left, now)} == {**state, "fields": without(left, state)}


def without(names, state):
    return {name: value for name, value in state["fields"].items() if name not in names}


def test_each_of_those_deeds_does_something(tmp_path):
    """Chance tries what makes no sense then, which is refused: here each is done when it does."""
    RegionFactory(slug="national")
    life = Life(tmp_path)
    in_order = ["save_the_form", "update", "sql", "imported", "restored", "submit", "publish", "review", "rename"]
    in_order += ["save_the_form", "approve", "save_the_form", "update", "bring_up_to_date", "discard", "restored"]
    assert {*in_order, "withdraw"} == set(DEEDS)
    for number, way in enumerate([*in_order, "withdraw"]):
        events = sum(model.objects.count() for model in HISTORIES)
        getattr(life, way)(life.item, f"Being fair {number}")
        assert sum(model.objects.count() for model in HISTORIES) > events, way
