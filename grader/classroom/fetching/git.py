"""Read a repository's files with git, as data: nothing is checked out, no hook, filter, link or submodule is followed."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path

from grader.classroom.intake.members import parts_of
from grader.errors import GraderError
from grader.frozen import frozen

SECONDS = 180.0  # for one command
LARGEST = 10 << 20  # bytes of a file; a hand-in is smaller
MOST_FILES = 500
TAKEN = (".py", ".ipynb")
FILE = re.compile(rb"100(?:644|755) blob ([0-9a-f]{40,64}) +(\d+)\t(.+)", re.DOTALL)


class GitError(Exception):
    """git could not do something; the words follow the repository's name and a colon."""


@frozen
class Remote:
    """A repository at `address`, read by way of an empty one in the folder `own`."""

    address: str
    own: Path
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)

    def newest(self) -> tuple[str, str]:
        """(the default branch, its newest commit). GitError if nothing was pushed yet, or it cannot be read."""
        told = self._git("ls-remote", "--symref", self.address, "HEAD").decode("utf-8", "replace")
        branch = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", told, re.MULTILINE)
        commit = re.search(r"^([0-9a-f]{40,64})\tHEAD$", told, re.MULTILINE)
        if not branch or not commit:
            raise GitError("nothing was pushed to it yet")
        return branch[1], commit[1]

    def fetch(self, commit: str, has_history: bool = False) -> None:
        """Bring a commit here, or it and all before it."""
        self._git("init", "--quiet", "--bare", str(self.own))
        depth = [] if has_history else ["--depth=1"]
        self._git("-C", str(self.own), "fetch", "--quiet", "--no-tags", *depth, self.address, commit)

    def until(self, commit: str, moment: datetime) -> str:
        """The newest commit of its branch that says it was made at a moment or before; "" if there is none."""
        told = self._git("-C", str(self.own), "log", "--first-parent", "--format=%H %ct", commit).decode()
        dated = (line.split() for line in told.splitlines())
        return next((name for name, at in dated if int(at) <= moment.timestamp()), "")

    def made_at(self, commit: str) -> datetime:
        """When a commit says that it was made."""
        told = self._git("-C", str(self.own), "log", "-1", "--format=%ct", commit)
        return datetime.fromtimestamp(int(told), UTC)

    def files(self, commit: str) -> Iterator[tuple[tuple[str, ...], bytes]]:
        """(path, content) of a commit's Python files and notebooks. A link is none, and neither is what is too large."""
        listed = self._git("-C", str(self.own), "ls-tree", "-r", "-l", "-z", commit)
        matches = [match for entry in listed.split(b"\0") if (match := FILE.fullmatch(entry))]
        wanted = [match for match in matches if match[3].endswith(tuple(end.encode() for end in TAKEN))]
        if len(wanted) > MOST_FILES:
            raise GitError(f"it has more than {MOST_FILES} Python files and notebooks")
        for blob, size, name in (match.groups() for match in wanted):
            parts, problem = parts_of(name.decode("utf-8", "surrogateescape"))
            if not problem and int(size) <= LARGEST and not any(part.startswith(".") for part in parts):
                yield parts, self._git("-C", str(self.own), "cat-file", "blob", blob.decode())

    def _git(self, *words: str) -> bytes:
        """What a command of git's prints. No setting of this machine or of the repository takes part."""
        settings = {"core.hooksPath": os.devnull, "protocol.allow": "never", "credential.helper": ""}
        settings |= {f"protocol.{name}.allow": "always" for name in ("https", "ssh", "file")} | self.settings
        numbered = enumerate(settings.items())
        given = {
            f"GIT_CONFIG_{what}_{n}": text
            for n, pair in numbered
            for what, text in zip(("KEY", "VALUE"), pair, strict=True)
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "SSH_AUTH_SOCK", "SYSTEMROOT", "SSL_CERT_FILE")
                if name in os.environ}  # fmt: skip
        calm = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C",
                "GIT_CONFIG_COUNT": str(len(settings)), "GIT_LFS_SKIP_SMUDGE": "1"}  # fmt: skip
        try:
            done = subprocess.run(
                ["git", *words], env=kept | calm | given, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
            )
        except FileNotFoundError:
            raise GraderError("git is not installed here; install it, and the same command goes on") from None
        except subprocess.TimeoutExpired:
            raise GitError(f"git was not done after {SECONDS:.0f} s") from None
        if done.returncode:
            raise GitError(_last_words(done.stderr))
        return done.stdout


def _last_words(stderr: bytes) -> str:
    """What git says went wrong, in a line, without the address, which may hold a secret."""
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    said = next(
        (line for line in lines if line.startswith(("fatal:", "error:", "remote:"))), lines[-1] if lines else ""
    )
    return f"git says {re.sub(r'[a-z]+://[^ ]*', '…', said.partition(':')[2].strip() or said)!r}"
