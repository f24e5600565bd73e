"""check() and %%grade in a real kernel: what the session's cells define is graded, and shown as HTML without scripts."""

import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from conftest import ROOT, TOY

pytest.importorskip("nbclient", reason="nbclient is not installed; the extra `nbgrader` brings it")
pytest.importorskip("ipykernel", reason="ipykernel is not installed; the extra `nbgrader` brings it")

import nbformat
from nbclient import NotebookClient

from grader.authoring.build import build
from grader.course.course import Course

CELLS = [
    "from grader.notebook import check, points\nimport numpy as np",
    "def scale(x, factor=2.0):\n    print('<script>alert(1)</script>')\n    return x * 2.0",
    'check("toy.scale")',
    "HALF = 0.5\ndef doubled(x):\n    return x / HALF",
    "%%time\ndef scale(x, factor=2.0):\n    return doubled(x) * factor / 2",
    'check("toy.scale")',
    "del scale, doubled",
    'check("toy")',
    "%load_ext grader",
    "%%grade toy.row_sums\ndef row_sums(x):\n    return x.sum(axis=0)",
    "%%grade toy.row_sums\ndef row_sums(x):\n    raise SystemExit  # unfinished\n1/0",
    'points("toy.scale", 8)',
    'points("toy.mean_and_spread", 3)',
    'check("toy.skale")',
    "print(repr(check('toy.scale')))",
    "%%grade nothing.of_that_name\nx = 1",
    "from grader.notebook import explain, hint\nhint('scale')",
    "hint('toy.scale')",
    "hint('toy.scale', 3)",
    "explain('toy.scale')",
    "from grader.notebook import demo\ndemo('toy')",
    "hint('toy')",
    "check('scale')",
]


DEMO = '''"""Your factor, seen."""
NEEDS = ("scale",)
def demo(own, here, show):
    show.text(f"twice 21 is {own.scale(21.0)}")
'''


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> list[list]:
    """The outputs of each cell, run by Jupyter in a student's folder."""
    folder = tmp_path_factory.mktemp("session") / "course"
    shutil.copytree(TOY, folder)
    (folder / "solutions" / "toy" / "demo").mkdir()
    (folder / "solutions" / "toy" / "demo" / "demo.py").write_text(DEMO)
    build(Course(folder), ["toy"])
    shutil.rmtree(folder / "solutions")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.delenv("NBGRADER_EXECUTION", raising=False)
        NotebookClient(notebook, allow_errors=True, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def shown(outputs: list) -> str:
    (html,) = (output.data["text/html"] for output in outputs if "text/html" in output.get("data", {}))
    return html


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)).split())


def plain(outputs: list) -> str:
    return " ".join("".join(output.text for output in outputs if output.output_type == "stream").split())


def test_a_report_is_html_with_the_terminals_words(outputs):
    html, text = shown(outputs[2]), outputs[2][0].data["text/plain"]
    for sentence in (
        "The factor is ignored: it is not always 2.",
        "multiplies by any factor",
        "3/4",
        "grade hint toy.scale",
    ):
        assert sentence in words(html)
        assert sentence in " ".join(text.split())


def test_it_is_light_and_dark_without_scripts_and_asks_for_nothing(outputs):
    html = shown(outputs[2])
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r"<script|<link|<img|<iframe|src=|url\(|\son\w+=|javascript:", html, re.IGNORECASE)
    assert "<script>alert(1)</script>" in words(html)  # what was printed is shown as it is


def test_what_was_defined_last_counts_with_the_helpers_of_other_cells(outputs):
    assert "4/4" in words(shown(outputs[5]))


def test_the_text_of_the_cells_is_graded_and_not_the_sessions_memory(outputs):
    assert "4/10" in words(shown(outputs[7]))


def test_grade_on_top_of_a_cell_runs_and_grades_it(outputs):
    assert "These are the sums of the columns." in words(shown(outputs[9]))


def test_grade_shows_nothing_for_a_cell_that_fails(outputs):
    assert [output.output_type for output in outputs[10]] == ["error"]


def test_points_are_a_float_of_the_cells_worth_and_standard_error_stays_empty(outputs):
    assert [output.data["text/plain"] for output in outputs[11] if output.output_type == "execute_result"] == ["8.0"]
    assert [output.data["text/plain"] for output in outputs[12] if output.output_type == "execute_result"] == ["0.0"]
    assert not [item for cell in outputs for item in cell if item.get("name") == "stderr"]
    assert "mean_and_spread  not defined yet" in " ".join(output.text for output in outputs[12] if "text" in output)


def test_a_name_that_is_none_is_one_sentence(outputs):
    assert outputs[13][-1].evalue == "toy has no exercise 'skale'; did you mean toy.scale?"


def test_where_there_is_no_html_the_terminals_text_is_shown(outputs):
    assert "Right." in plain(outputs[14])


def test_outside_a_notebook_check_says_where_it_works():
    from grader.errors import GraderError
    from grader.notebook import check

    with pytest.raises(GraderError, match="works in a notebook"):
        check("attention", course=str(Path(ROOT)))


def test_a_name_that_there_is_not_is_one_sentence_and_no_traceback(outputs):
    """By `check` and by `%%grade`; the cell fails all the same, so that nothing below it runs."""
    nowhere = CELLS.index("%%grade nothing.of_that_name\nx = 1")
    for cell, name in ((CELLS.index('check("toy.skale")'), "skale"), (nowhere, "nothing")):
        (error,) = [output for output in outputs[cell] if output.output_type == "error"]
        told = "\n".join(error.traceback)
        assert told.startswith("Error: ")
        assert name in told
        assert "Traceback" not in told
        assert ".py" not in told


def of(outputs, cell: str) -> list:
    return outputs[CELLS.index(cell)]


def test_hints_come_one_after_another_and_the_handout_is_shown(outputs):
    first = of(outputs, "from grader.notebook import explain, hint\nhint('scale')")
    second, third = of(outputs, "hint('toy.scale')"), of(outputs, "hint('toy.scale', 3)")
    assert first[0].data["text/markdown"].startswith("What does a factor do?")
    assert 'hint 1 of 2; one more: `hint("toy.scale")`' in first[0].data["text/plain"]
    assert second[0].data["text/markdown"].startswith("Think of broadcasting.")
    assert third[-1].evalue == "toy.scale has 2 hints; STEP goes from 1 to 2"
    shown = of(outputs, "explain('toy.scale')")[0].data["text/markdown"]
    for part in ("toy.scale", "4 points", "def scale(x, factor=2.0)", "- multiplies by any factor *(1)*"):
        assert part in shown
    assert "name one of its exercises, as toy.NAME: scale" in of(outputs, "hint('toy')")[-1].evalue


def test_a_demo_is_made_of_what_the_session_has_defined(outputs):
    made = of(outputs, "from grader.notebook import demo\ndemo('toy')")[0].data
    assert "Your factor, seen" in words(made["text/html"])
    assert "twice 21 is 42.0" in words(made["text/html"])
    assert "twice 21 is 42.0" in made["text/plain"]


def test_an_exercises_name_will_do_alone(outputs):
    assert "toy.scale" in words(shown(of(outputs, "check('scale')"))) or "4/4" in words(
        shown(of(outputs, "check('scale')"))
    )


def test_a_stored_report_keeps_its_look_where_the_style_is_taken_out(outputs):
    """As JupyterLab does with what was run elsewhere: what is right is green, what is wrong is red, a hint is bold."""
    html = shown(outputs[2])
    bare = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    assert re.search(r'class="mark failed"[^>]* style="color: #\w{6}', bare)
    assert re.search(r'class="hint" style="font-weight: bold', bare)
    assert "color: var(--wrong) !important" in html  # else a dark theme would get the plain colour, too


def test_who_has_passed_reads_all_hints_and_another_way_to_write_it(toy_course, tmp_path, monkeypatch):
    from grader.files import data_folder
    from grader.notebook import explain
    from grader.practice.progress import Memory, file_of, update

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert "Another way" not in repr(explain("toy.scale", course=str(toy_course)))
    passed = Memory(passed="0" * 64)
    update(file_of(data_folder(), toy_course), toy_course, lambda progress: progress.with_memory("toy.scale", passed))
    told = repr(explain("toy.scale", course=str(toy_course))).partition("**You have passed it. Its hints**")[2]
    assert told.startswith("\n\n1. What does a factor do?\n2. Think of broadcasting.")
    assert "**Another way to write it: twice half**\n\n```python\nHALF = 0.5\n\n\ndef scale__twice_half(x" in told
