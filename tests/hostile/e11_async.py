# row: E11
# attack: a coroutine in place of a function
# outcome: zero
# status: error
# says: row_sums is async
import numpy as np


async def row_sums(x):
    return np.sum(x, axis=1)
