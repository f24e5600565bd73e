"""`distributed`: what is no number is told before any law is."""

import numpy as np
import pytest
from asked import decided, question


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (np.inf, "W[0, 0] is inf, expected a finite number"),
        (-np.inf, "W[0, 0] is -inf, expected a finite number"),
        (np.nan, "W[0, 0] is nan, expected a finite number"),
    ],
)
def test_a_sample_with_a_number_that_is_not_finite_is_told_so(entry, words):
    sample = np.random.default_rng(0).normal(size=(300, 200))
    sample[0, 0] = entry
    found = decided("distributed", [sample], [question(np.zeros_like(sample))], ["W"], ["normal", 0.0, 1.0])
    assert (found.kind, found.message) == ("nonfinite", f"{words} (case: a case)")
