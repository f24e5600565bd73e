"""Who copied is found, whatever was renamed and reordered; who thought for themselves is not."""

import ast
import json
import random
import re
import time
from functools import cache

import pytest
from conftest import ROOT, weekly

from grader.classroom.reading import similarity_page
from grader.classroom.reading.similarity import K_GRAM, WINDOW, alike, fingerprints, winnow
from grader.classroom.reading.tokens import code_of, functions
from grader.course.course import Course
from grader.course.reference_text import definitions as defined

COURSE = Course(ROOT)


@cache
def unit_of(name):
    return COURSE.solutions(name)


def independent(unit):
    """The reference, and as many files of rewrites as the unit has: students who thought for themselves."""
    text, ways = unit.rewrites_text, {}
    for name in defined(text):
        if (exercise := name.split("__")[0]) in unit.exercises:
            ways.setdefault(exercise, []).append(name)
    files = {"the reference": unit.text.encode()}
    for turn in range(max(map(len, ways.values()))):
        file = text
        for exercise, names in ways.items():
            if turn < len(names):
                file = re.sub(rf"\b{names[turn]}\b", exercise, file)
        files[f"rewrites {turn}"] = file.encode()
    return files


class Renamer(ast.NodeTransformer):
    """Every local name another, every docstring another."""

    def __init__(self, local):
        self.local = local

    def visit_Name(self, node):
        return ast.Name(self.local.get(node.id, node.id), node.ctx)

    def visit_arg(self, node):
        return ast.arg(self.local.get(node.arg, node.arg))


def disguised(text, seed=0):
    """The same work with local names renamed, functions reordered, numbers' spelling, comments and layout changed."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = {
                item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
            }
            names |= {item.arg for item in ast.walk(node) if isinstance(item, ast.arg)}
            local = {name: f"my_{index}" for index, name in enumerate(sorted(names))}
            Renamer(local).generic_visit(node)
            node.body = [ast.Expr(ast.Constant("My own words.")), *node.body]
    moved = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    random.Random(seed).shuffle(moved)
    rest = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    tree.body = rest + moved
    lines = ast.unparse(ast.fix_missing_locations(tree)).split("\n")
    return "\n".join(f"{line}  # mine" if line.endswith(")") else line for line in lines)


@pytest.mark.parametrize("name", COURSE.units)
def test_tokens_are_those_of_the_functions_that_python_sees(name):
    unit = unit_of(name)
    for text in (unit.text, unit.rewrites_text):
        wanted = list(defined(text))
        found = functions(text, wanted)
        assert list(found) == wanted
        for function, tokens in found.items():
            node = defined(text)[function].node
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            begins = min([first.lineno, *(line.lineno for line in getattr(first, "decorator_list", ()))])
            assert all(begins <= token.line <= node.end_lineno for token in tokens)
            assert tokens[-1].line == max(item.end_lineno for item in ast.walk(node) if hasattr(item, "end_lineno"))


@pytest.mark.parametrize("name", COURSE.units)
def test_independent_solutions_are_not_alike(name):
    unit = unit_of(name)
    assert alike(independent(unit), COURSE.assignment(name).read_text(), list(unit.exercises)) == []


@pytest.mark.parametrize("name", COURSE.units)
def test_a_disguised_copy_is_found_among_independent_solutions(name):
    unit = unit_of(name)
    files = independent(unit) | {"the copy": disguised(unit.text).encode()}
    (pair,) = alike(files, COURSE.assignment(name).read_text(), list(unit.exercises))
    assert (pair.left, pair.right) == ("the reference", "the copy")
    assert pair.score > 0.65


def test_one_copied_exercise_of_many_is_found():
    unit = unit_of("attention")
    files = independent(unit)
    copied = defined(unit.text)["multi_head_attention"].body
    others = files["rewrites 0"].decode()
    others = re.sub(r"^def multi_head_attention\(", "def unused(", others, flags=re.MULTILINE)
    files["rewrites 0"] = f"{others}\n\n{disguised(copied)}\n".encode()
    stubs = COURSE.assignment("attention").read_text()
    (pair,) = alike(files, stubs, list(unit.exercises))
    assert [name for name, _ in pair.exercises] == ["multi_head_attention"]
    assert {match.exercise for match in pair.matches} >= {"multi_head_attention"}


def test_matched_lines_are_lines_of_both():
    unit = unit_of("backprop")
    copy = disguised(unit.text)
    (pair,) = alike({"a": unit.text.encode(), "b": copy.encode()}, "", list(unit.exercises))
    for match in pair.matches:
        for text, (first, last) in ((unit.text, match.left), (copy, match.right)):
            start, end = defined(text)[match.exercise].span
            assert start <= first <= last <= end


def test_a_short_function_has_few_ways_to_be_written():
    short = b"def f(x):\n    mean = x.mean()\n    return mean, np.sqrt(((x - mean) ** 2).mean())\n"
    assert alike({"a": short, "b": short, "c": b"def f(x):\n    return x\n"}, "", ["f"]) == []


def test_what_the_stubs_hold_tells_nothing():
    unit = unit_of("attention")
    exercises, given = list(unit.exercises), unit.text
    files = {"a": given.encode(), "b": given.encode()}
    assert alike(files, given, exercises) == []
    assert len(alike(files, COURSE.assignment("attention").read_text(), exercises)) == 1


def test_an_answer_that_many_give_tells_nothing():
    unit = unit_of("attention")
    files = {f"s{number}": unit.text.encode() for number in range(5)}
    assert alike(files, "", list(unit.exercises)) == []
    assert len(alike(dict(list(files.items())[:3]), "", list(unit.exercises))) == 3


def test_winnowing_keeps_one_of_every_window_and_finds_every_long_run():
    rng = random.Random(3)
    for _ in range(50):
        hashes = [rng.randrange(40) for _ in range(rng.randint(1, 60))]
        kept = dict(winnow(hashes))
        assert all(hashes[place] == value for place, value in kept.items())
        for start in range(max(len(hashes) - WINDOW + 1, 1)):
            assert set(range(start, start + WINDOW)) & set(kept)
    # the paper's example, windows of 4
    paper = [77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98]
    assert [value for _, value in winnow(paper, 4)] == [17, 17, 8, 39, 17]
    words = [f"x{i} + " for i in range(K_GRAM + WINDOW)]
    run = "".join(f"y[{'0 + ' * (i % 3)}z] * " for i, _ in enumerate(words)) + "1"
    one, two = (f"def f(x):\n    {lead}\n    return {run}\n" for lead in ("a = 1", "for b in x: print(b)"))
    assert set(fingerprints(one, ["f"]).lines) & set(fingerprints(two, ["f"]).lines)


def notebook(*cells):
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": cell} for cell in cells]}).encode()


def test_a_notebook_is_compared_by_its_cells():
    unit = unit_of("attention")
    files = {"a": unit.text.encode(), "b": notebook("%matplotlib inline", disguised(unit.text))}
    assert len(alike(files, "", list(unit.exercises))) == 1


HOSTILE = {
    "NUL": b"def f(x):\0\0\n return x",
    "not UTF-8": b"\xff\xfe\x80def f(x): return 1",
    "unknown encoding": b"# coding: martian\ndef f(x): return 1",
    "an open bracket": b"def f(x):\n    return (" + b"(" * 100_000,
    "open strings": b"def f(x):\n    return " + b'"""\\' * 100_000,
    "open quotes": b"def f(x):\n    return " + b"'\\" * 200_000,
    "a deep notebook": b'{"cells": ' + b"[" * 100_000,
    "no notebook": b'{"cells": [{"cell_type": "code"}, 3]}',
    "one long line": b"def f(x): return " + b"x+" * 100_000,
    "empty": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_stops_the_comparison(name):
    start = time.process_time()
    alike({"a": HOSTILE[name], "b": HOSTILE[name], "c": b"def f(x):\n    return x\n"}, "", ["f"])
    assert time.process_time() - start < 30  # what is quadratic in a megabyte takes hours


def invented(rng, count=10):
    """A file of a student who thinks for themselves: statements drawn at random."""
    words = [
        "exp",
        "sum",
        "mean",
        "max",
        "log",
        "dot",
        "sqrt",
        "tanh",
        "where",
        "reshape",
        "swapaxes",
        "einsum",
        "cumsum",
    ]

    def term(depth):
        if depth == 0 or rng.random() < 0.2:
            return rng.choice(["x", "y", "W[0]", "b", "2", "x.shape[0]", "x.T"])
        left, right = term(depth - 1), term(depth - 1)
        forms = [f"({left} {rng.choice('+-*/@')} {right})", f"np.{rng.choice(words)}({left}, axis={right})", f"-{left}"]
        return rng.choice([*forms, f"{left}[{right}, None]", f"np.{rng.choice(words)}({left})"])

    parts = ["import numpy as np\n"]
    for number in range(count):
        body = [f"    v{at} = {term(3)}" for at in range(rng.randint(2, 7))]
        parts.append("\n".join([f"def f{number}(x, y, W, b):", *body, f"    return {term(2)}"]))
    return "\n\n\n".join(parts)


@pytest.mark.parametrize("count", [250, weekly(1000)])
def test_many_files_are_compared_without_looking_at_every_pair(count):
    rng = random.Random(0)
    files = {f"s{number}": invented(rng).encode() for number in range(count - 2)}
    for number in range(2):
        files[f"copy {number}"] = disguised(files[f"s{number}"].decode(), number).encode()
    pairs = alike(files, "", [f"f{number}" for number in range(10)])
    assert {(pair.left, pair.right) for pair in pairs} == {("s0", "copy 0"), ("s1", "copy 1")}


def test_the_page_shows_both_sides_as_a_prompt_and_obeys_nothing():
    text = unit_of("backprop").text
    evil = text.replace("def linear_backward", "# </pre><script>alert(1)</script> \u202e\ndef linear_backward")
    evil = evil.replace("return dout @ W.T", "return dout @ W.T  # <script>alert(1)</script> \u202e \x1b[31m")
    files = {"<b>one</b>": text.encode(), "two\u202e": evil.encode()}
    exercises = list(unit_of("backprop").exercises)
    page = similarity_page.render(alike(files, "", exercises), files, "A course")
    assert "<script" not in page
    assert "script-src 'none'" in page
    assert "&lt;b&gt;one&lt;/b&gt;" in page
    assert not set("\u202e\x1b") & set(page)
    assert "It decides nothing, and no grade depends on it." in page
    assert page.count("<pre>") % 2 == 0
    assert page.count('class="alike"') > 20
    assert not re.search(r"cheat|plagiar|guilty|stole", page, re.IGNORECASE)


def test_code_of_a_plain_file_is_its_text():
    assert code_of(b"x = 1\r\n") == "x = 1\n"
