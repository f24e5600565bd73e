"""A class of five whose entries are pushed to a platform, as `grade class push` does it."""

import contextlib
from collections import Counter

import pytest

from grader.classroom.gradebooks.filling import Entry
from grader.classroom.intake.roster import Student
from grader.classroom.marking.store import Store
from grader.classroom.platforms.entering import PlatformError
from grader.classroom.platforms.planning import Wish, plan
from grader.classroom.platforms.pushing import Push, push
from grader.classroom.platforms.sent import sent

CLASS = [
    Student("a1", ("Ann Able",), "Ann Able"),
    Student("bob@x.edu", (), "Bob Baker"),
    Student("cem", (), "Cem Costa"),
    Student("Dil Dubois", (), "Dil Dubois"),
    Student("eve", (), "Eve"),
]
ENTRIES = {
    "a1": Entry(7.5, 10),
    "bob@x.edu": Entry(10, 10),
    "cem": Entry(0, 10),
    "Dil Dubois": Entry(3, 10, is_excused=True),
    "eve": Entry(5, 10),
}


@pytest.fixture(name="store")
def a_store(tmp_path):
    with Store(str(tmp_path / "class.db")) as opened:
        yield opened


@contextlib.contextmanager
def one_sentence():
    """A context in which all goes well, or ends with an error of one line."""
    said = "all went well"
    try:
        yield
    except PlatformError as error:
        said = str(error)
    assert said.splitlines() == [said]


class Run:
    """One run of a push of the class, with the waits that it wished for. `opened` makes the platform."""

    def __init__(self, opened, store, entries=ENTRIES, comments=(), yes=False, timeout=5.0):
        self.waits: list[float] = []
        self.platform = opened(pause=self.waits.append, timeout=timeout)
        assignment = self.platform.look()
        wishes = {who: Wish(one, dict(comments).get(who, ""), yes) for who, one in entries.items()}
        self.push = Push(self.platform, assignment, wishes, sent(store, assignment.place), self.waits.append)
        self.items = plan(self.platform, assignment, wishes, CLASS, self.push.ours)
        self.outcomes, self.store = [], store

    def send(self):
        for outcome in push(self.push, self.items, self.store):
            self.outcomes.append(outcome)
        return self

    @property
    def kinds(self) -> Counter:
        return Counter(item.kind for item in self.items)
