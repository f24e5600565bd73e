"""Independent truth for this unit: other libraries, other formulas, or loops over single numbers. Read by `grade dev check` alone."""

import re

import torch

torch.set_num_threads(1)


# From bytes to tokens: a text whose characters are the ids, and its own search and replace.


def bpe_train(ids, num_merges):
    text, merges = "".join(map(chr, ids)), []
    while len(merges) < num_merges and len(text) > 1:
        pairs = {text[i : i + 2] for i in range(len(text) - 1)}
        count = {pair: len(re.findall(f"(?={re.escape(pair)})", text)) for pair in pairs}
        best = min(pair for pair in pairs if count[pair] == max(count.values()))
        merges.append([ord(best[0]), ord(best[1]), 256 + len(merges)])
        text = text.replace(best, chr(merges[-1][2]))
    return merges


def bpe_encode(ids, merges):
    """The merges one after another: what a merge makes can only be merged by a later one."""
    text = "".join(map(chr, ids))
    for a, b, new in merges:
        text = text.replace(chr(a) + chr(b), chr(new))
    return list(map(ord, text))


def bpe_decode(ids, merges):
    """Backwards through the merges: when the last is undone, no token is left that it could have made."""
    text = "".join(map(chr, ids))
    for place in reversed(range(len(merges))):
        text = text.replace(chr(256 + place), chr(merges[place][0]) + chr(merges[place][1]))
    return list(map(ord, text))
