"""A class of real units: submissions a second with one and with two graders, where the time goes, and the same by others.

    python tests/benchmarks/class_run.py [HOW_MANY] [--units UNIT…] [--sample N] [--otter PYTHON]

A class's files are the reference, rewrites and mistakes, a third of them wrong somewhere (hand_ins.py); each wrong score is
told. A rate is what more submissions cost, without the start of the command and the compiling of the key. The same
files then go through plain pytest, `nbgrader autograde` and otter-grader, in turn with ours (other_graders.py). PYTHON is that
of a virtual environment with otter-grader and NumPy, whose own versions of everything it needs.

Everything is told with the machine's load. Other figures of a class are measured by class_toy.py.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "benchmarks")]
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # as `grade` has it

import hand_ins  # noqa: E402
import layers  # noqa: E402
import other_graders  # noqa: E402

from grader.classroom.marking.store import Store, records  # noqa: E402
from grader.compiling.compile import compile_key  # noqa: E402
from grader.course.unit import Unit  # noqa: E402
from grader.submission import Submission  # noqa: E402

GRADE = str(Path(sys.executable).with_name("grade"))
SEED = 8315
UNITS = ("linear_algebra", "neural_networks", "attention")
FEW = 10  # of a class whose time is mostly that of the start


@dataclass(frozen=True)
class Run:
    """One `grade class`: its seconds, the CPU seconds of the command's own process, and of all processes."""

    seconds: float
    own: float
    whole: float


def marked(unit: Unit, folder: Path, store: Path, jobs: int) -> Run:
    command = [GRADE, "class", str(folder), "--course", str(ROOT), "--db", str(store), "--seed", str(SEED)]
    command += ["--unit", unit.name, "--jobs", str(jobs)]
    start, own, before = time.perf_counter(), 0.0, _cpu_of_children()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    said = ""
    while True:
        own = _own_cpu(process.pid) or own
        try:
            said = process.communicate(timeout=0.05)[1]
            break
        except subprocess.TimeoutExpired:
            continue
    if process.returncode not in (0, 1):
        raise SystemExit(f"grade class ended with {process.returncode}: {said[-2000:]}")
    return Run(time.perf_counter() - start, own, _cpu_of_children() - before)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _own_cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load() -> str:
    return "load " + " ".join(f"{one:.1f}" for one in os.getloadavg()) + f" on {os.cpu_count()} cores"


def wrong_scores(store: Path, expected: dict[str, hand_ins.HandIn], unit: str) -> list[str]:
    with Store(str(store), is_new=False) as opened:
        found = {record.student: record for record in records(opened)}
    wrong = [] if set(found) == set(expected) else [f"{len(found)} records for {len(expected)} students"]
    for student in expected.keys() & found.keys():
        points = {item.id.partition(".")[2]: item.points for item in found[student].report.exercises}
        for name, right in expected[student].points.items():
            if points[name] != right:
                wrong.append(f"{student}: {unit}.{name} has {points[name]}, and it must have {right}")
    return wrong


def rates(unit: Unit, chosen: list[hand_ins.HandIn], count: int, folder: Path) -> dict[int, float]:
    """Seconds that one more submission takes, by the number of graders; printed with what is beside the grading."""
    spent = {}
    few, many = folder / "few", folder / "many"
    hand_ins.write(unit, chosen, FEW, few)
    expected = hand_ins.write(unit, chosen, FEW + count, many)
    for jobs in (1, 2):
        store = folder / f"{jobs}.db"
        first = marked(unit, few, store, jobs)
        start = marked(unit, few, store, jobs)  # nothing is new, and the key is in the store
        run = marked(unit, many, store, jobs)
        spent[jobs] = (run.seconds - start.seconds) / count
        beside = (run.own - start.own) / (run.whole - start.whole)
        wrong = wrong_scores(store, expected, unit.name)
        print(
            f"{jobs} grader{'s' * (jobs > 1)}: {count} submissions in {run.seconds - start.seconds:.1f} s, "
            f"{1 / spent[jobs]:.1f} a second; from cold, {FEW} take {first.seconds:.1f} s; beside grading (intake, store, progress) "
            f"{beside:.1%} of all CPU time, which is {(run.whole - start.whole) / count * 1000:.0f} ms a submission; "
            f"{len(wrong)} wrong scores; {load()}",
            flush=True,
        )
        print(*wrong[:20], sep="\n", end="\n" * bool(wrong), flush=True)
    print(f"two graders are {spent[1] / spent[2]:.2f} times one", flush=True)
    return spent


def against_others(unit: Unit, key, sources: list[str], ours: float, folder: Path, otter: str) -> None:
    """Print what others take for a submission, and how often ours goes into that."""
    count = other_graders.questions_for(key, unit.text, folder)
    whole = sum(len(exercise.questions) for exercise in key.exercises)
    print(f"others ask {count} of our {whole} questions; a sample of {len(sources)}, ours takes {ours:.3f} s each")
    by = {
        "plain pytest, no isolation": lambda: other_graders.by_pytest(unit.name, sources, folder, count),
        "nbgrader autograde": lambda: other_graders.by_nbgrader(unit.name, sources, folder, count),
    }
    if otter:
        by["otter run"] = lambda: other_graders.by_otter(otter, unit.name, sources, folder, count)
    for name, measure in by.items():
        if seconds := measure():
            print(f"{name}: {seconds:.2f} s each, {seconds / ours:.0f} times ours; {load()}", flush=True)
    if not otter:
        print("otter-grader: not asked; name the Python of its environment with --otter")


def measure(name: str, options: argparse.Namespace) -> None:
    unit = hand_ins.unit_of(name)
    key = compile_key(unit, SEED)
    chosen = hand_ins.hand_ins(unit, key)
    sources = [one.source for one in chosen[: options.sample]]
    print(f"\n{name}: {len(key.exercises)} exercises, {len(chosen)} different hand-ins", flush=True)
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        spent = rates(unit, chosen, options.count, Path(folder))
        some = [Submission(f"{name}.py", one.source.encode()) for one in chosen[:60]]
        print(f"where the time goes, with one grader ({load()}):\n{layers.measure(key, some)}", flush=True)
        if sources:
            against_others(unit, key, sources, spent[1], Path(folder), options.otter)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", nargs="?", type=int, default=1000)
    parser.add_argument("--units", nargs="+", default=UNITS)
    parser.add_argument("--sample", type=int, default=6, help="hand-ins that others mark, too; 0 leaves them out")
    parser.add_argument("--otter", default="", metavar="PYTHON")
    options = parser.parse_args()
    for name in options.units:
        measure(name, options)


if __name__ == "__main__":
    main()
