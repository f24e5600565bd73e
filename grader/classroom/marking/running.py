"""A class run: plan what has to be graded, hand it to the graders, and store what comes back."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from grader.classroom.intake.intake import HandIn
from grader.classroom.marking.kept_files import keep, keep_missing
from grader.classroom.marking.pool import Answer, Feed, Job
from grader.classroom.marking.store import Claim, Line, Store, Terms, fingerprint
from grader.frozen import frozen
from grader.key import Key
from grader.record import Outcome, Record
from grader.report import from_json
from grader.submission import SubmissionError
from grader.text import one_line

BEAT = 5.0  # seconds between two heartbeats in the store
WHY = {"key": "questions", "course": "exercises", "engine": "grader", "seconds": "time limit"}

Execute = Callable[[Feed, Callable[[], bool]], Iterator[Answer]]


@dataclass
class Plan:
    """Which submissions have to be graded now, and which records are stale: graded on other terms than today's."""

    todo: list[HandIn] = field(default_factory=list)
    stale: list[HandIn] = field(default_factory=list)
    reasons: Counter = field(default_factory=Counter)
    done: int = 0
    followers: list[tuple[Record, str]] = field(
        default_factory=list
    )  # without a file, and of another total than today's


@dataclass
class Totals:
    """The totals of a run: how many submissions were graded, and with which statuses."""

    graded: int = 0
    statuses: Counter = field(default_factory=Counter)
    faults: int = 0


def plan(hand_ins: Sequence[HandIn], store: Store, keys: Mapping[str, Key], terms: Mapping[str, Terms]) -> Plan:
    """Make the plan. Submissions without a file are recorded at once, but never replace a grade."""
    result, lines, done = Plan(), store.lines(), []
    for hand_in in hand_ins:
        line = lines.get((hand_in.student, hand_in.unit))
        if not hand_in.kept:
            result.done += 1
            result.followers += _record_as_it_is(hand_in, store, line, keys[hand_in.unit])
            continue
        sha256 = hand_in.kept.sha256
        now = terms[hand_in.unit].to_json(sha256)
        then = json.loads(line.terms) if line and line.outcome is Outcome.GRADED else {}
        if line and line.fingerprint == fingerprint(now):
            done.append(hand_in)
        elif then.get("sha256") != sha256 or "fault" in then:
            result.todo.append(hand_in)
        else:
            result.stale.append(hand_in)
            result.reasons.update(why for name, why in WHY.items() if then[name] != json.loads(now)[name])
    result.done += len(done)
    keep_missing(store, [*done, *result.stale])
    if not result.stale:
        follow(store, result)
    return result


def follow(store: Store, planned: Plan) -> None:
    """Give records without a file today's total. Before a regrading they keep the old one, as those with a file do."""
    while planned.followers:
        store.put(*planned.followers.pop(0))


def _record_as_it_is(hand_in: HandIn, store: Store, line: Line | None, key: Key) -> list[tuple[Record, str]]:
    """Record a submission without a file. An earlier grade stays, since a later download may lack the file.

    Returns the record and its terms instead, where nothing but the unit's total has changed.
    """
    if line and line.outcome is Outcome.GRADED:
        return []
    what = {"outcome": hand_in.outcome, "note": hand_in.note}
    terms = json.dumps(what | {"max_points": key.max_points})
    if line and line.fingerprint == fingerprint(terms):
        return []
    record = Record(hand_in.student, hand_in.unit, hand_in.outcome, key.max_points, None, hand_in.note)
    then = json.loads(line.terms) if line else {}
    if {name: then.get(name) for name in what} == what:
        return [(record, terms)]
    store.put(record, terms)
    return []


class Run:
    """Grades submissions into a table of the store, next to any number of other graders."""

    def __init__(self, store: Store, hand_ins: Sequence[HandIn], terms: Mapping[str, Terms], table: str = "records"):
        self.store, self.terms, self.table = store, terms, table
        self.waiting = list(reversed(hand_ins))
        self.theirs: list[HandIn] = []
        self.notes: dict[tuple[str, str], str] = {}
        self.unread: list[str] = []
        self.others = 0
        self._beat = 0.0

    @cached_property
    def called(self) -> dict[str, str]:
        """What each student is called, by id, as far as a roster said so."""
        return _names(self.store)

    def results(self, execute: Execute, is_stopped: Callable[[], bool]) -> Iterator[Record | None]:
        """Each record that this process writes; None now and then, so that a display can update."""
        self.beat()
        while (self.waiting or self.theirs) and not is_stopped():
            for answer in execute(self.feed, is_stopped):
                self.beat()
                yield self._written(*answer) if answer else None
            if self.theirs and not is_stopped():
                yield None
                time.sleep(0.5)
                self._beat = 0.0
                self.waiting, self.theirs = list(reversed(self.theirs)), []

    def feed(self) -> Job | None:
        """Claim and return the next submission that no other grader has; None if there is none now."""
        while self.waiting:
            hand_in = self.waiting.pop()
            try:
                submission = hand_in.read()
            except SubmissionError as error:  # the scratch folder is gone; the next run marks it
                self.unread.append(one_line(str(error)))
                continue
            terms = self.terms[hand_in.unit].to_json(submission.sha256)
            claim = self.store.claim(hand_in.student, hand_in.unit, fingerprint(terms), self.table)
            if claim is Claim.OURS:
                self.notes[hand_in.student, hand_in.unit] = hand_in.note
                return Job(hand_in.student, hand_in.unit, submission, terms)
            if claim is Claim.THEIRS:
                self.theirs.append(hand_in)
        return None

    def beat(self) -> None:
        if time.monotonic() - self._beat > BEAT:
            self._beat = time.monotonic()
            self.store.join()
            self.others = self.store.bury()

    def _written(self, job: Job, text: str) -> Record | None:
        report = from_json(json.loads(text))
        note = self.notes.pop((job.student, job.unit), "")
        record = Record(
            job.student,
            job.unit,
            Outcome.GRADED,
            report.max_points,
            report,
            note,
            name=self.called.get(job.student, ""),
        )
        terms = job.terms
        if report.is_our_fault:  # a fingerprint that never matches, so the next run grades it again
            terms = json.dumps(json.loads(terms) | {"fault": True}, sort_keys=True)
        keep(self.store, job.submission)
        return record if self.store.put(record, terms, text, self.table) else None


def _names(store: Store) -> dict[str, str]:
    return {student.id: student.name for student in store.students()}


@frozen
class Change:
    """A record whose points a regrading would change."""

    student: str
    unit: str
    before: int
    after: int
    name: str = ""


def changes(store: Store) -> list[Change]:
    """The changes that accepting the proposals would make."""
    before, after = store.lines(), store.lines("proposals")
    pairs = ((who, before[who].points, line.points) for who, line in after.items() if who in before)
    names = _names(store)
    return [Change(*who, old, new, names.get(who[0], "")) for who, old, new in pairs if old != new]
