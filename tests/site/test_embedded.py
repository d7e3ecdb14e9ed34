"""The portal's own PostgreSQL: whatever happens to it, it starts, shares, stops, or says in words what to do."""

import os
import pwd
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from justculture import embedded
from tests.portal import ROOT, kill_database, postmaster, short_folder

USER = """
import os, sys
from pathlib import Path
from justculture import embedded
if len(sys.argv) > 2:  # after the imports: another user may not be able to read this Python
    os.setgroups([])
    os.setgid(int(sys.argv[3]))
    os.setuid(int(sys.argv[2]))
try:
    with embedded.running(Path(sys.argv[1])):
        print("up", flush=True)
        sys.stdin.readline()
except embedded.EmbeddedServerError as problem:
    sys.exit(f"{problem}")
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")


@pytest.fixture
def var_dir():
    with short_folder() as folder:
        yield folder


def start_user(var_dir, become=()):
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(var_dir), *map(str, become)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@contextmanager
def user(var_dir, become=()):
    """Another process that uses the server."""
    with start_user(var_dir, become) as process:
        try:
            said = process.stdout.readline()
            assert said == "up\n", process.stderr.read()
            yield process
        finally:
            if process.poll() is None:
                process.stdin.close()
                process.wait(30)


@contextmanager
def cursor(var_dir):
    found = embedded.settings(var_dir)
    where = {"host": found["HOST"], "port": found["PORT"], "dbname": found["NAME"], "user": found["USER"]}
    with closing(psycopg2.connect(**where)) as connection:
        connection.autocommit = True
        yield connection.cursor()


def ask(var_dir, question):
    with cursor(var_dir) as answer:
        answer.execute(question)
        return answer.fetchall()


def refusal(var_dir, become=()):
    process = start_user(var_dir, become)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1
    return said


def test_starts_as_decided_and_stops(var_dir):
    with embedded.running(var_dir):
        assert ask(
            var_dir,
            "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database "
            "WHERE datname = current_database()",
        ) == [("b", "C.UTF-8", "UTF8")]
        settings = dict(ask(var_dir, "SELECT name, setting FROM pg_settings"))
        assert settings["data_checksums"] == settings["fsync"] == settings["full_page_writes"] == "on"
        assert settings["listen_addresses"] == ""
        run = Path(embedded.settings(var_dir)["HOST"])
        assert run.stat().st_mode & 0o777 == 0o700
        assert os.getsid(postmaster(var_dir)) != os.getsid(0)
    assert postmaster(var_dir) is None


def test_the_second_joins_and_the_last_stops(var_dir):
    with user(var_dir) as first:
        server = postmaster(var_dir)
        with user(var_dir):
            assert postmaster(var_dir) == server
            first.stdin.close()
            first.wait(30)
            assert postmaster(var_dir) == server
    assert postmaster(var_dir) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_gives_the_server_back(var_dir, number):
    with user(var_dir) as process:
        process.send_signal(number)
        process.wait(30)
    assert postmaster(var_dir) is None


def test_outlives_a_killed_user_until_the_next_one_leaves(var_dir):
    with user(var_dir) as process:
        server = postmaster(var_dir)
        process.kill()
        process.wait(30)
    assert postmaster(var_dir) == server
    with embedded.running(var_dir):
        assert postmaster(var_dir) == server
    assert postmaster(var_dir) is None


def test_what_was_committed_survives_a_kill_of_everything(var_dir):
    with user(var_dir) as process:
        with cursor(var_dir) as saved:
            saved.execute("CREATE TABLE saved AS SELECT generate_series(1, 1000) AS n")
        kill_database(var_dir)
        process.kill()
        process.wait(30)
    with embedded.running(var_dir):
        assert ask(var_dir, "SELECT count(*) FROM saved") == [(1000,)]


def test_starts_beside_a_process_that_has_the_old_servers_number(var_dir):
    with user(var_dir) as process:
        kill_database(var_dir)
        process.kill()
        process.wait(30)
    folder = embedded._folder(var_dir)
    note = folder / "data/postmaster.pid"
    with subprocess.Popen(["sleep", "60"], **embedded._as(embedded._owner(folder))) as stranger:
        note.write_text("\n".join([str(stranger.pid), *note.read_text().split("\n")[1:]]))
        with embedded.running(var_dir):
            assert ask(var_dir, "SELECT 1") == [(1,)]
        assert stranger.poll() is None
        stranger.kill()


def test_waits_for_a_server_that_is_still_ending(var_dir):
    with embedded.running(var_dir):
        pass
    with user(var_dir), cursor(var_dir) as session:
        session.execute("SELECT pg_backend_pid()")
        old = postmaster(var_dir)
        os.kill(old, signal.SIGTERM)  # a smart shutdown: it waits for this session
        with start_user(var_dir) as late:
            session.connection.close()
            assert late.stdout.readline() == "up\n"
            assert postmaster(var_dir) not in {None, old}
            late.stdin.close()


def test_is_brought_back_while_in_use(var_dir):
    with embedded.running(var_dir):
        kill_database(var_dir)
        embedded.revive(var_dir)
        assert ask(var_dir, "SELECT 1") == [(1,)]
    assert postmaster(var_dir) is None


@pytest.mark.parametrize("attempt", range(3))
def test_four_starts_at_once_make_one_server(var_dir, attempt):
    processes = [start_user(var_dir) for _ in range(4)]
    assert [process.stdout.readline() for process in processes] == ["up\n"] * 4
    assert len(list(embedded._folder(var_dir).glob("new-*"))) == 0
    for process in processes:
        process.communicate("\n", timeout=60)
    assert [process.returncode for process in processes] == [0] * 4
    assert postmaster(var_dir) is None


def test_refuses_a_path_too_long_for_a_socket(var_dir):
    long = var_dir / ("x" * 100)
    assert "too long for a Unix socket: set VAR_DIR to a shorter path" in refusal(long)
    assert not long.exists()


def test_refuses_the_data_of_another_major_version(var_dir):
    (var_dir / "postgres-9/data").mkdir(parents=True)
    assert "postgres-9 is of another version" in refusal(var_dir)
    assert not embedded._folder(var_dir).exists()


def test_says_when_the_folder_cannot_be_made(var_dir):
    (var_dir / "file").touch()
    assert "set VAR_DIR to a folder that can be written to" in refusal(var_dir / "file")


def test_says_what_the_server_said_when_it_cannot_start(var_dir, monkeypatch):
    with embedded.running(var_dir):
        pass
    monkeypatch.setattr(embedded, "PATIENCE", 1)
    monkeypatch.setitem(embedded.SERVER_SETTINGS, "shared_buffers", "many")
    said = r'mend this and try again: invalid value for parameter "shared_buffers": "many"'
    with pytest.raises(embedded.EmbeddedServerError, match=said), embedded.running(var_dir):
        pytest.fail("It must not run with that")


def test_removes_what_a_cut_short_start_left(var_dir):
    folder = embedded._folder(var_dir)
    (folder / "new-half").mkdir(parents=True)
    folder.chmod(0o711)
    with embedded.running(var_dir):
        assert sorted(path.name for path in folder.iterdir()) == ["data", "log", "run", "starting.lock", "users.lock"]


def test_the_socket_is_not_a_port(var_dir):
    with embedded.running(var_dir), socket.socket(socket.AF_UNIX) as knock:
        knock.connect(embedded.settings(var_dir)["HOST"] + "/.s.PGSQL.5432")


@as_root
def test_refuses_a_parent_folder_closed_to_the_system_user(var_dir):
    closed = var_dir / "closed"
    closed.mkdir(mode=0o700)
    said = refusal(closed / "var")
    assert f"The folder {closed} is closed to the user" in said
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_as_root_only_what_is_the_servers_changes_hands(var_dir):
    with embedded.running(var_dir):
        folder = embedded._folder(var_dir)
        assert (folder / "data").stat().st_uid == (folder / "run").stat().st_uid != 0
        assert [path.stat().st_uid for path in (var_dir, folder, folder / "log", folder / "users.lock")] == [0] * 4


@as_root
def test_runs_as_oneself_when_not_root_and_root_may_join(var_dir):
    nobody = pwd.getpwnam("nobody")[2:4]
    os.chown(var_dir, *nobody)
    with user(var_dir, become=nobody):
        server = postmaster(var_dir)
        assert os.stat(f"/proc/{server}").st_uid == nobody[0]
        with embedded.running(var_dir):
            assert postmaster(var_dir) == server
    with embedded.running(var_dir):
        assert os.stat(f"/proc/{postmaster(var_dir)}").st_uid == nobody[0]
    with user(var_dir, become=nobody):
        pass


@as_root
def test_refuses_another_users_data(var_dir):
    with embedded.running(var_dir):
        pass
    owner = pwd.getpwuid((embedded._folder(var_dir) / "data").stat().st_uid).pw_name
    assert f"belongs to the user {owner}" in refusal(var_dir, become=(54321, 54321))


def test_a_command_prints_the_sentence_and_no_traceback(var_dir):
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    answer = subprocess.run(
        [sys.executable, "manage.py", "showmigrations"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**environment, "VAR_DIR": str(var_dir / ("x" * 100))},
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("The path ")
    assert answer.stderr.endswith("set VAR_DIR to a shorter path.\n")
