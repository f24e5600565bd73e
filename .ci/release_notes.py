"""What a release's page says: its section of CHANGELOG.md. `python .ci/release_notes.py v0.2.0` prints it.

It ends with status 1 and a sentence where the tag, `grade --version` and the newest section do not agree, or where that
section has no date yet: such a tag is not published.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADING = re.compile(r"^## (\S+) \((.+)\)$", re.MULTILINE)


def notes(tag: str, version: str, changelog: str) -> str:
    """The section of a version; ValueError says what does not agree."""
    heading = HEADING.search(changelog)
    if not heading:
        raise ValueError("CHANGELOG.md has no section such as `## 0.2.0 (2026-12-01)`")
    if not tag == f"v{version}" == f"v{heading[1]}":
        raise ValueError(
            f"the tag is {tag}, grader/version.py says {version}, and CHANGELOG.md's newest section is {heading[1]}"
        )
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", heading[2]):
        raise ValueError(f"CHANGELOG.md's section {heading[1]} is dated {heading[2]!r}; write the day of the release")
    following = HEADING.search(changelog, heading.end())
    return changelog[heading.end() : following.start() if following else None].strip()


def main() -> int:
    """Print the notes of the tag on the command line."""
    (tag,) = sys.argv[1:]
    (version,) = re.findall(
        r'^__version__ = "(.+)"$', (ROOT / "grader" / "version.py").read_text("utf-8"), re.MULTILINE
    )
    try:
        print(notes(tag, version, (ROOT / "CHANGELOG.md").read_text("utf-8")))
    except ValueError as error:
        print(f"Not published: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
