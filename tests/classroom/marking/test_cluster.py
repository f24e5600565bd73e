# ruff: noqa: F811  (pytest finds fixtures by the names of arguments)
"""A class on the workers of a cluster: who may talk to whom, and what a lost node, all of them, or the scheduler costs."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import RIGHT, ROOT
from test_class import SOURCES, command, course, grade, hand_in, replaced, stored  # noqa: F401  some are fixtures

from grader.course.course import Course

pytest.importorskip("distributed")
pytest.importorskip("cryptography")

SLOW = "import time\ntime.sleep(0.2)\n"
LISTENS = "0A"  # of /proc/net/tcp


class Cluster:
    """A scheduler of Dask on loopback, and nodes, each a process with a folder of its own; certificates in PEM files."""

    def __init__(self, folder: Path, has_tls: bool = True):
        from distributed.security import Security

        self.folder, self.processes = folder, []
        made = Security.temporary()
        for name, content in (("cert.pem", made.tls_worker_cert), ("key.pem", made.tls_worker_key)):
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(content)
        self.tls = []
        if has_tls:
            self.tls = ["--tls-ca-file", "cert.pem", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]
        protocol = "tls" if has_tls else "tcp"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"{protocol}://127.0.0.1:{free.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        self.scheduler = self.start("dask_scheduler", "--protocol", protocol, "--port", port)
        self.await_line(0, "Scheduler at:")

    @property
    def options(self) -> list[str]:
        """What `grade class` is told of it."""
        return ["--scheduler", self.address, *(self.tls or ["--insecure-scheduler"])]

    def start(self, module: str, *words: str) -> subprocess.Popen:
        common = ["--host", "127.0.0.1", "--no-dashboard", *self.tls]
        arguments = [sys.executable, "-m", f"distributed.cli.{module}", *words, *common]
        with open(self._log(len(self.processes)), "w") as log:
            environment = os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT))}
            process = subprocess.Popen(arguments, stdout=log, stderr=log, env=environment, cwd=self.folder)
        self.processes.append(process)
        return process

    def node(self, *words: str) -> subprocess.Popen:
        number = len(self.processes)
        local = ["--local-directory", str(self.folder / f"node{number}")]
        process = self.start("dask_worker", self.address, "--nthreads", "1", "--no-nanny", *local, *words)
        self.await_line(number, "Registered to:")
        return process

    def await_line(self, number: int, words: str) -> None:
        end = time.monotonic() + 60
        while words not in self._log(number).read_text():
            assert time.monotonic() < end, self._log(number).read_text()
            time.sleep(0.05)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def _log(self, number: int) -> Path:
        return self.folder / f"dask{number}.log"


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.end()


class Marking:
    """A class run under way."""

    def __init__(self, course: Path, folder: Path, *arguments: object, cwd: Path):
        words = command(course, folder, *arguments)
        self.process = subprocess.Popen(words, cwd=cwd, stderr=subprocess.PIPE, text=True)
        self.told = ""

    def until(self, words: str) -> None:
        for line in self.process.stderr:
            self.told += line
            if words in line:
                return
        raise AssertionError(self.told)

    def end(self) -> int:
        self.told += self.process.stderr.read()
        return self.process.wait(120)


def a_class(tmp_path: Path, size: int) -> Path:
    kinds = [source for source, points in SOURCES.values() if points is not None]
    return hand_in(tmp_path / "in", {f"student {n:02}": SLOW + kinds[n % len(kinds)] for n in range(size)})


# who may talk to whom


def descendants(root: int) -> set[int]:
    """A process and all that it started."""
    found, new = set(), {root}
    while new:
        found |= new
        lists = [path for pid in new for path in Path(f"/proc/{pid}/task").glob("*/children")]
        new = {int(child) for path in lists if path.exists() for child in path.read_text().split()} - found
    return found


def ports_of(processes: set[int]) -> set[int]:
    """The TCP ports on which they listen."""
    sockets = set()
    for descriptor in (path for pid in processes for path in Path(f"/proc/{pid}/fd").glob("*")):
        try:
            sockets.add(os.readlink(descriptor))
        except OSError:
            continue
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return {
        int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == LISTENS and f"socket:[{line[9]}]" in sockets
    }


def runs_code_for_a_stranger(address: str, security: object = None) -> bool:
    from distributed import Client

    try:
        with Client(address, timeout=2, security=security) as client:
            return isinstance(client.run_on_scheduler(os.getpid), int)
    except Exception:
        return False


def answers_a_browser(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to find the ports")
def test_no_port_of_a_cluster_of_this_machines_own_is_open_to_a_stranger(course, tmp_path):
    from distributed.security import Security

    (tmp_path / "scratch").mkdir()
    folder = hand_in(tmp_path / "in", {f"student {n}": "import time\ntime.sleep(1.5)\n" + RIGHT for n in range(12)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path / "scratch"))
        marking = Marking(course, folder, "--scheduler", "local", "--jobs", 2, cwd=tmp_path)
    marking.until("1/12")
    ports = ports_of(descendants(marking.process.pid))
    keys = list((tmp_path / "scratch").rglob("*.pem"))
    assert {path.stat().st_mode & 0o077 for path in keys} <= {0}
    assert {path.parent.stat().st_mode & 0o077 for path in keys} <= {0}
    assert len(ports) == 3  # the scheduler's, and one of each worker
    assert [port for port in ports if answers_a_browser(port)] == []
    assert [port for port in ports if runs_code_for_a_stranger(f"tcp://127.0.0.1:{port}")] == []
    other = Security.temporary()
    assert [port for port in ports if runs_code_for_a_stranger(f"tls://127.0.0.1:{port}", other)] == []
    marking.process.send_signal(signal.SIGINT)
    assert marking.end() == 130, marking.told
    assert list((tmp_path / "scratch").rglob("*.pem")) == []


def test_a_cluster_of_this_machines_own_marks(grade, tmp_path):
    folder = hand_in(tmp_path / "in", {f"student {n}": RIGHT for n in range(4)})
    grade(folder, "--scheduler", "local", "--jobs", 2)
    assert [record["points"] for record in stored(tmp_path / "class.db")] == [10] * 4


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "127.0.0.1:1", "localhost:1", "TCP://127.0.0.1:1", "ws://127.0.0.1:1"]
)
def test_a_scheduler_without_tls_is_refused_before_anything_is_done(grade, tmp_path, address):
    folder = hand_in(tmp_path / "in", {"alice": RIGHT})
    done = grade(folder, "--scheduler", address, "--patience", 0.3, status=2)
    assert f"the scheduler {address} has no TLS" in done.stderr
    assert "--insecure-scheduler" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "class.db").exists()


def test_a_scheduler_without_tls_is_taken_where_that_is_said(grade, tmp_path):
    cluster = Cluster(tmp_path, has_tls=False)
    try:
        cluster.node()
        grade(hand_in(tmp_path / "in", {"alice": RIGHT}), *cluster.options)
    finally:
        cluster.end()
    assert [record["points"] for record in stored(tmp_path / "class.db")] == [10]


def test_a_scheduler_that_is_not_there_is_waited_for_as_long_as_is_said(grade, tmp_path):
    folder = hand_in(tmp_path / "in", {"alice": RIGHT})
    start = time.monotonic()
    words = ["--scheduler", "tcp://127.0.0.1:1", "--insecure-scheduler", "--report", "page.html"]
    done = grade(folder, *words, "--patience", 0.5, status=2)
    assert "cannot reach a Dask scheduler at tcp://127.0.0.1:1" in done.stderr
    assert time.monotonic() - start < 15
    assert not (tmp_path / "page.html").exists()


def test_certificates_that_do_not_serve_are_told_in_a_sentence(grade, tmp_path, cluster):
    from distributed.security import Security

    folder = hand_in(tmp_path / "in", {"alice": RIGHT})
    strange = Security.temporary()
    for name, content in (("cert2.pem", strange.tls_worker_cert), ("key2.pem", strange.tls_worker_key)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
    ca, cert, key = "--tls-ca-file", "--tls-cert", "--tls-key"
    wrong = [
        ([], "takes certificates: name them with --tls-ca-file, --tls-cert, --tls-key"),
        ([ca, "cert.pem"], "takes certificates: name them with --tls-cert"),
        ([ca, "cert.pem", cert, "gone.pem", key, "key.pem"], "cannot read the certificate or key gone.pem"),
        ([ca, "cert.pem", cert, "cert.pem", key, "key2.pem"], "cannot reach a Dask scheduler"),
        ([ca, "cert.pem", cert, "cert2.pem", key, "key2.pem"], "cannot reach a Dask scheduler"),
        ([ca, "cert2.pem", cert, "cert.pem", key, "key.pem"], "cannot reach a Dask scheduler"),
    ]
    for words, told in wrong:
        done = grade(folder, "--scheduler", cluster.address, *words, "--patience", 2, status=2)
        assert told in done.stderr
        assert done.stderr.count("\nError: ") + done.stderr.startswith("Error: ") == 1
        assert "Traceback" not in done.stderr
    (tmp_path / "key.pem").chmod(0o644)
    assert "every user of this machine can use the key key.pem" in grade(folder, *cluster.options, status=2).stderr
    alone = grade(folder, "--insecure-scheduler", status=2)
    assert "go with --scheduler" in alone.stderr


def test_certificates_may_come_from_dasks_own_configuration(grade, tmp_path, cluster):
    cluster.node()
    where = {"CA_FILE": "cert.pem", "CLIENT__CERT": "cert.pem", "CLIENT__KEY": "key.pem"}
    environment = os.environ | {f"DASK_DISTRIBUTED__COMM__TLS__{name}": file for name, file in where.items()}
    grade(hand_in(tmp_path / "in", {"alice": RIGHT}), "--scheduler", cluster.address, env=environment)
    assert [record["points"] for record in stored(tmp_path / "class.db")] == [10]


def test_a_preload_closes_dasks_web_server(tmp_path, cluster):
    closed = cluster.node("--preload", "grader.classroom.closed")
    ports = ports_of({closed.pid})
    assert len(ports) == 1
    assert not answers_a_browser(*ports)


# what is lost


def test_a_cluster_gives_the_records_of_one_machine_though_a_node_is_lost(grade, course, tmp_path, cluster):
    folder = a_class(tmp_path, 30)
    grade(folder, "--db", "local.db", "--seed", 3)
    nodes = [cluster.node() for _ in range(3)]
    marking = Marking(course, folder, "--db", "cluster.db", "--seed", 3, *cluster.options, cwd=tmp_path)
    marking.until("3/30")
    nodes[1].kill()
    assert marking.end() == 0, marking.told
    assert stored(tmp_path / "cluster.db") == stored(tmp_path / "local.db")
    assert replaced(tmp_path / "cluster.db") == 0


@pytest.mark.parametrize(
    ("lost", "moment"),
    [(1, 10), (0, 16), (1, 22)],
)
@pytest.mark.weekly
def test_either_of_two_nodes_may_be_lost_at_any_moment(tmp_path, cluster, lost, moment):
    """Of two units of the real course: their keys are large, and each node had fetched one of them from the other."""
    units = ["linear_algebra", "vector_calculus"]
    for unit in units:
        right = (ROOT / "solutions" / unit / f"{unit}.py").read_text()
        for n in range(16):
            folder = tmp_path / "in" / f"student {n:02}" / unit
            folder.mkdir(parents=True)
            (folder / f"{unit}.py").write_text(f"# {n}\n{right}")
    nodes = [cluster.node() for _ in range(2)]
    marking = Marking(ROOT, tmp_path / "in", "--seed", 1, *cluster.options, cwd=tmp_path)
    marking.until(f"{moment}/32")
    nodes[lost].kill()
    assert marking.end() == 0, marking.told
    assert "1 of 2 nodes lost" in marking.told
    keys = [Course(ROOT).key(unit) for unit in units]
    all_points = {(key.unit, key.max_points) for key in keys}
    assert {(record["unit"], record["points"]) for record in stored(tmp_path / "class.db")} == all_points
    assert len(stored(tmp_path / "class.db")) == 32
    assert replaced(tmp_path / "class.db") == 0


def lost_all(marking: Marking, nodes: list[subprocess.Popen]) -> None:
    marking.until("3/20")
    for node in nodes:
        node.kill()


def test_where_all_nodes_are_lost_what_is_finished_is_kept_and_the_same_command_goes_on(
    grade, course, tmp_path, cluster
):
    folder = a_class(tmp_path, 20)
    nodes = [cluster.node() for _ in range(2)]
    marking = Marking(course, folder, *cluster.options, "--patience", 2, cwd=tmp_path)
    lost_all(marking, nodes)
    assert marking.end() == 3
    assert "Error: no node may grade: all are gone" in marking.told
    assert marking.told.count("Error") == 1
    kept = stored(tmp_path / "class.db")
    assert 3 <= len(kept) < 20
    cluster.node()
    assert f"{20 - len(kept)} to mark" in grade(folder, *cluster.options).stderr
    assert len(stored(tmp_path / "class.db")) == 20
    assert replaced(tmp_path / "class.db") == 0


@pytest.mark.weekly
def test_a_node_that_comes_when_all_are_lost_goes_on(course, tmp_path, cluster):
    folder = a_class(tmp_path, 20)
    nodes = [cluster.node() for _ in range(2)]
    marking = Marking(course, folder, *cluster.options, cwd=tmp_path)
    lost_all(marking, nodes)
    cluster.node()
    assert marking.end() == 0, marking.told
    assert len(stored(tmp_path / "class.db")) == 20
    assert replaced(tmp_path / "class.db") == 0


def test_a_scheduler_that_is_lost_is_told_and_what_is_finished_is_kept(course, tmp_path, cluster):
    folder = a_class(tmp_path, 20)
    cluster.node()
    marking = Marking(course, folder, *cluster.options, cwd=tmp_path)
    marking.until("3/20")
    cluster.scheduler.kill()
    assert marking.end() == 3
    assert re.search(r"Error: the scheduler at \S+ is gone .* the same command goes on", marking.told), marking.told
    assert "Traceback" not in marking.told
    assert 3 <= len(stored(tmp_path / "class.db")) < 20


def test_a_node_that_was_never_given_the_key_says_so():
    from grader.classroom.marking.node import EMPTY, grade_there
    from grader.classroom.marking.pool import Job
    from grader.submission import Submission

    assert grade_there(Job("alice", "toy", Submission("toy.py", b"")), "no such key", 1.0, "process") == EMPTY


def test_a_node_below_the_isolation_is_refused_and_the_others_do_its_work(grade, tmp_path, cluster):
    weak = (
        "import sys\nfrom grader.sandbox import server\nfrom grader.classroom.marking import node\n"
        "class Weak:\n    def __init__(self, *a, **k): raise server.SandboxError('isolation by landlock does not work')\n"
        "node.Sandbox = Weak\n"
    )
    (tmp_path / "weak.py").write_text(weak)
    cluster.node("--preload", "weak.py")
    folder = hand_in(tmp_path / "in", {f"student {n}": RIGHT for n in range(4)})
    alone = grade(folder, *cluster.options, status=3)
    assert "is refused: isolation by landlock does not work" in alone.stderr
    assert "no node may grade" in alone.stderr
    assert stored(tmp_path / "class.db") == []
    cluster.node()
    done = grade(folder, *cluster.options)
    assert "is refused" in done.stderr
    assert [record["points"] for record in stored(tmp_path / "class.db")] == [10] * 4
