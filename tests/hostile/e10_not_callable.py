# row: E10
# attack: a number in place of a function
# outcome: zero
# status: error
# says: row_sums is a int, not a function
row_sums = 3
