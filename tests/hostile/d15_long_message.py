# row: D15
# attack: an exception with a message of 256 MB
# outcome: zero
# status: error
# says: ValueError: AAAA
# seconds: 3
def row_sums(x):
    raise ValueError("A" * (256 << 20))
