"""Taking a copy: the portal is asked for each address as a reader would ask, and the answers are written down."""

import re
from contextlib import contextmanager
from io import BytesIO
from posixpath import dirname, join, normpath
from shutil import copyfile
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import set_urlconf

from curation import moment
from justculture.static_copy import pages
from justculture.static_copy.addresses import NOT_FOUND, all_addresses, place
from justculture.static_copy.links import Links

URL_IN_CSS = re.compile(r"""url\(["']?(?!data:|#)([^"')?#]+)""")


class NotTaken(Exception):
    """A copy could not be taken. The message is a sentence for whoever runs the portal."""


@contextmanager
def one_snapshot():
    """All that is read is of one moment, in the database and by the clock. Gives that moment."""
    with transaction.atomic(durable=True), moment.of_a_copy() as at:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield at


class Copy:
    """A copy that is being written into an empty *folder*. *top* is where its server will show it."""

    def __init__(self, folder, top="/"):
        self.folder, self.top = folder, top
        self.portal = WSGIHandler()
        self.addresses = dict.fromkeys(all_addresses())
        self.static = set()

    def take(self):
        """Write every page and file. Gives how many there are. Raises NotTaken."""
        try:
            for address in self.addresses:
                self.write(address, self.answer(address))
        finally:
            set_urlconf(None)
        self.write_static_files()
        return len(self.addresses) + len(self.static)

    def ask(self, address):
        """The portal's answer to a reader."""
        path, _, query = address.partition("?")
        site = urlsplit(settings.SITE_URL)
        request = WSGIRequest(
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "HTTP_HOST": site.netloc,
                "SERVER_NAME": site.hostname,
                "SERVER_PORT": str(site.port or {"http": 80, "https": 443}[site.scheme]),
                "wsgi.url_scheme": site.scheme,
                "wsgi.input": BytesIO(),
            }
        )
        request.urlconf = pages.__name__
        return self.portal.get_response(request)

    def answer(self, address):
        """What the copy has at an address, as pieces of bytes. A static server cannot redirect: a page does."""
        response = self.ask(address)
        if response.status_code == 301:
            return self.page(address, render_to_string("copy/moved.jinja", {"to": response.headers["Location"]}))
        if response.status_code not in ({404} if address == NOT_FOUND else {200, 410}):
            raise NotTaken(f"{address} answered {response.status_code}.")
        if response.headers["Content-Type"].startswith("text/html"):
            return self.page(address, response.content.decode())
        return response

    def page(self, address, html):
        links = Links(html, address, self.addresses, top=self.top if address == NOT_FOUND else "")
        self.static |= links.static
        return [links.for_the_copy().encode()]

    def write(self, address, pieces):
        file = self.folder / place(address)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as writing:
            writing.writelines(pieces)

    def write_static_files(self):
        """The static files that pages need, and those that style sheets need in turn."""
        waiting = list(self.static)
        while waiting:
            name = waiting.pop()
            source, file = staticfiles_storage.path(name), self.folder / settings.STATIC_URL.strip("/") / name
            file.parent.mkdir(parents=True, exist_ok=True)
            copyfile(source, file)
            if name.endswith(".css"):
                asked = {normpath(join(dirname(name), url)) for url in URL_IN_CSS.findall(file.read_text("utf-8"))}
                waiting += asked - self.static
                self.static |= asked
