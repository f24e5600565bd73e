"""The next page of a list is the one that a Link header names, however it is written."""

import pytest

from grader.one_host import next_link

HERE = "https://lms.example.edu/api/users?page=1"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], ""),
        (['<https://lms.example.edu/api/users?page=1>; rel="first"'], ""),
        (['<https://a/1>; rel="first", <https://a/2>; rel="next", <https://a/9>; rel="last"'], "https://a/2"),
        (["<https://a/1>; rel=first", "<https://a/2>; rel=next"], "https://a/2"),
        (['<https://a/2?x=1,2>; title="b"; rel="NEXT"'], "https://a/2?x=1,2"),
        (['</api/users?page=2>; rel="next"'], "https://lms.example.edu/api/users?page=2"),
        (['<https://a/2>; rel="nextish"'], ""),
    ],
)
def test_the_next_page_is_the_one_that_is_named(headers, found):
    assert next_link(headers, HERE) == found
