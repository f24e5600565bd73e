"""Where a platform gets PyTorch: its default index, an index that the instructor names, or wheels in the release.

No index is built in. PyPI's build for Linux includes CUDA, several gigabytes with its dependencies; if you want a
smaller one, name its index. A named index is used for PyTorch and nothing else.
"""

import importlib.metadata
import re
import zipfile
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from grader.errors import GraderError
from grader.frozen import frozen

# Only characters that are literal in a shell, YAML and JSON, because it is written into install steps. No `@`, because a
# password would be published with the release.
INDEX = re.compile(r"(https?://|file:///)[\w.~:/%+-]+", re.ASCII)
CUDA = re.compile(r"(nvidia|cuda|triton)\b", re.IGNORECASE)
NOWHERE = "none"
MEMORY = "Give the container at least 3 GB of memory."


@frozen
class Source:
    """A PyTorch version and its origin: an `index` (empty: the platform's default), or `wheels` in the release."""

    version: str
    index: str = ""
    wheels: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def requirement(self) -> str:
        return f"torch=={self.version}"

    @property
    def first(self) -> str:
        """pip's arguments to install PyTorch alone from the named index before all else; empty without an index."""
        return f"--no-deps --index-url {self.index} {self.requirement}" if self.index else ""

    @property
    def about(self) -> str:
        """A paragraph for the release's README."""
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
    """Interpret `--torch`: an index's URL, a folder of wheels, `none`, or empty for the platform's default index."""
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
    """The PyTorch version that is installed here, which is pinned there, without the build tag (`+cpu`)."""
    try:
        return importlib.metadata.version("torch").partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        raise GraderError(
            "PyTorch is not installed here, so that there is no version of it to install there; install the extra `torch`"
        ) from None


def _wheel(folder: Path, python: str) -> dict[str, bytes]:
    """PyTorch's wheel for Linux in a folder; GraderError if there is none, or it is a CUDA build."""
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
