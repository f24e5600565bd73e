# row: D18
# attack: a read of address 0
# outcome: zero
# status: crash
# says: SIGSEGV
import ctypes


def row_sums(x):
    ctypes.string_at(0)
