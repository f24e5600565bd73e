"""A repository as it was at a moment: which commit that is, who says so, and the files of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from grader.classroom.fetching.git import Remote
from grader.classroom.fetching.hosts import Host
from grader.classroom.fetching.listing import Repository
from grader.frozen import frozen

Moment = datetime | None  # None is now


@frozen
class State:
    """The commit that was the newest at a moment, and since when; `by` is who tells that, "push" or "commit"."""

    commit: str
    at: datetime
    by: str


@frozen
class Fetched:
    """What was read of one repository: the state of each unit that has one, and the files, by their path in its folder."""

    repository: Repository
    states: Mapping[str, State]
    files: Mapping[str, bytes]


def fetch(
    repository: Repository, host: Host, moments: Mapping[str, Moment], known: Collection[str], scratch: Path
) -> Fetched:
    """A repository's units, each as it was at its moment. HostError and GitError if it cannot be read.

    Where all moments are the same, paths are those of the repository. Else each unit is in a folder of its name, without
    the files of other units of the course (`known`), so that no unit is there in two states.
    """
    address = host.address(repository.place)
    remote = Remote(address, scratch, host.git_settings(address))
    branch, newest = remote.newest()
    pushes = host.pushes(repository.place, branch)
    told = None if pushes is None else list(pushes)
    if told is None:
        remote.fetch(newest, has_history=True)
    states: dict[str, State] = {}
    files: dict[str, bytes] = {}
    read: dict[str, dict[tuple[str, ...], bytes]] = {}  # by commit: several due dates may find the same
    for moment in dict.fromkeys(moments.values()):
        units = [unit for unit, at in moments.items() if at == moment]
        state = _at(remote, newest, told, moment)
        if state is None:
            continue
        if state.commit not in read:
            if told is not None:
                remote.fetch(state.commit)
            read[state.commit] = _without_copies(dict(remote.files(state.commit)), known)
        states |= dict.fromkeys(units, state)
        is_whole = len(units) == len(moments)
        for parts, content in read[state.commit].items():
            for below in [""] if is_whole else _folders(parts, units, known):
                files[str(PurePosixPath(below, *parts))] = content
    return Fetched(repository, states, files)


def _at(remote: Remote, newest: str, pushes: Sequence | None, moment: Moment) -> State | None:
    """The state at a moment; None if nothing was there yet."""
    if pushes is not None:
        push = next((one for one in pushes if moment is None or one.at <= moment), None)
        return State(push.commit, push.at, "push") if push else None
    commit = remote.until(newest, moment) if moment else newest
    return State(commit, remote.made_at(commit), "commit") if commit else None


def _without_copies(files: dict[tuple[str, ...], bytes], known: Collection[str]) -> dict[tuple[str, ...], bytes]:
    """The files without those of a unit that lie elsewhere, where the unit is at the place that the course gave it."""
    placed = {unit for unit in known for parts in files if parts[:-1] == ("assignments", unit) and _stem(parts) == unit}
    return {
        parts: content
        for parts, content in files.items()
        if _stem(parts) not in placed or parts[:-1] == ("assignments", _stem(parts))
    }


def _stem(parts: tuple[str, ...]) -> str:
    return parts[-1].rpartition(".")[0]


def _folders(parts: tuple[str, ...], units: Sequence[str], known: Collection[str]) -> Sequence[str]:
    """The folders of units into which a file goes: a unit's own file into that one, what is no unit's into all."""
    name = _stem(parts)
    return units if name not in known else [unit for unit in units if unit == name]
