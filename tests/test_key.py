"""A key is data: it survives its file byte for byte, reveals no seed, and damage is told in a sentence."""

import dataclasses
import hashlib

import numpy as np
import pytest

from grader.compiling.compile import compile_key
from grader.compiling.noise import measure_noise
from grader.key import MAGIC, SCHEMA, KeyFileError, _frame, from_bytes, load, load_index, to_bytes
from grader.sandbox import wire


def test_a_key_survives_its_file(toy_key):
    back = from_bytes(to_bytes(toy_key))
    assert wire.same(dataclasses.asdict(back), dataclasses.asdict(toy_key))
    assert back.id == toy_key.id


def test_a_generator_among_the_inputs_survives_the_file(toy_key):
    exercise = toy_key.exercises[0]
    question = dataclasses.replace(exercise.questions[0], inputs={"rng": wire.Seeded(7), "graph": {1: ["a"], "a": []}})
    key = dataclasses.replace(
        toy_key, exercises=[dataclasses.replace(exercise, questions=[question, *exercise.questions[1:]])]
    )
    back = from_bytes(to_bytes(key)).exercises[0].questions[0]
    assert back.inputs == question.inputs


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_inputs(toy, toy_key):
    assert to_bytes(compile_key(toy, 0)) == to_bytes(toy_key)
    other = compile_key(toy, 1)
    assert other.id != toy_key.id
    for mine, theirs in zip(toy_key.exercises, other.exercises, strict=True):
        for a, b in zip(mine.questions, theirs.questions, strict=True):
            assert not wire.same(a.inputs, b.inputs)


def test_a_key_holds_no_seed_and_no_code_of_the_reference(toy):
    seed = 987654321987654321
    key = compile_key(toy, seed)
    content = b"".join(_frame(exercise) for exercise in key.exercises) + to_bytes(key)
    assert str(seed).encode() not in content
    assert seed.to_bytes(8, "little") not in content
    assert b"np.sum(" not in content
    assert b"x * factor" not in content


def test_a_case_of_its_own_random_numbers_changes_no_other(toy, toy_key):
    """Cases are seeded by name: compiling one exercise gives what compiling all of them gave."""
    alone = compile_key(dataclasses.replace(toy), 0).exercise("row_sums")
    assert wire.same(dataclasses.asdict(alone), dataclasses.asdict(toy_key.exercise("row_sums")))


def guarded(index) -> bytes:
    head = wire.encode(index)
    return MAGIC + hashlib.sha256(head).hexdigest().encode() + head


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a key"),
        (b"PK\x03\x04", "is not a key"),
        (MAGIC, "is damaged"),
        (MAGIC + b"GRD1", "is damaged"),
        (guarded({"schema": 99}), "was made by another version"),
        (guarded({"schema": SCHEMA}), "is damaged"),
        (guarded([1]), "is damaged"),
    ],
)
def test_what_is_no_key_is_told(content, words):
    with pytest.raises(KeyFileError, match=words):
        from_bytes(content, "some.key")


def test_every_flipped_byte_and_every_cut_is_noticed(toy_key):
    content = to_bytes(toy_key)
    for place in range(0, len(content), 7):
        broken = bytearray(content)
        broken[place] ^= 1
        with pytest.raises(KeyFileError):
            from_bytes(bytes(broken))
    for size in (len(content) - 1, len(content) // 2, len(MAGIC) + 3):
        with pytest.raises(KeyFileError):
            from_bytes(content[:size])
    with pytest.raises(KeyFileError):
        from_bytes(content + b"x")


def test_one_exercise_can_be_loaded_alone(toy_key):
    alone = from_bytes(to_bytes(toy_key), only=["row_sums"])
    assert [exercise.name for exercise in alone.exercises] == ["row_sums"]
    assert alone.id == toy_key.id
    assert wire.same(dataclasses.asdict(alone.exercises[0]), dataclasses.asdict(toy_key.exercise("row_sums")))


def test_a_key_that_is_not_there_is_told(tmp_path):
    with pytest.raises(KeyFileError, match="No such file or directory; make it with `grade dev build`"):
        load(tmp_path / "key")


def test_noise_follows_the_conditioning_of_the_function():
    """A difference of large numbers is as noisy as they are large; a sum of small ones is not."""
    x = {"x": np.array([1e6, 1.0])}
    ill, well = (lambda x: x[:1] - x[:1].round(-6) + 1, lambda x: x * 2)
    with np.errstate(all="ignore"):
        (noisy,) = measure_noise(ill, x, ill(x["x"]))
        (quiet,) = measure_noise(well, x, well(x["x"]))
    assert noisy > 1e-11
    assert quiet < 1e-8


def test_integers_and_booleans_have_no_noise():
    x = {"x": np.array([3, 4])}
    assert measure_noise(lambda x: (x * 2, x > 3, float(x.sum()) / 3), x, (x["x"] * 2, x["x"] > 3, 7 / 3))[:2] == [
        0.0,
        0.0,
    ]


def test_a_reference_is_not_asked_again_for_the_noise_of_whole_numbers():
    def unasked(x):
        raise AssertionError

    assert measure_noise(unasked, {"x": np.ones(2)}, [np.array(3), True]) == [0.0, 0.0]


def test_a_key_that_is_not_there_is_not_called_damaged(tmp_path):
    for read in (load, load_index):
        with pytest.raises(KeyFileError) as told:
            read(tmp_path / "key")
        assert str(told.value).startswith(f"cannot read the key {tmp_path / 'key'}: ")
        assert "damaged" not in str(told.value)
