"""One exercise of a submission: why it cannot be asked, or its questions asked and judged. A report, whatever happens."""

from collections.abc import Callable
from dataclasses import replace

from grader.answer import Answer, Ask
from grader.grading import replies
from grader.grading.asking import Asking, in_order
from grader.grading.gradient_opinion import forward_of, with_opinion
from grader.grading.judge import decide, unasked
from grader.grading.loaded import Loaded
from grader.grading.single import in_single, is_single
from grader.grading.training import told
from grader.grading.training_runs import TrainingRuns
from grader.judging.kinds.registry import is_run
from grader.judging.part_words import in_words
from grader.key import ExerciseKey, Question
from grader.report import ExerciseReport, Finding, Status
from grader.sandbox.server import SandboxError
from grader.text import one_line

NOT_YOURS = "It is not your fault and costs no points; please report it."


Listen = Callable[[Question, Answer], None]  # hears each question that was asked for points, and its answer


def exercise_report(
    exercise: ExerciseKey, loaded: Loaded, runs: TrainingRuns, listen: Listen | None = None
) -> ExerciseReport:
    """The exercise's report. SandboxError, as then nothing can be asked of anybody, is all that is raised."""
    try:
        found = _before_asking(exercise, loaded)
        report = unasked(exercise, loaded.key.unit, *found) if found else _judged(exercise, loaded, runs, listen)
    except replies.BadReply as error:
        loaded.close()
        report = unasked(exercise, loaded.key.unit, Status.CRASH, Finding("crash", str(error)))
    except SandboxError:
        raise
    except Exception as error:  # a fault of our own is told as one, and the other exercises are still graded
        loaded.close()
        text = one_line(f"the grader itself failed: {type(error).__name__}: {error}")
        report = unasked(exercise, loaded.key.unit, Status.GRADER_ERROR, Finding("crash", text, NOT_YOURS))
    return replace(report, line=loaded.facts.line_of(exercise.name))


def _before_asking(exercise: ExerciseKey, loaded: Loaded) -> tuple[Status, Finding] | None:
    """Why the exercise cannot be asked at all; None if it can, with a worker that is ready for it."""
    if loaded.time.is_spent:
        limit = loaded.time.submission
        return Status.TIMEOUT, Finding(
            "timeout", f"the {limit:g} s for the whole submission were used up before its turn"
        )
    if not loaded.load():
        return replies.of_end(loaded.ended, "loading your file")
    return next(filter(None, (replies.before_asking(piece, loaded.facts) for piece in exercise.pieces)), None)


def _judged(exercise: ExerciseKey, loaded: Loaded, runs: TrainingRuns, listen: Listen | None = None) -> ExerciseReport:
    if single := is_single(exercise, loaded.sandbox.packages, Asking(exercise, loaded, runs)):
        exercise = in_single(exercise)
    if not loaded.load():  # what was asked to know that may have ended the worker
        return unasked(exercise, loaded.key.unit, *replies.of_end(loaded.ended, "loading your file"))
    asking = Asking(exercise, loaded, runs, in_order(exercise), single)
    ask = _heard(asking, listen) if listen else asking
    report = decide(exercise, ask, loaded.key.unit, asking.alone, asking.more, asking.expect)
    report = replace(report, printed=asking.finish())
    if not single:  # whose difference quotients are mostly rounding
        report = _with_opinion(report, exercise, loaded, runs)
    report = in_words(report, exercise)
    return told(report, runs.curve(exercise.name), exercise.band) if is_run(exercise) else report


def _heard(ask: Ask, listen: Listen) -> Ask:
    def heard(question: Question) -> Answer:
        answer = ask(question)
        listen(question, answer)
        return answer

    return heard


def _with_opinion(report: ExerciseReport, exercise: ExerciseKey, loaded: Loaded, runs: TrainingRuns) -> ExerciseReport:
    """A wrong gradient's report, with a word on whether it is the slope of the forward in the same file."""
    if report.status is not Status.FAILED or not loaded.worker:
        return report
    if not (forward := forward_of(exercise, loaded.key)):
        return report
    try:
        asks = [Asking(one, loaded, runs) for one in (exercise, forward)]
        return with_opinion(report, exercise, forward, *asks)
    except SandboxError:
        raise
    except Exception:  # of a question that was for no points, or of what was made of its answer
        loaded.close()
        return report
