"""Addresses that print without their passwords, and removal of those passwords from any other text.

A password comes in with an address (`--db`, `--nbgrader`, a configuration file) and is used only where a connection is
made; everywhere else the code holds an `Address`. Other texts that may contain one, such as a library's error or the
command line, go through `without_passwords` before they are shown or stored.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from urllib.parse import unquote

from grader.frozen import frozen

HIDDEN = "***"
SHORTEST = 3  # characters: a shorter password occurs in ordinary words, so it is not searched for

_NAME = re.compile(
    r"pass(word|wd|phrase)?$|pwd$|secret|token|credential|signature|(^|[_-])(sig|auth|key)$|(api|access|private)[_-]?key",
    re.IGNORECASE,
)
# Within one argument a password may contain spaces; within a sentence it ends at the next space.
_USER = {
    True: re.compile(
        r"(?:^|(?<=[\s='\"]))(?:[A-Za-z][\w+.-]*:/{1,3})?[^\s/?#:@=]*:(?![/\\])(?P<secret>.*)@", re.DOTALL
    ),
    False: re.compile(r"[A-Za-z][\w+.-]*:/{1,3}[^\s/?#:@]*:(?P<secret>\S*)@"),
}
_TOKEN = re.compile(r"https?://(?P<secret>[^\s/?#@:]+)@", re.IGNORECASE)  # as Git hosts take one
_QUERY = {
    True: re.compile(r"[?&;](?P<name>[^=&?;\s]+)=(?P<secret>[^&]*)"),
    False: re.compile(r"[?&;](?P<name>[^=&?;\s]+)=(?P<secret>[^&\s]*)"),
}
_WORD = re.compile(
    r"\b(?P<name>\w*(?:password|passwd|passphrase|pwd))\s*=\s*(?P<secret>'(?:[^'\\]|\\.)*'?|(?:\\.|[^\s&])+)",
    re.IGNORECASE | re.DOTALL,
)
_CONNINFO = re.compile(
    r"\s*(host|hostaddr|port|dbname|user|password|passfile|service|sslmode|options|application_name)\s*=", re.IGNORECASE
)
_POSTGRES = re.compile(r"postgres(ql)?(\+\w+)?://", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][\w+.-]+:/|[^:/\s]*:(?!\\).*@", re.DOTALL)


@frozen
class Address:
    """The address of a store or a gradebook: a file name, a URL, or PostgreSQL's `name=value` words.

    Use `whole` only to make a connection; `str` and `repr` give the address without its passwords.
    """

    whole: str = field(repr=False)

    def __str__(self) -> str:
        return without_passwords(self.whole, [self.whole], is_one_argument=True)

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    @property
    def is_postgres(self) -> bool:
        return bool(_POSTGRES.match(self.whole) or _CONNINFO.match(self.whole))

    @property
    def is_file(self) -> bool:
        """Whether it can only be a file name; a misspelt URL is not one."""
        return not self.is_postgres and not _SCHEME.match(self.whole)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Its passwords, both as they are written and decoded."""
        return secrets_of([self.whole])

    def without(self, text: str) -> str:
        """A text about this address, such as a library's error, without its passwords."""
        return without_passwords(text, [self.whole])

    def for_libpq(self) -> str:
        """A PostgreSQL address as its own library takes it."""
        return _POSTGRES.sub("postgresql://", self.whole, count=1)


def without_passwords(text: str, typed: Sequence[str] = (), is_one_argument: bool = False) -> str:
    """Replace each password in a text by ***: those of addresses in the text, and those of addresses in `typed`."""
    for start, end in sorted(_spans(text, is_one_argument), reverse=True):
        text = text[:start] + HIDDEN + text[end:]
    for secret in secrets_of(typed):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, HIDDEN)
    return text


def secrets_of(arguments: Iterable[str]) -> tuple[str, ...]:
    """The passwords in these command-line arguments, both as written and decoded; longest first."""
    found = set()
    for argument in arguments:
        for start, end in _spans(argument, True):
            written = argument[start:end]
            bare = re.sub(r"\\(.)", r"\1", written.strip("'"))
            found |= {written, written.strip("'"), bare, unquote(written)}
    return tuple(sorted(found - {"", HIDDEN}, key=lambda secret: (-len(secret), secret)))


def _spans(text: str, is_one_argument: bool) -> Iterator[tuple[int, int]]:
    """Where the passwords are in a text: (start, end) pairs that do not overlap."""
    ends: list[tuple[int, int]] = []
    for pattern in (_USER[is_one_argument], _TOKEN):
        ends.extend(match.span("secret") for match in pattern.finditer(text))
    for pattern in (_QUERY[is_one_argument], _WORD):
        for match in pattern.finditer(text):
            if _NAME.search(unquote(match["name"])):
                ends.append(match.span("secret"))
    last = -1
    for start, end in sorted(ends, key=lambda span: (span[0], -span[1])):
        if start >= last and end > start:
            yield start, end
            last = end
        elif end > last:
            yield last, end  # the part that does not overlap the one before
            last = end
