"""What a form's scripts add for its curators: the order of parts by buttons, and Markdown as readers will see it."""

import pytest
from playwright.sync_api import expect

from tests.browser import content
from tests.browser.conftest import signed_in

FORM = "/admin/events/event/add/"
ROWS = ".inline-related:not(.empty-form)"


@pytest.fixture
def form(portal, curators_page):
    curators_page.goto(FORM)
    return curators_page


def add_sessions(form, *titles):
    for number, title in enumerate(titles):
        form.get_by_role("button", name="Add another Session").click()
        form.locator(f"#id_sessions-{number}-title").fill(title)


def agenda(form):
    """The sessions as they stand, with the number that each will be saved with."""
    rows = form.locator(ROWS).all()
    return [
        (row.locator("[name$='-title']").input_value(), row.locator("[name$='-order']").input_value()) for row in rows
    ]


def test_parts_are_put_in_order_by_keyboard_and_it_is_said(form):
    add_sessions(form, "Tea", "Welcome", "A case")
    last = form.locator(ROWS).last
    last.get_by_role("button", name="Move up").focus()
    form.keyboard.press("Enter")
    expect(form.get_by_role("status").last).to_have_text("Moved: it is now 2 of 3. Save to keep the order.")
    form.keyboard.press("Enter")
    assert agenda(form) == [("A case", "1"), ("Tea", "2"), ("Welcome", "3")]
    # at the top there is no further up: the focus is not lost
    assert form.evaluate("document.activeElement.className") == "move-down"


def test_a_new_part_that_is_taken_out_again_mixes_up_nothing(form):
    add_sessions(form, "Tea", "Welcome", "A case")
    form.locator(ROWS).last.get_by_role("button", name="Move up").click()
    form.locator(ROWS).first.locator(".inline-deletelink").click()
    expect(form.locator(ROWS)).to_have_count(2)
    assert agenda(form) == [("A case", "1"), ("Welcome", "2")]
    names = [row.locator("[name$='-title']").get_attribute("name") for row in form.locator(ROWS).all()]
    assert sorted(names) == ["sessions-0-title", "sessions-1-title"]


def test_markdown_is_shown_as_readers_will_see_it_and_nothing_in_it_runs(form):
    area = form.get_by_role("textbox", name="Description")
    area.fill("## Why\n\nFor **everyone**, [as agreed](https://example.org/).\n\n<img src=x onerror=alert(1)>")
    button = form.get_by_role("button", name="Preview of description")
    button.focus()
    form.keyboard.press("Enter")
    shown = form.get_by_role("region", name="Preview of description")
    expect(shown.get_by_role("heading", name="Why")).to_be_visible()
    expect(shown.locator("strong")).to_have_text("everyone")
    expect(shown).to_contain_text("<img src=x onerror=alert(1)>")
    assert shown.locator("img").count() == 0
    expect(shown.get_by_role("link")).to_have_attribute("target", "_blank")  # what is typed stays open
    assert button.get_attribute("aria-expanded") == "true"
    area.fill("Now *this*.")
    expect(shown).to_have_text("Now this.")
    button.click()
    expect(shown).to_be_hidden()


def test_a_preview_that_cannot_be_made_says_so_and_loses_nothing(form):
    form.context.set_offline(True)
    area = form.get_by_role("textbox", name="Description")
    area.fill("Written without a network.")
    form.get_by_role("button", name="Preview of description").click()
    expect(form.get_by_role("region", name="Preview of description")).to_contain_text("could not be made")
    assert area.input_value() == "Written without a network."


def test_without_scripts_a_link_gives_empty_rows_and_the_order_is_a_number(portal, opened):
    page = opened(cookies=signed_in(content.CURATOR), java_script_enabled=False)
    page.goto(FORM)
    expect(page.get_by_role("textbox", name="Description")).to_be_visible()
    expect(page.get_by_role("button", name="Preview")).to_have_count(0)
    page.get_by_role("link", name="Open this form with empty rows").click()
    assert [order for _, order in agenda(page)] == ["0", "0", "0"]
