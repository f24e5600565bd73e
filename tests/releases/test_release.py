"""A released folder holds what students need and no piece of a solution, and it works with the package alone."""

import ast
import base64
import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from conftest import ROOT

from grader.authoring.newcourse import UNIT, new_course
from grader.classroom.marking.seeds import read_secret, seed_for, seeds_of
from grader.compiling.compile import compile_key
from grader.course.choice import choose
from grader.course.course import Course
from grader.errors import GraderError
from grader.key import load, to_bytes
from grader.releases import students as releasing
from grader.releases.leaks import LINE, _segment, leaks, renamed, secrets, tokens
from grader.releases.students import ReleaseError, bundle, check, known_files, release

ATTENTION = (ROOT / "solutions" / "attention" / "attention.py").read_text(encoding="utf-8")
BODY = """\
    weights = _weights(q, k, mask)
    dv = weights.swapaxes(-1, -2) @ dout
    dweights = dout @ v.swapaxes(-1, -2)
    dscores = weights * (dweights - (weights * dweights).sum(axis=-1, keepdims=True))
"""
RENAMED = BODY.replace("dweights", "gw").replace("dscores", "gs").replace("weights", "w").replace("dout", "g")
COMMENTED = "".join(f"# {line.strip()}\n#\n" for line in BODY.splitlines())
SPREAD = BODY.replace("\n", "  # a remark\n\n").replace("(", "( ").replace(" @ ", " @\\\n        ")
SHORT = "def mean_free(table):\n    return table - np.mean(table, axis=0)\n"


@pytest.fixture(scope="module")
def course() -> Course:
    return Course(ROOT)


@pytest.fixture(scope="module")
def secret(course):
    return secrets([course.solutions("attention"), course.solutions("convolutions")])


@pytest.fixture(scope="module")
def files(course):
    return bundle(choose(course, ["attention", "convolutions"]))


@pytest.fixture
def folder(files, secret, course, tmp_path) -> Path:
    release(course, files, tmp_path / "out", secret)
    return tmp_path / "out"


def planted(files: dict[str, bytes], name: str, change) -> dict[str, bytes]:
    return files | {name: change(files[name].decode()).encode()}


def with_cell(text: str, **cell) -> str:
    notebook = json.loads(text)
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None} | cell)
    return json.dumps(notebook)


def test_a_release_is_the_files_of_its_units_and_nothing_else(folder, course):
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == known_files(choose(course, ["attention", "convolutions"]))
    assert Course(folder).units == ["convolutions", "attention"]  # in the course's order
    text = (folder / "README.md").read_text()
    assert "```sh\npip install deep-grade\ngrade\n```" in text


def test_the_whole_course_shows_nothing(course):
    everything = {
        f"{unit}/{path.name}": path.read_bytes()
        for unit in course.units
        for path in course.assignment(unit).parent.iterdir()
        if path.is_file() and path.suffix != ".bak"
    }
    assert leaks(everything, releasing.all_secrets(course)) == []


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        (
            "assignments/attention/attention.py",
            lambda text: text + BODY,
            " of attention.attention_backward",
        ),
        ("assignments/attention/attention.py", lambda text: text + RENAMED, " of attention."),
        ("assignments/attention/attention.py", lambda text: text + COMMENTED, " of attention."),
        (
            "assignments/attention/attention.py",
            lambda text: text + SPREAD,
            " of attention.attention_backward",
        ),
        (
            "assignments/attention/README.md",
            lambda text: text + f"\n```python\n{BODY}```\n",
            "the reference of attention.",
        ),
        (
            "assignments/attention/README.md",
            lambda text: f"<pre>{BODY}</pre>\n".replace("(", "<b>(</b>") + text,
            " of attention.",
        ),
        (
            "assignments/attention/attention.ipynb",
            lambda text: with_cell(text, source=RENAMED),
            "the reference of attention.",
        ),
        (
            "assignments/attention/attention.ipynb",
            lambda text: with_cell(
                text, source="x", outputs=[{"output_type": "stream", "name": "stdout", "text": BODY.splitlines(True)}]
            ),
            "attention.ipynb, cell",
        ),
        (
            "assignments/attention/attention.ipynb",
            lambda text: with_cell(
                text,
                source="x",
                outputs=[
                    {"output_type": "display_data", "metadata": {}, "data": {"text/html": f"<pre>{RENAMED}</pre>"}}
                ],
            ),
            ", outputs",
        ),
        (
            "assignments/attention/attention.ipynb",
            lambda text: json.dumps(json.loads(text) | {"metadata": {"note": BODY}}),
            "metadata",
        ),
        ("README.md", lambda text: text + BODY.splitlines()[2], " of attention.attention_backward"),
    ],
)
def test_a_planted_piece_of_the_reference_is_found(files, secret, name, change, says):
    found = leaks(planted(files, name, change), secret)
    assert found
    assert says in str(found[0])
    assert name in found[0].where


@pytest.mark.parametrize("file", ["oracles.py", "rewrites.py", "checks.py"])
def test_oracles_rewrites_and_mistakes_are_found_in_a_stub(files, secret, file):
    text = (ROOT / "solutions" / "attention" / file).read_text(encoding="utf-8")
    name = "assignments/attention/attention.py"
    found = leaks(planted(files, name, lambda stub: stub + "\n\n" + text), secret)
    assert any(word in str(found[0]) for word in ("the oracle of", "a rewrite of", "mistake"))


def test_a_leak_in_a_handout_reaches_key_notebook_and_readme_and_is_found_in_each(tmp_path):
    new_course(tmp_path / "c")
    handout = tmp_path / "c" / "solutions" / UNIT / "handout.md"
    handout.write_text(
        handout.read_text()
        + "\nFor example `return x - np.mean(x, axis=0)`, and so on.\n\n```python\n"
        + SHORT
        + "```\n"
    )
    course = Course(tmp_path / "c")
    found = leaks(bundle(course), secrets([course.solutions(UNIT)]))
    assert {leak.where.split(",")[0].rpartition("/")[2] for leak in found} == {"README.md", f"{UNIT}.ipynb", "key"}


def test_a_renamed_function_of_one_line_is_found(tmp_path):
    new_course(tmp_path / "c")
    unit = Course(tmp_path / "c").solutions(UNIT)
    assert leaks({"a.py": SHORT.encode()}, secrets([unit]))
    assert not leaks({"a.py": b"def mean_free(table):\n    return np.mean(table)\n"}, secrets([unit]))


def test_names_of_the_authors_own_are_one(files):
    assert renamed(tokens("total = np.sum(x_1, axis=0)")) == renamed(
        tokens("s = np.sum(rows,  # all\n axis=0)".replace("# all", ""))
    )
    assert renamed(tokens("np.sum(x)")) != renamed(tokens("np.prod(x)"))


@pytest.mark.parametrize(
    "stray",
    [
        "solutions/attention/attention.py",
        "assignments/attention/attention_copy.py",
        "assignments/attention/oracles.py",
        "assignments/attention/.attention.py.swp",
        "notes.zip",
        "assignments/attention/attention.py.bak",
    ],
)
def test_a_stray_file_is_refused_whatever_it_holds(folder, secret, course, stray):
    (folder / stray).parent.mkdir(parents=True, exist_ok=True)
    (folder / stray).write_bytes(base64.b64encode(ATTENTION.encode()))
    with pytest.raises(ReleaseError, match="no part of a release"):
        check(folder, known_files(choose(course, ["attention", "convolutions"])), secret)


def test_a_renamed_copy_in_a_place_that_may_be_kept_is_read_as_well(folder, secret, course):
    workflow = folder / ".github" / "workflows" / "grade.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on: push\n")
    known = known_files(choose(course, ["attention", "convolutions"]))
    assert len(check(folder, known, secret)) == len(known)
    workflow.write_text(f"on: push\n# {RENAMED}")
    with pytest.raises(ReleaseError, match=r"grade.yml holds a piece of .* of attention"):
        check(folder, known, secret)


def test_a_link_is_refused(folder, secret, course):
    (folder / "assignments" / "attention" / "attention.py").unlink()
    (folder / "assignments" / "attention" / "attention.py").symlink_to(
        ROOT / "solutions" / "attention" / "attention.py"
    )
    with pytest.raises(ReleaseError, match="is a link"):
        check(folder, known_files(choose(course, ["attention", "convolutions"])), secret)


def test_nothing_is_written_when_something_leaks(course, files, secret, tmp_path):
    with pytest.raises(ReleaseError, match="nothing was released"):
        release(course, planted(files, "README.md", lambda text: text + BODY), tmp_path / "out", secret)
    assert not (tmp_path / "out").exists()


def test_the_list_has_the_hashes_of_the_bytes_on_disk(course, files, secret, tmp_path):
    listed = release(course, files, tmp_path / "out", secret)
    assert {item.name for item in listed} == set(files)
    assert all(item.sha256 == sha256((tmp_path / "out" / item.name).read_bytes()).hexdigest() for item in listed)


def run(*arguments: str, cwd: Path, **more) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, timeout=120, **more)


def test_the_command_releases_and_checks(tmp_path):
    new_course(tmp_path / "c")
    cli = str(ROOT / "cli.py")
    done = run(cli, "release", "students", UNIT, "--to", "../out", cwd=tmp_path / "c")
    assert done.returncode == 0
    assert done.stderr == "6 files in ../out; none shows a piece of a solution\n"
    assert len(done.stdout.splitlines()) == 6
    (tmp_path / "sums").write_text(done.stdout)
    assert subprocess.run(["sha256sum", "-c", "--quiet", "../sums"], cwd=tmp_path / "out").returncode == 0
    assert run(cli, "release", "check", "../out", cwd=tmp_path / "c").stdout == done.stdout
    (tmp_path / "out" / "README.md").write_text(SHORT)
    again = run(cli, "release", "check", "../out", cwd=tmp_path / "c")
    assert again.returncode == 2
    assert "README.md holds a piece of the reference of first_steps.centre" in again.stderr
    wrong = run(cli, "release", "students", "first_step", "--to", "../o", cwd=tmp_path / "c")
    assert (wrong.returncode, wrong.stderr) == (2, "Error: there is no unit 'first_step'; did you mean first_steps?\n")


def test_a_clone_of_a_release_works_with_the_package_and_no_solutions(folder, tmp_path):
    package = tmp_path / "package"  # what a wheel holds: the engine and the command
    shutil.copytree(ROOT / "grader", package / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "cli.py", package)
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(folder), str(clone)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(package)}
    graded = run("-m", "cli", cwd=clone, env=environment)
    assert (graded.returncode, graded.stderr) == (1, "")
    assert "attention" in graded.stdout
    assert "linear_algebra" not in graded.stdout
    mine = clone / "assignments" / "attention" / "attention.py"
    mine.write_text(ATTENTION)
    assert run("-m", "cli", "attention", cwd=clone, env=environment).returncode == 0
    hint = run("-m", "cli", "hint", "attention.causal_mask", cwd=clone, env=environment)
    assert (hint.returncode, hint.stderr) == (0, "")
    fresh = run("-m", "cli", "attention", "--seed", "3", cwd=clone, env=environment)
    assert fresh.returncode == 2
    assert "solutions" in fresh.stderr


def test_seeds_hang_on_secret_student_and_exercise_and_on_nothing_else():
    one = seed_for(b"s" * 16, "ada", "toy.scale")
    assert one == seed_for(b"s" * 16, "ada", "toy.scale")
    others = [
        seed_for(b"t" * 16, "ada", "toy.scale"),
        seed_for(b"s" * 16, "bob", "toy.scale"),
        seed_for(b"s" * 16, "ada", "toy.row_sums"),
        seed_for(b"s" * 16, "adat", "oy.scale"),  # the same letters, cut elsewhere
    ]
    assert len({one, *others}) == 5
    assert 0 <= one < 2**63


def test_staff_can_make_a_students_key_again(tmp_path):
    new_course(tmp_path / "c")
    (tmp_path / "roster.csv").write_text("student_id,name\nada,Ada L.\nbob,Bob\n")
    (tmp_path / "secret").write_text("0123456789abcdef\n")
    arguments = [
        "release",
        "students",
        UNIT,
        "--to",
        "../out",
        "--per-student",
        "../roster.csv",
        "--secret",
        "../secret",
    ]
    done = run(str(ROOT / "cli.py"), *arguments, cwd=tmp_path / "c")
    assert (done.returncode, done.stderr.count("none shows")) == (0, 2)
    unit, hidden = Course(tmp_path / "c").solutions(UNIT), read_secret(tmp_path / "secret")
    keys = {name: tmp_path / "out" / name / "assignments" / UNIT / "key" for name in ("ada", "bob")}
    for name, path in keys.items():
        assert to_bytes(compile_key(unit, seeds_of(hidden, name, UNIT))) == path.read_bytes()
    assert load(keys["ada"]).id != load(keys["bob"]).id
    assert not any(b"0123456789abcdef" in path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())


@pytest.mark.parametrize("text", ["../x\n", "a/b\n", ".git\n", "", "a\na\n", "-rf\n"])
def test_a_roster_that_names_no_folders_is_refused(tmp_path, text):
    (tmp_path / "roster").write_text(text)
    with pytest.raises(GraderError, match="roster"):
        releasing.roster(tmp_path / "roster")


ROSTERS = {
    "a list": b"ada\nbob\n",
    "a list of an old Mac": b"ada\rbob\r",
    "ids and names without a header": b"ada,Ada L.\nbob,Bob\n",
    "a table": "Name;Matrikelnummer\nMüller, Ada;ada\nBob;bob\n".encode("cp1252"),
    "Excel's Unicode text": "name\tstudent_id\r\nAda L.\tada\r\nBob\tbob\r\n".encode("utf-16"),
    "Canvas's": b'Student,ID,SIS User ID,toy (1)\n,,,Manual Posting\n"L, Ada",1,ada,\nBob,2,bob,\n"Student, Test",3,,\n',
}


@pytest.mark.parametrize("content", ROSTERS.values(), ids=ROSTERS)
def test_a_students_folder_and_seed_are_of_the_id_that_the_class_has_for_them(tmp_path, content):
    (tmp_path / "roster").write_bytes(content)
    assert releasing.roster(tmp_path / "roster") == ["ada", "bob"]


def test_a_short_secret_is_refused(tmp_path):
    (tmp_path / "secret").write_text("short")
    with pytest.raises(GraderError, match="has 5 bytes and needs 16"):
        read_secret(tmp_path / "secret")


def test_a_second_release_keeps_what_somebody_wrote_in_a_file_of_the_first(course, files, secret, tmp_path):
    folder, told = tmp_path / "out", []
    release(course, files, folder, secret, told.append)
    release(course, files, folder, secret, told.append)
    assert told == []  # what is as it was released, is nobody's work
    stub = next(name for name in files if name.endswith("attention.py"))
    (folder / stub).write_bytes(files[stub] + b"\nmine = 1\n")
    (folder / "README.md").write_bytes(files["README.md"] + b"\nOffice hours: Monday\n")
    release(course, files, folder, secret, told.append)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert kept == {
        f"out.{stub.replace('/', '.')}.bak": files[stub] + b"\nmine = 1\n",
        "out.README.md.bak": files["README.md"] + b"\nOffice hours: Monday\n",
    }
    assert len(told) == 2
    assert {name: (folder / name).read_bytes() for name in files} == files
    later = files | {"README.md": files["README.md"].replace(b"](assignments", b"](./assignments")}
    release(course, later, folder, secret, told.append)
    assert len(told) == 2  # the lines that a release makes are no work


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_statement_is_cut_as_python_cuts_it(end):
    more = "if '√':\n\tx = 'é'; y = '''\n\n'''\n"
    text = (ATTENTION[: ATTENTION.index("\ndef ", 3000)] + "\n" + more).replace("\n", end)
    lines = LINE.findall(text)
    statements = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    assert len(statements) > 10
    for node in statements:
        assert _segment(lines, node) == ast.get_source_segment(text, node, padded=True)
