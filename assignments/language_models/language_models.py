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


def bpe_train(ids, num_merges):
    """Learn a tokenizer from a text: again and again, make one new token of the most frequent pair of neighbours.

    ids, num_merges -> merges

    ids is a list of bytes, 0 to 255, at least one. Each round counts every place where two neighbours stand (a a a holds
    the pair (a, a) twice), takes the most frequent pair, and writes the next new id, 256, 257, …, wherever it stands, from
    left to right and without overlap. Of several pairs that are as frequent, the smallest is taken: by a, then by b. A
    pair that occurs once is merged, too; when fewer than two ids are left there is nothing to merge, and the list ends
    early. merges is a list with [a, b, new] for each round; num_merges may be 0.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def bpe_encode(ids, merges):
    """Cut a text into tokens: redo the merges that training made, the earliest first.

    ids, merges -> tokens

    ids is a list of bytes, 0 to 255, at least one. merges is a list of [a, b, new] as bpe_train returns it: entry i makes
    256 + i of two smaller ids, and no pair stands in it twice; it need not come from this text. Of all neighbours that
    are a pair of merges, the pair that stands first in merges is replaced, at all its places from left to right; then
    the neighbours are new ones, and it begins again until no pair of merges is left. tokens is a list of ids.
    """
    # YOUR CODE HERE
    raise NotImplementedError


def bpe_decode(ids, merges):
    """Turn tokens back into bytes: each token is the two that it was made of, and so on down to bytes.

    ids, merges -> data

    ids is a list of ids below 256 + len(merges), at least one; merges is a list of [a, b, new], in which entry i makes
    256 + i of two smaller ids. data is a list of ints from 0 to 255, and no bytes object or text: a token may be half a
    character.
    """
    # YOUR CODE HERE
    raise NotImplementedError
