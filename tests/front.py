"""The proxy that a deployment has in front of the portal, played by a test."""

from contextlib import closing
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.factories import PASSWORD
from tests.forms import Fields

HOST = "portal.example"
DEPLOYED = {"SITE_URL": f"https://{HOST}", "ALLOWED_HOSTS": HOST, "TRUSTED_PROXIES": "1"}  # a portal behind it
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


class Answer(NamedTuple):
    status: int
    headers: list  # of names and values, as they came
    body: bytes

    def __getitem__(self, name):
        """The value of a header that came once."""
        (value,) = [value for found, value in self.headers if found.lower() == name]
        return value

    @property
    def set_cookies(self):
        return [value.strip() for name, value in self.headers if name.lower() == "set-cookie"]


class Browser:
    """Someone's browser, which keeps its cookies, and the proxy that passes on what it asks."""

    def __init__(self, portal):
        self.address, self.cookies = urlsplit(portal.address), {}

    def ask(self, path, method="GET", form=None, **headers):
        """The answer to a request, sent as it stands. *headers* are named like `if_none_match`."""
        body = b"" if form is None else urlencode(form).encode()
        sent = {"Host": HOST, **FORWARDED, "Content-Length": len(body)}
        if form is not None:
            sent |= {"Origin": DEPLOYED["SITE_URL"], "Content-Type": "application/x-www-form-urlencoded"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        with closing(HTTPConnection(self.address.hostname, self.address.port, timeout=10)) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        for cookie in answer.set_cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def fill_in(self, path, to=None, **typed):
        """The answer to the form at *path*, sent there or to another address."""
        form = Fields(self.ask(path).body.decode()).values
        return self.ask(to or path, "POST", {name: values[0] for name, values in form.items()} | typed)

    def sign_in(self, email):
        return self.fill_in("/admin/login/", username=email, password=PASSWORD)
