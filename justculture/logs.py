"""Logs as JSON, one line each, in UTC, and nothing in them about a person."""

import json
import logging
import re
from datetime import UTC, datetime

# An address that works without signing in carries a key; PostgreSQL repeats the values that it refused.
KEY_IN_ADDRESS = re.compile(r"(?<=/link/)[^/\s]+|(?<=/admin/password/)[^/\s]+/[^/\s]+")
VALUES_IN_ERROR = re.compile(r"^(DETAIL|CONTEXT):.*$", re.MULTILINE)


def is_of_use(record):
    """Granian advises against more threads than cores. Most of ours wait for a turn, as is meant."""
    return "Python threads" not in record.getMessage()


class JsonLines(logging.Formatter):
    """A record as a JSON object; whatever came from outside is escaped, so it cannot break the line."""

    def format(self, record):
        said = request(record.args) if record.name == "granian.access" else {"message": record.getMessage()}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **{key: self.discreet(value) for key, value in said.items()},
        }
        if record.exc_info:
            line["error"] = self.discreet(self.formatException(record.exc_info))
        return json.dumps(line, default=str)

    @staticmethod
    def discreet(value):
        if not isinstance(value, str):
            return value
        return VALUES_IN_ERROR.sub(r"\1: ...", KEY_IN_ADDRESS.sub("...", value))


def request(facts):
    """Of what granian knows about a request, what may be kept: not the address, the query or the browser."""
    return {
        "method": facts["method"],
        "path": facts["path"].encode("latin-1").decode(errors="replace")[:200],  # WSGI writes bytes as Latin-1
        "status": facts["status"],
        "ms": round(facts["dt_ms"], 1),
    }
