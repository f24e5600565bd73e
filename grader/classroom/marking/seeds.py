"""Seeds from a secret, a student and an exercise: nobody can guess them, and staff can compute them again."""

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

from grader.errors import GraderError

LEAST = 16  # bytes of a secret; a shorter one could be found by trying
MOST = 4096


def seed_for(secret: bytes, student: str, exercise: str) -> int:
    """A student's seed for an exercise (`unit.exercise`): the first 63 bits of HMAC-SHA256 under the secret."""
    message = b"".join(len(part).to_bytes(8, "big") + part for part in (student.encode(), exercise.encode()))
    return int.from_bytes(hmac.digest(secret, message, hashlib.sha256)[:8], "big") >> 1


def seeds_of(secret: bytes, student: str, unit: str) -> Callable[[str], int]:
    """A function from an exercise to one student's seed, for `compile_key`, to make that student's key of a unit."""
    return lambda name: seed_for(secret, student, f"{unit}.{name}")


def read_secret(path: Path) -> bytes:
    """Read the secret in a file, without surrounding white space."""
    try:
        with open(path, "rb") as file:
            secret = file.read(MOST).strip()
    except OSError as error:
        raise GraderError(f"cannot read the secret {path}: {error.strerror}") from None
    if len(secret) < LEAST:
        raise GraderError(
            f"the secret in {path} has {len(secret)} bytes and needs {LEAST}; make one with "
            "`python -c 'import secrets; print(secrets.token_hex())'`"
        )
    return secret
