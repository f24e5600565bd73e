"""A host of repositories on loopback: it tells pushes as GitHub's and GitLab's documentation says, page by page, to who has the token."""

import urllib.parse

from loopback import Call, Fake, Reply

TOKEN = "token-of-the-class"
PAGE = 2


class CodeHost(Fake):
    """`pushed` is, by owner/name, a list of (commit, time, branch), newest first; `leads_to` where the link to the next page
    leads, if not here."""

    def __init__(
        self, pushed: dict[str, list[tuple[str, str, str]]] | None = None, leads_to: str = "", status: int = 200
    ):
        super().__init__()
        self.pushed, self.leads_to, self.status = pushed or {}, leads_to, status

    def is_write(self, call: Call) -> bool:
        return False

    @property
    def asked(self) -> list[str]:
        """What was asked for, with what an address can tell."""
        return [f"{call.path}?{call.query}" for call in self.calls]

    def answer(self, call: Call) -> Reply:
        place, words, headers = call.path, call.query, call.headers
        at = int(words.get("page", ["1"])[0])
        if place.startswith("/repos/"):
            if headers.get("Authorization") != f"Bearer {TOKEN}":
                return Reply(401, {"message": "Bad credentials"})
            name = place.removeprefix("/repos/").removesuffix("/activity")
            branch = words["ref"][0].removeprefix("refs/heads/")
            told = [
                {"id": n, "before": "0" * 40, "after": commit, "ref": f"refs/heads/{where}", "timestamp": when,
                 "activity_type": "push", "actor": {"login": "s"}}
                for n, (commit, when, where) in enumerate(self.pushed.get(name, ())) if where == branch
            ]  # fmt: skip
        else:
            if headers.get("PRIVATE-TOKEN") != TOKEN:
                return Reply(401, {"message": "401 Unauthorized"})
            name = urllib.parse.unquote(place.removeprefix("/projects/").removesuffix("/events"))
            self.check(words.get("action") == ["pushed"], "only pushes are of use")
            told = [
                {"id": n, "action_name": "pushed to", "created_at": when, "author_username": "s",
                 "push_data": {"commit_count": 1, "action": "pushed", "ref_type": "branch", "commit_from": "0" * 40,
                               "commit_to": commit, "ref": where}}
                for n, (commit, when, where) in enumerate(self.pushed.get(name, ()))
            ]  # fmt: skip
        if name not in self.pushed:
            return Reply(404, {"message": "Not Found"})
        more = told[at * PAGE :]
        following = (
            f"{self.leads_to or self.url}{place}?{urllib.parse.urlencode({**words, 'page': at + 1}, doseq=True)}"
        )
        link = f'<{self.url}{place}?page=1>; rel="first", <{following}>; rel="next"' if more else ""
        headers = {"Link": link} if link else {}
        if self.status in range(300, 400):
            headers["Location"] = f"{self.leads_to}/elsewhere"
        return Reply(self.status, told[(at - 1) * PAGE : at * PAGE], headers)
