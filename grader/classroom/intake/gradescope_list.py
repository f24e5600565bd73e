"""Gradescope's export: folders by number, and a list at the top that says whose each number is."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from grader.beneath import Refusal
from grader.classroom.intake.archives import MAX_NOTES, Entry
from grader.classroom.intake.place import Place, stem
from grader.classroom.intake.roster import Student
from grader.errors import GraderError

HEAD = re.compile(r"(['\"]?)([^\s:'\"][^:]*?)\1:\s*")  # the first line of a submission in Gradescope's list
METADATA = "submission_metadata.yml"


def marked(entries: Sequence[Entry]) -> tuple[list[Place], list[Entry]] | None:
    """Gradescope's `assignment_1_export/submission_123/…`: (each file with its owners, files beside the export).

    None if there is no list at the top. A file with the list's name inside a student's folder is not trusted: beside
    the folder with the list there may be files, but no other folder.
    """
    lists = [entry for entry in entries if entry.name == METADATA and entry.file and len(entry.path) <= 2]
    notes = min(lists, key=lambda one: len(one.path), default=None)
    if notes is None:
        return None
    above = notes.path[:-1]
    if any(entry.path[: len(above)] != above and len(entry.path) > 1 for entry in entries):
        return None
    try:
        text = notes.file.read(MAX_NOTES).decode("utf-8", "replace")
    except Refusal as refusal:
        raise GraderError(
            f"{METADATA}, which says who handed in what, was not read: {refusal}; download it again"
        ) from None
    people, times = submitters(text), moments(text)
    found, odd = [], []
    for entry in entries:
        if entry.path[: len(above)] != above:
            odd.append(entry)
        elif entry is not notes:
            folder, *rest = (*entry.path[len(above) :], "")
            name = folder if folder in people else stem(folder)
            path = tuple(rest[:-1]) or (folder,)
            found.append(Place(entry, tuple(people.get(name, ())), path, at=times.get(name)))
    return found, odd


def submitters(text: str) -> dict[str, list[Student]]:
    """Who handed in each submission, from Gradescope's list, which uses a subset of YAML."""
    people: dict[str, list[dict[str, str]]] = {}
    here: list[dict[str, str]] | None = None
    within = False
    for line in text.splitlines():
        if head := HEAD.fullmatch(line):
            here, within = people.setdefault(head[2], []), False
        elif section := re.match(r"  ?:?(\w+):", line):
            within = section[1] == "submitters"
        elif here is not None and within and (item := re.match(r"\s*(-?)\s*:(name|sid|email):\s*(.*?)\s*$", line)):
            if item[1] or not here:
                here.append({})
            here[-1][item[2]] = _unquoted(item[3])
    return {name: [student for one in found if (student := _submitter(one))] for name, found in people.items()}


def moments(text: str) -> dict[str, datetime]:
    """When each submission was handed in, from Gradescope's list; deeper entries, such as a history's, are ignored."""
    found: dict[str, datetime] = {}
    here = ""
    for line in text.splitlines():
        if head := HEAD.fullmatch(line):
            here = head[2]
        elif (item := re.fullmatch(r"  :created_at: *(.+?) *", line)) and (moment := moment_of(_unquoted(item[1]))):
            found[here] = moment
    return found


def moment_of(text: str) -> datetime | None:
    """Parse a time in ISO 8601, also with a space before the zone or `UTC` as zone; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(re.sub(r"\s+(?=(?:Z|[+-]\d\d:?\d\d)$)", "", text.removesuffix(" UTC")))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _submitter(fields: dict[str, str]) -> Student | None:
    names = [fields[name] for name in ("sid", "email", "name") if fields.get(name)]
    return Student(names[0], tuple(names[1:])) if names else None


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\u([0-9A-Fa-f]{4})", lambda code: chr(int(code[1], 16)), value[1:-1]).replace('\\"', '"')
    return "" if value in ("null", "~") else value
