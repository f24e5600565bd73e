"""The page's own files can be read, ask no other host for anything, and its one bundle is what its sources make."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

SITE, EDITOR = ROOT / "grader" / "web" / "site", ROOT / "grader" / "web" / "editor"
WRITTEN = [
    path for path in sorted(SITE.rglob("*")) if path.suffix in (".js", ".css", ".html") and path.parent.name != "editor"
]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(SITE).as_posix())
def test_a_file_of_the_page_can_be_read_at_once_and_names_no_host(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    hosts = set(re.findall(r"https?://([^\s\"'/]+)", text))
    assert {host for host in hosts if not host.endswith(".invalid")} == set()  # a name that no host can have
    assert (
        re.findall(r"\bon\w+=\"|<script(?! type=\"module\" src)|<style|javascript:", text) == []
        or path.name == "browser.js"
    )


def test_the_editor_s_bundle_brings_the_licence_of_every_package_in_it():
    lock = json.loads((EDITOR / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    licences = (SITE / "editor" / "LICENSE").read_text(encoding="utf-8")
    named = dict(re.findall(r"^((?:@[\w-]+/)?[\w-]+) (\d+\.\d+\.\d+)$", licences, re.MULTILINE))
    pinned = {path.removeprefix("node_modules/"): entry["version"] for path, entry in lock.items() if path}
    assert named == {name: version for name, version in pinned.items() if "esbuild" not in name}
    assert all(entry["integrity"].startswith("sha512-") for path, entry in lock.items() if path)
    assert not any("resolved" in entry for entry in lock.values())
    assert (SITE / "editor" / "editor.js").stat().st_size < 410_000


@pytest.mark.weekly
def test_the_editor_s_bundle_is_what_its_sources_make(tmp_path):
    if not shutil.which("npm"):
        pytest.skip("there is no npm to fetch the editor's packages")
    shutil.copytree(EDITOR, tmp_path / "editor", ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "site" / "editor").mkdir(parents=True)
    try:
        for command in ("npm ci --ignore-scripts --no-audit --no-fund", "node node_modules/esbuild/install.js"):
            subprocess.run(command.split(), cwd=tmp_path / "editor", check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"npm could not fetch the editor's packages ({error})")
    subprocess.run(["npm", "run", "build"], cwd=tmp_path / "editor", check=True, capture_output=True, timeout=120)
    for name in ("editor.js", "LICENSE"):
        assert (tmp_path / "site" / "editor" / name).read_bytes() == (SITE / "editor" / name).read_bytes()
