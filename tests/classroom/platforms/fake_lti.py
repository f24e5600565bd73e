"""An LTI 1.3 platform as 1EdTech's specifications have it: Security Framework 1.0, Assignment and Grade Services 2.0, NRPS 2.0."""

import json
from datetime import datetime
from typing import Any

import jwt
from loopback import Call, Fake, Reply

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ITEM = "/api/lti/Courses/12/line_items/34"  # capitals, which a next page's address must keep
PAGE = 2


class FakeLti(Fake):
    """A line item out of 100. `scores` are what was posted, by user id; `public` is the tool's key as it was registered."""

    def __init__(self, people: list[dict[str, Any]], public: str, kid: str):
        super().__init__()
        self.people, self.public, self.kid = people, public, kid
        self.scores: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, set[str]] = {}
        self.seen: set[str] = set()
        self.grants = {f"{AGS}/score", f"{AGS}/result.readonly", NRPS}
        self.unknown: set[str] = set()

    def is_write(self, call: Call) -> bool:
        return call.path == f"{ITEM}/scores"

    def answer(self, call: Call) -> Reply:
        if call.path == "/token":
            return self._token(call)
        token = call.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens or self.revoked:
            return Reply(401, {"error": "unauthorized", "message": f"no such token {token}"})
        scopes, asked = self.tokens[token], call.headers.get("Accept")
        if call.path == f"{ITEM}/scores":
            self.check(call.verb == "POST" and f"{AGS}/score" in scopes, "scores are posted with their scope")
            self.check(call.headers.get("Content-Type") == "application/vnd.ims.lis.v1.score+json", "type of scores")
            return self._score(json.loads(call.body))
        if call.path == f"{ITEM}/results":
            self.check(f"{AGS}/result.readonly" in scopes, "results with another scope")
            self.check(asked == "application/vnd.ims.lis.v2.resultcontainer+json", "type of results")
            only = call.query.get("user_id")
            return self._page(call, [self._result(who) for who in self.scores if not only or who in only])
        self.check(call.path == "/api/lti/Courses/12/names_and_roles" and NRPS in scopes, f"{call.path} {scopes}")
        self.check(asked == "application/vnd.ims.lti-nrps.v2.membershipcontainer+json", "type of members")
        page = self._page(call, self.people)
        return Reply(200, {"id": self.url, "context": {"id": "12"}, "members": page.body}, page.headers)

    def _token(self, call: Call) -> Reply:
        """An access token for an assertion that the registered key has signed."""
        self.check(
            call.one("grant_type") == "client_credentials" and call.one("client_assertion_type") == ASSERTION, "grant"
        )
        try:
            claims = jwt.decode(call.one("client_assertion"), self.public, ["RS256"], audience=f"{self.url}/token")
            self.check(claims["iss"] == claims["sub"] == "tool-1", "who signs")
            self.check(claims["jti"] not in self.seen, "an assertion is used once")
            self.check(claims["exp"] - claims["iat"] <= 3600, "an assertion for long")
            self.check(jwt.get_unverified_header(call.one("client_assertion"))["kid"] == self.kid, "key id")
            self.seen.add(claims["jti"])
        except jwt.PyJWTError as error:
            return Reply(400, {"error": "invalid_client", "error_description": f"{type(error).__name__}"})
        wanted = set(call.one("scope").split())
        if not wanted <= self.grants:
            return Reply(400, {"error": "invalid_scope"})
        token = f"access-{len(self.tokens)}-s3cr3t"
        self.tokens[token] = wanted
        return Reply(
            200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": " ".join(wanted)}
        )

    def _score(self, score: dict[str, Any]) -> Reply:
        who = score["userId"]
        self.check(
            score["activityProgress"] in ("Initialized", "Started", "InProgress", "Submitted", "Completed"), "activity"
        )
        self.check(score["gradingProgress"] == "FullyGraded", "else a platform may not show it")
        self.check(score["scoreGiven"] >= 0 and score["scoreMaximum"] > 0, "a maximum comes with each score")
        when = datetime.fromisoformat(score["timestamp"])
        self.check(when.tzinfo is not None and "." in score["timestamp"], "a time zone and parts of a second")
        if who in self.unknown:
            return Reply(422, {"message": "User not found in course or is not a student"})
        if who in self.scores and when <= datetime.fromisoformat(self.scores[who]["timestamp"]):
            return Reply(409, {"message": "there is a later one"})
        self.scores[who] = score
        return Reply(200, {"resultUrl": f"{self.url}{ITEM}/results/1"})

    def _result(self, who: str) -> dict[str, Any]:
        score = self.scores[who]
        comment = {"comment": score["comment"]} if "comment" in score else {}
        points = score["scoreGiven"] / score["scoreMaximum"] * 100
        return {
            "id": f"{self.url}{ITEM}/results/{who}",
            "userId": who,
            "resultScore": points,
            "resultMaximum": 100,
        } | comment

    def _page(self, call: Call, items: list[Any]) -> Reply:
        at = int(call.query.get("Page", ["0"])[0])
        following = f'<{self.url}{call.path}?Page={at + PAGE}>; rel="next"'
        return Reply(200, items[at : at + PAGE], {"Link": following} if at + PAGE < len(items) else {})
