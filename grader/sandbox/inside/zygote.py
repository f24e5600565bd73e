"""The fork server: a process with Python and NumPy loaded and nothing else; every worker is forked from it.

It is started with an empty environment, before a key or a solution is read, by a command line that names no file of
the course. So a worker has nothing to find: what the grader knows was never in its memory.

Its first line on the control socket is {"ready": level, "counts_threads"} or {"failed": reason}. Then {"fork": limits} with two
descriptors (the worker's channel, the pipe for what it prints) is answered {"pid"}, and {"reap": pid} is answered
{"status", "was_short": of memory} when it has been ended: process numbers are those of a namespace, so killing is done
here. A worker's own first frame says what it could still do: {"escapes": []}.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import traceback

from grader.sandbox.inside import child, doors
from grader.sandbox.walls import attempts, isolation
from grader.sandbox.walls.limits import Limits, kill

MESSAGE = 1 << 16


def main(control_fd: int, level: str, home: str, packages: list[str], paths: list[str]) -> None:
    """Serve until the grader hangs up; then no worker is left alive. `paths` are where the packages were found."""
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle; it hangs up
    load_packages(packages)
    sys.path[:] = [path for path in sys.path if path not in paths]
    for path in paths:
        sys.path_importer_cache.pop(path, None)  # it knows the names of all that is installed beside the packages
    try:
        ground = isolation.prepare(level, home, _folders(paths))
    except (OSError, KeyError, ValueError) as error:
        reply(control, {"failed": f"{error}"})
        return
    gc.collect()
    gc.freeze()  # a collection in a worker would copy every page it touches
    reply(control, {"ready": level, "counts_threads": ground.counts_threads})
    alive: dict[int, int] = {}  # workers by their process numbers: how many there had been before
    while True:
        line, fds = hear(control)
        if not line:
            break
        message = json.loads(line)
        if "fork" in message:
            fork(control, ground, Limits(**message["fork"]), fds, alive)
        else:
            reap(control, ground, message["reap"], alive)
    for pid in alive:
        kill(pid)
    os._exit(0)  # nothing is left to tidy up, and the grader waits for this end


def fork(
    control: socket.socket, ground: isolation.Ground, budget: Limits, fds: list[int], alive: dict[int, int]
) -> None:
    """One more worker, which has the descriptors; its number goes back."""
    ground.alive, own = len(alive), os.getpid()
    pid = isolation.fork(ground)
    if pid == 0:
        control.close()
        become_worker(*fds, ground, budget, own)
    for fd in fds:
        os.close(fd)
    alive[pid] = ground.workers
    reply(control, {"pid": pid})
    if ground.workers == 1:
        doors.learn()  # for the workers to come, while the first one shuts itself in


def reap(control: socket.socket, ground: isolation.Ground, pid: int, alive: dict[int, int]) -> None:
    """One worker less; how it ended goes back."""
    kill(pid)
    _, status = os.waitpid(pid, 0)
    number = alive.pop(pid)
    was_short = ground.groups is not None and ground.groups.leave(number)
    isolation.clear(ground, pid)
    reply(control, {"status": status, "was_short": was_short})


def hear(control: socket.socket) -> tuple[bytes, list[int]]:
    """The next message and the descriptors that came with it; empty when the grader has hung up, however it did."""
    try:
        line, fds, _, _ = socket.recv_fds(control, MESSAGE, 2)
    except OSError:
        return b"", []
    return line, fds


def reply(control: socket.socket, message: dict) -> None:
    with contextlib.suppress(OSError):  # the grader may have hung up; the next hear() says so
        control.sendall(json.dumps(message).encode() + b"\n")


def become_worker(channel_fd: int, output_fd: int, ground: isolation.Ground, budget: Limits, parent: int) -> None:
    """Turn this process into a worker: its own session, no descriptors but its own, shut in. Does not return."""
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
    """Import what the workers will need, also what a package imports when it is first used."""
    import numpy.random  # noqa: F401  loaded lazily by NumPy; once here instead of once a worker

    if "torch" in packages:
        import torch

        torch.set_num_threads(1)  # a fork of a process in which several threads have computed hangs
        weight = torch.nn.Parameter(torch.zeros(1))
        weight.softmax(-1).backward(
            torch.ones(1)
        )  # the first operation looks at the processor, which a worker cannot see
        if "torch.optim" in packages:
            torch.optim.Adam([weight]).step()


def _folders(paths: list[str]) -> tuple[str, ...]:
    """The folders of all packages that are loaded; imported late, as only some levels need it."""
    from grader.sandbox.walls import view

    loaded = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"grader"}
    return view.package_folders(tuple(sorted(loaded)), paths)
