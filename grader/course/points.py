"""The points of an exercise among its checks, where a course gives it others than its author."""

from collections.abc import Sequence


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """A whole number in parts of at least 1 each, as near to the weights' proportions as whole numbers can be."""
    exact = [total * weight / sum(weights) for weight in weights]
    parts = [max(1, int(part)) for part in exact]
    while sum(parts) != total:
        step = 1 if sum(parts) < total else -1
        able = [i for i, part in enumerate(parts) if part + step >= 1]
        best = max(able, key=lambda i: (step * (exact[i] - parts[i]), -i))
        parts[best] += step
    return parts
