"""Write what `grade class` exports from its store."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from grader.classroom.gradebooks import exports
from grader.classroom.intake.handed_in import HandIn
from grader.classroom.intake.intake import Intake
from grader.classroom.marking.counting import counted
from grader.classroom.marking.store import Store
from grader.commands.class_options import Options
from grader.commands.writing import refuse_inputs
from grader.course.course import Course
from grader.course.reference_text import stub_module
from grader.errors import GraderError
from grader.passwords import Address
from grader.record import Record
from grader.render.terminal import make_console
from grader.text import listed, one_line

if TYPE_CHECKING:
    from grader.classroom.gradebooks.filling import Entry, Filled


def write(store: Store, options: Options, console: Console) -> None:
    """Write everything that the options ask for."""
    if options.csv_file:
        exports.write_csv(counted(store), options.csv_file)
    if options.jsonl:
        exports.write_json_lines(counted(store), options.jsonl)
    if options.parquet or options.nbgrader:
        from grader.classroom.gradebooks import tables

        if options.parquet:
            tables.write_parquet(counted(store), options.parquet)
        if folder := nbgrader_course(options.nbgrader):
            from grader.classroom.gradebooks import nbgrader

            (unit,) = units_of(options)
            nbgrader.write(folder, unit, (record for record in counted(store) if record.unit == unit))
        elif options.nbgrader:
            tables.write_nbgrader(counted(store), options.nbgrader.whole)
    if options.canvas or options.moodle:
        _fill(store, options, console)
    if options.feedback_zip:
        _archive(store, options, console)
    if options.report or options.summary or options.feedback:
        _report(list(counted(store)), options, console)


def refuse_inputs_of(options: Options, submissions: Path | None) -> None:
    """GraderError if an output file would replace a file that the command reads, or the store."""
    files = (options.csv_file, options.jsonl, options.parquet, options.report, options.alike, options.feedback_zip)
    addresses = (address.whole for address in (options.db, options.nbgrader) if address and address.is_file)
    certificates = (options.tls_ca_file, options.tls_cert, options.tls_key)
    given = (submissions, options.roster, options.times, options.extensions, options.canvas, options.moodle)
    refuse_inputs(files, (*given, *certificates, *addresses))


def units_of(options: Options) -> list[str]:
    """The units that were named, or whose exercises were."""
    return list(dict.fromkeys(word.partition(".")[0] for word in options.units))


def nbgrader_course(name: Address | None) -> Path | None:
    """The folder of an nbgrader course, where --nbgrader names one and not a gradebook."""
    folder = Path(name.whole) if name else None
    return folder if folder and folder.is_dir() else None


def _report(found: Sequence[Record], options: Options, console: Console) -> None:
    # of the whole class: only these need it all in memory
    from grader.classroom.reading import called, class_page, summary

    shown = called.anonymous(found) if options.anonymous else found
    if options.report:
        class_page.write(shown, options.report)
    if options.summary:
        summary.render(shown, "Class report", make_console())
    if options.feedback:
        from grader.classroom.reading import feedback
        from grader.render.html import STYLE, fragment

        pages = feedback.write_all(found, options.feedback, "Feedback", {}, fragment, STYLE)
        console.print(f"{options.feedback}: {len(pages)} pages of feedback.", soft_wrap=True)


def _archive(store: Store, options: Options, console: Console) -> None:
    """Write one unit's feedback pages as the archive that a platform takes back."""
    from grader.classroom.reading import feedback, feedback_archive
    from grader.render.html import STYLE, fragment

    units, only = sorted({unit for _, unit in store.lines()}), units_of(options)
    chosen = [unit for unit in units if not only or unit in only]
    if len(chosen) != 1:
        raise GraderError(f"a feedback archive is for one assignment; name its unit with --unit: {', '.join(units)}")
    records = (record for record in counted(store) if record.unit in chosen)

    def render(record: Record) -> str:
        return feedback.render(record.student, [record], "Feedback", {}, fragment, STYLE)

    count, without = feedback_archive.write(records, options.feedback_zip, render)
    rest = f" None for {len(without)}: {_names(without)}." if without else ""
    console.print(Text(f"{options.feedback_zip}: {count} pages of feedback.{rest}"), soft_wrap=True)


def alike_pairs(intake: Intake, course: Course, options: Options, console: Console) -> None:
    """Write a page of similar submissions for each unit; with several units, one file each, named after the unit."""
    from grader.classroom.reading import called, similarity_page
    from grader.classroom.reading.pages import write as write_page
    from grader.classroom.reading.similarity import alike, same

    hand_ins, to = intake.hand_ins, options.alike
    names = (
        called.by_number(one.id for one in intake.students)
        if options.anonymous
        else called.by_name((one.id, one.name) for one in intake.students)
    )
    for unit in dict.fromkeys(hand_in.unit for hand_in in hand_ins):
        sources = dict(_sources(hand_ins, unit))
        solutions = course.solutions(unit)
        given = stub_module(solutions.text, solutions.written), list(solutions.exercises)
        groups = same(sources, *given)
        twins = {student for group in groups for student in group[1:]}  # one of each group is compared with the rest
        pairs = alike({who: text for who, text in sources.items() if who not in twins}, *given)
        file = to if _is_one(hand_ins) else to.with_name(f"{to.stem}-{unit}{to.suffix}")
        write_page(file, similarity_page.render(pairs, sources, unit, groups, names))
        console.print(
            f"{file}: {_count(groups, 'group') + ' of equal ones and ' if groups else ''}{_count(pairs, 'pair') or '0 pairs'} of {len(sources)} submissions to look at.",
            soft_wrap=True,
        )


def _count(items: Sequence, word: str) -> str:
    return f"{len(items)} {word}{'s' * (len(items) != 1)}" if items else ""


def _is_one(hand_ins: Sequence[HandIn]) -> bool:
    return len({hand_in.unit for hand_in in hand_ins}) == 1


def _sources(hand_ins: Sequence[HandIn], unit: str) -> Iterator[tuple[str, bytes]]:
    """(student, bytes) of what can be read; marking says of the rest why not."""
    for hand_in in hand_ins:
        if hand_in.unit == unit and hand_in.kept:
            with contextlib.suppress(GraderError):
                yield hand_in.student, hand_in.read().source


def _fill(store: Store, options: Options, console: Console) -> None:
    """Fill the points into the exported gradebooks."""
    from grader.classroom.gradebooks import filling

    found = list(counted(store))
    if late := sum(record.penalty > 0 for record in found):
        console.print(
            f"Late penalties are taken off, {late} of them; --csv shows points and penalties.", soft_wrap=True
        )
    units = entries_by_unit(found, units_of(options))
    headers = dict(_named_column(text) for text in options.columns)
    students = store.students()
    for unit, entries in units.items() if options.canvas else ():
        titles = [headers[unit]] if unit in headers else [unit, unit.replace("_", " ")]
        _tell(console, options.canvas, filling.fill_canvas(options.canvas, entries, students, titles))
    if options.moodle:
        if len(units) != 1:
            raise GraderError(
                f"a Moodle worksheet is for one assignment; name its unit with --unit: {', '.join(units)}"
            )
        ((unit, entries),) = units.items()
        _tell(console, options.moodle, filling.fill_moodle(options.moodle, entries, students, headers.get(unit, "")))


def entries_by_unit(found: Sequence[Record], only: Sequence[str]) -> "dict[str, dict[str, Entry]]":
    """What is to be entered for each student, by unit: points less late penalties, an excuse, or nothing if held.

    A student who handed in nothing, or nothing readable, has no entry: the teacher decides whether that is a zero.
    """
    from grader.classroom.gradebooks.filling import Entry

    units: dict[str, dict[str, Entry]] = {}
    for record in found:
        if not only or record.unit in only:
            entries = units.setdefault(record.unit, {})
            if record.has_points or record.is_held or record.is_excused:
                entries[record.student] = Entry(
                    record.points_left, record.max_points, record.is_excused, record.is_held
                )
    return units


def _named_column(text: str) -> tuple[str, str]:
    unit, equals, header = text.partition("=")
    if not equals or not header:
        raise GraderError(f"--column {text} needs the form UNIT=HEADER, such as 'attention=Homework 3 (1234)'")
    return unit, header


def _tell(console: Console, file: object, filled: "Filled") -> None:
    """One line with what was entered, and a sentence for each kind of cell that it did not simply fill."""
    said = [f"{file}: filled in {len(filled.new) + len(filled.changed)}."]
    if filled.same:
        said.append(f"{len(filled.same)} had the right entry already.")
    if filled.changed:
        said.append(
            f"{len(filled.changed)} of them had another number: {_names(f'{who} {old}' for who, old in filled.changed)}."
        )
    if filled.kept:
        said.append(
            f"{len(filled.kept)} left as a person wrote them: {_names(f'{who} {old}' for who, old in filled.kept)}."
        )
    said += [
        f"{len(those)} {words}: {_names(those)}."
        for those, words in ((filled.excused, "excused"), (filled.held, "held back"))
        if those
    ]
    if filled.missing:
        said.append(f"No row for {len(filled.missing)}: {_names(filled.missing)}")
    console.print(Text(" ".join(said)), soft_wrap=True)


def _names(texts: Iterable[str]) -> str:
    return listed([one_line(text, 60) for text in texts])
