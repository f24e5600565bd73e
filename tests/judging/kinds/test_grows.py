"""`grows`: a list's last number over its first."""

import numpy as np

from grader.judging.kinds.grows import growth


def test_a_whole_number_too_large_for_a_float_has_no_growth():
    assert np.isnan(growth([10**400, 1.0]))
    assert growth([1.0, 4.0]) == 4.0
