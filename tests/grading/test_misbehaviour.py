"""What goes wrong in one function has a status and one clear sentence of its own, and costs the others nothing."""

import textwrap

import pytest
from conftest import RIGHT, by_name, first_finding

ROWS = "    return np.sum(x, axis=1)\n"


def broken(body: str, head: str = "") -> str:
    """The right file with row_sums's body replaced, and lines put on top."""
    assert ROWS in RIGHT
    indented = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n"
    return head + RIGHT.replace(ROWS, indented)


MISBEHAVIOURS = {
    "an endless loop": ("while True: pass", "timeout", "timeout", "no answer after 1 s"),
    "a sleep": ("import time\ntime.sleep(60)", "timeout", "timeout", "no answer after 1 s"),
    "os._exit": ("import os\nos._exit(0)", "crash", "crash", "it ended the process with exit status 0"),
    "sys.exit": ("import sys\nsys.exit()", "error", "exception", "your code calls sys.exit()"),
    "a segfault": ("import ctypes\nctypes.string_at(0)", "crash", "crash", "SIGSEGV"),
    "40 GB": ("return np.zeros(5 * 10**9)", "memory", "memory", "MemoryError"),
    "None": ("return None", "failed", "type", "sums are None, expected an array of shape (3,); is a `return` missing?"),
    "no return": ("np.sum(x, axis=1)", "failed", "type", "is a `return` missing?"),
    "a list": ("return list(np.sum(x, axis=1))", "failed", "type", "wrap it in np.array"),
    "nan": ("return np.full(len(x), np.nan)", "failed", "nonfinite", "sums[0] is nan, expected"),
    "inf": ("return np.full(len(x), np.inf)", "failed", "nonfinite", "sums[0] is inf, expected"),
    "a masked array": (
        "return np.ma.masked_array(np.sum(x, axis=1), mask=True)",
        "failed",
        "type",
        "sums are a MaskedArray, expected an array of shape (3,)",
    ),
    "a matrix": ("return np.matrix(x).sum(1)", "failed", "type", "sums are a matrix"),
    "float32": ("return np.sum(x, axis=1).astype(np.float32)", "failed", "dtype", "sums are float32, expected float64"),
    "complex": ("return np.sum(x, axis=1) + 0j", "failed", "dtype", "sums are complex128, expected float64"),
    "objects": ("return np.sum(x, axis=1).astype(object)", "failed", "type", "dtype object"),
    "strings": ("return np.sum(x, axis=1).astype(str)", "failed", "type", "array of dtype"),
    "another shape": ("return np.sum(x, axis=1)[None]", "failed", "shape", "sums have shape (1, 3), expected (3,)"),
    "empty": ("return np.empty((0,))", "failed", "shape", "sums have shape (0,), expected (3,)"),
    "a petabyte of stride 0": ("return np.broadcast_to(1.0, (1 << 20, 1 << 30))", "failed", "type", "too large"),
    "its input changed": ("s = x.sum(1)\nx[0, 0] = 7\nreturn s", "failed", "mutated", "changes its input x"),
    "an exception": ("return x @ x", "error", "exception", "ValueError: matmul"),
    "an exception that cannot be shown": (
        "class E(Exception):\n    def __str__(self): raise E\nraise E",
        "error",
        "exception",
        "<the message cannot be printed>",
    ),
    "a keyboard interrupt": ("raise KeyboardInterrupt", "error", "exception", "KeyboardInterrupt"),
    "recursion": ("return row_sums(x)", "error", "exception", "RecursionError"),
    "input()": ("return input()", "error", "exception", "EOFError"),
    "not written": ("raise NotImplementedError", "missing", "missing", "not written yet"),
    "a forbidden import": (
        "import scipy.special\nreturn x",
        "forbidden",
        "forbidden",
        "scipy may not be imported here",
    ),
    "a hidden forbidden import": (
        "import importlib\nreturn importlib.import_module('sci' + 'py')",
        "forbidden",
        "forbidden",
        "scipy may not be imported here",
    ),
    "the grader itself": ("import grader.key\nreturn x", "forbidden", "forbidden", "grader may not be imported here"),
    "bytes on every descriptor": (
        "import os\nfor fd in range(3, 20):\n    try: os.write(fd, b'FORGED' * 9)\n    except OSError: pass",
        "crash",
        "crash",
        "bytes that are no answer",
    ),
    "every descriptor closed": ("import os\nos.closerange(0, 4096)", "crash", "crash", ""),
}


@pytest.mark.parametrize(("body", "status", "kind", "words"), MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
@pytest.mark.usefixtures("hurried")
def test_a_misbehaviour_has_its_status_and_sentence_and_costs_the_others_nothing(mark, body, status, kind, words):
    report = by_name(mark(broken(body)))
    finding = first_finding(report["row_sums"])
    assert (report["row_sums"].status, finding.kind) == (status, kind)
    assert words in finding.message
    assert report["row_sums"].points == (2 if kind == "mutated" else 0)  # that is a claim of its own, worth one
    assert report["scale"].points == 4
    assert report["mean_and_spread"].points == 3


LYING = """
class Yes:
    __array_priority__ = 1e9
    def __eq__(self, other): return True
    def __sub__(self, other): return np.zeros(3)
    def __array__(self, *a, **k): return np.zeros(3)
    def __array_function__(self, *a): return True
    def __array_ufunc__(self, *a, **k): return True
return Yes()
"""


def test_an_object_that_claims_to_equal_everything_is_not_an_array(mark):
    report = by_name(mark(broken(LYING)))
    assert report["row_sums"].points == 0
    assert first_finding(report["row_sums"]).message.startswith("sums are a Yes, expected an array of shape (3,)")


def test_a_megabyte_of_prints_costs_nothing_and_is_cut(mark):
    report = by_name(mark(broken("print('x' * (1 << 20))\nreturn np.sum(x, axis=1)")))
    assert report["row_sums"].points == 3
    assert 0 < len(report["row_sums"].printed) <= 3 * (64 << 10)


def test_a_flood_of_prints_is_ended(mark):
    report = by_name(mark(broken("while True: print('x' * 100000)")))
    assert report["row_sums"].status == "crash"
    assert first_finding(report["row_sums"]).kind == "output"
    assert report["mean_and_spread"].points == 3


def test_the_students_own_line_is_shown_for_an_exception(mark):
    report = by_name(mark(broken("total = x.sum(1)\nreturn total / undefined_name")))
    message = first_finding(report["row_sums"]).message
    assert "NameError: name 'undefined_name' is not defined" in message
    assert "`return total / undefined_name`" in message
    assert "conftest" not in message
    assert "call.py" not in message


def test_a_syntax_error_costs_its_own_function_only(mark):
    for body in ("return np.sum(x, axis=1", "return 'x", "if True\n    pass", "  return\n return"):
        source = RIGHT.replace(ROWS, "    " + body + "\n")
        report = by_name(mark(source))
        assert report["row_sums"].status == "unreadable", body
        assert "Error" in first_finding(report["row_sums"]).message
        assert (report["scale"].points, report["mean_and_spread"].points) == (4, 3), body


def test_a_function_without_a_body_is_blamed_and_not_the_next(mark):
    start, end = RIGHT.index('    """Add up'), RIGHT.index("def mean_and_spread")
    report = by_name(mark(RIGHT[:start] + RIGHT[end:]))
    assert report["row_sums"].status == "unreadable"
    assert "expected an indented block" in first_finding(report["row_sums"]).message
    assert (report["scale"].points, report["mean_and_spread"].points) == (4, 3)


@pytest.mark.parametrize(
    "top", ["1 / 0", "import sys; sys.exit(3)", "x = undefined", "import scipy", "input('rows? ')"]
)
def test_a_statement_that_fails_at_the_top_of_the_file_costs_nothing(mark, top):
    assert mark(top + "\n" + RIGHT).is_perfect


@pytest.mark.parametrize("top", ["while True: pass", "import os; os._exit(0)", "import ctypes; ctypes.string_at(0)"])
@pytest.mark.usefixtures("hurried")
def test_a_statement_that_ends_the_process_at_the_top_of_the_file_is_left_out(mark, top):
    assert mark(top + "\n" + RIGHT).is_perfect


def test_a_file_that_ends_the_process_again_and_again_is_given_up(mark):
    report = mark("import os\n" + "os._exit(0)\n" * 30 + RIGHT)
    assert report.points == 0
    assert all(exercise.status == "crash" for exercise in report.exercises)


def test_a_missing_function_is_missing_and_a_near_name_is_offered(mark):
    report = by_name(mark(RIGHT.replace("def row_sums", "def row_sum")))
    assert report["row_sums"].status == "missing"
    assert first_finding(report["row_sums"]).message.endswith("defines row_sum: did you mean that one?")
    assert report["scale"].points == 4


@pytest.mark.parametrize("other", ["RowSums", "rowsum", "row_smus", "row_sumss"])
def test_a_slip_is_a_letter_or_two_or_how_words_are_joined(mark, other):
    report = by_name(mark(RIGHT.replace("def row_sums", f"def {other}")))
    assert first_finding(report["row_sums"]).message.endswith(f"defines {other}: did you mean that one?")


@pytest.mark.parametrize("other", ["raw_means", "column_sums", "row_sums_backward", "scale"])
def test_what_has_a_name_of_its_own_is_not_taken_for_another(mark, other):
    """A file from before an exercise was there defines its neighbours: `hard_attention` is no misspelt `linear_attention`."""
    text = (
        RIGHT.replace("def row_sums", f"def {other}") if other != "scale" else RIGHT.replace("def row_sums", "def rows")
    )
    assert first_finding(by_name(mark(text))["row_sums"]).message == "your file does not define row_sums"


def test_a_name_with_a_look_alike_letter_is_told(mark):
    report = by_name(mark(RIGHT.replace("def row_sums", "def r\u043ew_sums")))
    assert "U+043E" in first_finding(report["row_sums"]).message


def test_a_fullwidth_name_is_the_same_name(mark):
    assert mark(RIGHT.replace("def row_sums", "def \uff52ow_sums")).is_perfect


def test_a_wrong_signature_is_told_without_a_traceback(mark):
    report = by_name(mark(RIGHT.replace("def row_sums(x)", "def row_sums()")))
    finding = first_finding(report["row_sums"])
    assert report["row_sums"].status == "error"
    assert finding.message.startswith(
        "your code cannot be called with the stub's arguments: row_sums() takes 0 positional arguments but 1 was"
    )
    assert finding.hint == "Keep the stub's signature."


def test_parameters_may_have_other_names(mark):
    assert mark(
        RIGHT.replace("def row_sums(x)", "def row_sums(matrix, x=None)\n".rstrip("\n")).replace(
            "np.sum(x,", "np.sum(matrix,"
        )
    ).is_perfect


@pytest.mark.parametrize(
    ("text", "words"),
    [("row_sums = [1, 2]", "row_sums is a list, not a function"), ("async def row_sums(x): return 1", "is async")],
)
def test_what_is_not_a_plain_function_is_told(mark, text, words):
    report = by_name(mark(RIGHT + "\n" + text + "\n"))
    assert report["row_sums"].status == "error"
    assert words in first_finding(report["row_sums"]).message


def test_a_name_from_a_forbidden_import_is_forbidden_with_its_line(mark):
    report = by_name(mark(broken("return torch.sum(x)", head="import torch\n")))
    finding = first_finding(report["row_sums"])
    assert (report["row_sums"].status, finding.kind) == ("forbidden", "forbidden")
    assert finding.message == "line 1 imports torch, which this exercise does not allow"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (RIGHT.encode("utf-16"), "UTF-16; save it as UTF-8"),
        (RIGHT.encode()[:200] + b"\0" + RIGHT.encode()[200:], "byte 200 of the file is NUL"),
        (RIGHT.encode() + b"# caf\xe9\n", "is not utf-8; save it as UTF-8"),
        (b"\x7fELF\x02\x01\x01\0\0", "NUL"),
    ],
)
def test_a_file_that_is_no_text_is_unreadable_and_says_what_to_do(mark, content, words):
    report = mark(content)
    assert {exercise.status for exercise in report.exercises} == {"unreadable"}
    assert words in first_finding(report.exercises[0]).message


def test_a_deep_expression_does_not_take_the_grader_down(mark):
    report = by_name(mark(broken("return " + "-" * 20000 + "1")))
    assert report["row_sums"].points == 0


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_misses_everything(mark, content):
    assert {exercise.status for exercise in mark(content).exercises} == {"missing"}


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + RIGHT.encode(),
        RIGHT.replace("\n", "\r\n").encode(),
        b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + RIGHT.encode(),
        RIGHT.rstrip().encode(),
        ("from __future__ import annotations\n" + RIGHT.replace("(x)", "(x: Undefined)")).encode(),
        (RIGHT + "\nif __name__ == '__main__':\n    while True: pass\n").encode(),
        RIGHT.replace("np.sum(x, axis=1)", "np.asfortranarray(np.sum(x, axis=1)).astype('>f8')").encode(),
        RIGHT.replace(
            "    return np.sum(x, axis=1)", "    x -= 0.0; s = np.sum(x, axis=1); s.flags.writeable = False; return s"
        ).encode(),
        RIGHT.replace(
            "    return np.sum(x, axis=1)", "    x.flags.writeable = False; return np.sum(x, axis=1)"
        ).encode(),
        RIGHT.replace(
            "    return np.sum(x, axis=1)",
            "    from concurrent.futures import ThreadPoolExecutor\n"
            "    with ThreadPoolExecutor(4) as pool:\n        return np.array(list(pool.map(np.sum, x)))",
        ).encode(),
        (
            RIGHT
            + "\nimport os\nos.environ.clear()\nos.chdir('/')\nnp.seterr(all='raise')\nimport sys\nsys.stdout = None\n"
        ).encode(),
        RIGHT.replace(
            "    return np.sum(x, axis=1)",
            "    global _buffer\n    _buffer = globals().get('_buffer', np.empty(99))\n"
            "    out = _buffer[:len(x)]\n    out[...] = np.sum(x, axis=1)\n    return out",
        ).encode(),
    ],
    ids=[
        "BOM",
        "CRLF",
        "latin-1",
        "no last newline",
        "future",
        "main block",
        "big-endian",
        "read-only answer",
        "frozen input",
        "threads",
        "wrecked state",
        "one buffer",
    ],
)
def test_odd_but_honest_files_keep_every_point(mark, content):
    report = mark(content)
    assert report.is_perfect, [first_finding(e) for e in report.exercises if e.status != "passed"]


@pytest.mark.usefixtures("hurried")
def test_every_submission_ends_with_one_report_of_every_exercise(mark):
    for source in ("", "import os; os._exit(1)", "while True: pass", RIGHT, "\x00"):
        assert [exercise.id for exercise in mark(source).exercises] == [
            "toy.scale",
            "toy.row_sums",
            "toy.mean_and_spread",
        ]


@pytest.mark.parametrize(
    "warned", ["np.mean([])", "np.log(np.zeros(2))", "np.full((2, 2), 1e200) @ np.full((2, 2), 1e200)"]
)
def test_a_warning_names_the_line_that_led_to_it_and_no_file_of_anybody_elses(mark, warned):
    report = mark(f"import numpy as np\n\n\ndef scale(x, factor):\n    {warned}\n    return x * factor\n")
    lines = by_name(report)["scale"].printed.splitlines()
    assert lines[0].startswith("toy.py:5: RuntimeWarning: ")
    assert lines[1].strip() == warned
    assert not [line for line in lines if ".py:" in line and not line.startswith("toy.py:5:")]
