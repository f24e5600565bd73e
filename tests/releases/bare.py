"""A bare machine for what runs in one: a file system of its own, no network, no other process, and nobody's environment."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

# What a container has of devices; the rest of /dev stays outside.
DEVICES = ("null", "zero", "full", "random", "urandom")

# In namespaces of its own: a root with nothing but the system's programs and, where Python is not one of them, Python.
BARE = """
set -eu
PATH=$PATH:/usr/sbin:/sbin
mount --make-rprivate /
mount -t tmpfs none {root}
mkdir -p {root}/usr {root}/proc {root}/dev {root}/tmp {root}/etc {root}{place}
for part in bin sbin lib lib64; do
  if [ -L /$part ]; then cp -P /$part {root}/$part
  elif [ -d /$part ]; then mkdir {root}/$part; mount --rbind /$part {root}/$part
  fi
done
mount --rbind /usr {root}/usr
if [ ! -e {root}{python} ]; then mkdir -p {root}{python}; mount --rbind {python} {root}{python}; fi
"""
# The same in a root that debootstrap made (`debootstrap --variant=minbase --include=python3,python3-venv bookworm DIR`).
BOOTSTRAPPED = """
set -eu
PATH=$PATH:/usr/sbin:/sbin
mount --make-rprivate /
mkdir -p {given}{place}
mount --rbind {given} {root}
"""
INSIDE = """
mount -t proc none {root}/proc
for device in {devices}; do touch {root}/dev/$device; mount --bind /dev/$device {root}/dev/$device; done
mount --bind {outside} {root}{place}
exec chroot {root} /usr/bin/env -i PATH={path} HOME=/tmp /bin/bash -c {script}
"""


def run(script: str, outside: Path, place: str, root: Path) -> subprocess.CompletedProcess:
    """Run a shell script in a bare root, in which `outside` lies at `place`; skips where nothing may be mounted.

    The environment variable GRADE_BARE_ROOT names a root to take instead of this machine's programs.
    """
    if subprocess.run(["unshare", "-rmnpf", "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no user namespaces, so that there is no bare root to run in")
    given, python = os.environ.get("GRADE_BARE_ROOT", ""), Path(sys.executable).resolve().parents[1]
    root.mkdir()
    words = {
        "root": root,
        "given": given,
        "place": place,
        "python": python,
        "outside": outside,
        "devices": " ".join(DEVICES),
        "path": "/usr/bin:/bin" if given else f"{python}/bin:/usr/bin:/bin",
    }
    quoted = {name: shlex.quote(str(word)) if name != "devices" else word for name, word in words.items()}
    setting_up = (BOOTSTRAPPED if given else BARE) + INSIDE
    command = ["unshare", "-rmnpf", "/bin/sh", "-c", setting_up.format(**quoted, script=shlex.quote(script))]
    return subprocess.run(command, capture_output=True, text=True, timeout=1200)


def gradescope(file: Path, place: Path, fill: Callable[[Path], None]) -> dict:
    """Gradescope's results of a submission, from a bare root that has the autograder's zip and no network."""
    autograder = place / "autograder"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(autograder / "source")
    shutil.copy(autograder / "source" / "run_autograder", autograder / "run_autograder")
    (autograder / "run_autograder").chmod(0o755)
    (autograder / "submission").mkdir()
    fill(autograder / "submission")
    # of what is installed, pip compiles nothing: it runs once
    script = "PIP_NO_COMPILE=0 bash /autograder/source/setup.sh && /autograder/run_autograder"
    done = run(script, autograder, "/autograder", place / "root")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((autograder / "results" / "results.json").read_text())
