"""The bytes that were graded, kept in the store by their hash, so that a grade can be looked into when the files are gone."""

import base64
import contextlib
import json
import zlib
from collections.abc import Iterable

from grader.classroom.intake.intake import HandIn
from grader.classroom.marking.store import Store
from grader.submission import Submission, SubmissionError

TABLE = "CREATE TABLE IF NOT EXISTS submissions (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL)"
LOCK = 8317  # on PostgreSQL, where two graders cannot create one table at the same time


def keep(store: Store, submission: Submission) -> None:
    """Keep a submission, once. An older store gains the table."""
    content = {
        "name": submission.name,
        "source": base64.b64encode(submission.source).decode(),
        "helpers": [[name, base64.b64encode(text).decode()] for name, text in submission.helpers],
    }
    packed = zlib.compress(json.dumps(content).encode())
    with store.database.transaction():
        if not store.database.has_table("submissions"):
            if store.database.is_postgres:
                store.database.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            store.database.execute(TABLE)
        store.database.execute(
            "INSERT INTO submissions VALUES (?, ?) ON CONFLICT DO NOTHING", (submission.sha256, packed)
        )


def keep_missing(store: Store, hand_ins: Iterable[HandIn]) -> None:
    """Keep what was graded before anything was kept, now that it is at hand again."""
    known: set[str] = set()
    if store.database.has_table("submissions"):
        known = {sha256 for (sha256,) in store.database.execute("SELECT sha256 FROM submissions")}
    for hand_in in hand_ins:
        if hand_in.kept and hand_in.kept.sha256 not in known:
            with contextlib.suppress(SubmissionError):  # gone meanwhile; the next run tries again
                keep(store, hand_in.read())


def kept(store: Store, sha256: str) -> Submission | None:
    """The submission with this hash; None if it was graded by a version that did not keep it."""
    if not store.database.has_table("submissions"):
        return None
    found = store.database.execute("SELECT content FROM submissions WHERE sha256 = ?", (sha256,))
    if not found:
        return None
    content = json.loads(zlib.decompress(bytes(found[0][0])))
    helpers = tuple((name, base64.b64decode(text)) for name, text in content["helpers"])
    return Submission(content["name"], base64.b64decode(content["source"]), helpers)
