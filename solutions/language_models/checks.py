"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from collections import Counter
from functools import partial
from itertools import pairwise

import numpy as np
import torch

from grader.exercise import (
    Exercise,
    Mistake,
    agrees,
    device,
    edit,
    keeps,
    load,
    moves,
    reaches,
    redrawn,
    report,
    returns,
    swapped,
)

ALLOWS = ("numpy", "torch")


# From bytes to tokens: every list is drawn anew, of few different bytes, so that pairs come often and ties do, too.

_BPE_WORDS = ("low", "lower", "lowest", "new", "newer", "newest", "wide", "wider", "widest", "slow", "slower")
_BPE_BYTES = tuple("zażółć gęślą jaźń — 日本語 ☕".encode())  # characters of one, two and three bytes


def _bpe_words(draw, count):
    """Words of a small language, with a space after each."""
    return list("".join(_BPE_WORDS[i] + " " for i in draw.integers(0, len(_BPE_WORDS), count)).encode())


def _bpe_letters(draw, length, letters=b"abcd"):
    return [letters[i] for i in draw.integers(0, len(letters), length)]


def _bpe_of_words(draw, words=14, num_merges=9):
    return {"ids": _bpe_words(draw, words), "num_merges": num_merges}


def _bpe_of_letters(draw, length=40, num_merges=6, letters=b"abcd"):
    return {"ids": _bpe_letters(draw, length, letters), "num_merges": num_merges}


def _bpe_tied(draw):
    """Four pairs, two times each: neither the first to come nor the largest is the smallest."""
    a, b, c, d = sorted(draw.permutation(256)[:4].tolist())
    first = [d, c, b, d, a, d, d, c, b, d, a, d]  # (d, c) comes first, (d, a) is the smallest by its end alone
    return {"ids": first, "num_merges": 3}


def _bpe_runs(draw):
    """Runs of one byte hold one pair more than ten times, but in six places at most that do not overlap; another stands seven times."""
    run, x, y = draw.permutation(256)[:3].tolist()
    return {"ids": [run] * 7 + [x, y] * 3 + [run] * int(draw.integers(5, 8)) + [x, y] * 4, "num_merges": 2}


def _bpe_threes(draw):
    """Runs of three: whether their first two or their last two become one id decides about the next pair."""
    run, x, *spaces = draw.permutation(256)[:6].tolist()
    words = [[run] * 3 + [x]] * 3 + [[run, x]]
    return {
        "ids": [byte for n, space in zip(draw.permutation(4), spaces, strict=True) for byte in [*words[n], space]],
        "num_merges": 2,
    }


def _bpe_crowd(draw):
    """One run and one more: its pairs overlap, and what is left at the end is never as frequent as they are."""
    return {"ids": [int(draw.integers(0, 256))] * (4 * int(draw.integers(3, 6)) + 1), "num_merges": 3}


def _bpe_to_the_end(draw):
    """Pairs that stand once, in any order, and more merges than the text can give."""
    return {"ids": draw.integers(0, 256, int(draw.integers(5, 9))).tolist(), "num_merges": 12}


def _bpe_three_alike(draw):
    """Two merges are all that there are, and the second is of a pair that stands once."""
    return {"ids": [int(draw.integers(0, 256))] * 3, "num_merges": int(draw.integers(3, 7))}


def _bpe_short(draw):
    """Three words, small enough to be done by hand: a b stands three times, and a b c twice."""
    a, b, c, *rest = draw.permutation(256)[:6].tolist()
    words = [[a, b, c], [a, b, c], [a, b]]
    return {
        "ids": [byte for n, space in zip(draw.permutation(3), rest, strict=True) for byte in [*words[n], space]],
        "num_merges": 2,
    }


def _bpe_uneven(draw, length=160, letters=b"etaoin", most=8):
    """Letters that are not as frequent as one another, and as many merges as are decided without a tie; at least four."""
    while True:
        places = np.sqrt(draw.uniform(0, 1, length)) * len(letters)
        start = ids = [letters[len(letters) - 1 - int(place)] for place in places]
        for done in range(most + 1):
            (pair, first), (_, second) = Counter(pairwise(ids)).most_common(2)
            if first == second or done == most:
                break
            ids = _bpe_joined(ids, pair, 256 + done)
        if done >= 4:
            return {"ids": start, "num_merges": done}


def _bpe_first_seen(ids, num_merges):
    merges = []
    for new in range(256, 256 + num_merges):
        counts = Counter(pairwise(ids))
        if not counts:
            break
        pair = max(counts, key=counts.get)
        merges.append([*pair, new])
        ids = _bpe_joined(ids, pair, new)
    return merges


def _bpe_joined(ids, pair, new, step=2):
    merged, i = [], 0
    while i < len(ids):
        here = tuple(ids[i : i + 2]) == pair
        merged.append(new if here else ids[i])
        i += step if here else 1
    return merged


def _bpe_joined_from_the_end(ids, pair, new):
    return _bpe_joined(ids[::-1], pair[::-1], new)[::-1]


def _bpe_train_from_the_end(ids, num_merges):
    merges = []
    while len(merges) < num_merges and len(ids) > 1:
        counts = Counter(pairwise(ids))
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append([*pair, 256 + len(merges)])
        ids = _bpe_joined_from_the_end(ids, pair, merges[-1][2])
    return merges


def _bpe_encode_from_the_end(ids, merges):
    for a, b, new in merges:
        ids = _bpe_joined_from_the_end(ids, (a, b), new)
    return ids


def _bpe_counted_once(ids, num_merges):
    counts = Counter(pairwise(ids))
    best = sorted(counts, key=lambda pair: (-counts[pair], pair))[:num_merges]
    return [[*pair, 256 + i] for i, pair in enumerate(best)]


def _bpe_first_place_only(ids, num_merges):
    merges, ids = [], list(ids)
    for new in range(256, 256 + num_merges):
        counts = Counter(pairwise(ids))
        if not counts:
            break
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append([*pair, new])
        place = list(pairwise(ids)).index(pair)
        ids[place : place + 2] = [new]
    return merges


def _bpe_counted_apart(ids, num_merges):
    """The pairs as a text's own count finds them: places that overlap count once."""
    merges = []
    for new in range(256, 256 + num_merges):
        text = "".join(map(chr, ids))
        counts = {pair: text.count(chr(pair[0]) + chr(pair[1])) for pair in pairwise(ids)}
        if not counts:
            break
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append([*pair, new])
        ids = _bpe_joined(ids, pair, new)
    return merges


_BPE_BEST = "min(counts, key=lambda pair: (-counts[pair], pair))"

bpe_train = Exercise(
    points=7,
    words={
        "merges[#][0]": "a of merge {}",
        "merges[#][1]": "b of merge {}",
        "merges[#][2]": "the new id of merge {}",
    },
    cases={
        "three short words": _bpe_short,
        "six letters": _bpe_uneven,
        "a longer text": partial(_bpe_uneven, length=300, letters=b"abcd", most=12),
        "pairs as frequent as one another": _bpe_tied,
        "words": _bpe_of_words,
        "two letters": partial(_bpe_of_letters, length=30, num_merges=8, letters=b"10"),
        "bytes of other scripts": lambda draw: {"ids": _bpe_letters(draw, 30, _BPE_BYTES) * 2, "num_merges": 7},
        "pairs that occur once": _bpe_to_the_end,
        "runs of one byte": _bpe_runs,
        "runs of three": _bpe_threes,
        "one byte again and again": _bpe_crowd,
        "more merges than there are pairs": _bpe_three_alike,
        "a single byte": lambda draw: {"ids": [int(draw.integers(0, 256))], "num_merges": 3},
        "no merges": partial(_bpe_of_letters, length=9, num_merges=0),
    },
    checks=[
        agrees(
            3,
            "merges the most frequent pair, counts again, and so on",
            on=["three short words", "six letters", "a longer text"],
        ),
        agrees(
            2,
            "takes the smallest of the pairs that are as frequent",
            on=[
                "pairs as frequent as one another",
                "words",
                "two letters",
                "bytes of other scripts",
                "pairs that occur once",
            ],
        ),
        agrees(
            1,
            "counts every place of a pair, and replaces places that do not overlap",
            on=["runs of one byte", "runs of three", "one byte again and again"],
        ),
        agrees(
            1,
            "merges a pair that occurs once, and ends where nothing is left to merge",
            on=["more merges than there are pairs", "a single byte", "no merges"],
        ),
    ],
    mistakes=[
        Mistake(
            "first_seen",
            "Of pairs that are as frequent you take the one that comes first in the text. Take the smallest: by its first id, then by its second.",
            edit(_BPE_BEST, "max(counts, key=counts.get)"),
        ),
        Mistake(
            "largest_pair",
            "Of pairs that are as frequent you take the largest. Take the smallest: by its first id, then by its second.",
            edit(_BPE_BEST, "max(counts, key=lambda pair: (counts[pair], pair))"),
        ),
        Mistake(
            "tie_by_the_second_id",
            "Of pairs that are as frequent you take the one whose second id is smallest. The first id comes first; the second one counts where the first ones are equal.",
            edit(_BPE_BEST, "min(counts, key=lambda pair: (-counts[pair], pair[::-1]))"),
        ),
        Mistake(
            "rarest",
            "You merge the rarest pair. The most frequent one saves the most ids.",
            edit("-counts[pair]", "counts[pair]"),
        ),
        Mistake(
            "smallest_pair",
            "You take the smallest pair, however often it stands. Its size decides only between pairs that are as frequent.",
            edit(_BPE_BEST, "min(counts)"),
        ),
        Mistake(
            "counted_once",
            "You count the pairs once, at the beginning. A merge makes new neighbours: replace the pair, then count again.",
            _bpe_counted_once,
        ),
        Mistake(
            "not_replaced",
            "You replace only one place of the pair in each round. Replace it wherever it stands.",
            _bpe_first_place_only,
        ),
        Mistake(
            "counted_without_overlap",
            "You count only places that do not overlap. Every place where two neighbours stand counts: a a a holds the pair (a, a) twice.",
            _bpe_counted_apart,
        ),
        Mistake(
            "from_right_to_left",
            "You replace the places of a pair from right to left. In a a a the first two become the new id, and the last one is left.",
            _bpe_train_from_the_end,
        ),
        Mistake(
            "overlapping_places",
            "You use an id for two places of a pair. In a a a the middle a belongs to the first place; go on behind it.",
            edit("i += 2", "i += 1", of="_bpe_merged"),
        ),
        Mistake(
            "rare_pairs_left",
            "You stop when no pair occurs twice. Here a pair that occurs once is merged, too, as long as there is one.",
            edit("if not counts:", "if not counts or max(counts.values()) < 2:"),
        ),
        Mistake(
            "next_free_id",
            "Your new ids begin behind the largest byte of the text. They begin at 256 whatever the text holds, as any byte may come up later.",
            edit(
                "for new in range(256, 256 + num_merges):\n        counts",
                "for _ in range(num_merges):\n        new = max([*ids, *(entry[2] for entry in merges)]) + 1\n        counts",
            ),
        ),
        Mistake(
            "unordered",
            "You count the pair (a, b) together with (b, a). The order of two neighbours matters: a merge replaces a b, and leaves b a.",
            edit("Counter(pairwise(ids))", "Counter(tuple(sorted(pair)) for pair in pairwise(ids))"),
        ),
    ],
    hints=[
        "For a b a b a: which pairs are there, how often, and which of them is the smallest of the most frequent?",
        "Write the replacement as a loop that walks along the ids: how far does it step where the pair stands, and how far elsewhere?",
        "A tie is broken by the pair itself: which sort key has the count falling and the pair rising?",
    ],
)


def _bpe_learned(draw, ids, count):
    """Merges of neighbours that stand in a text, but of any of them, not of the most frequent: ranks that only merges tell."""
    merges = []
    while len(merges) < count and len(ids) > 1:
        place = int(draw.integers(0, len(ids) - 1))
        merges.append([*ids[place : place + 2], 256 + len(merges)])
        ids = _bpe_joined(ids, tuple(ids[place : place + 2]), merges[-1][2])
    return merges


def _bpe_to_encode(draw, length=60, count=20, letters=b"abc"):
    """A text, and merges of another text of the same letters."""
    merges = _bpe_learned(draw, _bpe_letters(draw, 3 * length, letters), count)
    return {"ids": _bpe_letters(draw, length, letters), "merges": merges}


def _bpe_words_to_encode(draw):
    return {"ids": _bpe_words(draw, 12), "merges": _bpe_first_seen(_bpe_words(draw, 30), 25)}


def _bpe_own_merges(draw):
    """A text with its own merges, until it is three tokens."""
    ids = _bpe_letters(draw, 24, _BPE_BYTES)
    return {"ids": ids, "merges": _bpe_learned(draw, ids, 300)[:-2]}


def _bpe_rivals(draw):
    """Two words in which two merges want the same id: whoever goes from left to right gives it to another one, and when matters."""
    e, f, g, h, i, j, k, m, space = draw.permutation(256)[:9].tolist()
    pairs = [[f, g], [256, h], [e, 256], [i, j], [k, m], [259, k]]
    words = [[e, f, g, h], [i, j, k, m], [e, f, g, h]]
    ids = [byte for n in draw.permutation(3) for byte in [*words[n], space]]
    return {"ids": ids, "merges": [[*pair, 256 + place] for place, pair in enumerate(pairs)]}


def _bpe_runs_to_encode(draw):
    """Runs whose pairs overlap, with tokens of two, three and four of the same byte."""
    run, other = draw.permutation(256)[:2].tolist()
    merges = [[run, run, 256], [256, run, 257], [256, 256, 258], [run, other, 259], [258, 257, 260]]
    ids = [i for n in (5, 2, 7, 3, 4, 6) for i in [run] * n + [other]]
    return {"ids": ids, "merges": [merges[i][:2] + [256 + i] for i in range(int(draw.integers(3, 6)))]}


def _bpe_strangers(draw):
    """Bytes that no merge knows, and among them one pair, once, that one does."""
    merges = _bpe_learned(draw, _bpe_letters(draw, 30, b"abcd"), 5)
    return {"ids": [*_bpe_letters(draw, 7, b"wxyz"), *merges[0][:2], *_bpe_letters(draw, 5, b"wxyz")], "merges": merges}


def _bpe_chain(draw):
    """301 bytes, and 300 merges that make one token of them, byte by byte; the first byte stands nowhere else."""
    ids = [33, *_bpe_letters(draw, 300)]
    merges = [[255 + place if place else ids[0], ids[place + 1], 256 + place] for place in range(300)]
    return ids, merges


def _bpe_chain_to_encode(draw):
    ids, merges = _bpe_chain(draw)
    return {"ids": [97, *ids, *ids[:9]], "merges": merges}


def _bpe_leftmost(ids, merges):
    new, ids = {(a, b): new for a, b, new in merges}, list(ids)
    while places := [i for i, pair in enumerate(pairwise(ids)) if pair in new]:
        ids[places[0] : places[0] + 2] = [new[tuple(ids[places[0] : places[0] + 2])]]
    return ids


def _bpe_sweeps(ids, merges):
    """From left to right, time and again, merging whatever is in merges."""
    new, before = {(a, b): new for a, b, new in merges}, None
    while ids != before:
        before, ids, i = ids, [], 0
        while i < len(before):
            made = new.get(tuple(before[i : i + 2]))
            ids.append(before[i] if made is None else made)
            i += 1 if made is None else 2
    return ids


def _bpe_grows(ids, merges):
    """From left to right, time and again; what was merged is merged with the next id at once, if it can be."""
    new, before = {(a, b): new for a, b, new in merges}, None
    while ids != before:
        before, ids = ids, []
        for i in before:
            if ids and (ids[-1], i) in new:
                ids[-1] = new[ids[-1], i]
            else:
                ids.append(i)
    return ids


def _bpe_longest_token(ids, merges):
    tokens = {(i,): i for i in range(256)}
    made = [(i,) for i in range(256)]
    for a, b, new in merges:
        made.append(made[a] + made[b])
        tokens.setdefault(made[-1], new)
    out, i = [], 0
    while i < len(ids):
        length = max(n for n in range(1, len(ids) - i + 1) if tuple(ids[i : i + n]) in tokens)
        out.append(tokens[tuple(ids[i : i + length])])
        i += length
    return out


def _bpe_most_frequent(ids, merges):
    new = {(a, b): new for a, b, new in merges}
    while counts := Counter(pair for pair in pairwise(ids) if pair in new):
        pair = min(counts, key=lambda pair: (-counts[pair], new[pair]))
        ids = _bpe_joined(ids, pair, new[pair])
    return ids


bpe_encode = Exercise(
    points=6,
    cases={
        "two merges for one id": _bpe_rivals,
        "letters": _bpe_to_encode,
        "two letters": partial(_bpe_to_encode, letters=b"01", count=30),
        "words": _bpe_words_to_encode,
        "a text with its own merges": _bpe_own_merges,
        "runs of one byte": _bpe_runs_to_encode,
        "300 merges": _bpe_chain_to_encode,
        "one pair among strangers": _bpe_strangers,
        "no merges": lambda draw: {"ids": _bpe_letters(draw, 8), "merges": []},
        "a single byte": partial(_bpe_to_encode, length=1),
    },
    checks=[
        agrees(
            3, "merges the pair of lowest rank first", on=["two merges for one id", "letters", "two letters", "words"]
        ),
        agrees(
            1,
            "goes on until no pair of merges is left",
            on=["a text with its own merges", "300 merges"],
        ),
        agrees(1, "replaces the places of a run from left to right, without overlap", on="runs of one byte"),
        agrees(
            1,
            "leaves alone what no merge knows",
            on=["one pair among strangers", "no merges", "a single byte"],
        ),
    ],
    mistakes=[
        Mistake(
            "from_left_to_right",
            "You merge the first pair of the text that is in merges. Its rank counts, not its place in the text: of all pairs there are, take the one that was learned first.",
            _bpe_leftmost,
        ),
        Mistake(
            "sweeps",
            "You go from left to right and merge whatever is in merges. Its rank counts, not its place in the text: of all pairs there are, take the one that was learned first.",
            _bpe_sweeps,
        ),
        Mistake(
            "growing_from_the_left",
            "You go from left to right and merge whatever is in merges, the new id with the next one, too. Its rank counts, not its place in the text: of all pairs there are, take the one that was learned first.",
            _bpe_grows,
        ),
        Mistake(
            "highest_rank",
            "You merge the pair that was learned last. The one that was learned first comes first.",
            edit("min(known, key=new.get)", "max(known, key=new.get)"),
        ),
        Mistake(
            "longest_token",
            "You take the longest token that fits, from left to right. That is another tokenizer: here the merges are redone in the order in which they were learned.",
            _bpe_longest_token,
        ),
        Mistake(
            "most_frequent",
            "You merge the most frequent pair of this text. That is training; encoding follows the order of merges and counts nothing.",
            _bpe_most_frequent,
        ),
        Mistake(
            "one_merge",
            "You replace one pair and stop. The new id has neighbours, too: look again until no pair of merges is left.",
            edit("while known", "if known"),
        ),
        Mistake(
            "only_bytes_merged",
            "You merge bytes only. A new id may be half of a later pair: look at the new neighbours, too.",
            edit("for a, b, new in merges}", "for a, b, new in merges if max(a, b) < 256}"),
        ),
        Mistake(
            "from_right_to_left",
            "You replace the places of a pair from right to left. In a a a the first two become the new id, and the last one is left.",
            _bpe_encode_from_the_end,
        ),
        Mistake(
            "overlapping_places",
            "You use an id for two places of a pair. In a a a the middle a belongs to the first place; go on behind it.",
            edit("i += 2", "i += 1", of="_bpe_merged"),
        ),
        Mistake(
            "ranks_for_ids",
            "You return ranks, which begin at 0. The new ids begin at 256, and each entry of merges says its own.",
            edit("return ids", "return [i - 256 if i > 255 else i for i in ids]"),
        ),
    ],
    hints=[
        "Which pairs of neighbours does the text have, and which of them have a place in merges?",
        "Make a dict from each pair to its new id. New ids grow with the rank, so what is the pair to merge next?",
        "Training and encoding share a step. Is it a function already?",
    ],
)


def _bpe_to_decode(draw, count=12, length=15, letters=b"abcde"):
    """Any ids at all, in any order, each of those that the merges make at least once."""
    merges = _bpe_learned(draw, _bpe_letters(draw, 60, letters), count)
    known = [*letters, *(entry[2] for entry in merges)]
    ids = [known[i] for i in draw.integers(0, len(known), length)] + known[len(letters) :]
    return {"ids": [ids[i] for i in draw.permutation(len(ids))], "merges": merges}


def _bpe_halves(draw):
    """Bytes of characters in any order: text it is none, and no decoder of texts gives them back."""
    inputs = _bpe_to_decode(draw, count=6, letters=_BPE_BYTES)
    return inputs | {"ids": [0xE2, *inputs["ids"], *draw.integers(128, 256, 4).tolist(), 0xC5]}


def _bpe_chain_to_decode(draw):
    _, merges = _bpe_chain(draw)
    return {"ids": [555, 256, int(draw.integers(300, 500)), 97], "merges": merges}


bpe_decode = Exercise(
    points=3,
    cases={
        "tokens of letters": _bpe_to_decode,
        "two letters": partial(_bpe_to_decode, count=20, letters=b"01"),
        "300 merges": _bpe_chain_to_decode,
        "half characters": _bpe_halves,
        "bytes alone": lambda draw: {"ids": draw.integers(0, 256, 9).tolist(), "merges": []},
        "one token": lambda draw: {"ids": [267], "merges": _bpe_to_decode(draw)["merges"]},
    },
    checks=[
        agrees(2, "takes every token apart, down to bytes", on=["tokens of letters", "two letters", "300 merges"]),
        agrees(
            1,
            "returns whatever bytes there are, text or not",
            on=["half characters", "bytes alone", "one token"],
        ),
    ],
    mistakes=[
        Mistake(
            "one_level",
            "You take each token apart once. Its halves may be tokens themselves: go on down to bytes.",
            returns("[byte for i in ids for byte in (merges[i - 256][:2] if i > 255 else [i])]"),
        ),
        Mistake(
            "halves_swapped",
            "You put the second half of a token before the first. The bytes keep their order.",
            swapped("tokens[a]", "tokens[b]"),
        ),
        Mistake(
            "one_merge_before",
            "You look a token up one place too early in merges. The first entry makes 256, and the next one 257.",
            returns("[byte for i in ids for byte in tokens[i - 1 if i > 256 else i]]"),
        ),
        Mistake(
            "text_with_replacements",
            "You make text of the bytes on the way, and what is no text is replaced by �, which is three other bytes. Return the bytes themselves.",
            returns("list(bytes(byte for i in ids for byte in tokens[i]).decode(errors='replace').encode())"),
        ),
        Mistake(
            "text_with_gaps",
            "You make text of the bytes on the way, and what is no text is lost. Return the bytes themselves.",
            returns("list(bytes(byte for i in ids for byte in tokens[i]).decode(errors='ignore').encode())"),
        ),
    ],
    hints=[
        "Which bytes is token 256, and how do you know those of 257 if you know those of 256?",
        "Each entry of merges joins two tokens that you know already. What does a list of the bytes of all tokens begin with?",
    ],
)


# The norm and the gated network


def _norm_tokens(draw, lead=(4,), D=6, size=1.0, **eps):
    """Tokens whose mean is not 0, so that taking it off shows, and a scale of either sign for each feature."""
    return {"x": size * (0.6 + draw(*lead, D)), "gamma": draw.signs(D) * draw.uniform(0.5, 2, D)} | eps


def _norm_large(draw):
    return _norm_tokens(draw) | {"x": draw.uniform(-1000, 1000, 4, 6)}


def _norm_silent(draw, lead=(2, 3)):
    """The second token is all zeros, and only eps is left under the root."""
    inputs = _norm_tokens(draw, lead=lead, D=4)
    inputs["x"].reshape(-1, 4)[1] = 0
    return inputs


def _block_another_token(inputs, draw):
    """The first token is another one."""
    x = inputs["x"].copy()
    first = (0,) * (x.ndim - 1)
    x[first] = draw(*x[first].shape)
    return inputs | {"x": x}


_NORM_SQUARES = "np.mean(x**2, axis=-1, keepdims=True)"
_NORM_RMS = f"np.sqrt({_NORM_SQUARES} + eps)"

_NORM_SUM = Mistake(
    "sum_of_squares",
    "You divide by the length of a token, the root of the sum of its squares. It is the root of their mean.",
    edit("np.mean(x**2", "np.sum(x**2"),
)
_NORM_EPS_OUTSIDE = Mistake(
    "eps_outside_the_root",
    "You add eps to the root. It stands under the root, beside the mean of the squares.",
    edit(_NORM_RMS, f"(np.sqrt({_NORM_SQUARES}) + eps)"),
)
_NORM_EPS_IGNORED = Mistake(
    "eps_ignored",
    "You ignore the given eps and always use 1e-6, which is only the default.",
    edit("keepdims=True) + eps)", "keepdims=True) + 1e-6)"),
)
_NORM_EPS_MISSING = Mistake(
    "no_eps",
    "You leave eps out. For a token of very small numbers it is what keeps the norm from blowing them up.",
    edit("keepdims=True) + eps)", "keepdims=True) + 1e-300)"),
)
_NORM_OVER_ALL = Mistake(
    "one_scale_for_all",
    "You divide all tokens by one number. Each token has its own root mean square.",
    edit("axis=-1, keepdims=True) + eps", "keepdims=True) + eps"),
)
_NORM_OVER_TOKENS = Mistake(
    "over_the_first_axis",
    "You take the mean over the first axis. Each token is divided by the root mean square of its own features, which are the last axis.",
    edit("axis=-1, keepdims=True) + eps", "axis=0, keepdims=True) + eps"),
)
_NORM_VARIANCE = "np.var(x, axis=-1, keepdims=True)"

rms_norm = Exercise(
    points=4,
    forbids=["a ready-made normalisation"],
    cases={
        "four tokens": _norm_tokens,
        "sequences of tokens": partial(_norm_tokens, lead=(2, 3), D=5),
        "batch, heads and tokens": partial(_norm_tokens, lead=(2, 3, 4), D=6),
        "a single token": partial(_norm_tokens, lead=(), D=7),
        "two features": partial(_norm_tokens, lead=(3,), D=2),
        "as many tokens as features": partial(_norm_tokens, lead=(5,), D=5),
        "features in the hundreds": _norm_large,
        "features near a thousandth": partial(_norm_tokens, size=1e-3),
        "a larger eps": partial(_norm_tokens, eps=0.1),
        "a token of zeros": _norm_silent,
    },
    checks=[
        agrees(
            2,
            "divides each token by its root mean square and multiplies by gamma",
            on=[
                "four tokens",
                "sequences of tokens",
                "batch, heads and tokens",
                "a single token",
                "two features",
                "as many tokens as features",
                "features in the hundreds",
            ],
        ),
        moves(1, "changing a token changes that token only", _block_another_token, on="sequences of tokens"),
        agrees(1, "adds eps under the root", on=["features near a thousandth", "a larger eps", "a token of zeros"]),
    ],
    mistakes=[
        Mistake(
            "mean_subtracted",
            "You subtract the mean first, which is layer norm. The RMS norm leaves the mean where it is.",
            returns("gamma * (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(np.var(x, axis=-1, keepdims=True) + eps)"),
        ),
        Mistake(
            "variance",
            "You divide by the standard deviation, from which the mean is taken off. It is the mean of the squares themselves.",
            edit(_NORM_SQUARES, _NORM_VARIANCE),
        ),
        _NORM_SUM,
        _NORM_EPS_OUTSIDE,
        _NORM_EPS_IGNORED,
        _NORM_EPS_MISSING,
        _NORM_OVER_ALL,
        _NORM_OVER_TOKENS,
        Mistake("gamma_missing", "You leave gamma out. It scales each feature at the end.", edit("gamma * x", "x")),
        Mistake(
            "one_plus_gamma",
            "You multiply by 1 + gamma. Gemma keeps its scale like this; here gamma multiplies as it is.",
            edit("gamma * x", "(1 + gamma) * x"),
        ),
        Mistake(
            "no_root",
            "You divide by the mean of the squares without its root: twice as large a token would come out half as large.",
            edit(_NORM_RMS, f"({_NORM_SQUARES} + eps)"),
        ),
        Mistake(
            "multiplied",
            "You multiply by the root mean square. Divide by it, so that all tokens come out about as large.",
            edit(f"x / {_NORM_RMS}", f"x * {_NORM_RMS}"),
        ),
    ],
    hints=[
        "What is the root mean square of (3, 4), and what is left of it if that is divided out?",
        "Which shape must the mean have, so that (N, T, D) can be divided by it token by token?",
    ],
)


def _block_and_dout(case, **sizes):
    """A case of the forward, and a gradient that arrives from above, of the shape of x."""

    def with_dout(draw):
        inputs = case(draw, **sizes)
        return {"dout": draw(*inputs["x"].shape)} | inputs

    return with_dout


_NORM_DX = "(dnormed - normed * np.mean(dnormed * normed, axis=-1, keepdims=True)) / rms"
_NORM_BACK = ["four tokens", "two features", "as many tokens as features"]

rms_norm_backward = Exercise(
    points=7,
    forbids=["automatic differentiation"],
    cases={
        "four tokens": _block_and_dout(_norm_tokens),
        "sequences of tokens": _block_and_dout(_norm_tokens, lead=(2, 3), D=5),
        "batch, heads and tokens": _block_and_dout(_norm_tokens, lead=(2, 3, 4), D=6),
        "a single token": _block_and_dout(_norm_tokens, lead=(), D=7),
        "two features": _block_and_dout(_norm_tokens, lead=(3,), D=2),
        "as many tokens as features": _block_and_dout(_norm_tokens, lead=(5,), D=5),
        "features in the hundreds": _block_and_dout(_norm_large),
        "features near a thousandth": _block_and_dout(_norm_tokens, size=1e-3),
        "a larger eps": _block_and_dout(_norm_tokens, eps=0.1),
        "a token of zeros": _block_and_dout(_norm_silent, lead=(3,)),
    },
    checks=[
        agrees(2, "returns dx", on=_NORM_BACK, part="dx"),
        agrees(2, "returns dgamma, summed over the tokens", on=_NORM_BACK, part="dgamma"),
        agrees(
            1,
            "takes any number of leading axes, and sums dgamma over all of them",
            on=["sequences of tokens", "batch, heads and tokens", "a single token"],
        ),
        moves(
            1,
            "changing a token changes dgamma, and dx of that token only",
            _block_another_token,
            on="four tokens",
        ),
        agrees(
            1,
            "is right for small, large and silent tokens, and for another eps",
            on=["features in the hundreds", "features near a thousandth", "a larger eps", "a token of zeros"],
        ),
    ],
    mistakes=[
        Mistake(
            "scale_taken_as_constant",
            "In dx you treat the root mean square as a constant. It depends on every feature of the token, and this path has a gradient, too.",
            edit(_NORM_DX, "dnormed / rms"),
        ),
        Mistake(
            "sum_for_mean",
            "In dx you take a sum where the mean of the squares has a mean: the second term is D times too large.",
            edit("np.mean(dnormed * normed", "np.sum(dnormed * normed"),
        ),
        Mistake(
            "gamma_missing_in_the_second_term",
            "In dx you leave gamma out of the path through the root mean square. The gradient passes gamma first, on both paths.",
            edit("np.mean(dnormed * normed", "np.mean(dout * normed"),
        ),
        Mistake(
            "gamma_missing",
            "You leave gamma out of dx. The forward multiplies by it, and so does the way back.",
            edit("dnormed = gamma * dout", "dnormed = dout"),
        ),
        Mistake(
            "layer_norm",
            "You subtract the mean of the gradient, as layer norm does on its way back. The RMS norm subtracts no mean on its way forward, and none back.",
            edit("(dnormed - normed", "(dnormed - np.mean(dnormed, axis=-1, keepdims=True) - normed"),
        ),
        Mistake(
            "second_term_added",
            "In dx you add the path through the root mean square. A larger feature makes a larger divisor: its sign is minus.",
            edit("(dnormed - normed", "(dnormed + normed"),
        ),
        Mistake(
            "not_normed_in_the_second_term",
            "In dx the path through the root mean square has x twice, and both have to be divided by the root mean square.",
            edit("normed * np.mean(dnormed * normed", "x * np.mean(dnormed * normed"),
        ),
        Mistake(
            "dgamma_of_x",
            "For dgamma you multiply by x. gamma multiplies the normalised x.",
            edit("np.sum(dout * normed", "np.sum(dout * x"),
        ),
        Mistake(
            "dgamma_mean",
            "You take the mean of dgamma over the tokens. Its parts are summed: a loss that is a mean has its 1/N in dout.",
            edit("np.sum(dout * normed", "np.mean(dout * normed"),
        ),
        Mistake(
            "dgamma_over_the_batch_alone",
            "You sum dgamma over the first axis alone. There is one gamma for all tokens of all sequences: sum over every axis but the last.",
            edit("axis=tuple(range(x.ndim - 1))", "axis=0"),
        ),
        Mistake(
            "dgamma_per_token",
            "You sum dgamma over the features. Each feature has its own gamma: sum over the tokens.",
            edit("axis=tuple(range(x.ndim - 1))", "axis=-1"),
        ),
        _NORM_EPS_OUTSIDE,
        _NORM_EPS_IGNORED,
        _NORM_EPS_MISSING,
        _NORM_OVER_ALL,
    ],
    hints=[
        "Call the root mean square r. Along which two paths does x reach out = gamma · x / r?",
        "What is the derivative of √(mean of x² + eps) in one x, written with x, D and r?",
        "With y = x/r and g = gamma · dout: how can dx be written with g, y, r and one mean?",
    ],
)


def _gated_tokens(draw, lead=(4,), D=5, H=7, size=1.5):
    """Tokens and the three matrices; what goes through the gate is large enough for both of its sides."""
    return {
        "x": draw(*lead, D),
        "W_gate": size * draw(D, H) * D**-0.5,
        "W_up": draw(D, H) * D**-0.5,
        "W_down": draw(H, D) * H**-0.5,
    }


def _gated_far(draw):
    """Half of the gates are at 1000, the others at −1000, each a little off."""
    inputs = _gated_tokens(draw)
    inputs["x"][:, 0] = [1, -1, 1, -1]
    inputs["W_gate"][0] = 1000.0 * draw.signs(7)
    return inputs


_GATED_HIDDEN = "gate * _sigmoid(gate) * up"
_GATED_UNSTABLE = Mistake(
    "unstable",
    "Your sigmoid overflows where z is large: exp(1000) is inf, and inf divided by inf is nan. Which form of it has only an exp that may become 0, or only one that may become inf below the line?",
    edit("np.exp(-np.logaddexp(0.0, -z))", "np.exp(z) / (1 + np.exp(z))", of="_sigmoid"),
)

swiglu = Exercise(
    points=4,
    cases={
        "four tokens": _gated_tokens,
        "sequences of tokens": partial(_gated_tokens, lead=(2, 3), D=4, H=6),
        "a single token": partial(_gated_tokens, lead=(1,), D=3, H=4),
        "as wide inside as outside": partial(_gated_tokens, D=6, H=6),
        "gates at ±1000": _gated_far,
    },
    checks=[
        agrees(
            2,
            "multiplies the branch W_up by silu of the branch W_gate, and goes back by W_down",
            on=["four tokens", "sequences of tokens", "a single token", "as wide inside as outside"],
        ),
        moves(1, "changing a token changes that token only", _block_another_token, on="sequences of tokens"),
        agrees(1, "is right and finite for gates at ±1000", on="gates at ±1000"),
    ],
    mistakes=[
        Mistake(
            "branches_swapped",
            "You put silu on the branch of W_up. It belongs on the branch of W_gate.",
            edit(_GATED_HIDDEN, "gate * up * _sigmoid(up)"),
        ),
        Mistake(
            "sigmoid_for_silu",
            "You use the sigmoid for the gate, which is the older GLU. silu(z) is z·σ(z).",
            edit(_GATED_HIDDEN, "_sigmoid(gate) * up"),
        ),
        Mistake(
            "no_up_branch",
            "You leave out the branch of W_up: that is a network with one hidden layer. Its hidden units are multiplied by those of the other branch.",
            edit(_GATED_HIDDEN, "gate * _sigmoid(gate)"),
        ),
        Mistake(
            "no_gate",
            "You multiply the branches without silu. It stands on the branch of W_gate.",
            edit(_GATED_HIDDEN, "gate * up"),
        ),
        Mistake(
            "silu_on_both",
            "You use silu on both branches. The branch of W_up has no function of its own.",
            edit(_GATED_HIDDEN, f"{_GATED_HIDDEN} * _sigmoid(up)"),
        ),
        Mistake(
            "silu_of_the_product",
            "You use silu on the product of the branches. It comes first, on the branch of W_gate alone.",
            edit(_GATED_HIDDEN, "gate * up * _sigmoid(gate * up)"),
        ),
        Mistake(
            "relu",
            "Your gate is a relu, which makes ReGLU. silu goes through 0 smoothly, and a little below it.",
            edit(_GATED_HIDDEN, "np.maximum(gate, 0) * up"),
        ),
        Mistake(
            "gelu",
            "Your gate is a GELU, which makes GEGLU. silu(z) is z times the sigmoid of z.",
            edit(_GATED_HIDDEN, "0.5 * gate * (1 + np.tanh(np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3))) * up"),
        ),
        Mistake(
            "branches_added",
            "You add the branches. A gate multiplies: where it is closed, nothing comes through.",
            edit(_GATED_HIDDEN, "gate * _sigmoid(gate) + up"),
        ),
        _GATED_UNSTABLE,
    ],
    hints=[
        "Which shapes do x·W_gate and x·W_up have, and what is left to do to get back to the width of x?",
        "What is silu at 1000 and at −1000? Which way to write the sigmoid gives just that?",
    ],
)

_GATED_PLAIN = ["four tokens", "a single token", "as wide inside as outside"]
_GATED_SLOPE = "slope = opened * (1 + gate * (1 - opened))"

swiglu_backward = Exercise(
    points=8,
    forbids=["automatic differentiation"],
    cases={
        "four tokens": _block_and_dout(_gated_tokens),
        "sequences of tokens": _block_and_dout(_gated_tokens, lead=(2, 3), D=4, H=6),
        "a single token": _block_and_dout(_gated_tokens, lead=(1,), D=3, H=4),
        "as wide inside as outside": _block_and_dout(_gated_tokens, D=6, H=6),
        "gates at ±1000": _block_and_dout(_gated_far),
    },
    checks=[
        agrees(2, "returns dx", on=_GATED_PLAIN, part="dx"),
        agrees(1, "returns dW_gate", on=_GATED_PLAIN, part="dW_gate"),
        agrees(1, "returns dW_up", on=_GATED_PLAIN, part="dW_up"),
        agrees(1, "returns dW_down", on=_GATED_PLAIN, part="dW_down"),
        agrees(1, "sums the gradients of the matrices over all tokens of all sequences", on="sequences of tokens"),
        moves(
            1,
            "changing a token changes the gradients of the matrices, and dx of that token only",
            _block_another_token,
            on="four tokens",
        ),
        agrees(1, "is right and finite for gates at ±1000", on="gates at ±1000"),
    ],
    mistakes=[
        Mistake(
            "slope_is_the_sigmoid",
            "You use σ(z) as the slope of silu. silu is a product, z·σ(z), and both factors depend on z.",
            edit(_GATED_SLOPE, "slope = opened"),
        ),
        Mistake(
            "slope_of_the_sigmoid",
            "You use the slope of the sigmoid for that of silu. silu is a product, z·σ(z), and both factors depend on z.",
            edit(_GATED_SLOPE, "slope = opened * (1 - opened)"),
        ),
        Mistake(
            "slope_without_sigmoid",
            "In the slope of silu you keep the path through the sigmoid alone. The factor z has a slope, too, and it is 1.",
            edit(_GATED_SLOPE, "slope = opened * gate * (1 - opened)"),
        ),
        Mistake(
            "no_path_through_the_gate",
            "In dx you leave out the path through the gate. x goes into both branches, and what comes back from them adds up.",
            edit("dgate @ W_gate.T + dup @ W_up.T", "dup @ W_up.T"),
        ),
        Mistake(
            "no_path_through_up",
            "In dx you leave out the path through W_up. x goes into both branches, and what comes back from them adds up.",
            edit("dgate @ W_gate.T + dup @ W_up.T", "dgate @ W_gate.T"),
        ),
        Mistake(
            "gate_for_silu",
            "On the way back through the product, the branch of W_up is multiplied by silu of the gate, and you multiply it by the gate as it was before silu.",
            edit("dhidden * silu", "dhidden * gate"),
        ),
        Mistake(
            "up_missing",
            "On the way back through the product, the gate's branch is multiplied by the other branch, x·W_up, and that is missing.",
            edit("dhidden * up * slope", "dhidden * slope"),
        ),
        Mistake(
            "up_branch_alone_below",
            "For dW_down you take the branch of W_up for the hidden units. What W_down multiplies is the product of both branches.",
            edit("_over_tokens(silu * up, dout)", "_over_tokens(up, dout)"),
        ),
        Mistake(
            "matrices_transposed",
            "Your gradients of the matrices are transposed. Each has the shape of its matrix: rows are what goes in.",
            returns("after.reshape(-1, after.shape[-1]).T @ before.reshape(-1, before.shape[-1])", of="_over_tokens"),
        ),
        Mistake(
            "mean_over_tokens",
            "You take the mean over the tokens for the gradients of the matrices. What comes back from the tokens is summed: a loss that is a mean has its 1/N in dout.",
            returns(
                "before.reshape(-1, before.shape[-1]).T @ (after / after[..., 0].size).reshape(-1, after.shape[-1])",
                of="_over_tokens",
            ),
        ),
        Mistake(
            "sequences_not_summed",
            "You leave one gradient of each matrix for every sequence. There is one matrix for all: sum over the batch, too.",
            returns("before.swapaxes(-1, -2) @ after", of="_over_tokens"),
        ),
        _GATED_UNSTABLE,
    ],
    hints=[
        "Name each step of the forward: gate, up, silu, their product, the output. Which of them uses which?",
        "By the product rule, what is the derivative of z·σ(z), if that of σ is σ·(1 − σ)?",
        "For (N, T, D), which reshape turns all tokens into the rows of one matrix?",
    ],
)


# Attention, as language models have it


def _turned_tokens(draw, positions, lead=(3,), D=6, **base):
    """Tokens at the positions that a function draws."""
    positions = positions(draw)
    return {"x": draw(*lead, len(positions), D), "positions": positions} | base


def _turned_places(draw, T=5, last=30):
    """Positions in any order, none twice."""
    return draw.permutation(last)[:T]


def _turned_between(draw):
    return draw.uniform(0, 20, 6)


def _turned_again(draw):
    """Two positions, three times each, the later one first."""
    first, second = 3 + draw.permutation(9)[:2]
    return np.array([first + 9, second, second, first + 9, second, first + 9])


def _turned_far(draw):
    return 2000 + draw.permutation(2000)[:5]


def _turned_of_the_next(draw):
    """What a cache asks: the tokens behind those that it remembers."""
    return int(draw.integers(3, 40)) + np.arange(4)


def _turned_another(inputs, draw):
    """The third token stands somewhere else."""
    positions = inputs["positions"].copy()
    positions[2] += draw.integers(1, 5)
    return inputs | {"positions": positions}


def _rotary_interleaved(x, positions, base=10000.0):
    angle = positions[:, None] * base ** (-np.arange(0, x.shape[-1], 2) / x.shape[-1])
    cos, sin, a, b = np.cos(angle), np.sin(angle), x[..., 0::2], x[..., 1::2]
    return np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(x.shape)


def _rotary_of_attention(x, positions, base=10000.0):
    return _rotary_interleaved(x, np.arange(x.shape[-2]), base)


rotary_at = Exercise(
    points=6,
    cases={
        "tokens in any order": partial(_turned_tokens, positions=_turned_places),
        "batch and heads": partial(_turned_tokens, positions=partial(_turned_places, T=4), lead=(2, 3), D=8),
        "one sequence, no batch": partial(_turned_tokens, positions=partial(_turned_places, T=7), lead=(), D=4),
        "as many features as tokens": partial(_turned_tokens, positions=partial(_turned_places, T=6), D=6),
        "tokens behind a cache": partial(_turned_tokens, positions=_turned_of_the_next, D=10),
        "positions between whole numbers": partial(_turned_tokens, positions=_turned_between),
        "positions that come again": partial(_turned_tokens, positions=_turned_again),
        "positions in the thousands": partial(_turned_tokens, positions=_turned_far),
        "another base": partial(_turned_tokens, positions=_turned_places, D=8, base=100.0),
        "two features": partial(_turned_tokens, positions=partial(_turned_places, T=3), D=2),
        "a single token": partial(_turned_tokens, positions=partial(_turned_places, T=1)),
    },
    checks=[
        agrees(
            2,
            "turns pair i of token t by the angle positions[t]·base^(−2i/D)",
            on=[
                "tokens in any order",
                "batch and heads",
                "one sequence, no batch",
                "as many features as tokens",
                "tokens behind a cache",
                "two features",
                "a single token",
            ],
        ),
        agrees(
            1,
            "takes any positions: fractions, far ones, one twice",
            on=["positions between whole numbers", "positions that come again", "positions in the thousands"],
        ),
        agrees(1, "uses the given base", on=["another base", "tokens in any order"]),
        keeps(
            1, "keeps the length of every token", "norm", _turned_another, on=["tokens in any order", "batch and heads"]
        ),
        moves(1, "moving a token turns that token only", _turned_another, on="tokens behind a cache"),
    ],
    mistakes=[
        Mistake(
            "neighbours",
            "Your pairs are neighbours, (0, 1), (2, 3) and so on, as in rotary_embedding. Here feature i and feature i + D/2 are a pair.",
            _rotary_interleaved,
        ),
        Mistake(
            "rotary_embedding",
            "This is rotary_embedding, which turns neighbours and counts the tokens. Here the positions are given, and feature i and feature i + D/2 are a pair.",
            _rotary_of_attention,
        ),
        Mistake(
            "positions_ignored",
            "You ignore the positions and count the tokens. With a cache, the first token that you get is not at position 0.",
            edit("positions[:, None]", "np.arange(len(positions))[:, None]"),
        ),
        Mistake(
            "from_the_first",
            "You count from the first token's position. Each token is turned by its own position, as keys of an earlier call must fit.",
            edit("positions[:, None]", "(positions - positions[0])[:, None]"),
        ),
        Mistake(
            "positions_sorted",
            "You sort the positions. Position t belongs to token t, in whichever order they come.",
            edit("positions[:, None]", "np.sort(positions)[:, None]"),
        ),
        Mistake(
            "positions_cut",
            "You make whole numbers of the positions. They may be fractions: models that are stretched to longer texts press them together.",
            edit("positions[:, None]", "positions.astype(int)[:, None]"),
        ),
        Mistake(
            "from_one",
            "You add 1 to the positions. They are given: position 0 is not turned at all.",
            edit("positions[:, None]", "(positions[:, None] + 1)"),
        ),
        Mistake(
            "exponent_halved",
            "Your frequencies fall half as fast as they should: pair i has the exponent −2i/D, as there are only D/2 pairs.",
            edit("np.arange(0, D, 2) / D", "np.arange(D // 2) / D"),
        ),
        Mistake(
            "turned_backwards",
            "You rotate clockwise, which is the wrong direction: check the signs of the two sines.",
            edit("np.sin(angle)", "-np.sin(angle)"),
        ),
        Mistake(
            "mixed_tables",
            "You pair the halves, but give neighbours the same angle. Feature i and feature i + D/2 turn by the same angle.",
            returns("x * np.repeat(cos, 2, axis=-1) + np.concatenate([-b, a], axis=-1) * np.repeat(sin, 2, axis=-1)"),
        ),
        Mistake(
            "not_crossed",
            "You multiply the same feature by cosine and sine. In a rotation each new feature depends on both old ones.",
            returns("x * np.tile(cos, 2) + x * np.tile(sin, 2)"),
        ),
        Mistake(
            "base_ignored",
            "You ignore the given base and always use 10000, which is only the default.",
            edit("base ** (", "10000.0 ** ("),
        ),
    ],
    hints=[
        "For D = 6, which three pairs are there, and which exponent of the base belongs to each?",
        "Which shape does the table of all angles have, and with which half of x does it broadcast?",
        "Where does a rotation by the angle θ take the point (a, b)?",
    ],
)


def _grouped(draw, N=2, Hq=6, Hkv=2, T=4, S=5, d=3, dv=7, size=1.0):
    """Queries of many heads, keys and values of few; all sizes differ, so that no axis can pass for another."""
    return {"q": size * draw(N, Hq, T, d), "k": draw(N, Hkv, S, d), "v": draw(N, Hkv, S, dv)}


def _grouped_masked(draw, lead=(2,), blind=False, **sizes):
    """A random mask in which every query sees the first key; or one query sees nothing, if it is `blind`."""
    inputs = _grouped(draw, **sizes)
    T, S = inputs["q"].shape[2], inputs["k"].shape[2]
    mask = draw.uniform(0, 1, *lead, T, S) < 0.5
    mask[..., 0], mask[..., -1] = True, False
    if blind:
        mask[..., 1, :] = False
    return inputs | {"mask": mask}


def _grouped_padded(draw, **sizes):
    """The last keys of each sequence are padding, of other number in each; the mask is (N, 1, S)."""
    inputs = _grouped(draw, **sizes)
    N, S = len(inputs["k"]), inputs["k"].shape[2]
    return inputs | {"mask": np.arange(S) < (1 + draw.permutation(S - 1)[:N])[:, None, None]}


def _grouped_far(draw):
    """All scores of a query lie near 1000 or near −1000, but near one another: the softmax is an ordinary one."""
    inputs = _grouped(draw)
    inputs["q"][..., -1] = draw.signs(*inputs["q"].shape[:-1])
    inputs["k"][..., -1] = 1000.0 * np.sqrt(inputs["k"].shape[-1])
    return inputs


def _grouped_far_and_hidden(draw):
    """Keys that nobody may attend to would win by hundreds."""
    inputs = _grouped_padded(draw)
    return inputs | {"k": np.where(inputs["mask"].swapaxes(-1, -2)[:, None], 1.0, 1000.0) * inputs["k"]}


_grouped_another_head = redrawn(k=np.s_[:, 1], v=np.s_[:, 1])


def _grouped_masked_after(q, k, v, mask=None):
    shared = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, shared, axis=1), np.repeat(v, shared, axis=1)
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = e / e.sum(axis=-1, keepdims=True)
    return (weights if mask is None else weights * mask[..., None, :, :]) @ v


_GROUPED_SHARE = "k, v = np.repeat(k, shared, axis=1), np.repeat(v, shared, axis=1)"
_GROUPED_TILE = "np.tile({0}, (1, shared, 1, 1))"
_GROUPED_PLAIN = [
    "six query heads, two key heads",
    "six query heads, three key heads",
    "one key head for all",
    "as many key heads as query heads",
    "a single token",
    "as many queries as keys",
]
_GROUPED_MASKED = [
    "one mask for the whole batch",
    "as many sequences as heads",
    "padded keys",
    "a mask for each sequence",
]

grouped_query_attention = Exercise(
    points=7,
    forbids=["a ready-made attention"],
    cases={
        "six query heads, two key heads": _grouped,
        "six query heads, three key heads": partial(_grouped, N=3, Hkv=3, T=5, S=4, d=4, dv=2),
        "one key head for all": partial(_grouped, N=1, Hq=4, Hkv=1),
        "as many key heads as query heads": partial(_grouped, Hq=3, Hkv=3),
        "a single token": partial(_grouped, Hq=4, T=1, S=6),
        "as many queries as keys": partial(_grouped, Hq=4, T=4, S=4, d=3, dv=3),
        "one mask for the whole batch": partial(_grouped_masked, lead=()),
        "as many sequences as heads": partial(_grouped_masked, lead=(4,), N=4, Hq=4),
        "padded keys": _grouped_padded,
        "a mask for each sequence": _grouped_masked,
        "a fully masked row": partial(_grouped_masked, blind=True),
        "scores near ±1000": _grouped_far,
        "a hidden key far ahead": _grouped_far_and_hidden,
    },
    checks=[
        agrees(3, "gives query head h the keys and values of head h // (Hq/Hkv)", on=_GROUPED_PLAIN),
        moves(
            1,
            "changing a key head changes only the query heads that share it",
            _grouped_another_head,
            on="six query heads, three key heads",
        ),
        agrees(1, "gives weight 0 where the mask is False, in every head", on=_GROUPED_MASKED),
        agrees(1, "gives zeros for a query that may attend to nothing", on="a fully masked row"),
        agrees(
            1,
            "is right and finite for scores near ±1000, masked or not",
            on=["scores near ±1000", "a hidden key far ahead"],
        ),
    ],
    mistakes=[
        Mistake(
            "heads_tiled",
            "You repeat the key heads in turn, 0 1 0 1, so that neighbouring query heads use different ones. Neighbours share one: 0 0 1 1.",
            edit(_GROUPED_SHARE, f"k, v = {_GROUPED_TILE.format('k')}, {_GROUPED_TILE.format('v')}"),
        ),
        Mistake(
            "keys_and_values_unlike",
            "You share keys and values among the heads in two different ways. A head's keys and values belong together.",
            edit(_GROUPED_SHARE, f"k, v = np.repeat(k, shared, axis=1), {_GROUPED_TILE.format('v')}"),
        ),
        Mistake(
            "repeated_along_time",
            "You repeat the keys along the axis of tokens and reshape, which mixes tokens and heads. Repeat along the axis of heads.",
            edit(
                _GROUPED_SHARE,
                "k, v = (np.repeat(a, shared, axis=2).reshape(len(a), -1, *a.shape[2:]) for a in (k, v))",
            ),
        ),
        Mistake(
            "first_head_for_all",
            "You use the first key head for all query heads, which is multi-query attention. Each group of query heads has its own.",
            edit(_GROUPED_SHARE, "k, v = k[:, :1], v[:, :1]"),
        ),
        Mistake(
            "scaled_by_all_heads",
            "You divide the scores by the root of the width of all query heads together. The dot product of one head has only d terms.",
            edit("np.sqrt(q.shape[-1])", "np.sqrt(q.shape[1] * q.shape[-1])"),
        ),
        Mistake(
            "unscaled",
            "You do not divide the scores by √d. Their variance grows with d, and the softmax saturates: scale them first.",
            edit(" / np.sqrt(q.shape[-1])", ""),
        ),
        Mistake(
            "mask_meets_the_heads",
            "Your mask's batch axis lines up with the head axis of the scores. Give the mask an axis of length 1 where the heads are.",
            edit("mask[..., None, :, :]", "mask"),
        ),
        Mistake(
            "mask_ignored",
            "You ignore the mask. Where it is False a key must get weight 0: which score makes exp vanish?",
            edit("if mask is not None:", "if False:"),
        ),
        Mistake(
            "mask_inverted",
            "You invert the mask. True means that a query may attend.",
            edit("scores, -np.inf)", "-np.inf, scores)"),
        ),
        Mistake(
            "masked_after_softmax",
            "You mask the weights after the softmax, so a row no longer sums to one. Mask the scores before the softmax.",
            _grouped_masked_after,
        ),
        Mistake(
            "blind_nan",
            "You return nan for a query that may attend to nothing: its scores are all -inf, and -inf minus their maximum is nan. Such a row must be all zeros.",
            edit("np.where(np.isfinite(top), top, 0.0)", "top", of="softmax"),
        ),
        Mistake(
            "blind_uniform",
            "You return the mean of all values for a query that may attend to nothing: if all scores are the same large negative number, the softmax is uniform. Such a row must be all zeros.",
            edit("-np.inf", "-1e9"),
        ),
        Mistake(
            "unstable",
            "Your softmax overflows for large scores. A softmax does not change if every score of a row is lowered by the same number: choose a number for which exp is at most 1.",
            edit("softmax(scores)", "(np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True))"),
        ),
    ],
    hints=[
        "With six query heads and two key heads, which of the two does each of the six use?",
        "Two functions of NumPy repeat an array along an axis. Which of them keeps neighbours together?",
        "The scores have four axes. With which of them does a mask of shape (N, 1, S) line up?",
    ],
)


sliding_window_mask = Exercise(
    points=3,
    cases={
        "a few tokens": lambda draw: {"T": int(draw.integers(6, 9)), "window": int(draw.integers(2, 5))},
        "a long sequence": lambda draw: {"T": int(draw.integers(40, 60)), "window": int(draw.integers(5, 20))},
        "a window of one": lambda draw: {"T": int(draw.integers(4, 8)), "window": 1},
        "a window as long as the sequence": lambda draw: {"T": 5, "window": 5},
        "a window one shorter than the sequence": lambda draw: {"T": 5, "window": 4},
        "a window longer than the sequence": lambda draw: {"T": 4, "window": int(draw.integers(5, 12))},
        "a single token": lambda draw: {"T": 1, "window": 3},
    },
    checks=[
        agrees(
            2,
            "lets a token attend to itself and to the window − 1 tokens before it",
            on=["a few tokens", "a long sequence"],
        ),
        agrees(
            1,
            "is right for a window of one, and for one longer than the sequence",
            on=[
                "a window of one",
                "a window as long as the sequence",
                "a window one shorter than the sequence",
                "a window longer than the sequence",
                "a single token",
            ],
        ),
    ],
    mistakes=[
        Mistake(
            "one_too_many",
            "Your window holds one token too many. It counts the token itself: with a window of one, a token sees only itself.",
            edit("back < window", "back <= window"),
        ),
        Mistake(
            "one_too_few",
            "Your window holds one token too few. It counts the token itself, and window − 1 tokens before it.",
            edit("back < window", "back < window - 1"),
        ),
        Mistake(
            "both_directions",
            "Your window reaches forward, too. A token may attend to itself and to earlier tokens.",
            edit("(back >= 0) & (back < window)", "np.abs(back) < window"),
        ),
        Mistake(
            "no_window",
            "Your mask is causal, but has no window: tokens further back than the window must be hidden.",
            edit("(back >= 0) & (back < window)", "back >= 0"),
        ),
        Mistake(
            "transposed",
            "You return the transpose: your mask shows the future and hides the past. Rows are queries and columns are keys.",
            edit("np.arange(T)[:, None] - np.arange(T)", "np.arange(T) - np.arange(T)[:, None]"),
        ),
        Mistake(
            "inverted",
            'Your mask marks what must be hidden. Here True means "may attend".',
            edit("(back >= 0) & (back < window)", "~((back >= 0) & (back < window))"),
        ),
        Mistake(
            "diagonal_hidden",
            "You exclude the diagonal, so a token cannot attend to itself, and the first token sees nothing.",
            edit("back >= 0", "back > 0"),
        ),
        Mistake(
            "additive",
            'Your mask is made to be added to scores, with 0 and -inf. This course\'s masks are boolean: True means "may attend".',
            lambda T, window: np.where(np.tri(T, dtype=bool) & ~np.tri(T, k=-window, dtype=bool), 0.0, -np.inf),
        ),
    ],
    hints=[
        "Write the mask for five tokens and a window of two by hand: what does the last token see?",
        "How far back of token t is token s, and which of these distances are allowed?",
    ],
)


def _flash(draw, lead=(2,), T=4, S=6, d=3, dv=5, block=2, size=1.5):
    """Queries, keys and values; all sizes differ, so that no axis can pass for another."""
    return {"q": size * draw(*lead, T, d), "k": size * draw(*lead, S, d), "v": draw(*lead, S, dv), "block": block}


def _flash_far(draw, levels, block, T=6):
    """Scores near ±1000: a key has a level, and a query sees it as it is or with the other sign; every level comes again."""
    levels = np.array(levels, float)
    inputs = _flash(draw, T=T, S=len(levels), block=block)
    inputs["q"][..., -1] = np.resize([1.0, -1.0], T)
    inputs["k"][..., -1] = levels * np.sqrt(inputs["k"].shape[-1])
    return inputs


def _flash_in_any_order(draw):
    """Scores of one block are apart by more than exp can bear, whichever three of the levels it holds."""
    return _flash_far(draw, draw.permutation([-1000, -999, -1, 0, 999, 1000]), block=3)


def _flash_apart(draw):
    """Every score of every other query is near −1000, so that exp(score) is 0 for all of them, and of the others near 1000."""
    return _flash_far(draw, [1000] * 6, block=2)


def _flash_watched(draw, T, S):
    """As many queries and keys as are watched, of which few differ: 32 and 64, each again and again."""
    few = _flash(draw, lead=(), T=32 if T > 32 else T, S=64, d=1, dv=1, block=32)
    return few | {"T": T, "S": S}


def watched(flash_attention, q, k, v, block, T, S):
    """The answers for T queries and S keys, those given again and again; and whether at any time half of T·S floats or more
    were held on the way.

    -> out (queries, dv), log_sum_exp (queries,), half_held
    """
    import tracemalloc

    few = len(q)
    flash_attention(q, k, v, block)  # what is loaded or made once does not count
    q, k, v = (np.resize(a, (n, a.shape[1])) for a, n in ((q, T), (k, S), (v, S)))
    tracemalloc.start()  # NumPy tells it of every array
    try:
        out, log_sum_exp = flash_attention(q, k, v, block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return out[:few], log_sum_exp[:few], bool(peak >= 8 * T * S / 2)


def _flash_whole(q, k, v, block):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - top)
    total = e.sum(axis=-1, keepdims=True)
    return e @ v / total, (top + np.log(total))[..., 0]


def _flash_queries_in_blocks(q, k, v, block):
    starts = range(0, q.shape[-2], block)
    outs, logs = zip(*(_flash_whole(q[..., i : i + block, :], k, v, block) for i in starts), strict=True)
    return np.concatenate(outs, axis=-2), np.concatenate(logs, axis=-1)


def _flash_mean_of_blocks(q, k, v, block):
    parts = [slice(i, i + block) for i in range(0, k.shape[-2], block)]
    outs, logs = zip(*(_flash_whole(q, k[..., part, :], v[..., part, :], block) for part in parts), strict=True)
    return sum(outs) / len(outs), np.logaddexp.reduce(logs, axis=0)


def _flash_no_maximum(q, k, v, block):
    total, out = 0.0, 0.0
    for start in range(0, k.shape[-2], block):
        keys, values = k[..., start : start + block, :], v[..., start : start + block, :]
        weights = np.exp(q @ keys.swapaxes(-1, -2) / np.sqrt(q.shape[-1]))
        total, out = total + weights.sum(axis=-1), out + weights @ values
    return out / total[..., None], np.log(total)


_FLASH_PLAIN = [
    "six keys, two at a time",
    "batch and heads",
    "one sequence, no batch",
    "as many queries as keys",
    "a single query",
]
_FLASH_FADE = "fade = np.exp(top - higher)"
_FLASH_LOG = "top + np.log(total)"

flash_attention = Exercise(
    points=9,
    forbids=["a ready-made attention"],
    words={"half_held": "whether half of all T·S scores or more are held at once"},
    cases={
        "six keys, two at a time": _flash,
        "batch and heads": partial(_flash, lead=(2, 3), T=5, S=8, d=4, dv=2, block=4),
        "one sequence, no batch": partial(_flash, lead=(), S=9, block=3),
        "as many queries as keys": partial(_flash, T=6, S=6, d=3, dv=3),
        "a single query": partial(_flash, T=1, S=10, block=5),
        "a shorter block at the end": partial(_flash, S=7, block=3),
        "a block larger than all keys": partial(_flash, S=5, block=9),
        "all keys in one block": partial(_flash, S=5, block=5),
        "one key at a time": partial(_flash, S=5, block=1),
        "a single key": partial(_flash, S=1),
        "scores that rise or fall by 2000": partial(
            _flash_far, levels=[-1000, -999, -400, -399, 300, 301, 999, 1000], block=2
        ),
        "scores near ±1000 in any order": _flash_in_any_order,
        "queries whose scores are all near 1000, or near −1000": _flash_apart,
        "1024 queries and 1024 keys": partial(_flash_watched, T=1024, S=1024),
        "16 queries and 8192 keys": partial(_flash_watched, T=16, S=2**13),
    },
    checks=[
        agrees(2, "returns out, the softmax of all scores times the values", on=_FLASH_PLAIN, part="out"),
        agrees(2, "returns log_sum_exp, the log of the sum of all exponentials", on=_FLASH_PLAIN, part="log_sum_exp"),
        agrees(
            1,
            "takes any block: one that leaves a rest, one larger than all keys, a single key",
            on=[
                "a shorter block at the end",
                "a block larger than all keys",
                "all keys in one block",
                "one key at a time",
                "a single key",
            ],
        ),
        agrees(
            2,
            "is right and finite for scores that rise and fall between ±1000",
            on=[
                "scores that rise or fall by 2000",
                "scores near ±1000 in any order",
                "queries whose scores are all near 1000, or near −1000",
            ],
        ),
        agrees(
            2,
            "is right without ever holding half of all T·S scores",
            on=["1024 queries and 1024 keys", "16 queries and 8192 keys"],
            part=("out", "half_held"),
            driver=watched,
        ),
    ],
    mistakes=[
        Mistake(
            "nothing_rescaled",
            "You add up exponentials that were taken from different maxima. Where the largest score so far rises, shrink both sums, which were made with the old one.",
            edit(_FLASH_FADE, "fade = np.ones_like(top)"),
        ),
        Mistake(
            "only_the_denominator_rescaled",
            "Where the largest score rises you shrink the sum of the exponentials, but not the sum that has the values in it. Both were made with the old maximum.",
            edit("fade[..., None] * out", "out"),
        ),
        Mistake(
            "only_the_values_rescaled",
            "Where the largest score rises you shrink the sum that has the values in it, but not the sum of the exponentials. Both were made with the old maximum.",
            edit("fade * total", "total"),
        ),
        Mistake(
            "rescaled_the_wrong_way",
            "Where the largest score rises you make the sums larger. What was measured from a lower maximum is worth less from the new one.",
            edit(_FLASH_FADE, "fade = np.where(np.isfinite(top), np.exp(higher - top), 0.0)"),
        ),
        Mistake(
            "rest_dropped",
            "You leave out the last block where it is shorter than the others. S need not be a multiple of the block, and may be smaller than it.",
            edit("range(0, k.shape[-2], block)", "range(0, k.shape[-2] - block + 1, block)"),
        ),
        Mistake(
            "weights_from_the_block",
            "You subtract each block's own maximum from its scores, and add what comes of it to sums that are measured from the largest score so far.",
            edit("scores - higher[..., None]", "scores - scores.max(axis=-1, keepdims=True)"),
        ),
        Mistake(
            "maximum_of_the_block",
            "You measure everything from the maximum of the newest block. If the scores of an earlier block were much larger, exp overflows: keep the largest score so far.",
            edit("np.maximum(top, scores.max(axis=-1))", "scores.max(axis=-1)"),
        ),
        Mistake(
            "maximum_from_zero",
            "Your largest score begins at 0. Where all scores are far below 0, every exp vanishes: begin below any score.",
            edit("np.full(q.shape[:-1], -np.inf)", "np.zeros(q.shape[:-1])"),
        ),
        Mistake(
            "no_maximum",
            "You take exp of the scores as they are, which overflows for large ones. Keep the largest score so far, and subtract it first.",
            _flash_no_maximum,
        ),
        Mistake(
            "mean_of_blocks",
            "You take a softmax in each block, and then the mean of the blocks. A block with larger scores counts for more.",
            _flash_mean_of_blocks,
        ),
        Mistake(
            "divided_in_every_round",
            "You divide by the sum of the exponentials after every block. The sum is not complete until the last one: divide once, at the end.",
            edit(
                "out = fade[..., None] * out + weights @ values",
                "out = (fade[..., None] * out + weights @ values) / total[..., None]",
            ),
        ),
        Mistake(
            "not_divided",
            "You do not divide out by the sum of the exponentials. The weights of a query must add up to 1.",
            edit("out / total[..., None]", "out"),
        ),
        Mistake(
            "maximum_left_out",
            "Your log_sum_exp leaves out the maximum. You subtracted it from each score; it comes back at the end.",
            edit(_FLASH_LOG, "np.log(total)"),
        ),
        Mistake(
            "sum_without_log",
            "You add the sum of the exponentials to the maximum. It is a factor of exp(maximum), and becomes a summand by its log.",
            edit(_FLASH_LOG, "top + total"),
        ),
        Mistake(
            "maximum_alone",
            "You return the largest score of each query for log_sum_exp. The other scores are a part of the sum, too.",
            edit(_FLASH_LOG, "top"),
        ),
        Mistake(
            "unscaled",
            "You do not divide the scores by √d. Their variance grows with d, and the softmax saturates: scale them first.",
            edit(" / np.sqrt(q.shape[-1])", ""),
        ),
        Mistake(
            "all_scores_at_once",
            "Your answers are right, but you hold the scores of all queries with all keys at once, which is what this exercise is to avoid. Read the keys in blocks, and forget a block's scores before the next.",
            _flash_whole,
        ),
        Mistake(
            "queries_in_blocks",
            "You cut the queries into blocks, and each block meets all keys at once. With few queries and many keys this holds all scores: cut the keys.",
            _flash_queries_in_blocks,
        ),
    ],
    hints=[
        "Which three numbers about the keys so far does a query need, to be able to forget their scores?",
        "A sum of exp(score − 3) is known, and now a score of 5 comes. By which factor must the sum change to be one of exp(score − 5)?",
        "What should the largest score be before the first block, and what does the factor become then?",
    ],
)


def _cache_tokens(draw, new=3, N=2, d=5, dv=6, size=1.0):
    return {"q": size * draw(N, new, d), "k": size * draw(N, new, d), "v": draw(N, new, dv)}


def _cache_filled(draw, past=4, new=3, **sizes):
    """New tokens behind those of a cache; all sizes differ, so that no axis can pass for another."""
    before, tokens = _cache_tokens(draw, past, **sizes), _cache_tokens(draw, new, **sizes)
    return tokens | {"cache": (before["k"], before["v"])}


def _cache_none(draw, **sizes):
    return _cache_tokens(draw, **sizes) | {"cache": None}


def _cache_far(draw):
    """All scores of a query lie near 1000 or near −1000, but near one another: the softmax is an ordinary one."""
    inputs = _cache_filled(draw)
    inputs["q"][..., -1] = draw.signs(*inputs["q"].shape[:-1])
    for keys in (inputs["k"], inputs["cache"][0]):
        keys[..., -1] = 1000.0 * np.sqrt(keys.shape[-1])
    return inputs


def _cache_future_far(draw):
    """Each new key has scores that are larger by hundreds than those of all tokens before it."""
    inputs = _cache_filled(draw)
    inputs["q"][..., -1] = 1.0
    inputs["k"][..., -1] = np.sqrt(inputs["k"].shape[-1]) * np.array([300.0, 600.0, 1000.0])
    return inputs


_another_last_new = redrawn(q=np.s_[:, -1], k=np.s_[:, -1], v=np.s_[:, -1])


def read_in_pieces(cached_attention, q, k, v, pieces):
    """A text read piece by piece, each with the cache that the last one left.

    -> out (N, T, dv)
    """
    outs, cache, start = [], None, 0
    for length in pieces:
        piece = slice(start, start + length)
        out, cache = cached_attention(q[:, piece], k[:, piece], v[:, piece], cache)
        outs.append(out)
        start += length
    return np.concatenate(outs, axis=1)


_CACHE_JOIN = "k, v = np.concatenate([cache[0], k], axis=1), np.concatenate([cache[1], v], axis=1)"
_CACHE_SEEN = "seen = np.tri(new, known, known - new, dtype=bool)"
_CACHE_FULL = [
    "three new tokens behind four",
    "one new token",
    "many new tokens behind one",
    "as many new tokens as old ones",
    "a single sequence",
]
_CACHE_FIRST = ["no cache yet", "a first token"]

cached_attention = Exercise(
    points=7,
    forbids=["a ready-made attention"],
    words={"cache[0]": "K of the cache", "cache[1]": "V of the cache"},
    cases={
        "three new tokens behind four": _cache_filled,
        "one new token": partial(_cache_filled, past=6, new=1),
        "many new tokens behind one": partial(_cache_filled, past=1, new=4, N=3),
        "as many new tokens as old ones": partial(_cache_filled, past=3, new=3, d=3, dv=3),
        "a single sequence": partial(_cache_filled, past=5, new=2, N=1, d=4),
        "no cache yet": partial(_cache_none, new=4),
        "a first token": partial(_cache_none, new=1, N=3),
        "scores near ±1000": _cache_far,
        "later keys far ahead": _cache_future_far,
        "a text in five pieces": lambda draw: _cache_tokens(draw, 9) | {"pieces": [3, 1, 1, 2, 2]},
        "a text token by token": lambda draw: _cache_tokens(draw, 6, N=3) | {"pieces": [1] * 6},
    },
    checks=[
        agrees(2, "lets a new token attend to the cache, and to the new ones up to itself", on=_CACHE_FULL, part="out"),
        agrees(
            1, "returns the cache with the new keys and values at its end", on=_CACHE_FULL + _CACHE_FIRST, part="cache"
        ),
        agrees(1, "is causal attention where there is no cache yet", on=_CACHE_FIRST, part="out"),
        moves(
            1,
            "changing the last new token leaves the answers of those before it as they are",
            _another_last_new,
            on="three new tokens behind four",
        ),
        agrees(
            1,
            "read piece by piece, a text gives what it gives at once",
            on=["a text in five pieces", "a text token by token"],
            driver=read_in_pieces,
        ),
        agrees(
            1,
            "is right and finite for scores near ±1000",
            on=["scores near ±1000", "later keys far ahead"],
            part="out",
        ),
    ],
    mistakes=[
        Mistake(
            "mask_without_offset",
            "Your mask counts the new tokens from 0, so the first of them sees only the first token of the cache. Behind a cache of `past` tokens it stands at position `past`.",
            edit(_CACHE_SEEN, "seen = np.tri(new, known, dtype=bool)"),
        ),
        Mistake(
            "new_tokens_see_each_other",
            "Your new tokens see all of each other. A token may not see those that come after it, not even if they arrive together.",
            edit(_CACHE_SEEN, "seen = np.ones((new, known), dtype=bool)"),
        ),
        Mistake(
            "new_tokens_see_only_themselves",
            "Of the new tokens, each sees only itself. It may also see the new ones before it.",
            edit(
                _CACHE_SEEN,
                "seen = np.concatenate([np.ones((new, known - new), dtype=bool), np.eye(new, dtype=bool)], axis=1)",
            ),
        ),
        Mistake(
            "not_itself",
            "Your new token does not see itself. Its own key and value join the cache before it looks.",
            edit("known - new, dtype", "known - new - 1, dtype"),
        ),
        Mistake(
            "cache_replaced",
            "You return the new keys and values in place of the cache. It grows: the earlier ones stay, and the new ones come behind them.",
            edit(", (k, v)", ", (k[:, known - new :], v[:, known - new :])"),
        ),
        Mistake(
            "cache_not_extended",
            "You return the cache as it came. The new keys and values belong to it, too, for the tokens that come next.",
            edit(", (k, v)", ", (k, v) if cache is None else cache"),
        ),
        Mistake(
            "cache_ignored",
            "You do not read the cache. A new token attends to all tokens before it, and their keys and values are there.",
            edit("if cache is not None:", "if False:"),
        ),
        Mistake(
            "new_ones_in_front",
            "You put the new keys and values in front of the cache. They come last, as the tokens do.",
            edit(
                _CACHE_JOIN,
                "k, v = np.concatenate([k, cache[0]], axis=1), np.concatenate([v, cache[1]], axis=1)",
            ),
        ),
        Mistake(
            "pair_swapped",
            "You return the values before the keys. The cache is the pair of K and V.",
            edit(", (k, v)", ", (v, k)"),
        ),
        Mistake(
            "unscaled",
            "You do not divide the scores by √d. Their variance grows with d, and the softmax saturates: scale them first.",
            edit(" / np.sqrt(q.shape[-1])", ""),
        ),
        Mistake(
            "unstable",
            "Your softmax overflows for large scores. A softmax does not change if every score of a row is lowered by the same number: choose a number for which exp is at most 1.",
            edit("softmax(scores)", "(np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True))"),
        ),
    ],
    hints=[
        "If four tokens are in the cache and three are new, which shape do the scores have, and what may each row see?",
        "The causal mask of the whole text would be (past + new, past + new). Which of its rows are those of the new tokens?",
    ],
)


# A mixture of experts


def _route(draw, T=5, E=7, k=2, size=1.5):
    return {"logits": size * draw(T, E), "k": k}


def _route_far(draw, T=6, E=5, k=3):
    """Of every token two logits are near 1000 and two near −1000, each pair a little apart."""
    logits = draw(T, E) + draw.permutation([1000.0, 1000.0, 0.0, -1000.0, -1000.0])
    return {"logits": logits, "k": k}


def _route_another_token(inputs, draw):
    """The first token is another one, and of the second the experts that it does not ask become still worse."""
    logits, k = inputs["logits"].copy(), inputs["k"]
    logits[0] = draw(logits.shape[1])
    others = np.argsort(-logits[1])[k:]
    logits[1, others] -= draw.uniform(0.5, 1.5, len(others))
    return inputs | {"logits": logits}


def _route_dense(logits, k):
    kept = np.argsort(-logits, axis=-1)[:, :k]
    weights = np.zeros_like(logits)
    e = np.exp(np.take_along_axis(logits, kept, axis=-1) - logits.max(axis=-1, keepdims=True))
    np.put_along_axis(weights, kept, e / e.sum(axis=-1, keepdims=True), axis=-1)
    return weights, kept


def _route_others_zero(logits, k):
    experts = np.argsort(-logits, axis=-1)[:, :k]
    kept = np.zeros_like(logits)
    np.put_along_axis(kept, experts, np.take_along_axis(logits, experts, axis=-1), axis=-1)
    e = np.exp(kept - kept.max(axis=-1, keepdims=True))
    return np.take_along_axis(e / e.sum(axis=-1, keepdims=True), experts, axis=-1), experts


_ROUTE_BEST = "np.argsort(-logits, axis=-1)[:, :k]"
_ROUTE_KEPT = "np.take_along_axis(logits, experts, axis=-1)"
_ROUTE_PLAIN = [
    "two of seven experts",
    "three of six experts",
    "as many tokens as experts",
    "a single token",
]
_ROUTE_ENDS = ["one expert for each token", "all experts"]

moe_route = Exercise(
    points=5,
    cases={
        "two of seven experts": _route,
        "three of six experts": partial(_route, T=4, E=6, k=3),
        "as many tokens as experts": partial(_route, T=5, E=5, k=2),
        "a single token": partial(_route, T=1, E=8, k=4),
        "one expert for each token": partial(_route, T=6, E=4, k=1),
        "all experts": partial(_route, T=3, E=5, k=5),
        "logits near ±1000": _route_far,
    },
    checks=[
        agrees(2, "returns weights, the softmax over the k kept logits", on=_ROUTE_PLAIN, part="weights"),
        agrees(1, "returns experts, those of the k largest logits, the largest first", on=_ROUTE_PLAIN, part="experts"),
        moves(
            1,
            "a token depends on its own kept logits, and on no others",
            _route_another_token,
            on="two of seven experts",
        ),
        agrees(
            1,
            "is right for one expert and for all, and for logits near ±1000",
            on=[*_ROUTE_ENDS, "logits near ±1000"],
        ),
    ],
    mistakes=[
        Mistake(
            "softmax_over_all",
            "You take the softmax over all experts, so that the weights of those that are kept do not add up to 1. Take it over the kept logits alone.",
            edit(f"softmax({_ROUTE_KEPT})", "np.take_along_axis(softmax(logits), experts, axis=-1)"),
        ),
        Mistake(
            "others_at_zero",
            "You set the other logits to 0, and exp(0) is 1: they take a share of the weights. Take the softmax over the kept logits alone.",
            _route_others_zero,
        ),
        Mistake(
            "weights_in_another_order",
            "Your weights are in the order of the experts' numbers, and your experts in the order of their logits. weights[t, j] belongs to experts[t, j].",
            edit(_ROUTE_KEPT, "np.take_along_axis(logits, np.sort(experts, axis=-1), axis=-1)"),
        ),
        Mistake(
            "by_number",
            "You return the kept experts in the order of their numbers. The one with the largest logit comes first.",
            edit(_ROUTE_BEST, "np.sort(np.argsort(-logits, axis=-1)[:, :k], axis=-1)"),
        ),
        Mistake(
            "largest_last",
            "You return the kept experts by rising logit. The one with the largest logit comes first.",
            edit(_ROUTE_BEST, "np.argsort(logits, axis=-1)[:, -k:]"),
        ),
        Mistake(
            "smallest",
            "You keep the experts of the k smallest logits. A large logit says that an expert fits.",
            edit(_ROUTE_BEST, "np.argsort(logits, axis=-1)[:, :k]"),
        ),
        Mistake(
            "logits_for_weights",
            "You return the kept logits as weights. The softmax makes weights of them, which are positive and add up to 1.",
            edit(f"softmax({_ROUTE_KEPT})", _ROUTE_KEPT),
        ),
        Mistake(
            "divided_by_their_sum",
            "You divide the kept logits by their sum. Logits may be negative, and their sum may be near 0: the softmax makes weights of them.",
            edit(f"softmax({_ROUTE_KEPT})", f"({_ROUTE_KEPT} / {_ROUTE_KEPT}.sum(axis=-1, keepdims=True))"),
        ),
        Mistake(
            "softmax_over_tokens",
            "You take the softmax over the tokens. Each token divides its own weight among its experts.",
            edit(f"softmax({_ROUTE_KEPT})", f"softmax({_ROUTE_KEPT}.T).T"),
        ),
        Mistake(
            "zeros_for_the_others",
            "You return a weight for every expert, 0 for those that are not kept. Return the weights of the kept ones, in the order of experts.",
            _route_dense,
        ),
        Mistake(
            "unstable",
            "Your softmax overflows for large logits. A softmax does not change if every logit of a row is lowered by the same number: choose a number for which exp is at most 1.",
            edit(
                f"softmax({_ROUTE_KEPT})",
                f"(np.exp({_ROUTE_KEPT}) / np.exp({_ROUTE_KEPT}).sum(axis=-1, keepdims=True))",
            ),
        ),
    ],
    hints=[
        "For the logits (1, 3, 2) and k = 2: which experts are kept, in which order, and what are their weights?",
        "NumPy's sort rises. What do you sort instead, so that the largest comes first?",
    ],
)


def _route_uneven(draw, T=8, E=5, k=1, size=1.5):
    """A router that likes some experts better than others."""
    return {"logits": size * draw(T, E) + draw.permutation(E), "k": k}


def _route_unasked(draw, T=3, E=9):
    """More experts than tokens, and the last is asked by none of them."""
    inputs = _route_uneven(draw, T, E)
    inputs["logits"][:, -1] = inputs["logits"].min() - 1
    return inputs


def _route_collapsed(draw, T=6, E=5, k=2):
    """All tokens go to the same two experts, with certainty to one of them."""
    return {"logits": draw(T, E) + 1000.0 * draw.permutation(E), "k": k}


def _route_kept_probability(logits, k):
    T, E = logits.shape
    experts = np.argsort(-logits, axis=-1)[:, :k]
    share = np.bincount(experts.ravel(), minlength=E) / (T * k)
    kept = np.full_like(logits, -np.inf)
    np.put_along_axis(kept, experts, np.take_along_axis(logits, experts, axis=-1), axis=-1)
    e = np.exp(kept - kept.max(axis=-1, keepdims=True))
    return E * np.sum(share * (e / e.sum(axis=-1, keepdims=True)).mean(axis=0))


_ROUTE_PROBABILITY = "softmax(logits).mean(axis=0)"
_ROUTE_LOSS = "np.sum(share * probability)"

load_balancing_loss = Exercise(
    points=5,
    cases={
        "one expert for each token": _route_uneven,
        "as many tokens as experts": partial(_route_uneven, T=6, E=6),
        "experts that nobody asks": _route_unasked,
        "two experts for each token": partial(_route_uneven, T=7, E=6, k=2),
        "three experts for each token": partial(_route_uneven, T=9, E=5, k=3),
        "all experts for each token": partial(_route_uneven, T=4, E=3, k=3),
        "a single token": partial(_route_uneven, T=1, E=4, k=2),
        "logits near ±1000": _route_far,
        "two experts for all tokens": _route_collapsed,
    },
    checks=[
        agrees(
            2,
            "multiplies each expert's share of the tokens by its mean probability",
            on=["one expert for each token", "as many tokens as experts", "experts that nobody asks"],
        ),
        agrees(
            2,
            "counts all k experts of a token, so that all shares add up to 1",
            on=[
                "two experts for each token",
                "three experts for each token",
                "all experts for each token",
                "a single token",
            ],
        ),
        agrees(
            1,
            "is right and finite for logits near ±1000",
            on=["logits near ±1000", "two experts for all tokens"],
        ),
    ],
    mistakes=[
        Mistake(
            "not_divided_by_k",
            "Your shares add up to k. A token has k places to give: divide by T·k.",
            edit("(T * k)", "T"),
        ),
        Mistake(
            "kept_experts_only",
            "You take the probabilities over the kept experts only. P is the mean of the softmax over all E logits: through it an expert that nobody asks can learn to be asked.",
            _route_kept_probability,
        ),
        Mistake(
            "factor_missing",
            "The factor E is missing. With it the loss is 1 for an even spread, however many experts there are.",
            edit(f"E * {_ROUTE_LOSS}", _ROUTE_LOSS),
        ),
        Mistake(
            "shares_squared",
            "You use the shares twice. They are counts, through which no gradient flows: the other factor is the mean probability.",
            edit(_ROUTE_LOSS, "np.sum(share * share)"),
        ),
        Mistake(
            "probabilities_squared",
            "You use the mean probabilities twice. One factor is the share of the tokens that are sent to the expert.",
            edit(_ROUTE_LOSS, "np.sum(probability * probability)"),
        ),
        Mistake(
            "summed_over_tokens",
            "You sum the probabilities over the tokens. P is their mean, so that the loss does not grow with the batch.",
            edit(".mean(axis=0)", ".sum(axis=0)"),
        ),
        Mistake(
            "softmax_over_tokens",
            "You take the softmax over the tokens. It is over the experts: each token divides one probability among them.",
            edit(_ROUTE_PROBABILITY, "softmax(logits.T).T.mean(axis=0)"),
        ),
        Mistake(
            "best_expert_only",
            "You count only the best expert of each token. All of its k experts get the token, and each of them counts.",
            edit("np.argsort(-logits, axis=-1)[:, :k]", "logits.argmax(axis=-1)").then("(T * k)", "T"),
        ),
        Mistake(
            "worst_experts",
            "You count the experts of the smallest logits. A token goes to those of the largest.",
            edit("np.argsort(-logits", "np.argsort(logits"),
        ),
        Mistake(
            "logits_for_probabilities",
            "You take the mean of the logits. The softmax makes probabilities of them first.",
            edit(_ROUTE_PROBABILITY, "logits.mean(axis=0)"),
        ),
        Mistake(
            "softmax_of_the_mean",
            "You take the softmax of the mean logits. Each token has its own probabilities: take the softmax first and the mean of it.",
            edit(_ROUTE_PROBABILITY, "softmax(logits.mean(axis=0))"),
        ),
        Mistake(
            "unstable",
            "Your softmax overflows for large logits. A softmax does not change if every logit of a row is lowered by the same number: choose a number for which exp is at most 1.",
            edit(_ROUTE_PROBABILITY, "(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)).mean(axis=0)"),
        ),
    ],
    hints=[
        "Four tokens choose one of two experts each, and three choose the first. What is f? What is the loss if P is (0.7, 0.3)?",
        "With k experts for each token, how many places are given in all, and what must the shares add up to?",
        "Which function of NumPy counts how often each of the numbers 0 to E − 1 comes?",
    ],
)


# From logits to the next token


def _top_clear(logits, p):
    """Whether no sum of a row's largest probabilities is within 1e-6 of p, and no two logits of a row are near one another."""
    falling = -np.sort(-logits, axis=-1)
    e = np.exp(falling - falling[:, :1])
    sums = (e / e.sum(axis=-1, keepdims=True)).cumsum(axis=-1)
    return np.abs(sums - p).min() > 1e-5 and np.diff(falling, axis=-1).max() < -1e-6


def _top_rows(draw, N=4, V=9, p=(0.4, 0.9), size=1.5, at=0.0):
    """Rows of logits, and a p between two numbers."""
    while True:
        inputs = {"logits": at + size * draw(N, V), "p": float(draw.uniform(*p))}
        if _top_clear(**inputs):
            return inputs


def _top_ahead(draw):
    """In every row but the last, one token is likelier than p alone; it is not always the same one."""
    while True:
        inputs = _top_rows(draw, N=5, V=6, p=(0.5, 0.8), size=1.0)
        for row, token in enumerate(draw.permutation(6)[:4]):
            inputs["logits"][row, token] = 7 + draw.uniform(0, 1)
        if _top_clear(**inputs):
            return inputs


def _top_far(draw):
    """Rows around 1000, around −1000, and from one to the other."""
    while True:
        logits = draw(3, 7) + np.array([[1000.0], [-1000.0], [0.0]])
        logits[2] = draw.permutation(np.linspace(-1000, 1000, 7).size) * 333.0 - 1000
        inputs = {"logits": logits, "p": float(draw.uniform(0.6, 0.9))}
        if _top_clear(**inputs):
            return inputs


def _top_another_row(inputs, draw):
    """The second row is another one."""
    while True:
        logits = inputs["logits"].copy()
        logits[1] = 1.5 * draw(logits.shape[1])
        if _top_clear(logits, inputs["p"]):
            return inputs | {"logits": logits}


def _top_share_of_tokens(logits, p):
    V = logits.shape[-1]
    rank = np.argsort(np.argsort(-logits, axis=-1), axis=-1)
    return np.where(rank < np.ceil(p * V), logits, -np.inf)


def _top_over_all(logits, p):
    """One softmax and one sum for all rows together."""
    flat = logits.ravel()
    order = np.argsort(-flat)
    e = np.exp(flat[order] - flat.max())
    chances = e / e.sum()
    kept = np.zeros(flat.shape, bool)
    kept[order] = chances.cumsum() - chances < p
    return np.where(kept, flat, -np.inf).reshape(logits.shape)


_TOP_PUT = "np.put_along_axis(kept, order, before < p, axis=-1)"
_TOP_PLAIN = ["four rows", "a large vocabulary", "a single row", "two tokens"]

filter_top_p = Exercise(
    points=6,
    cases={
        "four rows": _top_rows,
        "a large vocabulary": partial(_top_rows, N=3, V=60),
        "a single row": partial(_top_rows, N=1, V=8),
        "two tokens": partial(_top_rows, N=6, V=2),
        "as many rows as tokens": partial(_top_rows, N=7, V=7),
        "tokens likelier than p": _top_ahead,
        "a p near 0": partial(_top_rows, p=(0.01, 0.03)),
        "a p near 1": partial(_top_rows, V=12, p=(0.99, 0.995)),
        "logits to ±1000": _top_far,
        "tokens that are nearly alike": partial(_top_rows, size=0.05),
    },
    checks=[
        agrees(
            3,
            "keeps the likeliest tokens up to and with the one at which their probability reaches p",
            on=[*_TOP_PLAIN, "as many rows as tokens", "tokens that are nearly alike"],
        ),
        agrees(1, "keeps one token where the likeliest alone reaches p", on=["tokens likelier than p", "a p near 0"]),
        moves(1, "changing a row changes that row only", _top_another_row, on="four rows"),
        agrees(1, "is right for logits to ±1000, and for p near 1", on=["logits to ±1000", "a p near 1"]),
    ],
    mistakes=[
        Mistake(
            "crossing_token_lost",
            "You remove the token at which the sum reaches p. It is kept: only with it do the kept tokens have a probability of at least p.",
            edit("before < p", "before + chances <= p"),
        ),
        Mistake(
            "crossing_token_lost_but_one",
            "You keep the likeliest token, but otherwise remove the one at which the sum reaches p. It is kept, too: only with it do the kept tokens have a probability of at least p.",
            edit("before < p", "(before + chances <= p) | (before == 0)"),
        ),
        Mistake(
            "one_too_many",
            "You keep one token after the sum has reached p. The one at which it reaches p is the last.",
            edit("before < p", "before - np.roll(chances, 1, axis=-1) * (before > 0) < p"),
        ),
        Mistake(
            "sorted_upwards",
            "You sum from the least likely token up, and so keep what should be removed. Begin with the likeliest.",
            edit("np.argsort(-logits, axis=-1)", "np.argsort(logits, axis=-1)"),
        ),
        Mistake(
            "not_sorted",
            "You sum the probabilities in the order of the vocabulary. Sort each row first: the likeliest token comes first.",
            edit("np.argsort(-logits, axis=-1)", "np.argsort(np.zeros_like(logits), axis=-1, kind='stable')"),
        ),
        Mistake(
            "mask_in_sorted_order",
            "You decide in sorted order, and use the mask in the order of the vocabulary. Bring it back to the tokens' own places first.",
            edit(_TOP_PUT, "kept = before < p"),
        ),
        Mistake(
            "sorted_logits",
            "You return the logits in sorted order. Each stays at its own place, where its token is.",
            returns("np.where(before < p, np.take_along_axis(logits, order, axis=-1), -np.inf)"),
        ),
        Mistake(
            "chances_of_at_least_p",
            "You keep the tokens whose own probability is at least p. It is the sum of those of the likeliest tokens that p is about.",
            edit("before < p", "chances >= p"),
        ),
        Mistake(
            "min_p",
            "You keep the tokens that are at least p times as likely as the likeliest: that is min-p. Here probabilities are summed until they reach p.",
            returns("np.where(logits - logits.max(axis=-1, keepdims=True) >= np.log(p), logits, -np.inf)"),
        ),
        Mistake(
            "share_of_the_vocabulary",
            "You keep a share p of the vocabulary. It is a share of the probability: in a sure row that is one token, and in an unsure one many.",
            _top_share_of_tokens,
        ),
        Mistake(
            "rows_together",
            "You take all rows for one. Each row has its own softmax and its own sum.",
            _top_over_all,
        ),
        Mistake(
            "zeros",
            "You set the logits of removed tokens to 0, and exp(0) is 1: they may still be drawn. Which logit has the probability 0?",
            returns("np.where(kept, logits, 0.0)"),
        ),
        Mistake(
            "probabilities",
            "You return probabilities. The logits of kept tokens stay as they are: the softmax comes later.",
            returns("softmax(…)"),
        ),
        Mistake(
            "log_probabilities",
            "You return the logarithms of new probabilities. The logits of kept tokens stay as they are: the softmax comes later.",
            edit(
                "logits, -np.inf",
                "logits - np.log(np.where(kept, np.exp(logits), 0).sum(axis=-1, keepdims=True)), -np.inf",
            ),
        ),
        Mistake(
            "unstable",
            "Your softmax overflows for large logits. A softmax does not change if every logit of a row is lowered by the same number: choose a number for which exp is at most 1.",
            edit("softmax(logits)", "(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True))"),
        ),
    ],
    hints=[
        "For the probabilities 0.5, 0.3, 0.15, 0.05 and p = 0.7: which tokens are kept, and how much stands before each?",
        "Is the probability of all likelier tokens enough to decide whether a token is kept?",
        "You decide in sorted order. What brings a mask back to the order of the vocabulary?",
    ],
)


def _accept_law_of(draw, *shape):
    """Rows of probabilities, none of them near 0."""
    rows = draw.uniform(0.1, 1, *shape)
    return rows / rows.sum(axis=-1, keepdims=True)


def _accept_is_clear(p, q, drafted, u, v):
    """Whether u and v are not near to what they are compared with, and a draft could be drawn."""
    places = range(len(drafted))
    ratios = np.array([min(1.0, p[i, drafted[i]] / q[i, drafted[i]]) for i in places])
    sums = [p[-1].cumsum()]
    for i in places:
        left = np.maximum(p[i] - q[i], 0)
        sums += [(left / left.sum()).cumsum()] if left.sum() > 1e-3 else []
    return np.abs(u - ratios).min() > 1e-4 and np.abs(np.concatenate(sums) - v).min() > 1e-4


def _accept_tells(p, q, drafted, u, v, apart=False):
    """Whether what is often drawn from instead of the right law gives another token here, each of it; all of them different
    ones where `apart` is asked for."""
    i = next((i for i, x in enumerate(drafted) if u[i] >= p[i, x] / q[i, x]), None)
    if i is None:
        law, others = p[-1], p[-2::-1]
    else:
        law = np.maximum(p[i] - q[i], 0)
        others = [p[i], p[-1], np.where(np.arange(len(law)) == drafted[i], 0, p[i]), np.abs(p[i] - q[i])]
        others += [np.maximum(q[i] - p[i], 0), np.append(law[:-1], 1.0), np.arange(len(law)) == law.argmax()]
    token, *found = (int(((a / a.sum()).cumsum() <= v).sum()) for a in (law, *others))
    if i is None:
        is_alone = token not in found and token != drafted[-1]
        return is_alone and found[0] != drafted[-1]  # nor is one wrong token another's
    found[5] = min(int((law.cumsum() <= v).sum()), len(law) - 1)  # not divided by its sum
    return token not in found and (not apart or len(set(found)) == len(found))


def _accept_drafts(draw, K=3, V=6, refused=None, again=False, near=False, tells=False, apart=False):
    """Drafts of which the one at `refused` is the first that is refused, or none is.

    With `again` all later ones are refused as well; else all later ones would be accepted. With `near` the models are nearly
    alike. With `tells` the next token is one that only the right law gives, and with `apart` each wrong law gives another one.
    """
    while True:
        p, q = _accept_law_of(draw, K + 1, V), _accept_law_of(draw, K, V)
        if near:
            q = 0.9 * p[:-1] + 0.1 * q
        drafted = draw.integers(0, V, K)
        ratio = np.minimum(1, p[np.arange(K), drafted] / q[np.arange(K), drafted])
        u = ratio * draw.uniform(0, 1, K)  # accepted
        if refused is not None:
            late = slice(refused, None if again else refused + 1)
            if (ratio[late] > 0.9).any():
                continue  # it could hardly be refused
            u[late] = ratio[late] + (1 - ratio[late]) * draw.uniform(0, 1, *u[late].shape)
        inputs = {"p": p, "q": q, "drafted": drafted, "u": u, "v": float(draw.uniform(0, 1))}
        if _accept_is_clear(**inputs) and (not tells or _accept_tells(**inputs, apart=apart)):
            return inputs


def _accept_any(draw, K=4, V=5):
    """Whatever u says: drafts that the small model may well have drawn."""
    while True:
        p, q = _accept_law_of(draw, K + 1, V), _accept_law_of(draw, K, V)
        drafted = np.array([int(draw.permutation(V)[0]) for _ in range(K)])
        inputs = {"p": p, "q": q, "drafted": drafted, "u": draw.uniform(0, 1, K), "v": float(draw.uniform(0, 1))}
        if _accept_is_clear(**inputs):
            return inputs


def _accept_impossible(draw, K=3, V=5):
    """The large model would never write the second draft: p is 0 there, and u may be 0 or nearly."""
    while True:
        inputs = _accept_drafts(draw, K, V)
        p = inputs["p"].copy()
        p[1, inputs["drafted"][1]] = 0
        inputs |= {"p": p / p.sum(axis=-1, keepdims=True)}
        inputs["u"][1] = draw.uniform(0.001, 0.01)
        if _accept_is_clear(**inputs):
            return inputs


def _accept_sparse(draw, K=2, V=8):
    """Only a few tokens have a chance, and not the same ones in both models; the drafts have one in both but for the last."""
    while True:
        inputs = _accept_drafts(draw, K, V, refused=K - 1)
        p, q = inputs["p"].copy(), inputs["q"].copy()
        p[:, draw.permutation(V)[:4]] = 0
        q[:, draw.permutation(V)[:4]] = 0
        for i, x in enumerate(inputs["drafted"]):
            p[i, x], q[i, x] = (0.5, 0.25) if i < K - 1 else (0.1, 0.5)
        p, q = (a / a.sum(axis=-1, keepdims=True) for a in (p, q))
        inputs |= {"p": p, "q": q, "u": np.append(draw.uniform(0, 0.9, K - 1), draw.uniform(0.6, 1))}
        if _accept_is_clear(**inputs) and p[-1, -1] > 0 and (p[K - 1] > q[K - 1]).sum() > 1:
            return inputs


def _accept_high(draw, refused=None):
    """v is so near to 1 that only the last token with a chance is left."""
    while True:
        inputs = _accept_drafts(draw, V=4, refused=refused) | {"v": float(draw.uniform(0.97, 0.998))}
        if _accept_is_clear(**inputs):
            return inputs


def _accept_rounded_down(draw):
    """Ten tenths add up to a little less than 1, and v lies no lower: the last token it is."""
    inputs = _accept_drafts(draw, K=2, V=10)
    inputs["p"][:] = 0.1
    return inputs | {"u": draw.uniform(0.001, 0.1, 2), "v": float(np.nextafter(1.0, 0.0))}


def _accept_even(draw):
    """Probabilities in sixteenths, and all the numbers u and v that make a difference, each as often as it should come."""
    while True:
        q = np.array([8.0, 4.0, 2.0, 2.0, 0.0])[draw.permutation(5)]
        p = np.bincount(draw.integers(0, 5, 16), minlength=5).astype(float)
        if left := int(np.maximum(p - q, 0).sum()):
            both = _accept_law_of(draw, 5)
            us, vs = (np.arange(8) + 0.5) / 8, (np.arange(left) + 0.5) / left
            return {"p": np.stack([p / 16, both]), "q": q[None] / 16, "us": us, "vs": vs}


def emitted(speculative_accept, p, q, us, vs):
    """-> law (V,)

    How often each token is the first that is written, if the small model drafts one token.
    """
    law = np.zeros(q.shape[1])
    for draft in np.flatnonzero(q[0]):
        for u in us:
            for v in vs:
                accepted, token = speculative_accept(p, q, np.array([draft]), np.array([u]), float(v))
                law[draft if accepted else token] += q[0, draft] / (len(us) * len(vs))
    return law


def _accept_all_counted(p, q, drafted, u, v):
    """Counts every draft that would be accepted, also behind a refusal."""
    is_good = [u[i] < p[i, x] / q[i, x] for i, x in enumerate(drafted)]
    law = p[-1]
    if not all(is_good):
        law = np.maximum(p[is_good.index(False)] - q[is_good.index(False)], 0)
    exceeds = (law / law.sum()).cumsum() > v
    return sum(is_good), int(exceeds.argmax()) if exceeds.any() else len(law) - 1


def _accept_equal_to_a_sample(p, q, drafted, u, v):
    """Draws from the large model at every place, and keeps the draft where it is the same token."""
    for i, x in enumerate(drafted):
        token = min(int((p[i].cumsum() <= u[i]).sum()), p.shape[1] - 1)
        if token != x:
            return i, token
    return len(drafted), min(int((p[-1].cumsum() <= v).sum()), p.shape[1] - 1)


_ACCEPT_LEFT = "left = np.maximum(p[i] - q[i], 0.0)"
_ACCEPT_DRAWN = "_accept_drawn(left / left.sum(), v)"
_ACCEPT_RATIO = "p[i, x] / q[i, x]"
_ACCEPT_REFUSED = ["the first draft refused", "the second draft refused", "the last draft refused"]

speculative_accept = Exercise(
    points=8,
    cases={
        "all drafts accepted": partial(_accept_drafts, tells=True),
        "one draft, accepted": partial(_accept_drafts, K=1, V=4, tells=True),
        "models that are nearly alike": partial(_accept_drafts, K=5, near=True),
        "the first draft refused": partial(_accept_drafts, refused=0, tells=True),
        "the second draft refused": partial(_accept_drafts, K=4, V=7, refused=1, tells=True),
        "the last draft refused": partial(_accept_drafts, K=2, V=5, refused=1),
        "one draft, refused": partial(_accept_drafts, K=1, V=4, refused=0),
        "two drafts refused": partial(_accept_drafts, K=5, V=4, refused=2, again=True),
        "any drafts": _accept_any,
        "a large vocabulary": partial(_accept_drafts, K=2, V=50, refused=1, tells=True, apart=True),
        "a token that the large model never writes": _accept_impossible,
        "few tokens with a chance": _accept_sparse,
        "v near 1, all accepted": _accept_high,
        "v near 1, one refused": partial(_accept_high, refused=1),
        "v as near to 1 as can be": _accept_rounded_down,
        "every u and v": _accept_even,
    },
    checks=[
        agrees(
            2,
            "accepts all drafts, and draws the next token from the last row of p",
            on=["all drafts accepted", "one draft, accepted", "models that are nearly alike"],
        ),
        agrees(
            3,
            "stops at the first refusal, and draws the next token from what p has more than q",
            on=[*_ACCEPT_REFUSED, "one draft, refused", "a large vocabulary"],
        ),
        agrees(1, "counts nothing behind the first refusal", on=["two drafts refused", "any drafts"]),
        agrees(
            1,
            "is right where probabilities are 0, and where v is near 1",
            on=[
                "a token that the large model never writes",
                "few tokens with a chance",
                "v near 1, all accepted",
                "v near 1, one refused",
                "v as near to 1 as can be",
            ],
        ),
        agrees(
            1,
            "writes each token as often as the large model would by itself",
            on="every u and v",
            driver=emitted,
        ),
    ],
    mistakes=[
        Mistake(
            "drawn_from_p",
            "After a refusal you draw from p. The drafts that were accepted have brought the tokens that q likes already: draw from what p has more than q.",
            edit(_ACCEPT_LEFT, "left = p[i]"),
        ),
        Mistake(
            "drawn_from_p_without_the_draft",
            "After a refusal you draw from p without the refused token. Draw from what p has more than q, token by token.",
            edit(_ACCEPT_LEFT, "left = np.where(np.arange(p.shape[1]) == x, 0.0, p[i])"),
        ),
        Mistake(
            "not_normalised",
            "You do not divide what is left of p by its sum. Its parts add up to less than 1, and the last token is drawn far too often.",
            edit(_ACCEPT_DRAWN, "_accept_drawn(left, v)"),
        ),
        Mistake(
            "absolute_difference",
            "You draw from |p − q|. Where q is larger than p nothing is left to draw: take 0 there.",
            edit(_ACCEPT_LEFT, "left = np.abs(p[i] - q[i])"),
        ),
        Mistake(
            "difference_reversed",
            "After a refusal you draw from what q has more than p. The small model has had too many of these: what is missing is what p has more than q.",
            edit(_ACCEPT_LEFT, "left = np.maximum(q[i] - p[i], 0.0)"),
        ),
        Mistake(
            "likeliest",
            "After a refusal you take the likeliest token of what is left. Draw it, with the given v.",
            edit(_ACCEPT_DRAWN, "int(np.argmax(left))"),
        ),
        Mistake(
            "ratio_reversed",
            "Your ratio is upside down. A token that the large model finds as likely as the small one, or likelier, is always accepted.",
            edit(_ACCEPT_RATIO, "q[i, x] / max(p[i, x], 1e-300)"),
        ),
        Mistake(
            "u_reversed",
            "You accept where u is above the ratio. A draft is accepted with the probability min(1, p/q), and u is below r with the probability r.",
            edit("u[i] >= min(1.0", "u[i] < min(1.0"),
        ),
        Mistake(
            "without_q",
            "You accept a draft with the probability p. It was drawn with the probability q, and that is to be divided out.",
            edit(_ACCEPT_RATIO, "p[i, x]"),
        ),
        Mistake(
            "likelier_drafts_only",
            "You accept a draft just where p is at least q, and do not use u. Where p is smaller, a draft is still accepted with the probability p/q.",
            edit(f"u[i] >= min(1.0, {_ACCEPT_RATIO})", "p[i, x] < q[i, x]"),
        ),
        Mistake(
            "equal_to_a_sample",
            "You draw a token from p and accept the draft where it is the same. That gives the right law, too, but accepts far fewer drafts than min(1, p/q).",
            _accept_equal_to_a_sample,
        ),
        Mistake(
            "goes_on_after_a_refusal",
            "You count drafts behind a refusal. They were drafted after a token that is not written: the first refusal ends it.",
            _accept_all_counted,
        ),
        Mistake(
            "refusal_counted",
            "You count the refused draft among the accepted ones.",
            edit(f"return i, {_ACCEPT_DRAWN}", f"return i + 1, {_ACCEPT_DRAWN}"),
        ),
        Mistake(
            "row_of_the_last_draft",
            "After all drafts you draw from the row of p that belongs to the last draft. p has one row more, for the place behind it.",
            edit("_accept_drawn(p[-1], v)", "_accept_drawn(p[len(drafted) - 1], v)"),
        ),
        Mistake(
            "last_row_after_a_refusal",
            "After a refusal you draw from the last row of p. The next token stands at the place of the refused draft, and that has its own row.",
            edit(_ACCEPT_LEFT, "left = p[-1]"),
        ),
        Mistake(
            "no_token_after_the_last",
            "If all drafts are accepted you return the last one of them as the next token. There is one more, drawn from the last row of p: it comes for free.",
            edit("_accept_drawn(p[-1], v)", "int(drafted[-1])"),
        ),
    ],
    hints=[
        "Draft i has been drawn with the probability q. If the large model finds it half as likely, how often should it be kept?",
        "Which tokens come too rarely if drafts are all there is, and by how much?",
        "How many rows has p, how many has q, and to which place does the row belong that p has more?",
    ],
)


# A block, as a PyTorch module: given weights are loaded by name, so that every right block gives the same numbers.


def _block_single(array):
    """The array in single precision, as PyTorch's tensors are."""
    return np.asarray(array, np.float32)


def _block_weights(draw, dim, heads, kv_heads, hidden):
    """Weights by name, of a size that keeps what they make near 1; the norms are not all ones, so that each is felt."""
    shared = kv_heads * dim // heads
    sizes = {"query": (dim, dim), "key": (shared, dim), "value": (shared, dim), "out": (dim, dim)}
    sizes |= {"gate": (hidden, dim), "up": (hidden, dim), "down": (dim, hidden)}
    weights = {f"norm{number}.weight": _block_single(1 + 0.4 * draw(dim)) for number in (1, 2)}
    for name, (after, before) in sizes.items():
        size = 1.5 if name in ("query", "key", "gate") else 1.0
        weights[f"{name}.weight"] = _block_single(size * draw(after, before) / np.sqrt(before))
    return weights


def _block_places(draw, T):
    """Positions with gaps, rising, from anywhere near the beginning."""
    return int(draw.integers(0, 9)) + np.sort(draw.permutation(4 * T)[:T])


def _block_case(draw, dim=24, heads=6, kv_heads=3, hidden=20, N=2, T=5, places=_block_places, size=1.0, gradient=False):
    inputs = dict(dim=dim, heads=heads, kv_heads=kv_heads, hidden=hidden)
    inputs["weights"] = _block_weights(draw, dim, heads, kv_heads, hidden)
    inputs |= {"x": _block_single(size * draw(N, T, dim)), "positions": places(draw, T).astype(np.int64)}
    return inputs | ({"dout": _block_single(draw(N, T, dim))} if gradient else {})


def _block_counted(draw, T):
    return np.arange(T)


def _block_any_order(draw, T):
    """The first token stands behind all others: what a token sees is decided by order, not by position."""
    return np.concatenate([[3 * T + int(draw.integers(1, 9))], draw.permutation(3 * T)[: T - 1]])


def _block_far(draw, T):
    """Positions up to the last that is asked, 4095, and one from the beginning."""
    return np.concatenate([[int(draw.integers(0, 9))], 4096 - np.sort(1 + draw.permutation(2000)[: T - 1])[::-1]])


_block_another_last_token = redrawn(x=np.s_[:, -1])


def blocked(CausalBlock, dim, heads, kv_heads, hidden, weights, x, positions, dout=None):
    """-> out (N, T, dim)

    With dout the answer is the gradients instead: in x, and in each of the weights. Buffers are the block's own affair.
    """
    block = CausalBlock(dim, heads, kv_heads, hidden)
    parameters = dict(block.named_parameters(remove_duplicate=False))
    buffers = {name: value for name, value in block.state_dict().items() if name not in parameters}
    load(block, buffers | dict(weights))
    if dout is None:
        return block(x, positions)
    x = x.requires_grad_()
    block(x, positions).backward(dout)
    found = [x.grad, *(parameters[name].grad for name in weights)]
    asked = [x, *weights.values()]
    return [torch.zeros_like(a) if grad is None else grad for a, grad in zip(asked, found, strict=True)]


def _block_words(inputs):
    """What the gradients are of."""
    return {f"out[{place}]": f"the gradient in {name}" for place, name in enumerate(["x", *inputs["weights"]])}


_BLOCK_SUM = """x = x + self.out(self._attention(self.norm1(x), positions))
        normed = self.norm2(x)
        return x + self.down(nn.functional.silu(self.gate(normed)) * self.up(normed))"""
_BLOCK_NET = "self.down(nn.functional.silu(self.gate({0})) * self.up({0}))"
_BLOCK_HALVES = """a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)"""
_BLOCK_NEIGHBOURS = """a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)"""
_BLOCK_SHARE = "k, v = k.repeat_interleave(shared, dim=1), v.repeat_interleave(shared, dim=1)"
_BLOCK_Q = "_block_turned(self._split(self.query(x), self.heads), positions)"
_BLOCK_K = "_block_turned(self._split(self.key(x), self.kv_heads), positions)"
_BLOCK_NO_SKIP = "You leave out a residual connection: the output of a half replaces the tokens. Add it to them, so that gradients have a direct path back."
_BLOCK_NO_FEED = Mistake(
    "no_network",
    "You leave out the second half of the block, the gated network. Attention mixes tokens; this is where each is thought about.",
    edit(f"return x + {_BLOCK_NET.format('normed')}", "return x + 0 * normed", of="CausalBlock"),
)
_BLOCK_FUTURE = Mistake(
    "future_visible",
    "You use no causal mask, so each token can read the tokens that it must predict. The block makes this mask itself.",
    edit("scores.masked_fill(~past, -torch.inf)", "scores", of="CausalBlock"),
)

CausalBlock = Exercise(
    points=8,
    words=_block_words,
    torch=True,
    driver=blocked,
    cases={
        "six heads, three for the keys": _block_case,
        "four heads, two for the keys": partial(_block_case, dim=16, heads=4, kv_heads=2, hidden=24, T=7),
        "one key head for all": partial(_block_case, dim=12, heads=3, kv_heads=1, N=3, T=4),
        "as many key heads as heads": partial(_block_case, dim=12, heads=2, kv_heads=2, hidden=7),
        "one head of two features": partial(_block_case, dim=2, heads=1, kv_heads=1, hidden=5, T=4),
        "a single token": partial(_block_case, N=3, T=1),
        "positions from 0": partial(_block_case, places=_block_counted),
        "positions in any order": partial(_block_case, T=6, places=_block_any_order),
        "positions in the thousands": partial(_block_case, T=6, places=_block_far),
        "features near a thousandth": partial(_block_case, size=1e-3),
        "the gradient": partial(_block_case, gradient=True),
        "the gradient of a narrow block": partial(
            _block_case, dim=8, heads=2, kv_heads=1, hidden=13, T=6, gradient=True
        ),
    },
    checks=[
        agrees(
            3,
            "adds attention, then the gated network, each applied to the normalised tokens",
            on=["as many key heads as heads", "one head of two features", "a single token", "positions from 0"],
        ),
        agrees(
            1,
            "gives head h the keys and values of head h // (heads / kv_heads)",
            on=["six heads, three for the keys", "four heads, two for the keys", "one key head for all"],
        ),
        agrees(
            1,
            "turns queries and keys by the given positions",
            on=["positions in any order", "positions in the thousands"],
        ),
        moves(
            1,
            "hides the future: changing a token changes only itself and later tokens",
            _block_another_last_token,
            on="six heads, three for the keys",
        ),
        agrees(
            1,
            "passes gradients back to the tokens and to every weight",
            on=["the gradient", "the gradient of a narrow block"],
        ),
        agrees(1, "has 1e-6 under the root of its norms", on="features near a thousandth"),
    ],
    mistakes=[
        _BLOCK_FUTURE,
        Mistake(
            "only_future_visible",
            "Your causal mask shows the future and hides the past. A token may attend to itself and to earlier tokens.",
            edit(".tril()", ".triu()"),
        ),
        Mistake(
            "itself_hidden",
            "Your causal mask hides each token from itself, and the first token sees nothing. A token may attend to itself.",
            edit(".tril()", ".tril(-1)"),
        ),
        Mistake(
            "masked_by_position",
            "You compare positions for the mask. A token sees those that come before it in x, by their order, wherever they stand.",
            edit(
                "torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()",
                "positions[:, None] >= positions",
            ),
        ),
        Mistake(
            "positions_ignored",
            "You ignore the positions and count the tokens. Each token is turned by its own position.",
            edit("angle = positions[:, None]", "angle = torch.arange(x.shape[-2])[:, None]", of="_block_turned"),
        ),
        Mistake(
            "not_turned",
            "You do not turn queries and keys, so that the block does not know how far apart two tokens are.",
            edit(_BLOCK_HALVES, "return x", of="_block_turned"),
        ),
        Mistake(
            "queries_alone_turned",
            "You turn the queries alone. A score depends on the distance of two tokens only if the keys are turned, too.",
            edit(_BLOCK_K, "self._split(self.key(x), self.kv_heads)"),
        ),
        Mistake(
            "values_turned",
            "You turn the values, too. Turned queries and keys decide where to look; what is found there stays as it is.",
            edit(
                "v = self._split(self.value(x), self.kv_heads)",
                "v = _block_turned(self._split(self.value(x), self.kv_heads), positions)",
            ),
        ),
        Mistake(
            "neighbours",
            "Your pairs are neighbours, (0, 1), (2, 3) and so on. Here feature i of a head and feature i + d/2 are a pair, as in rotary_at.",
            edit(_BLOCK_HALVES, _BLOCK_NEIGHBOURS, of="_block_turned"),
        ),
        Mistake(
            "turned_before_the_split",
            "You turn queries and keys before they are split into heads. Each head has all frequencies: split first, then turn head by head.",
            edit(
                f"q = {_BLOCK_Q}\n        k = {_BLOCK_K}",
                "q = self._split(_block_turned(self.query(x), positions), self.heads)\n"
                "        k = self._split(_block_turned(self.key(x), positions), self.kv_heads)",
            ),
        ),
        Mistake(
            "turned_backwards",
            "You turn clockwise, keys and queries in different directions. Both turn the same way, so that only their distance is left.",
            edit(_BLOCK_K, "_block_turned(self._split(self.key(x), self.kv_heads), -positions)"),
        ),
        Mistake(
            "heads_tiled",
            "You repeat the key heads in turn, 0 1 0 1, so that neighbouring heads use different ones. Neighbours share one: 0 0 1 1.",
            edit(_BLOCK_SHARE, "k, v = k.repeat(1, shared, 1, 1), v.repeat(1, shared, 1, 1)"),
        ),
        Mistake(
            "heads_interleaved",
            "Your heads take interleaved features. A head is a block of consecutive features.",
            edit("x.unflatten(-1, (heads, -1)).transpose(1, 2)", "x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)"),
        ),
        Mistake(
            "scaled_by_dim",
            "You divide the scores by √dim. The queries of a head have dim / heads features: scale by their number.",
            edit("q.shape[-1] ** 0.5", "x.shape[-1] ** 0.5"),
        ),
        Mistake(
            "unscaled",
            "You do not scale the scores. Divide them by the root of the number of features of a head.",
            edit(" / q.shape[-1] ** 0.5", ""),
        ),
        Mistake(
            "out_forgotten",
            "You join the heads, but do not apply `out`, which mixes them.",
            edit("self.out(self._attention(self.norm1(x), positions))", "self._attention(self.norm1(x), positions)"),
        ),
        Mistake(
            "post_norm",
            "Your block is post-norm: it normalises the sum. Here each half reads the normalised tokens, and its output is added to the tokens before the norm.",
            edit(
                _BLOCK_SUM,
                f"""x = self.norm1(x + self.out(self._attention(x, positions)))
        return self.norm2(x + {_BLOCK_NET.format("x")})""",
            ),
        ),
        Mistake("no_skip_at_attention", _BLOCK_NO_SKIP, edit("x = x + self.out(", "x = self.out(")),
        Mistake("no_skip_at_the_network", _BLOCK_NO_SKIP, edit("return x + self.down(", "return self.down(")),
        Mistake(
            "skip_from_the_norm",
            "You add the output of a half to the normalised tokens. Add it to the tokens before the norm.",
            edit("return x + self.down(", "return normed + self.down("),
        ),
        Mistake(
            "one_norm_for_both",
            "You use `norm1` twice. The gated network has its own norm.",
            edit("self.norm2(x)", "self.norm1(x)"),
        ),
        Mistake(
            "side_by_side",
            "You let both halves read the block's input. The gated network comes second, and reads the tokens after attention.",
            edit(
                _BLOCK_SUM,
                f"""normed = self.norm2(x)
        return x + self.out(self._attention(self.norm1(x), positions)) + {_BLOCK_NET.format("normed")}""",
            ),
        ),
        Mistake(
            "branches_swapped",
            "You put silu on the branch of `up`. It belongs on the branch of `gate`.",
            edit(_BLOCK_NET.format("normed"), "self.down(self.gate(normed) * nn.functional.silu(self.up(normed)))"),
        ),
        Mistake(
            "gelu",
            "Your gate is a GELU or another function. It is silu, z·σ(z).",
            edit("nn.functional.silu(", "nn.functional.gelu("),
        ),
        Mistake(
            "sigmoid_for_silu",
            "You use the sigmoid for the gate, which is the older GLU. silu(z) is z·σ(z).",
            edit("nn.functional.silu(", "torch.sigmoid("),
        ),
        _BLOCK_NO_FEED,
        Mistake(
            "layer_norm",
            "Your norms subtract the mean, as layer norm does. The RMS norm leaves the mean where it is.",
            edit("nn.RMSNorm(dim, eps=1e-6)", "nn.LayerNorm(dim, eps=1e-6, bias=False)"),
        ),
        Mistake(
            "eps_of_the_library",
            "Your norms have another eps, perhaps that of the library, which is about 1e-7 where none is given. It is 1e-6.",
            edit("nn.RMSNorm(dim, eps=1e-6)", "nn.RMSNorm(dim)"),
        ),
        Mistake(
            "detached",
            "A part of your block passes no gradient back. Is something detached, or turned into a NumPy array?",
            edit("return x + self.down(", "x = x.detach()\n        return x + self.down("),
        ),
        Mistake(
            "scores_detached",
            "Your queries and keys get no gradient, so that the block never learns where to look. Are the weights of attention detached?",
            edit(".softmax(dim=-1)", ".softmax(dim=-1).detach()"),
        ),
    ],
    hints=[
        "A block has two halves. What does each half read, and what is its output added to?",
        "Which shape have the queries of all heads, and which the keys? At which point are they turned, and at which are the keys repeated?",
        "Does your block know the positions, or does it count? Who sees whom is decided by the order of the tokens alone.",
    ],
)


# A training run: a small language model learns a grammar of brackets, whose probabilities are known.

_BRACKET_OPENS = np.array([[0.05, 0.3, 0.05], [0.05, 0.05, 0.3], [0.3, 0.05, 0.05], [0.5, 0.2, 0.1]])


def _bracket_chances(text, opens):
    """The logarithm of the grammar's own probability for each token of each row of a text."""
    K = opens.shape[1]
    found = np.zeros(text.shape)
    for row, line in zip(found, text.tolist(), strict=True):
        inside = [K]
        for t, token in enumerate(line):
            chances = opens[inside[-1]]
            row[t] = np.log(chances[token] if token < K else 1 - chances.sum())
            if token < K:
                inside.append(token)
            elif len(inside) > 1:
                inside.pop()
    return found


def _bracket_lines(draw, opens, M, T):
    """M rows of T tokens each, written by the grammar."""
    K, lines = opens.shape[1], []
    for chances in draw.uniform(0, 1, M, T).tolist():
        inside, line = [K], []
        for chance in chances:
            token = int((chance >= opens[inside[-1]].cumsum()).sum())
            line.append(token if token < K else K + inside[-1])
            if token < K:
                inside.append(token)
            elif len(inside) > 1:
                inside.pop()
        lines.append(line)
    return np.array(lines)


def _bracket_case(draw, M=400, T=24):
    """The grammar, and rows of it that are held back; the truth is what the grammar itself makes of them."""
    text = _bracket_lines(draw, _BRACKET_OPENS, M, T)
    seed = int(draw.integers(0, 2**31))
    return {
        "seed": seed,
        "opens": _BRACKET_OPENS,
        "text": text,
        "truth": _block_single(_bracket_chances(text, _BRACKET_OPENS)),
    }


def bracketed(CausalBlock, seed, opens, text):
    """Train a language model of two of your blocks on strings of brackets.

    -> log_probabilities (M, T)

    Row i of opens has the probabilities that a bracket of each kind opens inside one of kind i, in the last row outside of
    all; else the innermost one closes, or, outside of all, the string ends. Strings follow one another. Tokens 0 to K − 1
    open, K to 2K − 1 close, 2K ends. What is judged is the probability that the model gives to each token of the text.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    K, T, dim, steps = opens.shape[1], text.shape[1], 32, 500
    opens = np.asarray(opens.cpu(), float)

    def strings(M):
        inside, depth, rows = np.full((M, T + 1), K), np.zeros(M, int), np.arange(M)
        lines = np.zeros((M, T), int)
        for t in range(T):
            kind = (rng.random((M, 1)) >= opens[inside[rows, depth]].cumsum(1)).sum(1)
            lines[:, t] = np.where(kind == K, K + inside[rows, depth], kind)
            depth = np.where(kind == K, np.maximum(depth - 1, 0), depth + 1)
            inside[rows, depth] = np.where(kind == K, inside[rows, depth], kind)
        return torch.from_numpy(lines).to(device)

    model = torch.nn.ModuleDict(
        {
            "embedding": torch.nn.Embedding(2 * K + 1, dim),
            "blocks": torch.nn.ModuleList([CausalBlock(dim, 4, 2, 64), CausalBlock(dim, 4, 2, 64)]),
            "next": torch.nn.Sequential(torch.nn.RMSNorm(dim), torch.nn.Linear(dim, 2 * K + 1)),
        }
    ).to(device)
    positions = torch.arange(T, device=device)

    def log_probabilities(lines):
        x = model["embedding"](torch.nn.functional.pad(lines[:, :-1], (1, 0), value=2 * K))
        for block in model["blocks"]:
            x = block(x, positions)
        return model["next"](x).log_softmax(-1).gather(-1, lines[..., None])[..., 0]

    optimizer = torch.optim.Adam(model.parameters())
    for step in range(1, steps + 1):
        loss = -log_probabilities(strings(64)).mean()
        optimizer.param_groups[0]["lr"] = 1e-2 * min(step / 30, 1, 2 * (1 - step / steps))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        report(step, steps, loss)
    with torch.no_grad():
        return log_probabilities(text)


brackets = Exercise(
    points=5,
    torch=True,
    driver=bracketed,
    pieces=["CausalBlock"],
    seconds=40,
    cases={"strings of three kinds of brackets": _bracket_case},
    checks=[
        reaches(
            5,
            "learns the grammar of brackets: its cross entropy on new strings is at most 3 % above and 2 % below the grammar's own",
            "relative_cross_entropy",
            at_least=0.98,
            at_most=1.03,
        )
    ],
    mistakes=[
        _BLOCK_FUTURE,
        # A block without its gated network learns this grammar to within 2 %; CausalBlock's own cases tell it.
        Mistake(
            "no_attention",
            "Your block never looks at other tokens: what attention finds does not reach the tokens.",
            edit("x = x + self.out(", "x = x + 0 * self.out(", of="CausalBlock"),
        ),
        Mistake(
            "detached",
            "Your block passes no gradient back, so that only the last layer is trained.",
            edit(
                f"return x + {_BLOCK_NET.format('normed')}",
                f"return (x + {_BLOCK_NET.format('normed')}).detach()",
                of="CausalBlock",
            ),
        ),
        Mistake(
            "constant",
            "Your block returns the same output for every input.",
            edit(f"return x + {_BLOCK_NET.format('normed')}", "return 0 * x", of="CausalBlock"),
        ),
    ],
    hints=[
        "Is CausalBlock right? This exercise trains nothing but that.",
        "If the cross entropy is below the grammar's own: what can a token see that it should have to predict?",
    ],
)
