"""A real Chromium in front of the whole portal: its middleware, its static files as collected, and a database.

One browser and one web server for each process of a parallel run; a copy of the database for each file of tests, or
for each test that changes something. Nothing can leave the machine: no name but 127.0.0.1 resolves.
"""

import shutil
import threading
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client
from django.test.testcases import QuietWSGIRequestHandler
from playwright.sync_api import sync_playwright

from curation.models import Curator
from justculture.front import Front
from tests import databases
from tests.browser import content
from tests.browser.watch import watched
from tests.conftest import TABLES

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
CONTENT = "browser_content"


def program(name, package):
    """Where a program is. What is missing is an error, never a reason to skip."""
    return shutil.which(name) or pytest.fail(f"{name} is missing: apt-get install {package}", pytrace=False)


@pytest.fixture(scope="session")
def java():
    return program("java", "default-jre-headless")


@pytest.fixture(scope="session")
def chromium():
    """Its loop runs in this thread until the run ends, and Django takes what follows for asynchronous code.

    Such code has connections of its own, beside those from before: whoever drops the run's database in the end, where
    no loop runs any more, cannot see that one is open.
    """
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=program("chromium", "chromium"), args=FLAGS)
        yield browser
        browser.close()
        connection.close()


@pytest.fixture(scope="session")
def server(django_test_environment):
    """The address of the portal, answering in threads of this process."""
    with ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler) as server:
        server.set_app(Front(get_wsgi_application()))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def templates(tables, once_a_run, django_db_blocker):
    """The databases that are copied: the tables alone, and the starter content with what it has no example of."""

    def make():
        databases.create(CONTENT, tables)
        with databases.using(CONTENT):
            content.load()

    with django_db_blocker.unblock():
        once_a_run(CONTENT, make)


@pytest.fixture
def use(django_db_blocker):
    """Work with a database for the rest of the test, tests and web server alike."""
    with django_db_blocker.unblock(), ExitStack() as stack:
        yield lambda name: stack.enter_context(databases.using(name))


@pytest.fixture(scope="module")
def copy(templates, django_db_blocker, worker_id):
    """The name of a copy that the tests of a file share, since they only read."""
    names = {}

    def copy(template):
        if template not in names:
            names[template] = f"{template}_{worker_id}"
            databases.create(names[template], template)
        return names[template]

    yield copy
    with django_db_blocker.unblock():
        for name in names.values():
            databases.drop(name)


@pytest.fixture
def portal(server, use, copy):
    """The portal with content, for tests that only read."""
    use(copy(CONTENT))
    return server


@pytest.fixture
def empty_portal(server, use, copy):
    """The portal before its first item."""
    use(copy(TABLES))
    return server


@pytest.fixture
def own_portal(server, use, templates, worker_id):
    """The portal with content, for one test that changes it."""
    name = f"browser_own_{worker_id}"
    databases.create(name, CONTENT)
    use(name)
    yield server
    databases.drop(name)


@pytest.fixture
def static_copy(portal, tmp_path):
    """The folder of a static copy of the portal, and the address below which a plain web server shows it."""
    (tmp_path / "below").mkdir()
    folder = tmp_path / "below/site"
    call_command("export_site", str(folder), at="/below/site/", verbosity=0, stdout=StringIO())
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *args: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=tmp_path)) as plain:
        thread = threading.Thread(target=plain.serve_forever, daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{plain.server_port}/below/site/"
        plain.shutdown()
        thread.join()


@pytest.fixture
def opened(chromium, server):
    """Open a page as someone new: `page = opened()`. What nobody may cause is an error in the end."""
    with watched(chromium, server) as opened:
        yield opened


@pytest.fixture
def page(opened):
    """A reader's page."""
    return opened()


@pytest.fixture
def curators_page(opened):
    """The page of a curator of the North West who has signed in."""
    return opened(cookies=signed_in(content.CURATOR))


def signed_in(email):
    """The cookie of someone who has signed in."""
    client = Client()
    client.force_login(Curator.objects.get(email=email), backend="django.contrib.auth.backends.ModelBackend")
    return [{"name": name, "value": morsel.value} for name, morsel in client.cookies.items()]
