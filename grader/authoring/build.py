"""Generate everything under assignments/ from solutions/: `grade dev build` writes it, `grade dev check` compares."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from pathlib import Path

from grader.authoring.handouts import readme
from grader.authoring.key_changes import key_change
from grader.authoring.links import check_links
from grader.authoring.notebooks import EMBEDDED, notebook
from grader.authoring.svg import alike, pictures
from grader.compiling.compile import compile_key
from grader.compiling.noise import MARGIN, measure_noise
from grader.course.author_code import reason
from grader.course.course import Course
from grader.course.demo_files import demo_files
from grader.course.reference_text import stub_module
from grader.course.settings_file import parse
from grader.course.unit import Unit, UnitError
from grader.errors import GraderError
from grader.files import cannot_write, kept_aside, write_whole
from grader.key import ExerciseKey, KeyFileError, Question, from_bytes, load, to_bytes
from grader.sandbox.inside.call import driven

PUBLIC_SEED = 0  # of the key beside the stubs; a class is marked with a secret seed
IGNORED = ("*.bak", "__pycache__", ".ipynb_checkpoints")  # by-products of working in the folder
AGAIN = "run `grade dev build`"


def plan(
    unit: Unit, seed: int | Callable[[str], int] = PUBLIC_SEED, drawn: dict[str, bytes] | None = None
) -> dict[str, bytes]:
    """The content of every file of assignments/<unit>/, by name. The same unit and seed give the same bytes.

    The pictures are drawn unless `drawn` has them.
    """
    try:
        key = compile_key(unit, seed)
    except GraderError:
        raise
    except Exception as error:
        raise UnitError(f"{unit.name} cannot be compiled: {reason(error)}") from error
    drawn = pictures(unit) if drawn is None else drawn
    return {
        "README.md": readme(unit).encode(),
        f"{unit.name}.py": stub_module(unit.text, unit.written).encode(),
        f"{unit.name}.ipynb": notebook(unit, drawn).encode(),
        "key": to_bytes(key),
        **drawn,
        **demo_files(unit),
    }


def build(course: Course, units: Iterable[str]) -> list[Path]:
    """Write the units' assignments if they differ from a fresh build; returns the paths that were written.

    A stub or notebook that contains somebody's own work is first copied to a .bak file, which is among the returned
    paths.
    """
    plans = {name: _plan(course, _unit(course, name)) for name in units}  # build all before writing any
    written = _write_if_new(_course_file(course), _course_text(course))
    for name, files in plans.items():
        folder = course.assignment(name).parent
        work = own_work(folder, files)
        for file, content in files.items():
            written += [_kept(folder / file)] if file in work else []
            written += _write_if_new(folder / file, content)
    return written


def stale(course: Course, units: Iterable[str], of_unit: Callable[[str], Iterable[str]] | None = None) -> list[str]:
    """A sentence for each file under assignments/ that a fresh build would change or does not make.

    `of_unit` gives those of a unit, where `stale_unit` has been asked before.
    """
    found = list(_stale_text(course, _course_file(course), _course_text(course)))
    for name in units:
        found += of_unit(name) if of_unit else stale_unit(course, name)
    known = {"course.toml", *_course_units(course)}
    return found + list(_strangers(course, course.root / "assignments", known))


def stale_unit(course: Course, name: str) -> list[str]:
    """A sentence for each file of assignments/<unit>/ that a fresh build would change or does not make."""
    folder, found, unit = course.assignment(name).parent, [], _unit(course, name)
    files = _plan(course, unit)
    for file, content in files.items():
        path = folder / file
        found += _stale_key(course, unit, path, content) if file == "key" else _stale_text(course, path, content)
    return found + list(_strangers(course, folder, set(files)))


def _plan(course: Course, unit: Unit) -> dict[str, bytes]:
    """A unit's plan, keeping an existing picture if a fresh one differs only by rounding."""
    folder, drawn = course.assignment(unit.name).parent, pictures(unit)
    for file, fresh in drawn.items():
        if (path := folder / file).is_file() and alike(old := path.read_bytes(), fresh):
            drawn[file] = old
    return plan(unit, drawn=drawn)


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content, is_lasting=False)
    except OSError as error:
        raise cannot_write(path, error, "the old file is as it was") from None


def _unit(course: Course, name: str) -> Unit:
    """A unit read from solutions/ directly, because assignments/course.toml does not list a new unit yet."""
    known = _course_units(course)
    if name not in known:
        raise UnitError(f"{_source(course)} does not list {name!r}; it lists {', '.join(known)}")
    settings = parse(_course_text(course).decode(errors="replace"), str(_source(course)))
    unit = Unit(name, course.root / "solutions" / name, settings.points_of(name), settings.packages.get(name))
    check_links(unit, settings.builds_on)
    return unit


def _source(course: Course) -> Path:
    return course.root / "solutions" / "course.toml"


def _course_file(course: Course) -> Path:
    return course.root / "assignments" / "course.toml"


def _course_text(course: Course) -> bytes:
    try:
        return _source(course).read_bytes()
    except OSError as error:
        raise UnitError(
            f"cannot read {_source(course)}: {error.strerror}; building needs the course's solutions"
        ) from None


def _course_units(course: Course) -> list[str]:
    return list(parse(_course_text(course).decode(errors="replace"), str(_source(course))).units)


def _write_if_new(path: Path, content: bytes) -> list[Path]:
    if path.is_file() and path.read_bytes() == content:
        return []
    write(path, content)
    return [path]


def own_work(folder: Path, files: dict[str, bytes]) -> set[str]:
    """The stubs and notebooks in a unit's folder that contain lines which no build has written."""
    known = _known_lines(folder, files)
    found = {name: folder / name for name in files if name.endswith((".py", ".ipynb")) and (folder / name).is_file()}
    old = {name: path.read_bytes() for name, path in found.items()}
    return {name for name, content in old.items() if content != files[name] and not _lines(name, content) <= known}


def _kept(path: Path) -> Path:
    """Copy a file to a .bak beside it; earlier copies stay."""
    try:
        return kept_aside(path, ".bak")
    except OSError as error:
        raise cannot_write(f"a copy of {path}", error, "the old file is as it was") from None


def _known_lines(folder: Path, files: dict[str, bytes]) -> set[str]:
    """The lines that this build and, if known, the last one put into stubs and notebooks."""
    known = set().union(*(_lines(name, content) for name, content in files.items() if name.endswith((".py", ".ipynb"))))
    try:
        last = load(folder / "key")
    except KeyFileError:
        return known
    return known.union(*(_lines("", f"{exercise.stub}\n{exercise.handout}".encode()) for exercise in last.exercises))


def _lines(name: str, content: bytes) -> set[str]:
    """The lines of a file, or those of a notebook's cells."""
    text = content.decode(errors="replace")
    if name.endswith(".ipynb"):
        with suppress(ValueError, TypeError, KeyError):
            text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return {line.strip() for line in text.splitlines() if not line.startswith(EMBEDDED)} - {""}


def _stale_text(course: Course, path: Path, content: bytes) -> Iterator[str]:
    name = path.relative_to(course.root)
    if not path.is_file():
        yield f"{name} is missing; {AGAIN}"
    elif (old := path.read_bytes()) != content:
        pairs = zip_longest(old.split(b"\n"), content.split(b"\n"))
        line = next(number for number, (a, b) in enumerate(pairs, 1) if a != b)
        yield f"{name} differs from a fresh build in line {line}; {AGAIN}"


def _strangers(course: Course, folder: Path, known: set[str]) -> Iterator[str]:
    folders = {name.partition("/")[0] for name in known if "/" in name}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name in folders and path.is_dir():
            start = f"{path.name}/"
            yield from _strangers(course, path, {name.removeprefix(start) for name in known if name.startswith(start)})
        elif path.name not in known and not any(path.match(pattern) for pattern in IGNORED):
            yield f"{path.relative_to(course.root)} is not made by a build; delete it"


def _stale_key(course: Course, unit: Unit, path: Path, content: bytes) -> Iterator[str]:
    name = path.relative_to(course.root)
    if not path.is_file():
        yield f"{name} is missing; {AGAIN}"
        return
    try:
        changed = key_change(load(path), from_bytes(content), partial(_noise_of_a_mistake, unit))
    except KeyFileError as error:
        yield f"{name} cannot be read: {error}"
        return
    if changed:
        yield f"{name} differs from a fresh build: {changed}; {AGAIN}"


def _noise_of_a_mistake(unit: Unit, exercise: ExerciseKey, question: Question, mistake: str) -> list[float]:
    """By how much another machine's rounding may move what a mistake answers; nothing where that cannot be measured."""
    asked = driven(unit.mistakes(exercise.name)[mistake], exercise.way_of(question))
    try:
        noise = measure_noise(asked, question.inputs, question.mistakes[mistake], exercise.signs_of(question))
    except Exception:  # it answers in another form, or raises, when an input moves by a digit
        return []
    return [MARGIN * each for each in noise]
