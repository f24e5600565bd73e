"""A student's file and a newer file of stubs become one: each answer is carried over by its name, and what is new is added."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.frozen import frozen
from grader.sandbox.inside.reading import bound_names
from grader.statement import as_written, first_line
from grader.updating.definitions import Definition, Part, arguments, is_unwritten, under_a_new_heading


class CannotMerge(ValueError):
    """The student's file is no Python that can be cut into definitions; the message says why and where."""


@frozen
class Merged:
    """The new text; `carried` are answers under a changed heading, `new` names that were not there, `reworded` stubs
    that nobody had written yet, and `told` sentences on what somebody should look at. `is_own` says that somebody has
    written something in the file."""

    text: str
    carried: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    reworded: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    is_own: bool = False


@dataclass
class _File:
    """A text's top-level statements by the names that they bind."""

    text: str

    def __post_init__(self) -> None:
        self.lines = tuple(self.text.split("\n"))
        try:
            self.body = ast.parse(self.text).body
        except (SyntaxError, ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            where = f", line {line}" if line else ""
            raise CannotMerge(f"it is no Python that can be read ({type(error).__name__}{where})") from None
        self.named = {name: node for node in self.body for name in bound_names(node)}
        self.has_star = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in self.body)

    def text_of(self, node: ast.stmt) -> str:
        return as_written(node, self.lines)

    def with_comments(self, node: ast.stmt) -> str:
        """A statement with the comments right before it."""
        start = first_line(node) - 1
        while start and (self.lines[start - 1].startswith("#") or not self.lines[start - 1].strip()):
            start -= 1
        return "\n".join(self.lines[start : node.end_lineno]).strip("\n")

    def part(self, name: str) -> Part | None:
        node = self.named.get(name)
        return Part(node, self.lines) if isinstance(node, Definition) else None


def merged(own: str, new: str, base: str | None, old_stubs: Mapping[str, str], exercises: Sequence[str]) -> Merged:
    """The student's text with what is new in a newer file of stubs. CannotMerge for a text that does not parse.

    `base` is the file as it came, None where that is not known; `old_stubs` are texts of stubs as they came, by name.
    `exercises` are the names that students write in the newer file.
    """
    if own.strip() == (base or "").strip():
        return Merged(new)
    mine, theirs = _File(own), _File(new)
    came = _File(base) if base is not None else None
    result = Merged(own, is_own=True)
    replaced: dict[ast.stmt, str] = {}
    for name in theirs.named:
        if name in mine.named:
            text = _in_place(name, mine, theirs, came, _before(name, came, old_stubs), name in exercises, result)
            if text is not None:
                replaced[mine.named[name]] = text
    if not (mine.body and theirs.body):
        return Merged(own, is_own=True, told=["your file is empty, and stays so"])
    if text := _docstring(mine, theirs, came):
        replaced[mine.body[0]] = text
    added = list(_added(mine, theirs, came, old_stubs, result))
    return Merged(
        _written(mine, replaced, added), result.carried, result.new, result.reworded, result.told, is_own=True
    )


def _before(name: str, came: _File | None, old_stubs: Mapping[str, str]) -> Part | None:
    """A definition as it came, from the file or from the key."""
    if came and (found := came.part(name)):
        return found
    return _File(old_stubs[name]).part(name) if name in old_stubs else None


def _in_place(
    name: str, mine: _File, theirs: _File, came: _File | None, before: Part | None, is_exercise: bool, result: Merged
) -> str | None:
    """The text that takes the place of what the student has under a name; None where that stays as it is."""
    own, new = mine.part(name), theirs.part(name)
    if not own or not new:
        return _constant(name, mine, theirs, came)
    if own.text == new.text or (before and before.text == new.text):
        return None  # nothing of it has changed, or only the student has
    if is_unwritten(own, [part for part in (before, new) if part]):
        if is_exercise:
            result.reworded.append(name)
        return new.text
    if not is_exercise:
        result.told.append(f"{name} is another one in the newer course; yours is kept")
        return None
    text = under_a_new_heading(own, new, before)
    if text is None:
        result.told.append(f"{name} is asked otherwise now, and yours stays as it is: `grade explain` says how")
        return None
    if text != own.text:
        result.carried.append(name)
        if before and arguments(before.node) != arguments(new.node):
            result.told.append(f"{name} takes other arguments now: look at what you wrote")
    return text


def _constant(name: str, mine: _File, theirs: _File, came: _File | None) -> str | None:
    """The newer text of a name that is no definition, where the student's is as it came."""
    if not came or name not in came.named or not isinstance(mine.named[name], ast.Assign | ast.AnnAssign):
        return None
    is_as_it_came = mine.text_of(mine.named[name]) == came.text_of(came.named[name])
    return theirs.text_of(theirs.named[name]) if is_as_it_came else None


def _docstring(mine: _File, theirs: _File, came: _File | None) -> str:
    """The newer first lines of the file, where the student's are as they came."""
    texts = [file.text_of(file.body[0]) if _has_docstring(file) else "" for file in (mine, theirs)]
    if not all(texts) or texts[0] == texts[1]:
        return ""
    known = came is None or (_has_docstring(came) and came.text_of(came.body[0]) == texts[0])
    return texts[1] if known else ""


def _has_docstring(file: _File) -> bool:
    return bool(file.body) and isinstance(file.body[0], ast.Expr) and isinstance(file.body[0].value, ast.Constant)


def _added(
    mine: _File, theirs: _File, came: _File | None, old_stubs: Mapping[str, str], result: Merged
) -> Iterator[tuple[ast.stmt | None, str]]:
    """(the student's statement behind which it comes, None for the end, a text) for what the student's file lacks."""
    known = {*(came.named if came else ()), *old_stubs}
    behind: ast.stmt | None = None
    for node in theirs.body:
        names = bound_names(node)
        here = [mine.named[name] for name in names if name in mine.named]
        if here:
            behind = here[0]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield _last_import(mine), theirs.text_of(node)
        elif names and (not known & set(names) or (set(names) <= set(old_stubs) and not mine.has_star)):
            result.new.extend(names)  # or a stub that was taken out; what is imported with * may have its name
            yield behind, theirs.with_comments(node)


def _last_import(file: _File) -> ast.stmt | None:
    imports = [node for node in file.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return imports[-1] if imports else (file.body[0] if _has_docstring(file) else None)


def _written(mine: _File, replaced: Mapping[ast.stmt, str], added: Sequence[tuple[ast.stmt | None, str]]) -> str:
    """The student's lines with the replaced statements, and the added ones where they belong."""
    lines: list[str] = []
    at = 0
    for node in mine.body:
        start, end = first_line(node) - 1, node.end_lineno or 0
        lines += mine.lines[at : max(start, at)]
        lines += replaced[node].split("\n") if node in replaced else mine.lines[max(start, at) : end]
        at = max(end, at)
        for behind, text in added:
            if behind is node:
                is_import = text.startswith(("import ", "from "))
                lines += text.split("\n") if is_import else ["", "", *text.split("\n")]
    lines += mine.lines[at:]
    for text in (text for behind, text in added if behind is None):
        lines = [*"\n".join(lines).rstrip("\n").split("\n"), "", "", *text.split("\n"), ""]
    return "\n".join(lines)
