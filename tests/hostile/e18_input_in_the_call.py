# row: E18
# attack: input() in the call
# outcome: zero
# status: error
# says: EOFError
def row_sums(x):
    return input("rows? ")
