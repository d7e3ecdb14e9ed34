"""The checks themselves: each sees the fault that it is there for."""

import pytest

from tests.browser.checks import wrong
from tests.browser.watch import watched

PAGE = '<!DOCTYPE html><html lang="en"><title>Made</title><meta name="viewport" content="width=device-width">{}'
MAIN = "<main><h1>Made</h1>{}</main>"
FAULTS = {
    "style-src-attr refused": "<p style='color: red'>Red</p>",
    "script-src-elem refused": "<script>document.title = 'Changed'</script>",
    "img-src refused https://example.org": "<img alt='' src='https://example.org/pixel.png'>",
    "404 for": "<script src='/static/none.js'></script>",
    "cookie seen": None,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_watch_sees(portal, chromium, fault):
    def visit():
        with watched(chromium, portal) as opened:
            page = opened()
            show(page, MAIN.format(FAULTS[fault] or ""), cookie=FAULTS[fault] is None)

    with pytest.raises(AssertionError, match=fault):
        visit()


def show(page, html, cookie=False):
    """Answer an address with *html*, under the portal's own headers."""

    def answer(route):
        response = route.fetch()
        headers = response.headers | ({"set-cookie": "seen=1"} if cookie else {})
        route.fulfill(response=response, headers=headers, body=PAGE.format(html), status=200)

    page.route("**/made/", answer)
    page.goto("/made/", wait_until="networkidle")


@pytest.mark.parametrize(
    ("html", "question"),
    [
        (MAIN.format("<input>"), "axe at 1280"),
        (MAIN.format("<p>" + "long" * 100), "sideways at 320"),
        (MAIN.format("<p><a href='/a/'>Here</a>, <a href='/b/'>Here</a>"), "links"),
    ],
)
def test_the_page_check_sees(portal, page, html, question):
    show(page, html)
    assert question in wrong(page)


def test_nothing_is_wrong_with_a_good_page(portal, page):
    show(page, MAIN.format("<p>Good."))
    assert wrong(page) == {}
