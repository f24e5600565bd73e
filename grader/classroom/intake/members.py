"""One member of an archive, whatever the archive's format, and the errors for a bad member or a bad archive."""

import re
from collections.abc import Callable
from dataclasses import dataclass

LONGEST = 255  # bytes of a part of a name: no file system has longer ones
DEEPEST = 60  # folders within one another


class ArchiveDamage(Exception):
    """An archive that cannot be read to its end; the words follow its name. `may_pass`: it is the reader's trouble."""

    def __init__(self, words: str = "the archive is damaged", may_pass: bool = False):
        super().__init__(words)
        self.may_pass = may_pass


class MemberDamage(Exception):
    """A member that cannot be read; the others can."""


@dataclass(frozen=True)
class Member:
    """A file of an archive. `path` is empty, and `problem` says why, where its name cannot be used; `name` is for showing.

    `page` is the code page that its name was read in, empty for UTF-8. `content` gives at most so many bytes, and raises
    MemberDamage or ArchiveDamage.
    """

    name: str
    path: tuple[str, ...]
    problem: str
    page: str
    content: Callable[[int], bytes]


def damage(error: Exception) -> ArchiveDamage:
    """What an exception of a library that reads archives means: a system's error, or bytes that are none of an archive."""
    if isinstance(error, ArchiveDamage):
        return error
    if isinstance(error, OSError) and error.errno:
        return ArchiveDamage(f"it cannot be read ({error.strerror})", may_pass=True)
    return ArchiveDamage()


def too_many(most: int) -> str:
    return f"it holds more than {most} files"


def parts_of(name: str) -> tuple[tuple[str, ...], str]:
    """The parts of a member's name, or why it cannot be used; a Windows archive may use backslashes."""
    parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
    if name.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:[/\\]", name):
        return (), "its name leads out of the archive"
    if not parts:
        return (), "it has no name"
    if "\0" in name:
        return (), "its name holds a NUL"
    if len(parts) > DEEPEST or any(len(part.encode("utf-8", "surrogatepass")) > LONGEST for part in parts):
        return (), "its name is too long"
    return parts, ""
