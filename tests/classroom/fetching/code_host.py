"""A host of repositories on loopback: it tells pushes as GitHub's and GitLab's documentation says, page by page, to who has the token."""

import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "token-of-the-class"
PAGE = 2


@dataclass
class CodeHost:
    """`pushed` is, by owner/name, a list of (commit, time, branch), newest first. `asked` collects the requests' paths."""

    address: str = ""
    pushed: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    leads_to: str = ""  # where the link to the next page leads, if not here
    status: int = 200

    def answer(self, path: str, headers) -> tuple[int, object, str]:
        place, _, query = path.partition("?")
        words = urllib.parse.parse_qs(query)
        at = int(words.get("page", ["1"])[0])
        if place.startswith("/repos/"):
            if headers.get("Authorization") != f"Bearer {TOKEN}":
                return 401, {"message": "Bad credentials"}, ""
            name = place.removeprefix("/repos/").removesuffix("/activity")
            branch = words["ref"][0].removeprefix("refs/heads/")
            told = [
                {"id": n, "before": "0" * 40, "after": commit, "ref": f"refs/heads/{where}", "timestamp": when,
                 "activity_type": "push", "actor": {"login": "s"}}
                for n, (commit, when, where) in enumerate(self.pushed.get(name, ())) if where == branch
            ]  # fmt: skip
        else:
            if headers.get("PRIVATE-TOKEN") != TOKEN:
                return 401, {"message": "401 Unauthorized"}, ""
            name = urllib.parse.unquote(place.removeprefix("/projects/").removesuffix("/events"))
            assert words["action"] == ["pushed"]
            told = [
                {"id": n, "action_name": "pushed to", "created_at": when, "author_username": "s",
                 "push_data": {"commit_count": 1, "action": "pushed", "ref_type": "branch", "commit_from": "0" * 40,
                               "commit_to": commit, "ref": where}}
                for n, (commit, when, where) in enumerate(self.pushed.get(name, ()))
            ]  # fmt: skip
        if name not in self.pushed:
            return 404, {"message": "Not Found"}, ""
        more = told[at * PAGE :]
        following = (
            f"{self.leads_to or self.address}{place}?{urllib.parse.urlencode({**words, 'page': at + 1}, doseq=True)}"
        )
        link = f'<{self.address}{place}?page=1>; rel="first", <{following}>; rel="next"' if more else ""
        return self.status, told[(at - 1) * PAGE : at * PAGE], link


@contextmanager
def serving(host: CodeHost) -> Iterator[CodeHost]:
    """The host, reachable at its address while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            host.asked.append(self.path)
            status, content, link = host.answer(self.path, self.headers)
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if link:
                self.send_header("Link", link)
            if status in range(300, 400):
                self.send_header("Location", f"{host.leads_to}/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
