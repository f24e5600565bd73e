"""nbgrader plugins that nbgrader_config.py names: each adds something that nbgrader lacks or works around a flaw.

`DueDate` brings the course's due date into the gradebook when an assignment is generated. `PutBack` restores locked
cells that a student deleted. `RunOn` runs the notebook again without a cell that ended the kernel. `SaveComments` saves
the grader's output where formgrader and feedback show it. `LatePolicy` applies the course's late policy.
"""

import copy
import re
from pathlib import Path

from nbclient.exceptions import DeadKernelError
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Float, Int, Integer

from grader.classroom.intake.nbbook import utc
from grader.course.late_policy import Late
from grader.course.settings_file import load
from grader.notebook.magics import comment

MISSING = "# This cell was missing from what was handed in, and was put back."
MAX_KILLERS = 5  # cells that end the kernel, after which the rest of the notebook is not run


class DueDate(NbGraderPreprocessor):
    """Enter the course's due date, for late penalties, formgrader and exports; without one the gradebook's stays."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        marks = resources["nbgrader"]
        listing = Path(resources["metadata"]["path"]) / "course.toml"
        due = load(listing).due.get(marks["assignment"]) if listing.is_file() else None
        if due:
            with Gradebook(marks["db_url"]) as gradebook:
                gradebook.update_or_create_assignment(marks["assignment"], duedate=utc(due))
        return nb, resources


class PutBack(NbGraderPreprocessor):
    """Put deleted cells back: a graded cell after its solution, other locked cells at the top.

    It also cleans up after DeduplicateIds, whose leftover of a duplicate cell would end the marking of the whole class.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        marks = resources["nbgrader"]
        for cell in nb.cells:
            if not cell.metadata.get("nbgrader", True):
                del cell.metadata["nbgrader"]
        with Gradebook(marks["db_url"]) as gradebook:
            source = gradebook.find_notebook(marks["notebook"], marks["assignment"])
            points = {cell.name: cell.max_score for cell in source.grade_cells}
            solutions = {cell.name for cell in source.solution_cells}
            locked = {cell.name: cell for cell in source.source_cells}
            for name in missing_cells(nb, locked):
                self.log.info("Cell %s was missing and is put back", name)
                put_back(nb, locked[name], points.get(name), name in solutions)
        return nb, resources


def missing_cells(nb: NotebookNode, cells) -> list[str]:
    """The grade_ids of the assignment's cells that a notebook lacks; solutions first: graded cells go after them."""
    present = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells}
    return sorted((name for name in cells if name not in present), key=lambda name: (name.endswith("-points"), name))


def put_back(nb: NotebookNode, source, points: float | None, is_solution: bool) -> None:
    """Add one deleted cell; a solution is added empty, since its stub could override an answer written elsewhere."""
    marks = {"grade": points is not None, "grade_id": source.name, "locked": bool(source.locked), "schema_version": 3}
    marks |= {"solution": is_solution, "task": False, "cell_type": source.cell_type, "checksum": source.checksum}
    cell = new_code_cell(source=MISSING if is_solution else source.source)
    cell.metadata["nbgrader"] = marks if points is None else marks | {"points": points}
    if nb.nbformat_minor < 5:
        cell.pop("id", None)
    if points is None and not is_solution:
        nb.cells.insert(0, cell)
        return
    name = source.name.removesuffix("-points")
    at = [i for i, other in enumerate(nb.cells) if other.metadata.get("nbgrader", {}).get("grade_id") == name]
    nb.cells.insert(at[-1] + 1 if at else len(nb.cells), cell)


class RunOn(Execute):
    """Run a notebook; a cell that ends the kernel is skipped on the next try, so that the rest keeps its points."""

    graded_timeout = Integer(180, help="Seconds for a cell that calls the grader.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict, km=None) -> tuple[NotebookNode, dict]:
        self.timeout_func = lambda cell: self.graded_timeout if utils.is_grade(cell) else self.timeout
        fresh, self.killers = copy.deepcopy(nb), []
        while True:
            self.at = None
            try:
                return super().preprocess(nb, resources, km)
            except DeadKernelError:
                self.log.info("Cell %s ended the kernel; running the notebook without it", self.at)
                if self.at is None or len(self.killers) >= MAX_KILLERS:
                    raise
                self.killers.append(self.at)
                nb = copy.deepcopy(fresh)

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        self.at = index
        if index in self.killers:
            text = "This cell ended the kernel (os._exit, sys.exit in a thread, too much memory); it was left out."
            cell.outputs = [NotebookNode(output_type="error", ename="DeadKernel", evalue=text, traceback=[text])]
            return cell, resources
        return super().preprocess_cell(cell, resources, index)


class SaveComments(NbGraderPreprocessor):
    """Save what a graded cell printed as the comment on the solution above it."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        marks = resources["nbgrader"]
        solution = None
        with Gradebook(marks["db_url"]) as gradebook:
            for cell in nb.cells:
                if utils.is_solution(cell):
                    solution = cell.metadata.nbgrader["grade_id"]
                elif utils.is_grade(cell) and solution and (text := printed(cell)):
                    comment = gradebook.find_comment(solution, marks["notebook"], marks["assignment"], marks["student"])
                    comment.auto_comment = text
            gradebook.db.commit()
        return nb, resources


def printed(cell: NotebookNode) -> str:
    """What a cell printed, as Markdown that shows it literally."""
    texts = [output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout"]
    text = "".join(texts).strip()
    return fenced(comment(text) if text.count("\n\n") > 1 else text)


def fenced(text: str) -> str:
    """Text in a fenced Markdown block, so that nothing in it is markup."""
    text = text.strip()
    fence = "`" * max(4, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    return f"{fence}text\n{text}\n{fence}" if text else ""


class LatePolicy(LateSubmissionPlugin):
    """The penalty of the course's late policy, in points."""

    penalty = Float(0.0).tag(config=True)
    days = Int(None, allow_none=True).tag(config=True)
    grace_minutes = Float(0.0).tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        kept = Late(self.penalty, self.days, self.grace_minutes).kept(total_seconds_late)
        return round(score * (1 - kept), 6) or None
