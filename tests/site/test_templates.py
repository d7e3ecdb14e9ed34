"""Templates compile, keep to the design system, and speak up about mistakes."""

import json
import re
from datetime import UTC, date, datetime, time
from importlib.metadata import metadata
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import engines
from jinja2 import UndefinedError

from justculture.examples import examples
from tests.site.html import meaning

PACKAGE = settings.BASE_DIR / "node_modules/nhsuk-frontend"
COMPONENTS = PACKAGE / "dist/nhsuk/components"
TEMPLATES = sorted(path for path in (settings.BASE_DIR / "templates").rglob("*.jinja"))
CALL = "{{% from '{0}' import {1} %}}"


@pytest.fixture(scope="module")
def env():
    return engines["jinja2"].env


@pytest.fixture(scope="module")
def render(env):
    """A line of template, with our macros at hand."""

    def render(source, **context):
        names = {
            "browse": "choices, facet, filter_form, chosen_filters, page_links, search_box",
            "lists": "card_list, resource_list, event_list, set_list, lineage_list",
            "status": "callout, inset, tag, review_line, superseded_notice",
            "summary": "row, row_of_links, summary_list",
        }
        imports = "".join(CALL.format(f"components/{file}.jinja", macros) for file, macros in names.items())
        return env.from_string(imports + source).render(context)

    return render


def fixture(component, name):
    fixtures = json.loads((COMPONENTS / component / "fixtures.json").read_text("utf-8"))["fixtures"]
    return next(f for f in fixtures if f["name"] == name)


# They compile, and are loud


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_compiles(env, path):
    env.get_template(str(path.relative_to(settings.BASE_DIR / "templates")))


@pytest.mark.parametrize("mistake", ["titel", "item.titel", "site.nmae", "nhsuk.buton({})", "item.publisher.nmae"])
def test_a_misspelt_name_raises(env, mistake):
    with pytest.raises(UndefinedError):
        env.from_string(f"{{{{ {mistake} }}}}").render(item=SimpleNamespace(publisher=SimpleNamespace(name="A")))


def test_a_parameter_that_a_macro_of_nhs_england_does_not_get_is_no_mistake(env):
    html = env.from_string('{{ nhsuk.button({"text": "Save"}) }}').render()
    assert meaning(html) == meaning(fixture("button", "default")["html"].replace("Save and continue", "Save"))


def test_words_are_escaped_everywhere(render):
    script = "<script>alert(1)</script>"
    items = examples()
    for item in [*items.resources, *items.sets, *items.events]:
        item.title = item.summary = script
    html = render(
        "{{ resource_list(r) }}{{ set_list(s) }}{{ event_list(e) }}{{ chosen_filters([(script, '#')], '#') }}"
        "{% call summary_list() %}{{ row(script, script) }}{% endcall %}{{ tag(script) }}"
        "{{ search_box('#', script, script) }}",
        r=items.resources,
        s=items.sets,
        e=items.events,
        script=script,
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 18


def test_structured_data_cannot_end_its_element(env):
    html = env.from_string("{{ data | json_data }}").render(data={"name": "</script><b>&", "on": date(2026, 8, 6)})
    assert not set("<>&") & set(html)
    assert json.loads(html) == {"name": "</script><b>&", "on": "2026-08-06"}


# They keep to the policy


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_inline_style_or_script(path):
    source = path.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source)
    allowed = [
        "<script>{{ inline_script | safe }}<",
        '<script type="application/ld+json">',
        '<script type="module" src=',
    ]
    assert source.count("<script") == sum(source.count(script) for script in allowed)


# They keep to the design system


def test_the_macros_are_the_release_of_the_styles():
    wanted = json.loads((settings.BASE_DIR / "package.json").read_text())["dependencies"]["nhsuk-frontend"]
    installed = json.loads((PACKAGE / "package.json").read_text())["version"]
    macros = metadata("nhsuk-frontend-jinja")
    pairs = dict(re.findall(r"^\| ([\d.]+) \| ([\d.]+) \|$", macros.get_payload(), re.MULTILINE))
    assert installed == wanted
    assert pairs[wanted] == macros["Version"]


def test_the_lock_file_names_no_registry():
    assert "://" not in (settings.BASE_DIR / "package-lock.json").read_text()


def test_every_nhsuk_class_exists():
    css = (PACKAGE / "dist/nhsuk/nhsuk-frontend.min.css").read_text("utf-8")
    known = set(re.findall(r"\.(nhsuk-[\w-]+)", css))
    for path in COMPONENTS.glob("*/fixtures.json"):
        known |= set(re.findall(r"nhsuk-[\w-]+", path.read_text("utf-8")))
    used = set()
    for path in TEMPLATES:
        source = re.sub(r"{#.*?#}", "", path.read_text("utf-8"), flags=re.DOTALL)
        names = re.findall(r"(?<![\w-])nhsuk-[a-z][\w-]*", source)
        used |= {name for name in names if not name.endswith("-") and name != "nhsuk-frontend"}
    assert used - known == set()


def test_every_class_of_ours_has_a_style():
    css = (settings.BASE_DIR / "static/css/portal.css").read_text("utf-8")
    styled = set(re.findall(r"\.(app-[\w-]+)", css))
    scripts = [settings.BASE_DIR / "static/js/suggest.js"]  # which prints some of its own
    source = "".join(path.read_text("utf-8") for path in [*TEMPLATES, *scripts])
    printed = re.sub(r"{%.*?%}", " ", source)
    for name in styled:
        assert re.search(rf"(?<![\w-]){name}(?![\w-])", printed) or name.startswith("app-strip--"), name


def test_page_links_are_as_the_package_prints_them(render):
    wanted = fixture("pagination", "numbered with many pages")
    pager = SimpleNamespace(
        number=10, count=40, items=[1, None, 8, 9, 10, 11, 12, None, 40], link="#/section/{}".format
    )
    assert meaning(render("{{ page_links(pager) }}", pager=pager)) == meaning(wanted["html"])


def test_one_page_has_no_page_links(render):
    pager = SimpleNamespace(number=1, count=1, items=[1], link="?page={}".format)
    assert render("{{ page_links(pager) }}", pager=pager).strip() == ""


@pytest.mark.parametrize("kind", ["checkboxes", "radios"])
def test_choices_are_as_the_package_prints_them(env, render, kind):
    items = [{"value": "email", "text": "Email", "checked": True}, {"value": "phone", "text": "Phone"}]
    options = {"name": "example", "idPrefix": "example", "classes": f"nhsuk-{kind}--small", "items": items}
    wanted = meaning(env.from_string("{{ nhsuk[kind](options) }}").render(kind=kind, options=options))
    ours = [
        SimpleNamespace(value=item["value"], label=item["text"], count=None, is_chosen="checked" in item)
        for item in items
    ]
    html = render(
        "{{ choices('example', items, type) }}", items=ours, type={"checkboxes": "checkbox"}.get(kind, "radio")
    )
    assert meaning(html) == wanted[1:-1]  # without the form group around it


def test_the_search_box_is_as_the_package_prints_it(env, render):
    options = {
        "label": {"text": "Search for", "size": "s"},
        "id": "search-words",
        "name": "q",
        "large": True,
        "width": 30,
        "value": "blame",
        "button": {"classes": "nhsuk-button--brand"},
    }
    wanted = meaning(env.from_string("{{ nhsuk.search_input(options) }}").render(options=options))
    html = meaning(render("{{ search_box('/search/', 'Search for', 'blame') }}"))
    assert html[2:-2] == wanted  # without the form around it


def test_summary_rows_are_as_the_package_prints_them(render):
    wanted = fixture("summary-list", "default")
    first = wanted["context"]["rows"][:1]
    html = render(
        "{% call summary_list() %}{{ row(key, value) }}{% endcall %}",
        key=first[0]["key"]["text"],
        value=first[0]["value"]["text"],
    )
    assert meaning(html)[:-1] == meaning(wanted["html"])[: len(meaning(html)) - 1]


def test_a_row_is_never_empty(render):
    assert "Not known" in render("{% call summary_list() %}{{ row('Cost', '') }}{% endcall %}")
    assert "Not known" in render("{% call summary_list() %}{{ row_of_links('Topics', []) }}{% endcall %}")


@pytest.mark.parametrize(
    ("source", "component", "name"),
    [
        (
            "{% call callout('Important', 3) %}<p class=nhsuk-card__description>TEXT</p>{% endcall %}",
            "warning-callout",
            "default",
        ),
        ("{% call inset() %}<p>TEXT</p>{% endcall %}", "inset-text", "default"),
        ("{{ tag('Active') }}", "tag", "default"),
    ],
)
def test_notices_are_as_the_package_prints_them(render, source, component, name):
    wanted = fixture(component, name)
    html = render(source).replace("TEXT", wanted["context"].get("text", ""))
    assert meaning(html) == meaning(wanted["html"])


def test_the_header_is_as_the_package_prints_it_but_for_the_logo(env, settings):
    header = env.get_template("frame/header.jinja")
    settings.SHOW_NHS_LOGO = False
    ours = meaning(header.render(section="events", has_search=True))
    settings.SHOW_NHS_LOGO = True
    theirs = meaning(header.render(section="events", has_search=True))
    assert "NHS" not in ours
    assert "NHS" in theirs
    end_of_name = next(i for i, part in enumerate(ours) if part[0] == "search")
    start_of_search = next(i for i, part in enumerate(theirs) if part[0] == "search")
    assert ours[end_of_name:] == theirs[start_of_search:]


# They say what they must


def test_breadcrumbs_name_the_way_back(env):
    html = env.get_template("frame/breadcrumb.jinja").render(breadcrumbs=[("Resources", "/resources/")])
    trail = {"items": [{"text": "Home", "href": "/"}, {"text": "Resources", "href": "/resources/"}]}
    assert meaning(html) == meaning(env.from_string("{{ nhsuk.breadcrumb(trail) }}").render(trail=trail))


def test_a_superseded_item_says_so_and_leads_on(render):
    item = examples().resources[1]
    html = render("{{ superseded_notice(item, successor) }}", item=item, successor=examples().successor)
    assert "This report has been replaced" in html
    assert '<a href="/resources/">What replaced it</a>' in html


def test_review_dates(render):
    item = examples()
    assert "Page last reviewed: 1 June 2026" in render("{{ review_line(item) }}", item=item.reviewed)
    overdue = render("{{ review_line(item) }}", item=item.overdue)
    assert "due for review by 1 June 2020" in overdue
    assert "Not yet reviewed by the forum" in overdue


@pytest.mark.parametrize(
    ("value", "filtered", "words"),
    [
        (date(2026, 8, 6), "date", "6 August 2026"),
        (datetime(2026, 8, 5, 23, 30, tzinfo=UTC), "date", "6 August 2026"),
        (time(14), "time", "2pm"),
        (time(14, 30), "time", "2:30pm"),
        (time(9, 5), "time", "9:05am"),
        (time(12), "time", "midday"),
        (time(0), "time", "midnight"),
        (time(0, 15), "time", "12:15am"),
        (datetime(2026, 8, 6, 13, tzinfo=UTC), "time", "2pm"),
        (datetime(2026, 8, 6, 13, tzinfo=UTC), "iso", "2026-08-06T14:00+01:00"),
        ("2021-06", "words", "June 2021"),
        ("", "words", ""),
        (1234567, "number", "1,234,567"),
        (1, "plural('resource')", "1 resource"),
        (0, "plural('resource')", "0 resources"),
        (1200, "plural('person', 'people')", "1,200 people"),
        ("https://www.england.nhs.uk/a", "host", "england.nhs.uk"),
    ],
)
def test_words(env, value, filtered, words):
    assert env.from_string(f"{{{{ value | {filtered} }}}}").render(value=value) == words


@pytest.mark.parametrize(
    ("starts", "ends", "is_all_day", "words"),
    [
        ("2026-08-06T13:00", "2026-08-06T15:00", False, "Thursday 6 August 2026, 2pm to 4pm"),
        ("2026-08-05T23:00", "2026-08-06T23:00", True, "Thursday 6 August 2026"),
        ("2026-08-05T23:00", "2026-08-06T22:59", True, "Thursday 6 August 2026"),
        ("2026-08-05T23:00", "2026-08-07T23:00", True, "Thursday 6 August to Friday 7 August 2026"),
        ("2026-12-31T00:00", "2027-01-02T00:00", True, "Thursday 31 December 2026 to Friday 1 January 2027"),
        (
            "2026-08-06T09:00",
            "2026-08-07T15:30",
            False,
            "Thursday 6 August 2026, 10am to Friday 7 August 2026, 4:30pm",
        ),
    ],
)
def test_spans(env, starts, ends, is_all_day, words):
    event = SimpleNamespace(
        starts_at=datetime.fromisoformat(starts).replace(tzinfo=UTC),
        ends_at=datetime.fromisoformat(ends).replace(tzinfo=UTC),
        is_all_day=is_all_day,
    )
    assert env.from_string("{{ event | span }}").render(event=event) == words
