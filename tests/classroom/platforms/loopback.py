"""Servers on loopback that stand for platforms: what they take and answer is what the platforms' documentation says.

Whatever a call gets wrong against the documentation is refused, as the platform would, and noted in `faults`.
"""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "7~QwErTy0123456789aSdFgH"


@dataclass(frozen=True)
class Call:
    """One call as it came in. `form` is the body of a form, `query` that of the address, both with repeated names as lists."""

    verb: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    form: Mapping[str, list[str]]
    body: bytes

    def one(self, name: str) -> str:
        """A name's only value in the form, empty if it is not there."""
        (value,) = self.form.get(name, [""])
        return value


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Fake:
    """What all have in common: `trouble` is what happens to the next writes, one after the other, `""` for nothing.

    `refuse` `busy` `fail` `hang` `cut`: before anything is entered; `lost`: the entry is taken and the answer lost.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.faults: list[str] = []
        self.trouble: list[str] = []
        self.url = ""
        self.revoked = False

    def check(self, holds: bool, words: str) -> None:
        if not holds:
            self.faults.append(words)

    def answer(self, call: Call) -> Reply:
        raise NotImplementedError

    def is_write(self, call: Call) -> bool:
        raise NotImplementedError

    def writes(self) -> list[Call]:
        return [call for call in self.calls if self.is_write(call)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out in one piece

    def log_message(self, *_: object) -> None:
        pass

    def _do(self) -> None:
        fake: Fake = self.server.fake  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        is_form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        form = _lists(body.decode()) if is_form else {}
        call = Call(self.command, parts.path, _lists(parts.query), self.headers, form, body)
        fake.calls.append(call)
        trouble = fake.trouble.pop(0) if fake.trouble and fake.is_write(call) else ""
        if trouble == "revoke":
            fake.revoked = True
        if trouble == "hang":
            self.server.released.wait(10)  # type: ignore[attr-defined]
        if trouble == "lost":
            fake.answer(call)
        if trouble in ("hang", "cut", "lost"):
            self.close_connection = True
            return
        reply = {"fail": Reply(502, "<h1>Bad gateway</h1>"), "busy": Reply(429, None, {"Retry-After": "7"})}.get(
            trouble
        )
        self._reply(reply or fake.answer(call))

    do_GET = do_PUT = do_POST = _do

    def _reply(self, reply: Reply) -> None:
        text = reply.body if isinstance(reply.body, bytes) else _text(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(text)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def _lists(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


@contextlib.contextmanager
def faultless(fake: Fake) -> Iterator[Fake]:
    """A context with a fake that answers, and to which nothing was asked against its documentation in the end."""
    with serving(fake):
        yield fake
    assert fake.faults == []


@contextlib.contextmanager
def serving(fake: Fake, context: Any = None) -> Iterator[str]:
    """A context with the address at which a fake answers; with an SSL context, over TLS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.fake, server.released = fake, threading.Event()  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that is gone is what is tried here
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    fake.url = f"http{'s' * bool(context)}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield fake.url
    finally:
        server.released.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
        thread.join()
