# row: B33
# attack: the clocks stopped, then a long wait
# outcome: zero
# status: timeout
import time

time.monotonic = time.time = time.perf_counter = time.process_time = lambda: 0.0


def row_sums(x):
    while True:
        time.sleep(0.1)
