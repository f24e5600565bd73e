"""Choose the device of training runs: one is used only if a small multiplication on it, in a worker, comes out right.

An isolation level may hide the device from workers, as `namespaces` hides a GPU's files. `choose` then tries weaker
levels, none below `least`, and takes the first on which the multiplication works. Otherwise it takes the CPU, which
needs no trial.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from grader.frozen import frozen
from grader.sandbox.opening import open_sandbox
from grader.sandbox.server import TRAINING, Sandbox, SandboxError, is_installed
from grader.sandbox.walls.levels import LEVELS, WEAKEST
from grader.sandbox.worker import WorkerEnded
from grader.text import one_line

SIZE = 64  # rows and columns of the trial's matrices
SECONDS = 60.0  # the first use of CUDA loads and compiles for a while
TRIAL = f"""
import torch

def trial(device):
    ones = torch.ones({SIZE}, {SIZE}, device=device)
    return (ones @ ones).sum().cpu()
"""


@frozen
class Choice:
    """The device for training runs, a sandbox whose workers can use it, and a line to print, which may be empty."""

    device: str
    sandbox: Sandbox
    line: str = ""


def choose(sandbox: Sandbox, wanted: str, least: str = WEAKEST) -> Choice:
    """The device that `wanted` names, "auto" for the best there is, or the CPU with a line that says why.

    If the choice has another sandbox than `sandbox`, the caller must close it.
    """
    if wanted == "cpu" or not is_installed("torch"):
        return Choice("cpu", sandbox)
    candidates = present() if wanted == "auto" else [wanted]
    reason = ""
    for device in candidates:
        for level in LEVELS[LEVELS.index(sandbox.level) : LEVELS.index(least) + 1]:
            unbounded = replace(sandbox.limits, memory=0, has_device=True)  # a GPU maps more than memory
            tried = open_sandbox(unbounded, level, level, TRAINING)
            try:
                reason = failure(tried, device)
            except SandboxError as error:
                reason = str(error)
            if not reason:
                return Choice(device, tried, f"Training on {device}, isolation {level}.")
            tried.close()
            if "not compiled" in reason:  # PyTorch lacks the device, so no level helps
                break
    return Choice("cpu", sandbox, f"Training on the CPU: {candidates[-1]} does not work ({reason})." if reason else "")


def present(root: str = "/") -> Sequence[str]:
    """The accelerators that this machine appears to have: "cuda", "mps" or neither. Does not load PyTorch."""
    if os.path.exists(os.path.join(root, "dev/nvidiactl")):
        return ["cuda"]
    return ["mps"] if sys.platform == "darwin" and os.uname().machine == "arm64" else []


def failure(sandbox: Sandbox, device: str) -> str:
    """Why a worker cannot compute on a device, as a clause; empty if it can."""
    worker = sandbox.worker()
    try:
        source = np.frombuffer(TRIAL.encode(), np.uint8)
        worker.ask({"op": "read", "file": "trial.py", "source": source, "allows": list(sandbox.packages)}, SECONDS)
        worker.send({"op": "run", "skip": [], "wanted": ["trial"]})
        while "at" in worker.receive(SECONDS):
            pass
        way = {"parameters": ["device"], "torch": True}
        reply = worker.ask({"op": "call", "pieces": ["trial"], "inputs": {"device": device}, "way": way}, SECONDS)
    except WorkerEnded as ended:
        return one_line(str(ended), 120)
    finally:
        worker.close()
    if "error" in reply:
        return one_line(f"{reply['error']['type']}: {reply['error']['message']}", 120)
    return "" if np.array_equal(reply["value"], np.float32(SIZE**3)) else "it multiplies wrongly"
