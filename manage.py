#!/usr/bin/env python
"""Run a command of the portal, with its own database around it when it needs one and no other is named."""

import os
import sys
from contextlib import nullcontext

from justculture import embedded

# These look at code and files only. Every other command gets a database; one that has no use for it loses a moment.
WITHOUT_DATABASE = {"", "check", "collectstatic", "diffsettings", "findstatic", "help", "startapp", "version"}


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "justculture.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        with database():
            execute_from_command_line(sys.argv)
    except (embedded.EmbeddedServerError, ImproperlyConfigured) as problem:
        sys.exit(f"{problem}")
    except KeyboardInterrupt:
        sys.exit(130)


def database():
    """What has to be there while the command runs."""
    from django.conf import settings

    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in WITHOUT_DATABASE or command.startswith("-") or {"-h", "--help"} & set(sys.argv):
        return nullcontext()
    return embedded.running(settings.VAR_DIR) if settings.EMBEDDED else nullcontext()


if __name__ == "__main__":
    main()
