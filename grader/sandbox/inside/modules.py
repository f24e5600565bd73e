"""What a driver of a PyTorch exercise or a training run can use: tensors, and `load`, `report` and `follow`.

Runs in the worker, and in the author's own process when references are compiled and proven.
"""

import contextlib
import functools
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

import numpy as np

Report = Callable[[int, int, float], None]
MAX_LISTED = 8  # parameter names in one sentence
LEAST_PROGRESS = 0.05  # share of the first loss, after a third of the steps; correct code makes a quarter or more


class WrongParameters(Exception):
    """A module's parameters do not have the names and shapes that the exercise states; the message lists them."""


class Diverged(ArithmeticError):
    """The loss of a training run is no longer finite; the message says at which step."""


class Stalled(ArithmeticError):
    """The loss of a training run has not fallen after a third of its steps; the message gives both values."""


def names(is_torch: bool, device: str, report: Report | None) -> dict[str, Any]:
    """The names that a driver can use besides its own and the builtins."""
    report = report or _nobody
    found = {"np": np, "device": device, "report": _watching(report), "follow": _following(report)}
    if is_torch:
        import torch

        found |= {"torch": torch, "load": load}
    return found


def tensors(tree: Any, device: str = "cpu") -> Any:
    """A nest with arrays as tensors. On the CPU they share memory, so changing a tensor in place changes its array."""
    import torch

    if isinstance(tree, np.ndarray):
        return torch.from_numpy(tree).to(device)
    return _mapped(tree, lambda item: tensors(item, device))


def arrays(tree: Any) -> Any:
    """A nest with tensors as arrays. Call it only if PyTorch is loaded."""
    torch = sys.modules["torch"]
    if isinstance(tree, torch.Tensor):
        return tree.detach().cpu().numpy()
    if isinstance(tree, torch.Size):
        return tuple(tree)
    return _mapped(tree, arrays)


def no_arrays(tree: Any) -> Any:
    """An answer with each array, where a tensor was due, replaced by an object that is not data."""
    if isinstance(tree, np.ndarray | np.generic):
        return object.__new__(type("NumPy array, not a tensor", (), {}))
    return _mapped(tree, no_arrays)


def load(module: Any, weights: Mapping[str, np.ndarray]) -> Any:
    """Set a module's parameters to `weights`, by name, and return it; WrongParameters lists those that do not fit.

    model = load(EncoderBlock(d_model=8, heads=2), weights)
    """
    import torch

    own = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    asked = {name: tuple(value.shape) for name, value in weights.items()}
    odd = [f"{name} {shape} is missing" for name, shape in asked.items() if name not in own]
    odd += [f"{name} {shape} is one too many" for name, shape in own.items() if name not in asked]
    odd += [
        f"{name} has shape {own[name]}, expected {shape}"
        for name, shape in asked.items()
        if name in own and own[name] != shape
    ]
    if odd:
        more = f"; and {len(odd) - MAX_LISTED} more" if len(odd) > MAX_LISTED else ""
        raise WrongParameters("; ".join(odd[:MAX_LISTED]) + more)
    module.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
    return module


def _watching(report: Report) -> Callable[..., None]:
    """A `report` that ends a run whose loss is not finite or has not fallen after a third of the steps.

    The rest would waste the student's time.
    """
    losses: list[float] = []
    before = 0

    def watched(step: int, total: int, loss: Any, falls: bool = True) -> None:
        nonlocal before
        value = float(
            loss.detach() if hasattr(loss, "detach") else loss
        )  # else PyTorch prints a warning into the student's output
        report(int(step), int(total), value)
        if not math.isfinite(value):
            raise Diverged(f"the loss is {value} in step {step} of {total}")
        losses.append(value)
        is_third = 3 * before < total <= 3 * step
        before = step
        if falls and is_third:
            first, recent = losses[0], median(losses[-max(len(losses) // 5, 3) :])
            if not _progress(first, recent) > LEAST_PROGRESS:
                raise Stalled(
                    f"the loss has not fallen after a third of the steps: {first:.4g} at the start, "
                    f"{recent:.4g} around step {step} of {total}"
                )

    return watched


def _progress(first: float, recent: float) -> float:
    """How far a loss has fallen, relative to its absolute value at the start."""
    return (first - recent) / abs(first) if first else -recent


def _following(report: Report) -> Callable[[str], contextlib.AbstractContextManager[None]]:
    """A `follow`: a context in which each call of a named function of the student's file is reported as a step.

    Its result, or the first of several results, is the loss. The total number of steps is unknown. A loss that is not
    finite is not reported and does not end the run, because the student's own loop may try a step and undo it.
    """

    @contextlib.contextmanager
    def follow(name: str) -> Iterator[None]:
        submission = sys.modules.get("submission")  # only in a worker, not in an author's own process
        own, calls, last = getattr(submission, name, None), 0, math.nan
        if not callable(own):
            yield
            return

        @functools.wraps(own)
        def followed(*args: Any, **named: Any) -> Any:
            nonlocal calls, last
            calls += 1
            answer = own(*args, **named)
            loss = answer[0] if isinstance(answer, tuple | list) and answer else answer
            if isinstance(loss, float | np.floating) and math.isfinite(loss):
                last = float(loss)
                report(calls, 0, last)
            return answer

        setattr(submission, name, followed)
        try:
            yield
        finally:
            setattr(submission, name, own)
        if math.isfinite(last):
            report(calls, calls, last)

    return follow


def _nobody(step: int, total: int, loss: float) -> None:
    """A `report` that ignores every step."""


def _mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(tree, dict):
        return {key: change(item) for key, item in tree.items()}
    if isinstance(tree, list | tuple) and type(tree) in (list, tuple):
        return type(tree)(change(item) for item in tree)
    return tree
