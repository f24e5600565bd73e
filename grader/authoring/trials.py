"""Run each mutant in a process of its own: some never end, and some ask for all the memory there is."""

import contextlib
import resource
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from grader.authoring.mutation import KILLED, Trial, Verdict
from grader.course.author_code import reason
from grader.course.course import Course
from grader.errors import OurFault

SILENCE = (
    120.0  # seconds without a verdict after which a process is taken to hang in C code, where no alarm interrupts it
)
MEMORY = 8 << 30  # bytes of address space: what NumPy maps and some more; beyond that a mutant gets a MemoryError

READY = ""  # what a process sends once it has its keys: no error

Chosen = tuple[str, str]  # unit and exercise


def tried(
    root: Path, chosen: Sequence[Chosen], seeds: Sequence[int], jobs: int, tells: bool = False
) -> Iterator[tuple[Chosen, list[Verdict]]]:
    """The verdicts on the mutants of each exercise, in the order in which exercises finish; with what a student is told."""
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(_exercise, root, unit, name, list(seeds), tells): (unit, name) for unit, name in chosen}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _exercise(root: Path, unit: str, name: str, seeds: list[int], tells: bool) -> list[Verdict]:
    """Try an exercise's mutants in a process; if one hangs or ends it, that one is killed and a new process goes on."""
    trial = Trial(Course(root).solutions(unit), name, seeds)
    mutants, verdicts = trial.mutants, []
    while len(verdicts) < len(mutants):
        found, error = _from(len(verdicts), root, unit, name, seeds, tells)
        verdicts += found
        if error:
            raise OurFault(f"{unit}.{name} cannot be tried: {error}")
        if len(verdicts) < len(mutants):
            verdicts.append(Verdict(f"{unit}.{name}", mutants[len(verdicts)], KILLED, "it ends its process"))
    return verdicts


def _from(start: int, root: Path, unit: str, name: str, seeds: list[int], tells: bool) -> tuple[list[Verdict], str]:
    """The verdicts of a new process, starting at a given mutant, until it is done or hangs; and its error, if any."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, root, unit, name, seeds, tells, start), daemon=True)
    process.start()
    theirs.close()
    verdicts: list[Verdict] = []
    error = "its process ended, or was silent, before it had a key"
    with contextlib.suppress(EOFError):
        while ours.poll(SILENCE):
            item = ours.recv()
            if isinstance(item, str):
                error = item
            else:
                verdicts.append(item)
    process.kill()
    process.join()
    return verdicts, error


def _work(pipe: Connection, root: Path, unit: str, name: str, seeds: list[int], tells: bool, start: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    try:
        trial = Trial(Course(root).solutions(unit), name, seeds, tells)
        _ = trial.keys  # report an exercise that cannot be compiled before any mutant is blamed
    except Exception as error:
        pipe.send(reason(error))
        return
    pipe.send(READY)
    for verdict in trial.verdicts(start):
        pipe.send(verdict)
