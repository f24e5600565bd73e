"""A class of 1,000 of the toy course: the right scores, hostile files among them, memory, and what a cluster costs.

    python tests/benchmarks/class_toy.py [HOW_MANY] [KILLS] [GRADERS…]

The class is mixed: right answers, each named mistake, each rewrite, stubs, and the hostile corpus, once. What each must
get is worked out without the sandbox, the store and the pool, or stands in the hostile file's own header. With KILLS, a
smaller class is killed at that many random moments and gone on with, and compared with an undisturbed run. GRADERS are how many
of them mark the class, once with each number; with one and with two unless it is said.
"""

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "sandbox")]

from conftest import RIGHT, TOY  # noqa: E402
from test_hostile import ROWS  # noqa: E402

from grader.authoring.proof import report_on  # noqa: E402
from grader.classroom.marking.store import Store, records  # noqa: E402
from grader.compiling.compile import compile_key  # noqa: E402
from grader.course.course import Course  # noqa: E402
from grader.course.edited_text import mutate  # noqa: E402

GRADE = str(Path(sys.executable).with_name("grade"))
SEED = 8315
MAX = {"scale": 4, "row_sums": 3, "mean_and_spread": 3}


def honest() -> dict[str, tuple[str, int]]:
    """Sources by name, with the points that each must get: by the judge alone, in this process."""
    unit = Course(TOY).solutions("toy")
    key = compile_key(unit, SEED)
    found = {"right": (RIGHT, 10), "stub": ("def scale(x, factor=2.0):\n    raise NotImplementedError\n", 0)}
    for exercise in key.exercises:
        others = sum(MAX.values()) - exercise.points
        for mistake in unit.exercises[exercise.name].mistakes:
            source = mutate(unit.text, exercise.name, mistake.wrong)
            points = report_on(unit.mistakes(exercise.name)[mistake.name], exercise, unit).points
            found[f"{exercise.name}-{mistake.name}"] = (source, others + points)
    return found


def make_class(folder: Path, count: int) -> dict[str, int | None]:
    """Hand-ins on disk; the points that each must get, None where a hostile file's header leaves it open."""
    expected: dict[str, int | None] = {}
    sources = list(honest().items())
    rows = [row for row in ROWS if not row.needs][: count // 5]
    for n, row in enumerate(rows):
        name = f"{n * count // max(len(rows), 1):04}-hostile-{row.name}"  # spread over the class
        (folder / name).mkdir(parents=True)
        (folder / name / row.file).write_bytes(row.content)
        known = {"zero": 0, "full": 3}.get(row.outcome, int(row.outcome) if row.outcome.isdecimal() else None)
        expected[name] = known
    for n in range(count - len(rows)):
        kind, (source, points) = sources[n % len(sources)]
        name = f"{n:04}-{kind}"
        (folder / name).mkdir(parents=True)
        (folder / name / "toy.py").write_text(f"# {n}\n{source}")
        expected[name] = points
    return expected


def command(folder: Path, store: Path, jobs: int) -> list[str]:
    return [
        GRADE, "class", str(folder), "--course", str(TOY), "--db", str(store), "--seed", str(SEED),
        "--jobs", str(jobs), "--timeout", "1",
    ]  # fmt: skip


def tree_memory(pid: int) -> int:
    """Megabytes of the graders' own memory (proportional set size): the command's process and its children."""
    total = 0
    pids = [pid]
    for one in pids:
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total >> 10


def timed(folder: Path, store: Path, jobs: int) -> tuple[float, list[int]]:
    """Seconds, and the memory of all processes every half second."""
    start, samples = time.perf_counter(), []
    process = subprocess.Popen(command(folder, store, jobs), stderr=subprocess.DEVNULL)

    def watch() -> None:
        while process.poll() is None:
            samples.append(tree_memory(process.pid))
            time.sleep(0.5)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert process.wait() in (0, 1, 3), process.returncode  # 1: some hostile files cannot be read
    watcher.join()
    return time.perf_counter() - start, samples


def wrong_scores(store: Path, expected: dict[str, int | None]) -> list[str]:
    """Records that are not what they must be; hostile files are about row_sums alone."""
    wrong = []
    with Store(str(store), is_new=False) as opened:
        found = {record.student: record for record in records(opened)}
    if set(found) != set(expected):
        wrong.append(f"records: {len(found)} for {len(expected)} students")
    for name, points in expected.items():
        record = found.get(name)
        if record is None or points is None:
            continue
        got = record.points
        if "-hostile-" in name and record.report:  # one that cannot be read has no points and no report
            got = next(item.points for item in record.report.exercises if item.id == "toy.row_sums")
        if got != points:
            wrong.append(f"{name}: {got}, and it must be {points}")
    return wrong


def overhead(folder: Path, count: int = 100) -> None:
    """What a cluster costs a submission: two workers of Dask on loopback against two graders, the start left out."""
    make_honest(folder / "few", 2)
    make_honest(folder / "many", 2 + count)
    spent = {}
    for name, more in (("two graders", []), ("two Dask workers", ["--scheduler", "local"])):
        times = []
        for hand_ins in ("few", "many"):
            store = folder / f"{name} {hand_ins}.db"
            start = time.perf_counter()
            subprocess.run([*command(folder / hand_ins, store, 2), *more], stderr=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - start)
        spent[name] = (times[1] - times[0]) / count * 1000
    print(*(f"{name}: {milliseconds:.0f} ms a submission" for name, milliseconds in spent.items()), sep="; ")
    print(f"Dask's overhead: {spent['two Dask workers'] - spent['two graders']:+.0f} ms a submission", flush=True)


def stored(store: Path) -> list[tuple]:
    with Store(str(store), is_new=False) as opened:
        rows = opened.database.execute("SELECT count(*) FROM history")
        assert rows == [(0,)], f"graded twice: {rows}"
        return [
            (r.student, r.points, [(e.id, e.status, e.points) for e in r.report.exercises]) for r in records(opened)
        ]


def kills(folder: Path, times: int) -> None:
    """Kill a class at random moments, go on, and compare with an undisturbed run."""
    hand_ins = folder / "kills"
    make_honest(hand_ins, 200)
    calm, store = folder / "calm.db", folder / "killed.db"
    subprocess.run(command(hand_ins, calm, 2), stderr=subprocess.DEVNULL, check=True)
    rng, done, stores = random.Random(1), 0, 1
    while done < times:
        process = subprocess.Popen(command(hand_ins, store, 2), stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.2, 2.5))
        process.send_signal(signal.SIGKILL)
        done += process.wait() == -signal.SIGKILL
        if process.returncode == 0:  # complete: compare, and begin anew
            assert stored(store) == stored(calm)
            store.unlink()
            stores += 1
    subprocess.run(command(hand_ins, store, 2), stderr=subprocess.DEVNULL, check=True)
    assert stored(store) == stored(calm)
    print(f"killed {done} times over {stores} classes of 200: no record missing, double, graded twice or different")


def make_honest(folder: Path, count: int) -> None:
    sources = list(honest().values())
    for n in range(count):
        (folder / f"s{n:03}").mkdir(parents=True)
        (folder / f"s{n:03}" / "toy.py").write_text(f"# {n}\n{sources[n % len(sources)][0]}")


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory(prefix="class-") as name:
        folder = Path(name)
        if len(sys.argv) > 2 and int(sys.argv[2]):
            kills(folder, int(sys.argv[2]))
        graders = [int(number) for number in sys.argv[3:]]
        if count:
            whole_class(folder, count, graders or [1, 2])
        if count and not graders:
            overhead(folder)


def whole_class(folder: Path, count: int, graders: list[int]) -> None:
    expected = make_class(folder / "in", count)
    for jobs in graders:
        store = folder / f"{jobs}.db"
        seconds, memory = timed(folder / "in", store, jobs)
        wrong = wrong_scores(store, expected)
        quarter = max(len(memory) // 4, 1)
        print(
            f"{jobs} grader{'s' * (jobs > 1)}: {count} mixed submissions in {seconds:.0f} s, "
            f"{count / seconds:.1f} a second; {len(wrong)} wrong scores; memory, all processes: "
            f"{sum(memory[quarter : 2 * quarter]) / quarter:.0f} MB in the second quarter, "
            f"{sum(memory[-quarter:]) / quarter:.0f} MB in the last, {max(memory, default=0)} MB at most",
            flush=True,
        )
        print(*wrong[:20], sep="\n", flush=True)
    shutil.rmtree(folder / "in")


if __name__ == "__main__":
    main()
