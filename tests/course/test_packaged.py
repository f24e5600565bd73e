"""A course that an installed package brings is found by its name, begun, updated, and never imported."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

from grader.authoring.newcourse import UNIT, new_course
from grader.commands.init import brought, make
from grader.commands.update import update
from grader.course.packaged import GROUP, packaged
from grader.course.sides import called
from grader.errors import CourseError, GraderError
from grader.updating import came

SPOILT = "raise SystemExit('a course is files: nothing of it is imported')"


@pytest.fixture
def course(tmp_path):
    new_course(tmp_path / "Signals 2")
    return tmp_path / "Signals 2"


def installed(course: Path, place: Path) -> dict[str, str]:
    """Put a course where packages lie, as its pyproject.toml says; returns the entry points."""
    project = tomllib.loads((course / "pyproject.toml").read_text())
    ((source, target),) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"].items()
    shutil.copytree(course / source, place / target, dirs_exist_ok=True)
    (place / target).with_name("__init__.py").write_text(SPOILT)
    name, version = project["project"]["name"], project["project"]["version"]
    for old in place.glob("*.dist-info"):
        shutil.rmtree(old)
    info = place / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = project["project"]["entry-points"][GROUP]
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *(f"{a} = {b}" for a, b in points.items())]))
    return points


@pytest.fixture
def place(course, tmp_path, monkeypatch):
    """A folder of packages with the course in it."""
    folder = tmp_path / "packages"
    assert installed(course, folder) == {"signals-2": "course_signals_2"}
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_an_installed_course_is_found_by_its_name_and_nothing_of_it_is_imported(place):
    assert packaged()["signals-2"] == place / "course_signals_2"
    assert called("signals-2").exercises(UNIT) == ["centre"]
    assert "course_signals_2" not in sys.modules


def test_a_folder_of_the_name_goes_first(place, course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    course.rename(tmp_path / "signals-2")
    assert called("signals-2").root == Path("signals-2")


def test_another_name_is_told_what_is_installed(place):
    with pytest.raises(CourseError, match=r"^signals is no folder and no installed course; installed are: .*signals-2"):
        called("signals")
    with pytest.raises(
        GraderError, match=r"^no package with a course 'signals' is installed; courses that are: .*signals-2"
    ):
        brought("signals")


@pytest.mark.parametrize("value", ["os.path", "no_such_module", "course signals", "course_signals_2:name"])
def test_an_entry_point_that_leads_nowhere_is_no_course(place, value):
    (points,) = place.glob("*.dist-info/entry_points.txt")
    points.write_text(f"[{GROUP}]\nsignals-2 = {value}\n")
    assert "signals-2" not in packaged()


def test_a_students_folder_begins_with_it_and_a_newer_version_comes_into_it(
    place, course, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "mine"
    make(brought("signals-2"), folder, came.package("signals-2"))
    file = folder / "assignments" / UNIT / f"{UNIT}.py"
    answered = file.read_text().replace("raise NotImplementedError", "return x - x.mean(axis=0)")
    file.write_text(answered)
    for part in ("solutions", "assignments"):
        stub = course / part / UNIT / f"{UNIT}.py"
        stub.write_text(stub.read_text().replace("First steps:", "The first steps:"))
    installed(course, place)
    update(str(folder), None, look=False)
    assert file.read_text() == answered.replace("First steps:", "The first steps:")
    assert "its file is brought up to date" in capsys.readouterr().out
    shutil.rmtree(place / "course_signals_2")
    with pytest.raises(GraderError, match="no package with a course 'signals-2' is installed"):
        update(str(folder), None, look=False)


@pytest.mark.weekly
def test_pip_makes_a_wheel_of_it_that_holds_what_students_get(course, tmp_path):
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", tmp_path / "dist", course], check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = [name for name in archive.namelist() if ".dist-info/" not in name]
    built = [path.relative_to(course).as_posix() for path in (course / "assignments").rglob("*") if path.is_file()]
    assert sorted(inside) == sorted(f"course_signals_2/{name}" for name in built)
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", tmp_path / "site", wheel], check=True)
    here = os.environ | {"PYTHONPATH": str(tmp_path / "site"), "XDG_DATA_HOME": str(tmp_path / "data")}
    grade = [sys.executable, str(ROOT / "cli.py")]
    subprocess.run([*grade, "init", "mine", "--course", "signals-2"], cwd=tmp_path, env=here, check=True)
    right = course / "solutions" / UNIT / f"{UNIT}.py"
    done = subprocess.run(
        [*grade, str(right), "--course", "signals-2"], cwd=tmp_path, env=here, capture_output=True, text=True
    )
    assert (done.returncode, "4/4" in done.stdout) == (0, True), done.stderr
