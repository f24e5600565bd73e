"""What `grade dev new` writes: a unit's five files, and the skeleton of a function or of a class in each."""

FILES = {
    "{unit}.py": '"""{title}: say here what the unit teaches."""\n\nimport numpy as np\n',
    "checks.py": (
        '"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""\n\n'
        'from grader.exercise import Exercise, agrees\n\nALLOWS = ("numpy",)\n'
    ),
    "oracles.py": '"""Independent truth for this unit. Read by `grade dev check` alone."""\n',
    "rewrites.py": '"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""\n',
    "handout.md": "Say here what the unit teaches, and what it needs first.\n",
}
HANDOUT = """
## {name}

Say why it matters, give the formula and a small example with numbers, and say where it is used.
"""
FUNCTION = {
    "{unit}.py": '''

def {name}(x):
    """Say in one line what it returns.

    x (D,) -> y (D,)

    Then the conventions that a student must know.
    """
    raise NotImplementedError("write the reference")
''',
    "checks.py": """

{name} = Exercise(
    points=1,
    cases={{"three numbers": lambda draw: {{"x": draw(3)}}}},
    checks=[agrees(1, "says what a right answer does")],
    mistakes=[],
    hints=[],
)
""",
    "oracles.py": """

def {name}(x):
    raise NotImplementedError("write the oracle: a library's answer, or loops over single numbers")
""",
    "rewrites.py": """

def {name}__another_way(x):
    raise NotImplementedError("write a correct answer another way")
""",
    "handout.md": HANDOUT,
}
# A class keeps something between calls, so a driver in checks.py makes one and uses it; that is what is asked.
CLASS = {
    "{unit}.py": '''

class {name}:
    """Say in one line what it is.

    Then what it keeps between calls, and the conventions that a student must know.
    """

    def __init__(self, start):
        """Begin with nothing seen; start (D,) is what it keeps at first."""
        raise NotImplementedError("write the reference")

    def step(self, x):
        """Say in one line what it returns.

        x (D,) -> y (D,)
        """
        raise NotImplementedError("write the reference")
''',
    "checks.py": '''

def use_{snake}({name}, start, xs):
    """Make one, and give it one input after another.

    start (D,), xs (T, D) -> ys (T, D)
    """
    made = {name}(start)
    return np.stack([made.step(x) for x in xs])


{name} = Exercise(
    points=1,
    driver=use_{snake},
    cases={{"four steps": lambda draw: {{"start": draw(3), "xs": draw(4, 3)}}}},
    checks=[agrees(1, "says what a right answer does")],
    mistakes=[],
    hints=[],
)
''',
    "oracles.py": """

def {name}(start, xs):
    raise NotImplementedError("write the oracle: it gets what the driver gets, without the class")
""",
    "rewrites.py": """

class {name}__another_way:
    def __init__(self, start):
        raise NotImplementedError("write a correct class another way")

    def step(self, x):
        raise NotImplementedError("write a correct class another way")
""",
    "handout.md": HANDOUT,
}
