"""Lists of repositories as teachers write them, and what is wrong with others in a sentence."""

import pytest

from grader.classroom.fetching.listing import Repository, read_repositories
from grader.errors import GraderError


def read(tmp_path, text: str) -> list[Repository]:
    (tmp_path / "repositories.txt").write_text(text, encoding="utf-8")
    return read_repositories(tmp_path / "repositories.txt")


def test_a_line_is_a_repository_and_its_name_is_the_students(tmp_path):
    found = read(tmp_path, "# owner/name, one a line\nschool/ada\n\nschool/group/bob.git\n")
    assert found == [Repository("school/ada", "school__ada"), Repository("school/group/bob", "school__group__bob")]


def test_a_table_says_whose_each_is(tmp_path):
    text = "# the class\nSection;Repository;Student\n1;school/a-1;Ada Abebe\n2;https://git.school.example/b;béa\n"
    assert read(tmp_path, text) == [
        Repository("school/a-1", "Ada Abebe"), Repository("https://git.school.example/b", "béa"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nobody\n", "names no repository"),
        ("ada\n", "line 1: 'ada' is no repository"),
        ("school/ada\n--upload-pack=evil/x\n", "line 2: '--upload-pack=evil/x' is no repository"),
        ("ext::sh -c evil\n", "is no repository"),
        ("school/../../etc\n", "is no repository"),
        ("school/ada\nschool/ada.git\n", "names a student twice: school__ada"),
        ("repository,student\nschool/ada,../ada\n", "line 2: '../ada' cannot be the name of a folder"),
        ("repository,student\nschool/ada,.ssh\n", "cannot be the name of a folder"),
    ],
)
def test_what_is_no_list_of_repositories_is_told_with_its_line(tmp_path, text, words):
    with pytest.raises(GraderError, match=r"repositories\.txt") as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
