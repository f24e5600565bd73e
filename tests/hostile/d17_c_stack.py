# row: D17
# attack: the C stack overflown by a deep nest
# outcome: zero
# status: crash
# says: SIGSEGV
# seconds: 5
def row_sums(x):
    nest = ()
    for _ in range(1_000_000):
        nest = (nest,)
    return hash(nest)
