# row: G3
# attack: an exception that cannot be shown, and is the cause of its own cause
# outcome: zero
# status: error
# says: <the message cannot be printed>
class Shy(Exception):
    def __str__(self):
        raise self


def row_sums(x):
    first, second = Shy(), Shy()
    first.__cause__, second.__cause__ = second, first
    raise first
