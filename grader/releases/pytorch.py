"""Where a platform gets PyTorch: its default index, an index that the instructor names, or wheels in the release.

Nothing here knows an index: PyPI's build for Linux is CUDA's, some gigabytes with what it needs, and who wants a smaller
one names where it is. A named index is asked for PyTorch and for nothing else.
"""

import importlib.metadata
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import GraderError

# Nothing that a shell, YAML or JSON reads as more than a word: it is written into install steps. No `@`: a password would
# be published with the release.
INDEX = re.compile(r"(https?://|file:///)[\w.~:/%+-]+", re.ASCII)
CUDA = re.compile(r"(nvidia|cuda|triton)\b", re.IGNORECASE)
NOWHERE = "none"
MEMORY = "Give the container at least 3 GB of memory."


@dataclass(frozen=True)
class Source:
    """PyTorch of one version; `index` is empty for a platform's own, `wheels` are the files that a release brings."""

    version: str
    index: str = ""
    wheels: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def requirement(self) -> str:
        return f"torch=={self.version}"

    @property
    def first(self) -> str:
        """What pip is told before all else is installed: PyTorch alone from the named index; empty where none is named."""
        return f"--no-deps --index-url {self.index} {self.requirement}" if self.index else ""

    @property
    def about(self) -> str:
        """A paragraph for who reads the release's README."""
        if self.wheels:
            return f"\nPyTorch {self.version} is among the wheels. {MEMORY}\n"
        if self.index:
            return (
                f"\nPyTorch {self.version} is installed from {self.index}, all else from where pip looks by itself.\n"
            )
        return (
            f"\nPyTorch {self.version} is installed from where pip looks by itself. On Linux that is PyPI's build for CUDA, some "
            "gigabytes with what it needs, on runners without a GPU too; releasing with `--torch URL` takes it from an "
            "index of builds for CPUs.\n"
        )


def source(said: str, python: str) -> Source | None:
    """What `--torch` says: an index's address, a folder of wheels, `none`, or nothing for the platform's own index."""
    if said == NOWHERE:
        return None
    if INDEX.fullmatch(said):
        return Source(version(), said)
    if "://" in said:
        raise GraderError(
            f"{said} cannot be written into an install step; an index's address is https://, a host and a path, without "
            "a name, a password or a question mark"
        )
    return Source(version(), wheels=_wheel(Path(said), python)) if said else Source(version())


def version() -> str:
    """PyTorch's version here: what runs there is what was tried here. The build (`+cpu`) is left to the index."""
    try:
        return importlib.metadata.version("torch").partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        raise GraderError(
            "PyTorch is not installed here, so that there is no version of it to install there; install the extra `torch`"
        ) from None


def _wheel(folder: Path, python: str) -> dict[str, bytes]:
    """PyTorch's wheel for Linux in a folder; GraderError if there is none, or one that brings CUDA."""
    wanted = f"torch-{version()}", f"-cp{python.replace('.', '')}-", "linux", "x86_64.whl"
    found = [path for path in sorted(folder.glob("torch-*.whl")) if all(part in path.name for part in wanted)]
    if not found:
        raise GraderError(
            f"{folder} holds no wheel of PyTorch {version()} for Python {python} on Linux; name a folder that has one, or "
            "an index's address, or leave its points pending with --torch none"
        )
    needs = [line for line in _metadata(found[0]).splitlines() if line.startswith("Requires-Dist:")]
    if any(CUDA.match(line.partition(":")[2].strip()) for line in needs):
        raise GraderError(
            f"{found[0].name} is a build for CUDA, which needs gigabytes beside it; take a build for CPUs, or name an "
            "index's address"
        )
    return {found[0].name: found[0].read_bytes()}


def _metadata(wheel: Path) -> str:
    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            return archive.read(name).decode("utf-8", "replace")
    except (OSError, StopIteration, zipfile.BadZipFile):
        raise GraderError(f"{wheel} is no wheel that can be read; download it again") from None
