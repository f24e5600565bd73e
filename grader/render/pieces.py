"""Join the pieces of a formula, with parentheses and spaces where they are needed. Used by `grader.render.maths`."""

from collections.abc import Sequence
from dataclasses import replace

from grader.frozen import frozen
from grader.render.symbols import SUBSCRIPTS, SUPERSCRIPTS

LOOSE, PRODUCT, POWER, ATOM = range(4)  # precedence of a formula, a sum the lowest
WIDE = {"sign", "times", "relation"}  # with a space on either side
LEFT = {"atom", "word", "power", "fraction", "close"}  # what a factor or a binary sign can stand to the right of
RIGHT = {"atom", "word", "power", "open", "prefix", "name", "big"}  # what multiplies the fraction before it


@frozen
class Piece:
    """A self-contained part of a formula; `kind` decides how it is joined to its neighbours."""

    text: str
    kind: str = "atom"


def with_scripts(base: Sequence[Piece], below: Sequence = (), above: Sequence = (), primes: Sequence = ()) -> Piece:
    """The pieces with a subscript, primes and a superscript, in that order, as one piece."""
    simple = len(base) == 1 and base[0].kind not in ("power", "fraction")
    text, kind = (base[0].text, base[0].kind) if simple else (wrap(base, ATOM), "atom")
    limits = kind in ("big", "name")
    low = script(below, {} if limits and (above or len(below) > 1) else SUBSCRIPTS, "_", limits)
    high = script(above, {} if kind == "big" and below else SUPERSCRIPTS, "^", limits)
    raised = bool(above) and kind in ("atom", "word")
    return Piece(text + low + "".join(p.text for p in primes) + high, "power" if raised else kind)


def script(pieces: Sequence[Piece], table: dict[str, str], mark: str, braces: bool = False) -> str:
    """A subscript or superscript in Unicode's small letters if they all exist, else after its mark (_ or ^)."""
    text = join(pieces, tight=True)
    is_word = len(pieces) == 1 and pieces[0].kind in ("word", "name") and text.isalnum()
    if not is_word and all(letter in table for letter in text):
        return "".join(table[letter] for letter in text)
    if is_word or len(text) == 1:
        return mark + text
    return f"{mark}{{{text}}}" if braces else f"{mark}({text})"


def wrap(pieces: Sequence[Piece], at_least: int) -> str:
    """The pieces as text, in parentheses if their precedence is lower than `at_least`."""
    text = join(pieces, tight=False)
    return text if level(pieces) >= at_least else f"({text})"


def numerator(pieces: Sequence[Piece]) -> str:
    """A numerator as text: −x needs no parentheses, but a/b gets them, because a/b/c is hard to read."""
    solid = _solid(pieces)
    if len(solid) > 1 and solid[0].kind == "unary" and level(solid[1:]) >= PRODUCT:
        first = next(i for i, piece in enumerate(pieces) if piece.kind != "space")
        return solid[0].text + numerator(pieces[first + 1 :])
    return wrap(pieces, POWER if len(solid) == 1 else PRODUCT)


def level(pieces: Sequence[Piece]) -> int:
    """The precedence of the pieces together."""
    solid, factors, depth = _solid(pieces), [], 0
    for piece, was, after in zip(solid, [None, *solid], [*solid[1:], None], strict=False):
        if piece.kind == "close":
            depth = max(depth - 1, 0)
            if not depth and len(piece.text) > 1 and factors:
                factors[-1] = "power"
        elif piece.kind == "open":
            if not depth and not (was and was.kind in ("name", "word")):
                factors.append("atom")
            depth += 1
        elif not depth:
            is_applied = piece.kind == "name" and after and after.kind != "open"
            if is_applied or piece.kind in ("unary", "punct", "big", *WIDE):
                return LOOSE
            if was and was.kind == "prefix":
                factors[-1] = "power"
            else:
                factors.append(piece.kind)
    return PRODUCT if len(factors) > 1 else {"fraction": PRODUCT, "power": POWER}.get("".join(factors), ATOM)


def _resolved(pieces: Sequence[Piece]) -> list[Piece]:
    """Mark a sign with nothing to its left as unary, and pairs of bars as opening and closing."""
    out: list[Piece] = []
    before, bars = "", []
    for number, piece in enumerate(pieces):
        kind = piece.kind
        if kind == "sign" and before not in LEFT:
            kind = "unary"
        elif kind == "bar" and bars[-1:] == [piece.text[0]]:
            kind = "close"
            bars.pop()
        elif kind == "bar" and _has_partner(piece, pieces[number + 1 :]):
            kind = "open"
            bars.append(piece.text[0])
        out.append(replace(piece, kind=kind))
        before = before if kind == "space" else kind
    return out


def _has_partner(bar: Piece, rest: Sequence[Piece]) -> bool:
    """Whether the bar has another to its right, within the same parentheses."""
    depth = 0
    for piece in rest:
        depth += {"open": 1, "close": -1}.get(piece.kind, 0)
        if depth < 0 or (depth == 0 and piece.kind == "bar" and piece.text[0] == bar.text[0]):
            return depth == 0
    return False


def _solid(pieces: Sequence[Piece]) -> list[Piece]:
    return [piece for piece in _resolved(pieces) if piece.kind != "space"]


def join(pieces: Sequence[Piece], tight: bool) -> str:
    """The pieces as text; signs and relations get spaces around them unless it is `tight`, as in a subscript."""
    solid = _solid(pieces)
    gaps, gap = [], ""
    for piece in pieces:
        if piece.kind == "space":
            gap = max(gap, piece.text, key=len)
        else:
            gaps.append(gap)
            gap = ""
    out = ""
    for piece, was, after, gap in zip(solid, [None, *solid], [*solid[1:], None], gaps, strict=False):
        out += _between(was, piece, gap, tight) if was and not out.endswith(" ") else ""
        text = f"({piece.text})" if piece.kind == "fraction" and _needs_parentheses(piece, was, after) else piece.text
        out += text.lstrip() if out.endswith(" ") else text
    return out.strip()


def _needs_parentheses(fraction: Piece, was: Piece | None, after: Piece | None) -> bool:
    """Whether a fraction would be misread beside its neighbours: 1/N Σ is not (1/N) Σ."""
    if was and (
        was.kind in ("slash", "name", "prefix")
        or (fraction.text[0] in "+−±∓" and was.kind not in ("relation", "open", "punct"))
    ):
        return True
    return after is not None and after.kind in RIGHT


def _between(left: Piece, right: Piece, gap: str, tight: bool) -> str:
    """The white space, or the dot, between two pieces; `gap` is what the author put there."""
    kinds = left.kind, right.kind
    if "slash" in kinds or left.kind in ("unary", "open", "prefix") or right.kind in ("close", "punct"):
        return ""
    if WIDE & set(kinds):
        return "" if tight else gap or " "
    if left.kind == "punct":
        return "" if tight else gap or " "
    if right.kind == "open" and left.kind in ("name", "word"):
        return ""
    if right.kind == "fraction" and left.kind in ("name", *LEFT) and not (gap and right.text.startswith("∂")):
        return "" if left.kind == "name" else "·" if tight else " · "
    if left.kind in ("name", "big") or (right.kind in ("name", "big") and left.kind in LEFT):
        return " " if not tight or "name" in kinds else ""
    return " " if _run_together(left, right) else "" if tight else gap


def _run_together(left: Piece, right: Piece) -> bool:
    """Whether two factors would look like one name without a space."""
    if not (right.text[:1].isalnum() or (right.kind == "open" and "√" in left.text)):
        return False
    is_long = any(piece.kind == "word" or set("_^√/") & set(piece.text) for piece in (left, right))
    return is_long and (left.text[-1:].isalnum() or "√" in left.text)
