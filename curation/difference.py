"""Where two texts differ, word by word, so that one changed word in a long text is seen."""

import re
from difflib import SequenceMatcher

from django.utils.html import format_html
from django.utils.safestring import mark_safe

MOST_LINES, MOST_PIECES = 400, 1_000  # beyond, it is not looked at more closely: that takes the square of the time
LEFT_OUT = "…\n"


def marked(before, after):
    """Both texts as HTML: what only the first has is in <del>, what only the second has in <ins>.

    Lines that both have are left out. Texts that have no word in common are not marked at all.
    """
    one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if max(len(one), len(other)) > MOST_LINES:
        return before, after
    gone, new, common = [], [], False
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            left = right = LEFT_OUT
            common = True
        else:
            left, right, some = _words("".join(one[a:b]), "".join(other[c:d]))
            common = common or some
        gone.append(left)
        new.append(right)
    return (_joined(gone), _joined(new)) if common else (before, after)


def _words(before, after):
    """The same for lines that differ, and whether a word of them is the same."""
    one, other = re.findall(r"\s+|\S+", before), re.findall(r"\s+|\S+", after)
    if max(len(one), len(other)) > MOST_PIECES:
        return _changed(before, "del"), _changed(after, "ins"), False
    gone, new, common = [], [], False
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        left, right = "".join(one[a:b]), "".join(other[c:d])
        if kind == "equal":
            common = common or bool(left.strip())
        else:
            left, right = _changed(left, "del"), _changed(right, "ins")
        gone.append(left)
        new.append(right)
    return _joined(gone), _joined(new), common


def _changed(text, element):
    return format_html("<{0}>{1}</{0}>", mark_safe(element), text) if text else ""  # noqa: S308 - a word of our own


def _joined(pieces):
    return format_html("{}" * len(pieces), *pieces)
