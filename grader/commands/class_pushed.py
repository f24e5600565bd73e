"""The steps of `grade class push`: look what stands on the platform, say or send what is to stand there, say what became of it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from grader.classroom.gradebooks.exports import decimal
from grader.classroom.marking.counting import counted
from grader.classroom.marking.store import Store
from grader.classroom.platforms.comments import comment_of
from grader.classroom.platforms.entering import Platform, PlatformError, Standing, Unreachable
from grader.classroom.platforms.planning import SENT, Item, Kind, Wish, plan
from grader.classroom.platforms.platform_settings import FILE, Settings, platform_of, read_settings
from grader.classroom.platforms.pushing import Outcome, Push, look_closer, not_shown, push
from grader.classroom.platforms.sent import sent, shown_points
from grader.classroom.reading.called import by_name
from grader.commands.courses import the_course
from grader.commands.told import say
from grader.commands.written import entries_by_unit
from grader.ctrl_c import STOPPED
from grader.errors import GraderError, did_you_mean
from grader.frozen import frozen
from grader.passwords import Address
from grader.record import Record
from grader.render.terminal import make_console
from grader.secret import Secret, private_text, token_from
from grader.text import listed, one_line

LEFT = {
    Kind.KEPT: "left as a person wrote them there (--yes overwrites that)",
    Kind.UNKNOWN: "not found there",
    Kind.NO_EXCUSES: "excused, which this platform cannot be told: enter that by hand",
}  # and so the exit status is 1
TOLD = {Kind.HELD: "held back", **LEFT}


@frozen
class Pushed:
    """The options of the command line."""

    platform: str
    units: Sequence[str]
    db: Address
    course: str | None = None
    look: bool = False
    comments: bool = False
    yes: bool = False
    settings: Path | None = None
    token_file: Path | None = None
    key_file: Path | None = None


def run(wanted: Pushed, environment: Mapping[str, str]) -> int:
    """Run the command; returns the exit status. GraderError if nothing can be sent, or no more."""
    file = wanted.settings or the_course(wanted.course).root / "solutions" / FILE
    settings, secret = read_settings(file, wanted.platform), _secret(wanted, environment)
    status, console = 0, make_console()
    say(console, f"{file}: {wanted.platform} at {settings.address}")  # before a token goes there
    with Store(wanted.db, is_new=False) as store:
        records = list(counted(store))
        for unit in _units(wanted, settings, records):
            mine = [record for record in records if record.unit == unit]
            platform = platform_of(settings, unit, secret, pause=time.sleep)
            status = max(status, _unit(platform, unit, mine, wanted, store, console))
            if status == STOPPED:
                break
    return status


def _secret(wanted: Pushed, environment: Mapping[str, str]) -> Secret:
    if wanted.platform != "lti":
        if wanted.key_file:
            raise GraderError(f"--key-file is for lti; {wanted.platform} takes a token")
        return token_from(environment, f"GRADE_{wanted.platform.upper()}_TOKEN", wanted.token_file)
    if not wanted.key_file:
        raise GraderError("lti needs the tool's private key: name its file with --key-file")
    return Secret(private_text(wanted.key_file, "key"))


def _units(wanted: Pushed, settings: Settings, records: Iterable[Record]) -> list[str]:
    there, marked = list(settings.assignments), {record.unit for record in records}
    for unit in wanted.units:
        if unit not in there:
            where = f"[{settings.platform}] assignments in {settings.file}"
            raise GraderError(f"{one_line(unit, 60)} is not among the {where}{did_you_mean(unit, there)}")
        if unit not in marked:
            raise GraderError(f"{unit} has no records in {wanted.db}; mark it first")
    found = list(wanted.units) or [unit for unit in there if unit in marked]
    if not found:
        raise GraderError(f"no unit of {wanted.db} is set up in {settings.file}; there is {', '.join(sorted(marked))}")
    return found


def _unit(
    platform: Platform, unit: str, records: Sequence[Record], wanted: Pushed, store: Store, console: Console
) -> int:
    """Look at a unit's assignment, then say or send; returns the exit status."""
    comments = {record.student: comment_of(record) for record in records} if wanted.comments else {}
    entries = entries_by_unit(records, ()).get(unit, {})
    wishes = {who: Wish(entry, comments.get(who, ""), wanted.yes) for who, entry in entries.items()}
    assignment = platform.look()
    pushing = Push(platform, assignment, wishes, sent(store, assignment.place), time.sleep)
    names = by_name((record.student, record.name) for record in records)
    items = plan(platform, assignment, wishes, store.students(), pushing.ours)
    out_of = f", out of {decimal(assignment.out_of)}" if assignment.out_of else ""
    say(console, f"{unit} → {platform.name}: {one_line(assignment.title, 80)}{out_of}; {assignment.place}")
    if nothing := len(records) - len(wishes):
        say(console, f"{nothing} have nothing to enter: nothing readable was handed in, or nothing is final.")
    if wanted.look:
        return _looked(look_closer(pushing, items), names, console)
    return _sent(pushing, items, names, store, console)


def _looked(items: Sequence[Item], names: Mapping[str, str], console: Console) -> int:
    for item in items:
        say(console, f"  {_line(item, names)}")
    count = sum(item.kind in SENT for item in items)
    say(console, f"{count} would be sent. Nothing was.")
    return int(any(item.kind in LEFT for item in items))


def _sent(pushing: Push, items: Sequence[Item], names: Mapping[str, str], store: Store, console: Console) -> int:
    outcomes: list[Outcome] = []
    todo, stopped = sum(item.kind in SENT for item in items), ""
    try:
        for outcome in push(pushing, items, store):
            outcomes.append(outcome)
            why = f"  declined: {outcome.why}" if outcome.why else ""
            say(console, f"{len(outcomes):{len(str(todo))}}/{todo}  {_line(outcome.item, names)}{why}")
        left_out = not_shown(pushing.platform, outcomes)
    except KeyboardInterrupt:
        stopped, left_out = "Stopped.", []
    except PlatformError as error:
        stopped, left_out = f"{error}.", []
        if not isinstance(error, Unreachable):
            _tell(items, outcomes, left_out, names, console)
            raise
    left = _tell(items, outcomes, left_out, names, console)
    if stopped:
        say(console, f"{stopped} What was entered is in the store; the same command goes on with the rest.")
        return STOPPED if stopped == "Stopped." else 1
    return int(left)


def _tell(
    items: Sequence[Item],
    outcomes: Sequence[Outcome],
    left_out: Sequence[str],
    names: Mapping[str, str],
    console: Console,
) -> bool:
    """One line of counts, then a line for each kind that is to be known; whether anything was left."""
    now = {item.student: item.kind for item in items} | {one.item.student: one.item.kind for one in outcomes}
    entered, declined = sum(one.is_sent for one in outcomes), [one.item.student for one in outcomes if one.why]
    same = sum(kind is Kind.SAME for kind in now.values())
    waiting = len([kind for kind in now.values() if kind in SENT]) - entered - len(declined)
    parts = (
        [f"{entered} entered"] + [f"{same} stood there already"] * bool(same) + [f"{waiting} are left"] * bool(waiting)
    )
    say(console, f"{', '.join(parts)}.")
    told = {words: [who for who, kind in now.items() if kind is each] for each, words in TOLD.items()}
    told |= {
        "declined by the platform": declined,
        "acknowledged, but shown otherwise there; look at them": list(left_out),
    }
    for words, those in told.items():
        if those:
            say(console, f"{len(those)} {words}: {listed([one_line(names.get(who, who), 60) for who in those], 12)}.")
    return bool(waiting or declined or left_out or any(kind in LEFT for kind in now.values()))


def _line(item: Item, names: Mapping[str, str]) -> str:
    """A student's entry: what stands there → what is wanted, and what becomes of it."""
    who, kind = one_line(names.get(item.student, item.student), 60), str(item.kind)
    if item.wanted is None:
        return f"{who}  {kind}" + (f": {item.note}" if item.note else "")
    there, new = item.there or Standing(), "excused" if item.wanted.is_excused else decimal(item.wanted.points)
    old = "excused" if there.is_excused else "–"
    if there.points is not None and not there.is_excused:
        old = decimal(shown_points(there, item.wanted.out_of))
    comment = ", with a comment" if item.wanted.comment and item.kind in SENT else ""
    return f"{who}  {old} → {new}  {kind}{comment}"
