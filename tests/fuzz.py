"""Every decoder gets damaged bytes; each raises the exceptions that it names, and no other.

    python -m tests.fuzz --seconds 600            all targets in turn
    python -m tests.fuzz --only key --seed 17     one example again: a finding prints this line

An example is made from a target's name and a number alone, so a number is all that one needs to have it again.
"""

import argparse
import contextlib
import io
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for `python -m tests.fuzz`

SLOW = 10.0  # seconds: one damaged file that takes longer holds up a class

MEMORY = 4 << 30  # bytes of addresses, NumPy's threads among them


@dataclass(frozen=True)
class Target:
    """`make` gives the bytes of a damaged example, `read` is what a user's file meets, `raises` what it may raise."""

    name: str
    make: Callable[[random.Random], bytes]
    read: Callable[[bytes, Path], object]
    raises: tuple[type[Exception], ...] = ()


@dataclass(frozen=True)
class Found:
    """An example that raised something else, or took too long."""

    target: str
    seed: int
    content: bytes
    what: str

    def __str__(self) -> str:
        again = f"python -m tests.fuzz --only {self.target} --seed {self.seed}"
        return f"{self.target}: {self.what}\n  again: {again}\n  input: {self.content[:300]!r}"


def example(target: Target, seed: int) -> bytes:
    return target.make(random.Random(f"{target.name} {seed}"))


def tried(target: Target, seed: int, folder: Path) -> Found | None:
    """What is wrong with how one example was taken, if anything."""
    content = example(target, seed)
    start = time.process_time()
    try:
        with warnings.catch_warnings(action="ignore"), contextlib.redirect_stdout(io.StringIO()):
            target.read(content, folder)
    except target.raises:
        pass
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames if "grader" in frame.filename]
        return Found(target.name, seed, content, f"{type(error).__name__}: {error} ({' '.join(own[-3:])})"[:400])
    seconds = time.process_time() - start
    return Found(target.name, seed, content, f"it took {seconds:.1f} s") if seconds > SLOW else None


def run(targets: Sequence[Target], seconds: float, first: int = 0) -> tuple[Counter, list[Found]]:
    """How many examples of each target were tried in a time shared fairly, and one finding for each cause."""
    count, found = Counter(), {}
    spent = dict.fromkeys((target.name for target in targets), 0.0)
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name:
        while time.monotonic() < end:
            target = min(targets, key=lambda target: spent[target.name])
            start = time.monotonic()
            for _ in range(20):
                if one := tried(target, first + count[target.name], Path(name)):
                    found.setdefault((one.target, one.what.partition(":")[0], one.what.rpartition("(")[2]), one)
                count[target.name] += 1
            spent[target.name] += time.monotonic() - start
    return count, list(found.values())


def main() -> int:
    from fuzz_targets import TARGETS

    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--seconds", type=float, default=60)
    words.add_argument("--only", action="append", choices=[target.name for target in TARGETS], default=[])
    words.add_argument("--seed", type=int, help="try this one example alone")
    words.add_argument("--first", type=int, default=0, help="the first number; another one tries other examples")
    given = words.parse_args()
    with contextlib.suppress(
        ImportError, ValueError, OSError
    ):  # what asks for more is a finding, not the machine's end
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    targets = [target for target in TARGETS if not given.only or target.name in given.only]
    if given.seed is not None:
        with tempfile.TemporaryDirectory() as name:
            found = [one for target in targets if (one := tried(target, given.seed, Path(name)))]
    else:
        count, found = run(targets, given.seconds, given.first)
        print(", ".join(f"{name} {number}" for name, number in count.items()))
    print("\n".join(map(str, found)) or "nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
