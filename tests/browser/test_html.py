"""The Nu HTML checker over every address of the sitemap, every kind of page, and the admin."""

import re
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from curation.models import Curator
from tests.browser import content, pages

# Django's autocompletes begin with an empty option, which is how Select2 knows that nothing is chosen
BY_DJANGO = ".*Element “option” without attribute “label” must not be empty.*"
CHECKER = Path(__file__).parents[2] / "node_modules/vnu-jar/build/dist/vnu.jar"


@pytest.fixture
def check(java, tmp_path):
    """Ask the checker about many pages at once: `check({name: html})` gives what it says of each."""

    def check(htmls, *options):
        names = {}
        for number, (name, html) in enumerate(htmls.items()):
            names[f"{number}.html"] = name
            (tmp_path / f"{number}.html").write_text(html, "utf-8")
        command = [java, "-Xss4m", "-jar", CHECKER, "--errors-only", "--format", "gnu", *options]
        said = subprocess.run([*command, *(tmp_path / n for n in names)], capture_output=True, text=True).stderr
        lines = re.findall(r'^"?file:[^"\n]*/(\d+\.html)"?:(.*)$', said, re.MULTILINE)
        assert len(lines) == len(said.splitlines()), said
        return [f"{names[file]}: {line}" for file, line in lines]

    return check


def read(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status, path
    return response.content.decode()


def test_every_page_that_readers_have(portal, check):
    reader = Client()
    addresses = re.findall(r"<loc>https?://[^/]+([^<]+)</loc>", read(reader, "/sitemap.xml"))
    assert len(addresses) > 100
    htmls = {path: read(reader, path) for path in {*addresses, *pages.READERS.values()}}
    htmls |= {path: read(reader, path, status) for path, status in pages.PROBLEMS.values()}
    htmls |= {name: made() for name, made in pages.MADE.items()}
    assert check(htmls) == []


def test_every_page_before_there_is_content(empty_portal, check):
    assert check({path: read(Client(), path) for path in pages.EMPTY}) == []


def test_previews_and_the_admin(portal, check):
    curator = Client()
    curator.force_login(Curator.objects.get(email=content.CURATOR), backend="django.contrib.auth.backends.ModelBackend")
    htmls = {name: read(curator, pages.address(page)) for name, page in {**pages.PREVIEWS, **pages.ADMIN}.items()}
    htmls["sign in"] = read(Client(), "/admin/login/")
    assert check(htmls, "--filterpattern", BY_DJANGO) == []


def test_every_page_of_a_static_copy(static_copy, check):
    folder, _ = static_copy
    htmls = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.html")}
    assert len(htmls) > 300
    assert check(htmls) == []


def test_the_checker_sees_an_error(check):
    assert len(check({"bad": "<!DOCTYPE html><html lang='en'><title>Bad</title><p id='a'><p id='a'>"})) == 1
