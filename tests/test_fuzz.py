"""A short run of the fuzzer (`python -m tests.fuzz`): no damaged file raises anything but what its decoder names."""

import os
import random

import pytest
from fuzz import Target, example, run, tried
from fuzz_targets import TARGETS

SECONDS = float(os.environ.get("GRADE_FUZZ_SECONDS", "1.2"))  # for each target; some 20 s in all
FIRST = int(os.environ.get("GRADE_FUZZ_FIRST", "0"))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_damage_raises_anything_but_what_is_named(target):
    count, found = run([target], SECONDS, FIRST)
    assert count[target.name] >= 20
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_number_gives_the_same_example_again(target):
    examples = [example(target, seed) for seed in range(6)]
    assert examples == [example(target, seed) for seed in range(6)]
    assert len({*examples}) > 2


def test_the_fuzzer_finds_what_is_not_named(tmp_path):
    """So that its silence means something."""

    def read(content: bytes, folder) -> None:
        if b"7" in content:
            raise KeyError("seven")
        if b"3" in content:
            raise LookupError("three")

    target = Target("digits", lambda chance: str(chance.randrange(1000)).encode(), read, (LookupError,))
    narrow = Target("digits", target.make, read, (ValueError,))
    assert run([target], 0.2)[1] == []  # a KeyError is a LookupError
    (seven, three) = sorted(run([narrow], 0.2)[1], key=lambda one: one.what)
    assert seven.what.startswith("KeyError: 'seven'")
    assert three.what.startswith("LookupError: three")
    assert tried(narrow, seven.seed, tmp_path) == seven
    assert f"--only digits --seed {seven.seed}" in str(seven)


def test_what_takes_too_long_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setattr("fuzz.SLOW", -1.0)
    target = Target("slow", lambda chance: random.Random(0).randbytes(3), lambda content, folder: None)
    assert "it took" in tried(target, 0, tmp_path).what
