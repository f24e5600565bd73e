"""What one worker costs: fork, isolate, load a submission, one call, end; at each isolation level, in turn.

The promise: a median of at most 15 ms at the strongest level. A level's share is what it adds to the one below it.
"""

import statistics
import subprocess
import sys
import time

import numpy as np

from grader.sandbox.server import Sandbox, SandboxError
from grader.sandbox.walls.levels import LEVELS

ROUNDS = 200
SOURCE = np.frombuffer(b"import numpy as np\n\ndef f(x):\n    return np.tanh(x).sum(axis=0)\n", np.uint8)
CALL = {"op": "call", "pieces": ["f"], "inputs": {"x": np.ones((8, 5))}, "way": {"parameters": ["x"]}}


def one_job(sandbox: Sandbox) -> float:
    """Milliseconds of one submission with one question."""
    start = time.perf_counter()
    worker = sandbox.worker()
    worker.ask({"op": "read", "file": "a.py", "source": SOURCE, "allows": ["numpy"]}, 10)
    worker.send({"op": "run", "skip": [], "wanted": ["f"]})
    while "at" in worker.receive(10):
        pass
    assert worker.ask(CALL, 10)["value"].shape == (5,)
    worker.close()
    return (time.perf_counter() - start) * 1000


def fresh_python() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", "import numpy"], check=True)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Interleave the levels, so that a drift of the machine's speed touches all alike."""
    sandboxes = {}
    for level in reversed(LEVELS):
        try:
            sandboxes[level] = Sandbox(strongest=level, least=level)
            _ = sandboxes[level].level
        except SandboxError as error:
            print(f"{level}: not here ({error})")
            sandboxes.pop(level, None)
    times = {level: [] for level in sandboxes}
    for _ in range(ROUNDS):
        for level, sandbox in sandboxes.items():
            times[level].append(one_job(sandbox))
    below = 0.0
    for level, items in times.items():
        middle = statistics.median(items)
        print(f"{level:12} median {middle:5.1f} ms   adds {middle - below:+5.1f} ms   (min {min(items):.1f} ms)")
        below = middle
    print(f"fresh python -c 'import numpy': median {statistics.median(fresh_python() for _ in range(10)):.0f} ms")
    for sandbox in sandboxes.values():
        sandbox.close()


if __name__ == "__main__":
    main()
