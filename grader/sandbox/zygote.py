"""The fork server: a process with Python and NumPy loaded and nothing else, from which each worker is forked.

It is started with an empty environment, before a key or a solution is read, by a command line that names no file of
the course. So a worker has nothing to find: what the grader knows was never in its memory.

Control messages are lines of JSON on a socket: {"fork": limits} with two descriptors (the worker's channel, the pipe
for what it prints) is answered {"pid"}, and {"reap": pid} is answered {"status", "cpu", "rss"} once it has ended.
"""

import gc
import json
import os
import signal
import socket
import sys
import traceback

from grader.sandbox import child, limits
from grader.sandbox.limits import kill

MESSAGE = 1 << 16


def main(control_fd: int) -> None:
    """Serve until the grader hangs up; then no worker is left alive."""
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle; it hangs up
    import numpy.random  # noqa: F401  loaded lazily by NumPy; once here instead of once a worker

    sys.path[:] = [path for path in sys.path if path not in sys.argv[2:]]
    sys.argv[:] = ["submission"]
    gc.collect()
    gc.freeze()  # a collection in a worker would copy every page it touches
    alive: set[int] = set()
    while True:
        line, fds, _, _ = socket.recv_fds(control, MESSAGE, 2)
        if not line:
            break
        message = json.loads(line)
        if "fork" in message:
            pid = os.fork()
            if pid == 0:
                control.close()
                become_worker(*fds, limits.Limits(**message["fork"]))
            alive.add(pid)
            reply = {"pid": pid}
            for fd in fds:
                os.close(fd)
        else:
            pid = message["reap"]
            _, status, usage = os.wait4(pid, 0)
            alive.discard(pid)
            reply = {"status": status, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss}
        control.sendall(json.dumps(reply).encode() + b"\n")
    for pid in alive:
        kill(pid)
    os._exit(0)  # nothing is left to tidy up, and the grader waits for this end


def become_worker(channel_fd: int, output_fd: int, budget: limits.Limits) -> None:
    """Turn this process into a worker: its own session, no descriptors but its own, limits on. Does not return."""
    status = 1
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output_fd, 1)
        os.dup2(output_fd, 2)
        channel = socket.socket(fileno=os.dup2(channel_fd, 3))
        os.set_inheritable(3, False)
        os.closerange(4, 256)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
        limits.apply(budget)
        child.serve(channel)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
