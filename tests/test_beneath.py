"""What was handed in is opened once and never through a link; what was looked at is what is marked; what cannot be read is told."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import RIGHT

from grader import beneath
from grader.beneath import Beneath, Refusal
from grader.classroom.intake.intake import HandIn, Intake, Units, take
from grader.classroom.intake.nbcollected import handed_in
from grader.classroom.marking.running import Run
from grader.frozen import frozen
from grader.submission import SubmissionError, read

SECRET = "word = 'hunter2'\n"
EXERCISES = {"toy": ["scale", "row_sums", "mean_and_spread"]}


def to_a_link(path: Path, secret: Path) -> None:
    gone(path, secret)
    path.symlink_to(secret)


def to_a_link_to_itself(path: Path, _secret: Path) -> None:
    gone(path, _secret)
    path.symlink_to(path.name)


def to_a_fifo(path: Path, _secret: Path) -> None:
    gone(path, _secret)
    os.mkfifo(path)


def to_a_folder(path: Path, _secret: Path) -> None:
    gone(path, _secret)
    path.mkdir()


def to_other_bytes(path: Path, _secret: Path) -> None:
    path.write_text(SECRET)


def to_too_many_bytes(path: Path, _secret: Path) -> None:
    path.write_bytes(bytes(2 << 20))


def gone(path: Path, _secret: Path) -> None:
    path.unlink()


def its_folder_to_a_link(path: Path, secret: Path) -> None:
    """The same name lies in the folder that the link leads to."""
    shutil.rmtree(path.parent)
    shutil.copy(secret, secret.with_name(path.name))
    path.parent.symlink_to(secret.parent)


def its_folder_gone(path: Path, _secret: Path) -> None:
    shutil.rmtree(path.parent)


SWAPS = (
    to_a_link, to_a_link_to_itself, to_a_fifo, to_a_folder, to_other_bytes, to_too_many_bytes, gone, its_folder_to_a_link,
    its_folder_gone,
)  # fmt: skip


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.py").write_text(SECRET)
    return tmp_path / "elsewhere" / "secret.py"


@pytest.fixture
def classroom(tmp_path: Path) -> Path:
    """alice's file imports a module of hers; bob is whoever else."""
    folder = tmp_path / "in"
    for student in ("alice", "bob"):
        (folder / student).mkdir(parents=True)
        (folder / student / "toy.py").write_text("import notes\n" + RIGHT if student == "alice" else RIGHT)
    (folder / "alice" / "notes.py").write_text("word = 'mine'\n")
    return folder


def looked_at(folder: Path, tmp_path: Path, units: Units | None = None) -> Intake:
    (tmp_path / "scratch").mkdir()
    return take(folder, units or Units(EXERCISES), tmp_path / "scratch", only=["toy"])


def of(found: Intake, student: str) -> HandIn:
    return next(item for item in found.hand_ins if item.student == student)


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.__name__)
@pytest.mark.parametrize("name", ["toy.py", "notes.py"])
def test_what_was_looked_at_is_marked_whatever_becomes_of_it(classroom, secret, tmp_path, swap, name):
    found = looked_at(classroom, tmp_path)
    swap(classroom / "alice" / name, secret)
    handed = of(found, "alice").read()
    assert handed.source == ("import notes\n" + RIGHT).encode()
    assert handed.helpers == (("notes", b"word = 'mine'\n"),)


@frozen
class Swapping(Units):
    """A course in which the look at alice's file is the moment of the swap."""

    swap: Callable[[], None] = print

    def of_content(self, text: bytes) -> tuple[str, int]:
        if b"import notes" in text:
            self.swap()
        return super().of_content(text)


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.__name__)
@pytest.mark.parametrize("name", ["toy.py", "notes.py"])
def test_a_swap_during_the_look_shows_nothing_and_is_told(classroom, secret, tmp_path, swap, name):
    course = Swapping(EXERCISES, swap=lambda: swap(classroom / "alice" / name, secret))
    found = looked_at(classroom, tmp_path, course)
    alice = of(found, "alice")
    if alice.outcome == "graded":  # the module beside it is not there any more: then it is not taken along
        assert b"hunter2" not in b"".join([alice.read().source, *(content for _, content in alice.read().helpers)])
    else:
        assert "alice" in alice.problem
        assert found.unread
    assert of(found, "bob").read().source == RIGHT.encode()


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.__name__)
@pytest.mark.parametrize("moment", ["alice", "toy.py"])
def test_no_component_is_followed_that_becomes_a_link_in_the_last_moment(
    classroom, secret, tmp_path, swap, moment, monkeypatch
):
    opened = os.open

    def swapped_first(name, *arguments, **more):
        if name == moment:
            monkeypatch.setattr(beneath.os, "open", opened)
            swap(classroom / "alice" / "toy.py", secret)
        return opened(name, *arguments, **more)

    monkeypatch.setattr(beneath.os, "open", swapped_first)
    try:
        content = Beneath(classroom, ("alice", "toy.py")).read(1 << 20)
    except Refusal:
        assert swap is not to_other_bytes
    else:  # it was opened before its folder became another's
        assert content in (SECRET.encode() if swap is to_other_bytes else b"", ("import notes\n" + RIGHT).encode())


@pytest.mark.parametrize("moment", ["open", "fdopen", "scandir"])
def test_whatever_the_system_says_is_one_refusal(classroom, moment, monkeypatch):
    def broken(*_, **__):
        raise OSError(5, "Input/output error")

    ask = (
        Beneath(classroom, ("alice",)).listed
        if moment == "scandir"
        else lambda: Beneath(classroom, ("alice", "toy.py")).read(9)
    )
    with monkeypatch.context() as patch:
        patch.setattr(beneath.os, moment, broken)
        with pytest.raises(Refusal, match=r"^it cannot be read \(Input/output error\)$") as refused:
            ask()
    assert refused.value.may_pass


@pytest.mark.parametrize("swap", [to_a_link, to_a_fifo, to_a_folder, to_too_many_bytes, its_folder_to_a_link])
def test_without_descriptors_of_folders_the_same_is_refused(classroom, secret, swap, monkeypatch):
    monkeypatch.setattr(beneath, "IS_EXACT", False)
    file = Beneath(classroom, ("alice", "toy.py"))
    assert file.read(1 << 20) == ("import notes\n" + RIGHT).encode()
    assert ("toy.py", "file") in Beneath(classroom, ("alice",)).listed()
    swap(classroom / "alice" / "toy.py", secret)
    with pytest.raises(Refusal):
        file.read(1 << 20)


def test_a_shelf_that_was_lost_is_told_and_nobody_is_passed_over(classroom, tmp_path):
    found = looked_at(classroom, tmp_path)
    shelf = of(found, "alice").kept.file
    shelf.write_bytes(shelf.read_bytes().replace(b"mine", b"hers"))
    with pytest.raises(SubmissionError, match="what was kept of it was changed"):
        of(found, "alice").read()
    shelf.unlink()
    run = Run(None, found.hand_ins, {})
    assert run.feed() is None
    assert len(run.unread) == 2
    assert all("can no longer be read: No such file" in words for words in run.unread)


def test_a_link_that_was_named_and_a_linked_module_are_told(classroom, secret, tmp_path):
    (tmp_path / "named.py").symlink_to(classroom / "bob" / "toy.py")
    with pytest.raises(SubmissionError, match=r"named\.py is a link, and links are not followed; name the file"):
        read(tmp_path / "named.py")
    to_a_link(classroom / "alice" / "notes.py", secret)
    with pytest.raises(SubmissionError, match=r"notes\.py is a link"):
        read(classroom / "alice" / "toy.py", with_helpers=True)
    assert read(classroom / "alice" / "toy.py").helpers == ()


def test_the_folder_of_a_file_that_was_named_may_be_reached_through_links_and_below_a_named_folder_it_may_not(
    classroom, tmp_path
):
    (tmp_path / "home").symlink_to(classroom)
    assert read(tmp_path / "home" / "bob" / "toy.py").source == RIGHT.encode()
    with pytest.raises(SubmissionError, match="is a link"):
        read(tmp_path / "home" / "bob" / "toy.py", root=tmp_path)
    assert {item.student for item in looked_at(tmp_path / "home", tmp_path).hand_ins} == {"alice", "bob"}


@pytest.mark.parametrize("swap", [to_a_link, to_a_fifo, its_folder_to_a_link])
def test_a_collected_notebook_is_not_followed_either(tmp_path, secret, swap):
    path = tmp_path / "submitted" / "eve" / "toy" / "toy.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text('{"cells": []}')
    file = Beneath(tmp_path, path.relative_to(tmp_path).parts)
    assert handed_in("eve", file, {}).code
    swap(path, secret)
    refused = handed_in("eve", file, {})
    assert refused.code is None
    assert refused.is_unread
    assert "was not read: it is" in refused.note


def test_folders_deep_in_one_another_cost_their_owner_alone(classroom, tmp_path):
    (classroom / "alice" / "/".join("d" * 100)).mkdir(parents=True)
    found = looked_at(classroom, tmp_path)
    assert "too deep" in of(found, "alice").note
    assert of(found, "bob").read()
