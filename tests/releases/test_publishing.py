"""A tag is published where it, `grade --version` and the changelog agree, and says what the changelog says."""

import importlib.util
import subprocess
import sys

import pytest
from conftest import ROOT

from grader.version import __version__

SPEC = importlib.util.spec_from_file_location("release_notes", ROOT / ".ci" / "release_notes.py")
RELEASE_NOTES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(RELEASE_NOTES)
CHANGELOG = "# Changelog\n\n## 0.2.0 (2026-12-01)\n\n- New.\n\n## 0.1.0 (2026-11-01)\n\n- Old.\n"


def test_the_newest_section_of_the_changelog_is_of_this_version():
    heading = RELEASE_NOTES.HEADING.search((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert heading[1] == __version__


def test_the_notes_of_a_tag_are_its_section():
    assert RELEASE_NOTES.notes("v0.2.0", "0.2.0", CHANGELOG) == "- New."
    assert RELEASE_NOTES.notes("v0.2.0", "0.2.0", CHANGELOG.partition("\n## 0.1.0")[0]) == "- New."


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "words"),
    [
        ("v0.3.0", "0.2.0", CHANGELOG, "the tag is v0.3.0, grader/version.py says 0.2.0"),
        ("v0.2.0", "0.3.0", CHANGELOG, "grader/version.py says 0.3.0"),
        ("v0.1.0", "0.1.0", CHANGELOG, "newest section is 0.2.0"),
        ("v0.2.0", "0.2.0", CHANGELOG.replace("2026-12-01", "unreleased"), "is dated 'unreleased'"),
        ("v0.2.0", "0.2.0", "# Changelog\n", "has no section"),
    ],
)
def test_a_tag_that_does_not_agree_is_not_published(tag, version, changelog, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        RELEASE_NOTES.notes(tag, version, changelog)


def test_a_tag_of_another_version_ends_the_workflow_with_a_sentence():
    done = subprocess.run([sys.executable, ROOT / ".ci" / "release_notes.py", "v999"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Not published: the tag is v999, ")
