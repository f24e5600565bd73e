"""What `grade class` does, step by step: take in, plan, grade, compare, write."""

import contextlib
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from grader.choice import choose, words_of
from grader.classroom import exports, lateness, pool
from grader.classroom.access import Scheduler
from grader.classroom.intake import HandIn, Intake, take
from grader.classroom.keys import keys_for, seed_of, units_of
from grader.classroom.progress import Progress, shown
from grader.classroom.record import Outcome
from grader.classroom.roster import Student, read_roster
from grader.classroom.running import Change, Execute, Plan, Run, changes, plan
from grader.classroom.store import Store, Terms
from grader.commands import written
from grader.commands.check import fresh_key, the_course
from grader.commands.class_options import STORE, Options
from grader.course import Course
from grader.errors import GraderError
from grader.passwords import Address
from grader.render.terminal import make_console
from grader.sandbox.limits import cores
from grader.settings import load as load_settings
from grader.text import one_line

STOPPED = 130  # what a shell gives for a command that Ctrl-C ended
MOST_SHOWN = 40  # lines of changed points; --yes with --csv has the rest


NO_FORK = (
    "marking a class runs other people's code, and this system cannot hold it: "
    "run `grade class` on Linux, on Windows in WSL, or give it a cluster with --scheduler"
)


def mark(submissions: Path | None, options: Options) -> int:
    """The whole command; returns its exit status."""
    if submissions is not None and not options.scheduler and not hasattr(os, "fork"):
        raise GraderError(NO_FORK)
    scheduler = _scheduler(options)
    if scheduler:
        scheduler.check()
    console = make_console(stderr=True)
    status = 0
    if folder := written.nbgrader_course(options.nbgrader):
        if submissions is None:
            raise GraderError(f"name the unit: grade class --nbgrader {folder} UNIT")
        options = replace(options, units=(str(submissions),), db=_beside(options.db, folder))
    with Store(options.db, is_new=submissions is not None) as store:
        if submissions is None and options.alike:
            raise GraderError("--alike compares files: name the folder or the archive of SUBMISSIONS")
        if submissions is not None:
            with tempfile.TemporaryDirectory(prefix="grade-class-") as scratch:
                status = _mark(submissions, Path(scratch), store, options, console)
        elif options.times:
            course, units = the_course(options.course_dir), sorted({unit for _, unit in store.lines()})
            _noted(store, course, written.units_of(options) or units, {}, options, console)
        if status != STOPPED:
            _tell_late(store, console)
            written.write(store, options, console)
    return status


def _mark(submissions: Path, scratch: Path, store: Store, options: Options, console: Console) -> int:
    course = the_course(options.course_dir)
    if options.units:
        course = choose(course, _as_released(options))
        options = replace(options, units=tuple(course.units))
    roster = read_roster(options.roster) if options.roster else []
    intake = _taken(submissions, course, scratch, roster, options)
    store.enrol(intake.students)
    at = {
        unit: {one.student: one.at for one in intake.hand_ins if one.unit == unit and one.at} for unit in intake.units
    }
    if options.alike:  # reads the files, which are gone when the store is written out
        written.alike_pairs(intake.hand_ins, course, options.alike, console)
    seed = seed_of(store, options.seed, options.regrade)
    packed, keys, terms = keys_for(course, intake.units, seed, options.timeout, store, fresh_key)
    planned = plan(intake.hand_ins, store, keys, terms)
    _tell_intake(intake, planned, console)
    _noted(store, course, intake.units, at, options, console)
    how = pool.How(packed, options.timeout, options.isolation)
    execute = partial(_execute, how=how, options=options, console=console)
    with _stopping(console) as is_stopped:
        faults = _graded(store, planned.todo, terms, "records", execute, console, is_stopped, planned.done)
        if options.regrade and not is_stopped():
            store.forget_proposals((hand_in.student, hand_in.unit) for hand_in in planned.stale)
            faults += _graded(store, planned.stale, terms, "proposals", execute, console, is_stopped)
        if is_stopped():
            _say(console, "Stopped. What was marked is in the store; the same command goes on from here.")
            return STOPPED
    _tell_records(store, console)
    left = _regraded(store, options, console) if options.regrade else _told_stale(planned, console)
    return 3 if faults else left


def _taken(submissions: Path, course: Course, scratch: Path, roster: Sequence[Student], options: Options) -> Intake:
    if folder := written.nbgrader_course(options.nbgrader):
        from grader.classroom import nbcollected  # loads nbgrader when it reads the gradebook

        return nbcollected.take(folder, options.units[0], scratch)
    return take(submissions, units_of(course), scratch, roster, options.units)


def _as_released(options: Options) -> Sequence[str]:
    """The words of the command; of an nbgrader course's unit that was released in parts, these parts."""
    folder = written.nbgrader_course(options.nbgrader)
    listing = folder / "source" / options.units[0] / "course.toml" if folder else None
    return words_of(load_settings(listing)) if listing and listing.is_file() else options.units


def _beside(db: Address, folder: Path) -> Address:
    """The store of an nbgrader course lies in its folder, unless another was named."""
    return Address(str(folder / db.whole)) if db == STORE else db


def _execute(
    feed: pool.Feed, is_stopped: Callable[[], bool], how: pool.How, options: Options, console: Console
) -> Iterator[pool.Answer]:
    """Grade on this machine, or on the workers of a Dask scheduler."""
    size, scheduler = options.jobs or cores(), _scheduler(options)
    if not scheduler:
        return pool.run(feed, how, size, is_stopped)
    from grader.classroom import cluster  # loads Dask

    return cluster.run(feed, how, scheduler, size, is_stopped, partial(_say, console))


def _scheduler(options: Options) -> Scheduler | None:
    """What --scheduler and its relatives name; GraderError where they go without it."""
    files = (options.tls_ca_file, options.tls_cert, options.tls_key)
    if options.scheduler:
        return Scheduler(options.scheduler, *files, options.insecure_scheduler, options.patience)
    if any(files) or options.insecure_scheduler:
        raise GraderError("certificates and --insecure-scheduler go with --scheduler ADDRESS")
    return None


def _graded(
    store: Store,
    hand_ins: Sequence[HandIn],
    terms: dict[str, Terms],
    table: str,
    execute: Execute,
    console: Console,
    is_stopped: Callable[[], bool],
    done: int = 0,
) -> int:
    """Grade hand-ins into a table, and show it; returns how many the grader itself failed on."""
    if not hand_ins:
        return 0
    run, faults = Run(store, hand_ins, terms, table), 0
    progress = Progress(done + len(hand_ins), done)
    with shown(progress, console) as show:
        for record in run.results(execute, is_stopped):
            progress.waiting = run.others if run.theirs else 0
            show(record)
            faults += bool(record and record.report.is_our_fault)
    if faults:
        _say(console, f"The grader itself failed on {faults}; they cost no points, and the next run marks them again.")
    return faults


def _tell_intake(intake: Intake, planned: Plan, console: Console) -> None:
    count = len(intake.students)
    _say(console, f"{count} student{'s' * (count != 1)}, {', '.join(intake.units)}: {len(planned.todo)} to mark.")
    if intake.strays:
        names = ", ".join(intake.strays[:5]) + (" …" if len(intake.strays) > 5 else "")
        _say(console, f"Nobody's, and left alone: {names}")


def _noted(
    store: Store, course: Course, units: Sequence[str], at: lateness.Times, options: Options, console: Console
) -> None:
    """Keep when it was handed in, by the download and by a table, which goes before it; and what is made of that."""
    times, strangers = at, []
    if options.times:
        told, strangers = lateness.read_times(options.times, units, store.students())
        times = {unit: at.get(unit, {}) | told.get(unit, {}) for unit in units}
    if not any(times.values()) and not store.noted(lateness.NOTED):
        return
    lateness.note(store, course.settings, times)
    if strangers:
        _say(
            console,
            f"{options.times} has times of nobody here: {', '.join(strangers[:5])}{' …' * (len(strangers) > 5)}",
        )
    for unit in units:
        if times.get(unit) and unit not in course.settings.due:
            _say(console, f"course.toml has no due date for {unit}, so nobody is late with it.")


def _tell_late(store: Store, console: Console) -> None:
    if not store.noted(lateness.NOTED):
        return  # reading every report takes a while, and nobody can be late
    late = [record for record in lateness.timed(store) if record.penalty]
    if late:
        lost = exports.decimal(sum(record.penalty for record in late))
        _say(
            console,
            f"{len(late)} handed in late; that takes {lost} points off, which --csv has in a column of its own.",
        )


def _tell_records(store: Store, console: Console) -> None:
    lines = store.lines().values()
    counts = Counter(str(line.outcome) for line in lines)
    how = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    _say(console, f"{len(lines)} record{'s' * (len(lines) != 1)} in {store.database.name}: {how}.")


def _told_stale(planned: Plan, console: Console) -> int:
    if count := len(planned.stale):
        why = " and ".join(f"the {reason}" for reason in planned.reasons)
        _say(
            console, f"{count} records are stale: {why} changed since. --regrade shows whose points that would change."
        )
    return 0


def _regraded(store: Store, options: Options, console: Console) -> int:
    """Show what would change, ask, change it; 1 if it was declined."""
    changed = changes(store)
    count = len(store.lines("proposals"))
    if not count:
        _say(console, "Nothing is stale: no points change.")
        return 0
    _say(console, f"{count} graded again; the points of {len(changed)} change.")
    for change in changed[:MOST_SHOWN]:
        _say(console, _shown(change))
    if len(changed) > MOST_SHOWN:
        _say(console, f"  … and {len(changed) - MOST_SHOWN} more")
    if changed and not options.yes and not click.confirm("Change them?", err=True, default=False):
        _say(console, "Nothing was changed. The same command asks again, without grading again.")
        return 1
    store.accept()
    _say(console, "Changed; what they replace is kept in the store's history.")
    return 0


def _shown(change: Change) -> str:
    difference = change.after - change.before
    return f"  {one_line(change.student, 60)}  {change.unit}  {change.before} → {change.after}  ({difference:+})"


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True)


@contextlib.contextmanager
def _stopping(console: Console) -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C, or a scheduler's SIGTERM, lets what is in hand be finished; a second one drops it."""
    asked: list[int] = []

    def stop(number: int, _frame: object) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt
        _say(console, "Stopping: finishing what is in hand. Ctrl-C again drops it.")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    except KeyboardInterrupt:
        raise GraderError("stopped; what was marked is in the store, and the same command goes on from here") from None
    finally:
        for number, old in before.items():
            signal.signal(number, old)
