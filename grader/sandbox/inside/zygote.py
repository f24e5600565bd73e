"""The fork server: a process with Python and NumPy loaded and nothing else; every worker is forked from it.

It is started with an empty environment, before any key or solution is read, with a command line that names no file of
the course. So a worker cannot find any secret of the grader: it was never in its memory.

Its first line on the control socket is {"ready": level, "counts_threads"} or {"failed": reason}. Then {"fork": limits}
with two descriptors (the worker's channel, the pipe for what it prints) is answered {"pid"}, and {"reap": pid} is
answered {"status", "was_short": of memory} when it has ended. Process numbers are those of a namespace, so killing is
done here. The first frame from a worker lists what it can still do: {"escapes": []}.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Iterator

from grader.sandbox import frameworks
from grader.sandbox.inside import child, doors
from grader.sandbox.walls import attempts, isolation
from grader.sandbox.walls.limits import Limits, kill

MESSAGE = 1 << 16


def main(control_fd: int, level: str, home: str, packages: list[str], paths: list[str]) -> None:
    """Serve until the grader closes the connection; then end all workers. `paths` is the search path for packages."""
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle; it hangs up
    try:
        mapper = isolation.stand_by(level)
        load_packages(packages)
        sys.path[:] = [path for path in sys.path if path not in paths]
        for path in paths:
            sys.path_importer_cache.pop(path, None)  # it knows the names of all that is installed beside the packages
        ground = isolation.prepare(level, home, _folders(paths), mapper)
    except (OSError, KeyError, ValueError) as error:
        reply(control, {"failed": f"{error}"})
        return
    doors.learn()
    gc.freeze()  # otherwise garbage collection in a worker would copy every page it touches
    gc.enable()  # it was off, because looking through what imports make takes a fifth of their time and finds nothing
    reply(control, {"ready": level, "counts_threads": ground.counts_threads})
    alive: dict[int, int] = {}  # process number of each worker -> how many workers had been forked before it
    for message, fds in requests(control):
        if "fork" in message:
            fork(control, ground, Limits(**message["fork"]), fds, alive)
        else:
            reap(control, ground, message["reap"], alive)
    for pid in alive:
        kill(pid)
    os._exit(0)  # there is nothing to clean up, and the grader waits for the exit


def fork(
    control: socket.socket, ground: isolation.Ground, budget: Limits, fds: list[int], alive: dict[int, int]
) -> None:
    """Fork a worker that gets the descriptors, and reply with its process number."""
    ground.alive, own = len(alive), os.getpid()
    pid = isolation.fork(ground)
    if pid == 0:
        control.close()
        become_worker(*fds, ground, budget, own)
    for fd in fds:
        os.close(fd)
    alive[pid] = ground.workers
    reply(control, {"pid": pid})


def reap(control: socket.socket, ground: isolation.Ground, pid: int, alive: dict[int, int]) -> None:
    """End a worker and reply with how it ended."""
    kill(pid)
    _, status = os.waitpid(pid, 0)
    number = alive.pop(pid)
    was_short = ground.groups is not None and ground.groups.leave(number)
    isolation.clear(ground, pid)
    reply(control, {"status": status, "was_short": was_short})


def requests(control: socket.socket) -> Iterator[tuple[dict, list[int]]]:
    """Each request, with the descriptors sent with it, until the connection is closed or broken.

    Several may come at once; the system ends a read behind one with descriptors, so that they belong to the last.
    """
    came = b""
    with contextlib.suppress(OSError):
        while True:
            part, fds, _, _ = socket.recv_fds(control, MESSAGE, 2)
            if not part:
                return
            *lines, came = (came + part).split(b"\n")
            for line in lines:
                message = json.loads(line)
                yield message, fds if "fork" in message else []


def reply(control: socket.socket, message: dict) -> None:
    with contextlib.suppress(OSError):  # the grader may be gone; the next request notices
        control.sendall(json.dumps(message).encode() + b"\n")


def become_worker(channel_fd: int, output_fd: int, ground: isolation.Ground, budget: Limits, parent: int) -> None:
    """Turn this process into a worker with its own session and descriptors, isolate it and serve. Does not return."""
    status = 1
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output_fd, 1)
        os.dup2(output_fd, 2)
        if channel_fd != 3:
            os.dup2(channel_fd, 3)
        os.set_inheritable(3, False)
        channel = socket.socket(fileno=3)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
        isolation.shut_in(ground, budget, parent)
        os.closerange(4, 256)
        threads = budget.threads if ground.workers == 1 and ground.counts_threads else 0
        found = attempts.escapes(ground.level, ground.own, threads)
        child.send(channel, {"escapes": found})
        child.serve(channel)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def load_packages(packages: list[str]) -> None:
    """Import what the workers will need, including what a package imports only on first use."""
    frameworks.load(packages)
    if "torch" in packages:
        import torch

        torch.set_num_threads(1)  # forking a process in which several threads have computed leads to hangs
        weight = torch.nn.Parameter(torch.zeros(1))
        weight.softmax(-1).backward(torch.ones(1))  # the first operation examines the processor, which a worker cannot
        if "torch.optim" in packages:
            torch.optim.Adam([weight]).step()


def _folders(paths: list[str]) -> tuple[str, ...]:
    """The folders of all loaded packages. The import is late because only some levels need it."""
    from grader.sandbox.walls import view

    loaded = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"grader"}
    return view.package_folders(tuple(sorted(loaded)), paths)
