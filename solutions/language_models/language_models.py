"""Language models: from bytes to the next token.

A text is bytes, and a tokenizer makes tokens of them. A stack of blocks lets the tokens look back at one another, and says
how likely each token is to come next. This unit writes the parts of today's models: the tokenizer, the norm, the gated
network, the positions, the attention and the sampler.

Ids are Python ints in lists. Masks are boolean; True means "may attend". The functions are written in NumPy, the module at
the end in PyTorch, and so is what is trained.
"""

from collections import Counter
from itertools import pairwise

# From bytes to tokens


def _bpe_merged(ids, pair, new):
    """The ids in which `new` stands wherever the pair stood: from left to right, and without overlap."""
    merged, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def bpe_train(ids, num_merges):
    """Learn a tokenizer from a text: again and again, make one new token of the most frequent pair of neighbours.

    ids, num_merges -> merges

    ids is a list of bytes, 0 to 255, at least one. Each round counts every place where two neighbours stand (a a a holds
    the pair (a, a) twice), takes the most frequent pair, and writes the next new id, 256, 257, …, wherever it stands, from
    left to right and without overlap. Of several pairs that are as frequent, the smallest is taken: by a, then by b. A
    pair that occurs once is merged, too; when fewer than two ids are left there is nothing to merge, and the list ends
    early. merges is a list with [a, b, new] for each round; num_merges may be 0.
    """
    merges = []
    for new in range(256, 256 + num_merges):
        counts = Counter(pairwise(ids))
        if not counts:
            break
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append([*pair, new])
        ids = _bpe_merged(ids, pair, new)
    return merges


def bpe_encode(ids, merges):
    """Cut a text into tokens: redo the merges that training made, the earliest first.

    ids, merges -> tokens

    ids is a list of bytes, 0 to 255, at least one. merges is a list of [a, b, new] as bpe_train returns it: entry i makes
    256 + i of two smaller ids, and no pair stands in it twice; it need not come from this text. Of all neighbours that
    are a pair of merges, the pair that stands first in merges is replaced, at all its places from left to right; then
    the neighbours are new ones, and it begins again until no pair of merges is left. tokens is a list of ids.
    """
    new = {(a, b): new for a, b, new in merges}
    while known := new.keys() & pairwise(ids):
        pair = min(known, key=new.get)
        ids = _bpe_merged(ids, pair, new[pair])
    return ids


def bpe_decode(ids, merges):
    """Turn tokens back into bytes: each token is the two that it was made of, and so on down to bytes.

    ids, merges -> data

    ids is a list of ids below 256 + len(merges), at least one; merges is a list of [a, b, new], in which entry i makes
    256 + i of two smaller ids. data is a list of ints from 0 to 255, and no bytes object or text: a token may be half a
    character.
    """
    tokens = [[byte] for byte in range(256)]
    for a, b, _ in merges:
        tokens.append(tokens[a] + tokens[b])
    return [byte for i in ids for byte in tokens[i]]
