"""The steps of `grade class`: take in, plan, grade, compare, write."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from grader.classroom.intake.intake import Intake, take
from grader.classroom.intake.roster import read_roster
from grader.classroom.marking import lateness, pool
from grader.classroom.marking.access import Scheduler
from grader.classroom.marking.decisions import by_hand
from grader.classroom.marking.keys import keys_for, seed_of, units_of
from grader.classroom.marking.run_display import Progress, shown
from grader.classroom.marking.running import Execute, Run, changes, follow, plan
from grader.classroom.marking.store import Store
from grader.commands import look, written
from grader.commands.class_options import STORE, Options
from grader.commands.courses import GRADER, the_course
from grader.commands.extending import extend
from grader.commands.fresh_keys import fresh_key
from grader.commands.told import as_line, say, say_some, tell_late, tell_records, told_stale, told_unread
from grader.course.choice import choose, words_of
from grader.course.course import Course
from grader.course.settings_file import load as load_settings
from grader.course.sides import look_for_class
from grader.ctrl_c import STOPPED
from grader.errors import GraderError
from grader.passwords import Address
from grader.render.terminal import make_console
from grader.sandbox.walls.limits import cores
from grader.scratch import Scratch
from grader.text import listed

NO_FORK = (
    "marking a class runs other people's code, and this system cannot hold it: "
    "run `grade class` on Linux, on Windows in WSL, or give it a cluster with --scheduler"
)


def mark(submissions: Path | None, options: Options) -> int:
    """Run the whole command; returns the exit status."""
    if options.look:
        return _look(submissions, options)
    if submissions is not None and not options.scheduler and not hasattr(os, "fork"):
        raise GraderError(NO_FORK)
    written.refuse_inputs_of(options, submissions)
    scheduler = _scheduler(options)
    if scheduler:
        scheduler.check()
    console = make_console(stderr=True)
    status = 0
    if folder := written.nbgrader_course(options.nbgrader):
        if submissions is None:
            raise GraderError(f"name the unit: grade class --nbgrader {folder} UNIT")
        options = replace(options, units=(str(submissions),), db=_beside(options.db, folder))
    elif submissions is not None:
        _hold_store(submissions, options.db)
    with Store(options.db, is_new=submissions is not None) as store:
        if submissions is None and options.alike:
            raise GraderError("--alike compares files: name the folder or the archive of SUBMISSIONS")
        if submissions is not None:
            with Scratch() as scratch:
                status = _mark(submissions, Path(scratch), store, options, console)
        elif options.times or options.extensions:
            course, units = the_course(options.course_dir), sorted({unit for _, unit in store.lines()})
            extend(store, written.units_of(options) or units, options, console)
            _noted(store, course, written.units_of(options) or units, {}, options, console)
        if status != STOPPED:
            tell_late(store, console)
            written.write(store, options, console)
    return status


def _mark(submissions: Path, scratch: Path, store: Store, options: Options, console: Console) -> int:
    course, intake, options = _taken(submissions, scratch, options, console)
    if not look.may_go_on(intake, {student for student, _ in store.lines()}, options.yes, console):
        return 1
    store.enrol(intake.students)
    at = {
        unit: {one.student: one.at for one in intake.hand_ins if one.unit == unit and one.at} for unit in intake.units
    }
    if options.alike:  # reads the files, which are gone when the store is written out
        written.alike_pairs(intake, course, options, console)
    seed = seed_of(store, options.seed, options.regrade)
    packed, keys, terms = keys_for(course, intake.units, seed, options.timeout, store, fresh_key)
    planned = plan(intake.hand_ins, store, keys, terms)
    look.tell_briefly(intake, planned, console)
    extend(store, intake.units, options, console)
    _noted(store, course, intake.units, at, options, console)
    how = pool.How(packed, options.timeout, options.isolation)
    execute = partial(_execute, how=how, options=options, console=console)
    with _stopping(console) as is_stopped:
        todo = Run(store, planned.todo, terms)
        faults, unread = _graded(todo, execute, console, is_stopped, planned.done)
        if options.regrade and not is_stopped():
            store.forget_proposals((hand_in.student, hand_in.unit) for hand_in in planned.stale)
            more, lost = _graded(Run(store, planned.stale, terms, "proposals"), execute, console, is_stopped)
            faults, unread = faults + more, [*unread, *lost]
        if is_stopped():
            say(console, "Stopped. What was marked is in the store; the same command goes on from here.")
            return STOPPED
    tell_records(store, console)
    left = _regraded(store, options, console) if options.regrade else told_stale(planned, console)
    if options.regrade and not left:
        follow(store, planned)
    return 3 if faults else max(left, told_unread([*intake.unread, *unread], console))


def _course(submissions: Path, options: Options, console: Console) -> Course:
    """The course that marks. Unless it was named, it is printed before any of its code runs."""
    folder = written.nbgrader_course(options.nbgrader)
    handed_in = [folder / part for part in ("submitted", "autograded")] if folder else [submissions]
    found = look_for_class(options.course_dir, Path.cwd(), GRADER, handed_in)
    if found.said:
        say(console, found.said)
    return found.course


def _hold_store(submissions: Path, db: Address) -> None:
    """GraderError if the store was not named and lies in what was handed in, because it could be a student's.

    A store holds the seed and the keys with which a class is marked.
    """
    folder, store = submissions.resolve(), Path(db.whole).resolve()
    if db == STORE and submissions.is_dir() and store.is_relative_to(folder):
        raise GraderError(
            f"the store {db} would lie in {submissions}, among what was handed in, where a student's may lie; name one "
            "elsewhere, such as --db ../class.db"
        )


def _taken(submissions: Path, scratch: Path, options: Options, console: Console) -> tuple[Course, Intake, Options]:
    """(the course with the units that are marked, what was handed in for them, the options with these units)."""
    whole = course = _course(submissions, options, console)
    if options.units:
        course = choose(course, _as_released(options))
        options = replace(options, units=tuple(course.units))
    if folder := written.nbgrader_course(options.nbgrader):
        from grader.classroom.intake import nbcollected  # loads nbgrader when it reads the gradebook

        return course, nbcollected.take(folder, options.units[0], scratch), options
    roster = read_roster(options.roster) if options.roster else []
    return course, take(submissions, units_of(course, whole), scratch, roster, options.units), options


def _look(submissions: Path | None, options: Options) -> int:
    """Say what was handed in, and mark and store nothing."""
    if folder := written.nbgrader_course(options.nbgrader):
        options = replace(options, units=(str(submissions or ""),))
    if submissions is None:
        raise GraderError(f"--look needs {'a UNIT' if folder else 'SUBMISSIONS, a folder or an archive'} to look at")
    with Scratch() as scratch:
        _, intake, _ = _taken(submissions, Path(scratch), options, make_console(stderr=True))
        look.tell(intake, make_console())
    return 0


def _as_released(options: Options) -> Sequence[str]:
    """The units to mark: the command's words; for an nbgrader unit released in part, its released exercises."""
    folder = written.nbgrader_course(options.nbgrader)
    listing = folder / "source" / options.units[0] / "course.toml" if folder else None
    return words_of(load_settings(listing)) if listing and listing.is_file() else options.units


def _beside(db: Address, folder: Path) -> Address:
    """The store's address: inside the nbgrader course's folder, unless another was named."""
    return Address(str(folder / db.whole)) if db == STORE else db


def _execute(
    feed: pool.Feed, is_stopped: Callable[[], bool], how: pool.How, options: Options, console: Console
) -> Iterator[pool.Answer]:
    """Grade on this machine, or on the workers of a Dask scheduler."""
    size, scheduler = options.jobs or cores(), _scheduler(options)
    if not scheduler:
        return pool.run(feed, how, size, is_stopped)
    from grader.classroom.marking import cluster  # loads Dask

    return cluster.run(feed, how, scheduler, size, is_stopped, partial(say, console))


def _scheduler(options: Options) -> Scheduler | None:
    """The scheduler that --scheduler and its options describe; GraderError for these options without --scheduler."""
    files = (options.tls_ca_file, options.tls_cert, options.tls_key)
    if options.scheduler:
        return Scheduler(options.scheduler, *files, options.insecure_scheduler, options.patience)
    if any(files) or options.insecure_scheduler:
        raise GraderError("certificates and --insecure-scheduler go with --scheduler ADDRESS")
    return None


def _graded(
    run: Run, execute: Execute, console: Console, is_stopped: Callable[[], bool], done: int = 0
) -> tuple[int, list[str]]:
    """Grade what waits in a run, and show it; returns how many the grader itself failed on, and what was lost meanwhile.

    `done` were graded by earlier runs.
    """
    if not run.waiting:
        return 0, []
    faults = 0
    progress = Progress(done + len(run.waiting), done)
    with shown(progress, console) as show:
        for record in run.results(execute, is_stopped):
            progress.waiting = run.others if run.theirs else 0
            show(record)
            faults += bool(record and record.report.is_our_fault)
    if faults:
        say(console, f"The grader itself failed on {faults}; they cost no points, and the next run marks them again.")
    return faults, run.unread


def _noted(
    store: Store, course: Course, units: Sequence[str], at: lateness.Times, options: Options, console: Console
) -> None:
    """Store the submission times, from the download and from a table (which takes precedence), and the late policy."""
    times, strangers = at, []
    if options.times:
        told, strangers = lateness.read_times(options.times, units, store.students(), course.settings.timezone)
        times = {unit: at.get(unit, {}) | told.get(unit, {}) for unit in units}
    if not any(times.values()) and not store.noted(lateness.NOTED) and not course.settings.due:
        return
    lateness.note(store, course.settings, times)
    if strangers:
        say(
            console,
            f"{options.times} has times of nobody here: {listed(strangers)}",
        )
    for unit in units:
        if times.get(unit) and unit not in course.settings.due:
            say(console, f"course.toml has no due date for {unit}, so nobody is late with it.")


def _regraded(store: Store, options: Options, console: Console) -> int:
    """Show what would change, ask, and change it; returns 1 if the user declines."""
    changed = changes(store)
    count = len(store.lines("proposals"))
    if not count:
        say(console, "Nothing is stale: no points change.")
        return 0
    say(console, f"{count} graded again; the points of {len(changed)} change.")
    say_some(console, [as_line(change) for change in changed])
    if kept := {(one.student, one.unit) for one in changed} & by_hand(store):
        say(console, f"{len(kept)} of them have points by hand, which stay.")
    if changed and not options.yes and not click.confirm("Change them?", err=True, default=False):
        say(console, "Nothing was changed. The same command asks again, without grading again.")
        return 1
    store.accept()
    say(console, "Changed; what they replace is kept in the store's history.")
    return 0


@contextlib.contextmanager
def _stopping(console: Console) -> Iterator[Callable[[], bool]]:
    """A context: the first Ctrl-C or SIGTERM lets running submissions finish, a second one drops them."""
    asked: list[int] = []

    def stop(number: int, _frame: object) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt
        say(console, "Stopping: finishing what is in hand. Ctrl-C again drops it.")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    except KeyboardInterrupt:
        raise GraderError("stopped; what was marked is in the store, and the same command goes on from here") from None
    finally:
        for number, old in before.items():
            signal.signal(number, old)
