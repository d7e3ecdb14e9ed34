"""Filling in a form as a browser does: what the page holds already is sent again, with what was typed in its place."""

from html.parser import HTMLParser


class Fields(HTMLParser):
    """The names and values that the form of a page would send."""

    def __init__(self, html):
        super().__init__()
        self.values, self.select, self.textarea, self.textarea_name = {}, None, None, ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        name = found.get("name", "")
        if tag == "input" and found.get("type") not in {"submit", "checkbox", "radio"}:
            self.add(name, found.get("value") or "")
        elif tag == "input" and "checked" in found:
            self.add(name, found.get("value", "on"))
        elif tag == "select":
            self.select = (name, "multiple" in found)
        elif tag == "option" and self.select and "selected" in found:
            self.add(self.select[0], found.get("value", ""))
        elif tag == "textarea":
            self.textarea, self.textarea_name = "", name

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        elif tag == "textarea":
            self.add(self.textarea_name, self.textarea.removeprefix("\r").removeprefix("\n"))  # as HTML reads it
            self.textarea = None

    def handle_data(self, data):
        if self.textarea is not None:
            self.textarea += data

    def add(self, name, value):
        if name and "__prefix__" not in name:
            self.values.setdefault(name, []).append(value)


def fields(page):
    return Fields(page.content.decode()).values


def fill_in(client, address, **typed):
    """Open the form at *address*, type, and save. "__" in a name stands for the "-" of an inline form's field."""
    return client.post(address, {**fields(client.get(address)), **named(typed)})


def named(typed):
    return {name.replace("__", "-"): value for name, value in typed.items()}


def rows(prefix, *new, before=0):
    """New rows of an inline form, after the *before* that it has already."""
    sent = {f"{prefix}-TOTAL_FORMS": before + len(new)}
    for number, row in enumerate(new, before):
        sent.update({f"{prefix}-{number}-{name}": value for name, value in row.items()})
    return sent
