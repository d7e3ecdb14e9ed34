"""Two Jinja environments for the public pages.

NHS England's macros (nhsuk-frontend-jinja) test parameters that were not passed, so they need a lenient environment, in
which a misspelt parameter prints nothing. Ours is loud: a name or an attribute that is not there raises. The macros are
made in the lenient one and offered to ours as `nhsuk.button`, `nhsuk.input` and so on.
"""

import json
from functools import cache, lru_cache
from types import SimpleNamespace

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.core.signals import setting_changed
from django.templatetags.static import static
from django.urls import reverse
from jinja2 import ChainableUndefined, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from curation import moment
from curation.models import address
from justculture import words
from justculture.csp import INLINE_SCRIPT, policy_of_copies
from justculture.markdown import markdown

WHITESPACE = {"trim_blocks": True, "lstrip_blocks": True}
A_COUNT = "\ue000"  # a character that means nothing, where a number will be
MACROS = {
    "action_link": "actionLink",
    "breadcrumb": "breadcrumb",
    "button": "button",
    "checkboxes": "checkboxes",
    "header": "header",
    "radios": "radios",
    "search_input": "searchInput",
    "skip_link": "skipLink",
}


class Site:
    """What the service is called and where it lives, read when a page is made so that tests can change the settings."""

    name = property(lambda self: settings.SERVICE_NAME)
    mailbox = property(lambda self: settings.SERVICE_MAILBOX)
    url = property(lambda self: settings.SITE_URL)
    shows_logo = property(lambda self: settings.SHOW_NHS_LOGO)
    copyright = property(lambda self: settings.COPYRIGHT)
    copied_at = property(lambda self: moment.copied_at())  # None but while a copy is taken, which has no search
    licence = property(lambda self: settings.OPEN_DATA_LICENCE)
    licence_url = property(lambda self: settings.OPEN_DATA_LICENCE_URL)


def environment(**options):
    """Our environment, as Django's Jinja backend asks for it."""
    options |= {"autoescape": True, "undefined": StrictUndefined, **WHITESPACE}
    ours = Environment(**options)  # noqa: S701 (autoescape is in the options)
    ours.globals.update(
        facet_with_counts=facets_with_counts(ours),
        inline_script=INLINE_SCRIPT,
        nhsuk=nhsuk_macros(),
        once=once_per_process(ours),
        policy_of_copies=policy_of_copies,
        remembered=remembered_macros(ours),
        site=Site(),
        static=static,
        url=url,
    )
    ours.filters.update(
        date=words.date,
        host=words.host,
        iso=words.iso,
        json_data=json_data,
        markdown=markdown,
        number=words.number,
        plural=words.plural,
        span=words.span,
        time=words.time,
        words=words.partial_date,
    )
    return ours


def nhsuk_macros():
    lenient = Environment(
        loader=PackageLoader("nhsuk_frontend_jinja"), undefined=ChainableUndefined, autoescape=True, **WHITESPACE
    )
    templates = {name: f"nhsuk/components/{name.replace('_', '-')}/macro.jinja" for name in MACROS}
    return SimpleNamespace(
        **{name: getattr(lenient.get_template(templates[name]).module, macro) for name, macro in MACROS.items()}
    )


def once_per_process(env):
    """`once("frame/footer.jinja")`: a part that is the same on every page, kept after it was first rendered."""

    @cache
    def once(template, **context):
        return Markup(env.get_template(template).render(context))  # noqa: S704 (escaped while rendering)

    setting_changed.connect(lambda **kwargs: once.cache_clear(), weak=False)
    return once


def remembered_macros(env):
    """`remembered("components/lists.jinja", "resource_card", card)`: what a macro made of the same values before.

    Only for values that are equal when all that is shown of them is: texts and tuples, never rows of a model.
    """

    @lru_cache(maxsize=5_000)
    def remembered(template, macro, *values):
        return getattr(env.get_template(template).module, macro)(*values)

    return remembered


def facets_with_counts(env):
    """`facet_with_counts(facet)`: a filter's choices with their counts.

    A filter has up to a hundred choices, and only the numbers beside them differ from page to page.
    """

    @lru_cache(maxsize=200)
    def drawn(name, label, choices, is_open):
        macros = env.get_template("components/browse.jinja").module
        return str(macros.facet(name, label, choices, is_open=is_open, count=A_COUNT)).split(A_COUNT)

    def facet_with_counts(facet, is_open=False):
        first, *others = drawn(facet.name, facet.label, facet.choices, is_open)
        counted = (f"{count:,}{part}" for count, part in zip(facet.counts, others, strict=True))
        return Markup(first + "".join(counted))  # noqa: S704 (escaped while rendering)

    return facet_with_counts


def url(name, *args):
    return reverse(name, args=args) if args else address(name)


def json_data(value):
    """JSON that may stand inside a <script> element: nothing in it can end the element."""
    text = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    text = text.replace("&", "\\u0026").replace("<", "\\u003C").replace(">", "\\u003E")
    return Markup(text)  # noqa: S704 (no markup is left in it)
