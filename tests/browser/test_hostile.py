"""What nobody means well by, stored in every text there is, opened in Chromium under our policy: all of it is text.

`opened` fails on any refusal by the policy, script error, or request to elsewhere: not only does nothing get through,
nothing is even tried.
"""

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.db import models, transaction
from django.urls import reverse
from playwright.sync_api import expect

from curation import copies, history, past
from curation.models import Content, Region
from principles.models import PrincipleSet
from resources.models import Resource
from tests import addresses, databases, hostile
from tests.browser import content
from tests.browser.conftest import signed_in
from tests.factories import TESTER, EventFactory, ResourceFactory, SetFactory, curator

INJECTED = """() => [...document.querySelectorAll("iframe, embed, object, img:not([src^='/static/']), style, base")]
    .concat([...document.querySelectorAll("*")].filter((one) => [...one.attributes].some((a) => /^on/i.test(a.name))))
    .concat([...document.querySelectorAll("a[href], form[action]")].filter((one) =>
        !/^(https?|mailto):$/.test(new URL(one.href ?? one.action, location).protocol)))
    .map((one) => one.outerHTML)"""


@pytest.fixture
def stored(server, use, tables, worker_id):
    """The portal with one of everything that is hostile, drafts and a working copy among it, and nothing else."""
    name = f"browser_hostile_{worker_id}"
    databases.create(name, tables)
    use(name)
    with transaction.atomic():
        history.because(hostile.MARKUP[:60], by=TESTER, note=hostile.MARKUP)
        hostile.store()
        national = Region.objects.get(slug="national")
        for make in (ResourceFactory, SetFactory, EventFactory):
            hostile.stored(make(slug="draft", owner=national))
        item = Resource.objects.get(slug="one")
        said = past.now(item)
        said["fields"].update(title=hostile.MARKUP, body=hostile.MARKDOWN, summary=hostile.MARKUP)
        copies.write(item, said, by=TESTER, note=hostile.MARKDOWN)
        curator("national", email=content.NATIONAL, name=hostile.MARKUP[:90])
    yield server
    databases.drop(name)


def looked_at(page, paths):
    """Open each; what was injected in any, and any dialog, by path."""
    found = {}
    page.on("dialog", lambda dialog: (found.setdefault(page.url, []).append(dialog.message), dialog.dismiss()))
    for path in paths:
        page.goto(path)
        if injected := page.evaluate(INJECTED):
            found[path] = injected
    return found


def test_on_every_page_that_readers_see(stored, page):
    assert looked_at(page, hostile.SHOWN) == {}
    page.goto("/resources/one/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>alert(1)</script>")


def test_on_every_page_of_the_admin_and_in_previews(stored, opened):
    page = opened(cookies=signed_in(content.NATIONAL))
    assert looked_at(page, ["/admin/", "/admin/sessions/", *pages_of_the_admin()]) == {}
    page.goto("/admin/resources/resource/")
    expect(page.locator("#result_list")).to_contain_text("<script>alert(1)</script>")


def pages_of_the_admin():
    """Each page of each model, of something hostile; the verbs of drafts and of what is published too."""
    for model in site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        pages = sorted(n for n in addresses.of_admin() if n.startswith(name))
        rows = {model._base_manager.order_by("-pk").first(), *slugs(model)} - {None}
        for page in pages:
            if page.endswith(("_changelist", "_add")):
                yield reverse(page)
                continue
            for row in rows:
                then = "?at=2050-01-01T00:00:00Z" if page.endswith(("_compare", "_restore")) else ""
                yield reverse(page, args=[row.pk]) + then
        if hasattr(model, "get_preview_url") and issubclass(model, Content):
            yield from (row.get_preview_url() for row in rows)


def slugs(model):
    has_slug = any(field.name == "slug" for field in model._meta.fields)
    return model._base_manager.filter(slug__in=["one", "draft"]) if has_slug else ()


def test_in_completions_previews_of_markdown_and_what_a_late_save_is_told(stored, opened):
    page = opened(cookies=signed_in(content.NATIONAL))
    page.goto("/admin/resources/resource/add/")
    page.get_by_role("combobox", name="Publisher").press("Enter")
    page.get_by_role("searchbox", name="Publisher").fill("alert")
    option = page.locator(".select2-results__option--highlighted")
    option.wait_for()
    expect(option).to_contain_text("<script>alert(1)</script>")
    option.click()
    page.get_by_role("textbox", name="Description").fill(f"{hostile.MARKDOWN}\n\n{hostile.MARKUP}")
    page.get_by_role("button", name="Preview of description").click()
    expect(page.get_by_role("region", name="Preview of description")).to_contain_text("alert(1)")
    assert page.evaluate(INJECTED) == []
    draft = PrincipleSet.objects.get(slug="draft")
    page.goto(f"/admin/principles/principleset/{draft.pk}/change/")
    PrincipleSet.objects.filter(pk=draft.pk).update(version=draft.version + 1, title=hostile.MARKUP + "changed")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errornote")).to_be_visible()
    assert page.evaluate(INJECTED) == []


def test_no_free_text_was_left_out(stored):
    """Of what readers are shown: every model, every text that a form or an import can fill."""
    ordinary = {  # texts of a shape of their own, which the database holds them to
        *("Resource.published_on", "PrincipleSet.published_on", "Claim.as_at", "SetVersion.dated"),
        *("Agreement.agreed_on", "LineageLink.linked_on"),
    }
    left_out = set()
    for model in apps.get_models():
        if issubclass(model, Content) and not model._meta.proxy and not hasattr(model, "pgh_tracked_model"):
            for field in model._meta.fields:
                is_free = isinstance(field, models.TextField) or type(field) is models.CharField
                if is_free and field.editable and not field.choices:
                    name = f"{model.__name__}.{field.name}"
                    holds = model._base_manager.filter(**{f"{field.name}__contains": "alert(1)"})
                    left_out |= set() if name in ordinary or holds.exists() else {name}
    assert left_out == set()


def test_what_would_get_through_is_seen(chromium):
    page = chromium.new_page()
    page.set_content(
        "<p onclick=a()>a</p><iframe></iframe><a href='javascript:1'>b</a><style>*{}</style><a href=/c>c</a>"
    )
    assert len(page.evaluate(INJECTED.replace("location)", "'http://a/')"))) == 4
    page.close()
