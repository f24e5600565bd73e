"""Small comforts: completion, did you mean, places that can be clicked, and a report for the teacher."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import RIGHT, ROOT
from rich.console import Console

from grader.commands.init import brought
from grader.commands.support import shortened
from grader.course.names import completions, exercises, units
from grader.key import load_index
from grader.render.places import Places, knows_links
from grader.report import CheckReport, ExerciseReport, Finding, Status


def test_names_are_read_without_loading_numpy(toy_course):
    assert units(toy_course / "assignments" / "toy") == (toy_course / "assignments", ["toy"])
    code = "import sys; from grader.course.names import *; print(list(completions('to', Path.cwd())), 'numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=toy_course, env=os.environ | {"PYTHONPATH": str(ROOT)},
                         capture_output=True, text=True, check=True)  # fmt: skip
    assert run.stdout == "['toy', 'toy.scale', 'toy.row_sums', 'toy.mean_and_spread'] False\n"


def test_the_cheap_way_to_read_an_index_reads_what_the_other_does():
    for folder in (item for item in brought().iterdir() if item.is_dir()):
        assert exercises(folder / "key") == load_index(folder / "key").names != []


@pytest.mark.parametrize("content", [b"", b"grader key\n", os.urandom(300), b"x" * 75 + b"GRD1" + b"\xff" * 20])
def test_a_damaged_key_completes_to_nothing(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    assert exercises(tmp_path / "key") == []


def test_what_begins_as_the_word_does_is_offered(toy_course):
    assert list(completions("toy.r", toy_course)) == ["toy.row_sums"]
    assert list(completions("x", toy_course)) == []
    assert next(completions("", toy_course, only_exercises=True)) == "toy.scale"


def tab(run_grade, course, *words: str) -> list[str]:
    env = {"COMP_WORDS": " ".join(["grade", *words]), "COMP_CWORD": str(len(words)), "_GRADE_COMPLETE": "bash_complete"}
    return [line.partition(",")[2] for line in run_grade(cwd=course, **env).stdout.split("\n")]


def test_the_tab_key_offers_units_commands_and_options(toy_course, run_grade):
    assert {"toy", "toy.scale"} <= set(tab(run_grade, toy_course, "to"))
    assert "hint" in tab(run_grade, toy_course, "hi")
    assert tab(run_grade, toy_course, "hint", "toy.s")[0] == "toy.scale"
    assert "--watch" in tab(run_grade, toy_course, "toy", "--w")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(tmp_path, run_grade, shell):
    result = run_grade("completion", shell, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert f"_GRADE_COMPLETE={shell}_complete" in result.stdout


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")
def test_bash_completes_what_was_typed(toy_course, run_grade, tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(run_grade("completion", "bash", cwd=toy_course).stdout)
    command = tmp_path / "grade"  # the shell finds it by its name, as the installed one
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "cli.py"}" "$@"\n')
    command.chmod(0o755)
    typed = [f'. "{script}"', f'cd "{toy_course}"', "COMP_WORDS=(grade hint toy.r)", "COMP_CWORD=2"]
    typed += ["_grade_completion grade toy.r hint", 'echo "${COMPREPLY[*]}"']
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    told = subprocess.run(
        ["bash", "--norc", "-c", "; ".join(typed)], capture_output=True, text=True, env=environment, timeout=60
    )
    assert (told.stdout, told.stderr) == ("toy.row_sums\n", "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["docter"], "there is no unit or command 'docter'; did you mean `grade doctor`?"),
        (["hnt", "toy.scale"], "there is no unit or command 'hnt'; did you mean `grade hint`?"),
        (["row_sum"], "there is no unit 'row_sum'; did you mean toy.row_sums?"),
        (["hint", "row_sum"], "there is no unit 'row_sum'; did you mean toy.row_sums?"),
        (["toyy"], "there is no unit 'toyy'; did you mean toy?"),
    ],
)
def test_a_word_that_is_nearly_right_is_answered_with_the_right_one(toy_course, run_grade, words, sentence):
    result = run_grade(*words, cwd=toy_course)
    assert (result.returncode, result.stderr) == (2, f"Error: {sentence}\n")


def an_exercise(line: int, finding_line: int = 0) -> ExerciseReport:
    finding = Finding("value", "x is 1", line=finding_line)
    return ExerciseReport(
        "toy.scale", Status.FAILED, 0, 2, 0.0, (CheckReport("c", Status.FAILED, 0, 2, finding),), line=line
    )


def test_a_place_is_the_failing_line_or_the_definition_short_below_here():
    here, elsewhere = os.path.abspath("/home/ann"), os.path.abspath("/srv/toy.py")  # on Windows with a drive
    own = os.path.join("a", "toy.py")
    assert Places(here).of(os.path.join(here, own), an_exercise(7)).plain == f"{own}:7"
    assert Places(here).of(elsewhere, an_exercise(7, 9)).plain == f"{elsewhere}:9"
    assert Places().of("toy.ipynb", an_exercise(0)).plain == ""
    assert "\x1b" not in Places().of("a\x1b]8;;x\x07.py", an_exercise(1)).plain


def drawn(places: Places, name: str = "/srv/my toy.py") -> str:
    console = Console(force_terminal=True, color_system="truecolor", width=200, legacy_windows=False)
    with console.capture() as capture:
        console.print(places.of(name, an_exercise(7)))
    return capture.get()


def test_a_link_is_written_for_terminals_that_know_links_and_for_no_others():
    assert "\x1b]8;" in drawn(Places(links=True))
    assert re.search(r";file:///([A-Z]:/)?srv/my%20toy\.py\x1b", drawn(Places(links=True)))
    assert "\x1b]8;" not in drawn(Places())
    assert "%1B" in drawn(Places(links=True), "/srv/a\x1b]b.py")


@pytest.mark.parametrize(
    ("environment", "knows"),
    [
        ({}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM_PROGRAM": "vscode"}, False),  # it finds file:line by itself, and goes to the line
        ({"TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/tmux"}, False),
        ({"VTE_VERSION": "4205"}, False),
        ({"VTE_VERSION": "6003"}, True),
        ({"KITTY_WINDOW_ID": "1"}, True),
        ({"KITTY_WINDOW_ID": "1", "TERM": "dumb"}, False),
    ],
)
def test_terminals_are_believed_only_where_they_are_known(environment, knows):
    assert knows_links(environment) is knows


def test_a_finding_names_its_file_and_line(toy_course, run_grade):
    file = toy_course / "assignments" / "toy" / "toy.py"
    file.write_text(RIGHT.replace("return np.sum(x, axis=1)", "return 1 / 0"))
    line = file.read_text().split("\n").index("    return 1 / 0") + 1
    told = run_grade("toy.row_sums", cwd=toy_course).stdout
    assert f"{os.path.join('assignments', 'toy', 'toy.py')}:{line}" in told
    assert "\x1b" not in told


def test_the_teachers_report_holds_what_helps_and_no_code(toy_course, run_grade, tmp_path):
    secret = "my_own_idea = 42"
    (toy_course / "assignments" / "toy" / "toy.py").write_text(f"{RIGHT}\n{secret}\n")
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    run_grade("toy", cwd=toy_course, **home)
    run_grade("toy.nothing", cwd=toy_course, **home)
    said = run_grade("doctor", "--report", "help.txt", cwd=toy_course, **home)
    text = (toy_course / "help.txt").read_text()
    assert "none of your code" in said.stdout
    assert all(word in text for word in ("isolation", "numpy", "3 passed", "toy has no exercise 'nothing'"))
    assert secret not in text
    assert str(tmp_path) not in text
    assert os.path.join("~", "course") in text
    run_grade("doctor", "--report", "more.txt", "--with-code", "toy", cwd=toy_course, **home)
    assert secret in (toy_course / "more.txt").read_text()


def test_paths_are_shortened(tmp_path):
    assert shortened(f"{tmp_path}/maths/a.py", tmp_path) == "~/maths/a.py"


@pytest.mark.parametrize("is_clone", [True, False])
def test_the_doctor_advises_what_works_where_the_grader_lies(is_clone, tmp_path, monkeypatch):
    from grader.commands import doctor

    (tmp_path / "grader" / "commands").mkdir(parents=True)
    if is_clone:
        (tmp_path / "constraints.txt").touch()
    monkeypatch.setattr(doctor, "__file__", str(tmp_path / "grader" / "commands" / "doctor.py"))
    monkeypatch.setattr(doctor, "_version", lambda name: "")
    (advice,) = {line.mend for line in doctor.software() if "torch" in line.mend}
    assert advice == ("pip install -c constraints.txt -e '.[torch]'" if is_clone else 'pip install "deep-grade[torch]"')
