# row: D7
# attack: the function itself, made by a line that never ends
# outcome: zero
# status: timeout
row_sums = next(item for item in iter(int, 1) if item)
