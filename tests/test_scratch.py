"""A scratch folder goes when its maker ends, however it ends; what is no scratch folder of ours stays, whatever it is called."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import neighbours
import pytest

from grader import scratch
from grader.scratch import Scratch, keep, sweep

pytestmark = pytest.mark.skipif(scratch.fcntl is None, reason="no locks that end with a process: nothing is swept")
MAKER = """
import os, sys, time
from grader.scratch import Scratch
for _ in range(20):
    with Scratch(sys.argv[1]) as folder:
        open(os.path.join(folder, "file"), "w").close()
        time.sleep(0.01)
        os.stat(os.path.join(folder, "file"))
"""


def theirs(place: Path) -> dict[str, tuple]:
    found = neighbours.seen(place)
    left = neighbours.left_of(found)
    return {name: what for name, what in found.items() if Path(name).parts[0] != left}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    neighbours.plant(tmp_path)
    return tmp_path


def test_ten_graders_at_once_touch_nothing_of_others_and_nothing_of_one_another(place: Path):
    before = theirs(place)
    with ThreadPoolExecutor(10) as pool:
        runs = pool.map(
            lambda _: subprocess.run([sys.executable, "-c", MAKER, str(place)], capture_output=True), range(10)
        )
        assert [run.stderr for run in runs] == [b""] * 10
    assert neighbours.seen(place) == before


def test_a_command_leaves_everything_in_the_temporary_directory_as_it_was(place: Path, tmp_path_factory):
    before = theirs(place)
    environment = os.environ | {"TMPDIR": str(place), "XDG_DATA_HOME": str(tmp_path_factory.mktemp("data"))}
    run = subprocess.run(
        [sys.executable, "-m", "cli", "doctor"], env=environment, capture_output=True, cwd=neighbours.ROOT
    )
    assert run.returncode == 0, run.stderr
    assert neighbours.seen(place) == before


def test_what_a_killed_grader_left_is_swept_without_following_its_links(tmp_path: Path):
    victim = tmp_path / "victim"
    (victim / "work").mkdir(parents=True)
    (victim / "work" / "work.txt").write_text("")
    left = neighbours.left(tmp_path, victim)
    assert left.is_dir()
    sweep(str(tmp_path))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["victim", "work", "work.txt"]


def test_a_folder_in_use_stays_until_it_is_closed(tmp_path: Path):
    with Scratch(str(tmp_path)) as folder:
        file = keep(Path(folder), b"mine", ".py")
        for path in (file, Path(folder), Path(folder).parent):
            os.utime(path, (0, 0))
        sweep(str(tmp_path))
        assert file.read_bytes() == b"mine"
        assert Path(folder).parent.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_place_has_no_locks_is_never_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(scratch.fcntl, "flock", refused)
    held = Scratch(str(tmp_path))
    monkeypatch.undo()
    sweep(str(tmp_path))
    assert Path(held.name).is_dir()
    held.close()
    assert list(tmp_path.iterdir()) == []


def test_a_forked_process_does_not_take_its_parents_folder_away(tmp_path: Path):
    held = Scratch(str(tmp_path))
    if (pid := os.fork()) == 0:
        held.close()
        os._exit(0)
    os.waitpid(pid, 0)
    assert Path(held.name).is_dir()
    held.close()
    held.close()
    assert list(tmp_path.iterdir()) == []


def test_a_tree_of_any_depth_and_without_rights_goes(tmp_path: Path):
    held = Scratch(str(tmp_path))
    at = os.open(held.name, os.O_RDONLY)
    for _ in range(1200):  # a path far longer than the system takes, deeper than Python calls itself
        os.mkdir("folder", dir_fd=at)
        below = os.open("folder", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    (Path(held.name) / "shut").mkdir()
    (Path(held.name) / "shut" / "shut").mkdir(mode=0)
    (Path(held.name) / "shut").chmod(0)
    held.close()
    left = list(tmp_path.iterdir())
    subprocess.run(["rm", "-rf", *left])  # pytest could not
    assert left == []


def test_what_is_mounted_in_a_folder_is_not_emptied(tmp_path: Path):
    """In namespaces of the test's own."""
    code = """
import os, subprocess, sys
from grader.scratch import Scratch
place, victim = sys.argv[1:]
for where in ("", "/here", "/below/here"):
    held = Scratch(place)
    os.makedirs(held.name + where, exist_ok=True)
    subprocess.run(["mount", "--bind", victim, held.name + where], check=True)
    held.close()
"""
    victim = tmp_path / "victim"
    (victim / "folder").mkdir(parents=True)
    (victim / "file").write_text("")
    (tmp_path / "place").mkdir()
    apart = ["unshare", "--user", "--map-root-user", "--mount"]
    command = [*apart, sys.executable, "-c", code, str(tmp_path / "place"), str(victim)]
    if subprocess.run([*apart, "true"], capture_output=True).returncode:
        pytest.skip("no namespaces here")
    assert subprocess.run(command, capture_output=True, text=True).stderr == ""
    assert sorted(path.name for path in victim.iterdir()) == ["file", "folder"]
