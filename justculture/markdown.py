"""Curators' Markdown as safe HTML: CommonMark without raw HTML or images, then an allowlist.

markdown-it never passes on HTML that someone typed, and nh3 lets through only what this module means to make, so that a
fault in one of them is still no hole.
"""

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

ELEMENTS = {"a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong", "ul"}
ATTRIBUTES = {"*": set(), "a": {"href"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
DEEPEST = 4


def markdown(text, top=2):
    """*text* as HTML whose highest heading is <h2>, or <h3> with top=3; no heading skips a level."""
    tokens = parser.parse(text or "")
    demote_headings(tokens, top)
    html = parser.renderer.render(tokens, parser.options, {})
    clean = nh3.clean(html, tags=ELEMENTS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=None)
    return Markup(clean)  # noqa: S704 (only the allowlist is left in it)


def demote_headings(tokens, top):
    """The page has the only h1, so "#" and "##" both become *top*, "###" the next one, and so on to h4."""
    above = top - 1
    for token in tokens:
        if token.type == "heading_open":
            wanted = max(int(token.tag[1]), 2) + top - 2
            above = min(wanted, above + 1, max(DEEPEST, top))
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{above}"


def without_images(self, tokens, index, options, env):
    return ""


# Lists within lists to six levels; each further level makes hostile brackets dearer to read.
parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 12})
parser.add_render_rule("image", without_images)
