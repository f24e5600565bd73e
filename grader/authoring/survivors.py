"""The file that lists surviving mutants: generated, except for the reason that an author writes for each."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.authoring.mutation import SURVIVED, Verdict
from grader.errors import GraderError

Change = tuple[str, str, str, str]  # exercise, function, the statement before and after
FIELDS = ("exercise", "function", "before", "after", "reason")
HEAD = """# Mutants that keep every point although they change an answer, each with the reason why that is right.
# `grade dev mutate --record FILE` writes this file and keeps the reasons; those are written by hand.
"""


def load(path: Path) -> dict[Change, str]:
    """The reason for each survivor, empty if none is given. GraderError for a file of another form."""
    if not path.exists():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
        return {tuple(entry[name] for name in FIELDS[:4]): entry["reason"] for entry in entries}
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise GraderError(f"{path} is no list of survivors ({error}); write one with --record") from error


def updated(old: Mapping[Change, str], verdicts: Sequence[Verdict]) -> dict[Change, str]:
    """The file's content after a run: exercises that were tried get their new survivors, keeping given reasons."""
    tried = {verdict.exercise for verdict in verdicts}
    kept = {change: reason for change, reason in old.items() if change[0] not in tried}
    return kept | {v.change: old.get(v.change, "") for v in verdicts if v.fate == SURVIVED}


def dump(reasons: Mapping[Change, str]) -> str:
    entries = []
    for change, reason in sorted(reasons.items()):
        pairs = zip(FIELDS, (*change, reason), strict=True)
        # a JSON string is a TOML string
        entries.append(
            "[[survivor]]\n" + "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in pairs)
        )
    return "\n".join([HEAD, *entries])
