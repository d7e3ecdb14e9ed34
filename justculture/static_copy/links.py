"""The links of a page, as a copy of it needs them: files lead to files, and all else leads to the live site."""

import re
from html import escape
from html.parser import HTMLParser
from posixpath import dirname, relpath
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from justculture.static_copy.addresses import place

LINKS = {"href", "src", "content"}
REFRESH = "0; url="


class Links(HTMLParser):
    """Reads a page and notes which of its tags have a link to change. Nothing else of the page is touched.

    html: the page that is at *address* of the live site
    known: the addresses that the copy has
    top: where the copy begins on its server ("/copies/portal/"), for a page that is shown at any address; "" makes
        links that are relative to the page
    """

    def __init__(self, html, address, known, top=""):
        super().__init__()
        self.html, self.address, self.known, self.top = html, address, known, top
        self.static = set()  # the names of the static files that it needs
        self.lines = [0, *(found.end() for found in re.finditer("\n", html))]
        self.changes = []
        self.feed(html)
        self.close()

    def for_the_copy(self):
        """The page with its links changed."""
        parts, done = [], 0
        for start, end, tag in self.changes:
            parts += [self.html[done:start], tag]
            done = end
        return "".join([*parts, self.html[done:]])

    def handle_starttag(self, tag, attributes):
        kept = dict(attributes)
        if not LINKS & kept.keys() or kept.get("rel") in {"external", "canonical"}:
            return
        changed = {name: self.changed(name, value or "", kept) for name, value in attributes}
        if changed != kept:
            line, column = self.getpos()
            start = self.lines[line - 1] + column
            words = "".join(f' {n}="{escape(v)}"' if v is not None else f" {n}" for n, v in changed.items())
            self.changes.append((start, start + len(self.get_starttag_text()), f"<{tag}{words}>"))

    def changed(self, name, value, attributes):
        """The value that an attribute has in the copy."""
        if name in {"href", "src"}:
            return self.lead(value)
        if name == "content" and attributes.get("http-equiv") == "refresh":
            return REFRESH + self.lead(value.removeprefix(REFRESH))
        return attributes[name]

    def lead(self, link):
        """Where a link leads from the copy."""
        try:
            aim = urlsplit(urljoin(settings.SITE_URL + self.address, link))
        except ValueError:  # a curator's, and no address at all
            return link
        if f"{aim.scheme}://{aim.netloc}" != settings.SITE_URL or link.startswith("#"):
            return link
        fragment = f"#{aim.fragment}" if aim.fragment else ""
        if aim.path.startswith(settings.STATIC_URL):
            self.static.add(aim.path.removeprefix(settings.STATIC_URL))
            return self.from_here(aim.path[1:])
        path = aim.path or "/"
        address = f"{path}?{aim.query}" if aim.query else path
        for known in (address, f"{address}/"):
            if known in self.known:
                return self.from_here(place(known)) + fragment
        return settings.SITE_URL + address + fragment

    def from_here(self, file):
        if self.top:
            return self.top + file
        return relpath(file, dirname(place(self.address)) or ".")
