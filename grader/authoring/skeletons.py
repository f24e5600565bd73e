"""What `grade dev new` writes: a unit's five files, and in each the skeleton of a function, a class or a training run."""

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
# A run has no text of its own in the reference: its driver trains what the unit's exercises have made.
RUN = {
    "checks.py": '''

def {name}_data(draw, N=40, M=20, D=3):
    """Examples to learn from, and others that are held back: their `truth` stays with the grader."""
    X, slope = draw(N + M, D), draw(D)
    y = X @ slope
    return dict(X=X[:N], y=y[:N], X_held=X[N:], seed=int(draw.integers(0, 2**31)), truth=y[N:])


def train_{name}({parameters}, X, y, X_held, seed):
    """Say in one line what learns what.

    -> predictions (M,)
    """
    for step in range(1, 101):
        loss = 1.0 / step  # train one step with the pieces; whatever is drawn, is drawn with the seed
        report(step, 100, loss)
    raise NotImplementedError("write the training, and return predictions for what is held back")


{name} = Exercise(
    points=1,
    driver=train_{name},
    pieces=[{listed}],
    cases={{"forty examples": {name}_data}},
    checks=[reaches(1, "says what a right run reaches", "mean_squared_error", at_most=0.1)],
    mistakes=[],
    hints=[],
)
''',
    "handout.md": """
## {name}

Say what is trained on which data, how good it must become, and where such a thing is used.
""",
}
