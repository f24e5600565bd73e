# row: D1
# attack: an endless loop in the call
# outcome: zero
# status: timeout
def row_sums(x):
    while True:
        pass
