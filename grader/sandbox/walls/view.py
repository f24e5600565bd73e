"""What a worker can see of the file system: the standard library, the allowed packages and their C libraries."""

import os
import sysconfig
from dataclasses import dataclass

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
PACKAGE_FOLDERS = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class View:
    """`folders` are visible except for `hidden` ones in them; `packages` are always visible, also in hidden folders."""

    folders: tuple[str, ...]
    hidden: tuple[str, ...]
    packages: tuple[str, ...]

    @property
    def readable(self) -> tuple[str, ...]:
        """All readable paths without exceptions, for Landlock: a folder with hidden ones in it is split into parts."""
        paths: list[str] = []
        for folder in self.folders:
            paths += _parts(folder, self.hidden)
        return (*paths, *self.packages)


def measure(packages: tuple[str, ...]) -> View:
    """The view for packages, given by their folders. Call it once they are loaded and their C libraries are mapped."""
    stdlib = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    mapped = {os.path.dirname(path) for path in mapped_files() if ".so" in os.path.basename(path)}
    within = [*stdlib, *packages]
    libraries = {folder for folder in mapped if not any(_is_below(folder, other) for other in within)}
    folders = tuple(sorted(folder for folder in stdlib | libraries if os.path.isdir(folder) and folder != "/"))
    folders = tuple(
        folder for folder in folders if not any(_is_below(folder, other) for other in folders if other != folder)
    )
    hidden = [os.path.join(folder, name) for folder in stdlib for name in PACKAGE_FOLDERS]
    for folder in set(folders) - stdlib:  # packages of other Pythons may lie beside C libraries
        pythons = (entry.path for entry in os.scandir(folder) if entry.name.startswith("python"))
        hidden += [path for path in pythons if not any(_is_below(inner, path) for inner in stdlib)]
    hidden = [path for path in hidden if os.path.isdir(path)]
    return View(folders, tuple(sorted(hidden)), packages)


def package_folders(names: tuple[str, ...], paths: list[str]) -> tuple[str, ...]:
    """The folders of packages, and of the C libraries that their wheels contain (`numpy.libs`)."""
    found = []
    for path in paths:
        for name in names:
            for folder in (name, f"{name}.libs"):
                full = os.path.realpath(os.path.join(path, folder))
                if os.path.isdir(full):
                    found.append(full)
    return tuple(dict.fromkeys(found))


def mapped_files() -> set[str]:
    """The files that this process has mapped, such as shared libraries."""
    with open("/proc/self/maps") as file:
        return {os.path.realpath(line.split(None, 5)[5].strip()) for line in file if "/" in line}


def _parts(folder: str, hidden: tuple[str, ...]) -> list[str]:
    """Split a folder into the parts that contain nothing hidden."""
    if folder in hidden:
        return []
    if not any(_is_below(path, folder) for path in hidden):
        return [folder]
    return [path for entry in os.scandir(folder) for path in _parts(entry.path, hidden)]


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
