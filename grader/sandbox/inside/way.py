"""How an exercise is asked. A file of its own, because a key is read where nothing is asked."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """How an exercise is asked: by a plain call with these parameters or by a driver, with arrays or with tensors."""

    parameters: Sequence[str]
    driver: str = ""
    torch: bool = False
