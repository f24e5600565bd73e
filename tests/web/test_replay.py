"""A judge that stops where it needs an answer, and runs again when it has come, reports what one that waits reports."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import RIGHT

from grader.grading.asking import Asking
from grader.key import Key, to_bytes
from grader.report import to_json
from grader.sandbox import wire
from grader.sandbox.server import Sandbox, SandboxError
from grader.sandbox.worker import Worker, WorkerEnded
from grader.web.page_judge import PageJudge
from grader.web.replay import Event, Recording, Waiting

FILES = {
    "right": RIGHT,
    "a stub": RIGHT.replace("return x * factor", "raise NotImplementedError"),
    "wrong": RIGHT.replace("axis=1", "axis=0"),
    "an exception": RIGHT.replace("return x * factor", "return x.nothing"),
    "nothing of it": "x = 1\n",
    "a syntax error": RIGHT.replace("return x * factor", "return x *"),
    "forbidden": "import requests\n" + RIGHT.replace("return x * factor", "return requests.get(x)"),
    "printed": RIGHT.replace("return x * factor", "print('here', x.shape); return x"),
    "an end": RIGHT.replace("return x * factor", "import os; os._exit(3)"),
    "an end at the top": RIGHT + "\nimport os\nos._exit(3)\n",
    "a memory": "SEEN = []\n" + RIGHT.replace("return x * factor", "SEEN.append(1); return x * factor + len(SEEN) - 1"),
    "a memory that shows late": "SEEN = []\n"
    + RIGHT.replace("return x * factor", "SEEN.append(1); return x * factor + (len(SEEN) > 4)"),
    "an input changed": RIGHT.replace("return x * factor", "x *= factor; return x"),
    "a constant": RIGHT.replace("return x * factor", "return x * 2.0"),
    "a logarithm": RIGHT.replace("np.sum(x, axis=1)", "np.sum(np.log(np.abs(x)), axis=1)"),
    "a loop for other inputs": RIGHT.replace(
        "return np.sum(x, axis=1)", "while (x > 0).all(): pass\n    return np.sum(np.log(np.abs(x)), axis=1)"
    ),
    "an end for other inputs": RIGHT.replace(
        "return np.sum(x, axis=1)",
        "if (x > 0).all(): import os; os._exit(3)\n    return np.sum(np.log(np.abs(x)), axis=1)",
    ),
    "a loop": RIGHT.replace("return x * factor", "while True: pass"),
}


class Native:
    """What has the workers: a sandbox of this machine. Events are handed over one by one, or as many as there are."""

    def __init__(self, sandbox: Sandbox):
        self.sandbox = sandbox
        self.workers: dict[int, Worker] = {}
        self.sent: dict[int, bytes] = {}
        self.waits = 0  # runs of the judge
        self.judge = PageJudge(self)

    def want(self, worker: int) -> None:
        self.workers[worker] = self.sandbox.worker()
        self.sent[worker] = b""

    def post(self, worker: int, frames: bytes) -> None:
        self.sent[worker] += frames
        self.workers[worker].send_frames(frames)

    def end(self, worker: int) -> None:
        self.workers[worker].close()

    def check(self, key: Key, source: str, at_once: bool) -> tuple[dict[str, Any], dict[str, list[str]]]:
        self.judge.open(key.unit, to_bytes(key))
        names = json.loads(
            self.judge.begin(key.unit, f"{key.unit}.py", source.encode(), "null", self.sandbox.limits.seconds)
        )
        words = {}
        for name in names:
            while "exercise" not in (found := json.loads(self.judge.step())):
                assert found["due"] > 0 or found["seconds"] is None  # what is waited for was asked for, or is a start
                self._await(found["worker"], found["seconds"], found["due"] if at_once else 1)
            words[name] = found["words"]
        report = json.loads(self.judge.report())
        self.judge.end()
        return report, words

    def _await(self, number: int, seconds: float | None, most: int) -> None:
        self.waits += 1
        if seconds is None:
            self.judge.came(number, "ready")
            return
        for _ in range(max(most, 1)):
            try:
                frame = wire.encode(self.workers[number].receive(seconds), opaque=True)
            except WorkerEnded as ended:
                self.judge.came(
                    number, "ended", seconds if ended.how == "timeout" else 0.0, b"", ended.detail, ended.how
                )
                return
            if text := self.workers[number].printed():
                self.judge.came(number, "printed", text=text)
            self.judge.came(number, "frame", 0.001, frame)


@pytest.fixture
def native(sandbox: Sandbox) -> Iterator[Native]:
    found = Native(sandbox)
    yield found
    found.judge.end()
    for worker in found.workers.values():
        worker.close()


def without_seconds(report: dict[str, Any]) -> dict[str, Any]:
    exercises = [{name: value for name, value in each.items() if name != "seconds"} for each in report["exercises"]]
    return {**report, "exercises": exercises, "seconds": 0, "isolation": ""}


@pytest.mark.parametrize("at_once", [True, False], ids=["many at once", "one by one"])
@pytest.mark.parametrize("what", FILES)
@pytest.mark.usefixtures("hurried")
def test_a_replayed_report_is_that_of_a_judge_that_waits(what, at_once, native, toy_key, mark):
    report, _ = native.check(toy_key, FILES[what], at_once)
    assert without_seconds(report) == without_seconds(to_json(mark(FILES[what])))


def test_questions_with_another_argument_are_not_waited_for_one_by_one(native, toy_key, monkeypatch):
    report, _ = native.check(toy_key, FILES["a logarithm"], at_once=True)
    findings = [check.get("finding") for exercise in report["exercises"] for check in exercise["checks"]]
    hints = [finding["hint"] for finding in findings if finding]
    assert all(hint.startswith("With exp(x) in place of x, your answer is right: ") for hint in hints)
    assert len(hints) == 2
    at_once, native.waits = native.waits, 0
    monkeypatch.setattr(Asking, "expect", lambda self, questions: None)
    assert native.check(toy_key, FILES["a logarithm"], at_once=True)[0]["points"] == report["points"]
    assert native.waits >= at_once + 6  # one for each of seven changes, and not one for all


def test_what_is_sent_is_sent_once(native, toy_key):
    native.check(toy_key, RIGHT, at_once=False)
    frames = [wire.decode(frame) for frame in split(native.sent[1])]
    assert [frame["op"] for frame in frames[:2]] == ["read", "run"]
    asked = [(frame["pieces"][0], frame["inputs"]) for frame in frames if frame["op"] == "call"]
    again = [(one, other) for one, other in itertools.pairwise(asked) if wire.same(list(one), list(other))]
    assert again == []


def split(frames: bytes) -> Iterator[bytes]:
    while frames:
        size = wire.PREFIX.size + sum(wire.lengths(frames[: wire.PREFIX.size]))
        yield frames[:size]
        frames = frames[size:]


class Nowhere:
    def want(self, worker: int) -> None: ...
    def post(self, worker: int, frames: bytes) -> None: ...
    def end(self, worker: int) -> None: ...


def recorded(*events: Event) -> tuple[Recording, Callable[[], Any]]:
    """A recording with one worker, ready, and what came from it."""
    recording = Recording(Nowhere())
    with pytest.raises(Waiting):
        recording.worker()
    recording.rewind()
    for event in (Event("ready"), *events):
        recording.came(1, event)
    return recording, recording.worker()


def test_waiting_is_no_exception_that_a_judge_would_take_for_a_fault():
    assert not issubclass(Waiting, Exception)


def test_bytes_that_are_no_frame_end_a_worker_as_they_do_natively():
    for frame in (b"", b"GRD1", b"GRD1" + bytes(12) + b"more", b"nothing" * 9):
        _, worker = recorded(Event("frame", frame=frame))
        with pytest.raises(WorkerEnded, match="it wrote bytes that are no answer"):
            worker.receive(1.0)


def test_an_answer_that_is_too_large_is_refused_before_it_is_read():
    _, worker = recorded(Event("frame", frame=wire.PREFIX.pack(wire.MAGIC, 0, 65 << 20)))
    with pytest.raises(WorkerEnded, match="its answer has 68,157,440 bytes"):
        worker.receive(1.0)


def test_only_what_is_waited_for_is_time():
    frame = wire.encode(1)
    recording, worker = recorded(Event("frame", 0.5, frame), Event("frame", 0.25, frame))
    assert [worker.receive(1.0), recording.now(), worker.receive(1.0), recording.now()] == [1, 0.5, 1, 0.75]


def test_a_worker_that_does_not_start_is_nobodys_lost_point():
    recording = Recording(Nowhere())
    with pytest.raises(Waiting):
        recording.worker()
    recording.rewind()
    recording.came(1, Event("ended", how="crash", text="no memory"))
    with pytest.raises(SandboxError, match=r"did not start \(no memory\)"):
        recording.worker()


def test_printed_text_comes_with_the_answer_before_which_it_was_printed():
    frame = wire.encode(1)
    _, worker = recorded(Event("printed", text="one"), Event("frame", frame=frame), Event("printed", text="two"))
    worker.receive(1.0)
    assert worker.printed() == "one"
    with pytest.raises(Waiting):
        worker.receive(1.0)
