"""The accessibility statement is made from data, so that what it says and what is tested can be compared."""

import tomllib
from functools import cache
from pathlib import Path


@cache
def statement():
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
