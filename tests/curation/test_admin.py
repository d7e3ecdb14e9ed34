"""What curators do in the admin, as their browser sends it: the pages' own forms are read, filled in and saved."""

from datetime import date

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from curation import actions, history
from curation.accounts import password_link
from curation.models import Membership, Redirect, Region, RegionContact, WorkingCopy
from events.models import Event
from principles.models import LineageLink, PrincipleSet, SetVersion
from resources.models import Claim, Organisation, Resource
from tests.factories import (
    PASSWORD,
    TESTER,
    ClaimFactory,
    EventFactory,
    OrganisationFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    TopicFactory,
    curator,
    version_of,
)
from tests.forms import fields, fill_in, rows

pytestmark = pytest.mark.django_db

ADD = "/admin/resources/resource/add/"
NEW = {"title": "Being fair", "slug": "being-fair", "kind": "guide", "summary": "How to be fair."}


def signed_in(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def pat():
    return curator("north-west", name="Pat Publisher")


@pytest.fixture
def browser(pat):
    return signed_in(pat)


@pytest.fixture
def national():
    return signed_in(curator("national", name="Nat National"))


def form_of(item):
    return reverse(f"admin:{item._meta.app_label}_{item._meta.model_name}_change", args=[item.pk])


def verb(item, name):
    return reverse(f"admin:{item._meta.app_label}_{item._meta.model_name}_{name}", args=[item.pk])


def told(item):
    return history.of(item, seen_by=TESTER)


def acts(item):
    return [(act.who, act.verb) for act in told(item)]


# Adding and editing


def test_a_curator_adds_a_resource_with_topics_and_a_figure(browser):
    first, second = TopicFactory(name="Suspension"), TopicFactory(name="Learning")
    figure = {"value": "59% fewer", "counts": "investigations", "as_at": "June 2019", "source_title": "A report"}
    saved = fill_in(
        browser,
        ADD,
        **NEW,
        **rows("taggedresource_set", {"tag": first.pk}, {"tag": second.pk}),
        **rows("claims", {**figure, "source_url": "https://example.org/report", "order": 0}),
        audiences=["hr", "managers"],
        published_on="15 June 2021",
        regions=[Region.objects.get(slug="north-west").pk],
    )
    assert saved.status_code == 302
    item = Resource.objects.get()
    assert (item.title, item.state, item.owner.slug, item.version) == ("Being fair", "draft", "north-west", 1)
    assert (item.audiences, item.published_on) == (["hr", "managers"], "2021-06-15")
    assert set(item.topics.all()) == {first, second}
    assert [(claim.value, claim.as_at) for claim in item.claims.all()] == [("59% fewer", "2019-06")]
    (act,) = told(item)
    assert (act.who, act.verb, act.source) == ("Pat Publisher", "created", "admin")
    assert {("Title", "", "Being fair"), ("Topic", "", "Learning"), ("Value", "", "59% fewer")} <= set(act.changes)


def test_an_unknown_topic_is_refused_and_never_made(browser):
    page = fill_in(browser, ADD, **NEW, **rows("taggedresource_set", {"tag": 987654321}))
    assert page.status_code == 200
    assert not Resource.objects.exists()


def test_a_figure_without_a_date_or_a_source_is_refused_in_words(browser):
    page = fill_in(
        browser,
        ADD,
        **NEW,
        **rows("claims", {"value": "59%", "counts": "cases", "source_title": "A report", "order": 0}),
    )
    assert page.status_code == 200
    assert not Claim.objects.exists()


def test_the_next_edit_tells_who_changed_what_field_by_field_links_included(browser):
    midlands, topic = RegionFactory(slug="midlands"), TopicFactory(name="Suspension")
    partner = OrganisationFactory(name="A union")
    item = ResourceFactory(title="Before", regions=[RegionFactory(slug="north-west")], topics=[topic])
    saved = fill_in(browser, form_of(item), title="After", cost="Free", regions=[midlands.pk], partners=[partner.pk])
    assert saved.status_code == 302
    item.refresh_from_db()
    assert (item.title, item.version) == ("After", 2)
    assert list(item.topics.all()) == [topic]
    act = told(item)[0]
    assert (act.who, act.verb) == ("Pat Publisher", "edited")
    assert {
        ("Title", "Before", "After"),
        ("Cost", "", "Free"),
        ("Region", "", "Midlands"),
        ("Organisation", "", "A union"),
    } <= set(act.changes)
    assert any("North West" in change.before for change in act.changes)


def test_saving_without_a_change_writes_no_history(browser):
    item = ResourceFactory(state="draft", topics=[TopicFactory()], public_until_at="2030-01-01T00:00Z")
    ClaimFactory(resource=item)
    before = acts(item)
    assert fill_in(browser, form_of(item)).status_code == 302
    newer = told(item)[: len(acts(item)) - len(before)]
    assert [change for act in newer for change in act.changes] == []


@pytest.mark.parametrize("factory", [ResourceFactory, SetFactory, EventFactory])
def test_what_is_saved_in_the_form_of_something_public_is_on_the_site_once_it_is_approved(browser, national, factory):
    item = factory(state="published")
    assert fill_in(browser, form_of(item), title="Wombats at work").status_code == 302
    assert "Wombats at work" not in browser.get(item.get_absolute_url()).content.decode()
    copy = WorkingCopy.objects.get()
    browser.post(verb(copy, "submit"), {})
    assert national.post(verb(copy, "approve"), {}).status_code == 302
    assert "Wombats at work" in browser.get(item.get_absolute_url()).content.decode()
    assert [hit.title for hit in Client().get("/search/?q=wombats").context_data["hits"]] == ["Wombats at work"]


def test_the_history_page_tells_it_in_words(browser):
    item = ResourceFactory(title="Before")
    fill_in(browser, form_of(item), title="After", audiences=["hr"])
    page = browser.get(form_of(item).replace("change", "history")).content.decode()
    for words in ["edited", "Pat Publisher", "Before", "After", "HR and people teams"]:
        assert words in page


def test_marks_that_turn_text_around_are_not_kept_in_a_title(browser):
    saved = fill_in(browser, ADD, **{**NEW, "title": "Being \u202efair\u2066\u200b"})
    assert (saved.status_code, Resource.objects.get().title) == (302, "Being fair")


def test_an_address_that_is_no_web_address_is_refused(browser):
    for url in ["javascript:alert(1)", "data:text/html,x", "ftp://example.org/", "http://", "example"]:
        assert fill_in(browser, ADD, **NEW, url=url).status_code == 200
    assert not Resource.objects.exists()


# Two people at once


def test_a_save_over_someone_elses_is_refused_with_the_difference_and_nothing_is_lost(browser):
    item = ResourceFactory(title="Before", cost="")
    first = fields(browser.get(form_of(item)))
    other = signed_in(curator("north-west", name="Olu Other"))
    fill_in(other, form_of(item), title="Theirs")
    page = browser.post(form_of(item), {**first, "cost": "Free"})
    html = page.content.decode()
    assert page.status_code == 200
    assert "Someone else saved this while you were editing it" in html
    assert "Olu Other changed Title: “Before” became “Theirs”" in html.replace("&#x27;", "'")
    assert fields(page)["cost"] == ["Free"]
    item.refresh_from_db()
    assert (item.title, item.cost) == ("Theirs", "")
    again = browser.post(form_of(item), {**fields(page), "title": "Both"})
    item.refresh_from_db()
    assert (again.status_code, item.title, item.cost) == (302, "Both", "Free")


def test_parts_that_someone_else_changed_are_not_lost_either(browser):
    item = ResourceFactory()
    first = fields(browser.get(form_of(item)))
    other = signed_in(curator("north-west", name="Olu Other"))
    topic = TopicFactory(name="Suspension")
    fill_in(other, form_of(item), **rows("taggedresource_set", {"tag": topic.pk}), regions=[RegionFactory().pk])
    page = browser.post(form_of(item), {**first, "cost": "Free"})
    assert page.status_code == 200
    assert "Olu Other" in page.content.decode()
    assert (list(item.topics.all()), item.regions.count()) == ([topic], 1)


def test_an_edit_begun_before_a_verb_is_refused_after_it(browser):
    item = ResourceFactory(title="Before")
    begun = fields(browser.get(form_of(item)))
    actions.publish(item, by=TESTER)
    assert browser.post(form_of(item), {**begun, "title": "After"}).status_code == 200
    item.refresh_from_db()
    assert (item.title, item.state) == ("Before", "published")


def test_a_form_without_its_version_is_refused(browser):
    item = ResourceFactory(title="Before")
    sent = fields(browser.get(form_of(item)))
    del sent["seen_version"]
    assert browser.post(form_of(item), {**sent, "title": "After"}).status_code == 200
    item.refresh_from_db()
    assert item.title == "Before"


# Verbs


def test_a_double_click_publishes_once(browser):
    item = ResourceFactory(state="in_review")
    answers = [browser.post(verb(item, "publish"), {"note": "Checked"}).status_code for _ in range(2)]
    item.refresh_from_db()
    assert (answers, item.state, item.version) == ([302, 302], "published", 3)
    assert [act for act in acts(item) if act[0] == "Pat Publisher"] == [("Pat Publisher", "approved and published")]


@pytest.mark.parametrize(
    "name", ["submit", "take-back", "ask-for-changes", "publish", "supersede", "withdraw", "review", "rename"]
)
def test_asking_is_not_doing(browser, name):
    item = ResourceFactory(state="published")
    before = acts(item)
    assert browser.get(verb(item, name)).status_code == 200
    assert acts(item) == before


def test_withdrawing_needs_a_reason_and_readers_are_told_it(browser):
    item = ResourceFactory(state="published")
    assert browser.post(verb(item, "withdraw"), {"reason": "  "}).status_code == 200
    assert Client().get(item.get_absolute_url()).status_code == 200
    browser.post(verb(item, "withdraw"), {"reason": "The figures were wrong.", "onward_url": "https://example.org/"})
    page = Client().get(item.get_absolute_url())
    assert page.status_code == 410
    assert "The figures were wrong." in page.content.decode()
    assert 'href="https://example.org/"' in page.content.decode()


def test_superseding_names_one_successor(browser):
    old, new = ResourceFactory(state="published"), ResourceFactory(state="published", title="The newer one")
    assert browser.post(verb(old, "supersede"), {}).status_code == 200
    both = {"successor": new.pk, "url": "https://example.org/"}
    assert browser.post(verb(old, "supersede"), both).status_code == 200
    assert browser.post(verb(old, "supersede"), {"successor": ResourceFactory().pk}).status_code == 200
    old.refresh_from_db()
    assert old.state == "published"
    assert browser.post(verb(old, "supersede"), {"successor": new.pk}).status_code == 302
    page = Client().get(old.get_absolute_url()).content.decode()
    assert f'href="{new.get_absolute_url()}"' in page
    assert "The newer one" in page


def test_a_new_address_keeps_the_old_one_alive(browser):
    item = ResourceFactory(state="published", slug="before")
    assert browser.post(verb(item, "rename"), {"slug": "after"}).status_code == 302
    moved = Client().get("/resources/before/")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/resources/after/")
    taken = fill_in(browser, ADD, **{**NEW, "slug": "before"})
    assert taken.status_code == 200
    assert "This was the address of something else once" in taken.content.decode()


@pytest.mark.parametrize(
    "slug", ["compare", "lineage", "past", "month", "calendar", "versions", "Not A Slug", "a--b", ""]
)
def test_an_address_that_cannot_be_is_refused(browser, slug):
    item = ResourceFactory(state="published", slug="before")
    assert browser.post(verb(item, "rename"), {"slug": slug}).status_code == 200
    assert fill_in(browser, ADD, **{**NEW, "slug": slug}).status_code == 200
    assert (Resource.objects.count(), Redirect.objects.count()) == (1, 0)


def test_a_draft_can_be_deleted(browser):
    item = ResourceFactory(topics=[TopicFactory()], regions=[RegionFactory()])
    ClaimFactory(resource=item)
    answer = browser.post(verb(item, "delete-draft"), {"note": "Not needed"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/resources/resource/")
    assert not Resource.objects.exists()


@pytest.mark.parametrize("state", ["published", "superseded", "withdrawn"])
def test_what_was_ever_published_cannot_be_deleted_by_any_way(browser, national, state):
    item = ResourceFactory(state=state)
    for client in (browser, national):
        answers = [
            client.post(verb(item, "delete-draft"), {}),
            client.post(form_of(item).replace("change", "delete"), {"post": "yes"}),
            client.post(
                "/admin/resources/resource/", {"action": "delete_selected", "_selected_action": item.pk, "post": "yes"}
            ),
        ]
        assert Resource.objects.filter(pk=item.pk).exists()
        assert answers[1].status_code == 403


def test_buttons_are_what_may_be_done_now(browser):
    def offered(client, item):
        return [label for label, _ in client.get(form_of(item)).context_data["verbs"]]

    editor = signed_in(curator("north-west", role="editor"))
    draft, published = ResourceFactory(), ResourceFactory(state="published")
    assert offered(browser, draft) == ["Send for review", "Publish", "Share a preview", "Delete the draft"]
    assert offered(editor, draft) == ["Send for review", "Share a preview", "Delete the draft"]
    assert offered(browser, published) == ["Supersede", "Withdraw", "Mark as reviewed", "Change the address"]
    assert offered(editor, published) == []


# Rights


@pytest.mark.parametrize("owner", ["yorkshire-and-humber", "national"])
def test_adding_in_another_region_is_refused(browser, owner):
    page = fill_in(browser, ADD, **NEW, owner=RegionFactory(slug=owner).pk)
    assert page.status_code == 200
    assert not Resource.objects.exists()


def test_only_a_national_curator_moves_ownership(browser, national):
    yorkshire, item = RegionFactory(slug="yorkshire-and-humber"), ResourceFactory()
    assert "owner" not in fields(browser.get(form_of(item)))
    fill_in(browser, form_of(item), owner=yorkshire.pk)
    item.refresh_from_db()
    assert item.owner.slug == "north-west"
    fill_in(national, form_of(item), owner=yorkshire.pk)
    item.refresh_from_db()
    assert item.owner == yorkshire
    assert browser.get(form_of(item)).status_code == 302


@pytest.mark.parametrize("factory", [ResourceFactory, SetFactory, EventFactory])
def test_fields_that_no_form_has_are_ignored(browser, factory):
    item, other = factory(), factory(state="published")
    kept = {
        "state": "draft",
        "published_at": None,
        "is_sample": False,
        "superseded_by_id": None,
        "superseded_by_url": "",
        "superseded_by_title": "",
        "withdrawn_at": None,
        "withdrawn_reason": "",
        "onward_url": "",
        "submitted_by_id": None,
        "reviewed_on": None,
        "owner_id": item.owner_id,
    }
    saved = fill_in(
        browser,
        form_of(item),
        state="published",
        published_at="2020-01-01",
        is_sample="on",
        superseded_by=other.pk,
        superseded_by_url="https://example.org/",
        superseded_by_title="Mine",
        withdrawn_at="2020-01-01",
        withdrawn_reason="Mine",
        onward_url="https://example.org/",
        submitted_by=1,
        reviewed_on="2020-01-01",
        owner=RegionFactory(slug="national").pk,
        version=99,
        id=other.pk,
        pk=other.pk,
    )
    item.refresh_from_db()
    assert (saved.status_code, {name: getattr(item, name) for name in kept}, item.version) == (302, kept, 2)


def test_the_address_of_something_public_changes_by_its_verb_alone(browser):
    item = ResourceFactory(state="published", slug="before")
    fill_in(browser, form_of(item), slug="after")
    item.refresh_from_db()
    assert item.slug == "before"


def test_an_inline_form_cannot_reach_into_another_item(browser):
    theirs = ClaimFactory(resource=ResourceFactory(owner=RegionFactory(slug="yorkshire-and-humber")), value="Theirs")
    mine = ResourceFactory()
    row = {"id": theirs.pk, "resource": mine.pk, "value": "Mine", "counts": "x", "as_at": "2020", "order": 0}
    browser.post(
        form_of(mine),
        {
            **fields(browser.get(form_of(mine))),
            **rows("claims", {**row, "source_title": "x", "source_url": "https://example.org/"}),
            "claims-INITIAL_FORMS": 1,
        },
    )
    theirs.refresh_from_db()
    assert (theirs.value, theirs.resource.owner.slug) == ("Theirs", "yorkshire-and-humber")


@pytest.mark.parametrize("field", ["publisher", "partners"])
def test_what_is_retired_is_not_offered_for_something_new(browser, field):
    retired = OrganisationFactory(is_retired=True)
    assert fill_in(browser, ADD, **NEW, **{field: [retired.pk]}).status_code == 200
    assert not Resource.objects.exists()


def test_what_is_retired_stays_where_it_is_used(browser):
    publisher, topic = OrganisationFactory(), TopicFactory()
    item = ResourceFactory(publisher=publisher, topics=[topic])
    for row in (publisher, topic):
        row.is_retired = True
        row.save()
    assert fill_in(browser, form_of(item), title="After").status_code == 302
    item.refresh_from_db()
    assert (item.title, item.publisher, list(item.topics.all())) == ("After", publisher, [topic])


def test_what_one_may_not_see_stays_in_what_one_saves(browser):
    """A national curator may link a region's event to another region's draft. The region's next save keeps it."""
    event = EventFactory()
    session = event.sessions.create(title="What there is")
    hidden = ResourceFactory(owner=RegionFactory(slug="yorkshire-and-humber"))
    session.resources.add(hidden)
    assert fill_in(browser, form_of(event), title="After").status_code == 302
    assert list(session.resources.all()) == [hidden]


def test_rights_that_are_taken_away_are_gone_at_the_next_request(browser, pat):
    item = ResourceFactory()
    assert browser.get(form_of(item)).status_code == 200
    pat.memberships.all().delete()
    for address in ["/admin/", form_of(item), item.get_preview_url()]:
        assert browser.get(address).status_code == 302
    assert browser.post(verb(item, "publish"), {}).status_code == 302
    item.refresh_from_db()
    assert item.state == "draft"


def test_a_closed_account_is_out_at_the_next_request(browser, pat):
    pat.is_active = False
    pat.save()
    assert browser.get("/admin/").status_code == 302
    again = {"username": pat.email, "password": PASSWORD}
    assert Client().post("/admin/login/", again).status_code == 200


# Reference data


def test_a_regions_curator_proposes_an_organisation_and_a_national_one_accepts_it(browser, national):
    form = {"name": "A new trust", "slug": "a-new-trust", "kind": "nhs"}
    assert (
        fill_in(browser, "/admin/resources/organisation/add/", **form, is_proposed="", is_retired="on").status_code
        == 302
    )
    proposed = Organisation.objects.get()
    assert (proposed.is_proposed, proposed.is_retired) == (True, False)
    assert fill_in(browser, form_of(proposed), name="Mine").status_code == 403
    sent = fields(national.get(form_of(proposed)))
    del sent["is_proposed"]
    assert national.post(form_of(proposed), sent).status_code == 302
    proposed.refresh_from_db()
    assert (proposed.name, proposed.is_proposed) == ("A new trust", False)


def test_whoever_proposed_an_organisation_may_use_it_at_once(browser):
    fill_in(browser, "/admin/resources/organisation/add/", name="A new trust", slug="a-new-trust", kind="nhs")
    proposed = Organisation.objects.get()
    assert fill_in(browser, ADD, **NEW, publisher=proposed.pk).status_code == 302
    assert Resource.objects.get().publisher == proposed


@pytest.mark.parametrize("make", [TopicFactory, RegionFactory])
def test_reference_data_is_changed_by_national_curators_alone(browser, national, make):
    row = make()
    add = form_of(row).rsplit("/", 3)[0] + "/add/"
    assert browser.get(form_of(row)).status_code == 200
    assert browser.post(form_of(row), {}).status_code == 403
    assert browser.get(add).status_code == 403
    assert browser.post(add, {}).status_code == 403
    assert national.get(add).status_code == 200
    assert fill_in(national, form_of(row), order=7).status_code == 302


def test_a_contact_is_a_role_with_a_mailbox(national):
    region = RegionFactory(slug="north-west")
    contact = {"role": "Staff side co-chair", "mailbox": "spf@example.nhs.uk", "order": 0}
    assert fill_in(national, form_of(region), **rows("contacts", contact)).status_code == 302
    assert RegionContact.objects.get().role == "Staff side co-chair"
    assert "Staff side co-chair" in national.get(region.get_absolute_url()).content.decode()


# Accounts


def test_accounts_are_for_administrators_of_accounts_alone(browser, national, pat):
    keeper = signed_in(curator("national", role="accounts"))
    addresses = [
        "/admin/curation/curator/",
        "/admin/curation/curator/add/",
        form_of(pat),
        form_of(pat).replace("change", "history"),
    ]
    for client in (browser, national):
        assert {client.get(address).status_code for address in addresses} <= {403, 404}
        assert client.post(form_of(pat), {"name": "Mine"}).status_code == 403
    assert [keeper.get(address).status_code for address in addresses] == [200] * 4
    assert keeper.post(form_of(pat).replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_an_administrator_makes_an_account_with_a_link_that_works_once():
    keeper = signed_in(curator("national", role="accounts", name="Ada Accounts"))
    region = RegionFactory(slug="midlands")
    made = keeper.post(
        "/admin/curation/curator/add/",
        {
            **fields(keeper.get("/admin/curation/curator/add/")),
            "email": "Sam@Example.nhs.uk",
            "name": "Sam",
            **rows("memberships", {"region": region.pk, "role": "editor"}),
        },
        follow=True,
    )
    sam = get_user_model().objects.get(email="sam@example.nhs.uk")
    assert (sam.has_usable_password(), sam.is_staff) == (False, True)
    assert [(m.region, m.role) for m in sam.memberships.all()] == [(region, Membership.Role.EDITOR)]
    assert {who for who, _ in acts(sam)} == {"Ada Accounts"}
    link = next(part for part in made.content.decode().split() if "/admin/password/" in part).split("<")[0]
    chosen, reader = "three unlikely words", Client()
    page = reader.get(link.removeprefix(settings.SITE_URL), follow=True)
    form = {**fields(page), "new_password1": chosen, "new_password2": chosen}
    assert reader.post(page.request["PATH_INFO"], form).status_code == 302
    signed = Client().post("/admin/login/", {"username": "SAM@example.nhs.uk", "password": chosen, "next": "/admin/"})
    assert (signed.status_code, signed.headers["Location"]) == (302, "/admin/")
    assert "new_password1" not in fields(Client().get(link.removeprefix(settings.SITE_URL), follow=True))


@pytest.mark.parametrize("password", ["short", "123456789012", "curator@example.nhs.uk"])
def test_a_weak_password_is_refused(password):
    person, client = curator("north-west", email="curator@example.nhs.uk"), Client()
    page = client.get(password_link(person).removeprefix(settings.SITE_URL), follow=True)
    answer = client.post(page.request["PATH_INFO"], {"new_password1": password, "new_password2": password})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == ["new_password1"]


def test_what_is_wrong_with_a_changed_password_is_said_where_it_is_typed(pat):
    sent = {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"}
    answer = signed_in(pat).post("/admin/password_change/", sent)
    assert list(answer.context["form"].errors) == ["new_password1"]


def test_a_wrong_password_is_refused_in_words_that_are_true(pat):
    page = Client().post("/admin/login/", {"username": pat.email, "password": "wrong"}).text
    assert "There is no open account with this email address and password." in page
    assert "Lost your password? Ask an administrator of accounts for a new link." in page


def test_ten_wrong_passwords_are_enough(pat):
    client, wrong = Client(), {"username": pat.email, "password": "wrong"}
    answers = [client.post("/admin/login/", wrong).status_code for _ in range(11)]
    assert answers[:9] == [200] * 9
    assert answers[-1] == 429
    right = client.post("/admin/login/", {**wrong, "password": PASSWORD})
    assert (right.status_code, int(right.headers["Retry-After"])) == (429, 900)


def test_someone_unknown_and_a_wrong_password_read_the_same(pat):
    known, unknown = (
        Client().post("/admin/login/", {"username": name, "password": "wrong"}).context_data["form"].errors
        for name in (pat.email, "nobody@example.nhs.uk")
    )
    assert known == unknown


# Principle sets and events


def test_a_new_version_starts_with_the_words_of_the_one_before_and_is_published(browser):
    item = SetFactory(state="published")
    version_of(item, "Be kind", "Be fair")
    for _ in range(2):  # a double click
        started = browser.post(verb(item, "new-version"), {})
    draft = item.versions.get(state="draft")
    assert (started.headers["Location"], [text.title for text in draft.texts.all()]) == (
        form_of(draft),
        ["Be kind", "Be fair"],
    )
    assert fill_in(browser, form_of(draft), texts__0__title="Be kinder").status_code == 302
    assert "Be kinder" not in Client().get(item.get_absolute_url()).content.decode()
    assert browser.post(verb(draft, "submit"), {}).status_code == 302
    assert "You sent it for review" in browser.post(verb(draft, "publish"), {}).content.decode()
    assert signed_in(curator("north-west")).post(verb(draft, "publish"), {}).status_code == 302
    page = Client().get(item.get_absolute_url()).content.decode()
    assert "Be kinder" in page
    assert "Be kind</" in Client().get(f"{item.get_absolute_url()}versions/1/").content.decode()


def test_the_words_of_a_published_version_have_no_inputs_and_take_none(browser):
    version = version_of(SetFactory(state="published"), "Be kind")
    sent = fields(browser.get(form_of(version)))
    assert not [name for name in sent if name.startswith("texts-0-title")]
    browser.post(form_of(version), {**sent, "texts-0-title": "Be strict", "texts-0-id": version.texts.get().pk})
    assert [text.title for text in version.texts.all()] == ["Be kind"]


def test_two_principles_cannot_have_one_address(browser):
    version = version_of(SetFactory(), "Be kind", publish=False)
    row = {"order": 2, "address": "be-kind", "title": "Again", "text": "", "theme": ""}
    page = fill_in(browser, form_of(version), **rows("texts", row, before=1))
    assert page.status_code == 200
    assert "Two principles have the same address: be-kind." in page.content.decode()


def test_an_agreement_says_who_recorded_it(browser, pat):
    version = version_of(SetFactory(state="published"), "Be kind")
    side = {"side": "staff", "role": "Co-chair", "organisation": "A union", "agreed_on": "June 2021"}
    assert fill_in(browser, form_of(version), **rows("agreements", side)).status_code == 302
    agreement = version.agreements.get()
    assert (agreement.recorded_by, agreement.agreed_on) == (pat, "2021-06")


def test_lineage_that_goes_round_in_a_circle_is_refused_in_words(browser):
    first, second = SetFactory(title="First"), SetFactory(title="Second")
    add = "/admin/principles/lineagelink/add/"
    assert fill_in(browser, add, kind="adapted", descendant_set=second.pk, source_set=first.pk).status_code == 302
    page = fill_in(browser, add, kind="adapted", descendant_set=first.pk, source_set=second.pk)
    assert (page.status_code, LineageLink.objects.count()) == (200, 1)
    assert "That would go round in a circle" in page.content.decode()


def test_lineage_is_recorded_for_ones_own_alone(browser):
    theirs = SetFactory(state="published", owner=RegionFactory(slug="yorkshire-and-humber"))
    mine = SetFactory()
    add = "/admin/principles/lineagelink/add/"
    fill_in(browser, add, kind="adapted", descendant_set=theirs.pk, source_set=mine.pk)
    assert not LineageLink.objects.exists()
    assert fill_in(browser, add, kind="adapted", descendant_set=mine.pk, source_set=theirs.pk).status_code == 302
    assert LineageLink.objects.get().source_set == theirs
    assert acts(LineageLink.objects.get()) == [("Pat Publisher", "linked to its source")]


def test_an_event_is_added_with_its_agenda_in_london_time(browser):
    resource = ResourceFactory(state="published")
    saved = fill_in(
        browser,
        "/admin/events/event/add/",
        title="Network meeting",
        slug="network-meeting",
        kind="network_meeting",
        starts_at="2027-07-01T10:00",
        ends_at="2027-07-01T12:00",
        **rows("sessions", {"order": 1, "title": "Welcome", "starts_at": "10:00", "resources": [resource.pk]}),
    )
    assert saved.status_code == 302
    event = Event.objects.get()
    assert event.starts_at.isoformat() == "2027-07-01T09:00:00+00:00"
    assert [list(session.resources.all()) for session in event.sessions.all()] == [[resource]]
    assert event.review_due_on is None


def test_an_event_that_ends_before_it_starts_is_refused_in_words(browser):
    page = fill_in(
        browser,
        "/admin/events/event/add/",
        title="Network meeting",
        slug="network-meeting",
        kind="network_meeting",
        starts_at="2027-07-01T12:00",
        ends_at="2027-07-01T10:00",
    )
    assert page.status_code == 200
    assert "The end must come after the start." in page.content.decode()


def test_reviewing_sets_both_dates(browser):
    item = ResourceFactory(state="published")
    assert browser.post(verb(item, "review"), {"due": "2031-05-01"}).status_code == 302
    item.refresh_from_db()
    assert item.review_due_on == date(2031, 5, 1)
    assert ("Pat Publisher", "reviewed") in acts(item)


def test_a_set_and_its_first_version_are_made_from_nothing(browser):
    add = "/admin/principles/principleset/add/"
    assert fill_in(browser, add, title="Our principles", slug="our-principles").status_code == 302
    item = PrincipleSet.objects.get()
    assert browser.post(verb(item, "new-version"), {}).status_code == 302
    version = SetVersion.objects.get()
    row = {"order": 1, "address": "be-kind", "title": "Be kind", "text": "Always.", "theme": ""}
    assert fill_in(browser, form_of(version), **rows("texts", row)).status_code == 302
    for row in [version, item]:
        browser.post(verb(row, "submit"), {})
        signed_in(curator("north-west")).post(verb(row, "publish"), {})
    assert "Always." in Client().get("/principles/our-principles/").content.decode()
