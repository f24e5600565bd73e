"""The folder into which repositories are fetched: a folder for each student, and a file that says what was put there.

Fetching again replaces what was put there and nothing else: a file that somebody changed or added stays, and is told.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from grader.classroom.fetching.states import Fetched
from grader.errors import GraderError
from grader.files import cannot_write, write_whole

NOTE = ".fetched.json"
COLUMNS = ("student", "unit", "time", "commit", "told_by")


@dataclass
class Shelf:
    """A folder of fetched repositories. `students` is what its note says: repository, states and files of each."""

    folder: Path
    students: dict[str, Any] = field(default_factory=dict)

    def put(self, fetched: Fetched) -> list[str]:
        """Put a student's files there, and note it; returns what stayed as somebody changed it. GraderError if that fails."""
        student = fetched.repository.student
        old: Mapping[str, str] = self.students.get(student, {}).get("files", {})
        own = self.folder / student
        kept = []
        try:
            for path in [*fetched.files, *(path for path in old if path not in fetched.files)]:
                content, there = fetched.files.get(path), own.joinpath(*PurePosixPath(path).parts)
                if _is_changed(there, content, old.get(path)):
                    kept.append(path)
                elif content is None:
                    there.unlink(missing_ok=True)
                else:
                    there.parent.mkdir(parents=True, exist_ok=True)
                    write_whole(there, content, is_lasting=False)
            own.mkdir(exist_ok=True)
            self._note(fetched, kept, old)
        except OSError as error:
            raise cannot_write(own, error) from None
        return kept

    def times(self) -> bytes:
        """When each unit was handed in, as a table that `grade class --times` reads."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(COLUMNS)
        for student, one in self.students.items():
            rows.writerows([student, unit, s["at"], s["commit"], s["by"]] for unit, s in one["states"].items())
        return text.getvalue().encode()

    def _note(self, fetched: Fetched, kept: list[str], old: Mapping[str, str]) -> None:
        files = {path: _sum(content) for path, content in fetched.files.items() if path not in kept}
        files |= {path: old[path] for path in kept if path in old}
        states = {
            unit: {"commit": one.commit, "at": one.at.isoformat(), "by": one.by} for unit, one in fetched.states.items()
        }
        self.students[fetched.repository.student] = {
            "repository": fetched.repository.place, "states": states, "files": files,
        }  # fmt: skip
        text = json.dumps({"schema": 1, "students": self.students}, indent=1, ensure_ascii=False)
        write_whole(self.folder / NOTE, text.encode(), is_lasting=False)


def opened(folder: Path) -> Shelf:
    """The shelf in a folder: a new or empty one, or one in which fetching put things before. GraderError for any other."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.iterdir()):
            return Shelf(folder)
        data = json.loads((folder / NOTE).read_bytes())
        students = {name: dict(one) for name, one in data["students"].items()}
        if data["schema"] != 1 or not all({"states", "files"} <= set(one) for one in students.values()):
            raise ValueError
        return Shelf(folder, students)
    except FileNotFoundError:
        raise GraderError(
            f"{folder} is there already, and nothing in it was fetched; name a new folder with --to"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GraderError(f"{folder / NOTE} is damaged; name a new folder with --to, or remove this one") from None
    except OSError as error:
        raise cannot_write(folder, error) from None


def _is_changed(there: Path, content: bytes | None, noted: str | None) -> bool:
    """Whether a file is there that is neither what was put there nor what is to be put there."""
    if there.is_symlink():
        return True
    try:
        found = there.read_bytes()
    except FileNotFoundError:
        return False
    return found != content and _sum(found) != noted


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
