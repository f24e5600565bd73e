"""A file appears whole or not at all, through no link that somebody has planted, and nothing else is touched on the way."""

import ast
import importlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from conftest import ROOT, TOY

from grader.authoring import bands, build
from grader.classroom.gradebooks import exports, filling, tables
from grader.classroom.intake.roster import Student
from grader.classroom.marking.store import Store
from grader.classroom.reading import feedback_archive, pages
from grader.commands import class_words, plot, read, support
from grader.commands.writing import append, destination
from grader.course.course import Course
from grader.errors import GraderError
from grader.files import begun, cannot_write, kept_aside, locked, replacing, write_whole
from grader.practice.progress import update
from grader.record import Outcome, Record
from grader.releases import platforms
from grader.report import Report

PRECIOUS = "Student,ID,toy\nAda,1,\n"  # a gradebook, so that who fills one in would do it
ENDINGS = (".part", ".tmp", "~", ".new", ".bak", "-wal", "-shm", "-journal")


def filled(path: Path) -> None:
    os.path.lexists(path) or path.write_text(PRECIOUS)
    filling.fill_canvas(path, {"1": filling.Entry(3, 10)}, [Student("1", ("Ada",))], ["toy"])


def archived(path: Path) -> None:
    found = Report("Ada_1_assignsubmission_file_/toy.py", "0", "toy", "k", "process", 0.0, ())
    feedback_archive.write([Record("ada", "toy", Outcome.GRADED, 1, found)], path, lambda _: "<p>")


def reset(path: Path) -> None:
    course = Course(TOY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "find_exercise", lambda *_: (Placed(path), "toy", course.solutions("toy") and Stub()))
        os.path.lexists(path) or path.write_text("def scale(x):\n    return x\n")
        read.reset(None, "toy.scale")


class Placed:
    """A course whose one file to write in lies somewhere."""

    def __init__(self, path: Path):
        self.path = path

    def assignment(self, unit: str) -> Path:
        return self.path


class Stub:
    name, stub = "scale", "def scale(x):\n    raise NotImplementedError\n"


def banded(path: Path) -> None:
    path = path.rename(path.with_name(bands.BANDS)) if os.path.lexists(path) else path.with_name(bands.BANDS)

    class Unit:
        folder, bands, all_exercises = path.parent, {}, ("run",)

    bands.write(Unit, {"run": [[0.5, 1.0, 2.0]]})
    path.rename(path.with_name("target"))


def pictured(path: Path) -> None:
    path.rename(path.with_name("toy.svg")) if os.path.lexists(path) else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plot, "pictures_of", lambda report: [("toy", "<svg/>")])
        plot.plot([None], str(path.parent))
    path.with_name("toy.svg").rename(path)


def stored(path: Path) -> None:
    with Store(str(path)) as store:
        store.students()


def told(path: Path) -> None:
    support.write_report(str(path), [("python", "3")], None, [], {})


def put(path: Path) -> None:
    try:
        write_whole(path, b"text")
    except OSError as error:
        raise cannot_write(path, error) from None


def written(path: Path) -> None:
    with destination(str(path)) as file:
        file.write("report")


def noted(path: Path) -> None:
    notice = update(path, path.parent, lambda progress: progress)[2]
    if "cannot be remembered" in notice:  # practice goes on: a notice, and no error
        raise GraderError(notice)


WRITERS: dict[str, Callable[[Path], None]] = {
    "check -o, check --also, demo -o, dev mutate --record": written,
    "files that a platform reads": lambda path: append([(str(path), "line\n")]),
    "class --csv, class appeal -o": lambda path: exports.write_csv([], path),
    "class --jsonl": lambda path: exports.write_json_lines([], path),
    "class --parquet": lambda path: tables.write_parquet([], path),
    "class --canvas, class --moodle": filled,
    "class --report, class --alike, class --feedback": lambda path: pages.write(path, "<p>"),
    "class --feedback-zip": archived,
    "class --db, class adjust --db, class history --db, class appeal --db, class push --db": stored,
    "check --plot": pictured,
    "doctor --report": told,
    "dev bands": banded,
    "dev build, dev new, dev course, release students, release nbgrader": lambda path: build.write(path, b"text"),
    "release actions, release gitlab, release classroom50, release keys": (
        lambda path: platforms.write_tree({"target": b"text"}, path.parent)
    ),
    "release gradescope, init, nbgrader's files": put,
    "reset": reset,
    "practice": noted,
}
INTO_A_NEW_FOLDER = {"release actions, release gitlab, release classroom50, release keys"}
every_writer = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "victim").write_text(PRECIOUS)
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.mark.parametrize("is_there", [True, False])
@every_writer
def test_nothing_is_written_through_a_link_and_it_is_told(write, is_there, place):
    victim = place.parent / ("victim" if is_there else "nowhere")
    (place / "target").symlink_to(victim)
    with pytest.raises(GraderError, match=r"link|not empty|cannot read .*nowhere|No such file"):
        write(place / "target")
    assert (place.parent / "victim").read_text() == PRECIOUS
    assert sorted(path.name for path in place.parent.iterdir()) == ["place", "victim"]
    (link,) = (path for path in place.iterdir() if path.name != "lock")
    assert link.is_symlink()


@every_writer
def test_no_name_beside_a_file_can_be_planted(write, place):
    names = [f"{name}{end}" for name in ("target", ".target", bands.BANDS, "toy.svg") for end in ENDINGS]
    if write is not stored and write not in [WRITERS[name] for name in INTO_A_NEW_FOLDER]:
        for name in names:
            (place / name).symlink_to(place.parent / "victim")
    write(place / "target")
    assert (place.parent / "victim").read_text() == PRECIOUS
    assert stat.S_ISREG((place / "target").lstat().st_mode)


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_a_store_is_not_opened_beside_a_planted_link(end, place):
    (place / f"target{end}").symlink_to(place.parent / "victim")
    with pytest.raises(GraderError, match="is a link"):
        stored(place / "target")
    assert (place.parent / "victim").read_text() == PRECIOUS


def test_a_store_that_two_begin_at_once_is_one(place):
    begun(place / "store")
    (place / "store").write_text("grades")
    begun(place / "store")
    assert (place / "store").read_text() == "grades"


def stopped(path: Path) -> None:
    with replacing(path) as file:
        file.write(b"new")
        raise KeyboardInterrupt


def test_what_fails_leaves_nothing_and_the_old_file_as_it_was(place):
    (place / "target").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        stopped(place / "target")
    assert [(path.name, path.read_text()) for path in place.iterdir()] == [("target", "old")]


def test_a_link_that_is_put_there_while_a_file_is_written_is_replaced_and_not_followed(place):
    with replacing(place / "target") as file:
        file.write(b"new")
        (place / "target").symlink_to(place.parent / "victim")
    assert (place / "target").read_text() == "new"
    assert (place.parent / "victim").read_text() == PRECIOUS


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_a_new_file_has_the_rights_of_a_new_file_and_another_those_of_the_one_before(place):
    before = os.umask(0o027)
    try:
        write_whole(place / "new", b"")
        write_whole(place / "private", b"", is_private=True)
        (place / "old").write_text("")
        (place / "old").chmod(0o604)
        write_whole(place / "old", b"", is_private=True)
    finally:
        os.umask(before)
    assert [(place / name).stat().st_mode & 0o777 for name in ("new", "private", "old")] == [0o640, 0o600, 0o604]


def test_a_name_as_long_as_the_system_takes_is_written(place):
    name = "x" * 255
    write_whole(place / name, b"text")
    assert (place / name).read_bytes() == b"text"


def test_a_hard_link_keeps_what_it_had(place):
    os.link(place.parent / "victim", place / "target")
    write_whole(place / "target", b"new")
    assert (place.parent / "victim").read_text() == PRECIOUS


@pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_by_name_goes_on_where_it_is(name, tmp_path):
    if not Path(name).exists():
        pytest.skip(f"no {name} here")
    code = f"""
from pathlib import Path
from grader.files import append_to, replacing_text
print("one")
with replacing_text(Path("{name}")) as file:
    file.write("two\\n")
append_to(Path("{name}"), "three\\n")
print("four")
"""
    with open(tmp_path / "out", "w") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out").read_text().split() == ["one", "two", "three", "four"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_copies_of_one_file_never_meet(place):
    (place / "toy.py").write_text("one")
    (place / "toy.py.2.bak").symlink_to(place.parent / "nowhere")
    names = [kept_aside(place / "toy.py", ".bak").name for _ in range(3)]
    assert names == ["toy.py.bak", "toy.py.3.bak", "toy.py.4.bak"]
    assert {(place / name).read_text() for name in names} == {"one"}
    assert not (place.parent / "nowhere").exists()


def test_a_lock_is_no_link(place):
    (place / "lock").symlink_to(place.parent / "nowhere")
    with pytest.raises(OSError, match="it is a link"), locked(place / "lock"):
        pass
    assert not (place.parent / "nowhere").exists()


def commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, class_words.Words):  # the command that marks is none of its words
        yield " ".join(words), importlib.import_module(class_words.MARKING).command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from commands(command.get_command(click.Context(command), name), (*words, name))
    else:
        yield " ".join(words), command


# options that take a file's, a folder's or a table's name and only read it
READS = {
    "--course", "--key", "--roster", "--times", "--wheels", "--torch", "--exchange", "--from", "--per-student", "--secret", "--extensions",
    "--token-file", "--reasons",
}  # fmt: skip
BY_OTHERS = {
    "class --nbgrader",  # SQLAlchemy opens the gradebook that an instructor names; `autograded/` is among WRITERS
    "class fetch --to",  # tests/classroom/fetching: a link there is left and told
    "release web",  # tests/releases/test_web_site.py: a folder that is no earlier site is refused
}


def test_every_option_that_names_a_file_is_known_to_read_or_is_tried_as_a_writer():
    import cli

    tried = {item.strip() for name in WRITERS for item in name.split(",")} | BY_OTHERS
    for name, command in commands(cli.grade):
        for option in command.params:
            takes = str(option.metavar or "")
            if isinstance(option, click.Option) and any(word in takes for word in ("FILE", "DIR", "CSV", "ROSTER")):
                known = option.opts[0] in READS or {f"{name} {option.opts[0]}", name} & tried
                assert known, f"does `grade {name} {option.opts[0]}` write? then it belongs to WRITERS"


WRITING = {
    "tempfile": "*", "shutil": ("rmtree", "copy", "copy2", "copyfile", "copytree", "move", "copyfileobj", "copymode"),
    "os": ("replace", "rename", "renames", "unlink", "remove", "rmdir", "removedirs", "truncate", "symlink", "link"),
}  # fmt: skip
METHODS = {"write_text", "write_bytes", "unlink", "rmdir", "symlink_to", "hardlink_to", "touch", "rename", "extractall"}
HOMES = {"grader/files.py", "grader/scratch.py"}
EXCEPTIONS = {
    "grader/classroom/intake/kept.py": "one file in a run's own scratch folder, to which hand-ins are added",
    "grader/classroom/marking/access.py": "the key of one cluster's run, in its private scratch folder",
    "grader/classroom/fetching/shelf.py": "a file that it has noted with its hash, and that is as it was put there",
    "grader/releases/web_site.py": "a folder of its own takes the place of a site whose every file it knows by its hash",
    "grader/commands/arguments.py": "its own memory, where the system shows its command line",
    "grader/commands/init.py": "its own scratch folder is renamed to its place, which replaces nothing",
    "grader/sandbox/walls/isolation.py": "a worker's own folder and view",
    "grader/sandbox/walls/attempts.py": "a worker's attempts at what must fail, in its own folder",
    "grader/sandbox/walls/cgroups.py": "the kernel's own files, in a control group that was delegated",
    "grader/sandbox/walls/users.py": "the kernel's own files, which map users into a namespace",
    "grader/sandbox/inside/zygote.py": "standard output and error by their numbers",
    "grader/releases/templates/classroom50_autograder.py": "runs by itself, where the grader is not installed yet",
    "grader/manual/follow.py": "runs the manual's examples in a folder with a short name, for its authors",
    "grader/manual/screens.py": "takes the manual's pictures, for its authors",
}


@pytest.mark.parametrize("path", sorted({*(ROOT / "grader").rglob("*.py"), ROOT / "cli.py"}), ids=lambda p: p.stem)
def test_only_the_homes_of_files_write_rename_or_remove(path):
    name = path.relative_to(ROOT).as_posix()
    found = sorted(set(_writes(ast.parse(path.read_text(encoding="utf-8")))))
    if name in HOMES or name in EXCEPTIONS:
        assert found, f"{name} writes nothing any more; take it off the list"
    else:
        assert not found, f"{name} has {', '.join(found)}; use grader.files or grader.scratch"


def _writes(tree: ast.Module) -> Iterator[str]:
    """What in a module writes, renames or removes files."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in WRITING:
            yield f"from {node.module} import"
        if not isinstance(node, ast.Call):
            continue
        function = ast.unparse(node.func)
        owner, _, method = function.rpartition(".")
        if owner in WRITING and (WRITING[owner] == "*" or method in WRITING[owner]):
            if function != "tempfile.gettempdir":
                yield function
        elif owner and method in METHODS:
            yield f".{method}"
        elif method == "open" and owner != "os" and any(_is_writing(item) for item in _mode(node, bool(owner))):
            yield f"{function} for writing"
        elif function == "os.open" and any(flag in ast.unparse(node.args[1]) for flag in ("WRONLY", "RDWR", "CREAT")):
            yield "os.open for writing"


def _mode(node: ast.Call, is_method: bool) -> list[ast.expr]:
    """Where the mode of an open() may stand: Path.open has it first, open() has it second."""
    return [*node.args[:2], *(word.value for word in node.keywords if word.arg == "mode")]


def _is_writing(node: ast.expr) -> bool:
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return 0 < len(text) <= 3 and set(text) <= set("rwaxbt+") and bool(set(text) & set("wax+"))
