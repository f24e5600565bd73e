"""A class that was given some of a unit's exercises gets these everywhere, and is marked out of these."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import RIGHT, ROOT, TOY

from grader.authoring.build import build, plan
from grader.authoring.notebooks import notebook
from grader.classroom.marking.keys import units_of
from grader.compiling.compile import compile_exercise, compile_key
from grader.course.choice import choose, reminder, words_of
from grader.course.course import Course
from grader.course.part import builds_on
from grader.course.reference_text import uses, without
from grader.course.settings_file import SettingsError, parse
from grader.course.settings_text import to_toml
from grader.errors import CourseError, GraderError
from grader.grading import grade
from grader.key import from_bytes, load
from grader.releases import platforms
from grader.releases.nbcourse import source_notebook
from grader.releases.platforms import Platform
from grader.releases.students import all_secrets, bundle, check, known_files, release
from grader.submission import Submission

ATTENTION = ["attention.self_attention", "attention.scaled_dot_product_attention"]


@pytest.fixture(scope="module")
def ours() -> Course:
    return Course(ROOT)


@pytest.fixture(scope="module")
def part(ours):
    """Two exercises of attention, of which one has no picture of its own."""
    return choose(ours, ATTENTION).solutions("attention")


@pytest.fixture(scope="module")
def files(part) -> dict[str, bytes]:
    return plan(part)


@pytest.fixture
def toys(tmp_path) -> Path:
    """The toy course, built."""
    shutil.copytree(TOY / "solutions", tmp_path / "c" / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "c" / "solutions" / "course.toml").write_text('title = "Toys"\nunits = ["toy", "words"]\n')
    build(Course(tmp_path / "c"), ["toy", "words"])
    return tmp_path / "c"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "cli.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


def test_of_a_unit_that_is_named_as_a_whole_nothing_is_read(toys):
    """What an author wrote may import PyTorch, which takes seconds; of a part, its exercises must be known."""
    (toys / "solutions" / "toy" / "checks.py").write_text("raise LookupError('read')\n")
    assert choose(Course(toys), ["toy", "words"]).units == ["toy", "words"]
    with pytest.raises(CourseError, match="did you mean toy"):
        choose(Course(toys), ["toyy"])
    with pytest.raises(GraderError, match="LookupError: read"):
        choose(Course(toys), ["toy.scale"])


def test_a_release_reads_each_key_once_for_all_its_words(toys, monkeypatch):
    read = []
    monkeypatch.setattr(Course, "key", lambda self, unit, key=Course.key: read.append(unit) or key(self, unit))
    platform = Platform(Course(toys), ["toy", "words"])
    assert platform.words == platform.words
    assert read == ["toy", "words"]


def test_units_and_exercises_come_in_the_courses_order(ours):
    chosen = choose(ours, [*ATTENTION, "linear_algebra", "attention.self_attention"])
    assert chosen.units == ["linear_algebra", "attention"]
    assert chosen.settings.exercises == {"attention": ("scaled_dot_product_attention", "self_attention")}
    assert choose(ours, words_of(chosen.settings)).settings == chosen.settings


def test_a_unit_that_is_named_as_a_whole_is_whole(ours):
    assert choose(ours, ["attention.self_attention", "attention"]).settings.exercises == {}
    everything = [f"linear_algebra.{name}" for name in ours.solutions("linear_algebra").exercises]
    assert choose(ours, everything).settings == choose(ours, ["linear_algebra"]).settings


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["attention.self_atention"],
            "attention has no exercise 'self_atention'; did you mean attention.self_attention?",
        ),
        (["atention"], "there is no unit 'atention'; did you mean attention?"),
        (
            ["positional_encoding"],
            "there is no unit 'positional_encoding'; did you mean attention.positional_encoding?",
        ),
        (
            ["attention.self_attention"],
            "attention.self_attention builds on scaled_dot_product_attention, which is left out; "
            "choose attention.scaled_dot_product_attention too",
        ),
        (
            ["generative.swiss_roll_diffusion", "generative.ddpm_loss"],
            "generative.ddpm_loss builds on diffuse, which is left out; choose generative.diffuse too",
        ),
        (
            ["sequences.rnn_backward"],
            "sequences.rnn_backward builds on rnn_step, rnn_step_backward and rnn, which are left out; "
            "choose sequences.rnn_step sequences.rnn_step_backward sequences.rnn too",
        ),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence_that_says_what_can(ours, words, says):
    with pytest.raises(CourseError) as error:
        choose(ours, words)
    assert str(error.value) == says


def test_a_run_needs_its_pieces_and_what_they_build_on(ours):
    unit = ours.solutions("generative")
    needs = builds_on(unit.text, unit.exercises)
    assert needs["two_moons_gan"] == {"gan_discriminator_loss", "gan_generator_loss"}
    assert needs["swiss_roll_diffusion"] == {"linear_beta_schedule", "denoise_step", "ddpm_loss", "diffuse"}


def test_what_the_statements_between_the_functions_use_is_needed_by_all():
    text = "def f(x):\n    return x\n\n\ndef g(x):\n    f = x\n    return f\n\n\nTABLE = {'g': g}\n"
    assert uses(text) == {"": {"g"}, "f": set(), "g": set()}  # a local name is no use of a function


def test_what_is_cut_out_takes_its_comments_and_decorators_along():
    text = "import a\n\n\n# of f\n@a.b\ndef f():\n    pass\n\n\n# of g\ndef g():\n    pass\n"
    assert without(text, ["f"]) == "import a\n\n\n# of g\ndef g():\n    pass\n"
    assert without(text, ["g"]) == "import a\n\n\n# of f\n@a.b\ndef f():\n    pass\n"


def test_nothing_of_what_is_left_out_is_in_any_file(files, ours):
    gone = [name for name in ours.solutions("attention").exercises if f"attention.{name}" not in ATTENTION]
    assert len(gone) == len(ours.solutions("attention").exercises) - 2
    stubs = files["attention.py"].decode()
    assert stubs.count("raise NotImplementedError") == 2
    assert "def softmax(x):" in stubs  # the helper that is given
    for name in gone:
        assert f"def {name}(" not in stubs
        assert f"class {name}(" not in stubs
        assert f"## {name}\n" not in files["README.md"].decode()
        assert f"## {name}" not in files["attention.ipynb"].decode()
    assert [exercise.name for exercise in from_bytes(files["key"]).exercises] == [
        "scaled_dot_product_attention",
        "self_attention",
    ]


def test_only_the_pictures_of_the_chosen_sections_are_there(files, ours):
    assert {name for name in files if name.endswith(".svg")} == {"weights.svg"}
    more = choose(ours, [*ATTENTION, "attention.positional_encoding"]).solutions("attention")
    assert set(more.pictures) == {"weights", "waves"}


def test_the_points_and_the_questions_are_those_of_the_whole_unit(files, ours):
    whole = ours.solutions("attention")
    key = from_bytes(files["key"])
    worth = sum(whole.exercises[name.partition(".")[2]].points for name in ATTENTION)
    assert key.max_points == worth
    assert f"Together they are worth {worth} points." in files["README.md"].decode()
    alone = compile_exercise(whole, "self_attention", 0)
    assert json.dumps(alone.questions[0].inputs["x"].tolist()) == json.dumps(
        key.exercise("self_attention").questions[0].inputs["x"].tolist()
    )


def test_the_whole_reference_earns_all_points_of_a_part(part, sandbox):
    report = grade(Submission("attention.py", part.whole_text.encode()), compile_key(part, 3), sandbox)
    assert report.is_perfect
    assert len(report.exercises) == 2


def test_an_nbgrader_notebook_has_cells_for_the_chosen_exercises(part):
    cells = json.loads(source_notebook(part))["cells"]
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells if "nbgrader" in cell["metadata"]]
    assert ids == [
        "setup",
        "scaled_dot_product_attention",
        "scaled_dot_product_attention-points",
        "self_attention",
        "self_attention-points",
    ]
    assert "additive" not in "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_a_release_in_parts_shows_no_solution_and_can_be_checked_again(ours, toys, tmp_path):
    course = Course(toys)
    chosen = choose(course, ["toy.scale", "toy.mean_and_spread"])
    secret = all_secrets(course)
    assert any("row_sums" in what for what in secret.bodies.values())  # left out, and as secret as before
    out = tmp_path / "out"
    release(course, bundle(chosen), out, secret)
    student = Course(out)
    assert student.exercises("toy") == ["scale", "mean_and_spread"]
    assert student.settings.exercises == {"toy": ("scale", "mean_and_spread")}
    again = choose(course, words_of(student.settings))
    assert len(check(out, known_files(again), secret)) == 6
    (out / "README.md").write_text("def row_sums(x):\n    return np.sum(x, axis=1)\n")
    assert run("release", "check", str(out), cwd=toys).returncode == 2


def test_the_command_says_how_to_mark_the_same_exercises(toys, tmp_path):
    done = run("release", "students", "toy.scale", "words", "--to", "../out", cwd=toys)
    assert done.returncode == 0, done.stderr
    *_, told = done.stderr.splitlines()
    assert told == (
        "Mark it by the same exercises: grade class HANDED_IN --unit toy.scale --unit words; or keep the choice in "
        'solutions/course.toml, where every command finds it, under [exercises]: toy = ["scale"]'
    )
    overview = run("toy", cwd=tmp_path / "out")
    assert "0/4" in overview.stdout
    assert run("toy.row_sums", cwd=tmp_path / "out").returncode == 2


@pytest.fixture
def handed_in(tmp_path) -> Path:
    for student, text in {"ada": RIGHT, "ben": RIGHT.replace("x * factor", "x * 2.0")}.items():
        (tmp_path / "in" / student).mkdir(parents=True)
        (tmp_path / "in" / student / "toy.py").write_text(text)
    return tmp_path / "in"


def points(file: Path) -> dict[str, dict[str, str]]:
    with open(file, newline="") as table:
        return {row["student"]: row for row in csv.DictReader(table)}


@pytest.mark.parametrize("how", ["words", "course.toml"])
def test_a_class_is_marked_out_of_what_it_was_given(toys, handed_in, tmp_path, how):
    words = ["--unit", "toy.scale", "--unit", "toy.mean_and_spread"] if how == "words" else []
    if how == "course.toml":
        listing = toys / "solutions" / "course.toml"
        listing.write_text(listing.read_text() + '[exercises]\ntoy = ["mean_and_spread", "scale"]\n')
    arguments = ["class", str(handed_in), "--csv", str(tmp_path / "p.csv"), "--isolation", "process", "--seed", "5"]
    done = run(*arguments, *words, "--db", str(tmp_path / "class.db"), cwd=toys)
    assert done.returncode == 0, done.stderr
    found = points(tmp_path / "p.csv")
    assert {who: (row["points"], row["max_points"]) for who, row in found.items()} == {
        "ada": ("7", "7"),
        "ben": ("6", "7"),
    }
    assert list(found["ada"])[-2:] == ["toy.scale", "toy.mean_and_spread"]
    if how == "course.toml":
        assert run(cwd=toys).stdout.count("0/7") == 1
        assert reminder(Course(toys), choose(Course(toys), ["toy"])) == ""


def test_other_points_in_course_toml_reach_a_class_that_is_marked_already(toys, handed_in, tmp_path):
    arguments = ["class", str(handed_in), "--isolation", "process", "--seed", "5", "--db", str(tmp_path / "class.db")]
    assert run(*arguments, cwd=toys).returncode == 0
    listing = toys / "solutions" / "course.toml"
    listing.write_text(listing.read_text() + '[points]\n"toy.scale" = 8\n')
    assert "2 records are stale: the questions changed since." in run(*arguments, cwd=toys).stderr
    regraded = run(*arguments, "--regrade", "--yes", "--csv", str(tmp_path / "p.csv"), cwd=toys)
    assert regraded.returncode == 0, regraded.stderr
    assert points(tmp_path / "p.csv")["ada"]["max_points"] == "14"


def test_a_stub_in_parts_that_nobody_touched_is_known_as_one(toys):
    import hashlib

    course = choose(Course(toys), ["toy.scale"])
    unit = course.solutions("toy")
    known = units_of(course, course)
    assert known.exercises == {"toy": ["scale"]}
    given = plan(unit)
    assert {hashlib.sha256(given[name]).hexdigest() for name in ("toy.py", "toy.ipynb")} <= known.stubs
    assert notebook(unit, {}).encode() == given["toy.ipynb"]


def test_an_exercise_that_course_toml_leaves_out_is_told_so(toys):
    listing = toys / "solutions" / "course.toml"
    listing.write_text(listing.read_text() + '[exercises]\ntoy = ["scale"]\n')
    with pytest.raises(
        CourseError, match=r"toy.row_sums is not among the exercises that course.toml gives toy; add it"
    ):
        choose(Course(toys), ["toy.row_sums"])
    listing.write_text(listing.read_text().replace('["scale"]', '["skale"]'))
    done = run("release", "students", "toy", "--to", "../out", cwd=toys)
    assert (done.returncode, done.stderr) == (2, "Error: toy has no exercise 'skale'; did you mean toy.scale?\n")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("toi = ['scale']", "exercises names 'toi', which is no unit; did you mean toy?"),
        ("toy = 'scale'", "exercises.toy must be a list of exercises"),
        ("toy = []", "exercises.toy must be a list of exercises"),
        ("toy = ['scale', 'scale']", "exercises.toy lists 'scale' twice"),
        (
            "toy = ['toy.scale']",
            "exercises.toy has 'toy.scale', which is no exercise's name; write it without its unit",
        ),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_by_name(table, words):
    with pytest.raises(SettingsError) as error:
        parse(f"units = ['toy']\n[exercises]\n{table}", "x.toml")
    assert words in str(error.value)


def test_the_table_comes_back_from_its_own_text():
    settings = parse(
        "units = ['toy', 'words']\n[exercises]\ntoy = ['scale']\n[points]\n'toy.row_sums' = 9\n'toy.scale' = 8"
    )
    assert parse(to_toml(settings)) == settings
    assert settings.of(("toy",)).points == {"toy.scale": 8}  # nothing is said of what is left out
    assert settings.of(("words",)).exercises == {}


def test_platforms_give_and_mark_the_same_part(toys, tmp_path):
    course = choose(Course(toys), ["toy.scale"])
    tree = platforms.actions(Platform(course, course.units))
    assert from_bytes(tree["template/assignments/toy/key"]).max_points == 4
    assert b"row_sums" not in tree["template/assignments/toy/toy.py"]
    assert b"row_sums" not in tree["template/assignments/toy/README.md"]
    for listing in ("template/assignments/course.toml", "marking/solutions/course.toml"):
        assert parse(tree[listing].decode()).exercises == {"toy": ("scale",)}
    done = run("release", "keys", "toy.scale", "--to", str(tmp_path / "keys"), "--seed", "4", cwd=toys)
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "keys" / "assignments" / "toy" / "key").max_points == 4
    keys = [load(tmp_path / "keys" / "assignments" / "toy" / "key")]
    bundle = platforms.classroom50(Platform(course, course.units), keys)
    assert b"row_sums" not in bundle["template/assignments/toy/toy.py"]
    assert from_bytes(bundle["autograders/ASSIGNMENT/assignments/toy/key"]).max_points == 4


def test_an_exercise_is_found_by_its_name_alone_or_by_a_class_that_it_asks_for(ours):
    assert ours.resolve("self_attention") == ("attention", "self_attention")
    assert ours.resolve("sequences.LSTM") == ours.resolve("LSTM") == ("sequences", "adding_problem")
    assert ours.resolve("attention") == ("attention", "")
    for name in ("self_atention", "attention.LSTM", "LSTMs", "numpy", "attention.np"):
        with pytest.raises(CourseError):
            ours.resolve(name)


def test_a_name_that_several_units_have_is_not_guessed(tmp_path):
    for unit in ("one", "two"):
        folder = tmp_path / "assignments" / unit
        folder.mkdir(parents=True)
        (folder / "key").write_bytes((ROOT / "assignments" / "linear_algebra" / "key").read_bytes())
    (tmp_path / "assignments" / "course.toml").write_text('title = "x"\nunits = ["one", "two"]\n')
    with pytest.raises(CourseError, match=r"solve is in several units: say one.solve or two.solve"):
        Course(tmp_path).resolve("solve")
