"""Key × submission → Report: which exercises are asked now, in which order, in which worker. The student's code runs there."""

import time
from collections.abc import Callable, Mapping, Sequence

from grader.grading.exercise_report import Listen, exercise_report
from grader.grading.judge import put_off, unasked
from grader.grading.loaded import Loaded
from grader.grading.training import ON_CPU, Training
from grader.grading.training_runs import TrainingRuns
from grader.judging.kinds.registry import is_run
from grader.key import ExerciseKey, Key
from grader.report import ExerciseReport, Finding, Report, Status
from grader.sandbox.frameworks import FRAMEWORKS, Framework
from grader.sandbox.server import NUMPY, TORCH, TRAINING, Sandbox, is_installed
from grader.sandbox.walls.levels import LEVELS
from grader.submission import Submission


def grade(
    submission: Submission,
    key: Key,
    sandbox: Sandbox,
    only: Sequence[str] = (),
    progress: Callable[[str], None] = lambda name: None,
    training: Training = ON_CPU,
    listen: Listen | None = None,
) -> Report:
    """The submission's report; one, whatever it does. `only` names exercises, empty for all; `listen` hears each answer."""
    start = time.perf_counter()
    chosen = [exercise for exercise in key.exercises if not only or exercise.name in only]
    packages = {exercise.name: needed(exercise, submission, chosen, training) for exercise in chosen}
    sandboxes = {wanted: sandbox.sibling(wanted) for wanted in packages.values()}
    under_way: dict[tuple[str, ...], tuple[Loaded, TrainingRuns]] = {}  # by the packages that a worker has
    reports: dict[str, ExerciseReport] = {}
    try:
        for exercise in in_turn(chosen):
            progress(exercise.name)
            if report := not_asked(exercise, submission, key.unit, training, reports):
                reports[exercise.name] = report
                continue
            wanted = packages[exercise.name]
            if wanted not in under_way:
                under_way[wanted] = Loaded(submission, key, sandboxes[wanted]), TrainingRuns(training)
            reports[exercise.name] = exercise_report(exercise, *under_way[wanted], listen)
    finally:
        for loaded, _ in under_way.values():
            loaded.close()
    return Report(
        submission=submission.name,
        sha256=submission.sha256,
        unit=key.unit,
        key=key.id,
        isolation=_level(sandbox, [loaded for loaded, _ in under_way.values()]),
        seconds=time.perf_counter() - start,
        exercises=tuple(reports[exercise.name] for exercise in chosen),
    )


def in_turn(exercises: Sequence[ExerciseKey]) -> list[ExerciseKey]:
    """The order in which exercises are asked: what takes NumPy alone while PyTorch is loaded, and what takes long last."""
    return sorted(exercises, key=lambda exercise: (exercise.torch, is_run(exercise)))


def _level(sandbox: Sandbox, used: Sequence[Loaded]) -> str:
    """The weakest level of isolation that held the submission."""
    return max([loaded.sandbox.level for loaded in used] or [sandbox.level], key=LEVELS.index)


def needed(
    exercise: ExerciseKey, submission: Submission, beside: Sequence[ExerciseKey], training: Training
) -> tuple[str, ...]:
    """The packages that a worker for an exercise must have; all that need PyTorch share one kind of worker.

    Another framework that the unit allows is loaded where the file mentions it. To find that something is not there, or is
    a stub, takes neither, as both are slow to start.
    """
    wanted = ["torch"] if exercise.torch else _mentioned(exercise, submission)
    there = [name for name in wanted if is_installed(name)]
    if not there or _is_unwritten(exercise, submission):
        return NUMPY
    if not exercise.torch:
        return (*NUMPY, *there)
    trains = training.is_on and any(other.torch and is_run(other) for other in beside)
    return TRAINING if trains else TORCH


def _mentioned(exercise: ExerciseKey, submission: Submission) -> list[str]:
    return [name for name in exercise.frameworks if submission.mentions(name)]


def _is_unwritten(exercise: ExerciseKey, submission: Submission) -> bool:
    """Whether the file does not even name what an exercise asks for, or has its stub as it came."""
    return _is_stub(exercise, submission) or not all(map(submission.mentions, exercise.pieces))


def _is_stub(exercise: ExerciseKey, submission: Submission) -> bool:
    return any(submission.has_as_it_came(piece, exercise.stub) for piece in exercise.pieces)


def not_asked(
    exercise: ExerciseKey, submission: Submission, unit: str, training: Training, done: Mapping[str, ExerciseReport]
) -> ExerciseReport | None:
    """The report of an exercise that is not asked now: a stub, points that are open, or a run that lacks a piece."""
    if exercise.torch and _is_stub(exercise, submission):
        return unasked(exercise, unit, Status.MISSING, Finding("missing", "not written yet"))
    if exercise.torch and not is_installed("torch"):
        finding = Finding("missing", "it takes PyTorch, which is not installed here", "Install the extra `torch`.")
        return put_off(exercise, unit, Status.PENDING, finding)
    for name in _mentioned(exercise, submission):
        if submission.imports(name) and not is_installed(name) and not _is_unwritten(exercise, submission):
            return put_off(exercise, unit, Status.PENDING, _absent(FRAMEWORKS[name]))
    if is_run(exercise) and not training.is_on:
        return put_off(exercise, unit, Status.PENDING)
    for piece in exercise.pieces if is_run(exercise) else ():
        if piece in done and done[piece].status is not Status.PASSED:
            finding = Finding("missing", f"it waits for {piece}, which is not right yet")
            return put_off(exercise, unit, Status.SKIPPED, finding)
    return None


def _absent(framework: Framework) -> Finding:
    message = f"your file imports {framework.called}, which is not installed here"
    return Finding("missing", message, f"Install the extra `{framework.extra}`.")
