"""`manage.py serve`, really started: what it prepares, what it survives, what it leaves behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing

import psycopg2
import pytest

from tests import debian
from tests.portal import (
    LENIENT,
    ROOT,
    environment,
    eventually,
    free_port,
    give_static_files,
    kill_database,
    postmaster,
    processes,
    run,
    serving,
)


@pytest.fixture(scope="module")
def var_dir(served_before):
    """Where a portal was served once: prepared, with its content, and stopped."""
    with served_before() as folder:
        yield folder


def test_a_second_start_serves_in_seconds(var_dir):
    with serving(var_dir) as portal:
        assert portal.started_in < 5 * LENIENT
        assert portal.get("/") == portal.get("/health/ready/") == portal.get("/resources/") == 200


@pytest.mark.parametrize(("number", "group"), [(signal.SIGTERM, False), (signal.SIGINT, True), (signal.SIGHUP, True)])
def test_a_stop_leaves_nothing_behind(var_dir, number, group):
    with serving(var_dir) as portal:
        server = postmaster(var_dir)
        assert len(portal.workers()) == 2
        assert portal.stop(number, group) == 0
        assert portal.everything() == []
        assert server
        assert postmaster(var_dir) is None


def test_a_stop_before_it_serves_leaves_nothing_behind(var_dir):
    with subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment(var_dir, free_port()),
    ) as process:
        eventually(lambda: postmaster(var_dir))
        process.terminate()
        process.wait(30)
    assert postmaster(var_dir) is None


def test_a_killed_worker_is_replaced(var_dir):
    with serving(var_dir) as portal:
        eventually(lambda: portal.listening() == 2)  # it is announced when the first of them listens
        before = portal.workers()
        os.kill(before[0], signal.SIGKILL)
        eventually(lambda: before[0] not in portal.workers() and len(portal.workers()) == portal.listening() == 2)
        assert [portal.get("/") for _ in range(4)] == [200] * 4


def test_workers_end_when_their_master_is_killed(var_dir):
    with serving(var_dir) as portal:
        portal.stop(signal.SIGKILL)
        eventually(lambda: portal.everything() == [])
    with serving(var_dir) as portal:
        assert portal.get("/") == 200
    assert postmaster(var_dir) is None


def test_a_killed_database_is_brought_back(var_dir):
    with serving(var_dir) as portal:
        assert portal.get("/resources/") == 200
        server = postmaster(var_dir)
        kill_database(var_dir)
        eventually(lambda: postmaster(var_dir) not in {None, server})
        eventually(lambda: portal.get("/resources/") == 200)
        assert portal.get("/health/live/") == 200
    assert postmaster(var_dir) is None


def test_the_log_is_json_without_personal_data(var_dir):
    with serving(var_dir, ACCESS_LOG="1") as portal:
        canary = {"User-Agent": "canary-agent", "Referer": "http://canary-referer/", "Cookie": "a=canary-cookie"}
        portal.get("/resources/?q=canary-query", **canary, **{"X-Forwarded-For": "203.0.113.9"})
        portal.get("/link/canary-token/")
        portal.get("/break%0A%C2%85%E2%80%A8line/")
        eventually(lambda: portal.log.read_text().count("granian.access") == 3)  # it is written after the answer
        portal.stop()
        said = portal.log.read_text()
    assert "canary" not in said
    assert "127.0.0.1" not in said
    assert "203.0.113.9" not in said
    lines = [json.loads(line) for line in said.splitlines()]
    assert all(line["time"].endswith("+00:00") for line in lines)
    requests = {line["path"]: line for line in lines if line["logger"] == "granian.access"}
    assert {path: line["status"] for path, line in requests.items()} == {
        "/resources/": 200,
        "/link/.../": 404,
        "/break\n\x85\u2028line/": 404,
    }
    assert set(requests["/resources/"]) == {"time", "level", "logger", "method", "path", "status", "ms"}


def test_a_taken_port_is_said_in_a_sentence(var_dir):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command = [sys.executable, "manage.py", "serve"]
        answer = subprocess.run(command, cwd=ROOT, env=environment(var_dir, port), capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stderr == f"CommandError: Port {port} is taken: stop what uses it, or set PORT to another number.\n"
    assert postmaster(var_dir) is None


def test_other_commands_work_beside_it_and_leave_it_running(var_dir):
    with serving(var_dir) as portal:
        run("migrate", "--check", var_dir=var_dir)
        assert portal.get("/resources/") == 200


@pytest.fixture
def debian_server():
    with debian.server("portal") as address:
        yield address


def test_with_database_url_nothing_embedded_is_started(debian_server, tmp_path):
    deployment = {
        "DATABASE_URL": debian_server,
        "SECRET_KEY": "a key for this test only, and long enough to be taken for one",
        "ALLOWED_HOSTS": "portal.example",
        "SITE_URL": "https://portal.example",
    }
    give_static_files(tmp_path)
    with serving(tmp_path, **deployment) as portal:
        assert portal.get("/resources/", Host="portal.example") == 200
        assert portal.get("/resources/", Host="other.example") == 400
        assert list(tmp_path.glob("postgres-*")) == []
        assert sorted(processes("--ppid", str(portal.process.pid))) == sorted(portal.workers())
        assert portal.stop() == 0
    with closing(psycopg2.connect(debian_server)) as connection, connection.cursor() as answer:
        answer.execute("SELECT count(*) FROM curation_region")
        assert answer.fetchone()[0] > 0
