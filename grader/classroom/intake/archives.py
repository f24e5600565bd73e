"""List the files that were handed in: folders and archives are opened safely, odd names are kept as data.

A file of an archive is written into a scratch folder under a generated name, so that no submitted name becomes a path.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from grader.beneath import Beneath, Refusal, Why
from grader.classroom.intake import tars, zips
from grader.classroom.intake.kept import no_room
from grader.classroom.intake.members import DEEPEST, LONGEST, ArchiveDamage, Member, MemberDamage, too_many
from grader.errors import GraderError
from grader.frozen import frozen
from grader.scratch import keep
from grader.submission import MAX_BYTES

CODE = (".py", ".ipynb")
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
OTHER_ARCHIVES = (".7z", ".rar", ".tar.zst", ".tar.lz", ".tar.z")
NOTES = ("submission_metadata.yml",)  # a download's list of who handed in what
JUNK = {"__MACOSX", "__pycache__", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", ".git"}
MAX_NOTES = 64 << 20
MAX_INNER = 16 << 20  # bytes of a student's own archive, inside a folder or another archive
MAX_MEMBERS = 5_000  # of one student's archive; an honest one has a dozen
MAX_CLASS = 200_000  # of the archive of a whole class
MAX_LOOKED_AT = 10  # times as many entries, counting folders and files that are left out
MAX_UNPACKED = 4 << 30  # bytes that one archive may unpack to, whether they are kept or not
MAX_KEPT = 64 << 20  # bytes that are kept of one student's archive
ANY_SIZE = 1 << 62  # bytes, for the archive of a whole class


@frozen
class Entry:
    """A file that was handed in: the parts of its path, where its bytes are if it was taken, and what is wrong with it.

    If it has neither `file` nor `problem`, it is of a kind that is not graded. `may_pass` means that the problem is on
    the marker's side, such as a missing permission; `is_nobodys` that a member of the class's archive has no usable
    name. `page` is the code page in which the name was decoded, empty for UTF-8.
    """

    path: tuple[str, ...]
    file: Beneath | None = None
    problem: str = ""
    may_pass: bool = False
    is_nobodys: bool = False
    page: str = ""

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
    """Everything in a folder or an archive, including students' own archives; GraderError if it is neither."""
    if source.is_dir():
        outer = _of_class_folder(source)
    elif source.is_file() and source.name.lower().endswith(ARCHIVES):
        outer = _of_class_archive(source, scratch)
    elif source.exists():
        raise GraderError(f"{source} is neither a folder nor a .zip or .tar archive; name what the class handed in")
    else:
        raise GraderError(f"there is no {source}; name a folder or an archive of what the class handed in")
    found: list[Entry] = []
    for entry in outer:
        if entry.is_archive and entry.file:
            inner = _of_archive(entry, scratch, MAX_MEMBERS, MAX_INNER, MAX_KEPT)
            found += [replace(each, is_nobodys=False) for each in inner]
        else:
            found.append(entry)
    return sorted(found, key=lambda entry: entry.path)


def _of_class_folder(folder: Path) -> list[Entry]:
    """The entries of a class's folder, which may itself be a link; no link below it is followed."""
    try:
        Beneath(folder).listed()
    except Refusal as refusal:
        raise GraderError(f"cannot read {folder}: {refusal.error or refusal}") from None
    return list(_of_folder(Beneath(folder)))


def _of_class_archive(archive: Path, scratch: Path) -> list[Entry]:
    """The entries of a class's archive, whose members are the students'. One without a usable name is nobody's."""
    place = archive.resolve()
    whole = Entry((archive.name,), Beneath(place.parent, (place.name,)))
    outer = _of_archive(whole, scratch, MAX_CLASS, ANY_SIZE, MAX_UNPACKED)
    if outer and outer[0].path == (archive.name,):
        again = "try again" if outer[0].may_pass else "download it again"
        raise GraderError(f"cannot open {archive}: {outer[0].problem}; {again}")
    return [replace(entry, path=entry.path[1:]) for entry in outer]


def _of_folder(folder: Beneath, above: tuple[str, ...] = ()) -> Iterator[Entry]:
    try:
        if len(above) > DEEPEST:
            raise ArchiveDamage("its folders lie too deep in one another")
        listed = folder.listed()
    except (Refusal, ArchiveDamage) as error:
        yield Entry(
            (*above, "?"), None, f"the folder was not read: {error}", may_pass=getattr(error, "may_pass", False)
        )
        return
    if not listed and above:
        yield Entry((*above, "."))
    for name, kind in listed:
        path = (*above, as_text(name))
        if _is_junk(path):
            continue
        if kind == "folder":
            yield from _of_folder(folder / name, path)
        elif kind == "file":
            yield Entry(path, None if _limit(name) is None else folder / name, _foreign(name))
        else:
            yield Entry(path, None, Why.LINK if kind == "link" else Why.IRREGULAR)


def _foreign(name: str) -> str:
    """The problem with an archive of an unsupported kind; empty for any other file."""
    is_foreign = name.lower().endswith(OTHER_ARCHIVES) and _limit(name) is None
    return "it is an archive of a kind that is not opened; hand in a .zip" if is_foreign else ""


def _limit(name: str) -> int | None:
    """How large a file with this name may be; None if such files are not taken."""
    lower = name.lower()
    if lower.endswith(CODE):
        return MAX_BYTES
    if lower.endswith(ARCHIVES):
        return MAX_INNER
    return MAX_NOTES if lower in NOTES else None


def _of_archive(archive: Entry, scratch: Path, most: int, size: int, room: int) -> list[Entry]:
    """The files of an archive, under the archive's own name; if it is damaged, only the archive with its problem.

    The archive may have `size` bytes and `most` files; `room` is how many bytes of them may be kept.
    """
    unpacking, found = _Unpacking(archive, scratch, room), []
    is_zip = archive.name.lower().endswith(".zip")
    members = zips.members if is_zip else partial(tars.members, most=MAX_UNPACKED)
    try:
        with archive.file.open(size) as raw:
            for member in members(raw, MAX_LOOKED_AT * most):
                if len(found) >= most:
                    raise ArchiveDamage(too_many(most))
                if not _is_junk(member.path):
                    found.append(unpacking.take(member))
    except (Refusal, ArchiveDamage) as error:
        return [Entry(archive.path, None, str(error), may_pass=error.may_pass, page=archive.page)]
    counts = Counter(entry.path for entry in found if not entry.is_nobodys)
    unique = [entry for entry in found if counts[entry.path] < 2]
    twice = [
        Entry(path, None, "the archive holds it twice", page=archive.page)
        for path, count in counts.items()
        if count > 1
    ]
    return unique + twice or [Entry((*archive.path, "."), page=archive.page)]


class _Unpacking:
    """Unpacks one archive: where its files go, and how many bytes may still be kept."""

    def __init__(self, archive: Entry, scratch: Path, room: int):
        self.archive, self.scratch, self.room, self.most = archive, scratch, room, room

    def take(self, member: Member) -> Entry:
        """Keep a member. ArchiveDamage if the archive cannot be read on or is too large; GraderError on a full disk."""
        path = (*self.archive.path, *(map(as_text, member.path or [member.name[:LONGEST] or "?"])))
        entry = Entry(path, page=self.archive.page or member.page, is_nobodys=not member.path)
        limit = _limit(path[-1])
        if member.problem or limit is None:
            return replace(entry, problem=member.problem or _foreign(path[-1]))
        try:
            content = member.content(limit)
        except MemberDamage as damage:
            return replace(entry, problem=str(damage))
        self.room -= len(content)
        if self.room < 0:
            raise ArchiveDamage(f"it unpacks to more than {self.most >> 20} MB")
        if len(content) > limit:
            return replace(entry, problem=str(Refusal(Why.LARGE, limit)))
        return replace(entry, file=self._kept(content))

    def _kept(self, content: bytes) -> Beneath:
        try:
            return Beneath(self.scratch, (keep(self.scratch, content).name,))
        except OSError as error:
            raise no_room(error) from None


def _is_junk(path: tuple[str, ...]) -> bool:
    return any(part in JUNK or part.startswith("._") for part in path)


def as_text(name: str) -> str:
    """A file name as text that any store accepts: bytes that are not UTF-8, and NUL, become escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
