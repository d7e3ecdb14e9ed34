"""A preview is a place to walk about in: its links lead on to what else this curator has not published yet."""

import pytest
from django.conf import settings
from django.test import Client

from curation import actions, copies, past
from tests.factories import TESTER, EventFactory, ResourceFactory, SetFactory, curator, version_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser():
    client = Client()
    client.force_login(curator("north-west"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def written(*others, **facts):
    """A draft whose text links to each of these."""
    lines = [f"[{item.title}]({item.get_absolute_url()})" for item in others]
    return ResourceFactory(body=", ".join(lines), **facts)


def shown(browser, item):
    return browser.get(item.get_preview_url()).content.decode()


def test_what_is_written_leads_to_the_previews_of_other_drafts_of_every_kind(browser):
    drafts = [ResourceFactory(), SetFactory(), EventFactory()]
    page = shown(browser, written(*drafts))
    for draft in drafts:
        assert f'href="{draft.get_preview_url()}"' in page
        assert f'href="{draft.get_absolute_url()}"' not in page
        assert browser.get(draft.get_preview_url()).status_code == 200


def test_also_a_full_address_and_one_that_ends_at_a_place_in_the_page(browser):
    draft = SetFactory()
    version_of(draft, "Fairness")
    full = settings.SITE_URL + draft.get_absolute_url()
    item = ResourceFactory(body=f"[A]({full}#fairness), [B](https://example.org{draft.get_absolute_url()})")
    page = shown(browser, item)
    assert f'href="{draft.get_preview_url()}#fairness"' in page
    assert f'href="https://example.org{draft.get_absolute_url()}"' in page  # another's address is left alone


def test_what_readers_see_keeps_its_own_address(browser):
    public = ResourceFactory(state="published")
    assert f'href="{public.get_absolute_url()}"' in shown(browser, written(public))


def test_another_regions_draft_is_not_given_away(browser):
    theirs = ResourceFactory(owner__slug="london")
    page = shown(browser, written(theirs))
    assert theirs.get_preview_url() not in page


def test_a_working_copy_leads_on_too(browser):
    draft, item = ResourceFactory(), ResourceFactory(state="published")
    said = past.now(item)
    copies.write(item, {**said, "fields": {**said["fields"], "body": f"[x]({draft.get_absolute_url()})"}}, by=TESTER)
    assert draft.get_preview_url() in shown(browser, item)


def test_a_guest_is_led_nowhere_else():
    draft = ResourceFactory()
    item = written(draft)
    page = Client().get(actions.share_preview(item, by=curator("north-west"))).content.decode()
    assert item.title in page
    assert draft.get_preview_url() not in page


def test_readers_pages_are_left_alone(browser):
    draft = ResourceFactory()
    page = browser.get(written(draft, state="published").get_absolute_url()).content.decode()
    assert draft.get_preview_url() not in page


@pytest.mark.parametrize("count", [1, 12])
def test_it_costs_as_much_for_many_links_as_for_one(browser, django_assert_max_num_queries, count):
    item = written(*(ResourceFactory() for _ in range(count)))
    browser.get(item.get_preview_url())
    with django_assert_max_num_queries(14):
        browser.get(item.get_preview_url())
