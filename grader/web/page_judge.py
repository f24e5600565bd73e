"""The judge of a web page: a key, a submission whose workers are elsewhere, and one exercise after another.

`begin` a check, then `step` until it gives the report of the exercise whose turn it is; where it waits instead, tell it what
`came`, and step again. What goes in and out is text and bytes, as JavaScript hands it over.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grader import key as keys
from grader.grading.exercise_report import exercise_report
from grader.grading.loaded import Loaded
from grader.grading.submission_report import in_turn, not_asked
from grader.grading.training import ON_CPU
from grader.grading.training_runs import TrainingRuns
from grader.judging.kinds.registry import known
from grader.key import ExerciseKey, Key
from grader.render.plain_words import told
from grader.report import ExerciseReport, Report, to_json
from grader.sandbox.frameworks import FRAMEWORKS
from grader.sandbox.walls.limits import Limits
from grader.snippets import failing, snippet
from grader.submission import Submission
from grader.web.replay import Event, Outside, Recording, Waiting


@dataclass
class Check:
    """One submission under way: what is left of its exercises, and the reports of those that are done."""

    key: Key
    recording: Recording
    loaded: Loaded
    left: list[ExerciseKey]
    chosen: Sequence[ExerciseKey]
    done: dict[str, ExerciseReport] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)  # what is known of the submission at the recording's mark


class PageJudge:
    """Judges submissions of the units that it has the keys of."""

    def __init__(self, outside: Outside):
        self.outside = outside
        self.keys: dict[str, Key] = {}
        self.check: Check | None = None
        self.told: dict[str, ExerciseReport] = {}  # by unit.exercise: what the last check said of it

    def open(self, unit: str, content: bytes) -> str:
        """Take a unit's key; JSON with the packages that its submissions may import and its exercises without PyTorch."""
        key = self.keys[unit] = known(keys.from_bytes(content, unit), unit)
        plain = [exercise.name for exercise in key.exercises if not exercise.torch]
        return json.dumps(
            {"allows": [name for name in key.allows if name == "numpy" or name not in FRAMEWORKS], "exercises": plain}
        )

    def begin(self, unit: str, file: str, source: bytes, names: str, seconds: float = 0) -> str:
        """Begin to check a file's exercises, those that a JSON list names, null for all; JSON with their names in turn.

        `seconds` is the time limit of an exercise, 0 for the usual one.
        """
        self.end()
        key, wanted = self.keys[unit], json.loads(names)
        limits = replace(Limits(), seconds=seconds) if seconds else Limits()
        chosen = [exercise for exercise in key.exercises if wanted is None or exercise.name in wanted]
        recording = Recording(self.outside, limits)
        loaded = Loaded(Submission(file, source), key, recording)
        self.check = Check(key, recording, loaded, in_turn(chosen), chosen)
        self._keep()
        return json.dumps([exercise.name for exercise in self.check.left])

    def step(self) -> str:
        """Judge on: JSON with the next exercise's `exercise` and `words`, or what it waits for (`worker`, `seconds`, `due`)."""
        check = self.check
        check.recording.rewind()
        vars(check.loaded).update(check.kept)
        exercise = check.left[0]
        try:
            report = not_asked(exercise, check.loaded.submission, check.key.unit, ON_CPU, check.done)
            report = report or exercise_report(exercise, check.loaded, TrainingRuns(ON_CPU))
        except Waiting as waiting:
            return json.dumps({"worker": waiting.worker, "seconds": waiting.seconds, "due": waiting.due})
        check.done[exercise.name] = self.told[f"{check.key.unit}.{exercise.name}"] = report
        del check.left[0]
        self._keep()
        return json.dumps({"exercise": _whole(check, [report])["exercises"][0], "words": told(report)})

    def came(
        self, worker: int, kind: str, waited: float = 0.0, frame: bytes = b"", text: str = "", how: str = ""
    ) -> None:
        """Something came from a worker: see Event."""
        if self.check:
            self.check.recording.came(worker, Event(kind, waited, frame, text, how))

    def report(self) -> str:
        """The report of all that is done, as `grade --format json` gives it."""
        check = self.check
        return json.dumps(_whole(check, [check.done[item.name] for item in check.chosen if item.name in check.done]))

    def snippet(self, unit: str, name: str, label: str) -> str:
        """The lines that ask one case of an exercise: see grader.snippets. The claim is one that the last check told not to hold there."""
        exercise = self.keys[unit].exercise(name)
        report = self.told.get(f"{unit}.{name}")
        return snippet(exercise, label, unit, told=failing(exercise, report).get(label) if report else None)

    def end(self) -> None:
        """Leave the check, and its workers."""
        if self.check:
            self.check.recording.close()
            self.check = None

    def _keep(self) -> None:
        """Begin anew from here: runs to come repeat the next exercise alone."""
        self.check.recording.mark()
        self.check.kept = dict(vars(self.check.loaded))


def _whole(check: Check, reports: Sequence[ExerciseReport]) -> dict[str, Any]:
    submission, recording = check.loaded.submission, check.recording
    return to_json(
        Report(
            submission=submission.name,
            sha256=submission.sha256,
            unit=check.key.unit,
            key=check.key.id,
            isolation=recording.level,
            seconds=recording.time,
            exercises=tuple(reports),
        )
    )
