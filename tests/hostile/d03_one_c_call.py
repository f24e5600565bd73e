# row: D3
# attack: hours inside one call of C
# outcome: zero
# status: timeout
def row_sums(x):
    return sum(range(10**13))
