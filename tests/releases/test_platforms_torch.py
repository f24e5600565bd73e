"""A release whose units take PyTorch installs it there, from where the instructor says, and its points are given.

What installs is shown with a package that is called torch and has 200 bytes. Marking with PyTorch itself takes minutes
and a wheel of 200 MB, so it is run by hand, with a folder that holds that wheel and those of what it needs:

    pip download -c constraints.txt -d /tmp/torch torch         # a build for CPUs, from where you have one
    GRADE_TORCH_WHEELS=/tmp/torch python -m pytest tests/releases/test_platforms_torch.py -rs

GRADE_BARE_ROOT=DIR names a root that debootstrap made, to run Gradescope's zip in instead of this machine's programs.
"""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import bare
import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema
from click.testing import CliRunner
from conftest import ROOT
from jsonschema import Draft7Validator
from test_platforms import HERE, SEED, Runner, grade, repository, wheelhouse, workflow  # noqa: F401  a fixture

from grader.commands.release import command as release
from grader.course.course import Course
from grader.errors import GraderError
from grader.releases import platforms, pytorch, wheels
from grader.releases.platforms import Platform

URL = "https://wheels.school.example/cpu"
VERSION = pytorch.version()
TORCH_WHEELS = os.environ.get("GRADE_TORCH_WHEELS", "")
by_hand = pytest.mark.skipif(
    not TORCH_WHEELS, reason="takes minutes: GRADE_TORCH_WHEELS=DIR names a folder with PyTorch's wheels to run it with"
)


def small_torch(folder: Path, python: str = HERE, needs: str = "") -> Path:
    """A wheel with PyTorch's name and version, and next to nothing in it."""
    tag = f"cp{python.replace('.', '')}"
    info = f"torch-{VERSION}+cpu.dist-info"
    files = {
        "torch/__init__.py": b"name = 'a small one'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: torch\nVersion: {VERSION}+cpu\n{needs}".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}-{tag}-linux_x86_64\n".encode(),
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"torch-{VERSION}+cpu-{tag}-{tag}-linux_x86_64.whl"
    path.write_bytes(wheels.zipped(files))
    return path


def index_of(folder: Path, place: Path) -> str:
    """The address of an index, as pip reads one, of the wheels in a folder."""
    for wheel in folder.glob("*.whl"):
        page = place / re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()
        page.mkdir(parents=True, exist_ok=True)
        (page / wheel.name).symlink_to(wheel)
        (page / "index.html").open("a").write(f'<a href="{wheel.name.replace("+", "%2B")}">{wheel.name}</a>\n')
    return place.as_uri()


def released(to: Path, *options: str, platform: str = "actions", unit: str = "attention") -> str:
    """What a release says beside its last word; it lies in the folder."""
    done = grade("release", platform, unit, "--to", str(to), *options, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stderr


def installs(folder: Path) -> dict[str, list[str]]:
    """By file, the commands of pip that mention PyTorch, without what pip itself is called."""
    found = {}
    for name in (
        "template/.github/workflows/grade.yml",
        "marking/.github/workflows/mark.yml",
        "template/.devcontainer/devcontainer.json",
        "template/README.md",
        "course/student.yml",
        "marking/.gitlab-ci.yml",
    ):
        if (folder / name).is_file():
            text = (folder / name).read_text()
        if (folder / name).is_file() and "pip install" in text:
            found[name] = [line.strip(' "-,') for line in re.split(r"\n|&&", text) if "torch==" in line]
    return found


@pytest.mark.parametrize("platform", ["actions", "gitlab"])
def test_pytorch_comes_from_the_platforms_own_index_where_nothing_is_said(platform, tmp_path):
    said = released(tmp_path / "out", platform=platform)
    assert f"torch {VERSION} is installed there from the platform's own index" in said
    assert len(said.splitlines()) == 1
    for lines in installs(tmp_path / "out").values():
        assert len(lines) == 1
        assert lines[0].endswith(f".whl torch=={VERSION}")
        assert "-c " in lines[0]
        assert "index" not in lines[0]
    for constraints in (tmp_path / "out").rglob("constraints.txt"):
        pins = constraints.read_text().split()
        assert f"torch=={VERSION}" in pins
        assert {"sympy", "networkx", "jinja2", "filelock"} <= {pin.partition("==")[0] for pin in pins}
        assert not any("+" in pin or pin.startswith(("nvidia", "triton")) for pin in pins)
    assert f"PyTorch {VERSION} is installed from where pip looks by itself" in (tmp_path / "out/README.md").read_text()


@pytest.mark.parametrize("platform", ["actions", "gitlab"])
def test_a_named_index_is_asked_for_pytorch_and_for_nothing_else(platform, tmp_path):
    assert released(tmp_path / "out", "--torch", URL, platform=platform) == ""
    for lines in installs(tmp_path / "out").values():
        first, second = lines
        assert first.split(" install ")[1].removeprefix("--quiet ").removeprefix("--user ") == (
            f"--no-deps --index-url {URL} torch=={VERSION}"
        )
        assert URL not in second
    assert URL in (tmp_path / "out" / "README.md").read_text()
    schema = get_builtin_schema({"actions": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}[platform])
    for path in (tmp_path / "out").rglob("*.yml"):
        data = workflow(path)
        data = {"on" if key is True else key: value for key, value in data.items()}
        assert [error.message for error in Draft7Validator(schema).iter_errors(data)] == []


@pytest.mark.parametrize("platform", ["actions", "gitlab"])
def test_where_it_is_not_wanted_students_points_stay_pending_and_what_draws_questions_has_it(platform, tmp_path):
    said = released(tmp_path / "out", "--torch", "none", platform=platform)
    assert "attention has exercises that take PyTorch, and what is installed there is what NumPy needs" in said
    assert f"What marks installs torch {VERSION}" in said
    found = installs(tmp_path / "out")
    marking = {name for name in found if name.startswith("marking")}
    assert {name for name, lines in found.items() if lines} == marking
    assert (
        "torch" not in (tmp_path / "out" / "template" / ".grader" / "constraints.txt").read_text()
        if (platform == "actions")
        else "torch" not in (tmp_path / "out" / "course" / ".grader" / "constraints.txt").read_text()
    )


@pytest.mark.parametrize("platform", ["actions", "gitlab"])
def test_units_without_pytorch_install_none(platform, tmp_path):
    assert released(tmp_path / "out", "--torch", URL, platform=platform, unit="probability") == ""
    texts = [path.read_text() for path in (tmp_path / "out").rglob("*") if path.suffix in (".yml", ".txt", ".json")]
    assert not any("torch" in text for text in texts)
    assert not any("@@" in text or "install --quiet \n" in text for text in texts)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("https://ada:secret@wheels.school.example/cpu", "without a name, a password"),
        ("https://wheels.school.example/$(id)", "cannot be written into an install step"),
        ("https://wheels.school.example/cpu --pre", "cannot be written into an install step"),
        ("https://wheels.school.example/${{ secrets.GRADE_SEED }}", "cannot be written into an install step"),
        ("ftp://wheels.school.example", "cannot be written into an install step"),
        ("no-such-folder", f"holds no wheel of PyTorch {VERSION} for Python 3.12"),
    ],
)
def test_what_is_no_index_and_no_folder_is_refused_in_a_sentence(said, sentence, tmp_path):
    done = grade("release", "actions", "attention", "--to", str(tmp_path / "out"), "--torch", said, cwd=ROOT)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_of_wheels_is_for_gradescope_and_holds_a_build_for_cpus(tmp_path):
    small_torch(tmp_path / "right", "3.12")
    small_torch(tmp_path / "other", "3.13")
    small_torch(tmp_path / "cuda", "3.12", 'Requires-Dist: nvidia-cublas==13.1; platform_system == "Linux"\n')
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / f"torch-{VERSION}-cp312-cp312-linux_x86_64.whl").write_bytes(b"no zip")
    assert list(pytorch.source(str(tmp_path / "right"), "3.12").wheels) == [
        f"torch-{VERSION}+cpu-cp312-cp312-linux_x86_64.whl"
    ]
    for folder, sentence in (("other", "for Python 3.12"), ("cuda", "is a build for CUDA"), ("bad", "is no wheel")):
        with pytest.raises(GraderError, match=sentence):
            pytorch.source(str(tmp_path / folder), "3.12")
    words = ("release", "gitlab", "attention", "--to", str(tmp_path / "out"), "--torch", str(tmp_path / "right"))
    done = grade(*words, cwd=ROOT)
    assert done.returncode == 2
    assert "cannot be packed: a wheel of PyTorch is larger than a repository takes" in done.stderr


def test_a_folder_that_lacks_a_wheel_is_told_which(tmp_path):
    (tmp_path / "pip-26.3-py3-none-any.whl").write_bytes(b"")
    (tmp_path / "Typing.Extensions-4.16.0-py3-none-any.whl").write_bytes(b"")
    with pytest.raises(
        GraderError,
        match=re.escape(f"lacks sympy==1.14.0; fill it with: pip download --no-deps --dest {tmp_path} sympy==1.14.0"),
    ):
        wheels.in_folder(tmp_path, "typing_extensions==4.16.0\nsympy==1.14.0\ntorch==2.13.0\n")


@pytest.fixture(scope="module")
def torch_course(tmp_path_factory) -> Course:
    """A course with an exercise that takes PyTorch, and solutions and stubs of which only the key is read here."""
    root = tmp_path_factory.mktemp("course")
    for part in ("assignments", "solutions"):
        shutil.copytree(ROOT / part / "sequences", root / part / "sequences")
        (root / part / "course.toml").write_text('title = "Sequences"\nunits = ["sequences"]\n')
    return Course(root)


def test_gradescopes_zip_has_the_wheel_or_the_index_or_says_what_stays_pending(torch_course, tmp_path, monkeypatch):
    monkeypatch.setattr("grader.commands.release_platforms._keys", lambda *args: [torch_course.key("sequences")])
    monkeypatch.setattr(wheels, "needed", lambda python, to, pins: {"pins.txt": pins.encode()})
    wheel = small_torch(tmp_path / "wheels", "3.12")

    def made(*options: str) -> tuple[str, zipfile.ZipFile]:
        words = ["gradescope", "sequences", "--to", str(tmp_path / "a.zip"), "--course", str(torch_course.root)]
        done = CliRunner().invoke(release, [*words, *options], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stderr, zipfile.ZipFile(tmp_path / "a.zip")

    said, archive = made()
    assert "their points stay pending until a release brings it with --torch" in said
    assert b"torch" not in archive.read("setup.sh")
    assert b"torch" not in archive.read("wheels/pins.txt")

    said, archive = made("--torch", str(tmp_path / "wheels"))
    assert said == ""
    assert archive.read(f"wheels/{wheel.name}") == wheel.read_bytes()
    assert archive.read("setup.sh").count(b"torch") == 1
    assert b"sympy==" in archive.read("wheels/pins.txt")
    assert b"PyTorch" in archive.read("README.md")

    said, archive = made("--torch", URL)
    assert said == ""
    assert f'"$pip/pip" install --quiet --no-deps --index-url {URL} torch=='.encode() in archive.read("setup.sh")

    monkeypatch.setattr(platforms, "GRADESCOPE_LIMIT", 1000)
    said, _ = made("--torch", str(tmp_path / "wheels"))
    assert "Gradescope may refuse uploads above 100 MB; if it does, make the zip again with --torch URL" in said
    assert len(said.splitlines()) == 1


def test_the_install_step_takes_pytorch_from_the_named_index_and_all_else_from_the_other(
    torch_course,
    wheelhouse,  # noqa: F811
    tmp_path,
):
    small_torch(tmp_path / "small")
    named = index_of(tmp_path / "small", tmp_path / "named")
    source = pytorch.source(named, HERE)
    tree = platforms.actions(Platform(torch_course, ["sequences"], HERE, torch=source, drawing=source))
    platforms.write_tree(tree, tmp_path / "out")
    marking = repository(tmp_path / "out" / "marking")
    job = workflow(marking / ".github/workflows/mark.yml")["jobs"]["mark"]
    job["steps"][0]["with"]["repository"] = "school/marking"
    runner = Runner(tmp_path / "work", {"school/marking": marking}, wheelhouse)
    del runner.environment["PIP_NO_INDEX"], runner.environment["PIP_FIND_LINKS"]
    runner.environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index_of(wheelhouse, tmp_path / "default")}
    constraints = tmp_path / "work" / "course" / ".grader" / "constraints.txt"
    assert runner.step(job["steps"][0]) == 0
    # a pin for each wheel that is there: the small one needs none of what PyTorch needs
    assert f"torch=={VERSION}" in constraints.read_text()
    install = next(step for step in job["steps"] if step.get("name") == "Install the grader")
    assert runner.step(install) == 0, runner.log
    told = [str(runner.workspace / "grader/bin/python"), "-c", "import torch, numpy; print(torch.name)"]
    assert subprocess.run(told, capture_output=True, text=True, check=True).stdout == "a small one\n"


# By hand, with PyTorch itself


@pytest.fixture(scope="module")
def all_wheels(wheelhouse, tmp_path_factory) -> Path:  # noqa: F811
    """What grading and PyTorch need, in one folder."""
    place = tmp_path_factory.mktemp("all")
    for folder in (wheelhouse, Path(TORCH_WHEELS)):
        for wheel in folder.glob("*.whl"):
            shutil.copy(wheel, place)
    return place


def solved(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "solutions" / "attention" / "attention.py", folder / "attention.py")


@by_hand
def test_marking_by_actions_gives_the_points_of_pytorch_exercises_and_of_a_training_run(all_wheels, tmp_path):
    index = index_of(all_wheels, tmp_path / "index")
    released(tmp_path / "out", "--torch", index, "--python", HERE)
    solved(tmp_path / "student" / "assignments" / "attention")
    repositories = {
        "school/student": repository(tmp_path / "student"),
        "school/marking": repository(tmp_path / "out" / "marking"),
    }
    job = workflow(tmp_path / "out/marking/.github/workflows/mark.yml")["jobs"]["mark"]
    job["steps"][0]["with"]["repository"] = "school/marking"
    secrets = {"secrets.GRADE_SEED": SEED, "secrets.STUDENTS_TOKEN": "token", "matrix.repository": "school/student"}
    runner = Runner(tmp_path / "work", repositories, all_wheels, **secrets)
    del runner.environment["PIP_NO_INDEX"], runner.environment["PIP_FIND_LINKS"]
    runner.environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index}
    assert runner.run(job) == 0, runner.log
    report = json.loads((runner.workspace / "report.json").read_text())
    assert report["points"] == report["max_points"], runner.log
    assert {exercise["status"] for exercise in report["exercises"]} == {"passed"}
    assert "attention.reverse_sequence" in {exercise["id"] for exercise in report["exercises"]}


@by_hand
def test_gradescopes_zip_gives_them_in_a_bare_root_without_a_network(all_wheels, tmp_path):
    options = ["--wheels", str(all_wheels), "--torch", str(all_wheels), "--python", HERE, "--seed", SEED]
    released(tmp_path / "a.zip", *options, platform="gradescope")
    results = bare.gradescope(tmp_path / "a.zip", tmp_path, solved)
    assert results["score"] == sum(item["max_score"] for item in results["tests"])
    assert all(item["status"] == "passed" for item in results["tests"])
