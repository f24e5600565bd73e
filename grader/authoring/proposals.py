"""What the fates of an exercise's mutants suggest to its author: cases that are missing, mistakes that have no name."""

import json
from collections.abc import Sequence

from grader.authoring.mutants import Mutant
from grader.authoring.mutation import EQUIVALENT, KILLED, SURVIVED, Verdict
from grader.course.reference_text import definitions
from grader.frozen import frozen


@frozen
class Proposals:
    """The mutants of one exercise that change an answer, by what is missing for them."""

    exercise: str
    changing: int  # how many change an answer
    survivors: list[Verdict]  # they keep every point: a case is missing
    untold: list[Verdict]  # they lose points for a wrong value, and nothing but the difference is told
    general: list[Verdict]  # they get a hint that fits many a mistake


def proposals(exercise: str, verdicts: Sequence[Verdict]) -> Proposals:
    """Sort an exercise's verdicts; a mutant whose file cannot be read, or that never ends, suggests nothing."""
    told = [verdict for verdict in verdicts if verdict.fate == KILLED and verdict.told]
    unnamed = [verdict for verdict in told if not verdict.told.mistake]
    return Proposals(
        exercise,
        sum(verdict.fate != EQUIVALENT for verdict in verdicts),
        [verdict for verdict in verdicts if verdict.fate == SURVIVED],
        [verdict for verdict in unnamed if not verdict.told.hint and verdict.told.kind != "exception"],
        [verdict for verdict in unnamed if verdict.told.hint],
    )


def entry(text: str, exercise: str, mutant: Mutant) -> str:
    """A mutant as an entry of `mistakes=[…]`, to be given its name and its sentence; empty where an `edit` cannot make it.

    `text` is the reference module's: an `edit` replaces a piece that occurs exactly once in a definition.
    """
    if mutant.before.startswith("def ") or definitions(text)[mutant.function].body.count(mutant.before) != 1:
        return ""
    old, new = (json.dumps(piece, ensure_ascii=False) for piece in (mutant.before, mutant.after))
    of = "" if mutant.function == exercise else f', of="{mutant.function}"'
    return f'Mistake("name_it", "Say what was done, and what to try.", edit({old}, {new}{of})),'
