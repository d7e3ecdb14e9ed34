"""The proxy that a deployment has in front of the portal: played by a test, or there for real.

It holds the certificate, sends what comes by HTTP on to HTTPS, and tells the portal what came by HTTPS and from whom.
It adds no header to an answer, so what is seen through it is what the portal says.
"""

import shutil
import ssl
import subprocess
import threading
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import create_connection
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest

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


@dataclass
class Front:
    http_port: int
    https_port: int
    certificate: Path


class Plain(BaseHTTPRequestHandler):
    """What came by HTTP is asked to come again by HTTPS."""

    def do_GET(self):
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", f"https://{self.server.https}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Nothing: a test says what went wrong."""


class Secure(StreamRequestHandler):
    """One request of one connection, passed on with what the portal needs to know of it."""

    def handle(self):
        lines = [self.rfile.readline()]
        while lines[-1].strip():
            lines.append(self.rfile.readline())
        head = [line for line in lines[:-1] if not line.lower().startswith(b"connection:")]
        told = [f"{name}: {value}\r\n".encode() for name, value in {**FORWARDED, "Connection": "close"}.items()]
        with create_connection(self.server.portal) as portal:
            portal.sendall(b"".join([*head, *told, b"\r\n"]))
            with portal.makefile("rb") as answer:
                shutil.copyfileobj(answer, self.wfile)


@contextmanager
def in_front_of(portal, folder):
    """Take requests for the host, on two ports of this machine, for as long as the context lasts."""
    address = urlsplit(portal.address)
    certificate, key = certified(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with ExitStack() as stack:
        secure = stack.enter_context(serving(Secure))
        secure.portal = (address.hostname, address.port)
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        plain = stack.enter_context(serving(Plain))
        plain.https = f"{HOST}:{secure.server_address[1]}"
        for server in (secure, plain):
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
        yield Front(plain.server_address[1], secure.server_address[1], certificate)


@contextmanager
def serving(handler):
    server = ThreadingTCPServer(("127.0.0.1", 0), handler)
    try:
        yield server
    finally:
        server.server_close()


def certified(folder):
    """A certificate for the host that nobody else trusts, and its key. Valid for a day."""
    openssl = shutil.which("openssl") or pytest.fail("openssl is missing: apt-get install openssl", pytrace=False)
    certificate, key = folder / "front.pem", folder / "front.key"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "1", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
