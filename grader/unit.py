"""A unit as its author wrote it: reference, checks, handout, oracles and rewrites, read from `solutions/<unit>/`.

Only compiling and proving read a unit. Grading reads keys.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from grader.errors import GraderError
from grader.exercise import Edit, Exercise
from grader.source import Source, SourceError, functions, mutate, run_text


class UnitError(GraderError):
    """A unit's files do not fit together; the message says which file and what to do."""


@dataclass(frozen=True)
class Unit:
    """One unit's folder of solutions. Everything is read when it is first asked for."""

    name: str
    folder: Path

    @property
    def reference_file(self) -> Path:
        return self.folder / f"{self.name}.py"

    @cached_property
    def text(self) -> str:
        return self._read(self.reference_file)

    @cached_property
    def reference(self) -> ModuleType:
        return self._module(f"{self.name}.py")

    @cached_property
    def checks(self) -> ModuleType:
        return self._module("checks.py")

    @cached_property
    def oracles(self) -> ModuleType:
        """Independent truth; read by `grade dev check` alone, as it may import torch."""
        return self._module("oracles.py")

    @cached_property
    def rewrites(self) -> ModuleType:
        """Correct answers written another way."""
        return self._module("rewrites.py")

    @cached_property
    def title(self) -> str:
        return (ast.get_docstring(ast.parse(self.text)) or self.name).splitlines()[0].rstrip(".")

    @property
    def allows(self) -> tuple[str, ...]:
        """Packages that a submission may import beside the standard library."""
        return getattr(self.checks, "ALLOWS", ("numpy",))

    @cached_property
    def sources(self) -> dict[str, Source]:
        return functions(self.text)

    @cached_property
    def exercises(self) -> dict[str, Exercise]:
        """By name, in the order of the reference."""
        written = {name: value for name, value in vars(self.checks).items() if isinstance(value, Exercise)}
        if unknown := set(written) - set(self.sources):
            raise UnitError(f"{self.folder / 'checks.py'} has {sorted(unknown)}, which {self.name}.py does not define")
        return {name: written[name] for name in self.sources if name in written}

    def source(self, name: str) -> Source:
        return self.sources[name]

    def function(self, name: str) -> Callable:
        return getattr(self.reference, name)

    def mistakes(self, name: str) -> dict[str, Callable]:
        """The mistakes of an exercise as functions, by name."""
        return {mistake.name: self._wrong(name, mistake.wrong) for mistake in self.exercises[name].mistakes}

    def rewritten(self, name: str) -> dict[str, Callable]:
        """Other correct answers to an exercise: the functions of rewrites.py called `<exercise>__<how>`."""
        found = vars(self.rewrites).items()
        return {key.split("__", 1)[1]: value for key, value in found if key.startswith(f"{name}__")}

    @cached_property
    def _handouts(self) -> dict[str, str]:
        parts = re.split(r"^## (\w+)\s*$", self._read(self.folder / "handout.md"), flags=re.MULTILINE)
        return {"": parts[0].strip()} | {
            name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)
        }

    @property
    def introduction(self) -> str:
        """What stands above the first exercise in handout.md."""
        return self._handouts[""]

    def handout(self, name: str) -> str:
        """The exercise's section of handout.md, in Markdown with LaTeX."""
        if name not in self._handouts:
            raise UnitError(f"{self.folder / 'handout.md'} has no section `## {name}`")
        return self._handouts[name]

    def _wrong(self, name: str, wrong: Callable | Edit) -> Callable:
        if not isinstance(wrong, Edit):
            return wrong
        return getattr(run_text(mutate(self.text, name, wrong), f"mutant_{name}", str(self.reference_file)), name)

    def _module(self, file: str) -> ModuleType:
        path = self.folder / file
        text = self._read(path)
        try:
            return run_text(text, f"{self.name}_{path.stem}", str(path))
        except (SyntaxError, SourceError, ValueError) as error:
            raise UnitError(f"{path}: {error}") from error

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise UnitError(f"cannot read {path}: {error.strerror}; `grade dev new` makes a unit's files") from None
