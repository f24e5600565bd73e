"""The report as JUnit XML: a suite for each exercise, a case for each claim, points as properties.

Points are properties of the suite, because in the schema that Jenkins uses a case has no properties. A wrong answer, an
exception and a timeout are all failures, since that schema has no `error` either. Names are the same in every run, and
unique, because GitLab shows only the first case of a name.
"""

import re
from itertools import groupby
from xml.etree import ElementTree as ET

from grader.render.formats import Graded, Surroundings
from grader.render.rows import Row, file_of, rows
from grader.report import Status
from grader.text import one_line


def write(graded: Graded, surroundings: Surroundings) -> str:
    """The XML document."""
    every = list(rows(graded))
    counts = _counts(every)
    root = ET.Element("testsuites", name="grade", tests=counts["tests"], failures=counts["failures"], errors="0")
    root.set("time", counts["time"])
    for _, suite in groupby(every, lambda row: row.place):
        root.append(_suite(list(suite)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(suite: list[Row]) -> ET.Element:
    exercise, report = suite[0].exercise, suite[0].report
    element = ET.Element("testsuite", name=exercise.id, file=file_of(report), errors="0", **_counts(suite))
    properties = ET.SubElement(element, "properties")
    for name, value in [("points", exercise.points), ("max_points", exercise.max_points), ("key", report.key)]:
        ET.SubElement(properties, "property", name=name, value=one_line(str(value)))
    for row in suite:
        value = f"{row.check.points}/{row.check.max_points}"
        ET.SubElement(properties, "property", name=f"points of {row.name}", value=value)
    for row in suite:
        element.append(_case(row))
    return element


def _case(row: Row) -> ET.Element:
    case = ET.Element("testcase", name=row.name, classname=row.exercise.id, time=f"{row.share:.3f}")
    if row.check.status is Status.SKIPPED:
        ET.SubElement(case, "skipped", message=row.told)
    elif not row.passed:
        kind = row.check.finding.kind if row.check.finding else "value"
        ET.SubElement(case, "failure", type=kind, message=one_line(row.told)).text = row.told
    if row.printed:
        # GitLab would execute [[ATTACHMENT|…]]; no two brackets stay together, however many there are
        ET.SubElement(case, "system-out").text = re.sub(r"\[(?=\[)", "[ ", row.printed)
    return case


def _counts(suite: list[Row]) -> dict[str, str]:
    skipped = sum(row.check.status is Status.SKIPPED for row in suite)
    failed = sum(not row.passed for row in suite) - skipped
    time = f"{sum(row.share for row in suite):.3f}"
    return {"tests": str(len(suite)), "failures": str(failed), "skipped": str(skipped), "time": time}
