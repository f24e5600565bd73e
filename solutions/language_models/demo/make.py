"""How the demo's data were made: `python make.py MOBY_DICK.txt` writes merges, weights and two pieces of the book beside this file.

The text is Herman Melville's Moby Dick of 1851, in the public domain. Some minutes on one core.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

HERE = Path(__file__).parent
MERGES, DIM, HEADS, KV_HEADS, HIDDEN, BLOCKS = 256, 96, 4, 2, 192, 2
CONTEXT, BATCH, STEPS, RATE = 128, 32, 2000, 3e-3
LEARNT, HELD_BACK = 20_000, 2_000  # bytes of the pieces that go with the demo


def prose(text):
    """The chapters as plain sentences: one space for each run of white space, straight quotes."""
    text = text[text.index("Call me Ishmael") :]
    for curly, plain in (
        ("\u2018", "'"),
        ("\u2019", "'"),
        ("\u201c", '"'),
        ("\u201d", '"'),
        ("\u2014", "--"),
        ("_", ""),
    ):
        text = text.replace(curly, plain)
    return " ".join(text.encode("ascii", "ignore").decode().split())


def merged(ids, a, b, new):
    """The ids with each pair (a, b) as one id, from left to right."""
    found = np.flatnonzero((ids[:-1] == a) & (ids[1:] == b))
    if a == b:  # of a run of one id every second place is free
        kept, last = [], -2
        for place in found:
            if place > last + 1:
                kept.append(place)
                last = place
        found = np.array(kept, dtype=int)
    ids = ids.copy()
    ids[found] = new
    return np.delete(ids, found + 1)


def learn_merges(ids):
    merges = []
    for new in range(256, 256 + MERGES):
        pairs, counts = np.unique(ids[:-1] * 4096 + ids[1:], return_counts=True)
        a, b = divmod(int(pairs[np.argmax(counts)]), 4096)
        merges.append((a, b, new))
        ids = merged(ids, a, b, new)
    return merges, ids


class Block(nn.Module):
    """The unit's CausalBlock, with torch's own attention."""

    def __init__(self, dim, heads, kv_heads, hidden):
        super().__init__()
        self.heads, self.kv_heads = heads, kv_heads
        self.norm1, self.norm2 = nn.RMSNorm(dim, eps=1e-6), nn.RMSNorm(dim, eps=1e-6)
        self.query, self.out = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.key, self.value = (nn.Linear(dim, kv_heads * dim // heads, bias=False) for _ in range(2))
        self.gate, self.up = nn.Linear(dim, hidden, bias=False), nn.Linear(dim, hidden, bias=False)
        self.down = nn.Linear(hidden, dim, bias=False)

    def forward(self, x, positions):
        N, T, dim = x.shape
        h = self.norm1(x)
        q = turned(self.query(h).view(N, T, self.heads, -1).transpose(1, 2), positions)
        k = turned(self.key(h).view(N, T, self.kv_heads, -1).transpose(1, 2), positions)
        v = self.value(h).view(N, T, self.kv_heads, -1).transpose(1, 2)
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.out(seen.transpose(1, 2).reshape(N, T, dim))
        h = self.norm2(x)
        return x + self.down(functional.silu(self.gate(h)) * self.up(h))


def turned(x, positions):
    half = x.shape[-1] // 2
    angles = positions[:, None] * 10_000.0 ** (-torch.arange(half) / half)
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


def train(ids):
    from demo import Model

    torch.manual_seed(0)
    model = Model(Block, 256 + MERGES, DIM, HEADS, KV_HEADS, HIDDEN, BLOCKS)
    for parameter in model.parameters():
        if parameter.dim() == 2:
            nn.init.normal_(
                parameter, std=0.02 if parameter is model.embedding.weight else parameter.shape[1] ** -0.5 / 2
            )
    rng = np.random.default_rng(0)
    steps = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.95), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(steps, RATE, STEPS, pct_start=0.05)
    data = torch.from_numpy(ids)
    for step in range(STEPS):
        starts = rng.integers(0, len(ids) - CONTEXT - 1, BATCH)
        rows = torch.stack([data[start : start + CONTEXT + 1] for start in starts])
        loss = functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        steps.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        steps.step()
        schedule.step()
        if step % 50 == 0:
            print(step, f"{loss.item():.3f}", flush=True)
    return model


def main(file):
    torch.set_num_threads(1)
    text = prose(Path(file).read_text(encoding="utf-8"))
    end = text.rindex(". ", 0, -HELD_BACK) + 2
    content = np.frombuffer(text.encode(), np.uint8).astype(np.int64)
    merges, ids = learn_merges(content[:end])
    (HERE / "begin.txt").write_text(text[: text.index(". ", LEARNT) + 1])
    (HERE / "held_back.txt").write_text(text[end : end + HELD_BACK])
    model = train(ids)
    weights = {name: value.detach().numpy().astype(np.float16) for name, value in model.state_dict().items()}
    np.savez_compressed(HERE / "model.npz", merges=np.array(merges, np.int16), **weights)


if __name__ == "__main__":
    main(sys.argv[1])
