# row: C5
# attack: SystemExit(0) in the call
# outcome: zero
# status: error
# says: your code calls sys.exit()
import sys


def row_sums(x):
    sys.exit(0)
