# row: G3
# attack: an exception whose message takes for ever
# outcome: zero
# status: timeout
class Slow(Exception):
    def __str__(self):
        while True:
            pass


def row_sums(x):
    raise Slow
