"""A new copy takes the place of the one before, whole or not at all, and nobody else's folder is ever removed.

It is written beside its place, under a name of its own, and two renames put it there. Whatever an end at any moment
leaves is put right by the next run.
"""

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from justculture import disk

MARK = "copy.json"  # says that a folder is a copy of ours, and of what
WHAT = "a static copy of the just and learning culture portal"
SUMS = "SHA256SUMS"  # its files, as sha256sum reads them


class Refused(Exception):
    """The folder cannot be used. The message is a sentence for whoever runs the portal."""


@contextmanager
def in_place_of(place, **facts):
    """Gives a new folder to fill. When all went well it takes the *place*, and what was there is removed.

    facts: what the mark says of the copy. Raises Refused, and leaves the place as it is, when something else is there.
    """
    place = Path(place).resolve()
    check(place)
    with alone(place):
        making, before = (place.with_name(f".{place.name}.{word}") for word in ("making", "before"))
        put_right(place, making, before)
        making.mkdir()
        try:
            (making / MARK).write_text(json.dumps({"what": WHAT, **facts}, indent=2) + "\n", "utf-8")
            yield making
            settle(making)
            check(place)
            if place.exists():
                place.rename(before)
            making.rename(place)
            disk.keep(place.parent)
        finally:
            put_right(place, making, before)


@contextmanager
def alone(place):
    """Held by one run at a time. Another one is refused."""
    if not place.parent.is_dir():
        raise Refused(f"There is no folder {place.parent}: make it first, or choose another place for the copy.")
    with place.with_name(f".{place.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"A copy is being taken into {place} already: wait until it is there.") from None
        yield


def put_right(place, making, before):
    """Leave the newest whole copy in its place, and nothing beside it."""
    if before.exists() and not place.exists():
        before.rename(place)
    for left in (making, before):
        if left.exists():
            remove(left)


def check(place):
    """Refuse a place that holds anything but a copy of ours, or to which someone added a file. Raises Refused."""
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not is_whole(place):
        raise Refused(f"{place} is there already and is no copy of the portal: name a folder that is not there yet.")
    known = {line[66:] for line in (place / SUMS).read_text("utf-8").splitlines()}
    strange = sorted({str(path.relative_to(place)) for path in files(place)} - known - {SUMS})
    if strange:
        raise Refused(f"{place / strange[0]} is no part of the copy and would be lost: move it away first.")


def is_whole(folder):
    """Whether it is a copy of ours that was finished."""
    if not ((folder / MARK).is_file() and (folder / SUMS).is_file()):
        return False
    try:
        return json.loads((folder / MARK).read_bytes())["what"] == WHAT
    except (ValueError, KeyError, TypeError):
        return False


def remove(folder):
    """Remove what a run of ours left under a name of its own, the mark last: half removed it is still known as ours.

    Raises Refused.
    """
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file()):
        raise Refused(f"{folder} is in the way and is no copy of the portal: move it away first.")
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARK:
            path.unlink()
    shutil.rmtree(folder)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def settle(folder):
    """Note what each file is, and have all of it on the disk before its folder is given the name that readers know."""
    with (folder / SUMS).open("w", encoding="utf-8") as sums:
        for path in files(folder):
            if path.name != SUMS:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                    os.fsync(file.fileno())
                sums.write(f"{digest}  {path.relative_to(folder)}\n")
        sums.flush()
        os.fsync(sums.fileno())
    for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        disk.keep(path)
