"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

from collections import defaultdict
from functools import cache

import numpy as np

# From bytes to tokens


def bpe_train__in_place(ids, num_merges):
    """A copy of the ids in which pairs are replaced where they stand; entries are tuples."""
    ids, merges = list(ids), []
    while len(merges) < num_merges and len(ids) > 1:
        places = defaultdict(int)
        for i in range(len(ids) - 1):
            places[ids[i], ids[i + 1]] += 1
        most = max(places.values())
        a, b = sorted(pair for pair, count in places.items() if count == most)[0]
        merges.append((a, b, 256 + len(merges)))
        i = 0
        while i < len(ids) - 1:
            if ids[i] == a and ids[i + 1] == b:
                ids[i : i + 2] = [merges[-1][2]]
            i += 1
    return merges


def bpe_train__arrays(ids, num_merges):
    """Pairs as numbers that NumPy counts and sorts; where a pair overlaps itself, every other place of a run is taken."""
    ids, merges = np.array(ids), []
    for new in range(256, 256 + num_merges):
        if len(ids) < 2:
            break
        pairs, counts = np.unique(ids[:-1] * 4096 + ids[1:], return_counts=True)
        a, b = divmod(int(pairs[counts.argmax()]), 4096)
        merges.append([a, b, np.int64(new)])
        taken, keep = [], np.ones(len(ids), bool)
        for i in np.flatnonzero((ids[:-1] == a) & (ids[1:] == b)).tolist():
            if not taken or i > taken[-1] + 1:
                taken.append(i)
        keep[[i + 1 for i in taken]] = False
        ids[taken] = new
        ids = ids[keep]
    return merges


def bpe_encode__one_place_at_a_time(ids, merges):
    """The loop of tiktoken: merge the leftmost place of the best rank, and look again."""
    rank = {(entry[0], entry[1]): place for place, entry in enumerate(merges)}
    parts = list(ids)
    while True:
        best, where = None, None
        for i in range(len(parts) - 1):
            this = rank.get((parts[i], parts[i + 1]))
            if this is not None and (best is None or this < best):
                best, where = this, i
        if best is None:
            return parts
        parts = [*parts[:where], 256 + best, *parts[where + 2 :]]


def bpe_encode__merge_by_merge(ids, merges):
    """Each merge once, in their order: what it makes can be merged by later ones only."""
    for a, b, new in merges:
        out = []
        for i in ids:
            if out and out[-1] == a and i == b:
                out[-1] = new
            else:
                out.append(i)
        ids = out
    return np.array(ids)


def bpe_decode__recursive(ids, merges):
    @cache
    def expanded(i):
        return (i,) if i < 256 else expanded(merges[i - 256][0]) + expanded(merges[i - 256][1])

    return [byte for i in ids for byte in expanded(i)]


def bpe_decode__stack(ids, merges):
    made_of = {new: (a, b) for a, b, new in merges}
    stack, out = [*ids][::-1], []
    while stack:
        top = stack.pop()
        if top in made_of:
            stack.extend(made_of[top][::-1])
        else:
            out.append(top)
    return out


def bpe_decode__bytes(ids, merges):
    """The usual vocabulary of bytes objects; a list of them at the end."""
    vocabulary = {i: bytes([i]) for i in range(256)}
    for a, b, new in merges:
        vocabulary[new] = vocabulary[a] + vocabulary[b]
    return list(b"".join(vocabulary[i] for i in ids))
