"""The portal as a process of its own, for tests that start it, hurt it and stop it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.conf import settings

from justculture import embedded

ROOT = Path(__file__).resolve().parents[1]
LENIENT = 3 if os.environ.get("CI") else 1  # a shared machine may be busy


@dataclass
class Portal:
    process: subprocess.Popen
    address: str
    started_in: float
    log: Path

    def get(self, path, **headers):
        try:
            with urlopen(Request(self.address + path, headers=headers), timeout=10) as answer:
                return answer.status
        except HTTPError as answer:
            with answer:
                return answer.code

    def workers(self):
        return [pid for pid in self.everything() if pid != self.process.pid]

    def listening(self):
        """How many workers take connections, as Linux tells it: each has a socket of its own on the one port."""
        port = f":{int(self.address.rsplit(':', 1)[1]):04X}"
        sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(local.endswith(port) and state == "0A" for _, local, _, state, *_ in sockets)

    def everything(self):
        """What was started and is still there, but for PostgreSQL, which has a session of its own."""
        return processes("--sid", str(self.process.pid))

    def stop(self, number=signal.SIGTERM, group=False):
        (os.killpg if group else os.kill)(self.process.pid, number)
        return self.process.wait(30)


def processes(*options):
    return [int(pid) for pid in subprocess.run(["ps", "-o", "pid=", *options], capture_output=True).stdout.split()]


def eventually(condition, seconds=10):
    deadline = time.monotonic() + seconds * LENIENT
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time"
        time.sleep(0.05)


def run(*command, var_dir, **more):
    """A command of the portal, and what it said."""
    answer = attempt(*command, var_dir=var_dir, **more)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def refusal(*command, var_dir, **more):
    """A command of the portal that refuses, and the one sentence that it says."""
    answer = attempt(*command, var_dir=var_dir, **more)
    assert answer.returncode == 1, answer.stderr
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    return answer.stderr


def attempt(*command, var_dir, **more):
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(var_dir, free_port(), **more),
    )


def postmaster(var_dir):
    return embedded._postmaster(embedded._folder(var_dir) / "data")


def kill_database(var_dir):
    """kill -9 of every PostgreSQL process, as a power cut would; none can act on the end of another."""
    if server := postmaster(var_dir):
        os.kill(server, signal.SIGSTOP)
        for process in [server, *processes("--ppid", str(server))]:
            os.kill(process, signal.SIGKILL)
        while postmaster(var_dir):  # the signal is sent: the end comes a moment later
            time.sleep(0.01)


@contextmanager
def short_folder():
    """A new folder with a short path, since a socket's is limited, open to whoever PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="portal-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        kill_database(folder)
        shutil.rmtree(folder, ignore_errors=True)


def give_static_files(var_dir):
    """Those of the test run, since hashing and compressing take most of a first start."""
    shutil.copytree(settings.STATIC_ROOT, var_dir / "static")
    shutil.copy2(settings.VAR_DIR / "static.stamp", var_dir)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(var_dir, port, **more):
    return {**os.environ, "DATABASE_URL": "", "VAR_DIR": str(var_dir), "PORT": str(port), **more}


@contextmanager
def serving(var_dir, *options, **more):
    """The portal, once it says that it is there. *more* goes into its environment."""
    port, began = free_port(), time.monotonic()
    log = Path(var_dir) / f"serve-{port}.log"
    with (
        log.open("w") as said,
        subprocess.Popen(
            [sys.executable, "manage.py", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            cwd=ROOT,
            env=environment(var_dir, port, **more),
            start_new_session=True,
        ) as process,
    ):
        try:
            for line in process.stdout:
                if line.startswith("The portal is at"):
                    break
            else:
                pytest.fail(log.read_text())
            yield Portal(process, f"http://127.0.0.1:{port}", time.monotonic() - began, log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(60)
            process.stdout.close()
