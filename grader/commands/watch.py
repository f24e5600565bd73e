"""`grade [TARGET]... --watch`: grade what changes, as soon as it is saved, until q is pressed."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from rich.text import Text

from grader.commands.check_setup import Setup
from grader.commands.live_line import watching
from grader.commands.remember import is_own, remember
from grader.course.course import Course
from grader.practice.hints import next_hint
from grader.render.places import Places, knows_links
from grader.render.terminal import make_console, seconds_in_words
from grader.report import Report, Status
from grader.submission import SubmissionError
from grader.text import one_line
from grader.watching.keyboard import Keyboard, keys_of
from grader.watching.saves import Files, notices, settle, wait
from grader.watching.screen import Log, Screen
from grader.watching.session import Focus, Watched, after_save, first_focus, is_passed, next_focus

SLOW = 0.4  # seconds after which it is said that something is running


@dataclass
class Watch:
    """A watch under way; `screen` is None where there is no terminal, and then `log` is told everything."""

    setup: Setup
    files: list[Watched]
    log: Log
    screen: Screen | None = None
    known: Files = field(default_factory=Files)
    focus: Focus = field(default_factory=lambda: Focus(0, ""))
    message: Text = field(default_factory=Text)

    @property
    def course(self) -> Course | None:
        """The course in which to remember what the student has done; None where the questions are not for practice."""
        return self.setup.course if self.setup.options.practises else None


def watch(setup: Setup) -> int:
    """Watch the targets until the student has had enough; returns the exit status."""
    files = [Watched(target.file, setup.key(target.unit, target.only), target.only) for target in setup.targets()]
    console = make_console()
    on_screen = console.is_terminal and sys.stdin.isatty()
    places = Places(os.getcwd(), knows_links(os.environ))
    setup.sandbox.spare = 1  # from a save to the verdict, no process is waited for
    here = Watch(setup, files, Log(console), Screen(sys.stdout, console, places) if on_screen else None)
    with contextlib.suppress(KeyboardInterrupt):
        _begin(here)
        with contextlib.ExitStack() as stack:
            if here.screen:
                stack.enter_context(here.screen.shown())
            _run(here, stack.enter_context(keys_of(sys.stdin)) if here.screen else Keyboard())
    return _end(here)


def _begin(here: Watch) -> None:
    """Grade everything once, so that from then on only what changes need be."""
    for watched in here.files:
        here.known.note([watched.path])
        with watching(here.screen is not None) as (progress, _):
            report = watched.regrade(here.setup.sandbox, progress, here.setup.training)
        here.known.note(watched.files[1:])
        _keep(here, watched, report)
        if not here.screen and report:
            here.log.told(report, _clock())
    here.focus = first_focus(here.files)
    here.message = Text("Save a file, and what changed in it is graded.", "dim")
    if not here.screen:
        here.log.say(_clock(), f"watching {', '.join(one_line(str(item.path), 200) for item in here.files)}")


def _run(here: Watch, keyboard: Keyboard) -> None:
    """Draw, wait for a save or a key, and so on."""
    folders = sorted({item.path.resolve().parent for item in here.files})
    with notices(folders) as (heard, patience):
        _draw(here)
        while True:
            descriptors = [descriptor for descriptor in (keyboard.descriptor, heard) if descriptor >= 0]
            if heard in wait(descriptors, patience):
                _drain(heard)
            keys = _pressed(keyboard)
            if "q" in keys or "\x04" in keys:
                return
            if any([*(_saved(here, item) for item in _changed(here)), *(_key(here, key) for key in keys)]) or (
                here.screen and here.screen.was_resized()
            ):
                _draw(here)


def _pressed(keyboard: Keyboard) -> str:
    if keyboard.descriptor == -1 or (
        keyboard.descriptor >= 0 and keyboard.descriptor not in wait([keyboard.descriptor], 0)
    ):
        return ""
    return keyboard.pressed()


def _drain(descriptor: int) -> None:
    os.read(descriptor, 1 << 12)


def _changed(here: Watch) -> Iterator[int]:
    paths = set(here.known.changed())
    return (number for number, item in enumerate(here.files) if paths & set(item.files))


def _saved(here: Watch, number: int) -> bool:
    """Grade what a save has changed; whether there is something to show."""
    watched, start = here.files[number], time.perf_counter()
    settle(watched.path, watched.looks_whole)
    here.known.note(watched.files)
    try:
        with _patience(here) as progress:
            report = watched.regrade(here.setup.sandbox, progress, here.setup.training)
    except SubmissionError as error:
        return _say(here, f"{_clock()}  {error}", "red")
    here.known.note([path for path in watched.files if path not in here.known])
    if report is None:
        return _say(here, f"{_clock()}  {watched.path.name} saved; no exercise has changed", "dim")
    before, here.focus = here.focus, after_save(here.files, here.focus, number, report)
    took = seconds_in_words(time.perf_counter() - start)
    if here.screen:
        here.message = _news(report, watched, took)
        if here.focus != before and is_passed(here.files[before.file], before.name):
            here.message.append(f"   next: {here.focus.name}")
    else:
        here.log.told(report, _clock())
    _draw(here)  # before what is remembered is written to disk
    _keep(here, watched, report)
    return False


def _news(report: Report, watched: Watched, took: str) -> Text:
    """One line on a save: what passed, what did not."""
    passed = [item.id.partition(".")[2] for item in report.exercises if item.status is Status.PASSED]
    failed = [item.id.partition(".")[2] for item in report.exercises if item.status is not Status.PASSED]
    line = Text(f"{_clock()}, {took}  ", "dim")
    if passed:
        line.append(f"passed: {', '.join(passed[:3])}{' …' * (len(passed) > 3)}  ", "bold green")
    if failed:
        line.append(f"not yet: {', '.join(failed[:3])}{' …' * (len(failed) > 3)}  ", "bold red")
    if watched.points == watched.max_points:
        line.append("all points!", "bold green")
    return line


def _key(here: Watch, key: str) -> bool:
    watched = here.files[here.focus.file]
    if key == "n":
        here.focus = next_focus(here.files, here.focus)
        here.message = Text()
    elif key == "h":
        hints = watched.key.exercise(here.focus.name).hints
        here.focus = replace(here.focus, hints=min(here.focus.hints + 1, len(hints)))
        here.message = Text(f"hint {here.focus.hints} of {len(hints)}", "dim")
        if here.course and here.focus.hints:
            next_hint(here.course.root, f"{watched.key.unit}.{here.focus.name}", here.focus.hints, len(hints))
    return key in "nh"


def _say(here: Watch, text: str, style: str) -> bool:
    here.message = Text(one_line(text), style)
    if not here.screen:
        here.log.say("", here.message.plain)
    return True


def _draw(here: Watch) -> None:
    if here.screen:
        here.screen.was_resized()
        here.screen.draw(here.files, here.focus, here.message)


@contextlib.contextmanager
def _patience(here: Watch) -> Iterator:
    """A callback that says which exercise is running, if it runs for long."""
    timers: list[threading.Timer] = []

    def progress(name: str) -> None:
        for timer in timers:
            timer.cancel()
        if here.screen:
            timers[:] = [threading.Timer(SLOW, here.screen.busy, [name])]
            timers[0].start()

    try:
        yield progress
    finally:
        for timer in timers:
            timer.cancel()
            timer.join()


def _keep(here: Watch, watched: Watched, report: Report | None) -> None:
    """Remember what a save has brought, where the file is the student's own."""
    handed_in = watched.handed_in
    if not (report and handed_in and here.course):
        return
    if is_own(here.course, handed_in, watched.key.unit):
        remember(here.course, handed_in, watched.key, report, datetime.now())


def _end(here: Watch) -> int:
    points, most = sum(item.points for item in here.files), sum(item.max_points for item in here.files)
    if here.screen:
        print(f"{points} of {most} points")
    return 0 if points == most else 1


def _clock() -> str:
    return datetime.now().strftime("%H:%M:%S")
