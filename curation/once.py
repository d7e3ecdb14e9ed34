"""A form that is sent to the admin is saved once, however often its button is pressed.

Each form carries a key that no other has. The first to arrive with it saves, and what it led to is kept; the same
form again is led there too, and waits for the first where both come at the same moment. A form that was sent, gone back
to and typed in again has the same key but says something else: it is another form, and nothing typed is lost.
"""

import secrets
from datetime import timedelta
from functools import wraps
from hashlib import sha256

from django.db import connection, transaction
from django.http import HttpResponseRedirect
from django.utils import timezone

from justculture import database

KEY = "form_key"
KEPT = timedelta(days=1)
LIMIT = "15s"  # how long a curator's save may take; reading on the web gives up sooner


def new_key():
    return secrets.token_urlsafe(16)


def take_time():
    """Give this transaction the time that an admin's write may take."""
    database.patience.set(database.WRITING)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [LIMIT])


def saved_once(view):
    """Decorator: what is sent to *view* is one transaction, and is not done a second time when it is sent again."""

    @wraps(view)
    def answer(request, *args, **kwargs):
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            take_time()
            if not request.POST.get(KEY):
                return view(request, *args, **kwargs)
            form, is_new = forms().get_or_create(digest=digest(request), defaults={"sent_at": timezone.now()})
            if not is_new:
                return HttpResponseRedirect(form.led_to)
            response = view(request, *args, **kwargs)
            if response.status_code == HttpResponseRedirect.status_code:
                form.led_to = response.headers["Location"]
                form.save()
            else:  # it is asked again: nothing was saved
                form.delete()
            return response

    return answer


def forms():
    from curation.models import SentForm

    return SentForm.objects


def digest(request):
    """What stands for one form, with all that it says, as one curator sent it to one address."""
    said = sorted((name, values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    return sha256(repr((request.user.pk, request.get_full_path(), said)).encode()).hexdigest()


def forget_old():
    """Nobody sends a form again a day later."""
    forms().filter(sent_at__lt=timezone.now() - KEPT).delete()
