"""What calls over the web keep to when they carry a token: no redirect is followed, and the next page is the one that is named."""

import re
import urllib.request
from collections.abc import Sequence
from urllib.parse import urljoin

NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel\s*=\s*"?next(?![\w-])', re.IGNORECASE)


class Stay(urllib.request.HTTPRedirectHandler):
    """A host that sends elsewhere is not followed, as the token would go there, too; its status is an error."""

    def redirect_request(self, *_: object) -> None:
        return None


def next_link(headers: Sequence[str], url: str) -> str:
    """The next page's address in Link headers, empty if there is none."""
    for header in headers:
        if found := NEXT.search(header):
            return urljoin(url, found[1])
    return ""
