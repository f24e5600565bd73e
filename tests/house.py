"""The house as its imports draw it: rooms, floors, arrows, circles. `python tests/house.py [ROOT]` prints it, of any checkout.

A room is a folder of modules; a module at the top of `grader/` is a room by itself. An arrow is that a room imports another,
inside functions and for types too. A room stands one floor above the highest that it imports.
"""

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# Run by another Python than ours: on a platform, and while the manual is made.
OUTSIDE = ("grader/releases/templates", "grader/classroom/templates", "grader/manual")


@dataclass(frozen=True)
class House:
    """The modules of a checkout and what each imports of the others."""

    root: Path

    @cached_property
    def files(self) -> dict[str, Path]:
        """Each module's file, by its dotted name."""
        found = {}
        for path in [*sorted(self.root.glob("grader/**/*.py")), self.root / "cli.py"]:
            place = path.relative_to(self.root)
            if not place.as_posix().startswith(OUTSIDE):
                parts = place.with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
        return found

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """For each module the modules that it imports, wherever in its text."""
        return {name: self._imported(name, path) for name, path in self.files.items()}

    def _imported(self, name: str, path: Path) -> set[str]:
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                whole = (f"{node.module}.{each.name}" for each in node.names)
                found |= {each if each in self.files else node.module for each in whole}
            elif isinstance(node, ast.Import):
                found |= {each.name for each in node.names}
        return (found & set(self.files)) - {name}

    def room(self, module: str) -> str:
        """The room that a module stands in: its folder, or itself at the top."""
        parts = module.split(".")
        is_face = self.files[module].name == "__init__.py"
        return module if is_face or len(parts) <= 2 else ".".join(parts[:-1])

    @cached_property
    def arrows(self) -> dict[str, set[str]]:
        """For each room the other rooms that it imports."""
        found: dict[str, set[str]] = {self.room(name): set() for name in self.files}
        for name, imported in self.imports.items():
            found[self.room(name)] |= {self.room(each) for each in imported} - {self.room(name)}
        return found

    @cached_property
    def floors(self) -> dict[str, int]:
        """The floor of each room, 1 the ground. Only of a house without circles."""
        floors: dict[str, int] = {}

        def floor(room: str) -> int:
            if room not in floors:
                floors[room] = 1 + max(map(floor, self.arrows[room]), default=0)
            return floors[room]

        for room in self.arrows:
            floor(room)
        return floors


def circles(arrows: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The groups in which each reaches each other, as names in order."""
    reach = {name: _reached(name, arrows) for name in arrows}
    groups = {
        frozenset(other for other in reach[name] if name in reach[other]) for name in arrows if name in reach[name]
    }
    return sorted(map(sorted, groups))


def _reached(start: str, arrows: Mapping[str, Iterable[str]]) -> set[str]:
    """All that lies ahead of a name, itself only where a way leads back."""
    seen: set[str] = set()
    waiting = list(arrows[start])
    while waiting:
        if (each := waiting.pop()) not in seen:
            seen.add(each)
            waiting += arrows[each]
    return seen


def printed(house: House) -> str:
    """The house in words, from the top floor down."""
    rooms, arrows = len(house.arrows), sum(map(len, house.arrows.values()))
    found = circles(house.arrows) + circles(house.imports)
    lines = [f"{rooms} rooms, {arrows} arrows, {len(found)} circles"]
    lines += [f"  circle: {' '.join(circle)}" for circle in found]
    if not circles(house.arrows):
        lines[0] += f", {max(house.floors.values())} floors"
        for room in sorted(house.arrows, key=lambda room: (-house.floors[room], room)):
            lines.append(f"{house.floors[room]:3} {room:28} → {' '.join(sorted(house.arrows[room]))}")
    return "\n".join(lines).replace("grader.", "")


if __name__ == "__main__":
    print(printed(House(Path(sys.argv[1] if sys.argv[1:] else ".").resolve())))
