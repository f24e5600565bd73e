"""What an update does to a student's folder, file by file: first as a plan, which changes nothing, then in steps.

Each file appears whole. A step that was done is not done again, so that an update which was interrupted is finished by the
next one; what the folder came with is written last.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path, PurePosixPath

from grader.errors import GraderError
from grader.files import cannot_write, kept_aside, write_whole
from grader.frozen import frozen
from grader.judging.kinds.registry import known
from grader.key import Key, KeyFileError, from_bytes
from grader.updating import came
from grader.updating.came import Came
from grader.updating.merging import CannotMerge, Merged, merged
from grader.updating.newer import LISTING, Files

BEFORE = ".before"


@frozen
class Step:
    """One file: what will stand there, whether what stands there now is kept beside it, and what is to be told of it."""

    name: str
    content: bytes
    keeps: bool = False
    told: Sequence[str] = ()
    merged: Merged | None = None


@frozen
class Plan:
    """The steps in order, and what the folder comes with afterwards."""

    assignments: Path
    steps: list[Step] = field(default_factory=list)
    came: Came = field(default_factory=Came)

    @property
    def changes(self) -> list[Step]:
        return [step for step in self.steps if step.content != content_of(self.assignments / step.name)]


def plan(assignments: Path, newer: Files, origin: str, only: Sequence[str] = ()) -> Plan:
    """What the newer course, of an `origin`, changes in a folder. `only` names the units to look at, empty for all.

    GraderError where a newer key cannot be used, or a file of the folder cannot be read.
    """
    before = came.load(assignments)
    units = [unit for unit in _units(newer) if unit in only or not only]
    steps: list[Step] = []
    stubs = dict(came.of_files(newer).stubs)
    for unit in units:
        for step in _of_unit(assignments, unit, newer, before):
            if step.name.endswith(f"/{unit}.new.py"):  # not merged yet: the next update begins where this one did
                stubs.pop(unit, None)
            steps.append(step)
    if not only and LISTING in newer:
        steps.append(_other(assignments, LISTING, newer[LISTING], before))
    kept = {name: came.digest(newer[name]) for name in newer if _unit(name) in units or not only}
    stubs = dict(before.stubs) | {unit: text for unit, text in stubs.items() if unit in units}
    return Plan(assignments, steps, Came(dict(before.hashes) | kept, stubs, origin, is_known=True))


def carry_out(planned: Plan) -> list[tuple[Step, Path | None]]:
    """Do what is planned: each step that changed something, with the copy of what stood there, if one is kept."""
    done = []
    for step in planned.changes:
        path = planned.assignments / step.name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = kept_aside(path, BEFORE) if step.keeps and path.exists() else None
            write_whole(path, step.content)
        except OSError as error:
            raise cannot_write(path, error, "nothing is lost; mend that, and update again") from None
        done.append((step, aside))
    try:
        if came.load(planned.assignments) != planned.came:
            came.keep(planned.assignments, planned.came)
    except OSError as error:
        raise cannot_write(planned.assignments / came.NAME, error, "nothing is lost; update again") from None
    return done


def content_of(path: Path) -> bytes | None:
    """A file's bytes, None where there is none; GraderError where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GraderError(f"cannot read {path}: {error.strerror}; nothing was changed") from None


def _units(newer: Files) -> list[str]:
    return sorted({_unit(name) for name in newer if "/" in name and f"{_unit(name)}/key" in newer})


def _unit(name: str) -> str:
    return name.partition("/")[0]


def _of_unit(assignments: Path, unit: str, newer: Files, before: Came) -> Iterator[Step]:
    """The stubs first, which are merged by the old key, and the key last."""
    key = known(from_bytes(newer[f"{unit}/key"], f"the newer {unit}/key"), f"the newer {unit}/key")
    names = [name for name in sorted(newer) if _unit(name) == unit and "/" in name]
    stubs = f"{unit}/{unit}.py"
    if stubs in names:
        yield _stubs(assignments, unit, newer[stubs], key, before)
    for name in names:
        if name not in (stubs, f"{unit}/key"):
            yield _other(assignments, name, newer[name], before)
    old = content_of(assignments / unit / "key")
    yield Step(f"{unit}/key", newer[f"{unit}/key"], keeps=old is not None and _key(old) is None)


def _stubs(assignments: Path, unit: str, new: bytes, key: Key, before: Came) -> Step:
    name = f"{unit}/{unit}.py"
    own = content_of(assignments / name)
    if own is None or own == new or before.is_as_it_came(name, own):
        return Step(name, new)
    if not _is_python(new):
        raise GraderError(f"the newer {unit}.py is damaged, and nothing was changed; download the release again")
    try:
        text = own.decode("utf-8-sig").replace("\r\n", "\n")
        result = merged(text, new.decode(), before.stubs.get(unit), _old_stubs(assignments, unit), _names(key))
    except (CannotMerge, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, CannotMerge) else "it is not UTF-8"
        told = f"{unit}.py stays as it is, for {why}; the newer stubs are in {unit}.new.py: mend it, then update again"
        return Step(f"{unit}/{unit}.new.py", new, told=(told,))
    if result.text == text:
        return Step(name, own, told=result.told, merged=result)
    return Step(name, result.text.encode(), keeps=result.is_own, told=result.told, merged=result)


def _is_python(content: bytes) -> bool:
    try:
        ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _names(key: Key) -> list[str]:
    return [name for exercise in key.exercises for name in {exercise.name, *exercise.pieces}]


def _old_stubs(assignments: Path, unit: str) -> Mapping[str, str]:
    """The stubs that the folder's own key has, by the names that they define."""
    old = content_of(assignments / unit / "key")
    key = _key(old) if old is not None else None
    return {exercise.name: exercise.stub for exercise in key.exercises if exercise.stub} if key else {}


def _key(content: bytes) -> Key | None:
    """A key; None for anything else, which somebody else has put there."""
    try:
        return from_bytes(content)
    except KeyFileError:
        return None


def _has_work(own: bytes, new: bytes, old_stubs: Mapping[str, str]) -> bool:
    """Whether a notebook was run, or has lines of code that are neither the newer one's nor those of an old stub."""
    try:
        mine, theirs = (
            [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"] for content in (own, new)
        )
        sources = ["".join(cell["source"]) for cell in (*theirs, *mine)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return True
    known = {line for text in (*sources[: len(theirs)], *old_stubs.values()) for line in text.splitlines()}
    was_run = any(cell.get("outputs") or cell.get("execution_count") for cell in mine)
    return was_run or any(line not in known for text in sources[len(theirs) :] for line in text.splitlines())


def _other(assignments: Path, name: str, new: bytes, before: Came) -> Step:
    """A handout, a notebook, a picture, the listing: replaced where the student has not changed it, else put beside."""
    own = content_of(assignments / name)
    if own is None or own == new or before.is_as_it_came(name, own):
        return Step(name, new)
    is_notebook = name.endswith(".ipynb")
    if not before.is_known and not (is_notebook and _has_work(own, new, _old_stubs(assignments, _unit(name)))):
        return Step(name, new, keeps=True)  # whoever wrote it, a copy is kept
    if before.hashes.get(name) == came.digest(new):
        return Step(name, own)  # only the student has changed it
    place = PurePosixPath(name)
    beside = place.with_name(f"{place.stem}.new{place.suffix}")
    told = f"{name} stays as it is, for you have changed it; the newer one is {beside.name}"
    return replace(Step(beside.as_posix(), new), told=(told,))
