"""A token that prints as stars, and the files that hold one or a key: read only where nobody else can read them."""

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from grader.errors import GraderError
from grader.frozen import frozen
from grader.passwords import HIDDEN

LARGEST = 64 << 10  # bytes: a token is a line, a key a few


@frozen
class Secret:
    """A token. Use `whole` only where it is put into a request; `str` and `repr` give stars."""

    whole: str = field(repr=False)

    def __str__(self) -> str:
        return HIDDEN

    def without(self, text: str) -> str:
        """A text that a platform wrote, without this secret, should it repeat it."""
        return text.replace(self.whole, HIDDEN) if self.whole else text


NO_TOKEN = Secret("")  # where only what is public is read


def token_from(
    environment: Mapping[str, str], variable: str, file: Path | None, may_be_missing: bool = False
) -> Secret:
    """The token in a file, or in the environment; GraderError, which never quotes it, if there is none or it cannot be one.

    Where it `may_be_missing`, NO_TOKEN if neither is named.
    """
    if file is None and not environment.get(variable, "").strip():
        if may_be_missing:
            return NO_TOKEN
        raise GraderError(
            f"there is no token: put it into the environment as {variable}, or into a file that only you can read and "
            "name that with --token-file; it is never an argument, because others see those"
        )
    text = (environment[variable] if file is None else private_text(file, "token")).strip()
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        where = f"the file {file}" if file else variable
        raise GraderError(f"{where} holds no token: it must be one word of plain letters, digits and signs")
    return Secret(text)


def private_text(file: Path, what: str) -> str:
    """A file's text; GraderError if it cannot be read, or if others than its owner can read it."""
    try:
        with file.open("rb") as opened:
            rights = os.fstat(opened.fileno()).st_mode
            if os.name == "posix" and rights & 0o077:
                raise GraderError(
                    f"others can read the {what} in {file}; make it yours alone with `chmod 600`, and if it lay open "
                    "for long, make a new one"
                )
            return opened.read(LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise GraderError(f"cannot read the {what} in {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise GraderError(f"{file} holds no {what}: it is not text") from None
