"""The command line as its users type it: words, exit statuses, and nothing else on standard output."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import jsonschema
import pytest
from conftest import RIGHT, ROOT, TOY

from grader.classroom.gradebooks import exports
from grader.classroom.reading import pages
from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.course.reference_text import stub_module
from grader.errors import GraderError
from grader.key import to_bytes

FINDING = {
    "type": "object",
    "additionalProperties": False,
    "required": ["kind", "message", "hint", "mistake"],
    "properties": {
        "kind": {
            "enum": [
                "value",
                "shape",
                "dtype",
                "type",
                "nonfinite",
                "mutated",
                "exception",
                "timeout",
                "memory",
                "crash",
                "output",
                "forbidden",
                "missing",
            ]
        },
        "message": {"type": "string", "minLength": 1},
        "hint": {"type": "string"},
        "mistake": {"type": "string"},
    },
}
POINTS = {"type": "integer", "minimum": 0}
CHECK = {
    "type": "object",
    "additionalProperties": False,
    "required": ["claim", "status", "points", "max_points"],
    "properties": {
        "claim": {"type": "string"},
        "status": {"enum": ["passed", "failed", "skipped"]},
        "points": POINTS,
        "max_points": POINTS,
        "finding": FINDING,
    },
}
STATUSES = [
    "passed",
    "failed",
    "error",
    "timeout",
    "memory",
    "crash",
    "forbidden",
    "missing",
    "unreadable",
    "skipped",
    "pending",
    "grader_error",
]
EXERCISE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "status", "points", "max_points", "seconds", "checks"],
    "properties": {
        "id": {"type": "string", "pattern": r"^\w+\.\w+$"},
        "status": {"enum": STATUSES},
        "points": POINTS,
        "max_points": POINTS,
        "seconds": {"type": "number", "minimum": 0},
        "checks": {"type": "array", "items": CHECK, "minItems": 1},
    },
}
REPORT = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "schema",
        "submission",
        "sha256",
        "unit",
        "key",
        "isolation",
        "points",
        "max_points",
        "seconds",
        "exercises",
    ],
    "properties": {
        "schema": {"const": 1},
        "submission": {"type": "string"},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "unit": {"type": "string"},
        "key": {"type": "string"},
        "isolation": {"type": "string"},
        "points": POINTS,
        "max_points": POINTS,
        "seconds": {"type": "number", "minimum": 0},
        "exercises": {"type": "array", "items": EXERCISE},
    },
}
WRONG = RIGHT.replace("np.sum(x, axis=1)", "np.sum(x, axis=0)")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A student's copy of the toy course: stubs and key, with the author's side beside it."""
    root = tmp_path / "course"
    shutil.copytree(TOY / "solutions", root / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    unit = Course(root).solutions("toy")
    folder = root / "assignments" / "toy"
    folder.mkdir(parents=True)
    shutil.copy(root / "solutions" / "course.toml", root / "assignments" / "course.toml")
    (folder / "key").write_bytes(to_bytes(compile_key(unit, 0)))
    (folder / "toy.py").write_text(stub_module(unit.text, list(unit.exercises)), encoding="utf-8")
    return root


def grade(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")} | env
    command = [sys.executable, str(ROOT / "cli.py"), *args]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
    )


def test_where_am_i(course):
    result = grade(cwd=course)
    assert result.returncode == 1
    assert "toy" in result.stdout
    assert "0 of 10 points" in result.stdout
    assert "Next: grade explain toy.scale" in result.stdout


def test_all_points_is_exit_status_0(course):
    (course / "assignments" / "toy" / "toy.py").write_text(RIGHT)
    result = grade("toy", cwd=course)
    assert (result.returncode, result.stderr) == (0, "")
    assert "10/10" in result.stdout
    assert "All points." in result.stdout


def test_the_stub_is_exit_status_1_and_says_what_to_write_first(course):
    result = grade("toy", cwd=course)
    assert result.returncode == 1
    assert result.stdout.count("not written yet") == 3
    assert "Next: grade explain toy.scale" in result.stdout


def test_a_mistake_is_told_by_claim_case_place_numbers_and_diagnosis(course):
    (course / "wrong.py").write_text(WRONG)
    result = grade("wrong.py", "--unit", "toy", cwd=course)
    assert result.returncode == 1
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert "✗ adds up each row  0/2" in lines
    assert "sums have shape (5,), expected (3,) (case: three rows)" in lines
    assert "→ These are the sums of the columns." in lines
    assert "Next: grade hint toy.row_sums" in result.stdout


def test_the_unit_of_a_file_is_told_by_what_it_defines(course):
    (course / "wrong.py").write_text(WRONG)
    assert "toy.row_sums" in grade("wrong.py", cwd=course).stdout


def test_one_exercise_is_graded_alone(course):
    (course / "assignments" / "toy" / "toy.py").write_text(RIGHT)
    result = grade("toy.scale", cwd=course)
    assert result.returncode == 0
    assert "Right." in result.stdout
    assert "row_sums" not in result.stdout.partition("Right.")[0]


def test_several_exercises_of_a_unit_make_one_report(course):
    result = grade("toy.scale", "toy.row_sums", "--format", "json", cwd=course)
    assert [item["id"] for item in json.loads(result.stdout)["exercises"]] == ["toy.scale", "toy.row_sums"]


def test_json_on_standard_output_is_the_report_and_nothing_else(course):
    (course / "noisy.py").write_text("print('noise')\n" + WRONG.replace("def scale", "print('more')\ndef scale"))
    result = grade("noisy.py", "--format", "json", cwd=course)
    report = json.loads(result.stdout)
    jsonschema.validate(report, REPORT)
    assert result.stderr == f"Course: {course.resolve()}; --course DIR names another.\n"
    assert (report["points"], report["max_points"], report["unit"]) == (7, 10, "toy")
    found = report["exercises"][1]["checks"][0]["finding"]
    assert found == {
        "kind": "shape",
        "message": "sums have shape (5,), expected (3,) (case: three rows)",
        "hint": "These are the sums of the columns.",
        "mistake": "columns",
    }


def test_several_files_are_reports_in_the_order_given(course):
    (course / "wrong.py").write_text(WRONG)
    result = grade("wrong.py", "solutions/toy/toy.py", "--format", "json", cwd=course)
    whole = json.loads(result.stdout)
    assert set(whole) == {"schema", "reports"}
    assert whole["schema"] == 1
    for report in whole["reports"]:
        jsonschema.validate(report, REPORT)
    assert [report["submission"] for report in whole["reports"]] == [
        "wrong.py",
        os.path.join("solutions", "toy", "toy.py"),
    ]
    assert result.returncode == 1


def test_a_folder_is_every_file_in_it_that_is_named_after_a_unit(course):
    folder = course / "handed_in" / "ada"
    folder.mkdir(parents=True)
    (folder / "toy.py").write_text(RIGHT)
    (folder / "notes.py").write_text("1/0")
    assert grade("handed_in", cwd=course).returncode == 0


def test_a_report_goes_into_a_file_whole(course):
    result = grade("toy", "--format", "json", "-o", "report.json", cwd=course)
    assert (result.returncode, result.stdout) == (1, "")
    jsonschema.validate(json.loads((course / "report.json").read_text()), REPORT)
    assert not (course / "report.json.part").exists()


def test_a_fresh_seed_asks_other_questions_and_gives_the_same_points(course):
    reports = [
        json.loads(grade("solutions/toy/toy.py", "--seed", s, "--format", "json", cwd=course).stdout) for s in "78"
    ]
    assert [report["points"] for report in reports] == [10, 10]
    assert reports[0]["key"] != reports[1]["key"]


def test_an_exercise_whose_reference_fails_its_own_checks_costs_nobody_a_point(course):
    reference = course / "solutions" / "toy" / "toy.py"
    text = reference.read_text()
    reference.write_text(text.replace("return np.sum(x, axis=1)", "s = np.sum(x, axis=1)\n    x *= 2\n    return s"))
    result = grade("assignments/toy/toy.py", "--seed", "3", "--course", ".", cwd=course)
    assert result.returncode == 3
    assert result.stderr.startswith("Error: toy.row_sums is broken: its own reference fails with seed 3 (your function")
    assert result.stdout == ""


def test_a_key_by_file_needs_no_course(course, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(course / "assignments" / "toy" / "key", elsewhere / "some.key")
    (elsewhere / "answer.py").write_text(RIGHT)
    assert grade("answer.py", "--key", "some.key", cwd=elsewhere).returncode == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["toi"], "there is no unit 'toi'; did you mean toy?"),
        (["toy.row_sum"], "toy has no exercise 'row_sum'; did you mean toy.row_sums?"),
        (["nothing.py"], "there is no file nothing.py"),
        (["empty.py"], "cannot tell which unit empty.py belongs to; add --unit UNIT, one of toy"),
        (["assignments/toy/toy.py", "--key", "README"], "cannot read the key README: No such file or directory"),
        (["toy", "--key", "empty.py"], "empty.py is not a key"),
        (["toy", "--key", "damaged"], "damaged is damaged"),
        (["toy", "--course", "solutions"], "solutions is not a course: it has no assignments/course.toml"),
        (["fifo.py", "--unit", "toy"], "fifo.py is not a regular file"),
        (["large.py", "--unit", "toy"], "large.py is larger than 1 MB"),
        (["toy", "-o", "no/such/folder"], "cannot write no/such/folder: No such file or directory"),
        (["hint", "toy"], "toy is a unit; name one of its exercises"),
        (["hint", "toy.scale", "9"], "toy.scale has 2 hints; STEP goes from 1 to 2"),
        (["explain", "toy.x"], "toy has no exercise 'x'; there is scale, row_sums, mean_and_spread"),
        (["--format", "yaml"], "'yaml' is not one of 'text', 'json'"),
        (["dev", "check", "toy.x"], "toy has no exercise 'x'"),
    ],
)
def test_bad_input_gets_one_sentence_and_status_2(course, args, words):
    (course / "empty.py").write_text("")
    (course / "large.py").write_text("#" * (2 << 20))
    key = (course / "assignments" / "toy" / "key").read_bytes()
    (course / "damaged").write_bytes(key[:-40] + bytes(40))
    if hasattr(os, "mkfifo"):  # Windows has none; there it is a file that does not exist
        os.mkfifo(course / "fifo.py")
    elif "fifo.py" in args:
        words = "there is no file fifo.py"
    result = grade(*args, cwd=course)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.fixture
def pipe(tmp_path):
    """A pipe in the file system, and what somebody has read from it in the end."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs a pipe in the file system")
    path, read = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_text()), daemon=True)
    reader.start()

    def content() -> str:
        reader.join(30)
        assert path.is_fifo()  # what others use is not taken from them
        return read[0]

    return path, content


def test_a_pipe_or_a_device_is_written_into_and_not_replaced(course, pipe):
    path, content = pipe
    result = grade("toy", "--format", "json", "-o", str(path), cwd=course)
    assert (result.returncode, result.stderr) == (1, "")
    assert json.loads(content())["unit"] == "toy"


def test_a_table_goes_into_a_pipe_too(pipe):
    path, content = pipe
    with exports.whole(path) as file:
        file.write("a,b")
    assert content() == "a,b"


def test_a_page_goes_into_a_pipe_too(pipe):
    path, content = pipe
    pages.write(path, "<p>")
    assert content() == "<p>"


@pytest.mark.parametrize("write", [lambda path: exports.whole(path).__enter__(), lambda path: pages.write(path, "")])
def test_a_folder_in_a_file_s_place_is_one_sentence(tmp_path, write):
    why = "Permission denied" if sys.platform == "win32" else "Is a directory"
    with pytest.raises(GraderError, match=rf"cannot write .*: {why}"):
        write(tmp_path)


def test_a_hint_goes_from_question_to_pointer(course):
    first, second = grade("hint", "toy.row_sums", cwd=course), grade("hint", "toy.row_sums", "2", cwd=course)
    assert first.stdout.startswith("Which axis is a row's?")
    assert "one more: grade hint toy.row_sums" in first.stdout
    assert second.stdout.startswith("Look at what keepdims does.")


def test_explain_shows_signature_handout_claims_and_points(course):
    text = grade("explain", "toy.mean_and_spread", cwd=course).stdout
    for words in ("def mean_and_spread(x)", "x (D,) -> mean, spread", "√", "2  returns mean and spread", "3 points"):
        assert words in text
    assert "\\" not in text


def test_explain_leads_to_what_an_exercise_builds_on_and_what_builds_on_it(course):
    for folder in ("solutions", "assignments"):
        with (course / folder / "course.toml").open("a", encoding="utf-8") as file:
            file.write('\n[builds_on.toy]\nmean_and_spread = ["scale", "row_sums"]\n')
    assert "Builds on: toy.scale, toy.row_sums\n" in grade("explain", "toy.mean_and_spread", cwd=course).stdout
    assert "Leads to: toy.mean_and_spread\n" in grade("explain", "toy.scale", cwd=course).stdout


def test_reset_puts_the_stub_back_and_keeps_a_backup(course):
    file = course / "assignments" / "toy" / "toy.py"
    for number, body in enumerate([RIGHT, RIGHT.replace("axis=1)", "axis=1")]):  # one that parses, one that does not
        file.write_text(body)
        result = grade("reset", "toy.row_sums", cwd=course)
        assert result.returncode == 0, result.stderr
        backup = file.with_name("toy.py.bak" if number == 0 else "toy.py.2.bak")
        assert backup.read_text() == body
        report = json.loads(grade("toy", "--format", "json", cwd=course).stdout)
        assert [item["status"] for item in report["exercises"]] == ["passed", "missing", "passed"]


def test_reset_of_what_is_not_there_adds_the_stub(course):
    file = course / "assignments" / "toy" / "toy.py"
    file.write_text("import numpy as np\n")
    assert grade("reset", "toy.row_sums", cwd=course).returncode == 0
    assert "def row_sums(x):" in file.read_text()


def test_colour_where_there_is_a_terminal_and_none_where_it_is_not_wanted(course):
    assert "\x1b[" not in grade("toy", cwd=course).stdout
    if sys.platform == "win32":
        return  # a pipe takes no colour there, forced or not
    forced = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert "\x1b[32m" in grade("solutions/toy/toy.py", cwd=course, **forced).stdout
    assert "\x1b[32m" not in grade("solutions/toy/toy.py", cwd=course, NO_COLOR="1", **forced).stdout


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_the_report_fits_the_terminal(course, columns):
    (course / "wrong.py").write_text(WRONG)
    text = grade("wrong.py", cwd=course, COLUMNS=columns).stdout
    assert max(map(len, text.splitlines())) <= int(columns)
    assert "→ These are the sums of the" in text


def test_another_encoding_shows_escapes_and_no_traceback(course):
    (course / "wrong.py").write_text(WRONG)
    result = grade("wrong.py", cwd=course, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 1
    assert "x adds up each row" in result.stdout
    assert "> These are the sums" in result.stdout


def test_what_a_student_prints_reaches_no_terminal_as_an_instruction(course):
    evil = r"print('\x1b[2J\x1b]52;c;x\x07[red]PASS[/] :skull: \u202e \x9b31m \r::error::')"
    body = RIGHT.replace(
        "    return np.sum(x, axis=1)", f"    {evil}\n    raise ValueError('\\x1b[31m[/nope] \\ud800')"
    )
    (course / "evil.py").write_text(body)
    for form in ("text", "json"):
        result = grade("evil.py", "--format", form, cwd=course)
        assert result.returncode == 1
        assert not set(result.stdout) & {"\x1b", "\x07", "\x9b", "\r", "\u202e"}
        assert "[/nope]" in result.stdout
        assert form == "json" or "::error" not in result.stdout


def test_help_is_quick_and_imports_no_numpy():
    code = (
        "import sys; sys.argv = ['grade', '--help']; sys.path.insert(0, '.')\n"
        "import cli\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'numpy', 'rich', 'torch', 'subprocess'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "grade attention.self_attention" in result.stdout


def test_grading_imports_no_torch_and_no_solution(course):
    code = (
        f"import sys; sys.argv = ['grade', 'toy']; sys.path.insert(0, {str(ROOT)!r})\n"
        "import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'scipy', 'nbformat', 'email', 'importlib.metadata', 'grader.compiling.compile', 'grader.course.unit', 'grader.exercise'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=course, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts the threads in /proc")
@pytest.mark.parametrize(("said", "threads"), [("", 1), ("2", 2)])
def test_arrays_are_computed_on_one_thread_unless_somebody_says_more(said, threads):
    """Threads of a BLAS library that wait for work take the cores from those who grade beside them."""
    code = (
        "import sys; sys.argv = ['grade', '--version']; sys.path.insert(0, '.')\n"
        "import cli, os\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "import numpy as np\n"
        "a = np.ones((400, 400)); a @ a\n"
        "print(len(os.listdir('/proc/self/task')))\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_THREADS")}
    around = clean | ({"OPENBLAS_NUM_THREADS": said} if said else {})
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=around, capture_output=True, text=True).stdout
    assert int(printed.split()[-1]) == min(threads, os.cpu_count())


def test_our_own_fault_is_status_3_and_costs_no_points_silently(course):
    """A rule that breaks: the exercise is marked as the grader's error, the others keep their points."""
    code = (
        f"import sys; sys.argv = ['grade', 'solutions/toy/toy.py', '--format', 'json']; sys.path.insert(0, {str(ROOT)!r})\n"
        "import cli, dataclasses, grader.judging.kinds.registry as registry\n"
        "def broken(*args): raise ZeroDivisionError('a bug of ours')\n"
        "right = registry.named\n"
        "registry.named = lambda name: dataclasses.replace(right(name), **({'decide': broken} if name == 'moves' else {}))\n"
        "cli.main()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=course, capture_output=True, text=True)
    assert result.returncode == 3
    statuses = [item["status"] for item in json.loads(result.stdout)["exercises"]]
    assert statuses == ["grader_error", "passed", "passed"]


def test_no_report_takes_the_place_of_what_is_graded(course):
    work = (course / "assignments" / "toy" / "toy.py").read_text()
    for arguments in (("-o", "assignments/toy/toy.py"), ("--also", "json=assignments/toy/../toy/toy.py")):
        result = grade("toy", *arguments, cwd=course)
        assert (result.returncode, result.stdout) == (2, "")
        assert "is read by this command and would be overwritten; name another file to write" in result.stderr
    assert (course / "assignments" / "toy" / "toy.py").read_text() == work


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process")
@pytest.mark.parametrize("seconds", [0.03, 0.06, 0.1, 0.15, 0.25])
@pytest.mark.parametrize("words", ["doctor", "hint toy.scale"])
def test_ctrl_c_ends_a_command_with_its_status_and_no_traceback(course, words, seconds):
    """While it makes its imports, and after that; the script says when Ctrl-C is looked after."""
    begins = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import grader.ctrl_c as ctrl_c\n"
        "def told(begin=ctrl_c.ends_at_once):\n"
        "    undo = begin(); print(1, flush=True); return undo\n"
        "ctrl_c.ends_at_once = told\n"
        "import cli; cli.main()\n"
    )
    (course / "grade.py").write_text(begins)
    command = [sys.executable, "grade.py", *words.split()]
    with subprocess.Popen(command, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert b"Traceback" not in errors
    # or it was quicker: when all is said, Python leaves the signal to the system, of which a shell says 130, too
    assert process.returncode in (0, 1, 130) or (output and process.returncode == -signal.SIGINT), errors
