"""Calls to a platform's web service over HTTPS: patient, and never to another host than the one that was named.

A call goes to an address of settings or of the same origin, does not follow redirects (the token would go along), checks
certificates, and ends in time. What the platform says of an error is told on one inert line without the token.
"""

import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from grader.classroom.platforms.entering import Declined, PlatformError, Unclear, Unreachable
from grader.errors import GraderError
from grader.frozen import frozen
from grader.one_host import Stay, next_link
from grader.secret import Secret
from grader.text import one_line
from grader.version import __version__

TIMEOUT = 30.0  # seconds until an answer begins
LARGEST = 64 << 20  # bytes of an answer
TRIES = 4  # of a call that changes nothing, and of one that was too fast
LONGEST = 60.0  # seconds to wait because a platform says so
LOOPBACK = ("localhost", "127.0.0.1", "::1")  # where nobody listens in, so that http will do
TOO_FAST = "rate limit exceeded"  # how Canvas says it, with 403

Form = Sequence[tuple[str, str]]


@frozen
class Answer:
    """What came back: JSON, and the address of the next page, empty if this is the last."""

    body: Any
    next: str = ""


@cache
def _checking() -> ssl.SSLContext:
    """How certificates are checked: by those that the system trusts, which are read once."""
    return ssl.create_default_context()


@frozen
class Service:
    """A platform's web service at an address. `pause` waits for seconds."""

    platform: str
    url: str
    secret: Secret
    headers: Mapping[str, str] = field(repr=False)  # Canvas's has the token
    pause: Callable[[float], None] = time.sleep
    timeout: float = TIMEOUT

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        """What opens addresses: it checks certificates, stays where it is, and needs no proxy to reach this machine."""
        here = [urllib.request.ProxyHandler({})] if urlsplit(self.url).hostname in LOOPBACK else []
        return urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=_checking()), *here)

    def read(self, url: str, form: Form = ()) -> Answer:
        """A call that changes nothing, tried several times; Unreachable if no answer comes, PlatformError if it is refused."""
        why = ""
        for attempt in range(TRIES):
            try:
                return self._patient("POST" if form else "GET", url, form)
            except Declined as error:
                raise PlatformError(
                    f"{self.platform} does not give {self._path(url)} ({error}); look whether the settings name the right "
                    "course and assignment, and whether the token may see them"
                ) from None
            except Unclear as error:
                why = str(error)
                if attempt + 1 < TRIES:
                    self.pause(2.0**attempt)
        raise Unreachable(f"{self.platform} at {self.url} does not answer ({why})")

    def write(self, verb: str, url: str, form: Form) -> Answer:
        """A call that changes something, tried again only where it was not taken: too fast. Declined or Unclear otherwise."""
        return self._patient(verb, url, form)

    def pages(self, url: str) -> list[Any]:
        """All items of a list that comes in pages, each naming the next in its Link header."""
        found: list[Any] = []
        seen = set()
        while url and url not in seen:
            seen.add(url)
            answer = self.read(url)
            if not isinstance(answer.body, list):
                raise PlatformError(
                    f"{self.platform} gives no list for {self._path(url)}; is the address the platform's?"
                )
            found += answer.body
            url = answer.next
        return found

    def _patient(self, verb: str, url: str, form: Form) -> Answer:
        """One call, and again after a while where the platform says that it was too fast."""
        for attempt in range(TRIES):
            try:
                return self._once(verb, url, form)
            except _TooFast as error:
                self.pause(min(error.seconds or 2.0 ** (attempt + 1), LONGEST))
        raise Unreachable(f"{self.platform} at {self.url} takes no more calls for now (its rate limit)")

    def _once(self, verb: str, url: str, form: Form) -> Answer:
        if origin(url) != origin(self.url):
            raise PlatformError(
                f"{self.platform} names an address on another host, {one_line(url, 120)}; nothing goes there"
            )
        request = urllib.request.Request(url, urlencode(form).encode() if form else None, method=verb)
        for name, value in {
            "Accept": "application/json",
            "User-Agent": f"deep-grade/{__version__}",
            **self.headers,
        }.items():
            request.add_unredirected_header(name, value)
        try:
            with self._opener.open(request, timeout=self.timeout) as answer:
                text = answer.read(LARGEST + 1)
                return Answer(self._json(text, url), next_link(answer.headers.get_all("Link") or (), url))
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error, url) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            raise self._no_answer(error) from None

    def _json(self, text: bytes, url: str) -> Any:
        if len(text) > LARGEST:
            raise PlatformError(f"{self.platform} answers with more than {LARGEST >> 20} MB to {self._path(url)}")
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise PlatformError(
                f"{self.platform} at {self.url} answers {self._path(url)} with something else than JSON; "
                "is the address the platform's own, as in a browser?"
            ) from None

    def _refusal(self, error: urllib.error.HTTPError, url: str) -> Exception:
        """What a status says: whose fault it is, and what may be tried again."""
        try:
            said = self.said(error.read(LARGEST).decode("utf-8", "replace"))
        except (http.client.HTTPException, OSError):
            said = ""
        words = f"{error.code} {said}".strip()
        if error.code == 429 or (error.code == 403 and TOO_FAST in said.casefold()):
            wait = error.headers.get("Retry-After", "")
            return _TooFast(float(wait) if wait.isdigit() else 0.0)
        if error.code == 401 and (error.headers.get("WWW-Authenticate") or "token" in said.casefold()):
            return PlatformError(
                f"{self.platform} refuses the token ({words}); look whether it is still valid and may grade in this "
                "course, or make a new one"
            )
        if 300 <= error.code < 400:
            return PlatformError(
                f"{self.platform} at {self.url} sends on to another address, where the token does not follow; "
                "write the address into the settings that a browser shows in the end"
            )
        return Unclear(words) if error.code >= 500 or error.code == 408 else Declined(words)

    def _no_answer(self, error: Exception) -> Exception:
        why = getattr(error, "reason", error)
        if isinstance(why, ssl.SSLCertVerificationError):
            return PlatformError(
                f"the certificate of {self.url} cannot be verified ({one_line(why.verify_message)}); no token went there"
            )
        return Unclear(one_line(self.secret.without(str(why) or type(error).__name__), 120))

    def said(self, text: str) -> str:
        """A platform's own words on one line, without the token."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        return one_line(self.secret.without(_message(data) or re.sub(r"<[^<>]*>", " ", text)), 200)

    def _path(self, url: str) -> str:
        return one_line(urlsplit(url).path, 120)


class _TooFast(Exception):
    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds


def _message(data: Any) -> str:
    """The sentence in an error's JSON, in the forms of Canvas, Moodle and OAuth."""
    if isinstance(data, dict):
        for name in ("errors", "error_description", "message", "error"):
            if found := _message(data.get(name)):
                return found
    if isinstance(data, list):
        return "; ".join(filter(None, map(_message, data)))
    return data if isinstance(data, str) else ""


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return (
        parts.scheme.lower(),
        (parts.hostname or "").lower(),
        parts.port or {"https": 443, "http": 80}.get(parts.scheme),
    )


def checked_address(url: str, where: str) -> str:
    """An address that a token may go to; GraderError for one without TLS, with a password in it, or that is none."""
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port is not False
    except ValueError:
        parts, whole = urlsplit(""), False
    if "@" in parts.netloc:
        raise GraderError(f"{where} has a name or a password in its address; leave it out")
    if not whole or parts.scheme not in ("https", "http") or not url.isascii() or not url.isprintable() or " " in url:
        raise GraderError(f"{where} must be an address such as https://lms.example.edu")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise GraderError(f"{where} has no TLS, so that others could read the token on its way; write https://")
    return url.rstrip("/")
