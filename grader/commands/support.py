"""`grade doctor --report FILE`: write what a teacher needs to help. It holds no code unless the student adds some."""

import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from grader.errors import GraderError
from grader.files import cannot_write, data_folder, write_whole
from grader.passwords import without_passwords
from grader.text import inert

LAST_ERROR = "last-error.txt"
TERMINAL = ("TERM", "TERM_PROGRAM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "SHELL")
MAX_CODE = 100_000


def keep_error(arguments: Sequence[str], error: BaseException) -> None:
    """Save an error for a later report; if it cannot be written, ignore that."""
    is_expected = isinstance(error, GraderError)
    told = [str(error)] if is_expected else traceback.format_exception(error)
    typed = " ".join(without_passwords(argument, arguments, is_one_argument=True) for argument in arguments)
    why = without_passwords("".join(told), arguments)
    text = "\n".join([f"{datetime.now():%Y-%m-%d %H:%M:%S}  grade {typed}", why])
    try:
        folder = data_folder()
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / LAST_ERROR, text.encode("utf-8", "replace"))
    except OSError:
        pass


def write_report(
    path: str,
    lines: Iterable[tuple[str, str]],
    course: Path | None,
    code: Sequence[Path],
    environment: Mapping[str, str],
) -> str:
    """Write the file and return a sentence on it. `lines` are the doctor's findings, `code` the files to include."""
    parts = [f"{name:12}{text}" for name, text in lines]
    parts += ["", "terminal", *(f"  {name}={environment[name]}" for name in TERMINAL if name in environment)]
    parts += [f"  encoding of the output: {sys.stdout.encoding}", f"  python: {sys.executable}"]
    parts += ["", "what is remembered of this course", *(f"  {line}" for line in _remembered(course))]
    parts += ["", "the last error", *(f"  {line}" for line in _last_error())]
    parts = [without_passwords(part) for part in parts]
    for file in code:
        parts += ["", f"code: {file}", *(f"  | {line}" for line in _code(file))]
    text = shortened("\n".join(inert(part, MAX_CODE) for part in parts) + "\n", Path.home())
    try:
        write_whole(Path(path), text.encode("utf-8", "replace"))
    except OSError as error:
        raise cannot_write(path, error, "name another file") from None
    held = "your code of " + ", ".join(file.name for file in code) if code else "none of your code"
    return f"{path} is written: read it, then send it to your teacher. It holds {held}."


def shortened(text: str, home: Path) -> str:
    """The text with the student's home folder as ~, in any spelling."""
    for folder in {str(home), str(home.resolve())}:
        if len(folder) > 1:
            text = text.replace(folder, "~")
    return text


def _remembered(course: Path | None) -> list[str]:
    from grader.practice.progress import file_of, load

    if course is None:
        return ["no course here"]
    progress = load(file_of(data_folder(), course))
    counts = Counter(memory.status or "only hints" for memory in progress.exercises.values())
    if not counts:
        return ["nothing yet"]
    failing = [name for name, memory in progress.exercises.items() if memory.status not in ("passed", "missing", "")]
    return [
        ", ".join(f"{count} {status}" for status, count in counts.items()),
        f"failing: {', '.join(failing) or 'none'}",
    ]


def _last_error() -> list[str]:
    try:
        return (data_folder() / LAST_ERROR).read_text("utf-8", "replace").splitlines()
    except OSError:
        return ["none"]


def _code(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace")[:MAX_CODE].splitlines()
    except OSError as error:
        return [f"cannot be read: {error.strerror}"]
