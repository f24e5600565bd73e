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
        served = stack.enter_context(socket.socket(*CHANNEL))
        served.connect(_server(entry, root, beside))
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


def command(folder: Path, entry: str = GRADE, beside: tuple[str, ...] = ()) -> Path:
    """A program `grade` in a folder, for a shell's search path: it has its words carried out by a process that is warm."""
    path = folder / "grade"
    path.write_text(TYPED.format(python=sys.executable, address=_server(entry, ROOT, beside)))
    path.chmod(0o755)
    return path


CHANNEL = socket.AF_UNIX, socket.SOCK_SEQPACKET
TYPED = """#!{python} -IS
import json, os, socket, sys
asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
asking.connect({address!r})
given = {{"arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ)}}
socket.send_fds(asking, [json.dumps(given).encode()], [0, 1, 2])
asking.recv(99)  # the number of the process
status = json.loads(asking.recv(99))
os._exit(status if status >= 0 else 128 - status)  # as a shell tells a signal
"""


@functools.cache
def _server(entry: str, root: Path, beside: tuple[str, ...]) -> bytes:
    """The address of a process that has made the imports of a command; it ends when this process does."""
    alive, _held = os.pipe()  # the other end is open in this process and in what is forked from it
    with socket.socket(*CHANNEL) as listening:
        listening.bind("")  # a name of the system's choice
        listening.listen()
        fds = [alive, listening.fileno()]
        command = [sys.executable, str(Path(__file__)), entry, *map(str, fds), str(root), *beside]
        process = subprocess.Popen(command, cwd=root, pass_fds=fds, stdin=subprocess.DEVNULL)
        address = listening.getsockname()
    os.close(alive)
    SERVERS.append(process.pid)
    atexit.register(process.kill)
    return address


SERVERS: list[int] = []  # their process numbers


def _serve(entry: str, alive: int, listening: socket.socket, root: str, beside: Sequence[str]) -> None:
    module, function = entry.split(":")
    sys.path[0] = root  # and not this folder
    importlib.import_module(module)
    for name in (*(_ahead() if entry == GRADE else ("nbgrader.api", "nbconvert")), *beside):
        with contextlib.suppress(ImportError):  # what is not installed
            importlib.import_module(name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if entry == GRADE:
        _nursery().prepare()
    running: dict[int, tuple[int, socket.socket]] = {}  # by a descriptor that tells of its end: a command and who waits
    while alive not in (ready := select.select([alive, listening, *running], [], [])[0]):
        for one in ready:
            if one is listening:
                asking = listening.accept()[0]
                message, fds, *_ = socket.recv_fds(asking, 1 << 20, 3)
                pid = os.fork()
                if pid == 0:
                    _become(json.loads(message), fds, getattr(sys.modules[module], function))
                for fd in fds:
                    os.close(fd)
                running[os.pidfd_open(pid)] = pid, asking
                _tell(asking, pid)
            else:
                pid, asking = running.pop(one)
                os.close(one)
                with asking:
                    _tell(asking, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _tell(asking: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # nobody waits any more
        asking.send(json.dumps(number).encode())


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
        os.closerange(3, 256)  # what the server waits for
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
    _, entry, alive, listening, root, *beside = sys.argv
    _serve(entry, int(alive), socket.socket(fileno=int(listening)), root, beside)
