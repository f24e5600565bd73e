"""Functions are asked in this process as a worker would ask them."""

import numpy as np

from grader.authoring.in_process import asked_once, in_process
from grader.compiling.compile import compile_exercise
from grader.report import Status


def test_a_question_is_put_once_and_answered_alike_ever_after(toy):
    key, put = compile_exercise(toy, "row_sums", 0), []

    def row_sums(x):
        put.append(x)
        x += 1
        return np.full(len(x), float(len(put)))

    ask = asked_once(in_process([row_sums], key))
    first = [ask(question) for question in key.questions]
    again = [ask(question) for question in reversed(key.questions)]
    assert first == again[::-1]
    assert [answer.value[0] for answer in first] == list(range(1, len(key.questions) + 1))
    assert all(answer.changed == ["x"] for answer in first)


def test_an_exception_and_a_stub_are_answers(toy):
    key = compile_exercise(toy, "row_sums", 0)

    def raising(x):
        raise ZeroDivisionError("no")

    def stub(x):
        raise NotImplementedError

    answer = in_process([raising], key)(key.questions[0])
    assert (answer.status, answer.value.names[-1]) == (Status.ERROR, "ZeroDivisionError")
    assert in_process([stub], key)(key.questions[0]).status == Status.MISSING
