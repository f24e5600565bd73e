"""Of several files for one unit, which is marked, and why: told in the record. Where nothing decides, a person does."""

from collections.abc import Sequence

from grader.classroom.intake.place import Place, shown, stem
from grader.classroom.intake.versions import newest
from grader.frozen import frozen
from grader.text import listed


@frozen
class Found:
    """A file for a unit: the hash of its bytes, how many of the unit's exercises it defines, and whether it is called
    as the unit is, and was worked on."""

    place: Place
    sha256: str
    defined: int
    is_exact: bool
    is_touched: bool


@frozen
class Choice:
    """The file that is marked and a note on the choice, empty if there was none. If it `is_open`, nothing decided."""

    place: Place
    note: str = ""
    is_open: bool = False


def choose(files: Sequence[Found], unit: str) -> Choice:
    """Choose one of the files for a unit: the latest hand-in's, worked on, called as the unit is, the newest.

    The platform's own number or time goes before versions in names; equal files are one; a .py goes before a notebook.
    """
    left, why = list(files), ""
    for narrow, reason in STEPS:
        if len(left) > 1:
            fewer = narrow(left)
            left, why = fewer, (reason if len(fewer) < len(left) else why)
    named = [shown(one.place.entry) for one in files]
    if len(left) > 1:
        names = ", ".join(shown(one.place.entry) for one in left)
        note = f"{len(left)} files for {unit}, and nothing says which is the newest: {names}; leave one of them and mark again"
        return Choice(left[0].place, note, is_open=True)
    chosen = left[0].place
    if len(files) == 1:
        return Choice(chosen)
    others = listed([name for name in named if name != shown(chosen.entry)], 3)
    return Choice(chosen, f"{len(files)} files for {unit}: {shown(chosen.entry)} was marked, {why}; not {others}")


def _last_attempt(files: Sequence[Found]) -> list[Found]:
    last = max(one.place.attempt for one in files)
    return [one for one in files if one.place.attempt == last]


def _touched(files: Sequence[Found]) -> list[Found]:
    return [one for one in files if one.is_touched] or list(files)


def _exact(files: Sequence[Found]) -> list[Found]:
    return [one for one in files if one.is_exact] or list(files)


def _assignments(files: Sequence[Found]) -> list[Found]:
    """Without the solutions of a course that was handed in whole, where its assignments have the same file."""
    there = {one.place.path for one in files}
    twins = [tuple("assignments" if part == "solutions" else part for part in one.place.path) for one in files]
    return [one for one, twin in zip(files, twins, strict=True) if twin == one.place.path or twin not in there]


def _last_turn(files: Sequence[Found]) -> list[Found]:
    last = max(one.place.turn for one in files)
    return [one for one in files if one.place.turn == last]


def _different(files: Sequence[Found]) -> list[Found]:
    return list({one.sha256: one for one in reversed(files)}.values())[::-1]


def _newest(files: Sequence[Found]) -> list[Found]:
    """Those to which no other is newer by its name, or for files of one name by their folders': `old`, `v2`."""
    names = [" ".join([stem(one.place.path[-1]), *map(str, one.place.path[:-1])]) for one in files]
    plain = [stem(one.place.path[-1]) for one in files]
    by_file = [files[at] for at in newest(plain)]
    return by_file if len(by_file) < len(files) or len({*plain}) > 1 else [files[at] for at in newest(names)]


def _most(files: Sequence[Found]) -> list[Found]:
    """Those that define any of the unit; where the unit's name does not tell them, those that define most of it."""
    most = max(one.defined for one in files)
    least = min(most, 1) if any(one.is_exact for one in files) else most
    return [one for one in files if one.defined >= least]


def _python(files: Sequence[Found]) -> list[Found]:
    return [one for one in files if one.place.entry.name.lower().endswith(".py")] or list(files)


STEPS = (
    (_last_attempt, "from the latest hand-in"),
    (_touched, "as it was worked on"),
    (_exact, "as it is called like the unit"),
    (_assignments, "as it lies in the course's assignments"),
    (_last_turn, "the latest by the platform's number"),
    (_different, "and the others are equal to it"),
    (_newest, "the newest by its name"),
    (_most, "as it defines most of the unit"),
    (_python, "as a .py goes before a notebook"),
)
