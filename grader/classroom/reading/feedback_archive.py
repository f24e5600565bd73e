"""Feedback as the archive that a platform takes back: one page for each hand-in, named as the download named it.

Moodle ("Upload multiple feedback files in a zip") finds the participant in a folder or file called
`Name_1234_assignsubmission_file_…`, Canvas ("Upload submissions") the student and the attachment in a file called
`name_1234_5678_…`. So a page gets the name under which its submission came, and goes to whoever handed that in.
"""

import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from grader.classroom.gradebooks.exports import whole_bytes
from grader.classroom.intake.downloads import canvas, moodle
from grader.errors import GraderError
from grader.record import Record

PAGE = "feedback.html"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same pages make the same archive
FOLDER = re.compile(r"(.+?_\d+_assignsubmission_[a-z]+)(?:_.*)?", re.DOTALL)
ATTACHMENT = re.compile(r"(.+?_\d+_\d+)_.+", re.DOTALL)


def write(records: Iterable[Record], path: Path, render: Callable[[Record], str]) -> tuple[int, list[str]]:
    """(pages written, students without one) of one unit's records. What is held gets no page; who has no file, neither.

    GraderError if no submission came from a download of Moodle or Canvas.
    """
    pages: dict[str, str] = {}
    without: list[str] = []
    for record in records:
        name = page_name(record.report.submission) if record.report and not record.is_held else ""
        if name:
            pages[name] = render(record)
        else:
            without.append(record.student)
    if not pages:
        raise GraderError(
            f"{path} was not written: no submission came from a download of Moodle or Canvas, whose names say whose it is; "
            "--feedback DIR writes a page for each student"
        )
    with whole_bytes(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, page in pages.items():
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, page)
    return len(pages), without


def page_name(submission: str) -> str:
    """The name of a submission's page in the archive; empty if the submission's path is of no download that we know."""
    for part in submission.split("/"):
        if moodle(part) and (found := FOLDER.fullmatch(part)):
            return f"{found[1]}_/{PAGE}"
        if canvas(part) and (found := ATTACHMENT.fullmatch(part)):
            return f"{found[1]}_{PAGE}"
    return ""
