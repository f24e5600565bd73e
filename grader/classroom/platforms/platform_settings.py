"""platforms.toml: which assignment of which platform takes a unit's points. It holds no token, and nothing is sent without it.

[canvas]
url = "https://canvas.example.edu"
course = 1234                                 # the numbers in the addresses of their pages
assignments = { attention = 5678 }            # by unit

[moodle]
url = "https://moodle.example.edu"
course = 12                                   # course/view.php?id=12
assignments = { attention = 345 }             # mod/assign/view.php?id=345

[lti]                                         # LTI 1.3: this tool as it is registered on the platform
token_url = "https://lms.example.edu/login/oauth2/token"
client_id = "10000000000042"
audience = "https://lms.example.edu"          # where the platform wants another one than its token_url
members = "https://lms.example.edu/…/names_and_roles"   # or people = "people.csv", with user_id and whose it is
results = true                                # whether the tool may read results; without, nothing can be compared
assignments = { attention = "https://lms.example.edu/…/line_items/9" }
"""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grader.classroom.intake.columns import naming
from grader.classroom.intake.sheets import read_sheet
from grader.classroom.platforms.canvas_service import canvas
from grader.classroom.platforms.entering import Person, Platform
from grader.classroom.platforms.lti_service import Lti, Tool
from grader.classroom.platforms.moodle_service import moodle
from grader.classroom.platforms.web_calls import checked_address
from grader.errors import GraderError, did_you_mean
from grader.frozen import frozen
from grader.secret import Secret
from grader.text import one_line

FILE = "platforms.toml"
PLATFORMS = ("canvas", "moodle", "lti")
NEEDED = {
    "canvas": ("url", "course", "assignments"),
    "moodle": ("url", "course", "assignments"),
    "lti": ("token_url", "client_id", "assignments"),
}
MORE = {"lti": ("audience", "members", "people", "results")}
USER = ("user_id", "userid", "user id", "sub", "lti user id", "lti_user_id")  # LTI's id of a person


@frozen
class Settings:
    """One platform's table of the file, whose entries are there and of the right kind."""

    file: Path
    platform: str
    table: Mapping[str, Any]

    @property
    def assignments(self) -> dict[str, str]:
        """The platform's assignment of each unit: a number, or a line item's address."""
        return {unit: str(value) for unit, value in self.table["assignments"].items()}

    @property
    def address(self) -> str:
        """Where the entries go, for people to read."""
        return self.table["url"] if "url" in self.table else self.table["token_url"]


def read_settings(file: Path, platform: str) -> Settings:
    """A platform's settings; GraderError, with what to write, if they are missing or not valid."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GraderError(
            f"{platform} is not set up: there is no {file}; the manual says what to write there"
        ) from None
    except OSError as error:
        raise GraderError(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise GraderError(f"{file} is not TOML: {one_line(str(error), 200)}") from None
    for name in data:
        if name not in PLATFORMS:
            raise GraderError(f"{file} has an unknown table [{one_line(name, 40)}]{did_you_mean(name, PLATFORMS)}")
    table = data.get(platform)
    if not isinstance(table, dict):
        raise GraderError(
            f"{platform} is not set up: {file} has no table [{platform}]; the manual says what to write there"
        )
    return Settings(file, platform, _checked(file, platform, table))


def _checked(file: Path, platform: str, table: Mapping[str, Any]) -> dict[str, Any]:
    where, needed = f"{file}: {platform}", NEEDED[platform]
    known = (*needed, *MORE.get(platform, ()))
    for name in table:
        if name not in known:
            raise GraderError(f"{where} has an unknown entry {one_line(name, 40)}{did_you_mean(name, known)}")
    for name in needed:
        if name not in table:
            raise GraderError(f"{where} needs an entry {name}; the manual says what to write there")
    found = {}
    for name, value in table.items():
        match name:
            case "url" | "token_url" | "members":
                found[name] = checked_address(_text(value, f"{where}.{name}"), f"{where}.{name}")
            case "assignments":
                found[name] = _assignments(value, where, platform)
            case "results":
                if not isinstance(value, bool):
                    raise GraderError(f"{where}.results must be true or false")
                found[name] = value
            case "course":
                found[name] = _number(value, f"{where}.course")
            case _:
                found[name] = _text(value, f"{where}.{name}")
    return found


def _assignments(value: Any, where: str, platform: str) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise GraderError(f"{where}.assignments must name an assignment for a unit, such as {{ attention = 5678 }}")
    if platform == "lti":
        whole = {unit: _text(one, f"{where}.assignments.{unit}") for unit, one in value.items()}
        return {unit: checked_address(one, f"{where}.assignments.{unit}") for unit, one in whole.items()}
    return {unit: _number(one, f"{where}.assignments.{unit}") for unit, one in value.items()}


def _number(value: Any, where: str) -> str:
    if isinstance(value, bool) or not str(value).isascii() or not str(value).isdigit():
        raise GraderError(f"{where} must be the number in the address of its page")
    return str(value)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise GraderError(f"{where} must be text on one line, in quotes")
    return value.strip()


def platform_of(settings: Settings, unit: str, secret: Secret, **more: Any) -> Platform:
    """The platform's gradebook for a unit's assignment. `more` are the pause and the timeout of its calls."""
    table, assignment = settings.table, settings.assignments[unit]
    if settings.platform != "lti":
        open_platform: Callable[..., Platform] = {"canvas": canvas, "moodle": moodle}[settings.platform]
        return open_platform(table["url"], table["course"], assignment, secret, **more)
    known = people_of(settings.file.parent / table["people"]) if "people" in table else ()
    if not known and "members" not in table:
        raise GraderError(
            f"{settings.file}: lti needs members, the address of the course's people, or a table of them, people"
        )
    tool = Tool(table["token_url"], table["client_id"], secret, table.get("audience", ""), **more)
    return Lti(tool, assignment, "" if known else table["members"], known, table.get("results", True))


def people_of(file: Path) -> tuple[Person, ...]:
    """The people of a table: a column with LTI's user id, and others that name the student."""
    sheet = read_sheet(file, "the people")
    folded = [name.strip().casefold() for name in sheet.header]
    at = next((folded.index(name) for name in USER if name in folded), None)
    others = [n for n in range(len(folded)) if n != at]
    names_in = naming([sheet.header[n] for n in others])
    if at is None or names_in is None:
        raise GraderError(f"{file} needs a column user_id and one that names the student, such as student_id or email")
    rows = [[cell.text.strip() for cell in row] + [""] * len(folded) for row in sheet.rows[1:]]
    people = tuple(Person(row[at], tuple(names_in([row[n] for n in others]))) for row in rows if row[at])
    if not people:
        raise GraderError(f"{file} names nobody; give each student's user_id")
    return people
