"""A course as a static site: whole or not at all, with nothing that students do not get anyway, and no file of anybody's lost."""

import base64
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT

from grader.commands.release import command as release_command
from grader.course.course import Course
from grader.errors import GraderError
from grader.key import MAGIC, from_bytes
from grader.releases import pyodide, web_engine, web_site, wheels
from grader.releases.pyodide import CDN, FILES, Runtime, runtime
from grader.releases.students import ReleaseError, all_secrets
from grader.releases.web_site import policy, release, tree

ONLINE = runtime(CDN)


@pytest.fixture
def course(toy_course) -> Course:
    return Course(toy_course)


@pytest.fixture
def secret(course):
    return all_secrets(course)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_any_course_becomes_a_site(toy_course, toy_key, tmp_path):
    to = tmp_path / "site"
    done = CliRunner().invoke(
        release_command, ["web", "--to", str(to), "--course", str(toy_course)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    site = json.loads((to / "site.json").read_text())
    (toy,) = site["units"]
    assert (toy["name"], toy["points"], toy["needs"]) == ("toy", toy_key.max_points, [])
    assert site["pyodide"] == CDN
    assert "Practice, not marks" in site["practice"]
    unit = json.loads((to / toy["path"]).read_text())
    stub = unit["stub"].splitlines()
    for exercise in unit["exercises"]:
        first, last = exercise["lines"]
        assert exercise["stub"] == "\n".join(stub[first - 1 : last])
        assert exercise["stub"].startswith(f"def {exercise['name']}(")
        assert sum(claim["points"] for claim in exercise["claims"]) == exercise["points"]
    assert from_bytes((to / toy["key"]).read_bytes()).unit == "toy"


def test_the_list_names_every_file_with_its_hash(course, secret, tmp_path):
    release(course, ONLINE, tmp_path / "site", secret)
    found = files_of(tmp_path / "site")
    site = json.loads(found.pop("site.json"))
    listed = {entry["path"]: (entry["sha256"], entry["bytes"]) for entry in site["files"]}
    assert listed == {name: (hashlib.sha256(content).hexdigest(), len(content)) for name, content in found.items()}


def test_the_same_course_gives_the_same_bytes_and_another_page_another_build(course):
    first = tree(course, ONLINE)
    assert tree(course, ONLINE) == first
    other = tree(course, Runtime("https://example.org/py/", {}))
    assert json.loads(other["site.json"])["build"] != json.loads(first["site.json"])["build"]


def test_a_site_holds_no_piece_of_a_solution_and_no_mistake_as_code(course):
    found = tree(course, ONLINE)
    text = b"\0".join(content for name, content in found.items() if not name.endswith((".zip", ".key"))).decode()
    for name in ("toy.py", "rewrites.py", "oracles.py"):
        source = (course.root / "solutions" / "toy" / name).read_text(encoding="utf-8")
        told = [line.strip() for line in source.splitlines() if line.strip().startswith("return ") and len(line) > 24]
        assert told
        assert [line for line in told if line in text] == []
    for name in ("engine/judge.zip", "engine/student.zip"):
        assert [
            each for each in zipfile.ZipFile(io.BytesIO(found[name])).namelist() if not each.startswith("grader/")
        ] == []


def test_a_leak_is_refused_and_nothing_is_written(course, secret, tmp_path):
    handout = course.root / "solutions" / "toy" / "handout.md"
    body = "    mean = x.mean()\n    return mean, np.sqrt(((x - mean) ** 2).mean())\n"
    handout.write_text(handout.read_text().replace("## row_sums", f"```python\n{body}```\n\n## row_sums"))
    with pytest.raises(ReleaseError, match="nothing was released"):
        release(Course(course.root), ONLINE, tmp_path / "site", secret)
    assert not (tmp_path / "site").exists()


def test_a_later_release_takes_the_place_of_an_earlier_one(course, secret, tmp_path):
    to = tmp_path / "site"
    release(course, ONLINE, to, secret)
    before = files_of(to)
    release(course, Runtime("https://example.org/py/", {}), to, secret)
    assert files_of(to).keys() == before.keys()
    assert files_of(to) != before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["notes.txt", "units/toy.json", "CNAME"])
def test_a_file_of_somebodys_is_neither_overwritten_nor_removed(name, course, secret, tmp_path):
    to = tmp_path / "site"
    release(course, ONLINE, to, secret)
    (to / name).write_text("mine")
    with pytest.raises(GraderError, match=re.escape(name)):
        release(course, ONLINE, to, secret)
    assert (to / name).read_text() == "mine"


def test_a_folder_of_somebodys_is_left_alone(course, secret, tmp_path):
    to = tmp_path / "thesis"
    to.mkdir()
    for content in ("my thesis", '{"schema": 1, "files": []}'):
        (to / "site.json").write_text(content)
        (to / "chapter.tex").write_text("mine")
        with pytest.raises(GraderError, match=r"chapter\.tex|no site of ours"):
            release(course, ONLINE, to, secret)
        assert (to / "chapter.tex").read_text() == "mine"


def test_a_link_in_a_site_is_not_followed(course, secret, tmp_path):
    to = tmp_path / "site"
    release(course, ONLINE, to, secret)
    (tmp_path / "elsewhere").mkdir()
    (to / "more").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GraderError, match="more"):
        release(course, ONLINE, to, secret)
    assert (to / "more").is_symlink()


def test_a_folder_of_other_files_is_no_pyodide(tmp_path):
    with pytest.raises(GraderError, match=r"cannot read .*pyodide\.js"):
        runtime(str(tmp_path))
    for name in FILES:
        (tmp_path / name).write_bytes(b"another")
    with pytest.raises(GraderError, match=r"pyodide\.js is not the file of Pyodide 0\.27\.7"):
        runtime(str(tmp_path))
    with pytest.raises(GraderError, match="is no folder"):
        runtime(str(tmp_path / "nowhere"))
    with pytest.raises(GraderError, match="is no address"):
        runtime("ftp://example.org/py")


def test_a_base_is_a_path_on_a_server(course):
    for base in ("course", "/course", "//", "/a b/", "https://example.org/", "/../"):
        if base != "/../":
            with pytest.raises(GraderError, match="--base"):
                tree(course, ONLINE, base)
    assert json.loads(tree(course, ONLINE, "/course/")["site.json"])["base"] == "/course/"


def test_a_page_may_do_what_the_policy_of_this_site_says():
    room = (ROOT / "grader" / "web" / "site" / "engine" / "room.js").read_bytes()
    page = b'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'"><p>'
    told = web_site._with_policy(page, {"engine/room.js": room}, ONLINE).decode()
    assert f'content="{policy(room, ONLINE)}"><p>' in told
    assert "connect-src 'self' https://cdn.jsdelivr.net;" in told
    assert base64.b64encode(hashlib.sha256(room).digest()).decode() in told
    assert "connect-src 'self';" in policy(room, Runtime("pyodide/", {}))
    for never in ("unsafe-inline", "'unsafe-eval'", "data: blob:", "*"):
        assert never not in policy(room, ONLINE)


def test_beside_a_students_code_there_is_nothing_that_judges():
    inside = web_engine.reached([web_engine.STUDENT])
    allowed = tuple(f"grader.sandbox.{name}" for name in ("inside", "walls", "wire", "frameworks"))
    assert [name for name in inside if not name.startswith(allowed)] == ["grader", "grader.sandbox"]
    names = zipfile.ZipFile(io.BytesIO(web_engine.student())).namelist()
    assert [name for name in names if "judging" in name or "key" in name or "grading" in name] == []


def test_a_judge_in_a_page_needs_no_library_but_numpy():
    files = zipfile.ZipFile(io.BytesIO(web_engine.judge()))
    text = b"\n".join(files.read(name) for name in files.namelist()).decode()
    found = set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE))
    assert found & {"rich", "click", "torch", "watchfiles"} <= {"torch"}
    assert not any(MAGIC in files.read(name) and name.endswith("key") for name in files.namelist())


def test_the_wheel_has_the_page():
    names = zipfile.ZipFile(io.BytesIO(wheels.own())).namelist()
    assert "grader/web/site/engine/engine.js" in names


def test_pyodides_files_are_known_by_their_hashes():
    assert all(re.fullmatch("[0-9a-f]{64}", digest) and size > 0 for size, digest in FILES.values())
    assert pyodide.NUMPY in FILES
