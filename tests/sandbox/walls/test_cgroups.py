"""Only a control group that was delegated is taken; what lies in any other stays as it is."""

import os
from pathlib import Path

import pytest

from grader.sandbox.walls import cgroups

IN_SCOPE = "1:name=systemd:/\n0::/user.slice/run-7.scope\n"


@pytest.fixture
def scope(tmp_path: Path) -> Path:
    """A group's folder as the kernel shows it, with one process in it."""
    folder = tmp_path / "user.slice" / "run-7.scope"
    folder.mkdir(parents=True)
    (folder / "cgroup.controllers").write_text("cpu memory pids\n")
    (folder / "cgroup.subtree_control").write_text("")
    (folder / "cgroup.procs").write_text("4711\n")
    return folder


def marked(folder: Path) -> None:
    try:
        os.setxattr(folder, "user.delegate", b"1")
    except OSError:
        pytest.skip("this file system keeps no attributes of users")


def test_a_delegated_group_makes_room_for_workers(scope, tmp_path):
    marked(scope)
    groups = cgroups.delegated(IN_SCOPE, str(tmp_path))
    assert os.fstat(groups.folder).st_ino == scope.stat().st_ino
    os.close(groups.folder)
    assert (scope / "grader" / "cgroup.procs").read_text() == "4711"
    assert (scope / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_the_next_fork_server_finds_the_group_from_inside(scope, tmp_path):
    marked(scope)
    (scope / "grader").mkdir()
    groups = cgroups.delegated("0::/user.slice/run-7.scope/grader\n", str(tmp_path))
    assert os.fstat(groups.folder).st_ino == scope.stat().st_ino
    os.close(groups.folder)


@pytest.mark.parametrize("membership", [IN_SCOPE, "0::/\n", "4:memory:/\n", "", "0::/gone\n"])
def test_what_was_not_delegated_is_left_alone(scope, tmp_path, membership):
    before = {path: path.read_bytes() for path in scope.iterdir()}
    assert cgroups.delegated(membership, str(tmp_path)) is None
    assert {path: path.read_bytes() for path in scope.iterdir()} == before


def test_a_group_without_the_controllers_is_left_alone(scope, tmp_path):
    marked(scope)
    (scope / "cgroup.controllers").write_text("cpu\n")
    assert cgroups.delegated(IN_SCOPE, str(tmp_path)) is None
    assert not (scope / "grader").exists()
