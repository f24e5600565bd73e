# row: G3
# attack: an exception whose type has no name and no order of resolution
# outcome: zero
class Odd(type):
    __name__ = property(lambda cls: 1 / 0)


class Nameless(Exception, metaclass=Odd):
    pass


def row_sums(x):
    raise Nameless
