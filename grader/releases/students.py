"""The students' release: stubs, handouts, notebooks, public keys, course.toml and a README; a check that finds more."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from grader.authoring.build import PUBLIC_SEED, own_work, plan, write
from grader.authoring.handouts import escaped, points
from grader.classroom.intake.columns import naming
from grader.classroom.intake.roster import read_roster
from grader.classroom.intake.sheets import read_sheet
from grader.course.course import Course
from grader.course.demo_files import demo_files
from grader.course.settings_text import to_toml
from grader.errors import GraderError
from grader.files import cannot_write, kept_aside
from grader.frozen import frozen
from grader.releases.leaks import Secrets, leaks, secrets

# What an instructor may keep in a released folder besides the release. It is searched for leaks like the rest, except for the
# history in .git.
KEPT = re.compile(r"\.git/.*|\.github/.*|\.gitlab-ci\.yml|\.gitignore|\.gitattributes|\.devcontainer/.*")
HISTORY = ".git/"
OF_A_README = (
    b"# ",
    b"- [",
    b"Write your answers in ",
)  # starts of lines that depend on the course: title, units, first unit
MAX_BYTES = 64 << 20  # of one file; the largest key is far smaller
STUDENT = re.compile(r"[^\W_.-][\w.@+-]{0,99}")  # a student's name that can be a folder's name


class ReleaseError(GraderError):
    """The folder contains something that students must not get, or unrelated files; the message names each."""


@frozen
class Released:
    """One file that students get."""

    name: str
    sha256: str


Seeds = Callable[[str], int | Callable[[str], int]]  # a unit's seed, or a function that gives one for each exercise


def bundle(course: Course, seeds: Seeds = lambda unit: PUBLIC_SEED) -> dict[str, bytes]:
    """Every file of a student's folder, by its path in it. `grader.course.choice` can narrow the course before."""
    files = {
        "README.md": readme(course).encode(),
        "assignments/course.toml": to_toml(course.settings).encode(),
    }
    for unit in course.units:
        for name, content in plan(course.solutions(unit), seeds(unit)).items():
            files[f"assignments/{unit}/{name}"] = content
    return files


def release(
    course: Course,
    files: dict[str, bytes],
    to: Path,
    secret: Secrets,
    tell: Callable[[str], None] = lambda words: None,
) -> list[Released]:
    """Write a student's folder; ReleaseError, and nothing written, if it would show a solution or has a stray file.

    If a file that is rewritten contains somebody's own work, a copy is kept beside the folder.
    """
    refuse_leaks(leaks(files, secret))
    if to.exists():
        check(to, set(files), secret, except_for=set(files))  # these are about to be rewritten
        for name in _own_work(to, files):
            tell(f"{to / name} held work that no release has put there; a copy is {_kept(to, name)}")
    for name, content in files.items():
        write(to / name, content)
    return check(to, set(files), secret)


def _own_work(to: Path, files: dict[str, bytes]) -> list[str]:
    """The existing files of a release that contain somebody's own lines: stubs, notebooks, a different README."""
    first = to / "README.md"
    found = [first.name] if first.is_file() and _has_own_lines(first.read_bytes(), files[first.name]) else []
    for folder in sorted({name.rpartition("/")[0] for name in files} - {"", "assignments"}):
        inside = {name.rpartition("/")[2]: content for name, content in files.items() if name.startswith(f"{folder}/")}
        found += [f"{folder}/{name}" for name in sorted(own_work(to / folder, inside))]
    return found


def _kept(to: Path, name: str) -> Path:
    to = to.resolve()
    try:
        return kept_aside(to / name, ".bak", to.with_name(f"{to.name}.{name.replace('/', '.')}"))
    except OSError as error:
        raise cannot_write(f"a copy of {to / name}", error, "nothing was released") from None


def _has_own_lines(old: bytes, new: bytes) -> bool:
    """Whether a README has lines that no release has written."""
    known = set(new.splitlines())
    return any(line and line not in known and not line.startswith(OF_A_README) for line in old.splitlines())


def check(folder: Path, known: set[str], secret: Secrets, except_for: Sequence[str] | set[str] = ()) -> list[Released]:
    """Read everything in a folder and list it; ReleaseError if it contains something that students must not get."""
    found = {name: content for name, content in _files(folder) if name not in except_for}
    strays = [name for name in found if name not in known and not KEPT.fullmatch(name)]
    if strays:
        raise ReleaseError(
            f"{folder} holds {len(strays)} files that are no part of a release, {', '.join(strays[:5])}; "
            "move them away, or release to another folder"
        )
    refuse_leaks(leaks({name: content for name, content in found.items() if not name.startswith(HISTORY)}, secret))
    listed = [(name, content) for name, content in found.items() if name in known]
    return [Released(name, hashlib.sha256(content).hexdigest()) for name, content in sorted(listed)]


def refuse_leaks(found: Sequence[object]) -> None:
    if found:
        more = f"\nand {len(found) - 10} more" if len(found) > 10 else ""
        raise ReleaseError("nothing was released:\n" + "\n".join(map(str, found[:10])) + more)


def known_files(course: Course) -> set[str]:
    """The paths of all files that belong in a student's folder."""
    names = {"README.md", "assignments/course.toml"}
    for unit in course.units:
        loaded = course.solutions(unit)
        pictures = [f"{picture}.svg" for picture in loaded.pictures]
        names |= {
            f"assignments/{unit}/{name}"
            for name in ("README.md", f"{unit}.py", f"{unit}.ipynb", "key", *pictures, *demo_files(loaded))
        }
    return names


def all_secrets(course: Course) -> Secrets:
    """The secrets of every unit and exercise, released or not, because an answer may appear in another unit's text."""
    return secrets(replace(course.solutions(unit), only=()) for unit in course.units)


def readme(course: Course) -> str:
    """The README.md at the top of a student's folder: two commands, and where to start."""
    settings = course.settings
    rows = []
    for unit in course.units:
        loaded = course.solutions(unit)
        total = sum(exercise.points for exercise in loaded.exercises.values())
        due = settings.due.get(unit)
        when = f", due {due:%Y-%m-%d %H:%M %Z}" if due else ""
        after = f", after {', '.join(settings.needs[unit])}" if unit in settings.needs else ""
        rows.append(f"- [{escaped(loaded.title)}](assignments/{unit}/README.md), {points(total)}{after}{when}")
    first = course.units[0] if course.units else "UNIT"
    return (
        f"# {escaped(settings.title)}\n\nTwo commands, in this folder, with Python 3.11 or later:\n\n"
        f"```sh\n{settings.install}\ngrade\n```\n\n"
        "The first installs the grader, once. The second says where you are and what is next.\n\n"
        + "\n".join(rows)
        + f"\n\nWrite your answers in `assignments/{first}/{first}.py`, or in the notebook beside it; the handout is the "
        f"README.md there. `grade {first}` checks what you have written.\n"
    )


def roster(path: Path) -> list[str]:
    """The students of a table, by the ids that they have in a class with this roster; without a header, by its first column."""
    sheet = read_sheet(path, "the roster")
    if naming(sheet.header) is None:
        names = [name for row in sheet.rows if (name := row[0].text.strip())]
    else:
        names = [student.id for student in read_roster(path)] if len(sheet.rows) > 1 else []
    for name in names:
        if not STUDENT.fullmatch(name):
            raise GraderError(
                f"{path}: {name!r} cannot be a folder's name; use letters, digits, and @ + - . _ after the first"
            )
    if twice := {name for name in names if names.count(name) > 1}:
        raise GraderError(f"{path} lists {min(twice)!r} twice")
    if not names:
        raise GraderError(f"{path} lists nobody; write one student on each line")
    return names


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(path in the folder, content) of every file below it; ReleaseError for a link or a file that is too large."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise ReleaseError(f"{path} is a link, which a student's copy would not have; put the file itself there")
        if not path.is_file() or name.startswith(HISTORY):
            continue
        if os.path.getsize(path) > MAX_BYTES:
            raise ReleaseError(f"{path} is larger than {MAX_BYTES >> 20} MB; is it meant for students?")
        yield name, path.read_bytes()
