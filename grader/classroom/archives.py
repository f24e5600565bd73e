"""What was handed in, as a list of files: folders and archives opened safely, odd names kept as data.

A file of an archive is written to a scratch folder under a number, so no name of a submission ever becomes a path.
"""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grader.errors import GraderError
from grader.submission import MAX_BYTES

CODE = (".py", ".ipynb")
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
NOTES = ("submission_metadata.yml",)  # a download's own list of who handed in what
JUNK = {"__MACOSX", "__pycache__", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", ".git"}
MAX_NOTES = 64 << 20
MAX_INNER = 16 << 20  # an archive that lies in a folder or another archive: one student's, not a class's
MAX_MEMBERS = 5_000  # of one student's archive; an honest one has a dozen
MAX_CLASS = 200_000  # of the archive of a whole class
MAX_UNPACKED = 4 << 30  # bytes that one archive may unpack to, whether they are kept or not
DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError,
    RuntimeError, ValueError, OverflowError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A file that was handed in: its name's parts, where its bytes lie if it was taken, and what is wrong with it.

    Neither `file` nor `problem`: a file of a kind that is not graded.
    """

    path: tuple[str, ...]
    file: Path | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def is_archive(self) -> bool:
        return self.name.lower().endswith(ARCHIVES)

    @property
    def is_code(self) -> bool:
        return self.name.lower().endswith(CODE)


def entries(source: Path, scratch: Path) -> list[Entry]:
    """Everything in a folder or an archive, students' own archives opened too; GraderError if it is neither."""
    if source.is_dir():
        outer = list(_of_folder(source, ()))
    elif source.is_file() and source.name.lower().endswith(ARCHIVES):
        outer = _of_archive(Entry((source.name,), source), scratch, MAX_CLASS)
        if outer and outer[0].path == (source.name,) and outer[0].problem:
            raise GraderError(f"cannot open {source}: {outer[0].problem}; download it again")
        outer = [replace(entry, path=entry.path[1:]) for entry in outer]
    elif source.exists():
        raise GraderError(f"{source} is neither a folder nor a .zip or .tar archive; name what the class handed in")
    else:
        raise GraderError(f"there is no {source}; name a folder or an archive of what the class handed in")
    found: list[Entry] = []
    for entry in outer:
        opens = entry.is_archive and entry.file
        found += _of_archive(entry, scratch, MAX_MEMBERS) if opens else [entry]
    return sorted(found, key=lambda entry: entry.path)


def _of_folder(folder: Path, above: tuple[str, ...]) -> Iterator[Entry]:
    try:
        listed = sorted(os.scandir(folder), key=lambda item: item.name)
    except OSError as error:
        yield Entry((*above, "?"), None, f"the folder cannot be read ({error.strerror})")
        return
    for item in listed:
        path = (*above, as_text(item.name))
        if _is_junk(path):
            continue
        if item.is_symlink():
            yield Entry(path, None, "it is a link, and links are not followed")
        elif item.is_dir(follow_symlinks=False):
            empty = True
            for entry in _of_folder(folder / item.name, path):
                empty = False
                yield entry
            if empty:
                yield Entry((*path, "."))
        elif not item.is_file(follow_symlinks=False):
            yield Entry(path, None, "it is not a regular file")
        else:
            yield _taken(path, folder / item.name, item.stat(follow_symlinks=False).st_size)


def _taken(path: tuple[str, ...], file: Path, size: int) -> Entry:
    limit = _limit(path[-1])
    if limit is None:
        return Entry(path)
    return Entry(path, None, _too_large(limit)) if size > limit else Entry(path, file)


def _limit(name: str) -> int | None:
    """How large a file of this name may be; None for one that is not taken."""
    lower = name.lower()
    if lower.endswith(CODE):
        return MAX_BYTES
    if lower.endswith(ARCHIVES):
        return MAX_INNER
    return MAX_NOTES if lower in NOTES else None


def _too_large(limit: int) -> str:
    return f"it is larger than {limit >> 20} MB"


def _of_archive(archive: Entry, scratch: Path, most: int) -> list[Entry]:
    """The files of an archive, below the archive's own name; the archive itself with its problem if it is damaged."""
    whole, found = _Unpacking(scratch), []
    try:
        members = _zip if archive.name.lower().endswith(".zip") else _tar
        for path, problem, content in members(archive.file):
            if len(found) >= most:
                raise ValueError(f"it holds more than {most} files")
            if path and not _is_junk(path):
                found.append(whole.take((*archive.path, *path), problem, content))
    except DAMAGE as error:
        return [Entry(archive.path, None, _reason(error))]
    counts = Counter(entry.path for entry in found)
    unique = [entry for entry in found if counts[entry.path] == 1]
    twice = [Entry(path, None, "the archive holds it twice") for path, count in counts.items() if count > 1]
    return unique + twice or [Entry((*archive.path, "."))]


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError) and str(error).startswith("it "):
        return str(error)
    if isinstance(error, RuntimeError) and "encrypted" in str(error):
        return "it is encrypted"
    return "the archive is damaged"


class _Unpacking:
    """What one archive may still unpack to, and where its files go."""

    def __init__(self, scratch: Path):
        self.scratch, self.room = scratch, MAX_UNPACKED

    def take(self, path: tuple[str, ...], problem: str, content) -> Entry:
        limit = _limit(path[-1])
        if problem or limit is None:
            return Entry(path, None, problem)
        with content() as stream:
            taken = stream.read(limit + 1)
        self.room -= len(taken)
        if self.room < 0:
            raise ValueError(f"it unpacks to more than {MAX_UNPACKED >> 30} GB")
        if len(taken) > limit:
            return Entry(path, None, _too_large(limit))
        handle, file = tempfile.mkstemp(dir=self.scratch)
        with os.fdopen(handle, "wb") as kept:
            kept.write(taken)
        return Entry(path, Path(file))


def _zip(file: Path) -> Iterator[tuple]:
    """(path, problem, how to open) of each file; a broken member breaks nothing but itself."""
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            path, problem = _inside(info.filename)
            mode = info.external_attr >> 16
            if info.filename.endswith("/"):  # `is_dir` wants a name that is not empty
                continue
            if info.flag_bits & 1:
                problem = "it is encrypted"
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                problem = "it is a link or a device, and neither is followed"
            content = io.BytesIO()
            if not problem and (limit := _limit(path[-1] if path else "")) is not None:
                try:
                    with archive.open(info) as stream:
                        content = io.BytesIO(stream.read(limit + 1))
                except DAMAGE:
                    problem = "it is damaged"
            yield path, problem, lambda content=content: content


def _tar(file: Path) -> Iterator[tuple]:
    """The same of a tar archive, read once from front to back through a meter."""
    with open(file, "rb") as raw, tarfile.open(fileobj=_Metered(_plain(raw)), mode="r|") as archive:
        for info in archive:
            path, problem = _inside(info.name)
            if info.isdir():
                continue
            if not info.isreg():
                problem = "it is a link or a device, and neither is followed"
            yield path, problem, lambda info=info: archive.extractfile(info)


def _plain(raw):
    """The bytes of a tar, whatever it was compressed with: by its first bytes, not by its name."""
    start = raw.read(6)
    raw.seek(0)
    for magic, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ\0", lzma)):
        if start.startswith(magic):
            return module.open(raw)
    return raw


class _Metered(io.RawIOBase):
    """A stream that ends a bomb: it gives no more than MAX_UNPACKED bytes."""

    def __init__(self, stream):
        self.stream, self.room = stream, MAX_UNPACKED

    def read(self, size: int = -1) -> bytes:
        content = self.stream.read(size)
        self.room -= len(content)
        if self.room < 0:
            raise ValueError(f"it unpacks to more than {MAX_UNPACKED >> 30} GB")
        return content


def _inside(name: str) -> tuple[tuple[str, ...], str]:
    """The parts of a member's name, and why it cannot be taken; a Windows archive may use backslashes."""
    parts = tuple(as_text(part) for part in name.replace("\\", "/").split("/") if part not in ("", "."))
    if name.startswith(("/", "\\")) or ".." in parts:
        return tuple(part for part in parts if part != "..") or ("?",), "its name leads out of the archive"
    return parts, ""


def _is_junk(path: tuple[str, ...]) -> bool:
    return any(part in JUNK or part.startswith("._") for part in path)


def as_text(name: str) -> str:
    """A file's name as text that any store takes: bytes that are no UTF-8 as escapes, NUL too."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
