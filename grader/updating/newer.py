"""A newer course as data: what lies below `assignments/` of a folder, an archive or the installed package."""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from grader.demos.playing import FOLDER as DEMO  # the one folder that a unit may have
from grader.errors import GraderError

LISTING = "course.toml"
FOLDER = "assignments"
MOST = 64 << 20  # bytes of one file; the largest key is a few megabytes
ALL = 512 << 20  # bytes of them all
MEMBERS = 20_000
ZIPS, TARS = (".zip", ".whl"), (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

Files = Mapping[str, bytes]  # by the path below assignments/: course.toml, attention/attention.py


class NoCourse(GraderError):
    """What was named holds no course, or cannot be read; the message says what to name instead."""


def files_of(source: Path) -> Files:
    """The files of a course in a folder or an archive; NoCourse where there is none."""
    name = source.name.lower()
    try:
        if source.is_dir():
            return of_folder(source / FOLDER if (source / FOLDER / LISTING).is_file() else source)
        if name.endswith(ZIPS):
            return _found(dict(_of_zip(source)), str(source))
        if name.endswith(TARS):
            return _found(dict(_of_tar(source)), str(source))
    except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, RuntimeError) as error:
        raise NoCourse(
            f"cannot read {source}: {getattr(error, 'strerror', None) or error}; download it again"
        ) from None
    what = "is no folder and no .zip or .tar.gz archive" if source.exists() else "does not exist"
    raise NoCourse(f"{source} {what}; name a release of the course")


def of_folder(folder: Traversable) -> Files:
    """The files below a course's `assignments/`, which may lie in a package."""
    return _found({f"{FOLDER}/{name}": content for name, content in _walk(folder)}, str(folder))


def _walk(folder: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        name = f"{above}{item.name}"
        if item.is_dir() and (not above or name.endswith(f"/{DEMO}")):
            yield from _walk(item, f"{name}/")
        elif item.is_file() and not item.name.startswith((".", "__")):
            yield name, item.read_bytes()


def _of_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        _refuse_many(path, [member.file_size for member in members])
        for member in members:
            if not member.is_dir():
                with archive.open(member) as file:
                    yield member.filename, file.read(MOST)


def _of_tar(path: Path) -> Iterator[tuple[str, bytes]]:
    sizes = []
    with tarfile.open(path) as archive:
        for member in archive:
            sizes.append(member.size)
            _refuse_many(path, sizes)
            if member.isreg() and (file := archive.extractfile(member)):
                yield member.name, file.read(MOST)


def _refuse_many(path: Path, sizes: list[int]) -> None:
    if len(sizes) > MEMBERS or max(sizes, default=0) >= MOST or sum(sizes) > ALL:
        raise NoCourse(f"{path} is larger than any course; name a release of the course")


def _found(files: Mapping[str, bytes], where: str) -> Files:
    """What lies below the one `assignments/` that has a course.toml, with plain names: a file of a unit, or of its demo."""
    tops = sorted((name for name in files if name.endswith(f"{FOLDER}/{LISTING}")), key=lambda name: name.count("/"))
    if not tops:
        raise NoCourse(f"{where} has no {FOLDER}/{LISTING}; name a release of the course")
    top = tops[0].removesuffix(LISTING)
    below = {name.removeprefix(top): content for name, content in files.items() if name.startswith(top)}
    return {name: content for name, content in below.items() if _is_plain(name)}


def _is_plain(name: str) -> bool:
    """Whether a file of a course can have this name: no way out of its folder, nothing hidden, no backup."""
    parts = PurePosixPath(name).parts
    is_inside = len(parts) <= 2 or (len(parts) == 3 and parts[1] == DEMO)
    is_shown = not any(part.startswith((".", "__")) or "\\" in part or ":" in part for part in parts)
    return is_inside and is_shown and not name.startswith("/") and not name.endswith((".bak", ".before", ".pyc"))
