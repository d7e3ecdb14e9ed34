"""What is asked of a page that is open."""

from pathlib import Path

AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """tags => axe.run({
    runOnly: {type: "tag", values: tags},
    rules: {"target-size": {enabled: true}},
    resultTypes: ["violations"],
    preload: false, // the only styles and media are the portal's own
})"""
# WCAG 1.4.12: line height, and space after paragraphs, between letters and between words
TEXT_SPACING = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* {line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important} p {margin-bottom: 2em !important}`);
    document.adoptedStyleSheets = [sheet];
}"""
LINKS = """() => [...document.querySelectorAll("a[href]")]
    .filter(link => link.checkVisibility())
    .map(link => [(link.getAttribute("aria-label") || link.textContent).trim().replace(/\\s+/g, " "), link.href])"""
WIDER = """() => [...document.querySelectorAll("body *")]
    .filter(part => part.getBoundingClientRect().right > innerWidth + 1)
    .map(part => `${part.tagName}.${part.className}`)"""


def violations(page):
    """What axe finds, without exceptions of our own."""
    if not page.evaluate("typeof axe == 'object'"):
        page.evaluate(AXE)
    found = page.evaluate(RUN_AXE, TAGS)["violations"]
    return [(rule["id"], node["target"], node["html"]) for rule in found for node in rule["nodes"]]


def resize(page, width, height=900):
    """Give the window another size, and the header its moment to see which links still fit."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("async () => {for (let n = 0; n < 3; n++) await new Promise(requestAnimationFrame)}")


def sideways(page):
    """What is wider than the window, when the page scrolls sideways because of it."""
    if page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"):
        return []
    return page.evaluate(WIDER) or ["something"]


def ambiguous_links(page):
    """Link texts that lead to more than one place."""
    places = {}
    for text, address in page.evaluate(LINKS):
        places.setdefault(text, set()).add(address)
    return {text: where for text, where in places.items() if len(where) > 1 or not text}


def wrong(page, *, widths=(1280, 375), by_django=False):
    """All that is wrong with an open page, by what was asked and at which width. Nothing is {}.

    Django's admin has an "All" in each filter and an icon with a title beside each choice: its links are named by where
    they are, which WCAG allows. Ours lead to one place each.
    """
    found = {}
    for width in widths:
        resize(page, width)
        found[f"axe at {width}"] = violations(page)
        found[f"sideways at {width}"] = sideways(page)
    if not by_django:
        found["links"] = ambiguous_links(page)
    resize(page, 320, 256)  # 1280 by 1024 at 400 %
    found["sideways at 320"] = sideways(page)
    page.evaluate(TEXT_SPACING)
    found["sideways with wide text"] = sideways(page)
    return {question: answer for question, answer in found.items() if answer}
