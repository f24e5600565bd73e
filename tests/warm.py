"""A command as a process of its own that has no imports left to make: it is forked from one that has made them.

`grade` starts a thousand times in the suite, and half of each start is imports. What is seen of it is the same: its words, its
exit status, its files. What imports do, from where, and how long, is shown by those tests that start Python anew.
"""

import atexit
import contextlib
import functools
import importlib.util
import io
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GRADE, NBGRADER = "cli:main", "nbgrader.apps.nbgraderapp:main"


def run(
    entry: str,
    arguments: Sequence[object],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    input: str = "",
    timeout: float = 300,
    root: Path = ROOT,
    beside: tuple[str, ...] = (),
) -> subprocess.CompletedProcess:
    """What the command `entry`, a `module:function` of the grader in `root`, said and how it ended. TimeoutExpired when it
    takes longer. `beside` names modules that it imports late, to be imported ahead."""
    environment = dict(os.environ if env is None else env)
    given = {"arguments": list(map(str, arguments)), "cwd": str(cwd), "environment": environment}
    with contextlib.ExitStack() as stack:
        typed, out, errors = files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        typed.write(input.encode())
        typed.seek(0)
        served = _server(entry, root, beside)
        socket.send_fds(served, [json.dumps(given).encode()], [file.fileno() for file in files])
        pid = json.loads(served.recv(99))
        if not select.select([served], [], [], timeout)[0]:
            os.kill(pid, signal.SIGKILL)
            served.recv(99)
            raise subprocess.TimeoutExpired(given["arguments"], timeout)
        status = json.loads(served.recv(99))
        said = []
        for file in (out, errors):
            file.seek(0)
            said.append(io.TextIOWrapper(file, encoding="utf-8", errors="replace").read())
        return subprocess.CompletedProcess(given["arguments"], status, *said)


@functools.cache
def _server(entry: str, root: Path, beside: tuple[str, ...]) -> socket.socket:
    """The connection to a process that has made the imports of a command; it ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, str(Path(__file__)), entry, str(theirs.fileno()), str(root), *beside]
        process = subprocess.Popen(command, cwd=root, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    SERVERS.append(process.pid)
    atexit.register(process.kill)
    return ours


SERVERS: list[int] = []  # their process numbers


def _serve(entry: str, channel: socket.socket, root: str, beside: Sequence[str]) -> None:
    module, function = entry.split(":")
    sys.path[0] = root  # and not this folder
    importlib.import_module(module)
    for name in (*(_ahead() if entry == GRADE else ("nbgrader.api", "nbconvert")), *beside):
        with contextlib.suppress(ImportError):  # what is not installed
            importlib.import_module(name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if entry == GRADE:
        _nursery().prepare()
    while True:
        message, fds, *_ = socket.recv_fds(channel, 1 << 20, 3)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            _become(json.loads(message), fds, getattr(sys.modules[module], function))
        for fd in fds:
            os.close(fd)
        channel.send(json.dumps(pid).encode())
        status = os.waitpid(pid, 0)[1]
        channel.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())


def _nursery():
    """Its module, from this folder, which is not on the path: the grader's is there instead, and with PYTHONSAFEPATH it never was."""
    spec = importlib.util.spec_from_file_location("nursery", Path(__file__).with_name("nursery.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _ahead() -> list[str]:
    """The modules of the grader but for authors' and those that run in other processes, and what these import late."""
    import grader

    others = ("grader.authoring", "grader.manual", "grader.notebook", "grader.sandbox.inside", "grader.watching")
    own = [found.name for found in pkgutil.walk_packages(grader.__path__, "grader.", lambda name: None)]
    return [*(name for name in own if not name.startswith(others)), "numpy.random", "rich.live", "rich.progress"]


def _become(given: dict, fds: list[int], main) -> None:
    """The command itself, in a process that was forked for it. Does not return."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
            os.close(fd)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        os.chdir(given["cwd"])
        os.environ.clear()
        os.environ.update(given["environment"])
        sys.argv = ["grade", *given["arguments"]]
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            import multiprocessing.util

            multiprocessing.util._exit_function()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])), sys.argv[3], sys.argv[4:])
