"""Releases for other platforms: each is a tree of files, made from the course and one template for each file.

Marking always takes the keys and the grader from the instructor's side. If a platform can store a secret, the seed is
one, and the questions are drawn there. If it cannot, the keys are drawn here, and the README in the release says what
that means.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from grader.authoring.build import plan
from grader.course.course import Course
from grader.course.settings import Settings
from grader.course.settings_text import to_toml
from grader.demos.playing import FOLDER as DEMO
from grader.errors import GraderError
from grader.files import cannot_write, write_whole
from grader.frozen import frozen
from grader.key import Key, to_bytes
from grader.releases import wheels
from grader.releases.pytorch import Source
from grader.sandbox.walls.levels import FOR_STRANGERS
from grader.version import __version__

Tree = dict[str, bytes]  # path in the release -> content

LISTING = b"""\
# One repository a line, as owner/name. To say whose each is, begin with the line
#     repository,student
# and write owner/name,student below it; the students are called as in roster.csv, if there is one.
"""
MARK = re.compile(r"@@([A-Z_]+)@@")
FIRST = re.compile(r"^.*pip.* install .*@@TORCH_FIRST@@\n", re.MULTILINE)


@frozen
class Platform:
    """The parameters of a release. `course` has only the `units` and the chosen exercises (see `grader.course.choice`).

    `isolation` is the level that marking requires; `repository` is where the course will be published.
    """

    course: Course
    units: Sequence[str]
    python: str = "3.12"
    isolation: str = FOR_STRANGERS
    repository: str = ""
    cron: str = "17 3 * * 1"  # Monday, in the night
    torch: Source | None = None  # where PyTorch comes from; None if nothing uses it or it is not wanted
    drawing: Source | None = None  # the same for the job that draws questions, which runs references

    @cached_property
    def words(self) -> dict[str, str]:
        """The values of the placeholders in a template."""
        first = self.torch.first if self.torch else ""
        keys = [self.course.key(unit) for unit in self.units]
        titles = [key.title for key in keys]
        return {
            "UNITS": " ".join(self.units),
            "UNIT": self.units[0],
            "EXPECT": " ".join(f"--expect {unit}" for unit in self.units),
            "FILES": ", ".join(f"`{unit}.py`" for unit in self.units),
            "TITLE": titles[0].replace('"', "'") if len(titles) == 1 else "Exercises",
            "POINTS": str(sum(key.max_points for key in keys)),
            "PYTHON": self.python,
            "ISOLATION": self.isolation,
            "WHEEL": wheels.WHEEL,
            "VERSION": __version__,
            "CRON": self.cron,
            "TORCH": f" {self.torch.requirement}" if self.torch else "",
            "TORCH_FIRST": first,
            "TORCH_ABOUT": self.torch.about if self.torch else "",
            "TORCH_USER": f"pip install --user {first} && " if first else "",
        }

    @cached_property
    def constraints(self) -> bytes:
        return wheels.constraints(self.torch is not None).encode()


def actions(platform: Platform) -> Tree:
    """The release for GitHub Actions: a template repository for students, and a private one that marks."""
    where, course = (
        (f"Its name there must be `{platform.repository}`.", platform.repository)
        if platform.repository
        else (
            "Then set the organisation's Actions variable `COURSE_REPOSITORY` to its `owner/name`.",
            "${{ vars.COURSE_REPOSITORY }}",
        )
    )
    words = platform.words | {"WHERE": where, "COURSE": course}
    template = students(platform) | {
        ".github/workflows/grade.yml": _filled("actions_grade.yml", words),
        ".devcontainer/devcontainer.json": _filled("devcontainer.json", words),
        "README.md": _filled("actions_template.md", words),
        **_grader(platform),
    }
    marks = replace(platform, torch=platform.drawing)
    marking = solutions(marks) | {".github/workflows/mark.yml": _filled("actions_mark.yml", words | marks.words)}
    readme = _filled("actions_readme.md", words | marks.words)
    return _below("template", template) | _below("marking", marking) | {"README.md": readme}


def gitlab(platform: Platform) -> Tree:
    """The release for GitLab CI: a template project, a course project with the pipeline, a private one that marks."""
    words = platform.words | {"COURSE": platform.repository or "GROUP/course"}
    template = students(platform) | {"README.md": _filled("gitlab_template.md", words)}
    course = {
        "student.yml": _filled("gitlab_student.yml", words),
        **{name: content for name, content in template.items() if name.endswith(("/key", "course.toml"))},
        **_grader(platform),
    }
    marks = replace(platform, torch=platform.drawing)
    marking = solutions(marks) | {
        ".gitlab-ci.yml": _filled("gitlab_mark.yml", words | marks.words),
    }
    readme = {"README.md": _filled("gitlab_readme.md", words | marks.words)}
    return _below("template", template) | _below("course", course) | _below("marking", marking) | readme


def gradescope(platform: Platform, keys: Sequence[Key], needed: Mapping[str, bytes]) -> Tree:
    """The release for Gradescope: the files of the autograder's zip, `setup.sh` and `run_autograder` at its root."""
    return {
        "setup.sh": _filled("gradescope_setup.sh", platform.words),
        "run_autograder": _filled("gradescope_run.sh", platform.words),
        "README.md": _filled("gradescope_readme.md", platform.words),
        **_below("course", keyed(keys, _settings(platform))),
        **_below("wheels", {**needed, **(platform.torch.wheels if platform.torch else {}), wheels.WHEEL: wheels.own()}),
    }


SCRIPTS = ("setup.sh", "run_autograder")
GRADESCOPE_LIMIT = 100_000_000  # bytes known to be accepted; Gradescope publishes no limit for autograders


def classroom50(platform: Platform, keys: Sequence[Key]) -> Tree:
    """The release for Classroom 50: an assignment's bundle (at most 10 MB, so without packages) and its template."""
    bundle = {
        "autograder.py": _filled("classroom50_autograder.py", platform.words),
        "constraints.txt": platform.constraints,
        wheels.WHEEL: wheels.own(),
        **keyed(keys, _settings(platform)),
    }
    runtime = {"runs-on": "ubuntu-latest", "python": platform.python}
    return {
        **_below("autograders/ASSIGNMENT", bundle),
        **_below("template", students(platform) | {"README.md": _filled("gitlab_template.md", platform.words)}),
        "runtime.json": (json.dumps(runtime, indent=2) + "\n").encode(),
        "README.md": _filled("classroom50_readme.md", platform.words),
    }


def keyed(keys: Sequence[Key], settings: Settings) -> Tree:
    """A course that consists only of keys and settings, for `--course`. Its points are in its keys already."""
    tree = {f"assignments/{key.unit}/key": to_bytes(key) for key in keys}
    return {"assignments/course.toml": to_toml(replace(settings, points={})).encode()} | tree


def students(platform: Platform) -> Tree:
    """The students' files of the units: handouts with their pictures, stubs, notebooks, public keys."""
    tree: Tree = {}
    for unit in platform.units:
        folder = platform.course.assignment(unit).parent
        if platform.course.solutions(unit).only:  # assignments/ holds the whole unit
            tree |= _below(f"assignments/{unit}", plan(platform.course.solutions(unit)))
            continue
        if not (folder / f"{unit}.py").is_file():
            raise GraderError(f"{folder} has no {unit}.py; make it with `grade dev build {unit}`")
        pictures = sorted(path.name for path in folder.glob("*.svg"))
        shown = sorted(path.relative_to(folder).as_posix() for path in folder.glob(f"{DEMO}/*") if path.is_file())
        for name in ("README.md", f"{unit}.py", f"{unit}.ipynb", "key", *pictures, *shown):
            if (folder / name).is_file():
                tree[f"assignments/{unit}/{name}"] = (folder / name).read_bytes()
    return tree | {"assignments/course.toml": to_toml(_settings(platform)).encode()}


def solutions(platform: Platform) -> Tree:
    """The files with which a private repository draws questions: units' solutions, the grader, a list to fill in."""
    tree: Tree = {"repositories.txt": LISTING}
    for unit in platform.units:
        folder = platform.course.solutions(unit).folder
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                tree[f"solutions/{unit}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return tree | {"solutions/course.toml": to_toml(_settings(platform)).encode()} | _grader(platform)


def _settings(platform: Platform) -> Settings:
    return platform.course.settings.of(tuple(platform.units))


def write_tree(tree: Tree, to: Path) -> None:
    """Write a release into a new or empty folder."""
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise GraderError(f"{to} is there already and not empty; name a new folder with --to")
    try:
        for name, content in tree.items():
            path = to / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content, is_lasting=False)
    except OSError as error:
        raise cannot_write(to, error) from None


def _grader(platform: Platform) -> Tree:
    return {
        f".grader/{wheels.WHEEL}": wheels.own(),
        ".grader/constraints.txt": platform.constraints,
    }


def _below(folder: str, tree: Mapping[str, bytes]) -> Tree:
    return {f"{folder}/{name}": content for name, content in tree.items()}


def _filled(name: str, words: Mapping[str, str]) -> bytes:
    """A template with its placeholders replaced; KeyError names an unknown one.

    The line that installs PyTorch from its own index is left out if there is none.
    """
    text = files("grader.releases").joinpath("templates", name).read_text(encoding="utf-8")
    text = text if words["TORCH_FIRST"] else FIRST.sub("", text)
    return MARK.sub(lambda mark: words[mark[1]], text).encode()
