"""Several functions go through one calculation, of which what comes before their first call is done once.

Each fact is tried in a process of its own, which has one thread: one that forks must have no more.
"""

import subprocess
import sys
from textwrap import dedent

import pytest
from conftest import ROOT

from grader.authoring.branches import branched

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a process is forked on Linux alone")
ADDING = """
    import os, threading
    from grader.authoring.branches import branched

    begun = []

    def calculate(function):
        begun.append(function)
        seen = [len(begun)]
        for step in range(3):
            seen.append(function(step, by=seen))
        return seen

    def adding(step, by):
        return step + sum(by)

    def forgetting(step, by):
        by.clear()
        return step

    functions = {"adds": adding, "forgets": forgetting, "adds again": adding}
"""


def printed(*scripts: str) -> str:
    """What a script prints in a process of its own."""
    command = [sys.executable, "-c", "".join(map(dedent, scripts))]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300).stdout


@LINUX
def test_what_comes_before_the_first_call_is_done_once_and_each_function_goes_on_alone():
    found, begun = printed(ADDING, "print(branched(functions, calculate)); print(len(begun))").splitlines()
    assert found == str({"adds": [1, 1, 3, 7], "forgets": [2], "adds again": [1, 1, 3, 7]})
    assert begun == "1"


def test_beside_another_thread_which_a_fork_would_leave_behind_it_is_begun_for_each():
    thread = "end = threading.Event(); threading.Thread(target=end.wait).start()"
    print_both = "\nprint(branched(functions, calculate)); print(len(begun)); end.set()"
    found, begun = printed(ADDING, thread, print_both).splitlines()
    assert found == str({"adds": [1, 1, 3, 7], "forgets": [2], "adds again": [3, 3, 7, 15]})
    assert begun == "3"


@LINUX
def test_what_a_child_cannot_send_is_calculated_again():
    says = """
        here = os.getpid()
        found = branched({"sends none": lambda: os.getpid, "ends": lambda: os.getpid() == here or os._exit(1),
                          "other": lambda: 2}, lambda function: (function(), lambda: 0)[:1])
        print(found["sends none"][0]() == here, found["ends"], found["other"])
        found = branched({"cannot be sent": lambda: lambda: 3, "other": lambda: 2}, lambda function: function())
        print(found["cannot be sent"](), found["other"])
    """
    assert printed(ADDING, says) == "True (True,) (2,)\n3 2\n"


@pytest.mark.parametrize("names", [("fails", "holds"), ("holds", "fails")])
def test_a_calculation_that_fails_says_so(names):
    says = f"""
        functions = {{"fails": lambda: 1 / 0, "holds": lambda: 1}}
        try:
            branched({{name: functions[name] for name in {names}}}, lambda function: function())
        except ZeroDivisionError as error:
            print(error)
    """
    assert printed(ADDING, says) == "division by zero\n"


def test_functions_that_nobody_calls_come_to_the_same():
    assert branched({}, lambda function: 3) == {}
    says = "print(branched({'one': len, 'other': max}, lambda function: 3))"
    assert printed(ADDING, says) == "{'one': 3, 'other': 3}\n"


def test_a_training_run_is_proven_alike_with_and_without_branches():
    says = """
        import os
        os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # as `grade dev check` does
        from dataclasses import replace
        from pathlib import Path
        from grader.authoring import runs
        from grader.compiling.in_process import in_process
        from grader.course.course import Course
        from grader.judging.kinds.reaches import Options

        unit = Course(Path.cwd()).solutions("machine_learning")
        exercise = unit.exercises["house_prices"]
        loose = replace(exercise.checks[0], options=Options("relative_rmse", None, 1e9))
        unit.__dict__["exercises"] = {"house_prices": replace(exercise, checks=[loose])}
        forks, fork = [], os.fork
        os.fork = lambda: forks.append(1) or fork()

        def proven():
            said = []
            scores = runs.prove_run(unit, "house_prices", range(1), in_process, lambda *one: not said.append(one))
            return said, scores

        with_branches = proven()
        print(len(forks), len(with_branches[0]))
        runs.branched = lambda functions, calculate: {name: calculate(one) for name, one in functions.items()}
        print(str(with_branches) == str(proven()))
    """
    numbers, are_alike = printed(says).splitlines()
    forks, failures = map(int, numbers.split())
    assert (forks > 7) == (sys.platform == "linux")
    assert failures > 7  # the mistakes reach the loose bar
    assert are_alike == "True"
