"""The grader as a wheel, and the wheels that it needs, for platforms that install it without a network."""

import base64
import hashlib
import importlib.metadata
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.errors import GraderError
from grader.releases.pytorch import CUDA
from grader.version import __version__

NAME = "deep-grade"
WHEEL = f"deep_grade-{__version__}-py3-none-any.whl"
LIKE = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files give the same bytes


def own() -> bytes:
    """This grader as a wheel; works from a checkout as well as from an installed package."""
    root = Path(__file__).resolve().parents[2]
    manual = root / "grader" / "manual"  # the documentation, which an installed package does not have
    code = [path for path in sorted((root / "grader").rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    code = [path for path in code if not path.is_relative_to(manual)]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in [*code, root / "cli.py"]}
    installed = importlib.metadata.distribution(NAME)
    info = f"deep_grade-{__version__}.dist-info"
    for name in ("METADATA", "entry_points.txt"):
        files[f"{info}/{name}"] = (installed.read_text(name) or "").encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: deep-grade\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    lines = [f"{name},{_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    return zipped(files)


def _digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def zipped(files: Mapping[str, bytes], executable: tuple[str, ...] = ()) -> bytes:
    """A reproducible zip with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def constraints(torch: bool = False) -> str:
    """The installed versions of everything that grading needs, as pip constraints, for the platform to use the same."""
    seen: set[str] = set()
    names = [*_needed(NAME, seen), *(["torch", *_needed("torch", seen)] if torch else [])]
    pins = {name: importlib.metadata.version(name).partition("+")[0] for name in names if not CUDA.match(name)}
    return "\n".join(sorted(f"{name}=={version}" for name, version in pins.items())) + "\n"


def _needed(name: str, seen: set[str]) -> Iterator[str]:
    for requirement in importlib.metadata.requires(name) or ():
        needed = re.match(r"[\w.-]+", requirement)[0]
        if "extra ==" in requirement or needed.lower() in seen:
            continue
        try:
            importlib.metadata.version(needed)
        except importlib.metadata.PackageNotFoundError:  # needed only on another system or Python version
            continue
        seen.add(needed.lower())
        yield needed
        yield from _needed(needed, seen)


def needed(python: str, to: Path, pins: str) -> dict[str, bytes]:
    """Download the pinned wheels except PyTorch's, and pip's own, for Linux on x86_64, with pip into a folder."""
    platforms = [word for platform in LIKE for word in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--dest", str(to)]
    command += [
        "--only-binary=:all:",
        "--no-deps",
        "--python-version",
        python,
        *platforms,
        "pip",
        *_without_torch(pins),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise GraderError(
            f"pip could not get the wheels for Python {python} ({last}); download them where there is a network, and "
            "name their folder with --wheels DIR"
        )
    return in_folder(to, pins)


def in_folder(folder: Path, pins: str) -> dict[str, bytes]:
    """The wheels in a folder; GraderError if pip or one of the pinned ones (except PyTorch) is missing."""
    wheels = {path.name: path.read_bytes() for path in sorted(folder.glob("*.whl"))}
    there = {tuple(_plain(part) for part in name.split("-")[:2]) for name in wheels}
    if not any(name == "pip" for name, _ in there):
        raise GraderError(f"{folder} holds no wheel of pip; fill it with: pip download --dest {folder} pip {NAME}")
    missing = [pin for pin in _without_torch(pins) if tuple(map(_plain, pin.split("=="))) not in there]
    if missing:
        raise GraderError(
            f"{folder} lacks {', '.join(missing)}; fill it with: pip download --no-deps --dest {folder} {' '.join(missing)}"
        )
    return wheels


def _without_torch(pins: str) -> list[str]:
    return [pin for pin in pins.split() if not pin.startswith("torch==")]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()
