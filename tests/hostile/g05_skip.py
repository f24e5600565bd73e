# row: G5
# attack: a test that skips itself
# outcome: zero
# status: error
# says: SkipTest
import unittest


def row_sums(x):
    raise unittest.SkipTest("not today")
