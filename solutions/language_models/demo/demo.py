"""Your tokenizer, your block and your sampler write in the style of a book."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

NEEDS = ("bpe_train", "bpe_encode", "bpe_decode", "filter_top_p", "CausalBlock")
DIM, HEADS, KV_HEADS, HIDDEN, BLOCKS = 96, 4, 2, 192, 2  # of the model that was trained
CONTEXT = 128  # tokens that it has seen at once


class Model(nn.Module):
    """Tokens become vectors, blocks mix them, and what comes out is compared with every token's vector."""

    def __init__(self, Block, vocabulary, dim, heads, kv_heads, hidden, blocks):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, dim)
        self.blocks = nn.ModuleList([Block(dim, heads, kv_heads, hidden) for _ in range(blocks)])
        self.norm = nn.RMSNorm(dim, eps=1e-6)

    def forward(self, ids):
        x = self.embedding(ids)
        positions = torch.arange(ids.shape[-1])
        for block in self.blocks:
            x = block(x, positions)
        return self.norm(x) @ self.embedding.weight.T


def demo(own, here, show):
    show.text("A small model has read Herman Melville's Moby Dick of 1851. Its weights are put into blocks of yours.")
    torch.set_num_threads(1)
    data = np.load(here / "model.npz")
    merges = [tuple(map(int, row)) for row in data["merges"]]
    _tokens(own, (here / "begin.txt").read_text(), merges, show)
    model = Model(own.CausalBlock, 256 + len(merges), DIM, HEADS, KV_HEADS, HIDDEN, BLOCKS)
    weights = {name: torch.from_numpy(data[name].astype(np.float32)) for name in data.files if name != "merges"}
    model.load_state_dict(weights, strict=False)  # a block may have buffers of its own
    with torch.no_grad():
        _how_well(own, model, merges, (here / "held_back.txt").read_bytes(), show)
        show.text("And it writes, a token at a time, of which filter_top_p keeps the likeliest:")
        for prompt in ("The old captain ", "In the morning the whale "):
            show.text(prompt + _write(own, model, merges, prompt, show))


def _tokens(own, text, merges, show):
    """What the student's tokenizer learns from a few pages, and how it cuts a sentence."""
    show.progress(0, 1, "learning merges")
    learnt = own.bpe_train(list(text[:4000].encode()), 12)
    show.progress(1, 1, "learning merges")
    first = [_shown(own.bpe_decode([new], learnt)) for _, _, new in learnt]
    show.text(f"From a page of the book bpe_train learns these tokens first: {'  '.join(first)}")
    sentence = text[:90].rpartition(" ")[0]
    cut = own.bpe_encode(list(sentence.encode()), merges)
    words = "|".join(_shown(own.bpe_decode([token], merges)) for token in cut)
    show.text(
        f"With {len(merges)} merges of the whole book bpe_encode cuts {len(sentence)} bytes into {len(cut)} tokens:\n{words}"
    )


def _how_well(own, model, merges, held_back, show):
    """Bits for each byte of a piece that the model has not seen."""
    ids = torch.tensor(own.bpe_encode(list(held_back), merges))
    nats = 0.0
    for start in range(0, len(ids) - 1, CONTEXT):
        row = ids[start : start + CONTEXT + 1]
        nats += functional.cross_entropy(model(row[None, :-1])[0], row[1:], reduction="sum").item()
    share = np.bincount(list(held_back)) / len(held_back)
    alone = -(share[share > 0] * np.log2(share[share > 0])).sum()
    rows = [
        ["a byte, whatever it is", "8.00"],
        ["if one knows how often each occurs", f"{alone:.2f}"],
        ["your tokens, your blocks", f"{nats / np.log(2) / len(held_back):.2f}"],
    ]
    show.table(["a piece of the book that the model has not read", "bits for each byte"], rows)


def _write(own, model, merges, prompt, show, tokens=90, p=0.7, temperature=0.8):
    """What follows a prompt, a token at a time from the likeliest ones that hold the share p."""
    rng = np.random.default_rng(3)
    ids = own.bpe_encode(list(prompt.encode()), merges)
    begun = len(ids)
    for step in range(tokens):
        show.progress(step + 1, tokens, f"after {prompt.strip()!r}")
        logits = model(torch.tensor([ids[-CONTEXT:]]))[:, -1].numpy().astype(np.float64) / temperature
        kept = np.asarray(own.filter_top_p(logits, p))[0]
        weights = np.exp(kept - kept.max())
        ids = [*ids, int(rng.choice(len(weights), p=weights / weights.sum()))]
    return _text(own.bpe_decode(ids[begun:], merges))


def _text(numbers):
    return bytes(numbers).decode("utf-8", errors="replace")


def _shown(numbers):
    """A token as text, with its spaces seen."""
    return _text(numbers).replace(" ", "\u00b7")
