"""Ctrl-C ends a command, also where Python makes another error of it."""

import os
import signal

import click
import pytest

from grader.ctrl_c import STOPPED, Interrupted, stoppable

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process")


@pytest.fixture
def handler():
    """What a command has while it works."""
    ours = Interrupted()
    before = signal.signal(signal.SIGINT, ours)
    yield ours
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_a_command_with_its_status(handler, capsys):
    with pytest.raises(click.exceptions.Exit) as ended, stoppable():
        os.kill(os.getpid(), signal.SIGINT)
    assert ended.value.exit_code == STOPPED
    assert capsys.readouterr().err == "Stopped.\n"


@pytest.mark.parametrize("kind", [TypeError, SystemError])
def test_so_does_one_that_python_has_made_another_error_of(handler, kind):
    def importing() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise kind("expected a message argument") from None

    with pytest.raises(click.exceptions.Exit) as ended, stoppable():
        importing()
    assert ended.value.exit_code == STOPPED


@pytest.mark.parametrize("kind", [TypeError, SystemError, ValueError])
def test_an_error_of_itself_stays_what_it_is(handler, kind):
    with pytest.raises(kind, match="a fault"), stoppable():
        raise kind("a fault")
    assert not handler.has_come
