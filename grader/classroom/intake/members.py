"""One member of an archive, whatever the archive's format, and the errors for a bad member or a bad archive."""

import re
from collections.abc import Callable

from grader.frozen import frozen

LONGEST = 255  # bytes of one part of a path; no file system allows more
DEEPEST = 60  # nested folders


class ArchiveDamage(Exception):
    """An archive cannot be read to its end; the clause follows its name. `may_pass`: the reader's side is the cause."""

    def __init__(self, words: str = "the archive is damaged", may_pass: bool = False):
        super().__init__(words)
        self.may_pass = may_pass


class MemberDamage(Exception):
    """One member cannot be read; the others can."""


@frozen
class Member:
    """A file in an archive. If its name cannot be used, `path` is empty and `problem` says why; `name` is for display.

    `page` is the code page in which its name was decoded, empty for UTF-8. `content(limit)` reads it, at most a byte
    more than `limit`; it raises MemberDamage or ArchiveDamage.
    """

    name: str
    path: tuple[str, ...]
    problem: str
    page: str
    content: Callable[[int], bytes]


def damage(error: Exception) -> ArchiveDamage:
    """The ArchiveDamage for an exception of an archive library: a system error, or damaged bytes."""
    if isinstance(error, ArchiveDamage):
        return error
    if isinstance(error, OSError) and error.errno:
        return ArchiveDamage(f"it cannot be read ({error.strerror})", may_pass=True)
    return ArchiveDamage()


def too_many(most: int) -> str:
    return f"it holds more than {most} files"


def parts_of(name: str) -> tuple[tuple[str, ...], str]:
    """(the parts of a member's path, why it cannot be used); a Windows archive may use backslashes."""
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
