"""Official addresses: written in one way, safe to show, and a warning when something else has the same one."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from curation.fields import WebAddressFormField, ways_to_write
from curation.models import WorkingCopy
from resources.models import Resource
from tests.curation.test_admin import signed_in
from tests.factories import EventFactory, ResourceFactory, curator
from tests.forms import fill_in

ADD = "/admin/resources/resource/add/"
NEW = {"title": "Being fair", "slug": "being-fair", "kind": "guide", "summary": "How to be fair."}


def cleaned(text):
    return WebAddressFormField(required=False, assume_scheme="https").clean(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://Example.ORG", "https://example.org/"),
        ("HTTPS://example.org:443/a/../b", "https://example.org/b"),
        ("http://example.org:80/?q=1", "http://example.org/?q=1"),
        ("example.org/guide", "https://example.org/guide"),
        (" https://example.org/%7Eguide ", "https://example.org/~guide"),
        ("https://example.org/a%2Fb?x=%26#part", "https://example.org/a%2Fb?x=%26#part"),
        ("https://example.org/Guide.PDF", "https://example.org/Guide.PDF"),
        ("", ""),
    ],
)
def test_an_address_is_kept_in_one_way(typed, kept):
    assert cleaned(typed) == kept
    assert cleaned(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.org/",
            "//",
            "https://",
            "https://[::1",
            "mailto:a@b.c",
        ),
        "https://\u202eexample.org/",
        *("https://pat:secret@example.org/", "https://pat@example.org/", "https://exa mple.org/"),
    ],
)
def test_what_is_no_official_address_is_refused(typed):
    with pytest.raises(ValidationError):
        cleaned(typed)


@given(st.text(max_size=30), st.text(max_size=20))
def test_whatever_is_typed_is_refused_or_kept_in_one_way(path, query):
    try:
        once = cleaned(f"https://example.org/{path}?{query}")
    except ValidationError:
        return
    assert cleaned(once) == once
    assert once.startswith("https://example.org/")


def test_one_page_is_written_in_eight_ways():
    ways = ways_to_write("https://www.example.org/guide?x=1")
    assert len(ways) == 8
    assert "http://example.org/guide/?x=1" in ways
    assert ways == ways_to_write("http://example.org/guide/?x=1")


@pytest.fixture
def browser(db):
    return signed_in(curator("north-west"))


def warnings(browser, address, **typed):
    saved = fill_in(browser, address, **typed)
    assert saved.status_code == 302
    page = browser.get(saved.headers["Location"])
    return [str(message) for message in page.context["messages"] if message.level_tag == "warning"]


def test_the_same_address_elsewhere_is_told_after_saving_and_blocks_nothing(browser):
    ResourceFactory(title="The same", url="http://www.example.org/guide/", state="published", owner__slug="london")
    (warning,) = warnings(browser, ADD, **NEW, url="https://example.org/guide")
    assert "“The same”</a> (London)" in warning
    assert Resource.objects.get(slug="being-fair").url == "https://example.org/guide"


def test_every_kind_of_content_is_looked_at(browser):
    EventFactory(title="A meeting", url="https://example.org/guide")
    (warning,) = warnings(browser, ADD, **NEW, url="https://example.org/guide")
    assert "“A meeting”" in warning


def test_another_regions_draft_with_the_same_address_is_not_told_of(browser):
    ResourceFactory(title="Secret", url="https://example.org/guide", owner__slug="london")
    assert warnings(browser, ADD, **NEW, url="https://example.org/guide") == []


def test_it_is_told_when_the_address_changes_and_not_again(browser):
    item = ResourceFactory()
    ResourceFactory(url="https://example.org/guide")
    form = f"/admin/resources/resource/{item.pk}/change/"
    assert len(warnings(browser, form, url="https://example.org/guide", _continue="yes")) == 1
    assert warnings(browser, form, summary="Said better.", _continue="yes") == []


def test_it_is_told_of_what_a_working_copy_would_say(browser):
    item = ResourceFactory(state="published")
    ResourceFactory(url="https://example.org/guide")
    form = f"/admin/resources/resource/{item.pk}/change/"
    assert len(warnings(browser, form, url="https://example.org/guide")) == 1
    assert WorkingCopy.objects.exists()


def test_no_address_is_no_ones_twin(browser):
    ResourceFactory(url="")
    assert warnings(browser, ADD, **NEW) == []
