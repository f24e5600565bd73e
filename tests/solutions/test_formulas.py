"""Every formula of every handout can be typeset: by MathJax in a real browser, and as text in a terminal.

The pages are those that nbconvert makes of the notebooks, with a MathJax of this machine: GRADE_MATHJAX names its folder
(version 2, as in nbconvert's own pages), or npm fetches it.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

from grader.course.course import Course
from grader.render.maths import formula, plain, segments

COURSE = Course(ROOT)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--allow-file-access-from-files", "--virtual-time-budget=60000"),
)
STRICT = """
<script type="text/x-mathjax-config">
MathJax.Hub.Config({TeX: {noErrors: {disabled: true}, noUndefined: {disabled: true}}, SVG: {font: "TeX"}});
var wrong = [];
MathJax.Hub.Register.MessageHook("TeX Jax - parse error", function (m) { wrong.push(m[1] + " in " + m[2]); });
MathJax.Hub.Register.MessageHook("Math Processing Error", function (m) { wrong.push(String(m[2])); });
MathJax.Hub.Register.StartupHook("End", function () {
  MathJax.Hub.Queue(function () {
    var found = document.createElement("pre");
    found.id = "found";
    var shown = document.querySelectorAll(".MathJax_CHTML, .mjx-chtml").length;
    var bad = document.querySelectorAll(".merror, .mjx-merror, .noError, .MathJax_Error").length;
    var pictures = Array.from(document.images).filter(function (image) { return image.naturalWidth > 100; }).length;
    var count = MathJax.Hub.getAllJax().length;
    found.textContent = JSON.stringify({count: count, shown: shown, bad: bad, wrong: wrong, pictures: pictures});
    document.body.appendChild(found);
  });
});
</script>
"""


@pytest.fixture(autouse=True)
def _templates(monkeypatch):
    """nbconvert's templates, which lie beside its own packages, also where those are another environment's."""
    nbconvert = pytest.importorskip("nbconvert")
    monkeypatch.setenv("JUPYTER_PATH", str(Path(nbconvert.__file__).parents[4] / "share" / "jupyter"))


@pytest.fixture(scope="session")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")


@pytest.fixture(scope="session")
def mathjax(tmp_path_factory) -> Path:
    """The script of a MathJax 2."""
    if folder := os.environ.get("GRADE_MATHJAX"):
        return Path(folder) / "MathJax.js"
    if not shutil.which("npm"):
        pytest.skip("no MathJax: GRADE_MATHJAX names none, and there is no npm to fetch one")
    folder = tmp_path_factory.mktemp("node")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "mathjax@2.7.9"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no MathJax: npm could not fetch one ({error})")
    return folder / "node_modules" / "mathjax" / "MathJax.js"


def page(notebook: str, mathjax: Path) -> str:
    """The page that nbconvert makes of a notebook, told to report what it cannot typeset."""
    nbformat, nbconvert = pytest.importorskip("nbformat"), pytest.importorskip("nbconvert")
    exporter = nbconvert.HTMLExporter(mathjax_url=f"{mathjax.as_uri()}?config=TeX-AMS_CHTML-full,Safe")
    exporter.require_js_url = exporter.jquery_url = exporter.mermaid_js_url = ""
    html, _ = exporter.from_notebook_node(nbformat.reads(notebook, as_version=4))
    return html.replace("<head>", f"<head>{STRICT}", 1)


def found_in(html: str, browser: str, folder: Path) -> dict:
    (folder / "page.html").write_text(html, encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", (folder / "page.html").as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False).stdout
    found = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    assert found, "the page did not finish"
    return json.loads(found[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


def formulas(unit: str) -> list[str]:
    solutions = COURSE.solutions(unit)
    texts = [solutions.introduction, *(solutions.handout(name) for name in solutions.exercises)]
    return [latex for text in texts for kind, latex in segments(text) if kind != "text"]


@pytest.mark.parametrize("unit", COURSE.units)
def test_a_browser_typesets_every_formula_of_a_notebook(unit, browser, mathjax, tmp_path):
    notebook = COURSE.assignment(unit).with_suffix(".ipynb").read_text(encoding="utf-8")
    found = found_in(page(notebook, mathjax), browser, tmp_path)
    assert found["wrong"] == []
    assert found["bad"] == 0
    assert found["count"] == len(formulas(unit)) > 0
    assert found["shown"] >= found["count"]
    assert found["pictures"] == len(COURSE.solutions(unit).pictures) > 0


@pytest.mark.parametrize("latex", [r"\undefined{x}", r"\frac{1}", r"\left( x", r"x_1_2"])
def test_a_formula_that_cannot_be_typeset_is_found(latex, browser, mathjax, tmp_path):
    cell = {"cell_type": "markdown", "id": "one", "metadata": {}, "source": f"before ${latex}$ after"}
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    assert found_in(page(notebook, mathjax), browser, tmp_path)["wrong"] != []


@pytest.mark.parametrize("unit", COURSE.units)
def test_a_terminal_shows_every_formula_without_a_command(unit):
    for latex in formulas(unit):
        assert not re.search(r"[\\$&~]", formula(latex)), latex
    solutions = COURSE.solutions(unit)
    for name in solutions.exercises:
        assert not re.search(r"\\[A-Za-z]+|\$", plain(solutions.handout(name))), name
