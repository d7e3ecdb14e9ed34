"""What people come to do, from its first click to its last."""

import re
import time
from base64 import b32decode

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import expect

from resources.models import Resource
from tests.browser import content, pages
from tests.factories import PASSWORD


def test_a_curator_adds_previews_publishes_and_withdraws_a_resource(own_portal, opened):
    # Given a curator of the North West who has signed in
    page, reader = opened(), opened()
    page.goto("/admin/")
    sign_in(page, PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your work")
    # When they add a resource with two topics
    page.get_by_role("link", name="Add to resources").click()
    page.get_by_label("Title").fill("Talking after an incident")
    page.get_by_label("Kind").select_option(label="Guide")
    page.get_by_label("Summary").fill("What to say first.")
    for number, topic in enumerate(["Just culture", "Restorative practice"]):
        page.get_by_role("button", name="Add another Topic").click()
        choose(page, page.get_by_role("combobox", name="Topic").nth(number), topic)
    page.get_by_role("button", name="Save and continue editing").click()
    # Then it is a draft that nobody can read yet
    expect(page.locator(".standing")).to_contain_text("Draft")
    address = "/resources/talking-after-an-incident/"
    assert reader.goto(address).status == 404
    # And they see it on the real page
    page.get_by_role("link", name="Preview", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Talking after an incident")
    expect(page.get_by_role("region", name="Draft preview")).to_be_visible()
    assert {"Just culture", "Restorative practice"} <= set(page.locator("main dl a").all_text_contents())
    page.go_back()
    # When they send it for review, and someone else publishes it
    page.get_by_role("link", name="Send for review", exact=True).click()
    page.get_by_role("button", name="Send for review").click()
    expect(page.locator(".messagelist")).to_contain_text("send for review is done")
    colleague = opened()
    colleague.goto(page.url)
    sign_in(colleague, PASSWORD, content.NATIONAL)
    colleague.get_by_role("link", name="Publish", exact=True).click()
    colleague.get_by_role("button", name="Publish").click()
    expect(colleague.locator(".messagelist")).to_contain_text("publish is done")
    page.reload()
    # Then readers have it at their next request
    assert reader.goto(address).status == 200
    reader.goto("/search/?q=talking+after+an+incident")
    expect(reader.get_by_role("link", name="Talking after an incident")).to_be_visible()
    # When they withdraw it, for a reason
    page.get_by_role("link", name="Withdraw").click()
    page.get_by_label("Reason").fill("A newer guide is on its way.")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator(".standing")).to_contain_text("Withdrawn")
    # Then its address says so at once, and why
    assert reader.goto(address).status == 410
    expect(reader.get_by_text("A newer guide is on its way.")).to_be_visible()


def test_what_is_published_is_changed_on_a_working_copy_that_someone_else_approves(own_portal, opened):
    # Given a published resource, and its curator at its form
    page, reader, colleague = opened(), opened(), opened()
    item = Resource.objects.get(slug="held")
    page.goto(f"/admin/resources/resource/{item.pk}/change/")
    sign_in(page, PASSWORD)
    expect(page.locator(".standing")).to_contain_text("What you save goes into a working copy")
    # When they change it and add a topic
    page.get_by_label("Title").fill("Kept by its new owner")
    page.get_by_role("button", name="Add another Topic").click()
    choose(page, page.get_by_role("combobox", name="Topic").first, "Just culture")
    page.get_by_role("button", name="Save", exact=True).click()
    # Then readers still see what they saw, and the preview shows what is to come
    expect(page.locator(".standing")).to_contain_text("Readers still see the published version")
    reader.goto("/resources/held/")
    expect(reader.get_by_role("heading", level=1)).to_contain_text("Kept by its owner")
    page.get_by_role("link", name="Preview", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Kept by its new owner")
    expect(page.locator("main dl")).to_contain_text("Just culture")
    page.go_back()
    # When it is sent for review, the other finds it on their first page, with its difference
    page.get_by_role("link", name="Send for review", exact=True).click()
    page.get_by_role("button", name="Send for review").click()
    colleague.goto("/admin/")
    sign_in(colleague, PASSWORD, content.NATIONAL)
    colleague.get_by_role("link", name="Kept by its new owner").click()
    difference = colleague.get_by_role("table", name="What it changes")
    expect(difference.get_by_role("row", name="Title")).to_contain_text("Kept by its new owner")
    expect(difference.locator("ins")).to_have_text("new ")
    expect(difference.get_by_role("row", name="Topic")).to_contain_text("Just culture")
    # And approves it
    colleague.get_by_role("link", name="Approve and publish").click()
    colleague.get_by_role("button", name="Approve and publish").click()
    expect(colleague.locator(".messagelist")).to_contain_text("Readers now see the new version")
    # Then readers have it at their next request, and the history says who wrote and who approved
    reader.reload()
    expect(reader.get_by_role("heading", level=1)).to_contain_text("Kept by its new owner")
    colleague.get_by_role("link", name="History").click()
    act = colleague.locator(".history-entry").first
    expect(act).to_contain_text("approved and published changes")
    expect(act).to_contain_text("Written by Nora West")
    # When it is compared with what it was, and that is restored
    colleague.get_by_role("link", name="Compare with now").first.click()
    colleague.get_by_role("link", name="Restore this version").click()
    colleague.get_by_role("button", name="Restore this version").click()
    # Then it waits in a working copy
    expect(colleague.get_by_role("heading", level=1)).to_contain_text("Working copy of")
    expect(colleague.get_by_role("row", name="Title")).to_contain_text("Kept by its owner")


def test_the_second_to_save_is_shown_what_changed_and_loses_nothing(own_portal, opened):
    # Given two curators at the form of one published resource
    page, colleague = opened(), opened()
    item = Resource.objects.get(slug="held")
    for one, email in [(page, content.CURATOR), (colleague, content.NATIONAL)]:
        one.goto(f"/admin/resources/resource/{item.pk}/change/")
        sign_in(one, PASSWORD, email)
    # When one saves, and then the other
    colleague.get_by_label("Title").fill("Theirs")
    colleague.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Cost").fill("Free")
    page.get_by_role("button", name="Save", exact=True).click()
    # Then the second is shown what changed, and still has what they typed
    expect(page.locator(".errornote")).to_be_focused()
    expect(page.locator("#content")).to_contain_text("Nat Ional changed Title: “Kept by its owner” became “Theirs”")
    expect(page.get_by_label("Cost")).to_have_value("Free")
    # When they take the other's change in and save again
    page.get_by_label("Title").fill("Theirs")
    page.get_by_role("button", name="Save", exact=True).click()
    # Then the working copy has both, and readers see neither
    page.get_by_role("link", name="What it changes").click()
    expect(page.get_by_role("row", name="Title")).to_contain_text("Theirs")
    expect(page.get_by_role("row", name="Cost")).to_contain_text("Free")
    item.refresh_from_db()
    assert (item.title, item.cost) == ("Kept by its owner", "")


def test_a_link_to_a_draft_ends_when_the_draft_is_published(own_portal, opened):
    # Given a curator who shares a preview with somebody without an account
    page, guest = opened(), opened()
    page.goto("/admin/")
    sign_in(page, PASSWORD)
    page.goto(pages.resource("our-review")())
    page.get_by_role("link", name="Share a preview").click()
    page.get_by_label("For whom").fill("the policy group")
    page.get_by_role("button", name="Share a preview").click()
    link = re.search(r"/link/[\w-]+/", page.locator(".messagelist").text_content())[0]
    # When they open it, they see the draft and a word about what it is
    assert guest.goto(link).status == 200
    expect(guest.get_by_role("heading", level=1)).to_contain_text("Ours, in review")
    expect(guest.get_by_role("region", name="Draft preview")).to_be_visible()
    # But once it is published, the link shows nothing, and the page is where everybody finds it
    page.get_by_role("link", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish").click()
    assert guest.goto(link).status == 404
    expect(guest.get_by_role("heading", level=1)).to_have_text("This link does not work")
    assert guest.goto("/resources/our-review/").status == 200


def test_from_an_empty_form_to_a_published_page_by_two_people_who_use_the_keyboard_alone(own_portal, opened):
    # Given a curator who writes
    page, reader = opened(), opened()
    page.goto("/admin/resources/resource/add/")
    expect(page.get_by_label("Email")).to_be_focused()
    by_keyboard(page, content.CURATOR, PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Add resource")
    type_into(page, "Title", "Talking after an incident")
    type_into(page, "Kind", "Guide")
    type_into(page, "Summary", "What to say first, and what can wait.")
    press(page, "button", "Save and continue editing")
    expect(page.locator(".standing")).to_contain_text("Draft")
    press(page, "link", "Send for review")
    press(page, "button", "Send for review")
    expect(page.locator(".standing")).to_contain_text("In review")
    form = page.url
    # When a second one approves it
    second = opened()
    second.goto(form)
    expect(second.get_by_label("Email")).to_be_focused()
    by_keyboard(second, content.NATIONAL, PASSWORD)
    press(second, "link", "Publish")
    press(second, "button", "Publish")
    expect(second.locator(".standing")).to_contain_text("Published")
    # Then readers have it
    assert reader.goto("/resources/talking-after-an-incident/").status == 200


def type_into(page, label, words):
    """Go on with Tab to the field of this name, and type."""
    go_on_to(page, page.get_by_label(label, exact=False).first)
    page.keyboard.type(words)


def press(page, role, name):
    """Go on with Tab to the button or link of this name, and press Enter."""
    go_on_to(page, page.get_by_role(role, name=name, exact=True).first)
    page.keyboard.press("Enter")
    page.wait_for_load_state()


def go_on_to(page, target):
    expect(target).to_be_visible()
    for _ in range(200):
        if target.evaluate("(one) => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not come by it")


def sign_in(page, password, email=content.CURATOR):
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def choose(page, autocomplete, words):
    autocomplete.click()
    page.locator(".select2-dropdown .select2-search__field").fill(words)
    page.locator(".select2-results__option--highlighted", has_text=words).click()


@pytest.mark.parametrize("path", ["/preview/resources.resource/{}/", "/admin/resources/resource/{}/change/"])
def test_a_draft_of_another_region_cannot_be_opened_by_typing_its_address(portal, curators_page, path):
    ours, theirs = (Resource.objects.get(slug=slug) for slug in ("our-draft", "their-draft"))
    assert curators_page.goto(path.format(ours.pk)).status == 200
    assert "Our draft" in curators_page.content()
    curators_page.goto(path.format(theirs.pk))
    assert "Their draft" not in curators_page.content()


def test_a_wrong_password_is_told_where_one_is(portal, opened):
    page = opened()
    page.goto("/admin/login/")
    sign_in(page, "not the password")
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.locator(".errornote")).to_be_focused()
    page.get_by_role("button", name="Sign in").focus()
    page.get_by_label("Password").fill("")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="This field is required").click()
    expect(page.get_by_label("Password")).to_be_focused()


def test_what_is_wrong_with_a_form_is_summed_up_and_linked(portal, curators_page):
    page = curators_page
    page.goto("/admin/resources/resource/add/")
    page.get_by_label("First published").fill("some day")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.locator(".errornote")).to_be_focused()
    links = page.locator(".errornote a")
    assert links.count() >= 3
    links.first.click()
    expect(page.get_by_label("Title")).to_be_focused()
    assert page.get_by_label("Title").get_attribute("aria-invalid") == "true"


def test_each_thing_that_is_wrong_with_a_new_password_has_a_link_of_its_own(portal, curators_page):
    page = curators_page
    page.goto("/admin/password_change/")
    page.locator("#id_old_password").fill("not the password")
    page.locator("#id_new_password1").fill("password")
    page.locator("#id_new_password2").fill("password")
    page.locator("#id_new_password2").press("Enter")
    page.get_by_role("link", name="This password is too common.", exact=True).click()
    expect(page.locator("#id_new_password1")).to_be_focused()


def test_a_reader_narrows_the_library_without_scripts(portal, opened):
    page = opened(java_script_enabled=False, viewport={"width": 375, "height": 800})
    page.goto("/")
    page.get_by_role("link", name="Browse all resources").click()
    total = found(page)
    page.get_by_text("Filter and sort").click()
    page.get_by_label(re.compile("^Guide")).check()
    page.get_by_role("button", name="Apply filters").click()
    narrowed = found(page)
    assert 0 < narrowed < total
    page.get_by_role("link", name=re.compile("Remove.*Guide")).click()
    assert found(page) == total
    page.get_by_role("link", name="Next").click()
    assert "page=2" in page.url
    page.get_by_role("link", name="Start here").click()
    page.get_by_role("link", name="I am under investigation").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("under investigation")


def found(page):
    """How many the library says it found."""
    return int(re.search(r"\d+", page.locator("#results").inner_text()).group())


def test_a_reader_searches_without_scripts(portal, opened):
    page = opened(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Search resources, principles and events").fill("Mersey Care")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mersey Care")
    page.locator("main").get_by_role("link", name="When it's okay to tell the boss bad news").click()
    expect(page.get_by_role("heading", level=2, name="What was measured")).to_be_visible()


def test_a_curator_sets_up_a_second_factor_and_signs_in_with_it(own_portal, opened, settings):
    """By keyboard alone, without scripts."""
    settings.SECOND_FACTOR = True
    # Given a curator who gives their password for the first time
    page = opened(java_script_enabled=False)
    page.goto("/admin/")
    expect(page.get_by_label("Email")).to_be_focused()
    by_keyboard(page, content.CURATOR, PASSWORD)
    # When their app has read the key, and they enter what it shows
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up your second factor")
    letters = page.locator(".key").text_content().replace(" ", "")
    key = b32decode(letters + "=" * (-len(letters) % 8))
    page.get_by_label("Code", exact=True).focus()
    by_keyboard(page, shown_by_app(key))
    # Then they get recovery codes, and are in
    expect(page.get_by_role("heading", level=1)).to_have_text("Keep your recovery codes")
    spare = page.locator(".codes code").first.text_content()
    page.get_by_role("link", name="I have kept them: continue").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your work")
    # When they come back on a day without their phone, with their password and a recovery code
    another = opened(java_script_enabled=False)
    another.goto("/admin/resources/resource/")
    expect(another.get_by_label("Email")).to_be_focused()
    by_keyboard(another, content.CURATOR, PASSWORD)
    expect(another.get_by_role("heading", level=1)).to_have_text("Enter your code")
    another.get_by_label("Code", exact=True).focus()
    by_keyboard(another, spare)
    # Then they are where they wanted to go
    expect(another).to_have_url(re.compile("/admin/resources/resource/$"))
    # But nobody gets in by it again
    thief = opened(java_script_enabled=False)
    thief.goto("/admin/")
    expect(thief.get_by_label("Email")).to_be_focused()
    by_keyboard(thief, content.CURATOR, PASSWORD)
    expect(thief.get_by_role("heading", level=1)).to_have_text("Enter your code")
    thief.get_by_label("Code", exact=True).focus()
    by_keyboard(thief, spare)
    expect(thief.get_by_text("That is not the code.").first).to_be_visible()
    assert "/admin/second-factor/?next=" in thief.goto("/admin/resources/resource/").url


def by_keyboard(page, *values):
    """Type into the field that has the focus and those after it, then send the form."""
    for number, value in enumerate(values):
        if number:
            page.keyboard.press("Tab")
        page.keyboard.type(value)
    page.keyboard.press("Enter")


def shown_by_app(key):
    totp = TOTP(key)
    totp.time = time.time()
    return f"{totp.token():06}"
