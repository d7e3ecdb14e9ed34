"""Asking a WSGI application as granian does, without a server between."""

import io
import sys
from typing import NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    status: int
    headers: dict  # by name in small letters
    body: bytes


def ask(application, address, method="GET", body=b"", **headers):
    """What it answers. A header is given as accept_encoding="br"."""
    parts = urlsplit(address)
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "HTTP_HOST": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        **{
            (name.upper() if name.startswith("content_") else f"HTTP_{name.upper()}"): value
            for name, value in headers.items()
        },
    }
    said = []
    response = application(environ, lambda status, headers, exc_info=None: said.append((status, headers)))
    try:
        sent = b"".join(response)
    finally:
        if hasattr(response, "close"):
            response.close()
    ((status, told),) = said
    names = [name.lower() for name, _ in told]
    assert sorted(names) == sorted(set(names) | {"set-cookie"} & set(names)), "a header is there twice"
    return Answer(int(status.split()[0]), dict(zip(names, (value for _, value in told), strict=True)), sent)
