"""The steps of `grade class fetch`: read the list, know the moments, fetch side by side, tell, write the times."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from pathlib import Path

from rich.console import Console

from grader.classroom.fetching.git import GitError
from grader.classroom.fetching.hosts import SERVERS, Host, HostError
from grader.classroom.fetching.listing import Repository, read_repositories
from grader.classroom.fetching.shelf import NOTE, opened
from grader.classroom.fetching.states import Fetched, Moment, fetch
from grader.classroom.intake.roster import Student
from grader.classroom.marking import clock
from grader.classroom.marking.deciding import Roll, read_decisions
from grader.commands.courses import the_course
from grader.commands.told import say
from grader.course.course import Course
from grader.errors import GraderError
from grader.files import cannot_write, locked, write_whole
from grader.frozen import frozen
from grader.record import Kind
from grader.render.terminal import make_console
from grader.scratch import Scratch
from grader.secret import Secret, token_from
from grader.text import listed, one_line

AT_ONCE = 8  # repositories; hosts slow down who asks for more


@frozen
class Options:
    """The options of the command line."""

    to: Path
    times: Path
    until: str
    is_due: bool
    extensions: Path | None
    units: Sequence[str]
    host: str
    server: str
    api: str
    token_file: Path | None
    course_dir: str | None


def fetch_all(repositories: Path, options: Options, variable: str) -> int:
    """Fetch every repository of the list; returns the exit status. `variable` may hold the token."""
    console = make_console(stderr=True)
    wanted = read_repositories(repositories)
    course = the_course(options.course_dir)
    moments = _moments(wanted, options, course, console)
    host = host_of(options, token_from(os.environ, variable, options.token_file, may_be_missing=True))
    shelf = opened(options.to)
    with locked(options.to / f"{NOTE}.lock"), Scratch() as scratch:

        def one(number: int) -> Fetched:
            return fetch(
                wanted[number], host, moments(wanted[number].student), course.units, Path(scratch) / str(number)
            )

        left = _gathered(wanted, one, shelf.put, console)
    try:
        write_whole(options.times, shelf.times())
    except OSError as error:
        raise cannot_write(options.times, error) from None
    here = len(wanted) - len(left)
    say(console, f"{here} of {len(wanted)} repositories are in {options.to}, and {options.times} has their times.")
    if host.kind == "git":
        say(console, "The times are those of the commits, which students' computers set: this host tells no pushes.")
    if left:
        say(console, f"Not here: {listed(left)}. The same command tries again; what was here before has stayed.")
    return 1 if left else 0


def _gathered(
    wanted: Sequence[Repository], one: Callable[[int], Fetched], put: Callable[[Fetched], list[str]], console: Console
) -> list[str]:
    """Fetch side by side and put each away as it comes; returns the repositories that could not be read."""
    left = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        under_way = {pool.submit(one, number): repository for number, repository in enumerate(wanted)}
        try:
            for done, future in enumerate(as_completed(under_way), 1):
                repository = under_way[future]
                try:
                    words = _put_away(future.result(), put)
                except (HostError, GitError) as error:
                    left.append(repository.place)
                    words = f"{one_line(repository.place, 80)}: {one_line(str(error), 200)}"
                say(console, f"{done:{len(str(len(wanted)))}}/{len(wanted)}  {repository.student}  {words}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return left


def _put_away(fetched: Fetched, put: Callable[[Fetched], list[str]]) -> str:
    """Put a repository's files away; returns what was put there, in words."""
    kept = put(fetched)
    words = f"{len(fetched.files)} file{'s' * (len(fetched.files) != 1)}"
    if not fetched.states:
        words = "nothing was there yet at that time"
    for state in dict.fromkeys(fetched.states.values()):
        words += f", {state.by} of {state.at.isoformat(timespec='minutes')}"
    return words + (f"; changed by hand, so left as it is: {listed(kept)}" if kept else "")


def _moments(
    wanted: Sequence[Repository], options: Options, course: Course, console: Console
) -> Callable[[str], Mapping[str, Moment]]:
    """For a student, the moment at which each unit is taken."""
    if options.is_due and options.until:
        raise GraderError("--until and --due both say when; name one of them")
    if options.extensions and not options.is_due:
        raise GraderError("--extensions goes with --due")
    units = list(options.units)
    if strange := [unit for unit in units if unit not in course.units]:
        raise GraderError(f"the course has no unit {listed(strange)}; it has {', '.join(course.units)}")
    units = units or list(course.units)
    if not options.is_due:
        until = clock.due(options.until, course.settings.zone) if options.until else None
        if options.until and until is None:
            raise GraderError(
                f"{one_line(options.until, 60)!r} is no time; write 2026-11-20, or 2026-11-20T23:59:00+01:00"
            )
        return lambda student: dict.fromkeys(units, until)
    common = {unit: course.settings.due.get(unit) for unit in units}
    if missing := [unit for unit, at in common.items() if at is None]:
        say(console, f"course.toml has no due date for {listed(missing)}: taken as it is now.")
    own = _extended(wanted, units, options, course) if options.extensions else {}
    return lambda student: common | own.get(student, {})


def _extended(
    wanted: Sequence[Repository], units: Sequence[str], options: Options, course: Course
) -> dict[str, dict[str, datetime]]:
    """Single students' own due dates, by student and unit."""
    roll = Roll([Student(one.student) for one in wanted], {unit: {} for unit in units}, {})
    decided, _ = read_decisions(options.extensions, roll, "a table", "an extension")
    found: dict[str, dict[str, datetime]] = {}
    for one in decided:
        if one.kind is Kind.DUE:
            found.setdefault(one.student, {})[one.unit] = clock.due(one.value, course.settings.zone)
    return found


def host_of(options: Options, token: Secret) -> Host:
    """The host that the options describe. GraderError for an address that would carry the token in the clear."""
    server = (options.server or SERVERS[options.host]).rstrip("/")
    api = options.api.rstrip("/")
    if not api and options.host == "github":
        api = "https://api.github.com" if server == SERVERS["github"] else f"{server}/api/v3"
    if not api and options.host == "gitlab":
        api = f"{server}/api/v4"
    for address in filter(None, (server, api)):
        is_here = address.startswith(("http://127.0.0.1:", "http://[::1]:", "http://localhost:", "file:///"))
        if not address.startswith(("https://", "ssh://")) and not is_here:
            raise GraderError(
                f"{one_line(address, 80)} is no address of a host that can be trusted; it begins with https://"
            )
    return Host(options.host, server, api, token)
