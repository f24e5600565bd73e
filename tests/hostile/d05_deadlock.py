# row: D5
# attack: a lock taken twice
# outcome: zero
# status: timeout
import threading


def row_sums(x):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
