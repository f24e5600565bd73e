"""What a submission may import: the standard library, the unit's packages, and the student's own helper modules."""

import sys
from collections.abc import Collection, Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class ForbiddenImport(ImportError):
    """An import of a module that this unit does not allow."""


class Gate:
    """An import finder in front of all others: it provides the helper modules and refuses what is not allowed.

    A helper never replaces a standard library module or an allowed package. It is made from the bytes that were handed
    in, so no stale .pyc can stand in for it.
    """

    def __init__(self, allows: Collection[str], helpers: Mapping[str, bytes]):
        self.allows = frozenset(allows) | sys.stdlib_module_names
        self.helpers = {name: content for name, content in helpers.items() if name not in self.allows}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        top = fullname.partition(".")[0]
        if fullname in self.helpers:
            return ModuleSpec(fullname, _FromBytes(self.helpers[fullname]), origin=f"{fullname}.py")
        if top not in self.allows and top not in sys.modules:  # a package that is loaded may load its own submodules
            raise ForbiddenImport(f"{top} may not be imported here", name=top)
        return None


class _FromBytes:
    """A module loader. It has no base class of importlib.abc, whose import would slow every worker down."""

    def __init__(self, content: bytes):
        self.content = content

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.content, f"{module.__name__}.py", "exec", dont_inherit=True), module.__dict__)
