"""What a student's folder came with, kept in a hidden file of it: the hashes of its files, and its stubs as texts.

Only with it can be told what the student has changed. A folder without it, which another program made or an earlier grader,
is updated all the same; what differs there counts as the student's.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from grader.files import write_whole
from grader.frozen import frozen

NAME = ".came-with.json"  # in assignments/
SCHEMA = 1
PACKAGE, RELEASE = "package", "release"  # the grader's own package; another's is "package NAME"


@frozen
class Came:
    """`hashes` by a file's path below assignments/, `stubs` the texts by unit, and the `origin` of both: RELEASE, or see `package`.
    `is_known` is False where nothing was kept."""

    hashes: Mapping[str, str] = field(default_factory=dict)
    stubs: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    is_known: bool = False

    @property
    def is_packaged(self) -> bool:
        return self.origin.partition(" ")[0] == PACKAGE

    @property
    def course(self) -> str | None:
        """The installed course that they come from; None if it is the grader's own, or none."""
        return self.origin.partition(" ")[2] or None

    def is_as_it_came(self, name: str, content: bytes) -> bool:
        return self.hashes.get(name) == digest(content)


def package(course: str | None) -> str:
    """The origin of what the installed course of a name brought, or of the grader's own without one."""
    return f"{PACKAGE} {course}" if course else PACKAGE


def of_files(files: Mapping[str, bytes], origin: str = "") -> Came:
    """What is to be kept of a course's files."""
    stubs = {}
    for name, content in files.items():
        unit, _, file = name.partition("/")
        if file == f"{unit}.py":
            stubs[unit] = content.decode("utf-8", "replace")
    return Came({name: digest(content) for name, content in files.items()}, stubs, origin, is_known=True)


def load(assignments: Path) -> Came:
    """What was kept in a folder; an empty one where nothing was, or what there is cannot be read."""
    try:
        data = json.loads((assignments / NAME).read_bytes())
        if data["schema"] != SCHEMA or not all(isinstance(data[part], dict) for part in ("hashes", "stubs")):
            return Came()
        texts = (*data["hashes"].values(), *data["stubs"].values(), data["origin"])
        is_text = all(isinstance(each, str) for each in texts)
        return Came(data["hashes"], data["stubs"], data["origin"], is_known=True) if is_text else Came()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Came()


def keep(assignments: Path, came: Came) -> None:
    """Write it, whole or not at all. Raises OSError."""
    data = {"schema": SCHEMA, "hashes": dict(came.hashes), "stubs": dict(came.stubs), "origin": came.origin}
    write_whole(assignments / NAME, json.dumps(data, indent=1).encode())


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
