"""How long a student waits: whole processes, in turn with `python -c "import numpy, click"` as the baseline.

The promise: one exercise of a right file in at most 1.5 baselines plus 150 ms, a whole unit of NumPy in at most three times one
exercise. A unit with PyTorch waits for that to be imported, which takes a second or two; nothing is trained here.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = 15
GRADE = str(Path(sys.executable).with_name("grade"))
COMMANDS = {
    "python -c 'import numpy, click'": [sys.executable, "-c", "import numpy, click"],
    "grade --help": [GRADE, "--help"],
    "grade, one exercise": [GRADE, "attention.self_attention"],
    "grade, a whole unit": [GRADE, "linear_algebra"],
    "grade, a whole unit with PyTorch": [GRADE, "attention", "--no-train"],
}


def seconds(command: list[str], course: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=course, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def solved_course(folder: Path) -> Path:
    """A student's folder in which two units are solved."""
    shutil.copytree(ROOT / "assignments", folder / "assignments")
    for unit in ("attention", "linear_algebra"):
        shutil.copy(ROOT / "solutions" / unit / f"{unit}.py", folder / "assignments" / unit)
    return folder


def main() -> None:
    """Time the commands in turn and print medians and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        measure(solved_course(Path(folder)))


def measure(course: Path) -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for run in range(RUNS + 1):
        for name, command in COMMANDS.items():
            taken = seconds(command, course)
            if run:  # the first warms the caches
                times[name].append(taken)
    base, help_, one, unit, _ = (statistics.median(items) for items in times.values())
    for name, items in times.items():
        print(f"{name:35} median {statistics.median(items) * 1000:5.0f} ms   min {min(items) * 1000:5.0f} ms")
    print(f"one exercise  / baseline                 = {one / base:.2f}   (goal: 2.2)")
    print(f"one exercise  / (1.5 baselines + 150 ms) = {one / (1.5 * base + 0.150):.2f}   (promised: at most 1)")
    print(f"a whole unit  / one exercise             = {unit / one:.2f}   (promised: at most 3)")
    print(f"grade --help  / baseline                 = {help_ / base:.2f}")


if __name__ == "__main__":
    main()
