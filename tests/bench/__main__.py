"""`script/bench`: what pages cost, beside a bare Django view that is served the same way in the same run.

CPU is that of the web processes and of PostgreSQL together. The machine is never quiet: ratios within a run are what
counts. `--sizes 300,20000` and `--seconds 1` make it shorter.
"""

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg2

from justculture import embedded
from tests.bench import relevance, search_cost
from tests.portal import ROOT, environment, eventually, free_port, postmaster, processes, run, serving

CONNECTIONS = 8
FILL = "from tests.bench.content import fill; fill({})"
PAGES = {
    "home": "/",
    "list": "/resources/",
    "filtered list": "/resources/?kind=guide&stage=pilot",
    "deep page": "/resources/?page={last}",
    "resource": "/resources/sample-{middle}/",
    "search": "/search/?q=fair+learning",
    "events": "/events/",
}
NEVER_ASKED = "never-asked list"
LUA = """
local n, pairs_of, kinds, audiences = {start}, {{}}, {kinds}, {audiences}
for a = 1, #kinds do for b = a + 1, #kinds do pairs_of[#pairs_of + 1] = {{kinds[a], kinds[b]}} end end
request = function()
  n = n + 1
  return wrk.format("GET", (string.gsub("{path}", "@", function()
    local chosen, page = pairs_of[1 + n % #pairs_of], 1 + math.floor(n / #pairs_of) % {pages}
    local about = audiences[1 + math.floor(n / #pairs_of / {pages}) % #audiences]
    return string.format("kind=%s&kind=%s&audience=%s&page=%d", chosen[1], chosen[2], about, page)
  end)))
end
done = function(summary, latency)
  io.write(string.format("RESULT %d %d %d %d\\n", summary.requests, summary.errors.status, summary.duration,
    latency:percentile(95)))
end
"""
HEAD = "page                 asked        requests/s   p95 ms   CPU ms   server database  x bare"
TARGETS = {"repeated": 0.15, NEVER_ASKED: 2.5, "growth": 1.2, "publishing": 0.7}


def main():
    if sys.argv[1:2] == ["--relevance"]:
        return relevance.main(sys.argv[2:])
    if sys.argv[1:2] == ["--search"]:
        return search_cost.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--sizes", default="300,20000,100000")
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    folder.chmod(0o755)
    try:
        Bench(folder, options.seconds).run([int(size) for size in options.sizes.split(",")])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Bench:
    def __init__(self, var_dir, seconds):
        self.var_dir, self.seconds = var_dir, seconds
        self.cpu = {}  # milliseconds a request, by size, page and how it was asked for
        self.kept = {}  # the part of its throughput that the list keeps while something is published, by size

    def run(self, sizes):
        for size in sizes:
            run("migrate", "--verbosity", "0", var_dir=self.var_dir)
            run("load_starter_content", "--verbosity", "0", var_dir=self.var_dir)
            run("shell", "--no-imports", "-c", FILL.format(size), var_dir=self.var_dir)
            run("rebuild_search", var_dir=self.var_dir)
            say(f"\n## {size:,} resources\n")
            say(HEAD)
            with bare() as (address, process, _):
                self.measure(size, "bare view", "always", address, "/", process.pid, None)
            for asked, cache in (("made anew", "0"), ("repeated", "32")):
                with serving(self.var_dir, PAGE_CACHE_MB=cache) as portal:
                    for name, path in PAGES.items():
                        where = path.format(last=max(1, size // 20), middle=size // 2)
                        self.measure(size, name, asked, portal.address, where, portal.process.pid, self.var_dir)
                    if asked == "repeated":
                        self.measure(
                            size, NEVER_ASKED, "once", portal.address, "/resources/?@", portal.process.pid, self.var_dir
                        )
                        if size == 20_000 or size == sizes[-1]:
                            self.publishing(size, portal)
                            self.weight(portal)
        self.verdict(sizes)

    def measure(self, size, name, asked, address, path, pid, var_dir):
        for _ in range(8):  # what is made once, is made, in each process
            fetch(address + path.replace("@", ""))
        before = cpu_of(pid, var_dir)
        requests, failed, seconds, p95 = load(address, path, self.seconds, pages=max(1, size // 1000))
        costs = [(after - start) / requests for after, start in zip(cpu_of(pid, var_dir), before, strict=True)]
        total = self.cpu[size, name, asked] = sum(costs)
        ratio = total / self.cpu[size, "bare view", "always"]
        figures = f"{requests / seconds:10,.0f} {p95:8.1f} {total:8.3f} {costs[0]:8.3f} {costs[1]:8.3f} {ratio:7.2f}"
        say(f"{name:20} {asked:12} {figures}" + (f"  {failed} of {requests} were refused" if failed else ""))

    def publishing(self, size, portal):
        """The list while something is published every second, and quiet before it."""
        quiet = load(portal.address, "/resources/", 2 * self.seconds)
        over = threading.Event()
        thread = threading.Thread(target=publish_every_second, args=(self.var_dir, over))
        thread.start()
        busy = load(portal.address, "/resources/", 3 * self.seconds)
        over.set()
        thread.join()
        rates = [requests / seconds for requests, _, seconds, _ in (quiet, busy)]
        self.kept[size] = rates[1] / rates[0]
        kept = f"{self.kept[size]:.0%} of {rates[0]:,.0f} requests/s"
        say(f"\nwith a publication every second the list keeps {kept}, and {busy[1]} requests were refused")

    def weight(self, portal):
        requests, weight = cold_view(portal.address, "/resources/")
        say(f"a cold view of the list: {requests} requests, {weight / 1000:.1f} KB on the wire")
        memory = sum(pss(pid) for pid in portal.everything())
        say(f"memory of all web processes after it: {memory / 1e6:.0f} MB; started in {portal.started_in:.1f} s")

    def verdict(self, sizes):
        say("\n## Targets\n")
        size = 20_000 if 20_000 in sizes else sizes[-1]
        of_bare = {key: value / self.cpu[key[0], "bare view", "always"] for key, value in self.cpu.items()}
        repeated = max((of_bare[size, name, "repeated"], name) for name in PAGES)
        tell(f"repeated pages at most {TARGETS['repeated']} x bare", *repeated, TARGETS["repeated"])
        tell(
            f"a never-asked list at most {TARGETS[NEVER_ASKED]} x bare",
            of_bare[size, NEVER_ASKED, "once"],
            "",
            TARGETS[NEVER_ASKED],
        )
        for name in ("home", "list", "filtered list", "resource"):
            grown = self.cpu[sizes[-1], name, "made anew"] / self.cpu[sizes[0], name, "made anew"]
            tell(f"{name} grows from {sizes[0]:,} to {sizes[-1]:,} at most 1.2 x", grown, "", TARGETS["growth"])
        lost, most = 1 - self.kept[size], 1 - TARGETS["publishing"]
        tell("with a publication every second the list loses at most 30%", lost, "", most)


def say(words):
    print(words, flush=True)


def tell(target, figure, which, most):
    say(f"{'held' if figure <= most else 'MISSED'}: {target}: {figure:.3f} {which}")


def load(address, path, seconds, pages=1):
    """Requests, how many were not answered by 200, seconds, and the 95th percentile in ms, at 8 connections."""
    kinds = '{"guide","report","article","video","toolkit","research","policy","network"}'
    audiences = '{"hr","managers","board","all_staff","clinicians"}'
    lua = LUA.format(path=path, start=time.monotonic_ns() % 10_000, pages=pages, kinds=kinds, audiences=audiences)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(lua)
        script.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", script.name]
        command += ["-H", "Accept-Encoding: gzip", address]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    requests, failed, microseconds, p95 = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", said).groups())
    return requests, failed, microseconds / 1e6, p95 / 1000


def cpu_of(pid, var_dir):
    """CPU milliseconds so far of a server's processes, and of PostgreSQL's."""
    server = postmaster(var_dir) if var_dir else None
    database = [server, *processes("--ppid", str(server))] if server else []
    return used(processes("--sid", str(pid))), used(database)


def used(pids):
    ticks = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # its own, and of children that have ended
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def pss(pid):
    """Bytes of memory, what is shared counted in parts."""
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE).group(1)) * 1024


@contextlib.contextmanager
def bare():
    port, began = free_port(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.serve_bare"],
            cwd=ROOT,
            env=environment(folder, port),
            start_new_session=True,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            eventually(lambda: answers(address))
            yield address, process, time.monotonic() - began
        finally:
            process.terminate()
            process.wait(30)


def answers(address):
    with contextlib.suppress(OSError):
        return fetch(address) > 0
    return False


def fetch(address):
    """Bytes of a response's body as they come over the wire; of a refusal too."""
    try:
        with urlopen(Request(address, headers={"Accept-Encoding": "br"}), timeout=10) as answer:
            return len(answer.read())
    except HTTPError as refusal:
        with refusal:
            return len(refusal.read())


def publish_every_second(var_dir, over):
    settings = embedded.settings(var_dir)
    link = psycopg2.connect(
        host=settings["HOST"], port=settings["PORT"], dbname=settings["NAME"], user=settings["USER"]
    )
    link.autocommit = True
    with contextlib.closing(link), link.cursor() as cursor:
        while not over.wait(1):
            cursor.execute("UPDATE resources_resource SET published_at = now() WHERE slug = 'sample-7'")


class Linked(HTMLParser):
    """What a browser fetches with a page."""

    def __init__(self, html):
        super().__init__()
        self.addresses = set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag in {"script", "img"} and "src" in found:
            self.addresses.add(found["src"])
        if tag == "link" and found.get("rel") in {"stylesheet", "icon"}:
            self.addresses.add(found["href"])


def cold_view(address, path):
    with urlopen(address + path, timeout=10) as answer:
        linked = Linked(answer.read().decode()).addresses
    sizes = [fetch(address + one) for one in [path, *linked]]
    return len(sizes), sum(sizes)


if __name__ == "__main__":
    main()
