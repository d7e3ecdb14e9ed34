"""The verbs that curators use on many items at once, from a list: asked about with numbers, then done one by one."""

from typing import NamedTuple

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.template.response import TemplateResponse

from curation.states import NotAllowed
from justculture.words import plural

MOST = 200  # items at once: as many as can be looked through before saying yes, and done within one request


class Refused(NamedTuple):
    """An item with which it cannot be done, and why."""

    item: object
    why: str


def action(verb):
    """What Django's admin calls when *verb* is chosen above a list. None: go back to the list, filtered as it was."""

    def ask_or_do(page, request, chosen):
        items = list(chosen.order_by(*page.model._meta.ordering)[: MOST + 1])
        if len(items) > MOST:
            messages.error(request, f"Nothing was done. At most {MOST} can be dealt with at once: choose fewer.")
            return None
        ready, refused = sorted_out(verb, items, request.user)
        is_sent = "confirmed" in request.POST
        form = verb.form(None, request.POST if is_sent else None)
        if is_sent and form.is_valid():
            done, refused_now = do(verb, ready, by=request.user, **form.cleaned_data)
            if done:
                return tell(request, verb, page.opts, done, [*refused, *refused_now])
            for why in dict.fromkeys(one.why for one in refused_now):
                form.add_error(None, why)
        context = {
            **page.admin_site.each_context(request),
            "title": f"{verb.label}: {counted(page.opts, len(ready))}" if ready else verb.label,
            "opts": page.opts,
            "form": form,
            "label": verb.label,
            "ready": ready,
            "refused": refused,
            "count_refused": counted(page.opts, len(refused)),
            "back": request.get_full_path(),
            "sent": {"action": verb.name, "confirmed": "yes"},
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/bulk.html", context)

    return ask_or_do


def sorted_out(verb, items, person):
    """The items with which *person* can do it, and the others with the reason, as (items, [Refused])."""
    if not items:
        return [], []
    allowed = getattr(type(items[0]).objects, verb.needs)(person).filter(pk__in=[item.pk for item in items])
    allowed = set(allowed.values_list("pk", flat=True))
    why = {item.pk: verb.why_not(item, person) if item.pk in allowed else "You may not do this." for item in items}
    ready = [item for item in items if not why[item.pk]]
    return ready, [Refused(item, why[item.pk]) for item in items if why[item.pk]]


@transaction.atomic
def do(verb, items, *, by, **asked):
    """Do it with each item on its own: one that is refused stays as it is. What was done, and [Refused]."""
    done, refused = [], []
    for item in items:
        try:
            with transaction.atomic():
                verb.act(item, by=by, **asked)
        except (NotAllowed, ValidationError) as refusal:
            refused.append(Refused(item, " ".join(getattr(refusal, "messages", [str(refusal)]))))
        except PermissionDenied:
            refused.append(Refused(item, "You may not do this."))
        else:
            done.append(item)
    return done, refused


def counted(opts, number):
    return plural(number, str(opts.verbose_name), str(opts.verbose_name_plural))


def tell(request, verb, opts, done, refused):
    messages.success(request, f"{verb.label}: done for {counted(opts, len(done))}.")
    for why in dict.fromkeys(one.why for one in refused):
        left = "”, “".join(str(one.item) for one in refused if one.why == why)
        messages.warning(request, f"Not done for “{left}”. {why}")
