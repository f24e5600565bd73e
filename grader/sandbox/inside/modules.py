"""What a driver of a PyTorch exercise or a training run can use: tensors, and `load`, `report` and `follow`.

Runs in the worker, and in the author's own process where references are compiled and proven.
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
MAX_LISTED = 8  # names of parameters in one sentence
LEAST_PROGRESS = 0.05  # of the first loss, after a third of the steps; right pieces make a quarter and more


class WrongParameters(Exception):
    """A module's parameters have not the names and shapes that the exercise states; the message lists them."""


class Diverged(ArithmeticError):
    """A training run whose loss is no longer a number; the message says when."""


class Stalled(ArithmeticError):
    """A training run whose loss has not fallen after a third of its steps; the message says from what to what."""


def names(is_torch: bool, device: str, report: Report | None) -> dict[str, Any]:
    """The names that a driver finds, beside its own and the builtins."""
    report = report or _nobody
    found = {"np": np, "device": device, "report": _watching(report), "follow": _following(report)}
    if is_torch:
        import torch

        found |= {"torch": torch, "load": load}
    return found


def tensors(tree: Any, device: str = "cpu") -> Any:
    """Arrays as tensors; on the CPU they share memory, so that a tensor changed in place is an array changed."""
    import torch

    if isinstance(tree, np.ndarray):
        return torch.from_numpy(tree).to(device)
    return _mapped(tree, lambda item: tensors(item, device))


def arrays(tree: Any) -> Any:
    """Tensors as arrays. Call it only where PyTorch is loaded."""
    torch = sys.modules["torch"]
    if isinstance(tree, torch.Tensor):
        return tree.detach().cpu().numpy()
    if isinstance(tree, torch.Size):
        return tuple(tree)
    return _mapped(tree, arrays)


def no_arrays(tree: Any) -> Any:
    """An answer in which whatever is an array, and ought to be a tensor, is no longer data."""
    if isinstance(tree, np.ndarray | np.generic):
        return object.__new__(type("NumPy array, not a tensor", (), {}))
    return _mapped(tree, no_arrays)


def load(module: Any, weights: Mapping[str, np.ndarray]) -> Any:
    """The module with its parameters set to `weights`, by name; WrongParameters lists those that do not fit."""
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
    """A `report` that ends a run whose loss is no number, or has not fallen after a third of the steps.

    What would come after is lost time, and a student waits for it.
    """
    losses: list[float] = []
    before = 0

    def watched(step: int, total: int, loss: Any, falls: bool = True) -> None:
        nonlocal before
        value = float(loss.detach() if hasattr(loss, "detach") else loss)  # else PyTorch warns, in the student's prints
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
    """How far a loss has fallen, as a share of its size at the start."""
    return (first - recent) / abs(first) if first else -recent


def _following(report: Report) -> Callable[[str], contextlib.AbstractContextManager[None]]:
    """A `follow`: while the student's own loop runs, each call of a function of their file is told as a step.

    Its result, or the first of several, is the loss. How many steps there will be is not known. What is no number is not
    told: here it ends nothing, as a loop of the student's own may try a step and take it back.
    """

    @contextlib.contextmanager
    def follow(name: str) -> Iterator[None]:
        submission = sys.modules.get("submission")  # in a worker; an author's own process has none
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
    """Nobody watches."""


def _mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(tree, dict):
        return {key: change(item) for key, item in tree.items()}
    if isinstance(tree, list | tuple) and type(tree) in (list, tuple):
        return type(tree)(change(item) for item in tree)
    return tree
