"""Trouble while people read: the database stopped, frozen or out of disk, too many readers, slow ones, a long day."""

import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from justculture import embedded
from tests.drills.test_crashes import EMAIL, MAKE_CURATOR, PASSWORD, Browser
from tests.portal import eventually, kill_database, postmaster, processes, run, serving, short_folder

PAGES = ["/", "/resources/", "/resources/?kind=guide", "/topics/", "/regions/", "/events/", "/principles/", "/start/"]
SOAK_MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
SOAK_RATE = 30  # requests a second
FILL = "from tests.bench.content import fill; fill(2000)"


class Answer(NamedTuple):
    asked_at: float
    seconds: float
    status: int  # 0: the connection broke


def say(words):
    print(f"\n  {words}", flush=True)  # noqa: T201


def ask(address, path, seconds=20):
    began = time.monotonic()
    link = HTTPConnection(urlsplit(address).netloc, timeout=seconds)
    try:
        link.request("GET", path, headers={"Accept-Encoding": "br"})
        answer = link.getresponse()
        answer.read()
        status = answer.status
    except (OSError, HTTPException):
        status = 0
    finally:
        link.close()
    return Answer(began, time.monotonic() - began, status)


def never_asked():
    """An address that nobody has asked for before, whose page has to be made."""
    return f"/search/?q=fair+{random.randrange(10**9)}"


@contextmanager
def readers(address, count, paths):
    """So many readers who ask for one page after another. Gives what they were answered."""
    answers, over = [], threading.Event()

    def read():
        while not over.is_set():
            answers.append(ask(address, paths()))

    threads = [threading.Thread(target=read) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


def some_pages():
    return random.choice(PAGES) if random.random() < 0.7 else never_asked()


def statuses(answers):
    return dict(sorted(Counter(answer.status for answer in answers).items()))


def percentile(answers, share):
    return sorted(answer.seconds for answer in answers)[int(share * (len(answers) - 1))]


@pytest.fixture(scope="module")
def var_dir():
    with short_folder() as folder:
        yield folder


@pytest.fixture
def portal(var_dir):
    with serving(var_dir) as portal:
        for path in PAGES * 6:
            assert ask(portal.address, path).status == 200
        yield portal


def test_the_database_is_stopped_under_load(portal, var_dir):
    with readers(portal.address, 8, some_pages) as answers:
        time.sleep(3)
        stopped = time.monotonic()
        with embedded._locked(embedded._folder(var_dir) / "starting.lock"):  # nobody starts it meanwhile
            kill_database(var_dir)
            time.sleep(5)
            assert ask(portal.address, "/health/live/").status == 200
        started = time.monotonic()
        eventually(lambda: ask(portal.address, never_asked()).status == 200, seconds=5)
        back = time.monotonic()
        time.sleep(5)
    away = [answer for answer in answers if stopped < answer.asked_at < started]
    after = [answer for answer in answers if answer.asked_at > back + 0.5]  # the other process knows by then
    slowest = max(answer.seconds for answer in away)
    say(f"stopped: {statuses(away)} in {started - stopped:.0f} s, the slowest {slowest:.2f} s")
    say(f"back {back - started:.1f} s after it was let start; then {statuses(after)}")
    assert set(statuses(away)) == {200, 503}
    assert slowest < 1
    assert set(statuses(after)) == {200}


def test_the_database_is_frozen_under_load(portal, var_dir):
    server = postmaster(var_dir)
    with readers(portal.address, 8, some_pages) as answers:
        time.sleep(3)
        frozen = [server, *processes("--ppid", str(server))]
        began = time.monotonic()
        for process in frozen:
            os.kill(process, signal.SIGSTOP)
        try:
            time.sleep(8)
            assert ask(portal.address, "/health/live/").seconds < 1
        finally:
            for process in frozen:
                os.kill(process, signal.SIGCONT)
        ended = time.monotonic()
        eventually(lambda: ask(portal.address, never_asked()).status == 200, seconds=5)
        back = time.monotonic()
        time.sleep(5)
    during = [answer for answer in answers if began < answer.asked_at < ended]
    after = [answer for answer in answers if answer.asked_at > back + 0.5]
    slow, slowest = [a for a in answers if a.seconds > 2], max(a.seconds for a in answers)
    say(f"frozen: {statuses(during)} in {ended - began:.0f} s, {len(slow)} over 2 s, the slowest {slowest:.1f} s")
    say(f"back {back - ended:.1f} s after it was let go on; then {statuses(after)}")
    assert set(statuses(during)) <= {200, 503}
    assert len(slow) <= 6  # whose page was being made at that moment: one for each turn of each process
    assert set(statuses(after)) == {200}


def test_a_full_disk(tmp_path):
    """Reading goes on, saving is refused, and nothing is torn."""
    if os.geteuid() != 0:
        pytest.fail("This drill mounts a small disk of its own: run it as root.")
    disk = Path("/tmp") / f"portal-disk-{os.getpid()}"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=420m,mode=0755", "tmpfs", disk], check=True)
    try:
        with serving(disk) as portal:
            run("shell", "--no-imports", "-c", MAKE_CURATOR, var_dir=disk)
            curator = Browser(portal)
            curator.sign_in(EMAIL, PASSWORD)
            assert curator.add_topic("Before")
            with suppress(OSError), (disk / "ballast").open("wb") as ballast:
                while True:
                    ballast.write(bytes(1_000_000))
            saving = Counter()
            while saving[503] < 5:
                text = random.randbytes(10_000).hex()
                saving[curator.status_of_adding(f"Full {saving.total()}", text)] += 1
            read = [ask(portal.address, path) for _ in range(20) for path in [*PAGES, never_asked()]]
            (disk / "ballast").unlink()
            eventually(lambda: curator.status_of_adding("After") == 200, seconds=10)
            say(f"full: reading {statuses(read)}, saving {dict(saving)}; after it saving works again")
            assert set(statuses(read)) == {200}
        check = subprocess.run(
            [embedded.PROGRAMS / "pg_checksums", "--check", "-D", embedded._folder(disk) / "data"],
            capture_output=True,
            text=True,
            **embedded._as(embedded._owner(embedded._folder(disk))),
        )
        say(re.search(r"Bad checksums:\s+\d+", check.stdout).group())
        assert check.returncode == 0
    finally:
        kill_database(disk)
        subprocess.run(["umount", "-l", disk], check=True)
        disk.rmdir()


def test_150_clients_at_once(portal, var_dir):
    """Ten times what there is room for: pages, or word to come back, and soon."""
    run("shell", "--no-imports", "-c", FILL, var_dir=var_dir)
    with readers(portal.address, 150, never_asked) as answers:
        time.sleep(15)
        live = ask(portal.address, "/health/live/")
    ended = time.monotonic()
    eventually(lambda: ask(portal.address, never_asked()).seconds < 0.5, seconds=2)
    normal = time.monotonic() - ended
    p99, good = percentile(answers, 0.99), statuses(answers).get(200, 0)
    say(f"150 clients: {statuses(answers)} in 15 s, p99 {p99:.1f} s; normal {normal:.1f} s later")
    assert set(statuses(answers)) == {200, 503}
    assert live.status == 200
    assert p99 < 5
    assert good > 100


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("slow headers", ["-H", "-i", "2"]),
        ("slow bodies", ["-B", "-i", "2", "-s", "8192", "-t", "POST"]),
        ("slow reading", ["-X", "-w", "8", "-y", "16", "-n", "2", "-z", "8", "-k", "3"]),
    ],
)
def test_100_slow_clients_hold_up_nobody(portal, kind, options):
    slow = subprocess.Popen(
        ["slowhttptest", "-c", "100", "-r", "100", "-l", "12", *options, "-u", f"{portal.address}/resources/"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        answers = []
        while len(answers) < 200 or (slow.poll() is None and len(answers) < 1000):  # some end early: refused at once
            answers.append(ask(portal.address, some_pages()))
    finally:
        slow.terminate()
        slow.wait(20)
    say(f"{kind}: others {statuses(answers)}, the slowest {max(a.seconds for a in answers):.2f} s")
    assert set(statuses(answers)) == {200}
    assert max(answer.seconds for answer in answers) < 2


def half_a_form(portal, who):
    """A sign-in of which a part was sent, on a line that stays open."""
    line = HTTPConnection(urlsplit(portal.address).netloc, timeout=60)
    line.putrequest("POST", "/admin/login/")
    for name, value in {"X-Forwarded-For": who, "Cookie": f"csrftoken={'a' * 32}", "Content-Length": "500"}.items():
        line.putheader(name, value)
    line.putheader("Content-Type", "application/x-www-form-urlencoded")
    line.endheaders(b"username=")
    return line


def test_forms_that_never_end_keep_no_curator_out(var_dir):
    with serving(var_dir, TRUSTED_PROXIES="1") as portal:
        run("shell", "--no-imports", "-c", MAKE_CURATOR, var_dir=var_dir)
        lines = [half_a_form(portal, who) for who in ["192.0.2.1", "192.0.2.2"] for _ in range(20)]
        time.sleep(1)
        began = time.monotonic()
        Browser(portal).sign_in(EMAIL, PASSWORD)
        signed_in = time.monotonic() - began
        answers = [ask(portal.address, some_pages()) for _ in range(100)]
        for line in lines:
            line.close()
    say(f"40 forms that never end: a curator signed in in {signed_in:.2f} s, readers {statuses(answers)}")
    assert signed_in < 2
    assert set(statuses(answers)) == {200}


def memory_and_files(portal):
    """Megabytes (what is shared counted in parts) and open files of the web processes."""
    memory = files = 0
    for pid in portal.everything():
        memory += int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1)) / 1024
        files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return memory, files


def test_a_long_steady_load_takes_no_more_and_no_more(portal, var_dir):
    """30 a second, most of them kept pages, and an edit every ten seconds. The first third may still warm up."""
    edit = "UPDATE resources_resource SET updated_at = now() WHERE id = (SELECT min(id) FROM resources_resource)"
    total = int(SOAK_MINUTES * 60 * SOAK_RATE)
    began, answers, samples = time.monotonic(), Counter(), []
    settings = embedded.settings(var_dir)
    for number in range(total):
        time.sleep(max(0, began + number / SOAK_RATE - time.monotonic()))
        answers[ask(portal.address, some_pages()).status] += 1
        if number % (10 * SOAK_RATE) == 0:
            command = ["psql", "-q", "-h", settings["HOST"], "-p", settings["PORT"], "-U", settings["USER"]]
            subprocess.run([shutil.which("psql"), *command[1:], settings["NAME"], "-c", edit], check=True)
            samples.append(memory_and_files(portal))
    third, last = samples[len(samples) // 3], samples[-1]
    say(f"{total:,} requests in {SOAK_MINUTES:g} minutes: {dict(answers)}")
    say(f"memory {third[0]:.0f} MB after a third, {last[0]:.0f} MB at the end; open files {third[1]} and {last[1]}")
    assert set(answers) == {200}
    assert last[0] < 1.1 * third[0]
    assert last[1] <= third[1] + 5
