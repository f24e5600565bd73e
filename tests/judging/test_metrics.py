"""What a metric says of predictions that are not good enough."""

import numpy as np

from grader.judging.metrics import METRICS, relative_rmse

rng = np.random.default_rng(0)
TRUTH = 300.0 + 40 * rng.standard_normal(200)


def advice(predictions):
    return METRICS["relative_rmse"].advice(predictions, TRUTH)


def test_predictions_without_an_offset_are_told_so():
    centred = TRUTH - TRUTH.mean() + rng.standard_normal(200)
    assert relative_rmse(centred, TRUTH) > 1
    assert "the intercept" in advice(centred)
    assert advice(centred + TRUTH.mean()) == ""


def test_what_is_worse_than_the_mean_for_another_reason_is_told_that_alone():
    assert advice(-TRUTH) == "Always predicting the mean does better than these predictions."
    with np.errstate(all="ignore"):
        far = advice(rng.standard_normal(200) * 1e200)
    assert far == "Always predicting the mean does better than these predictions."
    assert advice(np.full(200, TRUTH.mean())) == ""
