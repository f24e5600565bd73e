# row: C6
# attack: results and exit status rewritten at exit
# outcome: zero
# status: error
# never: FORGED
import atexit
import os
import sys


@atexit.register
def forge():
    os.write(1, b"FORGED\n")
    os._exit(0)


def row_sums(x):
    sys.exit(1)
