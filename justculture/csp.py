"""The one inline script the content security policy allows, and its hash, from one constant.

nhsuk-frontend starts its components only when <body> carries `nhsuk-frontend-supported`. Setting the class in the
module instead shifts the page after it was drawn, so the line stays inline and is allowed by its hash.
"""

from base64 import b64encode
from hashlib import sha256

from django.conf import settings

INLINE_SCRIPT = (
    "document.body.className += ' js-enabled' + "
    "('noModule' in HTMLScriptElement.prototype ? ' nhsuk-frontend-supported' : '');"
)
INLINE_SCRIPT_HASH = f"'sha256-{b64encode(sha256(INLINE_SCRIPT.encode()).digest()).decode()}'"


def policy_of_copies():
    """The policy as a page of a static copy states it itself: it has no form, and only a header can speak of frames."""
    directives = {**settings.CONTENT_SECURITY_POLICY["DIRECTIVES"], "form-action": ["'none'"]}
    del directives["frame-ancestors"]
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
