"""Canvas as "Canvas LMS - REST API and Extensions Documentation" has it: Submissions, Courses, Assignments, Pagination, Throttling."""

import re
from typing import Any

from loopback import TOKEN, Call, Fake, Reply

PAGE = 2  # users and submissions in one answer, whatever per_page says: it is a wish


class FakeCanvas(Fake):
    """Course 12 with assignment 34. `submissions` are by user id."""

    def __init__(self, people: list[dict[str, Any]], points_possible: float = 20.0, **more: Any):
        super().__init__()
        self.people = people
        self.assignment = {
            "id": 34,
            "name": "Homework 3",
            "points_possible": points_possible,
            "grading_type": "points",
        } | more
        self.submissions = {
            one["id"]: {
                "user_id": one["id"],
                "score": None,
                "entered_score": None,
                "excused": False,
                "submission_comments": [],
            }
            for one in people
        }
        self.declines: set[int] = set()

    def is_write(self, call: Call) -> bool:
        return call.verb != "GET"

    def answer(self, call: Call) -> Reply:
        if call.headers.get("Authorization") != f"Bearer {TOKEN}" or self.revoked:
            said = {"errors": [{"message": f"Invalid access token. {call.headers.get('Authorization')}"}]}
            return Reply(401, said, {"WWW-Authenticate": 'Bearer realm="canvas-lms"'})
        self.check("access_token" not in call.query, "a token in an address is kept in logs")
        if call.path == "/api/v1/courses/12/assignments/34":
            return Reply(200, self.assignment)
        if call.path == "/api/v1/courses/12/users":
            self.check(call.query.get("enrollment_type[]") == ["student"], "only students")
            return self._page(call, self.people)
        if call.path == "/api/v1/courses/12/assignments/34/submissions":
            return self._page(call, list(self.submissions.values()))
        found = re.fullmatch(r"/api/v1/courses/12/assignments/34/submissions/(\d+)", call.path)
        if not found or int(found[1]) not in self.submissions:
            return Reply(404, {"errors": [{"message": "The specified resource does not exist."}]})
        one = self.submissions[int(found[1])]
        return self._grade(call, one) if call.verb == "PUT" else Reply(200, one)

    def _grade(self, call: Call, one: dict[str, Any]) -> Reply:
        known = {"submission[posted_grade]", "submission[excuse]", "comment[text_comment]"}
        self.check(set(call.form) <= known, f"unknown parameters {set(call.form) - known}")
        if one["user_id"] in self.declines:
            return Reply(400, {"errors": [{"message": "the grading period is closed"}]})
        if "submission[posted_grade]" in call.form:
            self.check("submission[excuse]" not in call.form, "graded and excused at once")
            points = call.one("submission[posted_grade]")
            self.check(re.fullmatch(r"\d+(\.\d+)?", points) is not None, f"{points} is not in the format of points")
            one |= {"score": float(points), "entered_score": float(points), "excused": False}
        elif call.one("submission[excuse]") == "true":
            one |= {"score": None, "entered_score": None, "excused": True}
        if comment := call.one("comment[text_comment]"):
            one["submission_comments"] = [*one["submission_comments"], {"id": 1, "comment": comment}]
        return Reply(200, one)

    def _page(self, call: Call, items: list[Any]) -> Reply:
        """One page of a list; the links are opaque, and `rel` is said in more than one way."""
        at = int(call.query.get("page", ["bookmark:0"])[0].partition(":")[2])
        links = [f'<{self.url}{call.path}?page=bookmark:0&per_page=2>; rel="first"']
        if at + PAGE < len(items):
            rest = "".join(
                f"&{name}={value}" for name, values in call.query.items() for value in values if name != "page"
            )
            links.insert(0, f'<{self.url}{call.path}?page=bookmark:{at + PAGE}{rest}>; rel="next"')
        return Reply(200, items[at : at + PAGE], {"link": ",".join(links), "X-Rate-Limit-Remaining": "599.1"})
