"""A unit as its author wrote it: reference, checks, handout, oracles and rewrites, read from `solutions/<unit>/`.

Only compiling and proving read a unit; grading reads keys.
"""

import ast
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType

from grader.course.author_code import UnitError as UnitError
from grader.course.author_code import authored
from grader.course.edited_text import mutate
from grader.course.part import pick
from grader.course.points import shared
from grader.course.reference_text import Source, SourceError, definitions, free_names, run_text, without
from grader.exercise import Check, Edit, Exercise
from grader.frozen import frozen
from grader.typed import read_as

BANDS = "bands.json"  # in the folder of solutions; see grader.authoring.bands
SIGNS = {"whole": None, "rows": 0, "columns": 1}  # what has a free sign -> the axis along which signs differ


@frozen
class Unit:
    """One unit's folder in solutions/. Every file is read on first use.

    `points` and `packages` are the course's values that replace the author's. `only` are the exercises that the course
    uses, empty for all. Exercises that are left out do not appear in `text`, `exercises`, `written` or `pictures`.
    """

    name: str
    folder: Path
    points: Mapping[str, int] = field(default_factory=dict, hash=False)
    packages: tuple[str, ...] | None = None
    only: tuple[str, ...] = ()

    @property
    def reference_file(self) -> Path:
        return self.folder / f"{self.name}.py"

    @cached_property
    def whole_text(self) -> str:
        """The reference as its author wrote it."""
        with authored("", self.folder):
            ast.parse(text := self._read(self.reference_file), str(self.reference_file))
        return text

    @cached_property
    def text(self) -> str:
        """The reference's text, without the exercises that are left out."""
        if not self.only:
            return self.whole_text
        kept = {piece for name, exercise in self.exercises.items() for piece in (name, *exercise.pieces)}
        everything = {piece for name, exercise in self.all_exercises.items() for piece in (name, *exercise.pieces)}
        return without(self.whole_text, everything - kept)

    @cached_property
    def reference(self) -> ModuleType:
        return self._module(f"{self.name}.py")

    @cached_property
    def checks(self) -> ModuleType:
        return self._module("checks.py")

    @cached_property
    def oracles(self) -> ModuleType:
        """Independent implementations; only `grade dev check` reads them, because they may import torch."""
        return self._module("oracles.py")

    @cached_property
    def rewrites(self) -> ModuleType:
        """Correct answers written another way."""
        return self._module("rewrites.py")

    @property
    def rewrites_text(self) -> str:
        return self._read(self.folder / "rewrites.py")

    @cached_property
    def bands(self) -> dict[str, list[list[float]]]:
        """The range of each run's loss curve with the reference, as `grade dev bands` has measured it."""
        path = self.folder / BANDS
        if not path.is_file():
            return {}
        try:
            return read_as(dict[str, list[list[float]]], json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError) as error:
            again = f"measure it again with `grade dev bands {self.name}`"
            raise UnitError(f"{path} is damaged ({error}); {again}") from None

    @property
    def has_pictures(self) -> bool:
        return (self.folder / "pictures.py").is_file()

    @cached_property
    def pictures(self) -> dict[str, Callable]:
        """The functions that draw its pictures, by name, in order; empty if there is no pictures.py."""
        if not self.has_pictures:
            return {}
        module, drawn = self._module("pictures.py"), definitions(self.pictures_text)
        gone = "".join(self.handout(name) for name in self.all_exercises if name not in self.exercises)
        shown = [name for name in drawn if not name.startswith("_") and f"({name}.svg)" not in gone]
        return {name: getattr(module, name) for name in shown}

    @property
    def pictures_text(self) -> str:
        return self._read(self.folder / "pictures.py")

    @cached_property
    def title(self) -> str:
        return (ast.get_docstring(ast.parse(self.whole_text)) or self.name).splitlines()[0].rstrip(".")

    @property
    def allows(self) -> tuple[str, ...]:
        """The packages that a submission may import besides the standard library."""
        return getattr(self.checks, "ALLOWS", ("numpy",)) if self.packages is None else self.packages

    @cached_property
    def sources(self) -> dict[str, Source]:
        return definitions(self.text)

    @cached_property
    def exercises(self) -> dict[str, Exercise]:
        """The exercises that the course uses, by name, in the order of the reference."""
        return pick(self.name, self.only, self.all_exercises, self.whole_text) if self.only else self.all_exercises

    @cached_property
    def all_exercises(self) -> dict[str, Exercise]:
        """All exercises that the author wrote, by name, in the order of the reference."""
        sources = definitions(self.whole_text)
        written = {name: value for name, value in vars(self.checks).items() if isinstance(value, Exercise)}
        asked = {name for exercise in written.values() for name in exercise.pieces}
        alone = {name for name, exercise in written.items() if not exercise.pieces}
        if unknown := (alone | asked) - set(sources):
            raise UnitError(f"{self.folder / 'checks.py'} has {sorted(unknown)}, which {self.name}.py does not define")
        if unknown := set(self.points) - set(written):
            raise UnitError(f"course.toml gives points to {self.name}.{min(unknown)}, which is no exercise")
        written = {name: self._worth(name, exercise) for name, exercise in written.items()}
        defined = {name: written[name] for name in sources if name in written}
        return defined | written  # runs that only combine pieces come last

    @property
    def written(self) -> list[str]:
        """The names that a student writes, in the order of the reference: exercises, and pieces of training runs."""
        pieces = {name for exercise in self.exercises.values() for name in exercise.pieces}
        return [name for name in self.sources if name in self.exercises or name in pieces]

    def stubs_of(self, name: str) -> list[str]:
        """The names whose stubs belong to an exercise: its own, and pieces of a run that are not exercises."""
        own = [piece for piece in self.exercises[name].pieces if piece not in self.exercises]
        return [name, *own] if name in self.sources else own

    def _worth(self, name: str, exercise: Exercise) -> Exercise:
        """An exercise with the points that the course gives it, divided among its checks in the author's ratios."""
        total = self.points.get(name, exercise.points)
        if total == exercise.points:
            return exercise
        if total < len(exercise.checks):
            raise UnitError(
                f"course.toml gives {self.name}.{name} {total} points, and it has {len(exercise.checks)} checks; "
                "each needs a point at least"
            )
        shares = shared(total, [check.points for check in exercise.checks])
        checks = [replace(check, points=points) for check, points in zip(exercise.checks, shares, strict=True)]
        return replace(exercise, points=total, checks=checks)

    def source(self, name: str) -> Source:
        """An exercise's definition in the reference; for a training run that only combines pieces, its driver's."""
        if name in self.sources:
            return self.sources[name]
        return replace(self._driver(name), name=name)

    def pieces(self, name: str) -> list[Callable]:
        """The reference's functions that answer an exercise's questions: its own, or all the pieces of a run."""
        return [getattr(self.reference, piece) for piece in self.exercises[name].pieces or [name]]

    def driver(self, name: str, check: Check | None = None) -> str:
        """The source of an exercise's driver, or of a check's own; empty for none. UnitError unless it can run on its own."""
        path, source = self.folder / "checks.py", self._driver(name, check)
        if source is None:
            return ""
        called = source.name
        if source.node.decorator_list or self._allows_not(source.node):
            raise UnitError(f"{path}: the driver {called} has a decorator, or imports what a worker has not")
        found = {"np", "device", "report", "follow"} | ({"torch", "load"} if self.exercises[name].torch else set())
        if free := sorted(set(free_names(source.body)) - found):
            raise UnitError(
                f"{path}: the driver {called} uses {', '.join(free)}, which it will not find in the worker; "
                f"it can use its own names, builtins and {', '.join(sorted(found))}"
            )
        return source.body

    def drivers(self, name: str) -> list[str]:
        """The sources of all drivers of an exercise: its own, and those of its checks."""
        found = [self.driver(name, check) for check in (None, *self.exercises[name].checks)]
        return list(filter(None, found))

    def returns(self, name: str, check: Check | None = None) -> list[str]:
        """The names of an answer's parts, from the shape line of the driver's docstring or else of the exercise's."""
        driver = self._driver(name, check)
        return (driver.returns if driver else []) or self.source(name).returns

    def signs(self, name: str) -> list[list[int | None]]:
        """Where an exercise's answer has free signs: pairs (part, or None for all of it; axis of the signs)."""
        returns, signs = self.returns(name), []
        for part, along in self.exercises[name].up_to_sign.items():
            if part not in returns or along not in SIGNS:
                known = f"parts are {', '.join(returns)}, and signs belong to {', '.join(SIGNS)}"
                raise UnitError(f"{name}: up_to_sign has {part!r}: {along!r}; {known}")
            signs.append([returns.index(part) if len(returns) > 1 else None, SIGNS[along]])
        return signs

    def _driver(self, name: str, check: Check | None = None) -> Source | None:
        function, path = (check or self.exercises[name]).driver, self.folder / "checks.py"
        source = definitions(self._read(path)).get(getattr(function, "__name__", "")) if function else None
        if function and source is None:
            raise UnitError(f"{path}: the driver of {name} must be a function that this file defines with `def`")
        return source

    def _allows_not(self, node: ast.AST) -> bool:
        imports = [item for item in ast.walk(node) if isinstance(item, ast.Import | ast.ImportFrom)]
        modules = [
            alias.name if isinstance(item, ast.Import) else item.module or ""
            for item in imports
            for alias in item.names
        ]
        return any(module.split(".")[0] not in {*self.allows, *sys.stdlib_module_names} for module in modules)

    def mistakes(self, name: str) -> dict[str, list[Callable]]:
        """The mistakes of an exercise by name, each as a list of functions like `pieces`."""
        found = {}
        for mistake in self.exercises[name].mistakes:
            try:
                with authored(f"mistake {mistake.name!r} of {name}, once its edit is made: ", self.folder):
                    found[mistake.name] = self._wrong(name, mistake.wrong)
            except SourceError as error:
                raise UnitError(f"{self.folder / 'checks.py'}: mistake {mistake.name!r}: {error}") from error
        return found

    def rewritten(self, name: str) -> dict[str, list[Callable]]:
        """Other correct answers: the functions `<exercise>__<how>` of rewrites.py, each as a list like `pieces`.

        For a run, a function `<piece>__<how>` replaces that piece.
        """
        found = [(*key.split("__", 1), value) for key, value in vars(self.rewrites).items() if "__" in key[1:]]
        pieces = self.exercises[name].pieces or [name]
        reference = dict(zip(pieces, self.pieces(name), strict=True))
        return {
            how: list((reference | {piece: value}).values())
            for piece, how, value in found
            if piece in reference and how
        }

    @cached_property
    def _handouts(self) -> dict[str, str]:
        parts = re.split(r"^## (\w+)\s*$", self._read(self.folder / "handout.md"), flags=re.MULTILINE)
        return dict(zip(["", *parts[1::2]], map(str.strip, parts[::2]), strict=True))

    @property
    def introduction(self) -> str:
        """The text above the first exercise in handout.md."""
        return self._handouts[""]

    def handout(self, name: str) -> str:
        """The exercise's section of handout.md, in Markdown with LaTeX."""
        if name not in self._handouts:
            raise UnitError(f"{self.folder / 'handout.md'} has no section `## {name}`")
        return self._handouts[name]

    def _wrong(self, name: str, wrong: Callable | Edit) -> list[Callable]:
        """A mistake as a list like `pieces`: an Edit changes the reference, a function replaces the first piece."""
        if not isinstance(wrong, Edit):
            return [wrong, *self.pieces(name)[1:]]
        mutant = run_text(mutate(self.whole_text, name, wrong), f"mutant_{name}", str(self.reference_file))
        return [getattr(mutant, piece) for piece in self.exercises[name].pieces or [name]]

    def _module(self, file: str) -> ModuleType:
        path = self.folder / file
        text = self._read(path)
        try:
            with authored("", self.folder):
                return run_text(text, f"{self.name}_{path.stem}", str(path))
        except ModuleNotFoundError as error:
            raise UnitError(
                f"{path} imports {error.name}, which is not installed here; install it (PyTorch: the extra `torch`)"
            ) from error

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise UnitError(f"cannot read {path}: {error.strerror}; `grade dev new` makes a unit's files") from None
