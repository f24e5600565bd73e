"""Send a plan's entries to a platform one by one; each is in the store as soon as the platform has acknowledged it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from grader.classroom.marking.store import Store
from grader.classroom.platforms.entering import (
    Assignment,
    Declined,
    Platform,
    PlatformError,
    Standing,
    Unclear,
    Unreachable,
)
from grader.classroom.platforms.planning import SENT, Item, Wish, decided
from grader.classroom.platforms.sent import Ours, acknowledge, begin, drop, is_met
from grader.frozen import frozen

TRIES = 3  # of one entry
MOST_DECLINED = 5  # one after the other, before anything was taken: then it is not about these students


@frozen
class Outcome:
    """What became of an item: its kind is SAME or KEPT where the platform had changed meanwhile; `why` if it was declined."""

    item: Item
    why: str = ""

    @property
    def is_sent(self) -> bool:
        return not self.why and self.item.kind in SENT


@frozen
class Push:
    """What a push needs: the platform, the assignment as it was looked at, each student's wish, and what we sent before."""

    platform: Platform
    assignment: Assignment
    wishes: Mapping[str, Wish]
    ours: Mapping[str, Ours]
    pause: Callable[[float], None] = time.sleep

    def now(self, item: Item) -> Item:
        """The item by what stands there at this moment: a person may have written something since it was planned."""
        there = self.platform.standing(item.person)
        ours = self.ours.get(item.student, Ours())
        again = replace(item, there=there)
        return decided(again, self.wishes[item.student], self.assignment.out_of, ours, self.platform)


def push(push: Push, items: Sequence[Item], store: Store) -> Iterator[Outcome]:
    """Send all items that are to be sent, and tell each. PlatformError or Unreachable if no more can be sent."""
    declined = 0
    for item in items:
        if item.kind not in SENT:
            continue
        outcome = _one(push, push.now(item), store)
        declined = declined + 1 if outcome.why and declined >= 0 else -1
        yield outcome
        if declined == MOST_DECLINED:
            raise PlatformError(
                f"{push.platform.name} declined {declined} in a row ({outcome.why}); nothing more was tried"
            )


def _one(push: Push, item: Item, store: Store) -> Outcome:
    if item.kind not in SENT:
        return Outcome(item)
    attempt, why = begin(store, push.assignment.place, item.student, item.wanted), ""
    for tried in range(TRIES):
        try:
            push.platform.send(item.person, item.wanted)
        except Declined as error:
            drop(store, attempt)
            return Outcome(item, str(error))
        except Unclear as error:
            why = str(error)
            push.pause(2.0**tried)
            there = push.platform.standing(item.person)
            was_there = is_met(
                item.wanted, item.there or Standing()
            )  # then only the comment was new: it cannot be told
            if there is None or was_there or not is_met(item.wanted, there):
                continue
        acknowledge(store, attempt)
        return Outcome(item)
    raise Unreachable(f"{push.platform.name} does not answer ({why})")


def not_shown(platform: Platform, outcomes: Sequence[Outcome]) -> list[str]:
    """The students for whom the platform does not show what it has acknowledged."""
    if not platform.is_prompt or not any(one.is_sent for one in outcomes):
        return []
    standing = platform.look().standing
    return [
        one.item.student
        for one in outcomes
        if one.is_sent
        and not (one.item.person.id in standing and is_met(one.item.wanted, standing[one.item.person.id]))
    ]


def look_closer(push: Push, items: Sequence[Item]) -> list[Item]:
    """The plan as it would be sent now, for those platforms that tell more of one person than of all."""
    return [push.now(item) if item.kind in SENT else item for item in items]
