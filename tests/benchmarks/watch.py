"""How long from a save to the verdict on the screen, with `grade --watch` in tmux, against one `grade` of the same exercise.

The promise: 150 ms on a NumPy unit. `python tests/benchmarks/watch.py`; it needs tmux and the solutions.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = 20
GRADE = str(Path(sys.executable).with_name("grade"))
RIGHT, WRONG = "np.tril(", "np.triu("


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name))


def measure(folder: Path) -> None:
    """Save a right and a wrong file in turn, and print medians and the ratio."""
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    shutil.copytree(ROOT / "assignments", folder / "assignments")
    file = folder / "assignments" / "attention" / "attention.py"
    right = (ROOT / "solutions" / "attention" / "attention.py").read_text(encoding="utf-8")
    wrong = right.replace(RIGHT, WRONG)
    file.write_text(right, encoding="utf-8")
    tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
    command = f"cd {folder}; {GRADE} attention.causal_mask --watch"
    subprocess.run([*tmux, "new-session", "-d", "-x", "90", "-y", "30", command], check=True)
    try:
        _until(tmux, "Save a file")
        times = []
        for run in range(RUNS):
            text, words = (right, "passed: causal_mask") if run % 2 else (wrong, "not yet: causal_mask")
            start = time.perf_counter()
            part = file.with_suffix(".new")
            part.write_text(text, encoding="utf-8")
            part.replace(file)
            times.append(_until(tmux, words) - start)
            time.sleep(0.3)
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
    once = [_one_grade(folder) for _ in range(5)]
    watch, grade = statistics.median(times), statistics.median(once)
    print(f"save to verdict on the screen   median {watch * 1000:5.0f} ms   max {max(times) * 1000:5.0f} ms")
    print(f"one `grade` of that exercise    median {grade * 1000:5.0f} ms")
    print(f"watch / one grade = {watch / grade:.2f};  watch / 150 ms = {watch / 0.150:.2f}   (promised: at most 1)")


def _until(tmux: list[str], words: str) -> float:
    """When the words are on the screen."""
    while True:
        shown = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True).stdout
        if words in shown:
            return time.perf_counter()


def _one_grade(folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run([GRADE, "attention.causal_mask"], cwd=folder, stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
