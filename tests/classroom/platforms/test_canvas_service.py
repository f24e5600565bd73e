"""Points go into Canvas as its documentation says, and whatever goes wrong on the way loses nothing.

What the server checks is from "Canvas LMS - REST API and Extensions Documentation": Submissions, Courses, Assignments, Pagination,
Throttling.
"""

import ssl
from collections import Counter
from functools import partial

import pytest
from fake_canvas import FakeCanvas
from loopback import TOKEN, Reply, faultless, serving
from runs import ENTRIES, Run, a_store  # noqa: F401  a fixture

from grader.classroom.gradebooks.filling import Entry
from grader.classroom.intake.roster import Student
from grader.classroom.platforms.canvas_service import canvas
from grader.classroom.platforms.entering import PlatformError, Unreachable
from grader.classroom.platforms.planning import Kind, Wish, plan
from grader.classroom.platforms.pushing import Push, not_shown, push
from grader.secret import Secret

PEOPLE = [
    {"id": 101, "name": "Ann A.", "sortable_name": "A., Ann", "sis_user_id": "a1", "login_id": "able"},
    {
        "id": 102,
        "name": "Robert",
        "sortable_name": "Robert",
        "sis_user_id": "b2",
        "login_id": "rb",
        "email": "bob@x.edu",
    },
    {"id": 103, "name": "C. C.", "sortable_name": "C., C.", "sis_user_id": None, "login_id": "cem"},
    {"id": 104, "name": "Dil Dubois", "sortable_name": "Dubois, Dil"},
    {"id": 105, "name": "Zoe", "sortable_name": "Zoe", "login_id": "zoe"},
]


@pytest.fixture
def there():
    with faultless(FakeCanvas([dict(one) for one in PEOPLE])) as fake:
        yield fake


def run_of(there, store, *words, **more):
    return Run(partial(canvas, there.url, "12", "34", Secret(TOKEN)), store, *words, **more)


def scores(there):
    return {who: "EX" if one["excused"] else one["score"] for who, one in there.submissions.items()}


def test_everybody_is_found_by_sis_id_login_mail_or_name_and_gets_scaled_points(there, store):
    run = run_of(there, store).send()
    assert scores(there) == {101: 15.0, 102: 20.0, 103: 0.0, 104: "EX", 105: None}
    assert [(one.student, one.kind) for one in run.items if one.kind not in (Kind.NEW, Kind.EXCUSED)] == [
        ("eve", Kind.UNKNOWN)
    ]
    assert not_shown(run.platform, run.outcomes) == []
    assert [call.verb for call in there.writes()] == ["PUT"] * 4


def test_what_stands_there_is_not_sent_again_and_what_changed_is(there, store):
    run_of(there, store).send()
    there.calls.clear()
    assert run_of(there, store).send().kinds == Counter({Kind.SAME: 4, Kind.UNKNOWN: 1})
    assert there.writes() == []
    run_of(there, store, ENTRIES | {"a1": Entry(9, 10)}).send()
    assert scores(there)[101] == 18.0
    assert len(there.writes()) == 1


def test_what_a_person_wrote_stays_and_is_named_until_they_say_yes(there, store):
    run_of(there, store).send()
    there.submissions[101] |= {"score": 19.0, "entered_score": 19.0}  # by hand, since
    there.submissions[102] |= {"score": None, "entered_score": None, "excused": True}
    changed = ENTRIES | {"a1": Entry(9, 10), "bob@x.edu": Entry(9, 10)}
    run = run_of(there, store, changed).send()
    assert {item.student for item in run.items if item.kind is Kind.KEPT} == {"a1", "bob@x.edu"}
    assert scores(there) == {101: 19.0, 102: "EX", 103: 0.0, 104: "EX", 105: None}
    run = run_of(there, store, changed, yes=True).send()
    assert run.kinds[Kind.OVERWRITTEN] == 2
    assert (scores(there)[101], scores(there)[102]) == (18.0, 18.0)


def test_a_number_that_was_there_before_our_first_push_is_a_persons(there, store):
    there.submissions[101] |= {"score": 1.0, "entered_score": 1.0}
    assert run_of(there, store).send().kinds[Kind.KEPT] == 1
    assert scores(there)[101] == 1.0


def test_what_a_person_writes_between_the_look_and_the_push_stays(there, store):
    run = run_of(there, store)
    there.submissions[101] |= {"score": 19.0, "entered_score": 19.0}
    run.send()
    assert scores(there)[101] == 19.0
    assert run.outcomes[0].item.kind is Kind.KEPT


def test_points_that_canvas_itself_takes_off_for_lateness_are_no_persons_change(there, store):
    run_of(there, store).send()
    there.submissions[101] |= {"score": 13.0}  # entered_score is as it was
    assert run_of(there, store).kinds[Kind.SAME] == 4


def test_a_comment_is_added_once_and_a_new_one_beside_it(there, store):
    for _ in range(2):
        run_of(there, store, comments={"a1": "toy: 7.5 of 10\n<b>Ünïcode & more"}).send()
    assert [one["comment"] for one in there.submissions[101]["submission_comments"]] == [
        "toy: 7.5 of 10\n<b>Ünïcode & more"
    ]
    changed = ENTRIES | {"a1": Entry(9, 10)}
    run_of(there, store, changed, comments={"a1": "toy: 7.5 of 10\n<b>Ünïcode & more"}).send()
    assert (scores(there)[101], len(there.submissions[101]["submission_comments"])) == (18.0, 1)
    there.submissions[101]["submission_comments"].append({"comment": "a person's"})
    run_of(there, store, comments={"a1": "another"}).send()
    assert [one["comment"] for one in there.submissions[101]["submission_comments"]][1:] == ["a person's", "another"]


@pytest.mark.parametrize(
    ("trouble", "waits"), [("fail", [1.0]), ("cut", [1.0]), ("lost", [1.0]), ("busy", [7.0]), ("hang", [1.0])]
)
def test_one_failed_call_is_made_good_and_no_comment_is_written_twice(there, store, trouble, waits):
    there.trouble = ["", trouble]
    run = run_of(there, store, comments=dict.fromkeys(ENTRIES, "well done"), timeout=0.3).send()
    assert run.waits == waits
    assert scores(there) == {101: 15.0, 102: 20.0, 103: 0.0, 104: "EX", 105: None}
    assert [len(one["submission_comments"]) for one in there.submissions.values()] == [1, 1, 1, 1, 0]


def test_canvas_s_own_word_for_too_fast_is_waited_for(there, store, monkeypatch):
    once, answer = ["403 Forbidden (Rate Limit Exceeded)\n"], there.answer
    monkeypatch.setattr(there, "answer", lambda call: Reply(403, once.pop()) if once else answer(call))
    assert run_of(there, store).waits == [2.0]


def test_a_token_that_is_refused_half_way_loses_nothing_and_the_next_run_sends_the_rest(there, store):
    there.trouble = ["", "", "revoke"]
    run = run_of(there, store)
    with pytest.raises(PlatformError, match="refuses the token") as error:
        run.send()
    assert TOKEN not in str(error.value)  # the server repeats it
    assert len(run.outcomes) == 2
    there.revoked = False
    there.calls.clear()
    assert run_of(there, store).send().kinds[Kind.SAME] == 2
    assert len(there.writes()) == 2
    assert scores(there) == {101: 15.0, 102: 20.0, 103: 0.0, 104: "EX", 105: None}


def test_a_platform_that_goes_silent_half_way_loses_nothing(there, store):
    there.trouble = ["", "cut", "fail", "lost"]
    run = run_of(there, store)
    there.submissions[102] |= {"score": None}
    run.send()  # the third try of the second was entered, only the answer was lost
    assert scores(there)[102] == 20.0
    there.trouble = ["fail"] * 9
    with pytest.raises(Unreachable, match="does not answer"):
        run_of(there, store, ENTRIES | {"a1": Entry(1, 10)}).send()
    there.trouble = []
    assert run_of(there, store, ENTRIES | {"a1": Entry(2, 10)}).send().kinds[Kind.CHANGED] == 1
    assert scores(there)[101] == 4.0


def test_an_entry_that_arrived_without_an_answer_is_ours_in_the_next_run(there, store):
    """A run that ends between the platform's entry and its answer: what stands there is known for ours, not for a person's."""
    run = run_of(there, store)

    def stop(_seconds):
        raise KeyboardInterrupt

    there.trouble = ["lost"]
    with pytest.raises(KeyboardInterrupt):
        list(push(Push(run.platform, run.push.assignment, run.push.wishes, {}, stop), run.items, store))
    assert scores(there)[101] == 15.0
    assert run_of(there, store, ENTRIES | {"a1": Entry(8, 10)}).send().kinds[Kind.KEPT] == 0
    assert scores(there)[101] == 16.0


def test_one_student_whom_canvas_declines_stops_nobody_else_and_five_in_a_row_stop_all(there, store):
    there.declines = {102}
    run = run_of(there, store).send()
    assert [one.why for one in run.outcomes if one.why] == ["400 the grading period is closed"]
    assert scores(there) == {101: 15.0, 102: None, 103: 0.0, 104: "EX", 105: None}


def test_two_people_for_one_student_and_a_number_of_another_kind_are_nobody(store):
    people = [
        {"id": 1, "name": "Ann Able", "sortable_name": "Able, Ann", "login_id": "a1"},
        {"id": 2, "name": "Ann Able", "sortable_name": "Able, Ann", "email": "a1"},
        {"id": 17, "name": "Somebody", "sortable_name": "Somebody"},
        {"id": 18, "name": "Eve Ebert", "sortable_name": "Ebert, Eve"},
    ]
    students = [Student("a1", (), "Ann Able"), Student("17", (), "Fay Fox"), Student("18", (), "Eve Ebert")]
    fake = FakeCanvas(people)
    with serving(fake):
        platform = canvas(fake.url, "12", "34", Secret(TOKEN))
        wishes = {one.id: Wish(Entry(1, 10)) for one in students}
        items = plan(platform, platform.look(), wishes, students, {})
    assert [(item.kind, item.note) for item in items] == [
        (Kind.UNKNOWN, "2 people there are called so (a1, a1)"),
        (Kind.UNKNOWN, "nobody there is called so"),
        (Kind.NEW, ""),
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [({"grading_type": "pass_fail"}, "takes no points"), ({"anonymize_students": True}, "graded anonymously")],
)
def test_an_assignment_that_cannot_take_points_is_told(store, more, words):
    """instructure/canvas-lms#624 'When assignment display is set to "Complete/Incomplete" CSV upload silently drops data'."""
    fake = FakeCanvas(PEOPLE, **more)
    with serving(fake), pytest.raises(PlatformError, match=words):
        run_of(fake, store)


def test_a_wrong_course_a_page_in_html_and_a_redirect_are_one_sentence(there, store):
    with pytest.raises(PlatformError, match="whether the settings name the right course"):
        canvas(there.url, "99", "34", Secret(TOKEN)).look()
    elsewhere = FakeCanvas(PEOPLE)
    with serving(elsewhere):
        there.answer = lambda call: Reply(302, "", {"Location": f"{elsewhere.url}{call.path}"})
        with pytest.raises(PlatformError, match="the token does not follow"):
            canvas(there.url, "12", "34", Secret(TOKEN)).look()
        there.answer = lambda call: Reply(200, "<html>Log in</html>")
        with pytest.raises(PlatformError, match="something else than JSON"):
            canvas(there.url, "12", "34", Secret(TOKEN)).look()
        answers = iter([Reply(200, there.assignment), Reply(200, [], {"Link": f'<{elsewhere.url}/api>; rel="next"'})])
        there.answer = lambda call: next(answers)
        with pytest.raises(PlatformError, match="on another host"):
            canvas(there.url, "12", "34", Secret(TOKEN)).look()
    assert elsewhere.calls == []


@pytest.mark.parametrize("at", range(4))
def test_an_answer_of_any_other_form_is_one_sentence_and_enters_nothing(there, store, at):
    """The answers are, in turn, the assignment, the people, what stands there, and what stands there for one."""
    answer, end = there.answer, ("/34", "/users", "/submissions", "/101")[at]
    for body in (None, 7, "x", [None], {}, {"id": {}}, [{"name": 1}], [{"user_id": 1, "score": "x"}]):
        there.answer = lambda call, body=body: Reply(200, body) if call.path.endswith(end) else answer(call)
        with pytest.raises(PlatformError):
            run_of(there, store).send()
    assert there.writes() == []


def test_no_token_is_in_what_an_object_shows_of_itself():
    assert TOKEN not in repr(canvas("https://lms.example.edu", "1", "2", Secret(TOKEN)))


def test_no_token_goes_to_a_server_whose_certificate_nobody_vouches_for(tmp_path):
    pem = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    fake = FakeCanvas(PEOPLE)
    with (
        serving(fake, context),
        pytest.raises(PlatformError, match=r"certificate .* cannot be verified .*no token went there"),
    ):
        canvas(fake.url, "12", "34", Secret(TOKEN)).look()
    assert fake.calls == []


def self_signed(folder):
    """A key and a certificate for 127.0.0.1 that no authority has signed."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    pem = made.add_extension(names, False).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + pem)
    return folder / "server.pem"
