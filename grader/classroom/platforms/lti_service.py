"""LTI 1.3 grade passback through PyLTI1p3: scores of one line item, results where the platform tells them, people by NRPS.

By 1EdTech's "Learning Tools Interoperability Assignment and Grade Services Specification" 2.0, its "Names and Role Provisioning
Services" 2.0 and the "Security Framework" 1.0 (the access token for a signed assertion). The library signs, gets the token and posts;
what it leaves open is closed here: an end in time, no redirects, no passwords of ~/.netrc in place of the token, and pages
by the Link header as it was sent (the library puts it into small letters).
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from grader.classroom.platforms.entering import (
    Assignment,
    Declined,
    Person,
    PlatformError,
    Standing,
    Unclear,
    Unreachable,
    Wanted,
    understood,
)
from grader.classroom.platforms.web_calls import LONGEST, TIMEOUT, TRIES, origin
from grader.errors import GraderError
from grader.frozen import frozen
from grader.one_host import next_link
from grader.secret import Secret
from grader.text import one_line

SCORES = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
RESULTS = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
RESULT_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
MEMBER_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
INSTALL = "LTI needs PyLTI1p3; install it with `pip install 'deep-grade[lti]'`"


@frozen
class Tool:
    """How this tool is registered on a platform: where it gets its access token, under what name, signed with which key."""

    token_url: str
    client_id: str
    key: Secret
    audience: str = ""
    pause: Callable[[float], None] = time.sleep
    timeout: float = TIMEOUT

    @cached_property
    def connector(self) -> Any:
        """The library's connector, which holds the access token."""
        try:
            from pylti1p3.registration import Registration
            from pylti1p3.service_connector import ServiceConnector
        except ImportError:
            raise GraderError(INSTALL) from None
        registration = Registration().set_client_id(self.client_id).set_auth_token_url(self.token_url)
        registration.set_tool_private_key(_loaded(self.key)).set_tool_public_key(public_key(self.key))
        if self.audience:
            registration.set_auth_audience(self.audience)
        return ServiceConnector(registration, _session(self.timeout))


@frozen
class Lti:
    """A line item of a platform. `members` is the address of its people, empty if `known` has their ids already."""

    tool: Tool
    line_item: str
    members: str = ""
    known: tuple[Person, ...] = ()
    tells_results: bool = True
    name: str = "The platform"
    can_excuse: bool = False
    adds_comments: bool = False
    is_prompt: bool = False

    def look(self) -> Assignment:
        with understood("the platform"):
            return self._looked()

    def _looked(self) -> Assignment:
        people = tuple(map(_person, self._pages(self.members, MEMBERS, MEMBER_TYPE))) if self.members else self.known
        results = self._pages(_below(self.line_item, "results"), RESULTS, RESULT_TYPE) if self.tells_results else []
        standing = {str(one["userId"]): _standing(one) for one in results}
        if self.tells_results:
            standing = {person.id: Standing() for person in people} | standing
        return Assignment(f"lti {self.line_item}", urlsplit(self.line_item).hostname or "", 0.0, people, standing)

    def standing(self, person: Person) -> Standing | None:
        if not self.tells_results:
            return None
        address = _below(self.line_item, "results", urlencode({"user_id": person.id}))
        with understood("the platform"):
            told = self._pages(address, RESULTS, RESULT_TYPE)
            return next((_standing(one) for one in told if str(one["userId"]) == person.id), Standing())

    def send(self, person: Person, wanted: Wanted) -> None:
        from pylti1p3.assignments_grades import AssignmentsGradesService
        from pylti1p3.grade import Grade

        score = Grade().set_score_given(wanted.points).set_score_maximum(wanted.out_of).set_user_id(person.id)
        score.set_activity_progress("Completed").set_grading_progress("FullyGraded")
        score.set_timestamp(datetime.now(UTC).isoformat(timespec="milliseconds"))
        if wanted.comment:
            score.set_comment(wanted.comment)
        with _told():
            service = AssignmentsGradesService(self.tool.connector, {"scope": [SCORES], "lineitem": self.line_item})
            self._patient(lambda: service.put_grade(score))

    def _pages(self, url: str, scope: str, kind: str) -> list[Any]:
        """All that a list has, over its pages; a call that changes nothing is tried several times."""
        found: list[Any] = []
        start, seen = url, set()
        while url and url not in seen:
            seen.add(url)
            if origin(url) != origin(start):
                raise PlatformError(
                    f"the platform names a next page on another host, {one_line(url, 120)}; nothing goes there"
                )
            answer = self._read(url, scope, kind)
            body = answer["body"]
            found += body["members"] if isinstance(body, dict) else body
            url = next_link([answer["headers"].get("Link", "")], url)
        return found

    def _read(self, url: str, scope: str, kind: str) -> Mapping[str, Any]:
        why = ""
        for attempt in range(TRIES):
            try:
                with _told():
                    return self._patient(
                        lambda: self.tool.connector.make_service_request(
                            [scope], url, accept=kind, case_insensitive_headers=True
                        )
                    )
            except Declined as error:
                raise PlatformError(
                    f"the platform does not give {one_line(urlsplit(url).path, 120)} ({error}); does the tool have the right "
                    f"{scope}? If not, leave members or results out of the settings"
                ) from None
            except Unclear as error:
                why = str(error)
                if attempt + 1 < TRIES:
                    self.tool.pause(2.0**attempt)
        raise Unreachable(f"the platform at {one_line(url, 120)} does not answer ({why})")

    def _patient(self, call: Callable[[], Any]) -> Any:
        """A call, again after a while where the platform says that it was too fast, and once with a new access token."""
        from pylti1p3.exception import LtiServiceException

        renewed = False
        for attempt in range(TRIES):
            try:
                return call()
            except LtiServiceException as error:
                answer = error.response
                if answer.status_code == 429:
                    wait = answer.headers.get("Retry-After", "")
                    self.tool.pause(min(float(wait) if wait.isdigit() else 2.0 ** (attempt + 1), LONGEST))
                elif answer.status_code == 401 and not renewed and answer.url != self.tool.token_url:
                    renewed = True  # it may have run out: platforms give them for an hour
                    self.tool.connector._access_tokens.clear()
                else:
                    raise
        raise Unreachable("the platform takes no more calls for now (its rate limit)")


def public_key(key: Secret) -> str:
    """The public half of the tool's private key, by which the platform finds the key; GraderError if it is no RSA key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return _loaded(key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@lru_cache(maxsize=1)
def _loaded(key: Secret) -> Any:
    """The tool's private key, read and checked once: that takes as long as a call, and the library would do it for each token."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(key.whole.encode(), None)
    except (TypeError, ValueError):  # TypeError: it has a passphrase
        private = None
    if not isinstance(private, RSAPrivateKey):
        raise GraderError(
            "the tool's key is no RSA key in PEM without a passphrase, as `openssl genrsa -out lti.pem 2048` writes it"
        )
    return private


def _session(timeout: float) -> Any:
    """The library's HTTP, with an end in time, no redirects and no other password."""
    import requests

    class Session(requests.Session):
        def request(self, method, url, **more):  # type: ignore[no-untyped-def]
            answer = super().request(method, url, **more | {"timeout": timeout, "allow_redirects": False})
            if 300 <= answer.status_code < 400:
                raise PlatformError(
                    f"{one_line(url, 120)} sends on to another address, where the token does not follow; write the address "
                    "into the settings to which it leads"
                )
            return answer

    session = Session()
    session.auth = lambda request: request  # else ~/.netrc would replace the token
    return session


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What the library raises, as ours: whose fault it is, and what may be tried again. No token is in any of it."""
    import requests
    from pylti1p3.exception import LtiException, LtiServiceException

    try:
        yield
    except PlatformError:
        raise
    except LtiServiceException as error:
        code, said = error.response.status_code, one_line(_said(error.response), 200)
        words = f"{code} {said}".strip()
        if code >= 500 or code == 408:
            raise Unclear(words) from None
        if code == 401 or "grant_type=client_credentials" in str(error.response.request.body or ""):
            raise PlatformError(
                f"the platform gives this tool no access token ({words}); look at client_id, token_url, audience and the rights "
                "of the tool there, and whether it knows the key"
            ) from None
        raise Declined(words) from None
    except requests.exceptions.SSLError:
        raise PlatformError("the platform's certificate cannot be verified; nothing went there") from None
    except (requests.exceptions.RequestException, OSError) as error:
        raise Unclear(type(error).__name__) from None
    except (LtiException, KeyError, ValueError) as error:
        raise PlatformError(f"the platform's answer is not understood ({type(error).__name__})") from None


def _said(answer: Any) -> str:
    """A platform's own words of an error, without the access token, should it repeat it."""
    try:
        told = answer.json()
    except ValueError:
        return ""
    told = told if isinstance(told, dict) else {}
    said = str(told.get("error_description") or told.get("message") or told.get("error") or "")
    return Secret(answer.request.headers.get("Authorization", "").removeprefix("Bearer ")).without(said)


def _below(line_item: str, what: str, query: str = "") -> str:
    """The address of a line item's scores or results; its own query stays."""
    parts = urlsplit(line_item)
    both = "&".join(filter(None, [parts.query, query]))
    return urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/{what}", both, ""))


def _person(one: Mapping[str, Any]) -> Person:
    ids = tuple(str(one[name]) for name in ("lis_person_sourcedid", "email") if one.get(name))
    names = [one.get("name"), " ".join(filter(None, [one.get("given_name"), one.get("family_name")]))]
    return Person(str(one.get("user_id", "")), ids, tuple(dict.fromkeys(str(name) for name in names if name)))


def _standing(one: Mapping[str, Any]) -> Standing:
    """A result: the score, and out of how many. A person's result may be there without a score."""
    score, most = one.get("resultScore"), one.get("resultMaximum")
    comment = str(one.get("comment") or "")
    comments = (comment,) if comment else ()
    return Standing(comments=comments) if score is None else Standing(float(score), float(most or 1), comments=comments)
