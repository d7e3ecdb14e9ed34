"""Serve the bare site on PORT, as the portal is served: `python -m tests.bench.serve_bare`."""

import os

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.bare"
    django.setup()
    from justculture.management.commands.serve import serve

    serve("127.0.0.1", "tests.bench.page")
