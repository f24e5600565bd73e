"""Scores go through PyLTI1p3 as 1EdTech's specifications say: a signed assertion for a token, then scores of a line item."""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from loopback import Reply, faultless
from runs import ENTRIES, Run, a_store, one_sentence  # noqa: F401  a fixture

from grader.classroom.platforms.entering import Person, PlatformError, Unreachable, Wanted
from grader.classroom.platforms.lti_service import Lti, Tool, public_key
from grader.classroom.platforms.planning import Kind
from grader.errors import GraderError
from grader.secret import Secret

pytest.importorskip("pylti1p3")

from fake_lti import AGS, ITEM, FakeLti

PEOPLE = [
    {"user_id": "u-Ann", "name": "Ann A.", "lis_person_sourcedid": "a1", "roles": ["Learner"]},
    {"user_id": "u-bob", "email": "bob@x.edu"},
    {"user_id": "u-cem", "lis_person_sourcedid": "cem"},
    {"user_id": "u-dil", "given_name": "Dil", "family_name": "Dubois"},
    {"user_id": "u-zoe", "name": "Zoe"},
]


@pytest.fixture(scope="module")
def key() -> Secret:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made = rsa.generate_private_key(65537, 2048)
    return Secret(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.fixture
def there(key):
    from pylti1p3.registration import Registration

    public = public_key(key)
    with faultless(FakeLti(PEOPLE, public, Registration.get_jwk(public)["kid"])) as fake:
        yield fake


def opened(there, key, members=True, known=(), results=True, **more) -> Lti:
    tool = Tool(f"{there.url}/token", "tool-1", key, **more)
    address = f"{there.url}/api/lti/Courses/12/names_and_roles" if members else ""
    return Lti(tool, f"{there.url}{ITEM}", address, known, results)


def run_of(there, key, store, *words, results=True, **more) -> Run:
    return Run(partial(opened, there, key, results=results), store, *words, **more)


def points(there) -> dict:
    return {who: (score["scoreGiven"], score["scoreMaximum"]) for who, score in there.scores.items()}


SENT = {"u-Ann": (7.5, 10), "u-bob": (10, 10), "u-cem": (0, 10)}


def test_everybody_is_found_over_all_pages_of_members_and_gets_a_score(there, key, store):
    run = run_of(there, key, store).send()
    assert points(there) == SENT
    assert run.kinds == Counter({Kind.NEW: 3, Kind.NO_EXCUSES: 1, Kind.UNKNOWN: 1})
    assert len(there.seen) == 3  # one token for each scope, not for each call
    there.calls.clear()
    assert run_of(there, key, store).send().kinds[Kind.SAME] == 3
    assert there.writes() == []


def test_a_result_out_of_another_maximum_is_compared_and_a_persons_stays(there, key, store):
    run_of(there, key, store).send()
    there.scores["u-bob"] |= {"scoreGiven": 99, "scoreMaximum": 100}
    changed = ENTRIES | {"a1": ENTRIES["bob@x.edu"], "bob@x.edu": ENTRIES["a1"]}
    assert run_of(there, key, store, changed).send().kinds[Kind.KEPT] == 1
    assert points(there) == SENT | {"u-Ann": (10, 10), "u-bob": (99, 100)}
    run_of(there, key, store, changed, yes=True).send()
    assert points(there)["u-bob"] == (7.5, 10)


def test_a_tool_that_may_not_read_results_goes_by_what_was_acknowledged(there, key, store):
    there.grants.discard(f"{AGS}/result.readonly")
    with pytest.raises(PlatformError, match="invalid_scope"):
        run_of(there, key, store)
    run_of(there, key, store, results=False).send()
    there.calls.clear()
    assert run_of(there, key, store, results=False).send().kinds[Kind.SAME] == 3
    assert there.writes() == []
    run_of(there, key, store, ENTRIES | {"a1": ENTRIES["bob@x.edu"]}, results=False).send()
    assert points(there)["u-Ann"] == (10, 10)


def test_comments_go_along(there, key, store):
    run_of(there, key, store, comments={"a1": "toy: Ünïcode"}).send()
    assert there.scores["u-Ann"]["comment"] == "toy: Ünïcode"
    run_of(there, key, store, ENTRIES | {"a1": ENTRIES["bob@x.edu"]}).send()
    assert there.scores["u-Ann"]["comment"] == "toy: Ünïcode"


def test_people_of_a_table_need_no_members(there, key, store):
    people = (Person("u-Ann", ("a1",)),)
    Run(partial(opened, there, key, False, people), store).send()
    assert points(there) == {"u-Ann": (7.5, 10)}


@pytest.mark.parametrize("trouble", ["fail", "cut", "lost", "busy", "hang"])
@pytest.mark.parametrize("results", [True, False])
def test_one_failed_call_is_made_good(there, key, store, trouble, results):
    there.trouble = ["", trouble]
    run_of(there, key, store, results=results, timeout=0.3).send()
    assert points(there) == SENT


def test_an_access_token_that_ran_out_is_renewed(there, key, store):
    run = run_of(there, key, store)
    there.tokens.clear()
    run.send()
    assert points(there) == SENT


def test_a_tool_that_is_refused_half_way_loses_nothing_and_tells_no_secret(there, key, store):
    there.trouble = ["", "revoke"]
    with pytest.raises(PlatformError, match="gives this tool no access token") as error:
        run_of(there, key, store).send()
    assert not {word for word in [*there.tokens, key.whole] if word in str(error.value)}
    assert points(there) == {"u-Ann": (7.5, 10)}
    there.revoked = False
    run_of(there, key, store).send()
    assert points(there) == SENT


def test_a_platform_that_goes_silent_loses_nothing(there, key, store):
    there.trouble = ["", *["fail"] * 3]
    with pytest.raises(Unreachable):
        run_of(there, key, store).send()
    assert run_of(there, key, store).send().kinds[Kind.SAME] == 1
    assert points(there) == SENT


def test_one_student_whom_the_platform_declines_stops_nobody_else(there, key, store):
    there.unknown = {"u-Ann"}
    run = run_of(there, key, store).send()
    assert [one.why for one in run.outcomes if one.why] == ["422 User not found in course or is not a student"]
    assert set(there.scores) == {"u-bob", "u-cem"}


def test_a_key_of_another_tool_gets_no_token(there, key, store):
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    other = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(PlatformError, match="InvalidSignatureError"):
        run_of(there, Secret(other.decode()), store)
    with pytest.raises(GraderError, match="no RSA key in PEM"):
        public_key(Secret("-----BEGIN PRIVATE KEY-----\nnonsense"))


def test_a_redirect_is_not_followed_and_netrc_is_no_password(there, key, store, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("default login eve password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    run_of(there, key, store).send()
    assert points(there) == SENT
    there.answer = lambda call: Reply(302, "", {"Location": f"{there.url}/other"})
    with pytest.raises(PlatformError, match="the token does not follow"):
        run_of(there, key, store)
    assert [call.path for call in there.calls if call.path == "/other"] == []


@pytest.mark.parametrize("path", ["/token", "/results", "/names_and_roles"])
def test_an_answer_of_any_other_form_is_one_sentence(there, key, store, path):
    answer = there.answer
    for body in (None, 7, "x", [None], {"members": 7}, [{"userId": 1, "resultScore": "x"}]):
        there.answer = lambda call, body=body: Reply(200, body) if call.path.endswith(path) else answer(call)
        with one_sentence():
            run_of(there, key, store).send()


def test_a_line_items_own_query_stays(there, key, store):
    """Moodle's line items end in `lineitem?type_id=3`."""
    run = Run(partial(opened, there, key), store)
    item = replace(run.platform, line_item=f"{there.url}{ITEM}?type_id=3")
    item.send(Person("u+&Ann"), Wanted(1, 2))
    assert item.standing(Person("u+&Ann")).points == 50
    assert [call.query.get("type_id") for call in there.calls if "/34/" in call.path][-2:] == [["3"], ["3"]]
