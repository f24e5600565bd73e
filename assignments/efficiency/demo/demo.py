"""A language model in fewer and fewer bits, by your functions: how small it becomes, and what it still knows."""

import numpy as np

NEEDS = ("quantize_affine", "quantize_per_channel", "int8_matmul", "pack_int4", "to_bfloat16", "prune_magnitude", "kv_cache_bytes")  # fmt: skip
HEADS, KV_HEADS, BLOCKS, CONTEXT, GROUP = 4, 2, 2, 128, 32


def demo(own, here, show):
    show.text(
        "The small model of language_models has read Moby Dick. Here your functions round its weights, and then it reads 2000 bytes of the book that it has never seen."
    )
    data = np.load(here / "model.npz")
    ids, size = data["ids"].astype(int), int(data["text_bytes"])
    weights = {name: data[name].astype(float) for name in data.files if name not in ("ids", "text_bytes")}
    rows, caches = [], []
    for name, kilobytes, rounded, times in _forms(own, weights):
        nats = _nats(rounded, times, ids)
        rows.append([name, f"{kilobytes:.0f} KB", f"{nats / np.log(2) / size:.3f}", f"{np.exp(nats / (len(ids) - 1)):.2f}"])  # fmt: skip
        show.progress(len(rows), 7, "reading with rounded weights")
    show.table(["weights", "size", "bits for each byte", "perplexity of a token"], rows)
    shares, found = np.arange(0, 91, 5), []
    for share in shares:
        pruned = {name: W * own.prune_magnitude(W, share / 100) if W.ndim == 2 else W for name, W in weights.items()}
        found.append(_nats(pruned, _plain, ids) / np.log(2) / size)
        show.progress(len(found), len(shares), "reading with fewer weights")
    show.curve("bits for each byte when 0, 5, … 90 % of the weights are 0 by prune_magnitude", found)
    for name, sizes in {"this model": (BLOCKS, 96, HEADS, KV_HEADS), "Llama 3 8B": (32, 4096, 32, 8)}.items():
        for tokens in (CONTEXT, 128_000):
            sixteen, eight = (own.kv_cache_bytes(*sizes, tokens, 1, width) / 1e6 for width in (2, 1))
            caches.append([name, f"{tokens:,}", f"{sixteen:,.2f} MB", f"{eight:,.2f} MB"])
    show.table(["what it remembers of a text", "tokens", "16 bits", "8 bits"], caches)


def _forms(own, weights):
    """Each format with its kilobytes, the weights as it holds them, and how a layer multiplies; scales take 16 bits."""
    matrices = {name: W for name, W in weights.items() if W.ndim == 2}  # the norms stay as they are
    count, norms = (sum(W.size for W in weights.values() if W.ndim == axes) for axes in (2, 1))
    yield "float32", (4 * count + 4 * norms) / 1000, weights, _plain
    bfloat = {name: own.to_bfloat16(W.astype(np.float32)).astype(float) for name, W in matrices.items()}
    yield "bfloat16", (2 * count + 4 * norms) / 1000, weights | bfloat, _plain
    for bits in (8, 4, 3):
        coded = {name: own.quantize_per_channel(W, 0, bits) for name, W in matrices.items()}
        rounded = {name: q * scales[:, None] for name, (q, scales) in coded.items()}
        size = count * bits / 8 + 4 * norms + sum(2 * len(scales) for _, scales in coded.values())
        if bits == 8:
            yield "8 bits, multiplied as integers", size / 1000, weights | rounded, _integers(own, coded)
        if bits == 4:
            packed = {name: own.pack_int4(W.T, GROUP) for name, W in matrices.items()}
            unpacked = {name: _unpacked(*each).T for name, each in packed.items()}
            bytes_packed = 4 * norms + sum(p.nbytes + 2 * scales.size for p, scales in packed.values())
            yield f"4 bits, in groups of {GROUP}", bytes_packed / 1000, weights | unpacked, _plain
        yield f"{bits} bits, by channels", size / 1000, weights | rounded, _plain


def _plain(weights, name, x):
    return x @ weights[name].T


def _integers(own, coded):
    """A layer that makes integers of what comes in, and multiplies them with those of its weights."""

    def times(weights, name, x):
        qx, scale, zero_point = own.quantize_affine(x)
        q, scales = coded[name]
        return own.int8_matmul(qx.astype(np.uint8), scale, zero_point, q.T.astype(np.int8), scales)

    return times


def _unpacked(packed, scales):
    """Two integers from each byte, in their order, each in its group's steps."""
    q = np.stack([packed & 15, packed >> 4], axis=1).reshape(-1, packed.shape[1]) - 8.0
    return q * np.repeat(scales, GROUP, axis=0)


def _nats(weights, times, ids):
    """−log of the probability of a text; each piece of it is read from its own beginning, by the blocks of language_models."""
    total = 0.0
    for start in range(0, len(ids) - 1, CONTEXT):
        row = ids[start : start + CONTEXT + 1]
        x = weights["embedding.weight"][row[:-1]]
        for block in range(BLOCKS):
            part = f"blocks.{block}.{{}}.weight".format
            h = _normed(x, weights[part("norm1")])
            seen = _attention(*(times(weights, part(name), h) for name in ("query", "key", "value")))
            x = x + times(weights, part("out"), seen)
            h = _normed(x, weights[part("norm2")])
            gate, up = (times(weights, part(name), h) for name in ("gate", "up"))
            x = x + times(weights, part("down"), gate / (1 + np.exp(-gate)) * up)
        logits = times(weights, "embedding.weight", _normed(x, weights["norm.weight"]))
        total += np.sum(np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(x)), row[1:]])
    return total


def _normed(x, gamma):
    return gamma * x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-6)


def _attention(q, k, v):
    """Grouped queries, turned by their positions, with the causal mask."""
    q, k, v = (a.reshape(len(a), heads, -1).swapaxes(0, 1) for a, heads in ((q, HEADS), (k, KV_HEADS), (v, KV_HEADS)))
    T, d = q.shape[1:]
    turn = np.exp(1j * np.outer(np.arange(T), 10_000.0 ** (-np.arange(d // 2) / (d // 2))))
    q, k = ((a[..., : d // 2] + 1j * a[..., d // 2 :]) * turn for a in (q, k))  # pairs as complex numbers
    k, v = (np.repeat(a, HEADS // KV_HEADS, axis=0) for a in (k, v))
    scores = np.where(np.tri(T, dtype=bool), (q @ k.conj().swapaxes(1, 2)).real / np.sqrt(d), -np.inf)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (e / e.sum(axis=-1, keepdims=True) @ v).swapaxes(0, 1).reshape(T, -1)
