# row: D18
# attack: abort()
# outcome: zero
# status: crash
# says: the process was ended by SIG
# The first process of a namespace has no SIGABRT: there abort() ends it by the next means it knows.
import os


def row_sums(x):
    os.abort()
