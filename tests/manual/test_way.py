"""The way of one answer in the architecture page is the one that it takes."""

import ast
import json
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

PAGE = ROOT / "grader" / "manual" / "pages" / "architecture.md"
SECTION = "## One answer's way, file by file"
NAME = re.compile(r"`([a-z_/]+)`")
ONLY_BELOW_NAMESPACES = "grader/sandbox/walls/meter.py"  # where files must be counted from outside


def told() -> tuple[list[str], list[str], list[str]]:
    """What the page says: the files of our side in order, those that are used on the way, the worker's in order."""
    section = PAGE.read_text(encoding="utf-8").partition(SECTION)[2].partition("\n## ")[0]
    ours, between, theirs = re.fullmatch(r".*?(\n1\. .*?)\n\n(On the way.*?)\n\n(1\. .*)", section, re.DOTALL).groups()
    return paths(ours), paths(between.partition(".")[0]), paths(theirs)


def paths(text: str) -> list[str]:
    return ["cli.py" if name == "cli" else f"grader/{name}.py" for name in NAME.findall(text)]


def right_answer() -> str:
    """self_attention as the course has it, in a file that has nothing else."""
    text = (ROOT / "solutions" / "attention" / "attention.py").read_text(encoding="utf-8")
    needed = ("softmax", "_weights", "scaled_dot_product_attention", "self_attention")
    parts = [ast.get_source_segment(text, node) for node in ast.parse(text).body if getattr(node, "name", "") in needed]
    assert len(parts) == len(needed)
    return "\n\n\n".join(["import numpy as np", *parts]) + "\n"


@pytest.fixture(scope="module")
def walked(tmp_path_factory) -> tuple[list[str], list[str]]:
    """The files that a right answer enters, in order: on our side, and in the worker."""
    place = tmp_path_factory.mktemp("way")
    folder = place / "course" / "assignments" / "attention"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "assignments" / "course.toml", folder.parent)
    shutil.copy(ROOT / "assignments" / "attention" / "key", folder)
    (folder / "attention.py").write_text(right_answer(), encoding="utf-8")
    script = ROOT / "tests" / "manual" / "answers_way.py"
    command = [sys.executable, script, place / "way.json", "--device", "cpu", "attention.self_attention"]
    run = subprocess.run(command, cwd=place / "course", capture_output=True, text=True, encoding="utf-8", timeout=120,
                         env={"PATH": "/usr/bin:/bin", "XDG_DATA_HOME": str(place / "data")})  # fmt: skip
    assert run.returncode == 0, run.stderr
    ours, theirs = json.loads((place / "way.json").read_text(encoding="utf-8"))
    return [name for name in ours if name != ONLY_BELOW_NAMESPACES], theirs


def test_an_answer_s_way_on_our_side_is_the_page_s(walked):
    in_order, between, _ = told()
    assert [name for name in walked[0] if name not in between] == in_order
    assert set(between) <= set(walked[0])


def test_an_answer_s_way_in_the_worker_is_the_page_s(walked):
    assert walked[1] == told()[2]


def test_an_answer_enters_nothing_that_runs_references_or_says_why_an_answer_is_wrong(walked):
    rooms = {name.split("/")[1] for name in (*walked[0], *walked[1]) if "/" in name}
    assert not rooms & {"compiling", "authoring", "diagnosis", "exercise.py"}
