"""Moodle's web services: points and feedback comments of one assignment.

By Moodle's "Web services" and "Web service API functions" pages and the API documentation that each site shows under
"Site administration / Server / Web services / API documentation". For an assignment that is `mod_assign_save_grade`:
`core_grades_update_grades` writes into the gradebook beside the assignment, which then shows no grade, and which replaces
that number with its own at its next change.

Moodle's own code for feedback comments takes a comment that is left out for an empty one, so each call repeats the comment
that stands there, and `planning` sees to it that this is ours.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from grader.classroom.gradebooks.exports import decimal
from grader.classroom.platforms.entering import (
    Assignment,
    Declined,
    Person,
    PlatformError,
    Standing,
    Wanted,
    understood,
)
from grader.classroom.platforms.web_calls import Service
from grader.frozen import frozen
from grader.secret import Secret
from grader.text import one_line

PAGE = 500  # people in one answer
LATEST = "-1"  # attempt
PLAIN = "2"  # Moodle's FORMAT_PLAIN
UNDECIDED = "readyforreview"  # the marking workflow's state for a grade that no person has released
# Error codes that are about the token or the service, and not about one student
SHUT = ("invalidtoken", "accessexception", "servicenotavailable", "sitemaintenance", "forbiddenwsuser", "webservicesnotenabled",
        "invalidrecord", "nopermissions", "requireloginerror", "invalidresponse", "upgraderunning")  # fmt: skip
FUNCTIONS = (
    "core_enrol_get_enrolled_users, mod_assign_get_assignments, mod_assign_get_grades, mod_assign_get_submission_status, "
    "mod_assign_get_user_flags and mod_assign_save_grade"
)


@frozen
class Moodle:
    """One assignment of a course, by the numbers in the addresses of their pages (`course/view.php?id=`, `assign/view.php?id=`)."""

    service: Service
    course: str
    module: str
    name: str = "Moodle"
    can_excuse: bool = False
    adds_comments: bool = False
    is_prompt: bool = True

    def look(self) -> Assignment:
        with understood(self.name):
            return self._looked()

    def _looked(self) -> Assignment:
        told = self._assignment
        title, most = one_line(told.get("name", ""), 80), float(told.get("grade") or 0)
        if most <= 0:
            raise PlatformError(
                f"Moodle's assignment {title} takes no points; let it be graded by points, not by a scale"
            )
        return Assignment(
            f"moodle {self.service.url} {self.course} {self.module}", title, most, tuple(self._people()), self._grades()
        )

    def standing(self, person: Person) -> Standing:
        with understood(self.name):
            there = self._grades().get(person.id, Standing())
            asked = [("assignid", self._number), ("userid", person.id)]
            told = self._read("mod_assign_get_submission_status", asked)
            return Standing(there.points, comments=tuple(_comments(told)))

    def send(self, person: Person, wanted: Wanted) -> None:
        with understood(self.name):
            state = self._state(person)
        form = [
            ("assignmentid", self._number),
            ("userid", person.id),
            ("grade", decimal(wanted.points)),
            ("attemptnumber", LATEST),
            ("addattempt", "0"),
            ("workflowstate", state),
            ("applytoall", "0"),  # each member of a group has an entry of their own
            ("plugindata[assignfeedbackcomments_editor][text]", wanted.comment),
            ("plugindata[assignfeedbackcomments_editor][format]", PLAIN),
        ]
        answer = self.service.write("POST", self._url, self._form("mod_assign_save_grade", form)).body
        if answer is not None:
            self._raise(answer, is_write=True)

    @property
    def _url(self) -> str:
        return f"{self.service.url}/webservice/rest/server.php"

    @property
    def _number(self) -> str:
        return str(self._assignment["id"])

    @cached_property
    def _assignment(self) -> Mapping[str, Any]:
        """What Moodle tells about the assignment whose page has this number."""
        courses = self._read("mod_assign_get_assignments", [("courseids[0]", self.course)])["courses"]
        told = [one for course in courses for one in course["assignments"]]
        for one in told:
            if str(one.get("cmid")) == self.module:
                return one
        there = ", ".join(f"{one.get('cmid')} {one_line(one.get('name', ''), 40)}" for one in told[:12]) or "none"
        raise PlatformError(
            f"Moodle's course {one_line(self.course, 20)} shows this token no assignment {one_line(self.module, 20)}; there is {there}"
        )

    def _people(self) -> list[Person]:
        found: list[Person] = []
        while True:
            options = {"limitfrom": str(len(found)), "limitnumber": str(PAGE), "sortby": "id"}
            asked = [("courseid", self.course)]
            for at, (name, value) in enumerate(options.items()):
                asked += [(f"options[{at}][name]", name), (f"options[{at}][value]", value)]
            page = self._read("core_enrol_get_enrolled_users", asked, list)
            found += [_person(one) for one in page]
            if len(page) < PAGE:
                return found

    def _grades(self) -> dict[str, Standing]:
        told = self._read("mod_assign_get_grades", [("assignmentids[0]", self._number)])["assignments"]
        grades = [one for each in told for one in each["grades"]]
        points = {
            str(one["userid"]): float(one["grade"])
            for one in sorted(grades, key=lambda one: one.get("attemptnumber", 0))
        }
        return {who: Standing(number) for who, number in points.items() if number >= 0}  # -1 is no grade

    def _state(self, person: Person) -> str:
        """The marking workflow's state, which an empty word would take back; empty where there is no workflow."""
        if not self._assignment.get("markingworkflow"):
            return ""
        told = self._read("mod_assign_get_user_flags", [("assignmentids[0]", self._number)])["assignments"]
        flags = {str(one["userid"]): one.get("workflowstate") for each in told for one in each["userflags"]}
        return flags.get(person.id) or UNDECIDED

    def _form(self, function: str, form: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """The body of a call: the token goes there, because addresses are kept in logs."""
        token = self.service.secret.whole
        return [("wstoken", token), ("wsfunction", function), ("moodlewsrestformat", "json"), *form]

    def _read(self, function: str, form: Sequence[tuple[str, str]], kind: type = dict) -> Any:
        body = self.service.read(self._url, self._form(function, form)).body
        if not isinstance(body, kind) or "exception" in body:
            self._raise(body, is_write=False, function=function)
        return body

    def _raise(self, body: Any, is_write: bool, function: str = "mod_assign_save_grade") -> None:
        """Moodle answers an error with 200 and an object that has an errorcode."""
        told = body if isinstance(body, dict) else {}
        code = one_line(told.get("errorcode", "no error code"), 60)
        said = one_line(self.service.secret.without(str(told.get("message", ""))), 200)
        if is_write and code not in SHUT:
            raise Declined(f"{said} ({code})")
        raise PlatformError(
            f"Moodle refuses {function}: {said} ({code}); look whether the token is valid, and whether its service has "
            f"{FUNCTIONS}"
        )


def moodle(url: str, course: str, module: str, token: Secret, **more: Any) -> Moodle:
    """A course's assignment; Moodle wants the token in each body."""
    return Moodle(Service("Moodle", url, token, {}, **more), course, module)


def _person(one: Mapping[str, Any]) -> Person:
    ids = tuple(str(one[name]) for name in ("idnumber", "username", "email") if one.get(name))
    names = [one.get("fullname"), " ".join(filter(None, [one.get("firstname"), one.get("lastname")]))]
    return Person(str(one["id"]), ids, tuple(dict.fromkeys(str(name) for name in names if name)))


def _comments(told: Mapping[str, Any]) -> list[str]:
    """The feedback comments that a submission's status tells, as HTML."""
    plugins = (told.get("feedback") or {}).get("plugins") or []
    fields = [field for one in plugins if one.get("type") == "comments" for field in one.get("editorfields") or []]
    return [text for field in fields if (text := str(field.get("text") or "").strip())]
