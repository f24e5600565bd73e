# row: G2
# attack: an exception whose name, text and notes are markup and escapes, with a lone surrogate
# outcome: zero
# status: error
class Boom(Exception):
    pass


Boom.__name__ = Boom.__qualname__ = "[red]Boom[/] <b>\x1b[31m"


def row_sums(x):
    error = Boom("[/nope] \x1b[2J \ud800 \u202e =1+1 ::error::")
    error.add_note("\x1b[2J[/nope]")
    raise error
