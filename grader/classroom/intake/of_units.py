"""Which unit a file is of: by its name, by its folder's, by what it defines."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

from grader.classroom.intake.place import Place, stem
from grader.classroom.intake.versions import plain
from grader.frozen import frozen

STAR = re.compile(rb"\bimport\s*\*")


@frozen
class Units:
    """What intake needs to know of a course: its units' exercises, and the hashes of its untouched stubs."""

    exercises: Mapping[str, Sequence[str]]
    stubs: frozenset[str] = frozenset()

    def of_name(self, place: Place) -> str:
        """The unit that a file's name or else its folder's name gives; empty if neither does."""
        name = stem(place.path[-1])
        if plain(name) in self.exercises:
            return plain(name)
        near = [unit for unit in self.exercises if re.search(rf"(?<![^\W_]){re.escape(unit)}(?![^\W_])", name)]
        if len(near) == 1:
            return near[0]
        return next((part for part in reversed(place.path[:-1]) if part in self.exercises), "")

    def is_exact(self, place: Place, unit: str) -> bool:
        """Whether a file is called as its unit is, apart from what counts versions."""
        return bool(unit) and plain(stem(place.path[-1])) == unit

    def of_content(self, text: bytes) -> str:
        """The unit of which a text defines most exercises; empty if it defines none."""
        found = self._defined(text)
        counts = {unit: len(found.intersection(names)) for unit, names in self.exercises.items()}
        best = max(counts, key=lambda unit: counts[unit], default="")
        return best if best and counts[best] else ""

    def defined(self, text: bytes, unit: str) -> int:
        """How many of a unit's exercises a text seems to define: nothing is parsed."""
        return len(self._defined(text).intersection(self.exercises[unit]))

    def _defined(self, text: bytes) -> set[str]:
        """The exercises of all units that a text seems to define."""
        lines = text.replace(b"\\n", b"\n")  # a notebook's lines
        return {name.decode() for pattern in self._defining for name in pattern.findall(lines)}

    @cached_property
    def _defining(self) -> tuple[re.Pattern[bytes], ...]:
        """What finds the exercises' names where something is bound to them; one search for all, as a class has many files."""
        names = b"|".join(name.encode() for names in self.exercises.values() for name in names)
        ways = rb"\b(?:def|class)\s+(?=(%b)\b)", rb"(?m)^[\s\"]*(?=(%b)\s*=[^=])"
        return tuple(re.compile(way % names) for way in ways)

    def may_be_of(self, text: bytes, unit: str) -> bool:
        """Whether a text could be of a unit: it names an exercise, or takes in names that nobody can see."""
        names = b"|".join(re.escape(name.encode()) for name in self.exercises[unit])
        return bool(names and re.search(rb"\b(?:" + names + rb")\b", text)) or bool(STAR.search(text))
