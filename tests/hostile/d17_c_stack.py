# row: D17
# attack: the C stack overflown by a deep nest
# outcome: zero
# status: crash
# says: SIGSEGV
def row_sums(x):
    nest = ()
    for _ in range(1_000_000):
        nest = (nest,)
    return hash(nest)
