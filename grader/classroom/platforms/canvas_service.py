"""Canvas's web service: points, excuses and comments of one assignment, one submission at a time.

By "Canvas LMS - REST API and Extensions Documentation": the pages Submissions ("Grade or comment on a submission", "List
assignment submissions", "Get a single submission"), Courses ("List users in course"), Assignments, Pagination and
Throttling. A submission is graded with one PUT that answers when the grade is entered; "Grade or comment on multiple
submissions" would only start a job.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from grader.classroom.gradebooks.exports import decimal
from grader.classroom.platforms.entering import Assignment, Person, PlatformError, Standing, Wanted, understood
from grader.classroom.platforms.web_calls import Service
from grader.frozen import frozen
from grader.secret import Secret
from grader.text import one_line

BY_POINTS = ("points", "percent", "letter_grade", "gpa_scale")  # grading types that take any number of points
COMMENTS = "include[]=submission_comments"


@frozen
class Canvas:
    """One assignment of a course, by Canvas's numbers in their addresses."""

    service: Service
    course: str
    assignment: str
    name: str = "Canvas"
    can_excuse: bool = True
    adds_comments: bool = True
    is_prompt: bool = True

    @property
    def _url(self) -> str:
        return f"{self.service.url}/api/v1/courses/{quote(self.course, safe='')}"

    @property
    def _submissions(self) -> str:
        return f"{self._url}/assignments/{quote(self.assignment, safe='')}/submissions"

    def _submission(self, person: Person) -> str:
        return f"{self._submissions}/{quote(person.id, safe='')}"

    def look(self) -> Assignment:
        told = _checked(self.service.read(f"{self._url}/assignments/{quote(self.assignment, safe='')}").body)
        users = self.service.pages(f"{self._url}/users?enrollment_type[]=student&include[]=email&per_page=100")
        there = self.service.pages(f"{self._submissions}?{COMMENTS}&per_page=100")
        with understood(self.name):
            return Assignment(
                f"canvas {self.service.url} {self.course} {self.assignment}",
                one_line(told.get("name", ""), 80),
                float(told.get("points_possible") or 0),
                tuple(map(_person, users)),
                {str(one["user_id"]): _standing(one) for one in there},
            )

    def standing(self, person: Person) -> Standing:
        told = self.service.read(f"{self._submission(person)}?{COMMENTS}").body
        with understood(self.name):
            return _standing(told)

    def send(self, person: Person, wanted: Wanted) -> None:
        form = [("submission[excuse]", "true")] if wanted.is_excused else []
        form = form or [("submission[posted_grade]", decimal(wanted.points))]
        if wanted.comment:
            form.append(("comment[text_comment]", wanted.comment))
        self.service.write("PUT", self._submission(person), form)


def canvas(url: str, course: str, assignment: str, token: Secret, **more: Any) -> Canvas:
    """A course's assignment, with the token that Canvas wants in a header."""
    headers = {"Authorization": f"Bearer {token.whole}"}
    return Canvas(Service("Canvas", url, token, headers, **more), course, assignment)


def _checked(told: Any) -> Mapping[str, Any]:
    """The assignment, if it takes points for people whom we know."""
    if not isinstance(told, dict):
        raise PlatformError("Canvas tells nothing about the assignment; is the address the one of Canvas?")
    title = one_line(told.get("name", ""), 80)
    if told.get("grading_type") not in BY_POINTS:
        raise PlatformError(
            f"Canvas's assignment {title} takes no points ({told.get('grading_type')}); let it be graded by points"
        )
    if told.get("anonymize_students"):
        raise PlatformError(
            f"Canvas's assignment {title} is graded anonymously, so no student can be found; end that first"
        )
    return told


def _person(one: Mapping[str, Any]) -> Person:
    ids = tuple(str(one[name]) for name in ("sis_user_id", "login_id", "email", "integration_id") if one.get(name))
    names = (one.get("name"), one.get("sortable_name"))
    return Person(str(one["id"]), ids, tuple(str(name) for name in names if name))


def _standing(one: Mapping[str, Any]) -> Standing:
    """What a submission holds: the points that were entered, before Canvas's own late policy takes any off."""
    score = one["score"] if one.get("entered_score") is None else one["entered_score"]
    comments = tuple(str(each.get("comment") or "") for each in one.get("submission_comments") or ())
    return Standing(None if score is None else float(score), 0.0, bool(one.get("excused")), comments)
