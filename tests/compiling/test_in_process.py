"""Functions are asked in this process as a worker would ask them."""

from dataclasses import replace

import numpy as np

from grader.compiling.compile import compile_exercise, compile_with_mistakes
from grader.compiling.in_process import asked_once, in_process
from grader.judging.traces import Raised
from grader.report import Status
from grader.sandbox.wire import same


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


def test_what_a_key_knows_of_a_mistake_is_not_asked_again(toy, monkeypatch):
    key, mistakes = compile_with_mistakes(toy, "row_sums", 0)
    monkeypatch.setattr("grader.compiling.in_process.call", None)
    known = [(name, question) for question in key.questions for name in question.mistakes]
    assert known
    for name, question in known:
        answer = mistakes[name](question).value
        assert question.mistakes[name] is None if isinstance(answer, Raised) else same(answer, question.mistakes[name])


def test_the_same_inputs_twice_are_two_questions(toy):
    key, count = compile_exercise(toy, "row_sums", 0), []

    def counting(x):
        count.append(x)
        return float(len(count))

    question, ask = key.questions[0], asked_once(in_process([counting], key))
    again = replace(question, inputs=dict(question.inputs))
    assert [float(ask(one).value) for one in (question, again, replace(question, mistakes={}))] == [1.0, 2.0, 1.0]
