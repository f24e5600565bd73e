"""What is forbidden of PyTorch is found in the text of a class, and refused while it is used, by whatever name."""

import ast
import contextlib
import textwrap

import numpy as np
import pytest

from grader.sandbox.inside.doors import ForbiddenOperation, refused
from grader.sandbox.inside.operations import first_use, names_of
from grader.sandbox.inside.paths import functions, look_up, operation_exists, places

torch = pytest.importorskip("torch")
FORBIDS = ["torch.nn.LSTM", "torch.lstm"]
HEAD = "import torch\nfrom torch import nn\nfrom torch.nn import LSTM as Ready\n\n\n"


def in_text(body: str) -> tuple[int, str] | None:
    return first_use(names_of(ast.parse(HEAD + textwrap.dedent(body))), "Memory", FORBIDS)


FOUND = {
    "inherited from": ("class Memory(nn.LSTM):\n    pass", "nn.LSTM"),
    "held": ("class Memory(nn.Module):\n    def __init__(self, d):\n        self.cell = torch.nn.LSTM(d, d)", "torch.nn.LSTM"),
    "by another name": ("def made():\n    return Ready(2, 3)\n\n\nMemory = made", "Ready"),
    "where it is defined": ("Memory = torch.nn.modules.rnn.LSTM", "torch.nn.modules.rnn.LSTM"),
    "as a function": ("class Memory(nn.Module):\n    def forward(self, x):\n        return torch.lstm(x)", "torch.lstm"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "operation"), FOUND.values(), ids=FOUND)
def test_a_forbidden_class_is_found_in_what_a_student_wrote(body, operation):
    line, found = in_text(body)
    assert found == operation
    assert operation in (HEAD + body).splitlines()[line - 1]


FREE = {
    "a class of one's own of that name": "class LSTM(nn.Module):\n    pass\n\n\nMemory = LSTM",
    "other layers": "class Memory(nn.Module):\n    def __init__(self, d):\n        self.gates = nn.Linear(d, 4 * d)",
    "what is not used": "def other():\n    return nn.LSTM(2, 3)\n\n\nclass Memory(nn.Module):\n    pass",
    "a comment and a string": "class Memory(nn.Module):\n    '''Like nn.LSTM.'''\n    # torch.lstm",
}


@pytest.mark.parametrize("body", FREE.values(), ids=FREE)
def test_what_only_looks_like_it_is_free(body):
    assert in_text(body) is None


@pytest.mark.parametrize("module", [torch.nn, torch.nn.modules, torch.nn.modules.rnn])
def test_a_forbidden_class_is_refused_while_an_exercise_is_asked_and_only_then(module):
    with pytest.raises(ForbiddenOperation, match=r"^torch\.nn\.LSTM$"), refused(FORBIDS):
        getattr(module, "LS" + "TM")(2, 3)
    with refused(FORBIDS):
        assert torch.nn.GRU(2, 3)(torch.zeros(1, 4, 2))[0].shape == (1, 4, 3)
    assert torch.nn.LSTM(2, 3)(torch.zeros(1, 4, 2))[0].shape == (1, 4, 3)


def test_who_catches_the_refusal_is_refused_at_the_end():
    with (
        pytest.raises(ForbiddenOperation, match=r"^torch\.nn\.LSTM$"),
        refused(FORBIDS),
        contextlib.suppress(Exception),
    ):
        torch.nn.LSTM(2, 3)


def test_a_path_leads_to_what_it_says_or_nowhere():
    assert look_up("torch.nn.LSTM") is torch.nn.LSTM
    assert look_up("numpy.linalg.solve") is np.linalg.solve
    assert [operation_exists(path) for path in ("torch.nn", "torch.nn.LSTMs", "math.sqrt", "os.sep")] == [
        True,
        False,
        True,
        False,
    ]


def test_nothing_of_numpy_is_refused_for_a_class_of_pytorch():
    assert set(functions(tuple(FORBIDS)).values()) == set(FORBIDS)
    assert {module.__name__.split(".")[0] for module, _, _ in places(tuple(FORBIDS))} == {"torch"}
