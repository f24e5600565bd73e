# row: D17
# attack: the C stack overflown by a deep nest
# outcome: zero
# status: crash
# says: SIGSEGV
# seconds: 20
def row_sums(x):
    nest = ()
    for _ in range(500_000):
        nest = (nest,)
    return hash(nest)
