"""`grade dev new|build|check`: scaffold, write assignments/, prove."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from grader.authoring import build as building
from grader.authoring import newcourse, scaffold
from grader.authoring.proof import Proof, prove
from grader.authoring.proof_table import markdown
from grader.commands.courses import the_course
from grader.course.course import Course
from grader.errors import GraderError, did_you_mean
from grader.exercise import Exercise
from grader.render.terminal import make_console

TABLE_WIDTH = 120  # columns in a log, where long lines read better than broken names
Proving = dict[tuple[str, str], list[Future[Proof]]]  # by unit and exercise
CHUNK = 25  # seeds a process proves at a time: small enough for a progress bar to move


def new(course_dir: str | None, target: str, pieces: Sequence[str]) -> None:
    """Scaffold an exercise, or a training run of pieces, and say what to fill in."""
    course = the_course(course_dir)
    for path in scaffold.new(course, target, pieces):
        print(_shown(path))
    print(f"Fill these in, then: grade dev check {target}")


def new_course(folder: str) -> None:
    """Begin a course and say what to do with it."""
    for path in newcourse.new_course(Path(folder)):
        print(_shown(path.absolute()))
    print(f"It works: cd {folder}, then grade, grade dev check, grade dev new UNIT.EXERCISE")


def build(course_dir: str | None, units: Sequence[str]) -> None:
    """Write assignments/ and name what changed."""
    course = the_course(course_dir)
    changed = building.build(course, _units(course, units))
    for path in changed:
        print(_shown(path))
    print(f"{len(changed)} files written" if changed else "assignments/ is fresh")


def check(
    course_dir: str | None, targets: Sequence[str], seeds: int, runs: int, jobs: int | None, form: str = "text"
) -> int:
    """Prove exercises in parallel and print the table; returns the exit status. A log gets a line for each exercise, too."""
    course = the_course(course_dir)
    chosen = list(exercises_of(course, targets))
    console = make_console(least=TABLE_WIDTH, stderr=form == "markdown")
    with _workers(jobs or os.cpu_count() or 1) as pool:
        proving = _begun(pool, course, _with_seeds(course, chosen, seeds, runs))
        named = dict.fromkeys(unit for unit, _ in chosen)
        units = {unit: pool.submit(_stale_unit, course.root, unit) for unit in named}
        proofs = _all_done(proving, console)
        try:
            stale = building.stale(course, units, lambda unit: _told(units[unit]))
        except GraderError as error:  # what cannot be compiled cannot be built; the other rules are still reported
            said = [failure for proof in proofs for failure in proof.failures]
            stale = [] if any(str(error) in failure for failure in said) else [str(error)]  # one cause is told once
    if form == "markdown":
        print(markdown(proofs, seeds))
    else:
        _show_tables(proofs, console)
    for proof in proofs:
        for failure in proof.failures:
            console.print(Text(f"✗ {proof.exercise}: {failure}", "red"), soft_wrap=True)
    for sentence in stale:
        console.print(Text(f"✗ rule 6: {sentence}", "red"), soft_wrap=True)
    if any(proof.failures for proof in proofs) or stale:
        return 1
    console.print(Text(f"✓ {len(proofs)} exercises hold all seven rules on {seeds} seeds", "green"))
    return 0


def _show_tables(proofs: Sequence[Proof], console: Console) -> None:
    if plain := [proof for proof in proofs if not proof.scores]:
        console.print(_table(plain))
    if runs := [proof for proof in proofs if proof.scores]:
        console.print(_table_of_runs(runs))


def _units(course: Course, names: Sequence[str]) -> list[str]:
    for name in names:
        course.solutions(name)
    return list(names or course.units)


def exercises_of(course: Course, targets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(unit, exercise) for each target, read from the solutions: a key may not have been built yet."""
    for target in targets or course.units:
        unit, _, exercise = target.partition(".")
        names = list(course.solutions(unit).exercises)
        if exercise and exercise not in names:
            raise GraderError(f"{unit} has no exercise {exercise!r}{did_you_mean(exercise, names, unit + '.')}")
        yield from ((unit, name) for name in names if name == exercise or not exercise)


def _with_seeds(course: Course, chosen: Sequence[tuple[str, str]], seeds: int, runs: int) -> dict[tuple[str, str], int]:
    """The number of seeds for each exercise; at most `runs` for a training run, which takes seconds per seed."""
    units = {unit: course.solutions(unit) for unit, _ in chosen}
    wanted = {(unit, name): units[unit].exercises[name].is_run for unit, name in chosen}
    return {key: min(runs, seeds) if is_run else seeds for key, is_run in wanted.items() if runs or not is_run}


def _workers(jobs: int) -> ProcessPoolExecutor:
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # there are as many processes as cores
    return ProcessPoolExecutor(jobs, get_context("spawn"))


def _begun(pool: ProcessPoolExecutor, course: Course, wanted: Mapping[tuple[str, str], int]) -> Proving:
    """The parts of each exercise's proof. What takes longest begins first, so that no process is left alone with it."""
    proving: Proving = {key: [] for key in wanted}
    units = {unit: course.solutions(unit) for unit, _ in wanted}
    for unit, name in sorted(wanted, key=lambda key: _weight(units[key[0]].exercises[key[1]]), reverse=True):
        seeds = wanted[unit, name]
        for first in range(0, seeds, CHUNK):
            chunk = range(first, min(first + CHUNK, seeds))
            proving[unit, name].append(pool.submit(_prove_chunk, course.root, unit, name, chunk))
    return proving


def _weight(exercise: Exercise) -> tuple[bool, bool, int]:
    return exercise.is_run, exercise.torch, len(exercise.cases) * (len(exercise.mistakes) + 1)


def _all_done(proving: Proving, console: Console) -> list[Proof]:
    """The proofs in the order of the course. A terminal shows a bar while they are made, a log what each has come to."""
    columns = [TextColumn("proving"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    live = make_console(stderr=True)
    proofs = []
    with Progress(*columns, console=live, transient=True, disable=not live.is_terminal) as progress:
        futures = [future for parts in proving.values() for future in parts]
        bar = progress.add_task("proving", total=len(futures))
        for future in futures:
            future.add_done_callback(lambda _: progress.advance(bar))
        for number, parts in enumerate(proving.values(), 1):
            proofs.append(_merged([future.result() for future in parts]))
            if not live.is_terminal:
                mark = "✗" if proofs[-1].failures else "✓"
                console.print(Text(f"{mark} {proofs[-1].exercise} ({number} of {len(proving)})"), soft_wrap=True)
                console.file.flush()
    return proofs


def _prove_chunk(root: Path, unit: str, name: str, seeds: range) -> Proof:
    return prove(Course(root).solutions(unit), name, seeds)


def _stale_unit(root: Path, unit: str) -> tuple[list[str], str]:
    """What is stale of a unit, and why that cannot be said."""
    try:
        return building.stale_unit(Course(root), unit), ""
    except GraderError as error:
        return [], str(error)


def _told(looked: Future[tuple[list[str], str]]) -> list[str]:
    found, error = looked.result()
    if error:
        raise GraderError(error)
    return found


def _merged(proofs: Sequence[Proof]) -> Proof:
    """Merge proofs of several ranges of seeds into one."""
    first = proofs[0]
    first.seeds = sum(proof.seeds for proof in proofs)
    first.survivors = set().union(*(proof.survivors for proof in proofs))
    first.tolerance = max(proof.tolerance for proof in proofs)
    first.nearest = min(proof.nearest for proof in proofs)
    if trained := [proof.scores for proof in proofs if proof.scores]:  # none of a chunk that an error ended
        first.scores = trained[0]
        first.scores.right = [value for scores in trained for value in scores.right]
        first.scores.wrong = [value for scores in trained for value in scores.wrong]
    first.used = max(proof.used for proof in proofs)
    first.failures = list(dict.fromkeys(failure for proof in proofs for failure in proof.failures))
    return first


def _table(proofs: Sequence[Proof]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("exercise")
    for head in ("points", "cases", "mistakes", "rewrites", "seeds", "tolerance", "rewrites use", "nearest mistake"):
        table.add_column(head, justify="right")
    for proof in proofs:
        table.add_row(
            Text(proof.exercise, "red" if proof.failures else ""),
            *(str(n) for n in (proof.points, proof.cases, proof.mistakes, proof.rewrites, proof.seeds)),
            *_measured(proof),
        )
    return table


def _measured(proof: Proof) -> tuple[str, str, str]:
    """What the seeds have shown of an exercise's tolerance; dashes where it was not asked on any."""
    if not proof.seeds:
        return "–", "–", "–"
    return f"{proof.tolerance:.0e}", f"{proof.used:.1%}", f"{proof.nearest:.0e} tol"


def _table_of_runs(proofs: Sequence[Proof]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("training run")
    for head in ("points", "mistakes", "seeds", "bar", "worst reference", "best mistake"):
        table.add_column(head, justify="right")
    for proof in proofs:
        scores = proof.scores
        numbers = (str(n) for n in (proof.points, proof.mistakes, proof.seeds))
        table.add_row(
            Text(proof.exercise, "red" if proof.failures else ""), *numbers, scores.bar, scores.worst, scores.best
        )
    return table


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
