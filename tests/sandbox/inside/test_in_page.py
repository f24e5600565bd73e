"""The student's side in a page: what is printed goes out in order and in bounds, and messages are answered one after another."""

import io
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import RIGHT

from grader.sandbox import wire
from grader.sandbox.inside.in_page import BRIDGE, Page, Printed, shut
from grader.sandbox.walls.limits import Limits


class Out:
    def __init__(self):
        self.said: list[str] = []
        self.floods = 0

    def flood(self) -> None:
        self.floods += 1

    def printed(self, **limits: int) -> Printed:
        return Printed(self.said.append, self.flood, replace(Limits(), **limits))


def test_no_more_is_posted_than_a_limit_allows_between_two_replies():
    out = Out()
    printed = out.printed(output=10)
    printed.write("12345678901234")
    printed.write("more")
    printed.begin()
    printed.write("again")
    printed.begin()
    assert "".join(out.said) == "1234567890again"


def test_far_too_much_is_told_once_it_is_printed():
    out = Out()
    printed = out.printed(output=4, output_flood=100)
    printed.write("x" * 100)
    assert out.floods == 0
    printed.write("x")
    assert out.floods == 1
    printed.begin()
    assert "".join(out.said) == "xxxx"


def test_what_cannot_be_encoded_is_posted_as_its_escape():
    out = Out()
    printed = out.printed()
    printed.write("\ud800")
    printed.begin()
    assert "".join(out.said) == "\\ud800"


def test_the_bridge_is_taken_from_the_list_of_modules(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    modules = {f"{name}{rest}": object() for name in BRIDGE for rest in ("", ".ffi")} | {"json": json}
    shut(modules)
    assert modules == {"json": json}


@pytest.fixture
def page(monkeypatch) -> tuple[Page, list]:
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, io.StringIO())
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    came: list = []
    return Page(lambda frame: came.append(wire.decode(frame)), came.append, lambda: came.append("flood")), came


def test_code_is_tried_out_with_the_names_of_a_file(page, monkeypatch):
    tried, came = page
    monkeypatch.setattr(sys, "stdout", tried.printed)  # pytest has replaced it since
    request = {"file": "toy.py", "source": RIGHT, "allows": ["numpy"], "code": "print('here')\nscale(np.ones(2), 3.0)"}
    assert json.loads(tried.try_out(json.dumps(request))) == {"value": "array([3., 3.])", "error": ""}
    assert "".join(came) == "here\n"


def test_an_error_in_code_that_is_tried_out_is_told_with_the_students_own_lines(page):
    tried, _ = page
    request = {"file": "toy.py", "source": RIGHT + "\nlate = [][0]\n", "allows": ["numpy"], "code": "scale(None)\n"}
    told = json.loads(tried.try_out(json.dumps(request)))["error"]
    assert "IndexError" in told.splitlines()[0]
    assert 'File "toy.py"' in told
    assert 'File "<console>", line 1' in told
    assert told.splitlines()[-1].startswith("TypeError")
    assert "in_page" not in told


def test_whole_numbers_are_given_as_those_that_index(monkeypatch):
    given = {
        "labels": np.array([1, 0, 2]),
        "far": np.array([1 << 40]),
        "none": np.array([], np.int64),
        "bytes": np.zeros(2, np.uint8),
    }
    assert {name: array.dtype for name, array in wire.materialise(given).items()} == {
        name: array.dtype for name, array in given.items()
    }
    monkeypatch.setattr(np, "intp", np.int32)  # as where addresses have 32 bits
    found = wire.materialise(given)
    assert [found[name].dtype for name in given] == [np.int32, np.int64, np.int32, np.uint8]
    assert found["labels"].tolist() == [1, 0, 2]
