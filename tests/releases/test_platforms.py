"""What platforms are given is run as they would run it: in clones and folders of its own, with a student who changes everything."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import bare
import pytest
import warm
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from code_host import TOKEN, CodeHost
from conftest import RIGHT, ROOT, TOY
from jsonschema import Draft7Validator
from loopback import Call, Fake, Reply, faultless

from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.course.reference_text import stub_module
from grader.errors import GraderError
from grader.key import to_bytes
from grader.releases import platforms, wheels
from grader.releases.platforms import Platform

SEED = "8315"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
STRANGE = ("GITHUB_", "GRADE_", "PYTHON", "PIP_")
# PIP_NO_COMPILE=0 is pip's word for: compile nothing. What is installed here runs once, for which that does not pay.
CALM = {name: value for name, value in os.environ.items() if not name.startswith(STRANGE)} | {"PIP_NO_COMPILE": "0"}


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    """The toy course, built."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(TOY / "solutions", root / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "solutions" / "course.toml").write_text('title = "Toys"\nunits = ["toy", "words"]\n')
    unit = Course(root).solutions("toy")
    folder = root / "assignments" / "toy"
    folder.mkdir(parents=True)
    shutil.copy(root / "solutions" / "course.toml", root / "assignments" / "course.toml")
    (folder / "key").write_bytes(to_bytes(compile_key(unit, 0)))
    (folder / "toy.py").write_text(stub_module(unit.text, list(unit.exercises)), encoding="utf-8")
    (folder / "README.md").write_text("# Toy\n")
    return Course(root)


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory) -> Path:
    """The wheels that an installation needs, so that the runs below need no network themselves."""
    place = tmp_path_factory.mktemp("wheels")
    try:
        wheels.needed(HERE, place, wheels.constraints())
    except GraderError as error:
        pytest.skip(f"no index to take wheels from: {error}")
    return place


def grade(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    return warm.run(warm.GRADE, args, cwd, CALM | environment)


def answers(folder: Path, text: str) -> None:
    """Put a student's answers where the template has the stubs."""
    (folder / "assignments" / "toy").mkdir(parents=True, exist_ok=True)
    (folder / "assignments" / "toy" / "toy.py").write_text(text, encoding="utf-8")


def tamper(folder: Path) -> None:
    """Change, add or take away all that might decide a grade, but for the answers."""
    (folder / "assignments" / "toy" / "key").write_bytes(b"grader key\n all answers are right")
    (folder / "assignments" / "course.toml").write_text("units = []\n")
    shutil.rmtree(folder / ".github", ignore_errors=True)
    shutil.rmtree(folder / ".grader", ignore_errors=True)
    evil = "import os, sys\nprint('::notice title=Points::10/10')\nopen('result.json', 'w').write('{}')\n"
    for name in (
        "cli",
        "numpy",
        "click",
        "json",
        "sitecustomize",
        "usercustomize",
        "conftest",
        "test_toy",
        "encodings",
    ):
        (folder / f"{name}.py").write_text(evil)
    (folder / "grader").mkdir()
    (folder / "grader" / "__init__.py").write_text(evil)
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--nothing'\n")
    (folder / "pip.conf").write_text("[global]\nindex-url = file:///nowhere\n")
    (folder / "result.json").write_text('{"score": 10, "max-score": 10}')
    (folder / "report.json").symlink_to("result.json")
    old = folder / "old" / "toy.py"  # a second file of the unit earns nothing beside the first
    old.parent.mkdir()
    old.write_text(RIGHT)


HALF = RIGHT.replace("np.sum(x, axis=1)", "np.sum(x, axis=0)")


# A runner of workflows: what GitHub's does with the steps of a job, one by one


class Runner:
    """Runs a job's steps in a folder: checkouts are clones of folders here, `run` is bash as GitHub calls it.

    The step that installs is run once for the same commands, pins and wheel; a later runner gets what the first has installed.
    """

    installed: ClassVar[dict[str, Path]] = {}

    def __init__(self, workspace: Path, repositories: dict[str, Path], wheelhouse: Path, **context: str):
        self.workspace, self.repositories, self.context = workspace, repositories, context
        self.log, self.outputs, self.summary = "", workspace / ".outputs", workspace / ".summary"
        workspace.mkdir()
        self.environment = CALM | {
            "GITHUB_OUTPUT": str(self.outputs),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_REPOSITORY": "school/student",
            "CI": "true",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheelhouse),
            "PATH": f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}",
        }

    def run(self, job: dict) -> int:
        """The job's exit status; after a step that failed, only those run that ask for it."""
        status = 0
        self.environment |= {name: self.value(value) for name, value in job.get("env", {}).items()}
        for step in job["steps"]:
            if status and "cancelled" not in str(step.get("if", "")):
                continue
            status = self.step(step) or status
        return status

    def step(self, step: dict) -> int:
        if step.get("uses", "").startswith("actions/checkout@"):
            given = step.get("with", {})
            source = self.repositories[self.value(given.get("repository", "school/student"))]
            command = ["git", "clone", "--quiet", str(source), str(self.workspace / given.get("path", "."))]
            return subprocess.run(command, env=self.environment).returncode
        if "uses" in step:
            return 0
        return self.install(step) if step["name"] == "Install the grader" else self.bash(step)

    def install(self, step: dict) -> int:
        files = sorted((self.workspace / "course" / ".grader").iterdir())
        given = sha256(repr([step["run"], *(file.read_bytes() for file in files)]).encode()).hexdigest()
        if given in self.installed:
            (self.workspace / "grader").symlink_to(self.installed[given])
            return 0
        status = self.bash(step)
        if status == 0:
            self.installed[given] = self.workspace / "grader"
        return status

    def bash(self, step: dict) -> int:
        environment = {name: self.value(value) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.value(step["run"])],
            cwd=self.workspace / step.get("working-directory", "."),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        self.log += done.stdout + done.stderr
        return done.returncode

    def value(self, text: str) -> str:
        """Text with its ${{ expressions }} worked out, those that our workflows use."""

        def worked_out(found: re.Match) -> str:
            name = found[1].strip()
            return self.environment[name[4:]] if name.startswith("env.") else self.context[name]

        return re.sub(r"\$\{\{(.*?)\}\}", worked_out, str(text))


def workflow(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def repository(folder: Path, **environment: str) -> Path:
    """A folder's files, committed."""
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all", "--force"],
        ["-c", "user.name=s", "-c", "user.email=s@school.example", "commit", "--quiet", "--message=Work"],
    ):
        subprocess.run(["git", *command], cwd=folder, env=CALM | environment, check=True)
    return folder


@pytest.fixture(scope="module")
def actions(course, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("actions") / "released"
    done = grade("release", "actions", "toy", "--to", str(place), "--repository", "school/course", cwd=course.root)
    assert (done.returncode, done.stderr) == (0, "")
    return place


@pytest.fixture
def student(actions, tmp_path) -> Callable[[str], Path]:
    def make(text: str) -> Path:
        shutil.copytree(actions / "template", tmp_path / "student")
        answers(tmp_path / "student", text)
        return tmp_path / "student"

    return make


@pytest.mark.parametrize("name", ["template/.github/workflows/grade.yml", "marking/.github/workflows/mark.yml"])
def test_the_workflows_have_githubs_form_and_no_submission_reaches_a_shell_by_an_expression(actions, name):
    data = workflow(actions / name)
    data["on"] = data.pop(True)  # YAML 1.1 takes the word `on` for a truth value
    validator = Draft7Validator(get_builtin_schema("vendor.github-workflows"))
    assert [error.message for error in validator.iter_errors(data)] == []
    steps = [step for job in data["jobs"].values() for step in job["steps"]]
    assert not any("${{" in step.get("run", "") for step in steps)
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert data["permissions"] == {"contents": "read"}


def test_students_get_no_solution(actions, course):
    names = [path.relative_to(actions / "template").as_posix() for path in (actions / "template").rglob("*")]
    assert "assignments/toy/toy.py" in names
    assert not any("solutions" in name or "mark" in name for name in names)
    assert 'units = ["toy"]' in (actions / "template" / "assignments" / "course.toml").read_text()
    assert json.loads((actions / "template/.devcontainer/devcontainer.json").read_text())["name"]
    assert "../../raw/badges/points.svg" in (actions / "template" / "README.md").read_text()
    assert not any(b"@@" in path.read_bytes() for path in actions.rglob("*") if path.suffix in (".md", ".yml", ".json"))


def test_every_push_is_graded_with_the_courses_key_and_grader(actions, student, wheelhouse, tmp_path):
    folder = student(HALF)
    tamper(folder)
    repositories = {"school/course": repository_once(actions / "template"), "school/student": repository(folder)}
    runner = Runner(tmp_path / "work", repositories, wheelhouse)
    status = runner.run(workflow(actions / "template/.github/workflows/grade.yml")["jobs"]["grade"])
    assert status == 1, runner.log
    points = dict(line.split("=") for line in runner.outputs.read_text().splitlines())
    assert points == {"points": "7", "max_points": "10", "status": "failed"}
    assert "::error file=assignments/toy/toy.py,line=" in runner.log
    assert "points: 7/10" in (runner.workspace / "points.svg").read_text()
    assert "7/10" in runner.summary.read_text()
    assert "::notice title=Points::10/10" not in runner.log


def repository_once(folder: Path) -> Path:
    return folder if (folder / ".git").exists() else repository(folder)


def test_a_workflow_that_does_not_know_the_course_says_so(actions, course, tmp_path, wheelhouse):
    tree = platforms.actions(Platform(course, ["toy"]))
    job = yaml.safe_load(tree["template/.github/workflows/grade.yml"])["jobs"]["grade"]
    runner = Runner(tmp_path / "work", {}, wheelhouse, **{"vars.COURSE_REPOSITORY": ""})
    assert runner.run({**job, "steps": job["steps"][:1]}) == 1
    assert "COURSE_REPOSITORY is not set" in runner.log


def pushed(folder: Path, template: Path, text: str, change: Callable[[Path], None]) -> list[tuple[str, str, str]]:
    """A student's repository with answers, in which all else was changed; what the host tells of its pushes."""
    shutil.copytree(template, folder)
    answers(folder, text)
    change(folder)
    repository(folder)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, env=CALM, capture_output=True, text=True).stdout
    return [(head.strip(), "2026-11-20T10:00:00Z", "main")]


def test_one_job_marks_everybody_whatever_students_change_and_the_next_goes_on_from_its_marks(
    actions, wheelhouse, tmp_path
):
    server = tmp_path / "server"
    names = {"ada": RIGHT, "bob": HALF}
    there = CodeHost(pushed={
        f"school/{name}": pushed(server / "school" / f"{name}.git", actions / "template", text, tamper) for name, text in names.items()
    })  # fmt: skip
    shutil.copytree(actions / "marking", tmp_path / "marking")
    listing = tmp_path / "marking" / "repositories.txt"
    listing.write_text(listing.read_text() + "repository,student\nschool/ada,Ada\nschool/bob,Bob\nschool/eve,Eve\n")
    (tmp_path / "marking" / "roster.csv").write_text("student\nAda\nBob\nEve\n")
    subprocess.run(["git", "init", "--quiet", "--bare", str(server / "school" / "marking")], env=CALM, check=True)
    repositories = {"school/marking": repository(tmp_path / "marking")}
    job = workflow(tmp_path / "marking/.github/workflows/mark.yml")["jobs"]["mark"]
    job["steps"][0]["with"]["repository"] = "school/marking"  # a checkout without a name is of the workflow's own
    secrets = {"secrets.GRADE_SEED": SEED, "secrets.STUDENTS_TOKEN": TOKEN, "github.token": "own-token"}
    with faultless(there):
        for run in ("first", "second"):
            runner = Runner(tmp_path / run, repositories, wheelhouse, **secrets)
            runner.environment |= {
                "GITHUB_SERVER_URL": server.as_uri(),
                "GITHUB_API_URL": there.url,
                "GITHUB_REPOSITORY": "school/marking",
            }
            for step in job["steps"]:  # the address with the token in it is GitHub's; here it is a folder's
                if "run" in step:
                    step["run"] = step["run"].replace(
                        "https://x-access-token:$TOKEN@${GITHUB_SERVER_URL#https://}", "$GITHUB_SERVER_URL"
                    )
            assert runner.run(job) == 0, runner.log
            assert not (runner.workspace / "course").exists()
            assert not any(secret in runner.log for secret in (SEED, TOKEN, "own-token"))
    rows = csv.DictReader((runner.workspace / "marks" / "points.csv").read_text().splitlines())
    marked = {row["student"]: (row["points"], row["outcome"]) for row in rows}
    assert marked == {"Ada": ("10", "graded"), "Bob": ("7", "graded"), "Eve": ("", "absent")}
    assert "school/eve: git says" in runner.log
    assert "3 records in marks/class.db" in runner.log
    assert "10/10" not in runner.log  # of the second run, which marks nobody again
    assert {"class.html", "feedback"} <= {path.name for path in (runner.workspace / "marks").iterdir()}


# Gradescope


@pytest.fixture(scope="module")
def autograder_zip(course, wheelhouse, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("zip") / "autograder.zip"
    options = ["--wheels", str(wheelhouse), "--python", HERE, "--seed", SEED]
    done = grade("release", "gradescope", "toy", "--to", str(file), *options, cwd=course.root)
    assert (done.returncode, done.stderr) == (0, "")
    return file


@pytest.fixture(scope="module")
def autograder(autograder_zip, tmp_path_factory) -> Iterator[Path]:
    """The zip, unpacked and set up as Gradescope does it."""
    root = tmp_path_factory.mktemp("autograder")
    with zipfile.ZipFile(autograder_zip) as archive:
        assert {"setup.sh", "run_autograder"} <= set(archive.namelist())
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
        archive.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    environment = CALM | {"AUTOGRADER_ROOT": str(root), "PIP_NO_INDEX": "1"}
    done = subprocess.run(["bash", str(root / "source" / "setup.sh")], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return root


def handed_in(autograder: Path, fill: Callable[[Path], None]) -> dict:
    """The results of a submission."""
    submission = autograder / "submission"
    shutil.rmtree(submission, ignore_errors=True)
    submission.mkdir()
    fill(submission)
    environment = CALM | {"AUTOGRADER_ROOT": str(autograder)}
    done = subprocess.run(
        ["bash", str(autograder / "run_autograder")], cwd="/", env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((autograder / "results" / "results.json").read_text())


def test_gradescope_gives_the_points_of_the_answers_whatever_lies_beside_them(autograder):
    assert handed_in(autograder, lambda folder: (folder / "toy.py").write_text(RIGHT))["score"] == 10

    def fill(folder: Path) -> None:
        answers(folder, HALF)
        tamper(folder)

    results = handed_in(autograder, fill)
    assert results["score"] == 7
    assert sum(item["max_score"] for item in results["tests"]) == 10


def test_gradescopes_zip_grades_in_a_bare_root_without_a_network(autograder_zip, tmp_path):
    def fill(folder: Path) -> None:
        answers(folder, HALF)
        tamper(folder)

    results = bare.gradescope(autograder_zip, tmp_path, fill)
    assert results["score"] == 7
    assert sum(item["max_score"] for item in results["tests"]) == 10


def test_a_bare_root_has_no_network_and_nothing_of_this_machine(tmp_path):
    script = f"test ! -e {ROOT} && tail -n +3 /proc/net/dev && echo /proc/[0-9]*"
    done = bare.run(script, tmp_path, "/here", tmp_path / "root")
    assert done.returncode == 0, done.stderr
    *interfaces, processes = done.stdout.splitlines()
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    assert len(processes.split()) <= 2


def test_gradescope_tells_what_was_not_handed_in_and_follows_no_link(autograder):
    results = handed_in(autograder, lambda folder: (folder / "toy.py").symlink_to("/etc/passwd"))
    assert results["score"] == 0
    assert "there is no toy.py and no toy.ipynb in what was handed in" in results["tests"][0]["output"]
    assert sum(item["max_score"] for item in results["tests"]) == 10


def test_gradescope_is_told_of_a_fault_of_ours_by_no_results_at_all(autograder):
    key = autograder / "source" / "course" / "assignments" / "toy" / "key"
    content = key.read_bytes()
    key.write_bytes(content[:100])
    try:
        with pytest.raises(AssertionError, match="is damaged"):
            handed_in(autograder, lambda folder: (folder / "toy.py").write_text(RIGHT))
        assert not (autograder / "results" / "results.json").exists()
    finally:
        key.write_bytes(content)


def test_of_a_stub_and_a_solved_notebook_the_notebook_counts(autograder):
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": RIGHT}
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})

    def fill(folder: Path) -> None:
        (folder / "toy.py").write_text("def scale(x, factor=2.0):\n    raise NotImplementedError\n")
        (folder / "toy.ipynb").write_text(notebook)

    assert handed_in(autograder, fill)["score"] == 10


# Classroom 50 and GitLab


def test_classroom50_runs_the_bundle_in_the_checkout(course, wheelhouse, tmp_path):
    place = tmp_path / "released"
    done = grade("release", "classroom50", "toy", "--to", str(place), "--seed", SEED, cwd=course.root)
    assert done.returncode == 0, done.stderr
    bundle = place / "autograders" / "ASSIGNMENT"
    assert sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) < 10 << 20
    checkout = tmp_path / "checkout"
    answers(checkout, HALF)
    tamper(checkout)
    repository(checkout, GIT_COMMITTER_DATE="2026-03-01T12:00:00+02:00")
    environment = CALM | {"CLASSROOM": "deep", "ASSIGNMENT": "toy", "SUBMISSION_TAG": "submit/x", "COMMIT_URL": "c"}
    command = [sys.executable, str(bundle / "autograder.py"), "--no-index", "--find-links", str(wheelhouse)]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((checkout / "result.json").read_text())
    assert (result["schema"], result["score"], result["max-score"]) == ("classroom50/result/v1", 7, 10)
    told = ["git", "log", "-1", "--format=%ct"]
    committed = int(subprocess.run(told, cwd=checkout, capture_output=True, text=True, check=True).stdout)
    assert datetime.fromisoformat(result["datetime"]).timestamp() == committed
    assert result["datetime"] <= result["graded_at"]
    assert "cannot hold a secret" in (place / "README.md").read_text()
    assert json.loads((place / "runtime.json").read_text())["python"] == "3.12"


def test_gitlabs_pipelines_have_its_form_and_mark_from_the_instructors_side(course, tmp_path):
    place = tmp_path / "released"
    done = grade("release", "gitlab", "toy", "--to", str(place), "--project", "school/course", cwd=course.root)
    assert (done.returncode, done.stderr) == (0, "")
    validator = Draft7Validator(get_builtin_schema("vendor.gitlab-ci"))
    for name in ("course/student.yml", "marking/.gitlab-ci.yml"):
        assert [error.message for error in validator.iter_errors(workflow(place / name))] == []
    assert "student.yml@school/course" in (place / "README.md").read_text()
    assert not (place / "template" / ".gitlab-ci.yml").exists()


GITLABS = "/opt/grader/bin/grade"


class Registry(Fake):
    """GitLab's registry of generic packages, as far as a store needs it: PUT, GET, and 404 before the first PUT."""

    def __init__(self) -> None:
        super().__init__()
        self.content: dict[str, bytes] = {}

    def is_write(self, call: Call) -> bool:
        return call.verb == "PUT"

    def answer(self, call: Call) -> Reply:
        self.check(call.headers.get("JOB-TOKEN") == "job-token", "a call without the job's token")
        if call.verb == "PUT":
            self.content[call.path] = call.body
            return Reply(201)
        return Reply(200, self.content[call.path]) if call.path in self.content else Reply(404)


def test_gitlabs_job_marks_all_projects_once_and_keeps_the_store_in_its_registry(course, tmp_path):
    place = tmp_path / "released"
    assert grade("release", "gitlab", "toy", "--to", str(place), cwd=course.root).returncode == 0
    server, names = tmp_path / "server", {"ada": RIGHT, "bob": HALF}
    there = CodeHost(pushed={
        f"school/{name}": pushed(server / "school" / f"{name}.git", place / "template", text, tamper) for name, text in names.items()
    })  # fmt: skip
    script = workflow(place / "marking" / ".gitlab-ci.yml")["mark"]["script"]
    tool = tmp_path / "grade"
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "cli.py"} "$@"\n')
    tool.chmod(0o755)
    with faultless(there), faultless(Registry()) as registry:
        for run in ("first", "second"):
            folder, scratch = tmp_path / run, tmp_path / f"{run}.scratch"
            shutil.copytree(place / "marking", folder)
            scratch.mkdir()
            (folder / ".git").mkdir()
            (folder / "repositories.txt").write_text("school/ada\nschool/bob\n")
            environment = CALM | {
                "GRADE_SEED": SEED, "STUDENTS_TOKEN": TOKEN, "CI_JOB_TOKEN": "job-token", "CI_SERVER_URL": server.as_uri(),
                "CI_API_V4_URL": there.url, "STORE": f"{registry.url}/store/class.db",
            }  # fmt: skip
            steps = [
                step.replace("/tmp/", f"{scratch}/").replace(GITLABS, str(tool)) for step in script[2:]
            ]  # after the installation
            log = ""
            for step in steps:
                done = subprocess.run(["bash", "-eo", "pipefail", "-c", step], cwd=folder, env=environment, capture_output=True, text=True)  # fmt: skip
                log += done.stdout + done.stderr
                assert done.returncode == 0, log
    rows = csv.DictReader((folder / "marks" / "points.csv").read_text().splitlines())
    assert {row["student"]: row["points"] for row in rows} == {"school__ada": "10", "school__bob": "7"}
    assert "10/10" not in log  # the second run marks nobody again
    assert not (folder / "solutions").exists()
    assert not any(secret in log for secret in (SEED, TOKEN, "job-token"))


def test_gitlabs_job_has_neither_seed_nor_solutions_when_it_marks(course):
    tree = platforms.gitlab(Platform(course, ["toy"]))
    script = yaml.safe_load(tree["marking/.gitlab-ci.yml"])["mark"]["script"]
    order = [
        next(i for i, line in enumerate(script) if word in line)
        for word in ("release keys", "class fetch", "rm -rf solutions")
    ]
    assert order == sorted(order)
    marking = script[order[-1]]
    assert marking.index("rm -rf solutions .git") < marking.index("env -i PATH=")
    assert not any(word in marking for word in ("TOKEN", "SEED"))


# What goes wrong


def test_a_release_says_what_is_wrong_in_a_sentence(course, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    cases = {
        ("actions", "toy", "--to", str(full)): "is there already and not empty",
        ("actions", "toyy", "--to", str(tmp_path / "a")): "did you mean toy?",
        ("actions", "toy", "--to", str(tmp_path / "b"), "--repository", "a b"): "looks like owner/name",
        ("gradescope", "toy", "--to", str(tmp_path / "c"), "--wheels", str(full)): "is no name for a zip",
        ("gradescope", "toy", "--to", str(tmp_path / "c.zip"), "--wheels", str(full), "--seed", "1"): "no wheel of pip",
    }
    for words, sentence in cases.items():
        done = grade("release", *words, cwd=course.root)
        assert done.returncode == 2, words
        assert sentence in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert (full / "mine.txt").read_text() == "mine"


def test_the_seed_of_a_release_is_told_once_and_makes_the_same_keys_again(course, tmp_path):
    done = grade("release", "keys", "toy", "--to", str(tmp_path / "a"), cwd=course.root)
    seed = re.search(r"The seed is (\d+)", done.stderr)[1]
    grade("release", "keys", "toy", "--to", str(tmp_path / "b"), "--seed", seed, cwd=course.root)
    name = "assignments/toy/key"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_graders_wheel_is_the_same_each_time_and_whole():
    content = wheels.own()
    assert content == wheels.own()
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert {"cli.py", "grader/grading/submission_report.py", "grader/releases/templates/gradescope_setup.sh"} <= set(
        names
    )
    assert not any("__pycache__" in name or name.startswith(("solutions", "tests")) for name in names)


def test_what_takes_pytorch_is_told_to_stay_pending_there(tmp_path):
    done = grade("release", "gitlab", "attention", "--to", str(tmp_path / "out"), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "attention has exercises that take PyTorch" in done.stderr
    plain = grade("release", "gitlab", "probability", "--to", str(tmp_path / "plain"), cwd=ROOT)
    assert "PyTorch" not in plain.stderr
    handout = next((tmp_path / "plain").rglob("probability/README.md"))
    shown = re.findall(r"\]\((\w+\.svg)\)", handout.read_text())
    assert shown
    assert all((handout.parent / name).is_file() for name in shown)
