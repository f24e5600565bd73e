"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from collections import Counter
from functools import partial
from itertools import pairwise

from grader.exercise import Exercise, Mistake, agrees, edit

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
    """Runs of one byte hold one pair many times, more often than any other stands."""
    run, x, y = (97 + draw.permutation(26)[:3]).tolist()
    x, y = min(x, y), max(x, y)
    run = y + 1 + run % 3  # not the smallest, so that it does not win a tie
    ids = [run] * 4 + [x, y, x, y] + [run] * int(draw.integers(5, 8)) + [y, x, y]
    return {"ids": ids, "num_merges": 4}


def _bpe_crowd(draw):
    """One run: a pair whose places overlap, and that makes half as many ids, or one more."""
    return {"ids": [int(draw.integers(0, 256))] * int(draw.integers(9, 16)), "num_merges": 3}


def _bpe_to_the_end(draw):
    """More merges than the text can give."""
    return {"ids": draw.integers(0, 256, int(draw.integers(5, 9))).tolist(), "num_merges": 12}


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
        "words": _bpe_of_words,
        "a few words": partial(_bpe_of_words, words=5, num_merges=4),
        "four letters": _bpe_of_letters,
        "two letters": partial(_bpe_of_letters, length=30, num_merges=8, letters=b"10"),
        "bytes of other scripts": lambda draw: {"ids": _bpe_letters(draw, 30, _BYTES) * 2, "num_merges": 7},
        "pairs as frequent as one another": _bpe_tied,
        "runs of one byte": _bpe_runs,
        "one byte again and again": _bpe_crowd,
        "more merges than there are pairs": _bpe_to_the_end,
        "a single byte": lambda draw: {"ids": [int(draw.integers(0, 256))], "num_merges": 3},
        "no merges": partial(_bpe_of_letters, length=9, num_merges=0),
    },
    checks=[
        agrees(
            3,
            "merges the most frequent pair, counts again, and so on",
            on=["words", "a few words", "four letters", "bytes of other scripts"],
        ),
        agrees(
            1,
            "takes the smallest of the pairs that are as frequent",
            on=["pairs as frequent as one another", "two letters"],
        ),
        agrees(
            2,
            "counts every place of a pair, and replaces places that do not overlap",
            on=["runs of one byte", "one byte again and again"],
        ),
        agrees(
            1,
            "merges pairs that occur once, and ends where nothing is left to merge",
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
    """No two neighbours are a pair of the merges."""
    return {"ids": _bpe_letters(draw, 12, b"wxyz"), "merges": _bpe_learned(draw, _bpe_letters(draw, 30, b"abcd"), 5)}


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
        "pairs without a rank": _bpe_strangers,
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
            on=["pairs without a rank", "no merges", "a single byte", "letters"],
        ),
    ],
    mistakes=[
        Mistake(
            "from_left_to_right",
            "You merge the first pair of the text that is in merges. Its rank counts, not its place in the text: of all pairs there are, take the one that was learned first.",
            _bpe_leftmost,
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
