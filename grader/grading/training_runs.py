"""The training runs of one submission under way: the device that they compute on, and the steps that they have told."""

from dataclasses import dataclass, field, replace

from grader.grading.replies import BadReply
from grader.grading.training import Training
from grader.key import ExerciseKey
from grader.report import Step

MAX_STEPS = 10_000  # a run of a minute reports a tenth of that


@dataclass
class TrainingRuns:
    """What was asked of training runs, and their curves. A device that fails is left for the CPU, for all runs to come."""

    training: Training
    curves: dict[str, list[Step]] = field(default_factory=dict)

    def device_of(self, exercise: ExerciseKey) -> str:
        """Where a call of an exercise computes."""
        return self.training.device if exercise.torch else "cpu"

    def note(self, name: str, step: Step) -> None:
        """Keep a step of an exercise's run, and show it; BadReply where there are more than a run has."""
        curve = self.curves.setdefault(name, [])
        if len(curve) >= MAX_STEPS:
            raise BadReply("the worker reports more steps than a training run has")
        curve.append(step)
        self.training.watch(name, step)

    def leave_device(self, name: str) -> bool:
        """Compute on the CPU from now on, an exercise's run from its beginning; False where there is no device to leave."""
        if self.training.device == "cpu":
            return False
        self.training = replace(self.training, device="cpu")
        self.curves.pop(name, None)
        return True

    def curve(self, name: str) -> tuple[Step, ...]:
        """The steps of an exercise's run, in the order in which they were told."""
        return tuple(self.curves.get(name, ()))
