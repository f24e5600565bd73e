"""What a class's records say, against examples worked by hand and against SciPy, NumPy and the standard library."""

import io
import random
import statistics as standard

import numpy as np
import pytest
from scipy import stats

from grader.classroom.reading import statistics as figures
from grader.classroom.reading import summary
from grader.classroom.reading.looks import needs_a_look
from grader.record import Outcome, Record
from grader.render.terminal import make_console
from grader.report import CheckReport, ExerciseReport, Finding, Report, Status

UNSCALED = Finding("value", "out[0] is 1, expected 2", "You divide by d, and it must be √d.", "scaled_by_d")


def exercise(name, points, most, status=None, finding=None, seconds=0.1):
    """One exercise's report with a single check."""
    status = status or (Status.PASSED if points == most else Status.FAILED)
    check_status = status if status in (Status.PASSED, Status.SKIPPED) else Status.FAILED
    check = CheckReport("answers as asked", check_status, points, most, finding)
    return ExerciseReport(f"u.{name}", status, points, most, seconds, (check,))


def record(student, *exercises, unit="u", seconds=1.0, note=""):
    report = Report("u.py", "0" * 64, unit, "key", "namespaces", seconds, tuple(exercises))
    return Record(student, unit, Outcome.GRADED, report.max_points, report, note)


def absent(student, most=4, unit="u"):
    return Record(student, unit, Outcome.ABSENT, most)


def scores(*rows):
    """A class whose exercises a, b, c … have 4 points each; None is not written."""
    found = []
    for number, row in enumerate(rows):
        items = [
            exercise(name, 0, 4, Status.MISSING) if points is None else exercise(name, points, 4)
            for name, points in zip("abcdef", row, strict=False)
        ]
        found.append(record(f"s{number}", *items))
    return found


# By hand: a is 4, 4, 2, 0 and b is 4, 0, 2, not written; of 8 points 100 %, 50 %, 50 %, 0 %.
HAND = scores((4, 4), (4, 0), (2, 2), (0, None))


def test_a_distribution_worked_by_hand():
    spread = figures.distribution([*HAND, absent("s9", 8)])
    assert spread.shares == (1.0, 0.5, 0.5, 0.0)
    assert spread.bins == (1, 0, 0, 0, 0, 2, 0, 0, 0, 1)
    assert spread.mean == 0.5
    assert spread.quartiles == (0.375, 0.5, 0.625)
    assert spread.deviation == pytest.approx((0.5 / 3) ** 0.5)


def test_points_of_an_exercise_worked_by_hand():
    a, b = figures.exercise_figures(HAND)
    assert (a.id, a.asked, a.tried, a.full, a.part, a.none) == ("u.a", 4, 4, 2, 1, 1)
    assert (a.mean, a.difficulty, a.of_tried) == (2.5, 0.625, 0.625)
    assert (b.asked, b.tried, b.full, b.part, b.none) == (4, 3, 1, 1, 1)
    assert (b.mean, b.difficulty, b.of_tried) == (1.5, 0.375, 0.5)
    assert (a.lost, b.lost) == (6, 10)


def test_discrimination_worked_by_hand():
    """a = 4, 4, 2, 0 against the rest, b = 4, 0, 2, 0: covariance 5 of √11 · √11."""
    a, b = figures.exercise_figures(HAND)
    assert a.discrimination == pytest.approx(5 / 11)
    assert b.discrimination == pytest.approx(5 / 11)


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_scipy_and_the_standard_library(seed):
    rng = random.Random(seed)
    rows = [[rng.randint(0, 4) for _ in range(6)] for _ in range(rng.randint(5, 60))]
    records, table = scores(*rows), np.array(rows)
    spread = figures.distribution(records)
    shares = [sum(row) / 24 for row in rows]
    assert sorted(spread.shares) == pytest.approx(sorted(shares))
    assert spread.quartiles == pytest.approx(standard.quantiles(shares, n=4, method="inclusive"))
    assert spread.deviation == pytest.approx(standard.stdev(shares))
    assert sum(spread.bins) == len(rows)
    for column, item in enumerate(figures.exercise_figures(records)):
        rest = table.sum(axis=1) - table[:, column]
        assert item.discrimination == pytest.approx(stats.pearsonr(table[:, column], rest).statistic)
        assert item.difficulty == pytest.approx(standard.fmean(table[:, column]) / 4)


def test_the_item_is_not_part_of_the_total_it_is_compared_with():
    """Pure noise beside a constant: with the item in the total the correlation would be 1."""
    a, b = figures.exercise_figures(scores((0, 4), (4, 4), (1, 4), (3, 4)))
    assert a.discrimination is None
    assert b.discrimination is None


def test_a_bin_begins_with_its_own_percentage():
    records = [record(f"s{tenth}", exercise("a", tenth, 10)) for tenth in range(11)]
    assert figures.distribution(records).bins == (1, 1, 1, 1, 1, 1, 1, 1, 1, 2)


def test_a_class_of_nobody_has_no_figures():
    for records in ([], [absent("a")]):
        spread = figures.distribution(records)
        assert (spread.shares, spread.mean, spread.quartiles) == ((), None, None)
        assert figures.exercise_figures(records) == []
        assert figures.named_mistakes(records) == figures.same_answers(records) == []
        assert figures.timing(records).median is None


def test_units_are_added_up_and_an_absent_one_counts_with_nothing():
    one, two = record("s", exercise("a", 3, 4)), absent("s", 6, "v")
    assert figures.totals([one, two]) == {"s": (3, 10)}
    assert figures.distribution([one, two]).shares == (0.3,)


@pytest.mark.parametrize("status", [Status.GRADER_ERROR, Status.PENDING, Status.SKIPPED])
def test_what_the_grader_has_not_decided_counts_for_nobody(status):
    half = record("s8", exercise("a", 0, 4, status), exercise("b", 3, 4))
    none = record("s9", exercise("a", 0, 4, status))
    assert figures.totals([half, none]) == {"s8": (3, 4), "s9": (0, 0)}
    assert figures.distribution([half, none]).shares == (0.75,)
    a, b = figures.exercise_figures([*HAND, half, none])
    assert (a.asked, b.asked) == (4, 5)


def test_mistakes_are_ranked_by_who_made_them_and_shared_among_who_tried():
    wrong, other = (
        exercise("a", 0, 4, finding=UNSCALED),
        exercise("a", 2, 4, finding=Finding("value", "m", "h", "sign")),
    )
    twice = ExerciseReport("u.a", Status.FAILED, 0, 8, 0.1, wrong.checks * 2)
    records = [record("p", wrong), record("q", twice), record("r", other), record("s", exercise("a", 4, 4))]
    records += [record("t", exercise("a", 0, 4, Status.MISSING)), absent("u")]
    first, second = figures.named_mistakes(records)
    assert (first.name, first.students, first.tried, first.share) == ("scaled_by_d", ("p", "q"), 4, 0.5)
    assert first.sentence == "You divide by d, and it must be √d."
    assert (second.name, second.share) == ("sign", 0.25)


def test_the_same_wrong_answers_are_the_same_words_in_the_same_exercise():
    def said(message, status=Status.FAILED, name="a"):
        return exercise(name, 0, 4, status, Finding("value", message))

    records = [record("p", said("1.25")), record("q", said("1.25")), record("r", said("1.26"))]
    records += [
        record("s", said("1.25", name="b")),
        record("t", said("late", Status.TIMEOUT)),
        record("u", said("late", Status.TIMEOUT)),
    ]
    (group,) = figures.same_answers(records)
    assert (group.exercise, group.students, group.mistake) == ("u.a", ("p", "q"), "")
    assert group.findings == (("answers as asked", "1.25"),)


def test_an_exercise_is_worth_teaching_again_where_most_fail_or_many_make_one_mistake():
    def klass(items):
        return [record(f"s{number}", *row) for number, row in enumerate(items)]

    right, wrong = exercise("a", 4, 4), exercise("a", 0, 4, finding=UNSCALED)
    records = klass([(wrong, exercise("b", 4, 4))] * 3 + [(right, exercise("b", 4, 4))] * 7)
    exercises, mistakes = figures.exercise_figures(records), figures.named_mistakes(records)
    (item,) = figures.reteach(exercises, mistakes)
    assert (item.exercise, item.lost) == ("u.a", pytest.approx(12))
    assert item.reasons == ("30\N{NO-BREAK SPACE}% make one mistake: You divide by d, and it must be √d.",)
    few = klass([(wrong,)] * 3)  # three students are no class
    assert figures.reteach(figures.exercise_figures(few), figures.named_mistakes(few)) == []
    unwritten = klass([(exercise("a", 0, 4, Status.MISSING),)] * 4 + [(exercise("a", 2, 4),)] * 2)
    (item,) = figures.reteach(figures.exercise_figures(unwritten), [])
    assert item.reasons == ("4 of 6 have not written it",)


def test_timing_is_of_submissions():
    records = [record(f"s{number}", exercise("a", 4, 4), seconds=float(number)) for number in range(1, 6)]
    spent = figures.timing(records, count=2)
    assert (spent.total, spent.median, spent.most) == (15.0, 3.0, pytest.approx(4.8))
    assert spent.slowest == (("s5", "u", 5.0), ("s4", "u", 4.0))


LOOKS = {
    "crash": exercise("a", 0, 4, Status.CRASH, Finding("crash", "ended by SIGSEGV")),
    "output": exercise("a", 0, 4, Status.CRASH, Finding("output", "printed more than 64 MB")),
    "timeout": exercise("a", 0, 4, Status.TIMEOUT, Finding("timeout", "no answer after 1 s")),
    "memory": exercise("a", 0, 4, Status.MEMORY, Finding("memory", "too much")),
    "forbidden": exercise("a", 0, 4, Status.FORBIDDEN, Finding("forbidden", "scipy")),
    "unreadable": exercise("a", 0, 4, Status.UNREADABLE, Finding("exception", "SyntaxError")),
    "reached": exercise("a", 0, 4, Status.ERROR, Finding("exception", "PermissionError: no network")),
    "empty": exercise("a", 0, 4, Status.MISSING),
    "grader_error": exercise("a", 0, 4, Status.GRADER_ERROR),
}


@pytest.mark.parametrize("kind", LOOKS)
def test_who_ended_early_or_wrote_nothing_needs_a_look(kind):
    (look,) = needs_a_look([record("s", LOOKS[kind])])
    assert [reason.kind for reason in look.reasons] == [kind]


def test_a_wrong_answer_and_an_honest_exception_need_no_look():
    fine = [
        exercise("a", 0, 4, finding=UNSCALED),
        exercise("b", 0, 4, Status.ERROR, Finding("exception", "ValueError")),
    ]
    assert needs_a_look([record("s", *fine, exercise("c", 0, 4, Status.MISSING))]) == []


def test_who_is_absent_unreadable_or_odd_needs_a_look_the_worst_first():
    torn = Record("torn", "u", Outcome.UNREADABLE, 4, note="a damaged archive")
    odd = record("odd", exercise("a", 4, 4), note="two files")
    crashed = record("crashed", LOOKS["crash"], LOOKS["timeout"])
    looks = needs_a_look([absent("gone"), odd, torn, crashed])
    assert [look.student for look in looks] == ["crashed", "torn", "odd", "gone"]
    assert [reason.kind for reason in looks[0].reasons] == ["crash", "timeout"]
    assert looks[1].reasons[0].message == "a damaged archive"


def shown(records, width=96):
    file = io.StringIO()
    console = make_console(file)
    console.width = width
    summary.render(records, "A course", console)
    return file.getvalue()


def test_the_terminal_shows_the_headlines():
    text = shown([*HAND, record("s7", exercise("a", 0, 4, finding=UNSCALED), exercise("b", 0, 4)), absent("gone", 8)])
    assert "5 of 6 students handed in; median 50\N{NO-BREAK SPACE}%, mean 40\N{NO-BREAK SPACE}% of the points" in text
    assert "20\N{NO-BREAK SPACE}% You divide by d, and it must be √d." in text
    assert "gone  u: nothing was handed in" in text
    assert any(line.split()[:5] == ["a", "2.0", "of", "4", "0.50"] for line in text.splitlines())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_name_or_message_is_obeyed_by_the_terminal(width):
    evil = "[red]\x1b[31mred\x1b]0;title\x07\u202e\0\n::error::"
    finding = Finding("value", evil, evil, "m")
    text = shown(
        [record(evil, exercise("a", 0, 4, Status.CRASH, finding)) for _ in range(2)] + [absent(evil + "2")], width
    )
    assert not set("\x1b\x07\0\u202e") & set(text)
    assert "::error" not in text
    assert "[red]" in text


def test_the_terminal_has_words_for_a_class_of_nobody():
    assert "0 of 1 students handed in" in shown([absent("a")])
