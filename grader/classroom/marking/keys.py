"""The keys of a class run: one for each unit, compiled once from the class's secret seed and kept in the store.

A course of keys alone, from `grade release keys`, is marked with these: where the solutions and the seed must not be, or where
PyTorch is not, with which references are run.
"""

import contextlib
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from grader.authoring.notebooks import notebook
from grader.classroom.intake.intake import Units
from grader.classroom.marking.store import Store, Terms
from grader.course.choice import exercises_of
from grader.course.course import Course
from grader.course.reference_text import stub_module
from grader.course.unit import Unit
from grader.errors import GraderError
from grader.key import Key, from_bytes, to_bytes
from grader.sandbox.frameworks import FRAMEWORKS
from grader.sandbox.server import is_installed
from grader.version import __version__

STUBS = "stubs.sha256"  # beside a key of `grade release keys`: what was handed out and not touched since
PROOFS = ("oracles.py", "rewrites.py")  # they prove a unit and decide about no answer
Compile = Callable[[Unit, int, Sequence[str]], Key]  # verifies the reference; see grader.commands.fresh_keys


def seed_of(store: Store, wanted: int | None, regrades: bool) -> int:
    """The class's seed: the recorded one, else the wanted one, else a random one, which is then recorded."""
    drawn = secrets.randbits(63) if wanted is None else wanted
    recorded = int(store.once("seed", str(drawn)))
    if wanted is None or wanted == recorded:
        return recorded
    if not regrades:
        raise GraderError(
            f"{store.database.name} was marked with another seed; leave --seed out, or see with --regrade whose points "
            "this one would change"
        )
    store.replace_once("seed", str(wanted))
    return wanted


def course_version(unit: Unit) -> str:
    """A hash of what determines a unit's answers: its reference, its checks, and local files that they import."""
    hashed = hashlib.sha256()
    for file in sorted(unit.folder.glob("*.py")):
        if file.name in PROOFS:
            continue
        content = file.name.encode() + b"\0" + file.read_bytes()
        hashed.update(len(content).to_bytes(8, "big") + content)
    return hashed.hexdigest()


def keys_for(
    course: Course, units: Sequence[str], seed: int, seconds: float, store: Store, compile_key: Compile
) -> tuple[dict[str, bytes], dict[str, Key], dict[str, Terms]]:
    """Each unit's key as bytes, as data, and the terms of its grades."""
    packed, keys, terms = {}, {}, {}
    for name in units:
        if not course.has_solutions(name):
            keys[name] = _drawn(course, name)
            packed[name] = store.key(keys[name].id, lambda name=name: to_bytes(keys[name]))
            terms[name] = Terms(keys[name].id, keys[name].id, __version__, seconds)
            _hold_frameworks(keys[name])
            continue
        unit = course.solutions(name)
        version = course_version(unit)
        worth = {exercise: one.points for exercise, one in unit.exercises.items()}
        made_of = json.dumps([name, seed, _handed_out(unit), version, __version__, worth, list(unit.allows)])
        packed[name] = store.key(
            hashlib.sha256(made_of.encode()).hexdigest(), lambda unit=unit: to_bytes(compile_key(unit, seed, ()))
        )
        keys[name] = from_bytes(packed[name], name)
        _hold_frameworks(keys[name])
        terms[name] = Terms(keys[name].id, version, __version__, seconds)
    return packed, keys, terms


def _drawn(course: Course, unit: str) -> Key:
    """The key of a course without solutions. GraderError for one that lies beside stubs: students have that, too."""
    if course.assignment(unit).is_file():
        raise GraderError(
            f"the key in {course.key_path(unit).parent} is the students' own, so they know its questions; name the course "
            "with its solutions, or keys from `grade release keys`"
        )
    return course.key(unit)


def _hold_frameworks(key: Key) -> None:
    """GraderError where answers may be written with a package that is missing here: they would get no points."""
    takes_torch = any(exercise.torch for exercise in key.exercises)
    allowed = {name for exercise in key.exercises for name in exercise.frameworks}
    for framework in (FRAMEWORKS[name] for name in sorted(allowed | ({"torch"} if takes_torch else set()))):
        if is_installed(framework.name):
            continue
        if framework.name == "torch" and takes_torch:
            why, instead = "has exercises that take PyTorch", "leave the unit out with --unit"
        else:
            why, instead = f"allows answers with {framework.called}", "take it out of [packages] in course.toml"
        raise GraderError(
            f"{key.unit} {why}, which is not installed here; install the extra `{framework.extra}`, or {instead}"
        )


def _handed_out(unit: Unit) -> str:
    """A hash of the handout, which is part of a key too."""
    file: Path = unit.folder / "handout.md"
    return hashlib.sha256(file.read_bytes() if file.is_file() else b"").hexdigest()


def units_of(course: Course, whole: Course) -> Units:
    """What intake needs to know of a course, and of all units of the `whole` course, so that it can tell them apart.

    The course's own units come first: of a file that is as much of one as of another, it is taken for theirs.
    """
    exercises = {unit: exercises_of(course, unit) for unit in course.units}
    for unit in whole.units:
        exercises[unit] = list(dict.fromkeys([*exercises.get(unit, []), *_names(whole, unit)]))
    return Units(exercises, frozenset(name for unit in course.units for name in stubs_of(course, unit)))


def stubs_of(course: Course, unit: str) -> list[str]:
    """The hashes of a unit's untouched files; those that were noted beside its key, where there are no solutions."""
    if course.has_solutions(unit):
        return sorted({hashlib.sha256(content).hexdigest() for content in _untouched(course, unit)})
    noted = course.key_path(unit).with_name(STUBS)
    return noted.read_text(encoding="utf-8").split() if noted.is_file() else []


def _names(course: Course, unit: str) -> list[str]:
    """What a unit's files define: its exercises by its key, or what its reference defines where there is none."""
    try:
        return course.exercises(unit)
    except GraderError:
        with contextlib.suppress(GraderError, OSError):
            return re.findall(r"^(?:def|class)\s+(\w+)", course.solutions(unit).text, re.MULTILINE)
    return []


def _untouched(course: Course, name: str) -> Iterator[bytes]:
    """The untouched files that students were given: those in assignments/, or those of a narrowed unit as well."""
    folder, unit = course.assignment(name).parent, course.solutions(name)
    for file in (folder / f"{name}.py", folder / f"{name}.ipynb"):
        if file.is_file():
            yield file.read_bytes()
    if unit.only:
        yield stub_module(unit.text, unit.written).encode()
        drawn = {f"{picture}.svg": folder / f"{picture}.svg" for picture in unit.pictures}
        if all(file.is_file() for file in drawn.values()):
            yield notebook(unit, {picture: file.read_bytes() for picture, file in drawn.items()}).encode()
