"""The whole site by keyboard alone: everything reachable, in sight and in order, and always clear where one is."""

import pytest
from playwright.sync_api import expect

from tests.browser import pages

HERE = """() => {
    const here = document.activeElement;
    const box = here.getBoundingClientRect();
    const shows = (part, pseudo) => {
        const style = getComputedStyle(part, pseudo);
        return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
    };
    const label = here.labels?.[0];  // where NHS.UK draws the focus of a checkbox
    const middle = (from, to, most) => (Math.max(from, 0) + Math.min(to, most)) / 2;
    const on = document.elementFromPoint(
        middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight));
    return {
        name: `${here.tagName} ${here.id || here.textContent.trim().slice(0, 40)}`,
        isClear: shows(here) || Boolean(label && shows(label, "::before")),
        isInSight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        isCovered: !(here.contains(on) || on?.contains(here) || label?.contains(on)),
    };
}"""
STOPS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter(part => part.checkVisibility({visibilityProperty: true}) && !part.disabled && part.tabIndex >= 0)
    .filter(part => part.type !== "radio" || part.checked || !document.querySelector(`[name=${part.name}]:checked`))
    .length"""


def walk(page, limit=400):
    """Press Tab from the top to the end of the page; where one comes by."""
    page.evaluate("document.activeElement.blur()")
    stops = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            return stops
        stops.append(page.evaluate(HERE))
    raise AssertionError("There is no end to the page")


def lost(stops):
    """Where one would not know where one is."""
    return [stop for stop in stops if not stop["isClear"] or not stop["isInSight"] or stop["isCovered"]]


@pytest.mark.parametrize(
    "name", ["home", "library", "resource with everything", "principle set agreed by both", "search"]
)
def test_tab_comes_by_everything_and_shows_where_one_is(portal, page, name):
    page.goto(pages.READERS[name])
    stops = walk(page)
    assert len(stops) == page.evaluate(STOPS)
    assert lost(stops) == []


@pytest.mark.parametrize("name", ["your work", "resources", "draft resource", "withdraw"])
def test_tab_comes_by_everything_in_the_admin(portal, curators_page, name):
    curators_page.goto(pages.address(pages.ADMIN[name]))
    stops = walk(curators_page)
    assert len(stops) > 10
    assert lost(stops) == []


def test_the_skip_link_is_first_and_leads_to_the_content(portal, page):
    page.goto("/resources/being-fair/")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to main content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("width", [1280, 375])
def test_the_library_is_narrowed_by_keyboard(portal, opened, width):
    page = opened(viewport={"width": width, "height": 900})
    page.goto("/resources/")
    reach(page, "Next page")
    page.keyboard.press("Enter")
    page.wait_for_url("**page=2**")
    if width == 375:
        reach(page, "Filter and sort")
        page.keyboard.press("Enter")
    reach(page, "kind")
    page.keyboard.press("Space")
    reach(page, "Region")
    page.keyboard.press("Enter")
    reach(page, "region")
    page.keyboard.press("Space")
    reach(page, "Apply filters")
    page.keyboard.press("Enter")
    page.wait_for_url("**kind=**")
    assert "region=" in page.url
    assert "page=" not in page.url


def reach(page, name):
    """Press Tab until one is there, from where one is."""
    for _ in range(200):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "[document.activeElement.id, document.activeElement.textContent.trim().replace(/\\s+/g, ' ')]"
        )
        if name in here:
            return
    raise AssertionError(f"Tab never comes by {name}")


def test_the_menu_opens_and_closes_by_keyboard(portal, opened):
    page = opened(viewport={"width": 375, "height": 900})
    page.goto("/")
    menu = page.get_by_role("button", name="More")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Menu").get_by_role("link", name="Events")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_have_attribute("aria-expanded", "false")
