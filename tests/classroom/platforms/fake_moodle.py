"""Moodle as its "Web services" pages and each site's "API documentation" have it: one address, errors with 200 and an errorcode.

As in Moodle's own code, a feedback comment that a call leaves out is taken for an empty one, and an empty workflow state takes
the state back.
"""

import re
from typing import Any

from loopback import TOKEN, Call, Fake, Reply

READS = {
    "core_enrol_get_enrolled_users": r"courseid|options\[\d+\]\[(name|value)\]",
    "mod_assign_get_assignments": r"courseids\[\d+\]",
    "mod_assign_get_grades": r"assignmentids\[\d+\]",
    "mod_assign_get_submission_status": r"assignid|userid",
    "mod_assign_get_user_flags": r"assignmentids\[\d+\]",
}
SAVE = (
    r"assignmentid|userid|grade|attemptnumber|addattempt|workflowstate|applytoall"
    r"|plugindata\[assignfeedbackcomments_editor\]\[(text|format)\]"
)
NEEDED = {"assignmentid", "userid", "grade", "attemptnumber", "addattempt", "workflowstate", "applytoall"}
STATES = ("", "notmarked", "inmarking", "readyforreview", "inreview", "readyforrelease", "released")


class FakeMoodle(Fake):
    """Course 12 with the assignment 345 (its page's number; its own is 9). `grades` and `comments` are by user id."""

    def __init__(self, people: list[dict[str, Any]], **more: Any):
        super().__init__()
        self.people = people
        self.assignment = {"id": 9, "cmid": 345, "name": "Homework 3", "grade": 20, "markingworkflow": 0} | more
        self.grades: dict[int, float] = {}
        self.comments: dict[int, str] = {}
        self.states: dict[int, str] = {}
        self.declines: set[int] = set()

    def is_write(self, call: Call) -> bool:
        return call.form.get("wsfunction") == ["mod_assign_save_grade"]

    def answer(self, call: Call) -> Reply:
        self.check(call.verb == "POST" and call.path == "/webservice/rest/server.php", f"{call.verb} {call.path}")
        self.check(not call.query and "Authorization" not in call.headers, "the token belongs into the body")
        self.check(call.one("moodlewsrestformat") == "json", "XML would come back")
        if call.one("wstoken") != TOKEN or self.revoked:
            return _error("invalidtoken", f"Invalid token - token not found {call.one('wstoken')}")
        function = call.one("wsfunction")
        form = {
            name: values
            for name, values in call.form.items()
            if name not in ("wstoken", "wsfunction", "moodlewsrestformat")
        }
        known = READS.get(function, SAVE)
        if odd := [name for name in form if not re.fullmatch(known, name)]:
            self.faults.append(f"{function} has no {odd}")
            return _error("invalidparameter", f"Unexpected keys ({', '.join(odd)}) detected in parameter array.")
        return Reply(200, self._save(call, form) if function not in READS else getattr(self, f"_{function}")(call))

    def _save(self, call: Call, form: dict) -> Any:
        self.check(set(form) >= NEEDED, f"missing {NEEDED - set(form)}")
        self.check(
            call.one("assignmentid") == "9" and call.one("attemptnumber") == "-1", "another assignment or attempt"
        )
        self.check(call.one("applytoall") == "0", "one member's grade for the whole group")
        self.check(call.one("workflowstate") in STATES, "no state")
        who = int(call.one("userid"))
        if who in self.declines:
            return {"exception": "moodle_exception", "errorcode": "usernotincourse", "message": "That user is not here"}
        self.grades[who] = float(call.one("grade"))
        self.comments[who] = call.one("plugindata[assignfeedbackcomments_editor][text]")
        if self.assignment["markingworkflow"]:
            self.states[who] = call.one("workflowstate")
        return None

    def _core_enrol_get_enrolled_users(self, call: Call) -> Any:
        words = [call.one(f"options[{at}][{part}]") for at in range(3) for part in ("name", "value")]
        options = dict(zip(words[::2], words[1::2], strict=True))
        start = int(options["limitfrom"])
        return self.people[start : start + int(options["limitnumber"])] if call.one("courseid") == "12" else []

    def _mod_assign_get_assignments(self, call: Call) -> Any:
        here = [{"id": 8, "cmid": 344, "name": "Another", "grade": 5}, self.assignment]
        return {
            "courses": [{"id": 12, "assignments": here}] if call.one("courseids[0]") == "12" else [],
            "warnings": [],
        }

    def _mod_assign_get_grades(self, call: Call) -> Any:
        self.check(call.one("assignmentids[0]") == "9", "not the page's number")
        grades = [
            {"id": 1, "userid": who, "attemptnumber": 0, "grade": f"{points:.5f}"}
            for who, points in self.grades.items()
        ]
        return {"assignments": [{"assignmentid": 9, "grades": grades}] if grades else [], "warnings": []}

    def _mod_assign_get_submission_status(self, call: Call) -> Any:
        who = int(call.one("userid"))
        if who not in self.grades:
            return {"warnings": []}
        text = f'<div class="text_to_html">{self.comments.get(who, "")}</div>' if self.comments.get(who) else ""
        fields = [{"name": "comments", "description": "Feedback comments", "text": text, "format": 1}]
        return {"feedback": {"plugins": [{"type": "comments", "name": "Feedback comments", "editorfields": fields}]}}

    def _mod_assign_get_user_flags(self, call: Call) -> Any:
        flags = [{"id": 1, "userid": who, "workflowstate": state} for who, state in self.states.items()]
        return {"assignments": [{"assignmentid": 9, "userflags": flags}], "warnings": []}


def _error(code: str, message: str) -> Reply:
    return Reply(200, {"exception": "core\\exception\\moodle_exception", "errorcode": code, "message": message})
