"""What belongs to an object is never found under another one, though it be equal or lie where the first has lain."""

import re
from pathlib import Path

from conftest import ROOT

from grader.identity import ByIdentity


def test_equal_objects_have_values_of_their_own():
    held, one, other = ByIdentity(), [1], [1]
    held[one] = "one"
    assert one in held
    assert other not in held
    held[other] = "other"
    assert (held[one], held[other]) == ("one", "other")
    assert held.pop(one) == "one"
    assert one not in held
    held.clear()
    assert other not in held


def test_an_object_that_nobody_else_keeps_leaves_its_place_to_no_other():
    held: ByIdentity = ByIdentity()
    for n in range(1000):
        new = [n]
        assert new not in held
        held[new] = n


def test_nothing_of_the_graders_is_filed_under_a_number_of_id():
    """Beside hostile code, where functions are looked up that live as long as their modules, it may be."""
    own = [path for path in (ROOT / "grader").rglob("*.py") if "inside" not in path.parts and path.stem != "identity"]
    filed = {str(path.relative_to(ROOT)): found for path in own if (found := _by_number(path))}
    assert filed == {}


def _by_number(path: Path) -> list[str]:
    return re.findall(r"\[id\(.*\] = .*|.*\.setdefault\(id\(.*", path.read_text(encoding="utf-8"))
