"""HTML as what it means: elements, attributes and classes in any order, words without their line breaks."""

from html.parser import HTMLParser

NEEDLESS = {("nav", "navigation"), ("header", "banner"), ("footer", "contentinfo")}  # roles that the elements have


class Meaning(HTMLParser):
    def __init__(self):
        super().__init__()
        self.parts = []

    def handle_starttag(self, tag, attrs):
        kept = {name: value for name, value in attrs if not (name == "role" and (tag, value) in NEEDLESS)}
        if "class" in kept:
            kept["class"] = sorted(kept["class"].split())
        self.parts.append((tag, kept))

    def handle_endtag(self, tag):
        self.parts.append(f"/{tag}")

    def handle_data(self, data):
        if words := " ".join(data.split()):
            self.parts.append(words)


def meaning(html):
    parser = Meaning()
    parser.feed(str(html))
    parser.close()
    return parser.parts
