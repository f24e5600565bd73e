"""Grade the corpus natively and in the page's engine, and print where they differ: `python tests/web/sweep.py PYODIDE [UNIT…]`.

`--sample N` takes some files, drawn with `--seed S`. Exit status 1 if there is a difference.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus import Sample, bundled, samples

from grader.course.choice import choose
from grader.course.course import Course
from grader.grading import grade
from grader.key import Key, from_bytes
from grader.releases.pyodide import runtime
from grader.releases.web_site import tree
from grader.report import to_json
from grader.sandbox.opening import open_sandbox
from grader.submission import Submission

ROOT = Path(__file__).resolve().parents[2]


# Where the first hint may differ, as the two do not compute the same; verdict and points do not.
SIGNS = "the signs of singular vectors and eigenvectors are free, and this mistake mixes them"
ROUNDING = "the answer is nothing but rounding error"
SINES = "the sine of a number of millions, which hangs on that number's last digits"
EXPLAINED = {
    "linear_algebra.low_rank: mistake columns_of_vt": SIGNS,
    "linear_algebra.low_rank: mistake columns_of_vt_thin": SIGNS,
    "linear_algebra.pca: mistake components_in_columns": SIGNS,
    "linear_algebra.pca: mistake columns_of_vt": SIGNS,
    "linear_algebra.pca: mistake rows_of_eigenvectors": SIGNS,
    "attention.positional_encoding: mistake multiplied": SINES,
    "probability.covariance: mistake cancelled": ROUNDING,
    "probability.gaussian_mle: mistake cancelled": ROUNDING,
    "probability.gaussian_mle: mistake squeezed": "NumPy before 2.2 transposes a single row in np.cov",
}


class NodeEngine:
    """The page's engine in node: a site's folder, and one check after another."""

    def __init__(self, site: Path, pyodide: Path):
        program = Path(__file__).with_name("grade_in_node.mjs")
        command = ["node", str(program), str(site), str(pyodide)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """What the engine answers to `unit`, `source`, and `exercises` or `code`."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        if not (line := self.process.stdout.readline()):
            raise RuntimeError("the engine has ended")
        return json.loads(line)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


def write_site(course: Course, to: Path, pyodide: Path) -> dict[str, Key]:
    """A site of a course's units, and their keys by name."""
    site = tree(course, runtime(str(pyodide)))
    for name, content in site.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes(content)
    return {name: from_bytes(site[f"units/{name}.key"], name) for name in course.units}


@contextmanager
def engine(course: Course, pyodide: Path) -> Iterator[tuple[NodeEngine, dict[str, Key]]]:
    """An engine with a course's units, and their keys."""
    with tempfile.TemporaryDirectory() as folder:
        keys = write_site(course, Path(folder), pyodide)
        found = NodeEngine(Path(folder), pyodide)
        try:
            yield found, keys
        finally:
            found.close()


def told(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What must be the same: of each exercise its status and points, and of each claim these and the first hint."""
    lines: list[tuple[Any, ...]] = []
    for exercise in report["exercises"]:
        lines.append((exercise["id"], exercise["status"], exercise["points"]))
        findings = [check["finding"] for check in exercise["checks"] if "finding" in check]
        lines.append((exercise["id"], [(check["status"], check["points"]) for check in exercise["checks"]]))
        lines += [(exercise["id"], finding["kind"], finding["hint"], finding["mistake"]) for finding in findings[:1]]
    return lines


def unexplained(sample: Sample, native: list[tuple[Any, ...]], page: list[tuple[Any, ...]]) -> list[tuple[Any, Any]]:
    """Where the two differ, without first hints that EXPLAINED has."""
    if len(native) != len(page):
        return [(native, page)]
    had = dict(zip(sample.exercises, sample.answers, strict=False))
    pairs = [(one, other) for one, other in zip(native, page, strict=True) if one != other]
    return [
        (one, other)
        for one, other in pairs
        if len(one) < 4 or f"{one[0]}: {had.get(one[0].partition('.')[2])}" not in EXPLAINED
    ]


def differences(
    found: NodeEngine, keys: dict[str, Key], chosen: Sequence[Sample]
) -> Iterator[tuple[Sample, Any, Any, float]]:
    """Each sample with what is told natively and in the page, and the page's milliseconds."""
    with open_sandbox() as sandbox:
        for sample in chosen:
            submission = Submission(f"{sample.unit}.py", sample.source.encode())
            native = told(to_json(grade(submission, keys[sample.unit], sandbox, only=sample.exercises)))
            answer = found.ask(unit=sample.unit, source=sample.source, exercises=sample.exercises)
            page = told(answer["report"]) if "report" in answer else [("error", answer.get("error"))]
            yield sample, native, page, answer["milliseconds"]


def drawn(course: Course, most: int = 0, seed: int = 0) -> list[Sample]:
    """The corpus of a course's units, or `most` answers of it, in as few files as there can be."""
    every = [sample for unit in course.units for sample in samples(course.solutions(unit))]
    chosen = random.Random(seed).sample(every, most) if most else every
    of_unit = {unit: [sample for sample in chosen if sample.unit == unit] for unit in course.units}
    return [sample for unit, mine in of_unit.items() for sample in bundled(course.solutions(unit), mine)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pyodide", type=Path)
    parser.add_argument("units", nargs="*")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    course = choose(Course(ROOT), wanted.units) if wanted.units else Course(ROOT)
    chosen = drawn(course, wanted.sample, wanted.seed)
    bad, answers, times = 0, 0, []
    with engine(course, wanted.pyodide) as (found, keys):
        for number, (sample, native, page, milliseconds) in enumerate(differences(found, keys, chosen), 1):
            times.append(milliseconds)
            answers += len(sample.exercises)
            if pairs := unexplained(sample, native, page):
                bad += 1
                print(sample.name, *(f"\n    natively {one}\n    page     {other}" for one, other in pairs), flush=True)
            if number % 10 == 0:
                print(
                    f"… {number} of {len(chosen)}, median {statistics.median(times):.0f} ms",
                    file=sys.stderr,
                    flush=True,
                )
    print(f"{answers} answers in {len(chosen)} files, {bad} differ; median {statistics.median(times):.0f} ms a check")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
