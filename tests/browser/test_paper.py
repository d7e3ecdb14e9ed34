"""Printed: everything is opened, addresses are shown, and what only works on a screen is left out."""

import subprocess

import pytest

from tests.browser.conftest import program


@pytest.fixture
def printed(portal, page, tmp_path):
    """What stands on the paper that a page is printed on, in its own words."""
    pdftotext = program("pdftotext", "poppler-utils")

    def printed(path):
        page.goto(path)
        page.pdf(
            path=tmp_path / "page.pdf", format="A4", margin=dict.fromkeys(["top", "right", "bottom", "left"], "10mm")
        )
        run = subprocess.run(
            [pdftotext, "-layout", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True
        )
        return " ".join(run.stdout.split())

    return printed


def test_a_resource_is_printed_with_its_addresses(printed):
    words = printed("/resources/everything/")
    assert "What did not work" in words
    assert "https://example.org/guide" in words
    assert "This page: http" in words
    assert "Skip to main content" not in words
    assert "Browse More" not in words


def test_the_library_is_printed_without_its_form(printed):
    words = printed("/resources/?kind=guide")
    assert "Apply filters" not in words
    assert "Being fair tool" in printed("/resources/?q=being+fair")


def test_what_can_be_folded_is_printed_open(portal, page):
    page.goto("/principles/agreed-by-both/")
    page.emulate_media(media="print")
    folded = page.locator("details:not([open])")
    for number in range(folded.count()):
        content = folded.nth(number).locator(":scope > :not(summary)").first
        assert content.evaluate("part => part.checkVisibility({contentVisibilityAuto: true}) && part.offsetHeight > 0")
