"""Damage of every kind: bytes, texts, and trees of data, made from valid examples by a seeded generator."""

import json
import random
from typing import Any

BYTES = (
    b"\x00",
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b'"',
    b"[" * 40,
    b"{",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b",",
    b";",
    b"=",
)
WORDS = (
    "", "\x00", "\x1b[2J", "\u202e", "\ud800", "::error::x", "=1+1", "'", '"', "../..", "a" * 300, "\n", "nan", "inf", "-inf",
    "1e999", "9" * 40, "9" * 5000, "0x" + "f" * 5000, "9999-12-31", "0001-01-01T00:00:00+23:59", "true", "[" * 300, "{}", "\N{DESERET CAPITAL LETTER LONG I}",
)  # fmt: skip
VALUES = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "x",
    "passed", "\x00\x1b", "::error::", [], {}, [[]], [None], {"a": {}}, {"": ""},
)  # fmt: skip


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The bytes with some of them cut, turned, doubled or replaced."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8, 40))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 1, 2, 4, 8, 50, 1000)))
        match chance.randrange(7):
            case 0:
                del data[at:end]
            case 1:
                data[at:end] = chance.randbytes(end - at)
            case 2 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 3:
                data[at:at] = data[at:end]
            case 4:
                data[at:at] = chance.choice(BYTES)
            case 5:
                del data[at:]
            case 6:
                data[at:end] = chance.choice(BYTES)
    return bytes(data)


def reworded(content: bytes, chance: random.Random) -> bytes:
    """A text with some of its words and lines exchanged, doubled, left out, or replaced by odd ones."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                lines[at] = lines[chance.randrange(len(lines))]
            case 1:
                lines.insert(at, chance.choice(WORDS))
            case 2:
                lines[at : at + 1] = []
            case 3:
                start = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:start] + chance.choice(WORDS) + lines[at][start + chance.randrange(6) :]
            case 4:
                mark = chance.choice(",;=\"'[]:\t")
                lines[at] = lines[at].replace(mark, chance.choice(WORDS), 1)
        lines = lines or [""]
    return "\n".join(lines).encode("utf-8", chance.choice(("surrogatepass", "replace")))


def regrown(tree: Any, chance: random.Random) -> Any:
    """A tree of data in which one or a few parts are others."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        tree = _regrown(tree, chance)
    return tree


def _regrown(tree: Any, chance: random.Random) -> Any:
    if not isinstance(tree, dict | list | tuple) or not tree or chance.random() < 0.1:
        return chance.choice((*VALUES, *WORDS[:16], [tree], {"a": tree}, [tree, tree], (tree,)))
    if isinstance(tree, dict):
        key = chance.choice(list(tree))
        match chance.randrange(5):
            case 0:
                return {name: item for name, item in tree.items() if name != key}
            case 1:
                return tree | {chance.choice(("", "x", "\x1b", *map(str, tree))): tree[key]}
        return tree | {key: _regrown(tree[key], chance)}
    at = chance.randrange(len(tree))
    match chance.randrange(6):
        case 0:
            return type(tree)([*tree[:at], *tree[at + 1 :]])
        case 1:
            return type(tree)([*tree[:at], *tree[at:], tree[at]])
    return type(tree)([*tree[:at], _regrown(tree[at], chance), *tree[at + 1 :]])


def json_damaged(content: bytes, chance: random.Random) -> bytes:
    """JSON that is another tree, or no JSON any more."""
    if chance.random() < 0.2:
        return damaged(content, chance)
    return json.dumps(regrown(json.loads(content), chance)).encode("utf-8", "surrogatepass")
