"""Opening pages, and noting whatever no page of the portal may cause, whoever looks at it."""

from contextlib import contextmanager
from urllib.parse import urlsplit

SEEN = """document.addEventListener("securitypolicyviolation", (violation) =>
    report(`${violation.violatedDirective} refused ${violation.blockedURI} at ${violation.sourceFile}`))"""


@contextmanager
def watched(browser, server):
    """Gives a function that opens a page in a browser of its own. In the end, all they caused must be nothing."""
    contexts, seen = [], []

    def opened(*, cookies=(), **options):
        context = browser.new_context(
            **{
                "base_url": server,
                "viewport": {"width": 1280, "height": 900},
                "reduced_motion": "reduce",
                "locale": "en-GB",
                "timezone_id": "Europe/London",
                **options,
            }
        )
        context.add_cookies([{**cookie, "url": server} for cookie in cookies])
        watch(context, server, seen)
        contexts.append((context, bool(cookies)))
        return context.new_page()

    try:
        yield opened
        for context, signed_in in contexts:
            page = context.pages[0]
            if not signed_in and not urlsplit(page.url).path.startswith("/admin/"):
                kept = context.storage_state()
                seen += [f"cookie {cookie['name']}" for cookie in kept["cookies"]]
                seen += [f"stored {origin}" for origin in kept["origins"]]
        assert not seen, "\n".join(seen)
    finally:
        for context, _ in contexts:
            context.close()


def watch(context, server, seen):
    def asked(request):
        if urlsplit(request.url).scheme in {"http", "https"} and not request.url.startswith(server):
            seen.append(f"asked for {request.url}")

    def answered(response):
        if response.status >= 400 and response.request.resource_type != "document":
            seen.append(f"{response.status} for {response.url}")

    def said(message):
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            seen.append(f"console: {message.text}")

    context.expose_function("report", lambda violation: seen.append(violation))  # Playwright marks what it is given
    context.add_init_script(SEEN)
    context.on("request", asked)
    context.on("response", answered)
    context.on("console", said)
    context.on("weberror", lambda error: seen.append(f"script: {error.error}"))
