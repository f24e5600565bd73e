# row: A13
# attack: a forbidden import in letters that a text search does not see
# outcome: zero
# status: forbidden
# says: scipy may not be imported here
def row_sums(x):
    import ｓｃｉｐｙ.special as special

    return special.logsumexp(x, axis=1)
