"""Which file is newer, by names as people and programs count them; and where that is not said, nothing decides."""

import pytest

from grader.classroom.intake.versions import is_newer, newest, plain

OLDER_FIRST = [
    ("attention", "attention (1)"), ("attention (1)", "attention (2)"), ("attention (9)", "attention (10)"),
    ("attention(1)", "attention(2)"), ("attention", "attention_v2"), ("attention_v9", "attention_v10"),
    ("attention-v1", "attention v2"), ("attention_version_1", "attention_version_3"), ("attention", "attention-1"),
    ("attention-9", "attention-10"), ("attention", "attention_final"), ("attention_v7", "attention_final"),
    ("attention_final", "attention_final2"), ("attention_final", "attention_final_v2"), ("attention_final", "attention_final (1)"),
    ("attention_old", "attention"), ("attention_draft", "attention_v1"), ("attention_old_2", "attention"),
    ("attention_v2", "attention_v2 (1)"), ("attention_v2 (3)", "attention_v3"), ("attention_2026-11-03", "attention_2026-11-20"),
    ("attention_20-11-2026", "attention_03-12-2026"), ("attention_20261103", "attention_20261120"), ("Attention_V1", "attention_v2"),
]  # fmt: skip
UNDECIDED = [
    ("attention_v2", "attention (1)"), ("attention_v2", "attention-3"), ("attention-1", "attention (1)"),
    ("attention", "attention copy"), ("attention", "Copy of attention"), ("attention", "Kopie von attention"),
    ("work", "attention"), ("attention", "attention"), ("attention-1-2", "attention-3"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), OLDER_FIRST)
def test_the_newer_name_is_newer_and_the_older_is_not(old, new):
    assert is_newer(new, old)
    assert not is_newer(old, new)
    assert newest([old, new]) == [1]
    assert newest([new, old]) == [0]


@pytest.mark.parametrize(("one", "other"), UNDECIDED)
def test_where_names_do_not_say_nothing_decides(one, other):
    assert newest([one, other]) == [0, 1]


def test_of_many_versions_one_is_newest_whatever_their_order():
    names = ["attention", "attention_v2", "attention_v10", "attention_final", "attention_v3", "attention_old"]
    for turn in range(len(names)):
        turned = names[turn:] + names[:turn]
        assert [turned[at] for at in newest(turned)] == ["attention_final"]


@pytest.mark.parametrize(
    ("name", "base"),
    [("attention (1)", "attention"), ("attention_v2_final", "attention"), ("attention", "attention"), ("v2", "v2")]
    + [("final", "final"), ("(1)", "(1)"), ("linear_algebra-10", "linear_algebra"), ("Copy of attention", "attention")],
)
def test_what_is_left_of_a_name_without_its_version(name, base):
    assert plain(name) == base
