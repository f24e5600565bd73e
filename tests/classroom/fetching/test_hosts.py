"""Hosts tell when a branch was pushed, page by page; the token goes to them alone."""

import pytest
from code_host import TOKEN, CodeHost
from loopback import faultless

from grader.classroom.fetching.hosts import Host, HostError
from grader.secret import Secret

FIRST, SECOND, THIRD = ("1" * 40, "2" * 40, "3" * 40)
PUSHED = {
    "school/ada": [
        (THIRD, "2026-11-22T08:00:00Z", "main"),
        ("0" * 40, "2026-11-21T12:00:00Z", "main"),  # the branch was taken away, and pushed again
        ("4" * 40, "2026-11-21T11:00:00Z", "draft"),
        (SECOND, "2026-11-21T10:00:00Z", "main"),
        (FIRST, "2026-11-20T10:00:00.250Z", "main"),
    ]
}


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_the_pushes_of_a_branch_are_told_newest_first_over_all_pages(kind):
    with faultless(CodeHost(pushed=PUSHED)) as there:
        host = Host(kind, "https://git.school.example", there.url, Secret(TOKEN))
        pushes = list(host.pushes("school/ada", "main"))
    assert [push.commit for push in pushes] == [THIRD, SECOND, FIRST]
    assert [push.at.isoformat() for push in pushes][::2] == [
        "2026-11-22T08:00:00+00:00",
        "2026-11-20T10:00:00.250000+00:00",
    ]
    assert len(there.asked) >= 2
    assert not any(TOKEN in path for path in there.asked)


@pytest.mark.parametrize(
    ("change", "token", "words"),
    [
        ({}, "another", "refuses the token"),
        ({"pushed": {}}, TOKEN, "knows no such repository"),
        ({"status": 502}, TOKEN, "answers with status 502"),
        ({"status": 302, "leads_to": "http://127.0.0.1:1"}, TOKEN, "says that it has moved"),
        ({"leads_to": "http://elsewhere.example"}, TOKEN, "leads to another host, which gets no token"),
    ],
)
@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_what_goes_wrong_is_a_sentence_without_the_token(kind, change, token, words):
    with faultless(CodeHost(**{"pushed": PUSHED} | change)) as there, pytest.raises(HostError) as caught:
        list(Host(kind, "https://git.school.example", there.url, Secret(token)).pushes("school/ada", "main"))
    assert words in str(caught.value)
    assert token not in str(caught.value)
    assert token not in repr(Host(kind, "", "", Secret(token)))


def test_a_host_that_does_not_answer_is_told():
    with pytest.raises(HostError, match="gives no answer"):
        list(Host("github", "", "http://127.0.0.1:1", Secret(TOKEN)).pushes("school/ada", "main"))


def test_a_plain_server_tells_no_pushes():
    assert Host("git", "https://git.school.example", "").pushes("school/ada", "main") is None


def test_git_gets_the_token_for_this_host_only():
    host = Host("github", "https://github.com", "https://api.github.com", Secret(TOKEN))
    assert host.address("school/ada") == "https://github.com/school/ada.git"
    (name,) = host.git_settings(host.address("school/ada"))
    assert name == "http.https://github.com/.extraHeader"
    assert host.git_settings("https://github.com.evil.example/school/ada.git") == {}
    assert host.git_settings("/srv/ada") == {}
