"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from collections import Counter
from functools import partial
from itertools import pairwise

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, keeps, moves

ALLOWS = ("numpy", "torch")


# From bytes to tokens: every list is drawn anew, of few different bytes, so that pairs come often and ties do, too.

_WORDS = ("low", "lower", "lowest", "new", "newer", "newest", "wide", "wider", "widest", "slow", "slower")
_BYTES = tuple("zażółć gęślą jaźń — 日本語 ☕".encode())  # characters of one, two and three bytes


def _bpe_words(draw, count):
    """Words of a small language, with a space after each."""
    return list("".join(_WORDS[i] + " " for i in draw.integers(0, len(_WORDS), count)).encode())


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


def _bpe_crowd(draw):
    """One run and one more: its pairs overlap, and what is left at the end is never as frequent as they are."""
    return {"ids": [int(draw.integers(0, 256))] * (4 * int(draw.integers(3, 6)) + 1), "num_merges": 3}


def _bpe_to_the_end(draw):
    """Pairs that stand once, in any order, and more merges than the text can give."""
    return {"ids": draw.integers(0, 256, int(draw.integers(5, 9))).tolist(), "num_merges": 12}


def _bpe_three_alike(draw):
    """Two merges are all that there are, and the second is of a pair that stands once."""
    return {"ids": [int(draw.integers(0, 256))] * 3, "num_merges": int(draw.integers(3, 7))}


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
    cases={
        "six letters": _bpe_uneven,
        "a longer text": partial(_bpe_uneven, length=300, letters=b"abcd", most=12),
        "pairs as frequent as one another": _bpe_tied,
        "words": _bpe_of_words,
        "two letters": partial(_bpe_of_letters, length=30, num_merges=8, letters=b"10"),
        "bytes of other scripts": lambda draw: {"ids": _bpe_letters(draw, 30, _BYTES) * 2, "num_merges": 7},
        "pairs that occur once": _bpe_to_the_end,
        "runs of one byte": _bpe_runs,
        "one byte again and again": _bpe_crowd,
        "more merges than there are pairs": _bpe_three_alike,
        "a single byte": lambda draw: {"ids": [int(draw.integers(0, 256))], "num_merges": 3},
        "no merges": partial(_bpe_of_letters, length=9, num_merges=0),
    },
    checks=[
        agrees(3, "merges the most frequent pair, counts again, and so on", on=["six letters", "a longer text"]),
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
            on=["runs of one byte", "one byte again and again"],
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
    ids = _bpe_letters(draw, 24, _BYTES)
    return {"ids": ids, "merges": _bpe_learned(draw, ids, 300)[:-2]}


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
    """The bytes of the longest token that 300 merges can make by one byte each; every merge is needed."""
    ids = _bpe_letters(draw, 301)
    merges = [[255 + place if place else ids[0], ids[place + 1], 256 + place] for place in range(300)]
    return ids, merges


def _bpe_chain_to_encode(draw):
    ids, merges = _bpe_chain(draw)
    return {"ids": [33, *ids, *ids[:9]], "merges": merges}


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
        agrees(3, "merges the pair of lowest rank first", on=["letters", "two letters", "words"]),
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
    inputs = _bpe_to_decode(draw, count=6, letters=_BYTES)
    return inputs | {"ids": [0xE2, *inputs["ids"], *draw.integers(128, 256, 4).tolist(), 0xC5]}


def _bpe_chain_to_decode(draw):
    _, merges = _bpe_chain(draw)
    return {"ids": [555, 256, int(draw.integers(300, 500)), 97], "merges": merges}


def _bpe_expanded_once(ids, merges):
    return [byte for i in ids for byte in (merges[i - 256][:2] if i > 255 else [i])]


def _bpe_one_merge_before(ids, merges):
    tokens = [[byte] for byte in range(256)]
    for a, b, _ in merges:
        tokens.append(tokens[a] + tokens[b])
    return [byte for i in ids for byte in tokens[i - 1 if i > 256 else i]]


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
            _bpe_expanded_once,
        ),
        Mistake(
            "halves_swapped",
            "You put the second half of a token before the first. The bytes keep their order.",
            edit("tokens[a] + tokens[b]", "tokens[b] + tokens[a]"),
        ),
        Mistake(
            "one_merge_before",
            "You look a token up one place too early in merges. The first entry makes 256, and the next one 257.",
            _bpe_one_merge_before,
        ),
        Mistake(
            "text_with_replacements",
            "You make text of the bytes on the way, and what is no text is replaced by �, which is three other bytes. Return the bytes themselves.",
            edit(
                "return [byte for i in ids for byte in tokens[i]]",
                "return list(bytes(byte for i in ids for byte in tokens[i]).decode(errors='replace').encode())",
            ),
        ),
        Mistake(
            "text_with_gaps",
            "You make text of the bytes on the way, and what is no text is lost. Return the bytes themselves.",
            edit(
                "return [byte for i in ids for byte in tokens[i]]",
                "return list(bytes(byte for i in ids for byte in tokens[i]).decode(errors='ignore').encode())",
            ),
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


def _another_token(inputs, draw):
    """The first token is another one."""
    x = inputs["x"].copy()
    first = (0,) * (x.ndim - 1)
    x[first] = draw(*x[first].shape)
    return inputs | {"x": x}


_SQUARES = "np.mean(x**2, axis=-1, keepdims=True)"
_RMS = f"np.sqrt({_SQUARES} + eps)"

_NORM_SUM = Mistake(
    "sum_of_squares",
    "You divide by the length of a token, the root of the sum of its squares. It is the root of their mean.",
    edit("np.mean(x**2", "np.sum(x**2"),
)
_NORM_EPS_OUTSIDE = Mistake(
    "eps_outside_the_root",
    "You add eps to the root. It stands under the root, beside the mean of the squares.",
    edit(_RMS, f"(np.sqrt({_SQUARES}) + eps)"),
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
        moves(1, "changing a token changes that token only", _another_token, on="sequences of tokens"),
        agrees(1, "adds eps under the root", on=["features near a thousandth", "a larger eps", "a token of zeros"]),
    ],
    mistakes=[
        Mistake(
            "mean_subtracted",
            "You subtract the mean first, which is layer norm. The RMS norm leaves the mean where it is.",
            edit(
                f"gamma * x / {_RMS}", f"gamma * (x - x.mean(axis=-1, keepdims=True)) / np.sqrt({_NORM_VARIANCE} + eps)"
            ),
        ),
        Mistake(
            "variance",
            "You divide by the standard deviation, from which the mean is taken off. It is the mean of the squares themselves.",
            edit(_SQUARES, _NORM_VARIANCE),
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
            edit(_RMS, f"({_SQUARES} + eps)"),
        ),
        Mistake(
            "multiplied",
            "You multiply by the root mean square. Divide by it, so that all tokens come out about as large.",
            edit(f"x / {_RMS}", f"x * {_RMS}"),
        ),
    ],
    hints=[
        "What is the root mean square of (3, 4), and what is left of it if that is divided out?",
        "Which shape must the mean have, so that (N, T, D) can be divided by it token by token?",
    ],
)


def _and_dout(case, **sizes):
    """A case of the forward, and a gradient that arrives from above, of the shape of x."""

    def with_dout(draw):
        inputs = case(draw, **sizes)
        return {"dout": draw(*inputs["x"].shape)} | inputs

    return with_dout


_NORM_DX = "(dnormed - normed * np.mean(dnormed * normed, axis=-1, keepdims=True)) / rms"
_NORM_BACK = ["four tokens", "two features", "as many tokens as features"]

rms_norm_backward = Exercise(
    points=7,
    cases={
        "four tokens": _and_dout(_norm_tokens),
        "sequences of tokens": _and_dout(_norm_tokens, lead=(2, 3), D=5),
        "batch, heads and tokens": _and_dout(_norm_tokens, lead=(2, 3, 4), D=6),
        "a single token": _and_dout(_norm_tokens, lead=(), D=7),
        "two features": _and_dout(_norm_tokens, lead=(3,), D=2),
        "as many tokens as features": _and_dout(_norm_tokens, lead=(5,), D=5),
        "features in the hundreds": _and_dout(_norm_large),
        "features near a thousandth": _and_dout(_norm_tokens, size=1e-3),
        "a larger eps": _and_dout(_norm_tokens, eps=0.1),
        "a token of zeros": _and_dout(_norm_silent, lead=(3,)),
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
            _another_token,
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


_SILU = "gate * _gate(gate) * up"
_UNSTABLE_GATE = Mistake(
    "unstable",
    "Your sigmoid overflows where z is large: exp(1000) is inf, and inf divided by inf is nan. Which form of it has only an exp that may become 0, or only one that may become inf below the line?",
    edit("np.exp(-np.logaddexp(0.0, -z))", "np.exp(z) / (1 + np.exp(z))", of="_gate"),
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
        moves(1, "changing a token changes that token only", _another_token, on="sequences of tokens"),
        agrees(1, "is right and finite for gates at ±1000", on="gates at ±1000"),
    ],
    mistakes=[
        Mistake(
            "branches_swapped",
            "You put silu on the branch of W_up. It belongs on the branch of W_gate.",
            edit(_SILU, "gate * up * _gate(up)"),
        ),
        Mistake(
            "sigmoid_for_silu",
            "You use the sigmoid for the gate, which is the older GLU. silu(z) is z·σ(z).",
            edit(_SILU, "_gate(gate) * up"),
        ),
        Mistake(
            "no_up_branch",
            "You leave out the branch of W_up: that is a network with one hidden layer. Its hidden units are multiplied by those of the other branch.",
            edit(_SILU, "gate * _gate(gate)"),
        ),
        Mistake(
            "no_gate",
            "You multiply the branches without silu. It stands on the branch of W_gate.",
            edit(_SILU, "gate * up"),
        ),
        Mistake(
            "silu_on_both",
            "You use silu on both branches. The branch of W_up has no function of its own.",
            edit(_SILU, f"{_SILU} * _gate(up)"),
        ),
        Mistake(
            "silu_of_the_product",
            "You use silu on the product of the branches. It comes first, on the branch of W_gate alone.",
            edit(_SILU, "gate * up * _gate(gate * up)"),
        ),
        Mistake(
            "relu",
            "Your gate is a relu, which makes ReGLU. silu goes through 0 smoothly, and a little below it.",
            edit(_SILU, "np.maximum(gate, 0) * up"),
        ),
        Mistake(
            "gelu",
            "Your gate is a GELU, which makes GEGLU. silu(z) is z times the sigmoid of z.",
            edit(_SILU, "0.5 * gate * (1 + np.tanh(np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3))) * up"),
        ),
        Mistake(
            "branches_added",
            "You add the branches. A gate multiplies: where it is closed, nothing comes through.",
            edit(_SILU, "gate * _gate(gate) + up"),
        ),
        _UNSTABLE_GATE,
    ],
    hints=[
        "Which shapes do x·W_gate and x·W_up have, and what is left to do to get back to the width of x?",
        "What is silu at 1000 and at −1000? Which way to write the sigmoid gives just that?",
    ],
)

_GATED = ["four tokens", "a single token", "as wide inside as outside"]
_SLOPE = "slope = opened * (1 + gate * (1 - opened))"

swiglu_backward = Exercise(
    points=8,
    cases={
        "four tokens": _and_dout(_gated_tokens),
        "sequences of tokens": _and_dout(_gated_tokens, lead=(2, 3), D=4, H=6),
        "a single token": _and_dout(_gated_tokens, lead=(1,), D=3, H=4),
        "as wide inside as outside": _and_dout(_gated_tokens, D=6, H=6),
        "gates at ±1000": _and_dout(_gated_far),
    },
    checks=[
        agrees(2, "returns dx", on=_GATED, part="dx"),
        agrees(1, "returns dW_gate", on=_GATED, part="dW_gate"),
        agrees(1, "returns dW_up", on=_GATED, part="dW_up"),
        agrees(1, "returns dW_down", on=_GATED, part="dW_down"),
        agrees(1, "sums the gradients of the matrices over all tokens of all sequences", on="sequences of tokens"),
        moves(
            1,
            "changing a token changes the gradients of the matrices, and dx of that token only",
            _another_token,
            on="four tokens",
        ),
        agrees(1, "is right and finite for gates at ±1000", on="gates at ±1000"),
    ],
    mistakes=[
        Mistake(
            "slope_is_the_sigmoid",
            "You use σ(z) as the slope of silu. silu is a product, z·σ(z), and both factors depend on z.",
            edit(_SLOPE, "slope = opened"),
        ),
        Mistake(
            "slope_of_the_sigmoid",
            "You use the slope of the sigmoid for that of silu. silu is a product, z·σ(z), and both factors depend on z.",
            edit(_SLOPE, "slope = opened * (1 - opened)"),
        ),
        Mistake(
            "slope_without_sigmoid",
            "In the slope of silu you keep the path through the sigmoid alone. The factor z has a slope, too, and it is 1.",
            edit(_SLOPE, "slope = opened * gate * (1 - opened)"),
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
            edit(
                "before.reshape(-1, before.shape[-1]).T @ after.reshape(-1, after.shape[-1])",
                "after.reshape(-1, after.shape[-1]).T @ before.reshape(-1, before.shape[-1])",
                of="_over_tokens",
            ),
        ),
        Mistake(
            "mean_over_tokens",
            "You take the mean over the tokens for the gradients of the matrices. What comes back from the tokens is summed: a loss that is a mean has its 1/N in dout.",
            edit(
                "after.reshape(-1, after.shape[-1])",
                "(after / after[..., 0].size).reshape(-1, after.shape[-1])",
                of="_over_tokens",
            ),
        ),
        Mistake(
            "sequences_not_summed",
            "You leave one gradient of each matrix for every sequence. There is one matrix for all: sum over the batch, too.",
            edit(
                "before.reshape(-1, before.shape[-1]).T @ after.reshape(-1, after.shape[-1])",
                "before.swapaxes(-1, -2) @ after",
                of="_over_tokens",
            ),
        ),
        _UNSTABLE_GATE,
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


def _some_places(draw, T=5, last=30):
    """Positions in any order, none twice."""
    return draw.permutation(last)[:T]


def _places_between(draw):
    return draw.uniform(0, 20, 6)


def _places_again(draw):
    """Two positions, three times each, the later one first."""
    first, second = 3 + draw.permutation(9)[:2]
    return np.array([first + 9, second, second, first + 9, second, first + 9])


def _places_far(draw):
    return 2000 + draw.permutation(2000)[:5]


def _places_of_the_next(draw):
    """What a cache asks: the tokens behind those that it remembers."""
    return int(draw.integers(3, 40)) + np.arange(4)


def _another_place(inputs, draw):
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


def _rotary_mixed(x, positions, base=10000.0):
    D = x.shape[-1]
    angle = np.repeat(positions[:, None] * base ** (-np.arange(0, D, 2) / D), 2, axis=-1)
    return x * np.cos(angle) + np.concatenate([-x[..., D // 2 :], x[..., : D // 2]], axis=-1) * np.sin(angle)


def _rotary_not_crossed(x, positions, base=10000.0):
    D = x.shape[-1]
    angle = np.tile(positions[:, None] * base ** (-np.arange(0, D, 2) / D), 2)
    return x * np.cos(angle) + x * np.sin(angle)


rotary_at = Exercise(
    points=6,
    cases={
        "tokens in any order": partial(_turned_tokens, positions=_some_places),
        "batch and heads": partial(_turned_tokens, positions=partial(_some_places, T=4), lead=(2, 3), D=8),
        "one sequence, no batch": partial(_turned_tokens, positions=partial(_some_places, T=7), lead=(), D=4),
        "as many features as tokens": partial(_turned_tokens, positions=partial(_some_places, T=6), D=6),
        "tokens behind a cache": partial(_turned_tokens, positions=_places_of_the_next, D=10),
        "positions between whole numbers": partial(_turned_tokens, positions=_places_between),
        "positions that come again": partial(_turned_tokens, positions=_places_again),
        "positions in the thousands": partial(_turned_tokens, positions=_places_far),
        "another base": partial(_turned_tokens, positions=_some_places, D=8, base=100.0),
        "two features": partial(_turned_tokens, positions=partial(_some_places, T=3), D=2),
        "a single token": partial(_turned_tokens, positions=partial(_some_places, T=1)),
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
            1, "keeps the length of every token", "norm", _another_place, on=["tokens in any order", "batch and heads"]
        ),
        moves(1, "moving a token turns that token only", _another_place, on="tokens behind a cache"),
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
            _rotary_mixed,
        ),
        Mistake(
            "not_crossed",
            "You multiply the same feature by cosine and sine. In a rotation each new feature depends on both old ones.",
            _rotary_not_crossed,
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


def _another_second_head(inputs, draw):
    """The second head of keys and values is another one."""
    k, v = inputs["k"].copy(), inputs["v"].copy()
    k[:, 1], v[:, 1] = draw(*k[:, 1].shape), draw(*v[:, 1].shape)
    return inputs | {"k": k, "v": v}


def _grouped_masked_after(q, k, v, mask=None):
    shared = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, shared, axis=1), np.repeat(v, shared, axis=1)
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = e / e.sum(axis=-1, keepdims=True)
    return (weights if mask is None else weights * mask[..., None, :, :]) @ v


_SHARE = "k, v = np.repeat(k, shared, axis=1), np.repeat(v, shared, axis=1)"
_TILE = "np.tile({0}, (1, shared, 1, 1))"
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
            _another_second_head,
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
            edit(_SHARE, f"k, v = {_TILE.format('k')}, {_TILE.format('v')}"),
        ),
        Mistake(
            "keys_and_values_unlike",
            "You share keys and values among the heads in two different ways. A head's keys and values belong together.",
            edit(_SHARE, f"k, v = np.repeat(k, shared, axis=1), {_TILE.format('v')}"),
        ),
        Mistake(
            "repeated_along_time",
            "You repeat the keys along the axis of tokens and reshape, which mixes tokens and heads. Repeat along the axis of heads.",
            edit(
                _SHARE,
                "k, v = (np.repeat(a, shared, axis=2).reshape(len(a), -1, *a.shape[2:]) for a in (k, v))",
            ),
        ),
        Mistake(
            "first_head_for_all",
            "You use the first key head for all query heads, which is multi-query attention. Each group of query heads has its own.",
            edit(_SHARE, "k, v = k[:, :1], v[:, :1]"),
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
    return _flash_far(draw, draw.permutation([-1000, -999, -300, -299, 400, 401, 999, 1000]), block=3)


def _flash_far_below(draw):
    """Every score of every query is near −1000, so that exp(score) is 0 for all of them."""
    inputs = _flash_far(draw, [1000] * 6, block=2)
    inputs["q"][..., -1] = -1.0
    return inputs


def _flash_watched(draw, T, S):
    """As many queries and keys as are watched, of which few differ: 32 and 64, each again and again."""
    few = _flash(draw, lead=(), T=32 if T > 32 else T, S=64, d=1, dv=1, block=32)
    return few | {"T": T, "S": S}


def watched(flash_attention, q, k, v, block, T, S):
    """The answers for T queries and S keys, those given again and again; and whether at any time half of T·S floats or more
    were held on the way, by NumPy and Python or in tensors.

    -> out (queries, dv), log_sum_exp (queries,), half_held
    """
    import contextlib
    import sys
    import tracemalloc

    few, half, peak, watch = len(q), 8 * T * S / 2, 0, contextlib.nullcontext()
    flash_attention(q, k, v, block)  # what is loaded or made once does not count
    q, k, v = (np.resize(a, (n, a.shape[1])) for a, n in ((q, T), (k, S), (v, S)))
    if "torch" in sys.modules:  # its tensors are held where tracemalloc does not look
        import torch
        from torch.multiprocessing.reductions import StorageWeakRef

        alive, held = {}, 0

        class Watch(torch.overrides.TorchFunctionMode):
            def __torch_function__(self, function, types, args=(), kwargs=None):
                nonlocal held, peak
                answer = function(*args, **(kwargs or {}))
                for made in answer if isinstance(answer, tuple | list) else [answer]:
                    if isinstance(made, torch.Tensor):
                        storage = made.untyped_storage()
                        place, size = storage.data_ptr(), storage.nbytes()
                        held += size - alive.get(place, (None, 0))[1]
                        alive[place] = StorageWeakRef(storage), size
                if held >= half:
                    for place in [place for place, (one, _) in alive.items() if one.expired()]:
                        held -= alive.pop(place)[1]
                    peak = max(peak, held)
                return answer

        watch = Watch()
    tracemalloc.start()
    try:
        with watch:
            out, log_sum_exp = flash_attention(q, k, v, block)
        peak = max(peak, tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    return out[:few], log_sum_exp[:few], bool(peak >= half)


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
        "all scores near −1000": _flash_far_below,
        "1024 queries and 1024 keys": partial(_flash_watched, T=1024, S=1024),
        "16 queries and 32768 keys": partial(_flash_watched, T=16, S=2**15),
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
            on=["scores that rise or fall by 2000", "scores near ±1000 in any order", "all scores near −1000"],
        ),
        agrees(
            2,
            "is right without ever holding half of all T·S scores",
            on=["1024 queries and 1024 keys", "16 queries and 32768 keys"],
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


def _another_last_new(inputs, draw):
    """The last new token is another one."""
    new = {name: inputs[name].copy() for name in "qkv"}
    for a in new.values():
        a[:, -1] = draw(*a[:, -1].shape)
    return inputs | new


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


def _route_best_alone(logits, k):
    T, E = logits.shape
    share = np.bincount(logits.argmax(axis=-1), minlength=E) / T
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return E * np.sum(share * (e / e.sum(axis=-1, keepdims=True)).mean(axis=0))


_ROUTE_PROBABILITY = "softmax(logits).mean(axis=0)"
_ROUTE_LOSS = "np.sum(share * probability)"

load_balancing_loss = Exercise(
    points=5,
    cases={
        "one expert for each token": _route_uneven,
        "as many tokens as experts": partial(_route_uneven, T=6, E=6),
        "experts that nobody asks": partial(_route_uneven, T=3, E=9),
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
            _route_best_alone,
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
