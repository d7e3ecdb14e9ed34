"""Searching with a keyboard, with suggestions and without scripts."""

from playwright.sync_api import expect

from tests.browser.checks import resize, violations


def box(page):
    return page.get_by_role("combobox")


def test_a_suggestion_is_chosen_by_keyboard_and_found(portal, page):
    page.goto("/search/")
    box(page).press_sequentially("being fa")
    listbox = page.get_by_role("listbox", name="Suggestions")
    expect(listbox).to_be_visible()
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("status").filter(has_text="use the arrow keys")).to_be_attached()
    page.keyboard.press("ArrowDown")
    first = page.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    assert box(page).get_attribute("aria-activedescendant") == first.get_attribute("id")
    assert violations(page) == []
    title = first.text_content()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=*")
    expect(page.locator(".app-item__title").first).to_contain_text(title)


def test_the_list_goes_round_and_escape_closes_it_and_keeps_what_was_typed(portal, page):
    page.goto("/")
    box(page).press_sequentially("just cul")
    options = page.get_by_role("option")
    expect(options.first).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    assert page.locator("[aria-selected=true]").count() == 0  # none of them, between the last and the first
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_hidden()
    assert box(page).input_value() == "just cul"
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=just+cul")


def test_suggestions_fit_a_narrow_page_and_go_when_the_box_is_left(portal, page):
    resize(page, 320)
    page.goto("/search/")
    box(page).press_sequentially("just culture")
    listbox = page.get_by_role("listbox", name="Suggestions")
    expect(listbox).to_be_visible()
    where = listbox.bounding_box()
    assert where["x"] >= 0
    assert where["x"] + where["width"] <= 320
    page.keyboard.press("Tab")
    expect(listbox).to_be_hidden()


def test_without_scripts_it_is_a_search_box(portal, opened):
    page = opened(java_script_enabled=False)
    page.goto("/search/?q=suspention")
    assert page.get_by_role("combobox").count() == 0
    expect(page.get_by_text("Results for suspension")).to_be_visible()
    page.get_by_role("link", name='Search for "suspention" instead').click()
    expect(page.get_by_role("heading", name="No results")).to_be_visible()
    page.goto("/search/?q=suspension")
    page.get_by_label("Topics").check()
    page.get_by_role("button", name="Apply filters").click()
    assert "kind=topic" in page.url
    expect(page.get_by_role("link", name="Remove Topics")).to_be_visible()
