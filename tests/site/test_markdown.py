"""Curators' Markdown: what it makes, and that nothing hostile gets through or takes long."""

import re

import pytest

from justculture.markdown import ATTRIBUTES, ELEMENTS, markdown
from tests.effort import growth

LONG = 20_000


def test_what_curators_write():
    assert markdown("One *two* **three**\n\n- a\n- b") == (
        "<p>One <em>two</em> <strong>three</strong></p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"
    )


def test_nothing_makes_nothing():
    assert markdown("") == markdown(None) == ""


def headings(html):
    return re.findall(r"<(h\d)>", html)


@pytest.mark.parametrize(
    ("text", "top", "found"),
    [
        ("## A", 2, ["h2"]),
        ("# A", 2, ["h2"]),
        ("# A\n## B\n### C", 2, ["h2", "h2", "h3"]),
        ("### A\n###### B\n### C", 2, ["h2", "h3", "h3"]),
        ("## A\n#### B\n##### C\n###### D", 2, ["h2", "h3", "h4", "h4"]),
        ("## A\n### B\n#### C", 3, ["h3", "h4", "h4"]),
        ("## A\n### B", 4, ["h4", "h4"]),
    ],
)
def test_headings_fit_into_the_page(text, top, found):
    assert headings(markdown(text, top)) == found


def test_links_stay_in_the_tab_and_lead_only_where_links_may():
    assert markdown("[a](https://example.org/ 'b')") == '<p><a href="https://example.org/">a</a></p>\n'
    assert markdown("[a](mailto:a@example.org)") == '<p><a href="mailto:a@example.org">a</a></p>\n'
    assert markdown("[a](/topics/)") == '<p><a href="/topics/">a</a></p>\n'


def test_images_are_dropped():
    assert markdown("Before ![words](https://example.org/a.png) after") == "<p>Before  after</p>\n"


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://a.example/"onmouseover="alert(1))',
    '[x](https://a.example "t\\" onmouseover=alert(1)")',
    '![x](x"onerror="alert(1))',
    "`<script>alert(1)</script>`",
    "```<script>\n<script>alert(1)</script>\n```",
    '```a" onmouseover="alert(1)\nx\n```',
    "<style>body{display:none}</style>",
    "<form action=//evil.example><input name=password>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<math><mtext></table></math><img src=x onerror=alert(1)>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "\x00<script>alert(1)</script>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_stays_text(payload):
    for text in (payload, f"# {payload}", f"- {payload}", f"> {payload}", f"**{payload}**"):
        html = markdown(text)
        for element, attributes in re.findall(r"</?([a-zA-Z!?][\w-]*)([^>]*)>", html):
            assert element in ELEMENTS
            assert re.fullmatch(r'( ([a-z]+)="[^"<>]*")*', attributes), html
            assert set(re.findall(r' ([a-z]+)="', attributes)) <= ATTRIBUTES.get(element, set()), html
        for address in re.findall(r'href="([^"]*)"', html):
            assert re.match(r"(https?://|mailto:|/|[\w./%-]*$)", address), html


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "![",
        "](",
        "[a](",
        "[a](<b",
        "[[]]",
        "*",
        "*a_",
        "**x ",
        "a**b",
        "*_",
        "_*",
        "`",
        "`a",
        "``a`",
        ">",
        "> ",
        "- ",
        "1. ",
        "# a\n",
        "<",
        "<a ",
        "<!--",
        "<?",
        "<![CDATA[",
        "<http://",
        "&",
        "&#x",
        "\\",
        "\t",
        "[a]: b\n",
        "[x][y]",
        "[a\n",
        '[a](b "',
        "~~~\n",
        "| a ",
        "=\n",
        " \n",
        "é",
        "\u202e",
    ],
)
def test_sixteen_times_the_hostile_text_takes_nothing_like_its_square_as_long(piece):
    """That would be 256 times, and let one text hold the portal up."""
    assert growth(markdown, (piece * LONG)[: LONG // 16], (piece * LONG)[:LONG]) < 64
