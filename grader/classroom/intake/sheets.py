"""Read a table as spreadsheets and platforms save it: its encoding, its separator, its line ends, its decimal mark.

Rosters, gradebooks, times and extensions are all read here. Every cell knows its place in the text, so that a cell can
be replaced and all other bytes of the file stay.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from grader.classroom.intake.archives import as_text
from grader.classroom.intake.codepages import likeliest
from grader.errors import GraderError
from grader.frozen import frozen

MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Code pages of spreadsheets on Windows and Macs; of equally plausible readings the first counts.
PAGES = ("cp1252", "cp1250", "mac_roman", "cp850", "cp1251", "cp866", "shift_jis", "gb18030", "euc_kr", "big5")
SEPARATORS = ",;\t"
NAMED = re.compile(r"\s*sep=(.)[ \t]*(?:\r\n|\n|\r)", re.IGNORECASE)  # a first line that Excel takes and writes
QUOTED = re.compile(r'"[^"]*"')
LONGEST = 1 << 17  # characters of one cell; a longer one is a quote that does not end
DECIMAL = re.compile(r"\s*[-+]?\d+([.,])\d{1,2}\s*")


@frozen
class Cell:
    """What a cell holds, as inert as a name may be, and where it starts and ends in the table's text, quotes included."""

    text: str
    start: int
    end: int


@frozen
class Sheet:
    """A table: its cells by row, and how it was written. Rows without any text are left out.

    `lines` are the numbers of the rows' first lines, `encoding` and `mark` how the text becomes the file's bytes again.
    """

    text: str
    rows: tuple[tuple[Cell, ...], ...]
    lines: tuple[int, ...]
    separator: str
    encoding: str
    mark: bytes

    @cached_property
    def header(self) -> list[str]:
        """The cells of the first row, without space around them."""
        return [cell.text.strip() for cell in self.rows[0]] if self.rows else []

    @cached_property
    def has_decimal_commas(self) -> bool:
        """Whether numbers are written as 7,50: most are, or the separator is one that is used for that reason."""
        found = [match[1] for row in self.rows[1:] for cell in row if (match := DECIMAL.fullmatch(cell.text))]
        commas, points = found.count(","), found.count(".")
        return commas > points or (commas == points and self.separator == ";")

    def number(self, text: str) -> float | None:
        """The number that a cell's text is in this table, where 1,000 may be a thousand or one; None if it is none."""
        group = re.escape("." if self.has_decimal_commas else ",")
        is_grouped = re.fullmatch(rf"\s*[-+]?[1-9]\d{{0,2}}({group}\d{{3}})+\s*", text)
        return number(re.sub(group, "", text) if is_grouped else text)

    def changed(self, cells: Mapping[Cell, str]) -> bytes:
        """The file with the text of some cells replaced; every other byte stays."""
        pieces, at = [], 0
        for cell, text in sorted(cells.items(), key=lambda item: item[0].start):
            pieces += [self.text[at : cell.start], _quoted(text, self.separator)]
            at = cell.end
        return self.mark + "".join([*pieces, self.text[at:]]).encode(self.encoding, "surrogateescape")


def read_sheet(path: Path, what: str, comment: bytes = b"") -> Sheet:
    """The table in a file; GraderError, which calls it `what` ("the roster"), if it cannot be read or is no table.

    Lines that begin with `comment` are taken for empty ones.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise GraderError(f"cannot read {what} {path}: {error.strerror}") from None
    if comment:
        content = re.sub(rb"^" + re.escape(comment) + rb"[^\r\n]*", b"", content, flags=re.MULTILINE)
    try:
        return sheet_of(content)
    except NotATable as error:
        raise GraderError(f"{what} {path} cannot be read as a table ({error}); export it again") from None


class NotATable(Exception):
    """The bytes are no table; the words say where that shows."""


def sheet_of(content: bytes) -> Sheet:
    """The table that some bytes are; NotATable if they are none."""
    text, encoding, mark = decoded(content)
    if "\0" in text:
        raise NotATable("it is no text, as a workbook is none; save it as CSV in UTF-8")
    named = NAMED.match(text)
    separator = named[1] if named else _separator(text)
    found = [row for row in _rows(text, separator, named.end() if named else 0) if any(cell.text for cell in row)]
    lines, line, at = [], 1, 0
    for row in found:
        line += len(re.findall(r"\r\n|\n|\r", text[at : row[0].start]))
        at = row[0].start
        lines.append(line)
    return Sheet(text, tuple(map(tuple, found)), tuple(lines), separator, encoding, mark)


def decoded(content: bytes) -> tuple[str, str, bytes]:
    """(text, encoding, byte order mark) of a text file from whatever program; the three give the same bytes again."""
    mark, encoding = next(((mark, name) for mark, name in MARKS if content.startswith(mark)), (b"", ""))
    start = content[:4096]
    if not mark and start.count(0) > len(start) // 4:  # UTF-16 without its mark: every other byte of a letter is 0
        encoding = "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"
    if encoding:
        try:
            text = content[len(mark) :].decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
            return text, encoding, mark
        except UnicodeDecodeError:
            raise NotATable("its bytes are no text; save it as CSV in UTF-8") from None
    try:
        return content.decode("utf-8"), "utf-8", b""
    except UnicodeDecodeError:
        page = likeliest(_letters(content), PAGES) or "utf-8"
    text = content.decode(page, "surrogateescape")
    if text.encode(page, "surrogateescape") != content:  # some pages have two codes for a sign
        text, page = content.decode("utf-8", "surrogateescape"), "utf-8"
    return text, page, b""


def number(text: str) -> float | None:
    """A number as people and spreadsheets write it: 7.5, 7,5, 1.234,5 or 1,234.5; None if it is none."""
    plain = re.sub(r"[\s\u00a0\u202f']", "", text)
    marks = [sign for sign in plain if sign in ",."]
    if len(set(marks)) == 2:  # the last one is the decimal mark
        plain = plain.replace(next(sign for sign in ",." if sign != marks[-1]), "")
    try:
        return float(plain.replace(",", ".")) if re.fullmatch(r"[-+]?(\d+[,.]?\d*|[,.]\d+)", plain) else None
    except ValueError:
        return None


def _letters(content: bytes) -> bytes:
    """The words of a text that are not ASCII: the ones by which a code page shows."""
    words = re.findall(rb"[^\x00-\x20,;\"]*[\x80-\xff][^\x00-\x20,;\"]*", content)
    return b" ".join(dict.fromkeys(words[:2000]))


def _separator(text: str) -> str:
    """The most frequent separator of the first line with text, outside quotes."""
    first = next((line for line in re.split(r"[\r\n]+", text[:65536]) if line.strip()), "")
    return max(SEPARATORS, key=QUOTED.sub("", first).count)


def _rows(text: str, separator: str, at: int) -> list[list[Cell]]:
    """All rows; NotATable at a quote that does not end."""
    sign = re.escape(separator)
    cell = re.compile(
        rf'("[^"]*(?:""[^"]*)*"[^\r\n{sign}]*|[^"\r\n{sign}][^\r\n{sign}]*|)({sign}|\r\n|\n|\r|\Z)', re.DOTALL
    )
    rows: list[list[Cell]] = [[]]
    while at < len(text) or rows[-1]:
        match = cell.match(text, at)
        if match is None or len(match[1]) > LONGEST:
            line = len(re.findall(r"\r\n|\n|\r", text[:at])) + 1
            raise NotATable(f"line {line} has a quote that does not end")
        rows[-1].append(Cell(as_text(_unquoted(match[1])), match.start(1), match.end(1)))
        at = match.end()
        if match[2] != separator:
            rows.append([])
    return rows[:-1]


def _unquoted(field: str) -> str:
    if not field.startswith('"'):
        return field
    inner, _, after = field[1:].rpartition('"')
    return inner.replace('""', '"') + after


def _quoted(text: str, separator: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if re.search(rf'["\r\n{re.escape(separator)}]', text) else text


def folded(names: Sequence[str]) -> list[str]:
    """Headings as they are compared: in lower case, with single spaces."""
    return [" ".join(name.casefold().replace("_", " ").split()) for name in names]
