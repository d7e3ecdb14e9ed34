"""A copy for people with a spreadsheet program. It is for reading: its cells are not all what the portal holds."""

MARK = "only for reading: do not import"  # in the first heading; the others are no column's name either
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def heading(name):
    return name.replace("_", " ").capitalize()


def safe(text):
    """A cell that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text
