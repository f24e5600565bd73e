# row: D16
# attack: recursion without an end
# outcome: zero
# status: error
# says: RecursionError
def row_sums(x):
    return row_sums(x)
