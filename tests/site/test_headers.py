"""Headers: what each kind of response carries, asked of the real portal as a deployment runs it.

`serve` is started once, for a host on HTTPS behind one proxy, and these tests ask as that proxy would. Headers are
compared whole, so what nobody meant fails as does what is missing: a second value, a cookie, a version, or whatever
someone wrote into an address. What there is to ask for is read from the URL resolver and from the collected files.
"""

import gzip
import json
import os
import re
import socket
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import brotli
import psycopg2
import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.conf import settings
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from curation import actions, copies, past, sign_in
from curation.accounts import password_link
from curation.models import Membership, Region
from justculture import embedded
from justculture.middleware import FEATURES
from resources.models import Topic
from tests import addresses
from tests.factories import PASSWORD, TESTER, FruitlessSearchFactory, ResourceFactory, curator
from tests.portal import ROOT, eventually, run, serving
from tests.proxy import DEPLOYED, FORWARDED, HOST, Browser, in_front_of
from tests.site.test_every_page import FILES, PAGES, content

NATIONAL, GUESSED = "national@example.nhs.uk", "guessed@example.nhs.uk"
PREPARE = "from tests.site.test_headers import prepare; prepare()"
SOME = "…"  # stands for a value that differs from answer to answer, of this form:
FORMS = {
    "date": r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT",
    "last-modified": r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT",
    "etag": r'"[\w-]+"',
    "retry-after": r"[1-9]\d*",
}
SETS = {"content-security-policy": "; ", "permissions-policy": ", ", "allow": ", "}  # whose order says nothing
LENGTHS = {"content-length", "transfer-encoding"}

ALWAYS = {
    "content-security-policy": {
        "default-src 'none'",
        "script-src 'self' 'sha256-tDOvXJi1PXbg0CWjLCCYSNHRXtps26K4JXkE3M6u/c0='",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    },
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "date": SOME,
    "permissions-policy": {f"{feature}=()" for feature in FEATURES},
    "referrer-policy": "same-origin",
    "server": "granian",  # and no version
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}
KEPT_PAGE = {"cache-control": "public, max-age=0", "etag": SOME, "vary": "Accept-Encoding"}
PAGE = {**HTML, **KEPT_PAGE}
HEALTH = {  # a curator is told more of it
    "/health/live/": {"cache-control": "no-store"},
    "/health/ready/": {"cache-control": "no-store", "vary": "Cookie"},
}
MOVED = {**HTML, "cache-control": "no-cache"}
PROBLEM = {**HTML, "cache-control": "no-store"}
CURATORS = {**HTML, "cache-control": "no-store", "x-robots-tag": "noindex"}
OWN = {**CURATORS, "vary": "Cookie"}  # another for each who asks
NOT_SWITCHED_ON = {"/admin/oidc/", "/admin/oidc/back/"}  # and so the same for everybody
HASHED = {"cache-control": "max-age=315360000, public, immutable"}
UNHASHED = {"cache-control": "max-age=3600, public"}
KEPT = {"etag": SOME, "last-modified": SOME}
COMPRESSED = {"vary": "Accept-Encoding"}
COOKIES = {  # what each is bound to
    "__Host-csrf": {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31449600"},
    "__Host-session": {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"},
    "__Secure-known": {"Secure", "HttpOnly", "SameSite=Strict", "Path=/admin/", "Max-Age=31536000"},
}
FILE_TYPES = {
    "": "application/octet-stream",  # a licence
    ".css": 'text/css; charset="utf-8"',
    ".js": 'text/javascript; charset="utf-8"',
    ".md": 'text/markdown; charset="utf-8"',
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": 'text/plain; charset="utf-8"',
}


# The portal, and what is in it


def prepare():
    """Fill the portal, in a process of its own, and print the addresses that the tests ask for."""
    content(1)
    national = Region.objects.get(slug="national")
    person = curator("national", email=NATIONAL)
    Membership.objects.create(curator=person, region=national, role="accounts")
    TOTPDevice.objects.create(user=person, confirmed=True)
    spare, codes = StaticDevice.objects.create(user=person), [f"spare{number}" for number in range(50)]
    for code in codes:
        spare.token_set.create(token=sign_in.kept(code))
    AccessAttempt.objects.create(
        username=GUESSED,
        ip_address=FORWARDED["X-Forwarded-For"],
        failures_since_start=settings.AXES_FAILURE_LIMIT,
        attempt_time=timezone.now(),
    )
    FruitlessSearchFactory()
    draft, moved = ResourceFactory(), ResourceFactory(state="published", slug="before")
    moved = actions.rename(moved, "after", by=TESTER)
    said = past.now(moved)
    copies.write(moved, {**said, "fields": {**said["fields"], "summary": "What is to come."}}, by=TESTER)
    made = {
        "admin": [admin_address(name) for name in sorted(addresses.of_admin())],
        "codes": codes,
        "draft": draft.get_absolute_url(),
        "preview": draft.get_preview_url(),
        "withdrawn": ResourceFactory(state="withdrawn").get_absolute_url(),
        "password": urlsplit(password_link(curator("north-west"))).path,
        "unread": [topic.get_absolute_url() for topic in Topic.objects.exclude(slug="one")],
    }
    print(json.dumps(made))  # noqa: T201


def admin_address(name):
    """An address of this name, of the first row of its model where it needs one."""
    if name == "admin:app_list":
        return reverse(name, args=["resources"])
    with suppress(NoReverseMatch):
        return reverse(name)
    model = apps.get_model(*name.removeprefix("admin:").rpartition("_")[0].split("_"))
    return reverse(name, args=[model._base_manager.first().pk])


@pytest.fixture(scope="module")
def var_dir(served_before):
    with served_before() as folder:
        yield folder


@pytest.fixture(scope="module")
def portal(var_dir):
    with serving(var_dir, **DEPLOYED) as portal:
        yield portal


@pytest.fixture(scope="module")
def made(portal, var_dir):
    """The addresses of what `prepare` made."""
    return json.loads(run("shell", "--no-imports", "-c", PREPARE, var_dir=var_dir, **DEPLOYED))


@pytest.fixture
def reader(portal, made):
    return Browser(portal)


@pytest.fixture
def national(portal, made):
    """The browser of a curator who may see every page of the admin."""
    browser = Browser(portal)
    browser.sign_in(NATIONAL)
    browser.fill_in("/admin/second-factor/", code=made["codes"].pop())
    return browser


# What must come


def stated(answer):
    """The headers of an answer, but for its length and its cookies. One that came twice is a list."""
    found = {}
    for name, value in answer.headers:
        found.setdefault(name.lower(), []).append(value)
    assert len(LENGTHS & found.keys()) <= 1, found
    if found.get("cache-control") == ["no-store"]:
        found.pop("expires", None)  # what Django says beside it to browsers of the last century
    return {
        name: meaning(name, values[0]) if len(values) == 1 else values
        for name, values in found.items()
        if name not in {*LENGTHS, "set-cookie"}
    }


def meaning(name, value):
    if name in SETS:
        return set(value.split(SETS[name]))
    return SOME if name in FORMS and re.fullmatch(FORMS[name], value) else value


def cookies(answer):
    """What each cookie is bound to, by its name."""
    crumbs = [cookie.split("; ") for cookie in answer.set_cookies]
    return {crumb.partition("=")[0]: {f for f in flags if not f.startswith("expires=")} for crumb, *flags in crumbs}


class Row(NamedTuple):
    """What is asked, and what must come of it. Headers are those beside ALWAYS; *sent* are headers of the request."""

    path: str
    status: int
    headers: dict
    cookies: tuple = ()
    method: str = "GET"
    form: dict | None = None
    sent: dict = {}

    def ask(self, browser):
        return browser.ask(self.path, self.method, self.form, **self.sent)

    def unlike(self, answer):
        """How an answer differs from this: for each thing that does, what came and what must come."""
        must = {
            **ALWAYS,
            **self.headers,
            "status": self.status,
            "cookies": {name: COOKIES[name] for name in self.cookies},
        }
        came = {**stated(answer), "status": answer.status, "cookies": cookies(answer)}
        return {
            name: (came.get(name), must.get(name))
            for name in came.keys() | must.keys()
            if came.get(name) != must.get(name)
        }


def unlike(browser, rows):
    """Each row whose answer differs, and how."""
    differences = ((row, row.unlike(row.ask(browser))) for row in rows)
    return {f"{row.method} {row.path} {row.sent}": how for row, how in differences if how}


# Readers


def pages():
    """What anyone may read."""
    for path, _ in PAGES.values():
        yield Row(path, 200, PAGE)
    for path, kind, _ in FILES.values():
        yield Row(path, 200, {"content-type": kind, **HEALTH.get(path, KEPT_PAGE)})


NOWHERE = [  # addresses that lead nowhere, and would lead out of the portal were they believed
    *("/nothing/", "/nothing", "/resources/?page=99", "/resources//", "//resources", "/static/", "/static/css/"),
    *("/static/nothing.css", "/static/../manage.py", "/static/..%2f..%2fmanage.py", "/static/css/..%5c..%5cmanage.py"),
    *("/static/%2e%2e/%2e%2e/etc/passwd", "/static//etc/passwd", "//evil.example", "//evil.example/"),
    *("///evil.example/resources", "/%5cevil.example", "/%2f%2fevil.example", "/%0d%0aSet-Cookie:%20evil=1/"),
    "/resources/a%0d%0aSet-Cookie:%20evil=1",
]


def moved(path, to, **sent):
    return Row(path, 301, {**MOVED, "location": to}, sent=sent)


def refusals(made):
    """What is not shown to those who ask."""
    for path in [*NOWHERE, made["draft"]]:
        yield Row(path, 404, PROBLEM)
    yield Row(made["withdrawn"], 410, PROBLEM)
    yield moved("/resources", "/resources/")
    yield moved("/admin", "/admin/")
    yield moved("/resources/before/", "/resources/after/")
    yield moved("/resources?q=%0d%0aSet-Cookie:%20evil=1", "/resources/?q=%0d%0aSet-Cookie:%20evil=1")
    yield moved("/resources", "/resources/", x_forwarded_host="evil.example", forwarded="host=evil.example")
    for path in ["/search/?q=%00", "/static/%00", "/%00"]:
        yield Row(path, 400, PROBLEM)
    for host in ["evil.example", f"{HOST}.evil.example", f"{HOST}@evil.example", f"{HOST}:evil", "127.0.0.1", ""]:
        yield Row("/resources", 400, PROBLEM, sent={"host": host})
    for method in ["TRACE", "PUT", "DELETE", "PROPFIND"]:
        yield Row("/", 405, {**PROBLEM, "allow": {"GET", "HEAD", "OPTIONS", "POST"}}, method=method)
    for path in ["/resources/", "/feeds/events.atom", "/health/live/", "/robots.txt"]:
        for method in ["OPTIONS", "POST"]:
            yield Row(path, 405, {**PROBLEM, "allow": {"GET", "HEAD"}}, method=method)
    yield Row("/static/css/portal.css", 405, {"cache-control": "no-store", "allow": {"GET", "HEAD"}}, method="POST")


def doors(made):
    """What those who have not signed in are shown of the curators' part."""
    here, elsewhere = {"/admin/login/", "/admin/logout/", *NOT_SWITCHED_ON}, "/admin/login/?next="
    for path in [made["preview"], "/admin/nothing/", "/admin//evil.example", *made["admin"]]:
        if path not in here:
            yield Row(path, 302, {**OWN, "location": elsewhere + path})
    for path in NOT_SWITCHED_ON:
        yield Row(path, 404, CURATORS)
    yield Row("/admin/logout/", 302, {**OWN, "location": "/admin/"})
    for path in ["/admin/login/", "/admin/login/?next=//evil.example/%0d%0aSet-Cookie:%20evil=1"]:
        yield Row(path, 200, OWN, cookies=["__Host-csrf"])
    yield Row("/admin/login/", 403, CURATORS, method="POST", form={"username": "a", "password": "b"})
    yield Row(made["preview"], 405, {**CURATORS, "allow": {"GET", "HEAD"}}, method="POST")
    yield Row("/admin/login/", 405, {**CURATORS, "allow": {"GET", "HEAD", "OPTIONS", "POST"}}, method="PUT")
    yield Row("/admin/password/MQ/never/", 200, OWN)
    yield Row("/link/never-made/", 404, {**PROBLEM, "x-robots-tag": "noindex", "referrer-policy": "no-referrer"})


def test_every_address_has_its_row(made):
    named = set()
    for row in [*pages(), *doors(made)]:
        with suppress(Resolver404):
            named.add(resolve(urlsplit(row.path).path).view_name)
    assert named >= set(addresses.named())


def test_what_anyone_may_read(reader):
    assert unlike(reader, pages()) == {}
    assert unlike(reader, pages()) == {}, "when it is asked for again"


def test_what_a_curator_reads_of_it_is_the_same(national):
    assert unlike(national, pages()) == {}


def test_what_is_not_shown(reader, made):
    assert unlike(reader, refusals(made)) == {}


def test_the_curators_part_before_signing_in(portal, made):
    for row in doors(made):
        assert (row.path, row.unlike(row.ask(Browser(portal)))) == (row.path, {})


def test_too_many_guesses(reader):
    locked = Row("/admin/login/", 429, {**OWN, "retry-after": SOME})
    assert locked.unlike(reader.sign_in(GUESSED)) == {}


def test_head_carries_what_get_does(portal, made):
    for row in [*pages(), *refusals(made), *doors(made)]:
        if row.method == "GET":
            answer = row._replace(method="HEAD").ask(Browser(portal))
            assert (row.path, row.unlike(answer), answer.body) == (row.path, {}, b"")


# Files


def files(var_dir):
    """Each static file, by the name that pages use and by the name it was written under."""
    folder = var_dir / "static"
    for plain, hashed in json.loads((folder / "staticfiles.json").read_text())["paths"].items():
        ending = Path(plain).suffix  # without one, a name counts as not hashed
        for name, caching in [(plain, UNHASHED), (hashed, HASHED if ending else UNHASHED)]:
            variants = COMPRESSED if any((folder / f"{name}.{form}").exists() for form in ("br", "gz")) else {}
            kind = {"content-type": FILE_TYPES[ending]}
            yield Row(f"/static/{name}", 200, {**kind, **caching, **KEPT, **variants})


@pytest.fixture
def style(made, var_dir):
    """The row of the portal's own style sheet."""
    return next(row for row in files(var_dir) if re.fullmatch(r"/static/css/portal\.\w{12}\.css", row.path))


def test_every_static_file(reader, var_dir):
    assert unlike(reader, files(var_dir)) == {}


def test_a_static_file_is_the_same_in_every_encoding(reader, style):
    whole = style.ask(reader)
    for encoding, decode in [("gzip", gzip.decompress), ("br", brotli.decompress)]:
        asked = style._replace(sent={"accept_encoding": encoding})
        answer = asked.ask(reader)
        expected = asked._replace(headers={**style.headers, "content-encoding": encoding})
        assert (expected.unlike(answer), decode(answer.body)) == ({}, whole.body)
        assert len(answer.body) < len(whole.body) / 2


def test_a_static_file_that_has_not_changed_is_not_sent_again(reader, style):
    whole = style.ask(reader)
    for asked in [{"if_none_match": whole["etag"]}, {"if_modified_since": whole["last-modified"]}]:
        unchanged = Row(style.path, 304, {**HASHED, **COMPRESSED, "etag": SOME}, sent=asked)
        answer = unchanged.ask(reader)
        assert (unchanged.unlike(answer), answer.body) == ({}, b"")
    assert unlike(reader, [style._replace(sent={"if_none_match": '"another"'})]) == {}


def test_a_part_of_a_static_file(reader, style):
    whole = style.ask(reader).body
    part = Row(style.path, 206, {**style.headers, "content-range": f"bytes 10-19/{len(whole)}"})
    answer = reader.ask(style.path, range="bytes=10-19")
    assert (part.unlike(answer), answer.body) == ({}, whole[10:20])
    beyond = {"cache-control": "no-store", "content-range": f"bytes */{len(whole)}"}
    assert unlike(reader, [Row(style.path, 416, beyond, sent={"range": f"bytes={len(whole)}-"})]) == {}


# Curators


def test_signing_in_and_out(reader, made):
    signed_in = Row("/admin/login/", 302, {**OWN, "location": "/admin/"}, cookies=["__Host-session", "__Host-csrf"])
    assert signed_in.unlike(reader.sign_in(NATIONAL)) == {}
    code = reader.fill_in("/admin/second-factor/", code=made["codes"].pop())
    known = ["__Host-session", "__Secure-known"]
    come_in = Row("/admin/second-factor/", 302, {**OWN, "location": "/admin/"}, cookies=known)
    assert come_in.unlike(code) == {}
    signed_out = reader.fill_in("/admin/", to="/admin/logout/")
    assert cookies(signed_out) == {"__Host-session": {"Secure", "SameSite=Lax", "Path=/", "Max-Age=0"}}
    assert reader.ask("/admin/").status == 302


def test_every_page_of_the_admin(national, made):
    """Not all of them may be opened, but each says that it is not to be kept, and gives no cookie that is not bound."""
    for path in [*made["admin"], made["preview"], "/admin/nothing/"]:
        answer = national.ask(path)
        assert answer.status in {200, 302, 403, 404, 405}
        assert COOKIES.items() >= cookies(answer).items()
        beside = {"location", "allow"} & stated(answer).keys()
        headers = {**(CURATORS if path in NOT_SWITCHED_ON else OWN), **{name: stated(answer)[name] for name in beside}}
        if path == "/admin/jsi18n/":
            headers["content-type"] = FILE_TYPES[".js"]
        row = Row(path, answer.status, headers, cookies=list(cookies(answer)))
        assert (path, row.unlike(answer)) == (path, {})


def test_the_choices_of_a_form(national):
    of_claims = "app_label=resources&model_name=claim&field_name=source_resource&term=one"
    assert unlike(national, [Row(f"/admin/autocomplete/?{of_claims}", 200, {**OWN, **JSON})]) == {}


def test_choosing_a_password(reader, made):
    """The key is in the session by the time a page is shown, so no address that is copied or sent on has it."""
    form = made["password"].rpartition("/")[0].rpartition("/")[0] + "/set-password/"
    opened = Row(made["password"], 302, {**OWN, "location": form}, cookies=["__Host-session"])
    assert unlike(reader, [opened, Row(form, 200, OWN, cookies=["__Host-csrf"])]) == {}
    chosen = reader.fill_in(form, new_password1=PASSWORD, new_password2=PASSWORD)
    assert Row(form, 302, {**OWN, "location": "/admin/login/"}, cookies=["__Host-session"]).unlike(chosen) == {}


# Trouble


BEFORE_DJANGO = {  # what granian refuses by itself, since it cannot be read as a request
    b"not http\r\n\r\n": 400,
    b"GET /\r\n\r\n": 400,
    b"GET /a b HTTP/1.1\r\n\r\n": 400,
    b"GET /a\0b HTTP/1.1\r\n\r\n": 400,
    b"G(T / HTTP/1.1\r\n\r\n": 400,
    b"GET / HTTP/9.9\r\n\r\n": 400,
    b"GET resources/ HTTP/1.1\r\n\r\n": 400,
    b"GET /?a=\r\nSet-Cookie: evil=1 HTTP/1.1\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nName : value\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nName: a\0b\r\n\r\n": 400,
    b"POST / HTTP/1.1\r\nContent-Length: one\r\n\r\n": 400,
    b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab": 400,
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n": 414,
    b"GET / HTTP/1.1\r\n" + b"Name: value\r\n" * 200 + b"\r\n": 431,
}


def test_what_is_refused_before_django_has_nothing_to_protect(portal):
    """No header can be added to these answers. They have no body, say nothing of the portal, and end the connection."""
    address = urlsplit(portal.address)
    for request, status in BEFORE_DJANGO.items():
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(request)
            with connection.makefile("rb") as file:
                answer = file.read().decode()
        head, _, body = answer.partition("\r\n\r\n")
        first, *rest = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in rest)
        assert (request, first.split()[1], body) == (request, str(status), "")
        assert headers.keys() == {"connection", "content-length", "date"}
        assert (headers["connection"], headers["content-length"]) == ("close", "0")


@contextmanager
def trouble(var_dir, *statements, over, database="template1"):
    """Something is wrong with the portal's database, by *statements*, until another says that it is *over*."""
    place = embedded.settings(var_dir)
    beside = psycopg2.connect(host=place["HOST"], port=place["PORT"], user=place["USER"], dbname=database)
    with closing(beside), beside.cursor() as cursor:
        beside.autocommit = True
        for statement in statements:
            cursor.execute(statement)
        try:
            yield
        finally:
            cursor.execute(over)


def database_away(var_dir):
    """Nobody is connected, and nobody can connect."""
    return trouble(
        var_dir,
        f"ALTER DATABASE {embedded.NAME} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{embedded.NAME}'",
        over=f"ALTER DATABASE {embedded.NAME} ALLOW_CONNECTIONS true",
    )


def topics_away(var_dir):
    """What only a mistake of the portal's own could do: pages ask for a table that is not there."""
    return trouble(
        var_dir,
        "ALTER TABLE resources_topic RENAME TO away",
        over="ALTER TABLE away RENAME TO resources_topic",
        database=embedded.NAME,
    )


def test_a_fault_of_the_portals_own(reader, made, var_dir):
    with topics_away(var_dir):
        assert unlike(reader, [Row(made["unread"][0], 500, PROBLEM)]) == {}


def test_the_database_is_away(reader, national, made, var_dir):
    wait = {"cache-control": "no-store", "retry-after": SOME}
    rows = [
        Row(made["unread"][0], 503, {**HTML, **wait}),
        Row("/health/ready/", 503, {**JSON, **wait}),
        Row("/health/live/", 200, {**JSON, "cache-control": "no-store"}),
        Row("/static/css/portal.css", 200, {"content-type": FILE_TYPES[".css"], **UNHASHED, **KEPT, **COMPRESSED}),
    ]
    with database_away(var_dir):
        assert unlike(reader, rows) == {}
        assert unlike(national, [Row("/admin/", 503, {**CURATORS, **wait})]) == {}
    eventually(lambda: reader.ask("/health/ready/").status == 200)


# The scanner that others would use


def graded(front, *paths):
    """What the MDN HTTP Observatory makes of each path."""
    node = subprocess.run([sys.executable, "script/assets", "--node"], cwd=ROOT, capture_output=True, text=True)
    ports = [str(front.http_port), str(front.https_port)]
    answer = subprocess.run(
        [node.stdout.strip(), "tests/site/observatory.mjs", HOST, *ports, *paths],
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(front.certificate)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_the_observatory_gives_the_best_grade(portal, reader, made, var_dir, tmp_path):
    pages = ["/", "/resources/", "/resources/one/", "/search/?q=guide", "/admin/login/", "/feeds/resources.atom"]
    refused = {"/nothing/": 404, made["withdrawn"]: 410, "/search/?q=%00": 400, "/static/nothing.css": 404}
    fault, away = made["unread"][1:3]
    statuses = {**dict.fromkeys(pages, 200), **refused, fault: 500, away: 503}
    with in_front_of(portal, tmp_path) as front:
        grades = graded(front, *pages, *refused)
        with topics_away(var_dir):
            grades += graded(front, fault)
        with database_away(var_dir):
            grades += graded(front, away)
        eventually(lambda: reader.ask("/health/ready/").status == 200)
    for found in grades:
        print(f"{found['status']} {found['grade']:2} {found['score']} {found['path']}")  # noqa: T201
    assert {found["path"]: found["status"] for found in grades} == statuses
    assert {found["path"]: found for found in grades if (found["grade"], found["score"] // 115) != ("A+", 1)} == {}


# Without HTTPS


def test_on_one_machine_only_what_needs_https_is_left_out(client):
    answer = client.get("/admin/login/")
    came = {name.lower(): meaning(name.lower(), value) for name, value in answer.headers.items()}
    by_granian = {"date", "server"}
    assert {name for name in ALWAYS if came.get(name) != ALWAYS[name]} - by_granian == {"strict-transport-security"}
    flags = {
        name: (cookie["secure"], cookie["httponly"], cookie["samesite"]) for name, cookie in answer.cookies.items()
    }
    assert flags == {"csrf": ("", True, "Lax")}
