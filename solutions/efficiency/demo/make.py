"""How the demo's data were made: `python make.py` takes the small model of language_models and cuts its held-back text into tokens.

The text is Herman Melville's Moby Dick of 1851, in the public domain; see make.py of language_models for the training.
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
MODEL = HERE.parents[1] / "language_models" / "demo"


def tokens(text, merges):
    """The merges one after another, each at all its places from left to right."""
    ids = list(text)
    for a, b, new in merges.tolist():
        out = []
        for i in ids:
            if out and out[-1] == a and i == b:
                out[-1] = new
            else:
                out.append(i)
        ids = out
    return ids


def main():
    data = np.load(MODEL / "model.npz")
    text = (MODEL / "held_back.txt").read_bytes()
    weights = {name: data[name] for name in data.files if name != "merges"}
    ids = np.array(tokens(text, data["merges"]), np.int16)
    np.savez_compressed(HERE / "model.npz", ids=ids, text_bytes=len(text), **weights)


if __name__ == "__main__":
    main()
