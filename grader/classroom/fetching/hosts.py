"""What a host of repositories tells: where one is cloned from, and when its branch was pushed.

The moment of a push is the host's own; the date of a commit is whatever a student's computer wrote. GitHub tells pushes in
"List repository activities", GitLab in "Events: list all project events". A plain git server tells none.
"""

import base64
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime

from grader.frozen import frozen
from grader.one_host import Stay, next_link
from grader.secret import NO_TOKEN, Secret

KINDS = ("github", "gitlab", "git")
SERVERS = {"github": "https://github.com", "gitlab": "https://gitlab.com", "git": ""}
SECONDS = 30.0  # for an answer
MOST_PAGES = 50
NOTHING = re.compile(r"0{40,64}|")  # what is told in a commit's place where a branch was taken away


class HostError(Exception):
    """A host gave no usable answer; the words follow the repository's name and a colon."""


@frozen
class Push:
    """A commit that was a branch's newest from a moment on."""

    commit: str
    at: datetime


@frozen
class Host:
    """A host of repositories. `token` reads them; it is sent to this host only, and never shown."""

    kind: str
    server: str
    api: str
    token: Secret = NO_TOKEN

    def address(self, place: str) -> str:
        """What `git` fetches a repository from."""
        return place if "://" in place or place.startswith("/") else f"{self.server}/{place}.git"

    def git_settings(self, address: str) -> dict[str, str]:
        """Settings with which git sends the token to this host; they are handed over so that no list of processes shows them."""
        if not self.token.whole or not self.server or not address.startswith(f"{self.server}/"):
            return {}
        user = "oauth2" if self.kind == "gitlab" else "x-access-token"
        basic = base64.b64encode(f"{user}:{self.token.whole}".encode()).decode()
        return {f"http.{self.server}/.extraHeader": f"Authorization: Basic {basic}"}

    def pushes(self, place: str, branch: str) -> Iterator[Push] | None:
        """The pushes to a branch, newest first; None where the host does not tell. HostError if it gives no answer."""
        if self.kind == "git" or "://" in place:
            return None
        return self._github(place, branch) if self.kind == "github" else self._gitlab(place, branch)

    def _github(self, place: str, branch: str) -> Iterator[Push]:
        ref = urllib.parse.quote(f"refs/heads/{branch}", safe="")
        for one in self._items(f"{self.api}/repos/{place}/activity?ref={ref}&per_page=100"):
            yield from _push(one.get("after"), one.get("timestamp"))

    def _gitlab(self, place: str, branch: str) -> Iterator[Push]:
        project = urllib.parse.quote(place, safe="")
        for one in self._items(f"{self.api}/projects/{project}/events?action=pushed&per_page=100"):
            data = one.get("push_data") or {}
            if data.get("ref_type") == "branch" and data.get("ref") == branch:
                yield from _push(data.get("commit_to"), one.get("created_at"))

    def _items(self, address: str) -> Iterator[Mapping]:
        """The items of a list that a host tells page by page."""
        for _ in range(MOST_PAGES):
            content, following = self._answer(address)
            if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
                raise HostError(f"{self.api} does not answer as {self.kind} does")
            yield from content
            if not following:
                return
            address = following
            if not address.startswith(f"{self.api}/"):
                raise HostError(f"{self.api} leads to another host, which gets no token")
        raise HostError(f"{self.api} tells more than {MOST_PAGES} pages")

    def _answer(self, address: str) -> tuple[object, str]:
        """What is there, and the address of the next page, empty if this is the last."""
        name, before = ("PRIVATE-TOKEN", "") if self.kind == "gitlab" else ("Authorization", "Bearer ")
        headers = {"Accept": "application/json", "User-Agent": "deep-grade"}
        headers |= {name: f"{before}{self.token.whole}"} if self.token.whole else {}
        try:
            with STRAIGHT.open(urllib.request.Request(address, headers=headers), timeout=SECONDS) as answer:
                return json.load(answer), next_link(answer.headers.get_all("Link") or (), address)
        except urllib.error.HTTPError as error:
            raise HostError(_refusal(error.code, self)) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise HostError(f"{self.api} gives no answer ({self.token.without(str(reason))})") from None


STRAIGHT = urllib.request.build_opener(Stay)


def _push(commit: object, at: object) -> Iterator[Push]:
    """The push that an item tells; none where the branch was taken away."""
    if not isinstance(commit, str) or NOTHING.fullmatch(commit):
        return
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError:
        raise HostError(f"the host tells the time {str(at)[:40]!r}, which is none") from None
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit) or moment.tzinfo is None:
        raise HostError("the host tells of a push without its commit or its time zone")
    yield Push(commit, moment)


def _refusal(status: int, host: Host) -> str:
    if status in (401, 403):
        return f"{host.api} refuses the token (status {status}); it must be allowed to read this repository" + (
            ": contents" if host.kind == "github" else ": read_api and read_repository"
        )
    if status == 404:
        return f"{host.api} knows no such repository, or the token may not read it"
    if status in range(300, 400):
        return f"{host.api} says that it has moved; name its new place"
    return f"{host.api} answers with status {status}"
