"""Make the Python environment that the lock files describe, and print its interpreter. Called by script/environment.

Only the standard library is used: this runs before anything is installed. Several runs may start at once: one works,
the others wait and find the work done.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / os.environ.get("VENV", ".venv")
PYTHON = ENVIRONMENT / "bin/python"
MEANING = "requirements-meaning.txt"  # for the extra of search
STAMP = ENVIRONMENT / "installed"  # the hashes of the lock files that are installed


def main(dev):
    (ROOT / "build").mkdir(exist_ok=True)
    with open(ROOT / "build/environment.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not works():
            say(f"Making {ENVIRONMENT.name} with Python {sys.version.split()[0]}")
            run(sys.executable, "-m", "venv", "--clear", ENVIRONMENT)
        sets = [["requirements.txt"], ["requirements.txt", MEANING], ["requirements-dev.txt", MEANING]]
        wanted = 2 if dev else os.environ.get("SEARCH_MEANING") == "1"
        if digest(sets[wanted]) not in installed():
            STAMP.unlink(missing_ok=True)
            for lock_file in sets[wanted]:
                install(lock_file)
            STAMP.write_text(" ".join(digest(names) for names in sets[: wanted + 1]))
    print(PYTHON)


def works():
    """Not if it was never finished, or made by a Python that has gone."""
    try:
        return subprocess.run([PYTHON, "-m", "pip", "--version"], stdout=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def installed():
    return STAMP.read_text().split() if STAMP.exists() else []


def digest(names):
    return hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in names)).hexdigest()


def install(lock_file):
    say(f"Installing {lock_file}")
    options = ["--no-deps"] if lock_file == MEANING else []  # that one lists of its packages' needs what is used
    run(PYTHON, "-m", "pip", "install", "--quiet", *options, "--require-hashes", "--requirement", ROOT / lock_file)


def run(*command):
    if subprocess.run(command, stdout=sys.stderr).returncode:
        sys.exit("The Python environment could not be made; what went wrong is above. Run this again to retry.")


def say(words):
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if unknown := set(sys.argv[1:]) - {"--dev"}:
        sys.exit(f"script/environment knows only --dev, not {', '.join(sorted(unknown))}.")
    main(dev="--dev" in sys.argv)
