"""Whose file is it? How folders, nbgrader and platforms name the files that a class hands in."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from grader.classroom.intake import downloads, gradescope_list
from grader.classroom.intake.archives import ARCHIVES, Entry
from grader.classroom.intake.place import Place, stem
from grader.classroom.intake.roster import Student
from grader.classroom.intake.versions import plain

SEPARATORS = "-_. "


def places(
    entries: Sequence[Entry], whole: str, units: Collection[str], is_known: Callable[[str], bool]
) -> Iterator[Place]:
    """Every file with its owners, none if it is nobody's. `whole` is the name of the download itself.

    In a platform's download a file that the platform did not name so is its owner's where its name is on the roster.
    """
    marked, odd = gradescope_list.marked(entries) or downloads.marked(entries) or ([], entries)
    yield from marked
    if not marked:
        yield from _folders(_unwrapped(entries, whole, units, is_known), whole, units, is_known)
        return
    for place in _folders(odd, whole, units, is_known):
        is_theirs = all(is_known(owner.id) for owner in place.owners)
        yield place if is_theirs else replace(place, owners=(), path=place.entry.path)


def _unwrapped(
    entries: Sequence[Entry], whole: str, units: Collection[str], is_known: Callable[[str], bool]
) -> list[Entry]:
    """Remove folders that contain everything: an archive's single top folder, nbgrader's `submitted`."""
    found = list(entries)
    while found and "submitted" in {entry.path[0] for entry in found if len(entry.path) > 2}:  # a course's folder
        found = [replace(e, path=e.path[1:]) for e in found if e.path[0] == "submitted" and len(e.path) > 1]
    while True:
        tops = {entry.path[0] for entry in found}
        below = {entry.path[1] for entry in found if len(entry.path) > 1}
        top = next(iter(tops), "")
        is_student = is_known(top) or top in units or any(_is_of_unit(name, units) for name in below)
        if len(tops) != 1 or not below or top.lower().endswith(ARCHIVES) or is_student or below == {"."}:
            return found
        if top != whole and any(len(entry.path) == 2 and entry.is_code for entry in found):
            return found  # one student's folder; only `zip -r class.zip class` has a top folder named like the archive
        found = [replace(entry, path=entry.path[1:]) for entry in found if len(entry.path) > 1]


def _is_of_unit(name: str, units: Collection[str]) -> bool:
    return name in units or stem(name) in units


def _folders(
    entries: Sequence[Entry], whole: str, units: Collection[str], is_known: Callable[[str], bool]
) -> Iterator[Place]:
    """A folder, an archive or a file for each student; files at the top named after units belong to one student."""
    for entry in entries:
        top, *rest = entry.path
        if (not rest and plain(stem(top)) in units) or (rest and top in units):
            yield Place(entry, (Student(whole),), entry.path)
        elif rest and not (len(rest) == 1 and rest[0] == "." and top == "."):
            is_archive = top.lower().endswith(ARCHIVES)
            yield Place(entry, (Student(_person(stem(top), units, is_known) if is_archive else top),), tuple(rest))
        elif entry.is_code or entry.is_archive or entry.problem:
            yield Place(entry, (Student(_person(stem(top), units, is_known)),), (top,))
        else:
            yield Place(entry, (), entry.path)  # a list or a note beside the students' files


def _person(name: str, units: Collection[str], is_known: Callable[[str], bool]) -> str:
    """Who a file's name says: `alice` for `alice_attention`, `attention-alice` and `alice_attention (2)`.

    What counts versions is left out behind a unit's name, and else where the roster then knows the student.
    """
    if is_known(name):
        return name
    first = _without_unit(plain(name), units)
    if first != plain(name):
        return plain(first) if is_known(plain(first)) else first
    return first if is_known(first) else _without_unit(name, units)


def _without_unit(name: str, units: Collection[str]) -> str:
    """A name without a unit's at its end or its beginning; itself if that leaves nothing."""
    for unit in units:
        if name.endswith(unit) and name[: -len(unit)].rstrip(SEPARATORS) != name[: -len(unit)]:
            return name[: -len(unit)].rstrip(SEPARATORS) or name
        if name.startswith(unit) and name[len(unit) :].lstrip(SEPARATORS) != name[len(unit) :]:
            return name[len(unit) :].lstrip(SEPARATORS) or name
    return name
