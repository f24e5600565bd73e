"""Start-up of a spawned interpreter: find its channel, load the packages, set the limits the system has, serve."""

import json
import os
import socket
import sys

from grader.sandbox.inside import child
from grader.sandbox.inside.zygote import load_packages
from grader.sandbox.walls.limits import Limits, apply


def main(place: str, home: str, limits: str, packages: list[str], paths: list[str]) -> None:
    """Serve until the grader closes the connection. `place` is a descriptor, or `shared` for one on standard input."""
    is_shared = place == "shared"
    channel = socket.fromshare(sys.stdin.buffer.read()) if is_shared else socket.socket(fileno=int(place))
    channel.set_inheritable(False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    load_packages(packages)
    sys.path[:] = [path for path in sys.path if path not in paths]
    folder = os.path.join(home, str(os.getpid()))
    os.mkdir(folder, 0o700)
    os.chdir(folder)
    apply(Limits(**json.loads(limits)))
    child.send(channel, {"escapes": []})
    try:
        child.serve(channel)
    finally:
        os._exit(0)
