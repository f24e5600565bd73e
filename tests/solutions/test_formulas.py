"""Every formula of every handout can be typeset: by MathJax in a real browser, and as text in a terminal.

The pages are those that nbconvert makes of the notebooks, with a MathJax of this machine: GRADE_MATHJAX names its folder
(version 2, as in nbconvert's own pages), or npm fetches it.
"""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from conftest import ROOT

from grader.course.course import Course
from grader.render.maths import formula, plain, segments

COURSE = Course(ROOT)
WRONG = (r"\undefined{x}", r"\frac{1}", r"\left( x", r"x_1_2")
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
    var shown = document.querySelectorAll(".MathJax_CHTML, .mjx-chtml").length;
    var bad = document.querySelectorAll(".merror, .mjx-merror, .noError, .MathJax_Error").length;
    var pictures = Array.from(document.images).filter(function (image) { return image.naturalWidth > 100; }).length;
    var count = MathJax.Hub.getAllJax().length;
    parent.postMessage({count: count, shown: shown, bad: bad, wrong: wrong, pictures: pictures}, "*");
  });
});
</script>
"""
# A browser takes longer to start than to typeset a notebook, so that one shows all pages: each is a document of its own here,
# with a MathJax of its own, which knows no command that another page may define.
TOGETHER = """<!DOCTYPE html><html><body>%s<pre id="found">{}</pre><script>
var said = document.getElementById("found"), found = {};
window.onmessage = function (message) {
  var from = Array.from(document.querySelectorAll("iframe")).find(function (each) { return each.contentWindow === message.source; });
  found[from.name] = message.data;
  said.textContent = JSON.stringify(found);
};
document.querySelectorAll("iframe").forEach(function (each) { each.src = each.name + ".html"; });
</script></body></html>
"""
FRAME = '<iframe name="%s" width="900" height="600"></iframe>'


def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")


def mathjax(folder: Path) -> Path:
    """The script of a MathJax 2, which npm brings into a folder where this machine has none."""
    if given := os.environ.get("GRADE_MATHJAX"):
        return Path(given) / "MathJax.js"
    if not shutil.which("npm"):
        pytest.skip("no MathJax: GRADE_MATHJAX names none, and there is no npm to fetch one")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "mathjax@2.7.9"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no MathJax: npm could not fetch one ({error})")
    return folder / "node_modules" / "mathjax" / "MathJax.js"


def page(notebook: str, script: Path) -> str:
    """The page that nbconvert makes of a notebook, told to report what it cannot typeset."""
    nbformat, nbconvert = pytest.importorskip("nbformat"), pytest.importorskip("nbconvert")
    exporter = nbconvert.HTMLExporter(mathjax_url=f"{script.as_uri()}?config=TeX-AMS_CHTML-full,Safe")
    exporter.require_js_url = exporter.jquery_url = exporter.mermaid_js_url = ""
    html, _ = exporter.from_notebook_node(nbformat.reads(notebook, as_version=4))
    return html.replace("<head>", f"<head>{STRICT}", 1)


def shown(notebooks: dict[str, str], folder: Path) -> dict[str, dict]:
    """What a browser says of the pages of notebooks, by their names; of a page that did not finish, nothing."""
    command, script = [browser(), *FLAGS, f"--user-data-dir={folder / 'profile'}"], mathjax(folder / "node")
    for name, notebook in notebooks.items():
        (folder / f"{name}.html").write_text(page(notebook, script), encoding="utf-8")
    together = folder / "together.html"
    together.write_text(TOGETHER % "".join(FRAME % name for name in notebooks), encoding="utf-8")
    dom = subprocess.run(
        [*command, "--dump-dom", together.as_uri()], capture_output=True, text=True, timeout=300
    ).stdout
    found = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    assert found, "the browser did not finish"
    return json.loads(unescape(found[1]))


def with_formula(latex: str) -> str:
    cell = {"cell_type": "markdown", "id": "one", "metadata": {}, "source": f"before ${latex}$ after"}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def found(once, tmp_path_factory) -> dict[str, dict]:
    """What a browser says of all notebooks, and of the formulas that are wrong."""
    nbconvert = pytest.importorskip("nbconvert")
    notebooks = {
        unit: COURSE.assignment(unit).with_suffix(".ipynb").read_text(encoding="utf-8") for unit in COURSE.units
    }
    notebooks |= {f"wrong-{number}": with_formula(latex) for number, latex in enumerate(WRONG)}
    with pytest.MonkeyPatch.context() as patch:
        # nbconvert's templates lie beside its own packages, also where those are another environment's
        patch.setenv("JUPYTER_PATH", str(Path(nbconvert.__file__).parents[4] / "share" / "jupyter"))
        return once("formulas", lambda: shown(notebooks, tmp_path_factory.mktemp("pages")))


def formulas(unit: str) -> list[str]:
    solutions = COURSE.solutions(unit)
    texts = [solutions.introduction, *(solutions.handout(name) for name in solutions.exercises)]
    return [latex for text in texts for kind, latex in segments(text) if kind != "text"]


@pytest.mark.parametrize("unit", COURSE.units)
def test_a_browser_typesets_every_formula_of_a_notebook(unit, found):
    assert unit in found, "the page did not finish"
    said = found[unit]
    assert said["wrong"] == []
    assert said["bad"] == 0
    assert said["count"] == len(formulas(unit)) > 0
    assert said["shown"] >= said["count"]
    assert said["pictures"] == len(COURSE.solutions(unit).pictures) > 0


@pytest.mark.parametrize("latex", WRONG)
def test_a_formula_that_cannot_be_typeset_is_found(latex, found):
    assert found[f"wrong-{WRONG.index(latex)}"]["wrong"] != []


@pytest.mark.parametrize("unit", COURSE.units)
def test_a_terminal_shows_every_formula_without_a_command(unit):
    for latex in formulas(unit):
        assert not re.search(r"[\\$&~]", formula(latex)), latex
    solutions = COURSE.solutions(unit)
    for name in solutions.exercises:
        assert not re.search(r"\\[A-Za-z]+|\$", plain(solutions.handout(name))), name
