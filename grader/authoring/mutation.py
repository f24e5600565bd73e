"""Mutation testing of the checks: each mutant of a reference is asked the same questions as a student's function.

A mutant that loses points on every seed, and on twenty further ones, is killed: one that lost them by the luck of a few draws
would keep them for some student. One that keeps them is asked more: further seeds of every case, and inputs from a wider range than
any case draws (`grader.authoring.wider`). If all its answers equal the reference's, it is equivalent to the reference. If
not, it has survived, and the author either adds a case or says why such inputs are not asked.
"""

import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from grader.authoring.mutants import Mutant, mutants
from grader.authoring.wider import wider
from grader.compiling.calls import answer_or_error
from grader.compiling.compile import compile_exercise
from grader.compiling.in_process import in_process
from grader.compiling.noise import MARGIN, measure_noise
from grader.course.reference_text import run_text
from grader.course.unit import Unit
from grader.frozen import frozen
from grader.grading.judge import Answer, Ask, judge
from grader.judging.compare import difference, turned
from grader.judging.kinds.registry import kind_of
from grader.judging.traces import Raised
from grader.key import ExerciseKey, Question
from grader.report import ExerciseReport, Finding, Status
from grader.sandbox.inside.call import driven

KILLED, EQUIVALENT, SURVIVED = "killed", "equivalent", "survived"
SECONDS = 5.0  # of CPU time, for a mutant's answers to one key; a reference takes a hundredth of it
FURTHER = range(1000, 1020)  # further seeds, on which a killed mutant dies, too, and in the search for a difference
WIDER = 4  # how many seeds' cases are widened; each gives dozens of inputs


@frozen
class Verdict:
    """The fate of one mutant. For a survivor, `why` says where its answer differs from the reference's.

    `told` is the finding that a student would meet first, of a mutant that loses points, where it was asked for.
    """

    exercise: str
    mutant: Mutant
    fate: str
    why: str = ""
    told: Finding | None = None

    @property
    def change(self) -> tuple[str, str, str, str]:
        return self.exercise, *self.mutant.change


class TooLong(BaseException):
    """A mutant's time is up."""


@dataclass
class Trial:
    """One exercise with its keys. They are compiled from a copy of the unit without mistakes, which is fast, unless the
    trial `tells` what a student would be told."""

    unit: Unit
    name: str
    seeds: Sequence[int]
    tells: bool = False

    @cached_property
    def mutants(self) -> list[Mutant]:
        return list(mutants(self.unit.text, self.name))

    @cached_property
    def keys(self) -> list[ExerciseKey]:
        unit = self.unit if self.tells else self.plain
        return [compile_exercise(unit, self.name, seed) for seed in self.seeds]

    @cached_property
    def further(self) -> list[ExerciseKey]:
        return [compile_exercise(self.plain, self.name, seed) for seed in FURTHER]

    @cached_property
    def plain(self) -> Unit:
        unit = Unit(self.unit.name, self.unit.folder)
        unit.exercises[self.name] = replace(unit.exercises[self.name], mistakes=())
        return unit

    @cached_property
    def known(self) -> list[tuple[Question, Sequence[float]]]:
        """Questions that may distinguish a mutant from the reference, each with its tolerances.

        If several answers are right, the reference's own is expected: a mutant that gives another has changed
        something.
        """
        exact = [(question, question.tolerance) for key in self.further for question in _compared(key)]
        left_open = [question for key in self.further for question in _left_open(key)]
        others = [
            replace(question, label=f"{question.label}, {how}", inputs=inputs)
            for key in self.further[:WIDER]
            for question in _compared(key)
            for how, inputs in wider(question.inputs, self.plain.source(self.name).node)
        ]
        return exact + [found for question in [*left_open, *others] if (found := self._answered(question))]

    def _answered(self, question: Question) -> tuple[Question, list[float]] | None:
        """A question with the reference's answer; None if it has no answer that can be compared."""
        reference = driven(self.plain.pieces(self.name), self.keys[0].way_of(question))
        expected = answer_or_error(reference, question.inputs)
        if isinstance(expected, Raised):
            return None
        try:
            noise = measure_noise(reference, question.inputs, expected, self.keys[0].signs_of(question))
        except Exception:  # inputs on the edge of what there is an answer to
            return None
        return replace(question, expected=expected), [MARGIN * n for n in noise]

    def verdicts(self, start: int = 0) -> Iterator[Verdict]:
        for mutant in self.mutants[start:]:
            yield self.verdict(mutant)

    def verdict(self, mutant: Mutant) -> Verdict:
        exercise = f"{self.unit.name}.{self.name}"
        try:
            with _alarm(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python warns about some mutants
                module = run_text(mutant.text, f"mutant_{self.name}", str(self.unit.reference_file))
                pieces = [getattr(module, piece) for piece in self.keys[0].pieces]
        except (Exception, TooLong):  # a file that cannot be loaded earns nothing
            return Verdict(exercise, mutant, KILLED)
        reports = [_report(pieces, key, self.unit) for key in self.keys]
        kept = [
            seed for seed, report, key in zip(self.seeds, reports, self.keys, strict=True) if _is_whole(report, key)
        ]
        if len(kept) == len(self.keys):
            why = self._difference(pieces)
            return Verdict(exercise, mutant, SURVIVED if why else EQUIVALENT, why)
        if kept:
            return Verdict(exercise, mutant, SURVIVED, f"keeps every point with seeds {kept} of {list(self.seeds)}")
        is_endless = not reports[0] or reports[0].status is Status.TIMEOUT
        if not is_endless and (seed := self._spared(pieces, reports[0])) is not None:
            return Verdict(
                exercise, mutant, SURVIVED, f"keeps every point with seed {seed}, and with none of {list(self.seeds)}"
            )
        return Verdict(exercise, mutant, KILLED, told=self._told(pieces) if self.tells else None)

    def _spared(self, pieces: Sequence[Callable], report: ExerciseReport) -> int | None:
        """The first further seed with which a mutant that is dead so far, as its first report says, keeps every point.

        The claim that it failed is asked first: mostly it fails again, and the others need not be asked.
        """
        failed = next(at for at, check in enumerate(report.checks) if check.finding)
        for seed, key in zip(FURTHER, self.further, strict=True):
            first = replace(key, checks=[key.checks[failed]])
            if _keeps_all(pieces, first, self.unit) and _keeps_all(pieces, key, self.unit):
                return seed
        return None

    def _told(self, pieces: Sequence[Callable]) -> Finding | None:
        """The first finding with a name, or else with a hint, or else the first of all."""
        with _alarm() as late:
            try:
                report = judge(self.keys[0], _within(in_process(pieces, self.keys[0]), late), self.unit.name)
            except TooLong:
                return None
        findings = [check.finding for check in report.checks if check.finding]
        return max(findings, key=lambda finding: (bool(finding.mistake), bool(finding.hint)), default=None)

    def _difference(self, pieces: Sequence[Callable]) -> str:
        """Where the mutant's answer differs from the reference's, as a clause; empty if nowhere."""
        for seed, key in zip(FURTHER, self.further, strict=True):
            if not _keeps_all(pieces, key, self.unit):
                return f"loses points with seed {seed} only"
        for question, tolerance in self.known:
            answer = self._answer(driven(pieces, self.keys[0].way_of(question)), question)
            if isinstance(answer, Raised):
                return f"raises {answer.names[-1]} in case {question.label!r}"
            if found := difference(answer, question.expected, tolerance, self.keys[0].returns):
                return f"{found.text}, in case {question.label!r}"
        return ""

    def _answer(self, asked: Callable, question: Question) -> Any:
        with _alarm():
            try:
                answer = answer_or_error(asked, question.inputs)
            except TooLong:
                return Raised(("TooLong",))
        return turned(answer, question.expected, self.keys[0].signs_of(question))


def _report(pieces: Sequence[Callable], key: ExerciseKey, unit: Unit) -> ExerciseReport | None:
    """What a mutant earns; None if its time is up."""
    with _alarm() as late:
        try:
            return judge(key, _within(in_process(pieces, key), late), unit.name, diagnoses=False)
        except TooLong:
            return None


def _keeps_all(pieces: Sequence[Callable], key: ExerciseKey, unit: Unit) -> bool:
    return _is_whole(_report(pieces, key, unit), key)


def _is_whole(report: ExerciseReport | None, key: ExerciseKey) -> bool:
    return report is not None and report.points == sum(check.points for check in key.checks)


def _within(ask: Ask, late: list) -> Ask:
    """Wrap `ask` to give a timeout once the time is up, since the mutant may have caught TooLong."""

    def asked(question: Question) -> Answer:
        answer = ask(question)
        return Answer(finding=Finding("timeout", "late"), status=Status.TIMEOUT, is_final=True) if late else answer

    return asked


class _alarm:
    """A context that raises TooLong in what runs inside after SECONDS, and repeatedly; its list is then not empty.

    The time is the process's own: by the clock, a busy machine would kill mutants that answer as the reference does.
    """

    def __enter__(self) -> list:
        self.late: list[bool] = []
        signal.signal(signal.SIGPROF, self._ring)
        signal.setitimer(signal.ITIMER_PROF, SECONDS, 0.5)
        return self.late

    def __exit__(self, *exception: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _ring(self, *signal_and_frame: object) -> None:
        self.late.append(True)
        raise TooLong


def _compared(key: ExerciseKey) -> list[Question]:
    """The questions that have one right answer."""
    return [question for question in key.questions if not any(question is other for other in _left_open(key))]


def _left_open(key: ExerciseKey) -> list[Question]:
    groups = [group for check in key.checks if not kind_of(check).has_one_answer for group in check.groups]
    return [key.questions[number] for number in sorted({number for group in groups for number in group})]
