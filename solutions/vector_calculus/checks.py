"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, returns

# Difference quotients of functions of size 1. First ones with h = 1e-5 are off by some 1e-10, from rounding (eps/h) and
# truncation (h²), whichever formula is used; a difference to one side is off by 1e-5.
FIRST = 1e-8
# Second ones with h = 1e-4 are off by some 1e-8, and by 1e-6 where a step of 1e-5 is used (rounding, eps/h²); to one side
# by 1e-4 or more. A tolerance of 1e-5 lies between.
SECOND = 1e-5
COARSE = 0.1


# Functions made of numbers: sums of sines and exponentials, with no derivative that vanishes and no symmetry


def of_a_number(student, a, w, b, c, x, **h):
    def f(x):
        return a @ np.sin(w * x + b) + np.exp(c * x).sum()

    return student(f=f, x=x, **h)


def along_a_curve(student, A, w, b, c, t, **h):
    def F(t):
        return A @ np.sin(w * t + b) + np.exp(c * t)

    return student(F=F, t=t, **h)


def of_a_vector(student, a, W, b, c, **more):
    def f(x):
        return a @ np.sin(W @ x + b) + np.exp(c @ x)

    return student(f=f, **more)


def of_a_field(student, A, W, b, C, **more):
    def F(x):
        return A @ np.sin(W @ x + b) + np.exp(C @ x)

    return student(F=F, **more)


def of_two_fields(student, A, W, b, C, A2, W2, b2, C2, x, **h):
    def F(x):
        return A @ np.sin(W @ x + b) + np.exp(C @ x)

    def G(y):
        return A2 @ np.sin(W2 @ y + b2) + np.exp(C2 @ y)

    return student(F=F, G=G, x=x, **h)


def number(draw, K=3, **h):
    """A function of one number; its waves are never slower than 1, so that each step size shows."""
    return dict(a=draw(K), w=1 + abs(draw(K)), b=draw(K), c=0.5 * draw(2), x=float(draw())) | h


def curve(draw, M=4, K=3, **h):
    return dict(A=draw(M, K), w=1 + abs(draw(K)), b=draw(K), c=0.5 * draw(M), t=float(draw())) | h


def height(draw, D=4, K=5, pace=1.0, **h):
    """A function of D numbers and a point."""
    return dict(a=draw(K), W=pace * draw(K, D), b=draw(K), c=draw(D) / (2 * D**0.5), x=draw(D)) | h


def field(draw, D=4, M=3, K=5, **h):
    return dict(A=draw(M, K), W=draw(K, D), b=draw(K), C=draw(M, D) / (2 * D**0.5), x=draw(D)) | h


ONE_SIDED = (
    "You use a one-sided difference around {}. Its error is of order h; points on both sides make it of order h²."
)
NOT_HALVED = "Your answer is twice as large as it should be: how far apart are the two points?"
OWN_STEP = "You use your own step instead of the given h. Use h, however coarse it is."
QUOTIENT = "(f(x + h) - f(x - h)) / (2 * h)"

derivative = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    driver=of_a_number,
    tolerance=FIRST,
    cases={
        "three waves": number,
        "five waves, farther out": lambda draw: number(draw, K=5) | dict(x=4 + abs(float(draw()))),
        "a coarse step": partial(number, h=COARSE),
        "a very coarse step": partial(number, K=4, h=0.5),
    },
    checks=[
        agrees(2, "is the slope of f at x", on=["three waves", "five waves, farther out"]),
        agrees(1, "is the central difference with the given h", on=["a coarse step", "a very coarse step"]),
    ],
    mistakes=[
        Mistake("forward", ONE_SIDED.format("x"), returns("(f(x + h) - f(x)) / h")),
        Mistake("not_halved", NOT_HALVED, edit("/ (2 * h)", "/ h")),
        Mistake("own_step", OWN_STEP, edit(f"return {QUOTIENT}", f"h = 1e-5\n    return {QUOTIENT}")),
        Mistake(
            "multiplied",
            "You multiply by the distance between the two points. A slope is a change divided by a distance.",
            edit("/ (2 * h)", "* (2 * h)"),
        ),
        Mistake("backward", ONE_SIDED.format("x"), returns("(f(x) - f(x - h)) / h")),
    ],
    hints=[
        "What is the slope of the straight line through two points of the graph of f?",
        "Which two points lie symmetrically around x, and how far apart are they?",
    ],
)

CURVE_QUOTIENT = "(F(t + h) - F(t - h)) / (2 * h)"

tangent = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    driver=along_a_curve,
    tolerance=FIRST,
    cases={
        "a curve in four dimensions": curve,
        "a curve in the plane": partial(curve, M=2),
        "a single coordinate": partial(curve, M=1),
        "a coarse step": partial(curve, M=3, h=COARSE),
        "a very coarse step": partial(curve, M=5, h=0.5),
    },
    checks=[
        agrees(
            2,
            "is the velocity of the curve",
            on=["a curve in four dimensions", "a curve in the plane", "a single coordinate"],
        ),
        agrees(1, "is the central difference with the given h", on=["a coarse step", "a very coarse step"]),
    ],
    mistakes=[
        Mistake("forward", ONE_SIDED.format("t"), returns("(F(t + h) - F(t)) / h")),
        Mistake("not_halved", NOT_HALVED, edit("/ (2 * h)", "/ h")),
        Mistake("own_step", OWN_STEP, edit(f"return {CURVE_QUOTIENT}", f"h = 1e-5\n    return {CURVE_QUOTIENT}")),
        Mistake(
            "unit_length",
            "You scale your answer to length 1. The length of the velocity is the speed, and it is part of the derivative.",
            returns("(F(t + h) - F(t - h)) / np.linalg.norm(F(t + h) - F(t - h))"),
        ),
        Mistake("backward", ONE_SIDED.format("t"), returns("(F(t) - F(t - h)) / h")),
    ],
    hints=[
        "What is the derivative of a list of functions of one number?",
        "Does the formula for a single number have to change when F gives an array?",
    ],
)


def gradient_not_put_back(f, x, h=1e-5):
    x, slopes = x.copy(), []
    for i in range(len(x)):
        x[i] += h
        up = f(x)
        x[i] -= 2 * h
        slopes.append((up - f(x)) / (2 * h))
    return np.array(slopes)


STEPWISE = "(f(x + step) - f(x - step)) / (2 * h)"

gradient = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    driver=of_a_vector,
    tolerance=FIRST,
    cases={
        "four coordinates": height,
        "seven coordinates": partial(height, D=7, pace=0.7),
        "a single coordinate": partial(height, D=1),
        "a coarse step": partial(height, D=3, h=COARSE),
        "a very coarse step": partial(height, D=5, h=0.5),
    },
    checks=[
        agrees(
            3,
            "holds the slope of f in every coordinate",
            on=["four coordinates", "seven coordinates", "a single coordinate"],
        ),
        agrees(1, "takes central differences with the given h", on=["a coarse step", "a very coarse step"]),
    ],
    mistakes=[
        Mistake(
            "all_at_once",
            "You move all coordinates together, which adds up all slopes. A partial derivative moves one coordinate and holds the others fixed.",
            edit(STEPWISE, "(f(x + h) - f(x - h)) / (2 * h)"),
        ),
        Mistake("forward", ONE_SIDED.format("x"), edit(STEPWISE, "(f(x + step) - f(x)) / h")),
        Mistake("own_step", OWN_STEP, edit("steps = h", "h = 1e-5\n    steps = h")),
        Mistake(
            "not_put_back",
            "You leave each coordinate moved while you go on to the next. Restore it, so that all slopes are taken at x.",
            gradient_not_put_back,
        ),
        Mistake("backward", ONE_SIDED.format("x"), edit(STEPWISE, "(f(x) - f(x - step)) / h")),
        Mistake("not_halved", NOT_HALVED, edit("/ (2 * h)", "/ h")),
    ],
    hints=[
        "How does f change when a single coordinate moves and the others stay?",
        "Which array of length D is h in one place and 0 elsewhere? The D such arrays are the rows of one matrix.",
    ],
)


def way(draw, D=4, length=3.0):
    """A function, a point and a direction whose length is far from 1."""
    v = draw(D) + 0.5
    return height(draw, D=D) | dict(v=length * v / np.linalg.norm(v))


directional_derivative = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    driver=of_a_vector,
    tolerance=FIRST,
    cases={
        "a direction of length 3": way,
        "six coordinates": partial(way, D=6, length=0.4),
        "a single coordinate": partial(way, D=1, length=2.5),
        "a short direction": partial(way, D=3, length=1e-3),
        "a long direction": partial(way, D=5, length=1e3),
    },
    checks=[
        agrees(
            2, "is the slope of f along v", on=["a direction of length 3", "six coordinates", "a single coordinate"]
        ),
        agrees(1, "does not depend on the length of v", on=["a short direction", "a long direction"]),
    ],
    mistakes=[
        Mistake(
            "not_normalised",
            "Your answer grows with the length of v. Only its direction counts: bring it to length 1 first.",
            edit("v / np.linalg.norm(v)", "v"),
        ),
        Mistake(
            "squared_length",
            "You divide by the square of v's length. That makes a short direction long and a long one short.",
            edit("np.linalg.norm(v)", "(v @ v)"),
        ),
        Mistake(
            "divided_by_the_sum",
            "You divide v by its 1-norm, the sum of its absolute entries. Use its Euclidean length.",
            edit("np.linalg.norm(v)", "np.abs(v).sum()"),
        ),
        Mistake("not_halved", NOT_HALVED, edit("/ (2 * h)", "/ h")),
        Mistake(
            "forward",
            ONE_SIDED.format("x"),
            edit("(f(x + h * u) - f(x - h * u)) / (2 * h)", "(f(x + h * u) - f(x)) / h"),
        ),
        Mistake(
            "backward",
            ONE_SIDED.format("x"),
            edit("(f(x + h * u) - f(x - h * u)) / (2 * h)", "(f(x) - f(x - h * u)) / h"),
        ),
        *(
            Mistake(
                f"length_plus_{eps}",
                "You add a small number to the length of v, so the answer is too small where v is short. v is not zero: none is needed.",
                edit("np.linalg.norm(v)", f"(np.linalg.norm(v) + {eps})"),
            )
            for eps in ("1e-3", "1e-4", "1e-5", "1e-6")
        ),
    ],
    hints=[
        "If you know the answer for v, what is the answer for 2·v?",
        "Which two points lie a distance h from x along v, one ahead and one behind?",
    ],
)

COLUMN = "(F(x + step) - F(x - step)) / (2 * h)"

jacobian = Exercise(
    points=5,
    forbids=["automatic differentiation"],
    driver=of_a_field,
    tolerance=FIRST,
    cases={
        "four in, three out": field,
        "as many out as in": partial(field, D=3, M=3),
        "two in, five out": partial(field, D=2, M=5),
        "a single entry out": partial(field, D=4, M=1),
        "a single coordinate in": partial(field, D=1, M=3),
        "a coarse step": partial(field, D=3, M=4, h=COARSE),
        "a very coarse step": partial(field, D=3, M=2, h=0.5),
    },
    checks=[
        agrees(
            3,
            "has a row for each entry of F and a column for each coordinate",
            on=["as many out as in", "four in, three out", "two in, five out"],
        ),
        agrees(
            1, "keeps both axes for one entry or one coordinate", on=["a single entry out", "a single coordinate in"]
        ),
        agrees(1, "takes central differences with the given h", on=["a coarse step", "a very coarse step"]),
    ],
    mistakes=[
        Mistake(
            "transposed",
            "You return the transpose of the Jacobian: your rows belong to the coordinates of x. They must belong to the entries of F.",
            edit("axis=1", "axis=0"),
        ),
        Mistake("forward", ONE_SIDED.format("x"), edit(COLUMN, "(F(x + step) - F(x)) / h")),
        Mistake("not_halved", NOT_HALVED, edit("/ (2 * h)", "/ h")),
        Mistake("own_step", OWN_STEP, edit("steps = h", "h = 1e-5\n    steps = h")),
        Mistake("backward", ONE_SIDED.format("x"), edit(COLUMN, "(F(x) - F(x - step)) / h")),
    ],
    hints=[
        "All of F changes when one coordinate moves. Which part of the matrix does that one movement give?",
        "Are the arrays that you collect rows or columns of J? Compare its shape with (M, D).",
    ],
)


def fast_wave(draw, D=2):
    """One wave, caught where its third derivative outweighs the second: a step to one side goes far astray."""
    x, W = draw(D), draw.signs(1, D) * draw.uniform(8.0, 14.0, 1, D)
    return dict(a=1 + abs(draw(1)), W=W, b=0.3 * draw.signs(1) - W @ x, c=draw(D) / 3, x=x)


hessian = Exercise(
    points=6,
    forbids=["automatic differentiation"],
    driver=of_a_vector,
    tolerance=SECOND,
    cases={
        "three coordinates": partial(height, D=3),
        "five coordinates": partial(height, D=5, pace=0.7),
        "a fast wave": fast_wave,
        "a single coordinate": partial(height, D=1),
    },
    checks=[
        agrees(4, "holds the second derivatives of f, pure and mixed", on=["three coordinates", "five coordinates"]),
        agrees(
            2,
            "is exact for a fast wave and for a single coordinate",
            on=["a fast wave", "a single coordinate"],
        ),
    ],
    mistakes=[
        Mistake(
            "no_mixed",
            "You fill in the diagonal only and leave zeros elsewhere. The slope along one coordinate may change along every other coordinate, too.",
            edit("return H", "return np.diag(np.diag(H))"),
        ),
        Mistake(
            "slopes_multiplied",
            "You multiply first derivatives. A second derivative is the derivative of a first derivative, not a product of two of them.",
            edit("(same - opposite) / (4 * h**2)", "(f(x + a) - f(x - a)) * (f(x + b) - f(x - b)) / (4 * h**2)"),
        ),
        Mistake(
            "four_times",
            "Your answer is four times too large: in each of the two directions the points are 2h apart.",
            edit("4 * h**2", "h**2"),
        ),
        Mistake(
            "to_one_side",
            "You step to one side only, so your error is of order h. Step forward and backward in both coordinates.",
            returns("np.array([[(f(x + a + b) - f(x + a) - f(x + b) + f(x)) / h**2 for b in steps] for a in steps])"),
        ),
    ],
    hints=[
        "What is the Jacobian of the gradient?",
        "If g is ∂f/∂xᵢ, which two values of g give its slope along coordinate j, and which two values of f give each of these?",
    ],
)

divergence = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    driver=of_a_field,
    tolerance=FIRST,
    cases={
        "a field in space": partial(field, D=3, M=3),
        "a field in the plane": partial(field, D=2, M=2),
        "five coordinates": partial(field, D=5, M=5),
        "a single coordinate": partial(field, D=1, M=1),
    },
    checks=[
        agrees(
            2, "adds up how each entry changes along its own coordinate", on=["a field in space", "five coordinates"]
        ),
        agrees(1, "is right in the plane and on a line", on=["a field in the plane", "a single coordinate"]),
    ],
    mistakes=[
        Mistake(
            "every_entry",
            "You add up the whole Jacobian. How entry i changes along another coordinate does not count as outflow.",
            edit("(F(x + step)[i] - F(x - step)[i])", "(F(x + step) - F(x - step)).sum()"),
        ),
        Mistake("not_halved", NOT_HALVED, edit("/ (2 * h)", "/ h")),
        Mistake(
            "averaged",
            "You average over the coordinates. A divergence is a sum: what flows out in each direction adds up.",
            edit("for i, step in enumerate(steps))", "for i, step in enumerate(steps)) / len(x)"),
        ),
        Mistake(
            "not_added_up",
            "You return one number for each coordinate. The divergence is the sum of these numbers.",
            returns("np.array([(F(x + step)[i] - F(x - step)[i]) / (2 * h) for i, step in enumerate(steps)])"),
        ),
        Mistake(
            "forward",
            ONE_SIDED.format("x"),
            edit("(F(x + step)[i] - F(x - step)[i]) / (2 * h)", "(F(x + step)[i] - F(x)[i]) / h"),
        ),
        Mistake(
            "backward",
            ONE_SIDED.format("x"),
            edit("(F(x + step)[i] - F(x - step)[i]) / (2 * h)", "(F(x)[i] - F(x - step)[i]) / h"),
        ),
    ],
    hints=[
        "Which D entries of the D×D Jacobian does the divergence need?",
        "If only coordinate i moves, which entry of F do you look at?",
    ],
)

space = partial(field, D=3, M=3)

curl = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    driver=of_a_field,
    tolerance=FIRST,
    cases={
        "a field in space": space,
        "another field": partial(space, K=3),
        "seven waves": partial(space, K=7),
        "a field that grows": lambda draw: space(draw) | dict(C=draw(3, 3)),
    },
    checks=[
        agrees(3, "measures the rotation of the field around each axis", on=["a field in space", "another field"]),
        agrees(1, "is right for fields that vary faster", on=["seven waves", "a field that grows"]),
    ],
    mistakes=[
        Mistake(
            "reversed",
            "Every entry has the wrong sign: the field turns the other way. Which of the two derivatives comes first?",
            returns("np.array([J[1, 2], J[2, 0], J[0, 1]]) - [J[2, 1], J[0, 2], J[1, 0]]"),
        ),
        Mistake(
            "middle_sign",
            "Your middle entry has the wrong sign. Cycle the indices 1 → 2 → 3 → 1 to see which derivative comes first.",
            edit("J[0, 2] - J[2, 0]", "J[2, 0] - J[0, 2]"),
        ),
        Mistake(
            "added",
            "You add the two derivatives of each pair. Only their difference tells rotation from stretching.",
            returns("np.array([J[2, 1] + J[1, 2], J[0, 2] + J[2, 0], J[1, 0] + J[0, 1]])"),
        ),
        Mistake(
            "axes_out_of_order",
            "Your entries are in the wrong order. Entry i is the rotation around axis i, and uses the two other coordinates.",
            returns("np.array([J[1, 0] - J[0, 1], J[0, 2] - J[2, 0], J[2, 1] - J[1, 2]])"),
        ),
    ],
    hints=[
        "The field (−y, x, 0) turns around the third axis. Which two entries of its Jacobian show that?",
        "Each entry of the curl is a difference of two entries of the Jacobian that mirror each other. Which pair belongs to which axis?",
    ],
)

BEND = "(f(x + step) - 2 * f(x) + f(x - step)) / h**2"

laplacian = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    driver=of_a_vector,
    tolerance=SECOND,
    cases={
        "three coordinates": partial(height, D=3, pace=0.8),
        "six coordinates": partial(height, D=6, pace=0.7),
        "a fast wave": fast_wave,
        "a single coordinate": partial(height, D=1),
    },
    checks=[
        agrees(3, "adds up the pure second derivatives of f", on=["three coordinates", "six coordinates"]),
        agrees(1, "is exact for a fast wave and for a single coordinate", on=["a fast wave", "a single coordinate"]),
    ],
    mistakes=[
        Mistake(
            "squared_slopes",
            "You add up squares of first derivatives. A second derivative says how the slope changes, not how large it is.",
            edit(BEND, "((f(x + step) - f(x - step)) / (2 * h)) ** 2"),
        ),
        Mistake(
            "mixed_too",
            "You add up the whole Hessian. Mixed derivatives do not count: one coordinate moves at a time.",
            edit(
                "return sum(",
                "return sum((f(x + a + b) + f(x - a - b) - f(x + a - b) - f(x - a + b)) / (4 * h**2) for a in steps for b in steps)\n    return sum(",
            ),
        ),
        Mistake(
            "averaged",
            "You average over the coordinates. A Laplacian is a sum of second derivatives.",
            edit("for step in steps)", "for step in steps) / len(x)"),
        ),
        Mistake(
            "divided_once",
            "You divide by h once. A second difference is a difference of differences: it takes two divisions.",
            edit("h**2", "h"),
        ),
    ],
    hints=[
        "Which entries of the Hessian add up to the Laplacian?",
        "How do f at a point and its two neighbours on a line say whether the line bends up or down?",
    ],
)


def near(draw, D=4, distance=0.7):
    """A point x at a distance from x0 where the Taylor estimate and f itself differ clearly."""
    inputs, d = height(draw, D=D), draw(D)
    inputs["x0"] = inputs["x"]
    inputs["x"] = inputs["x0"] + distance * d / np.linalg.norm(d)
    return inputs


taylor2 = Exercise(
    points=5,
    forbids=["automatic differentiation"],
    driver=of_a_vector,
    # What the Hessian's differences leave is multiplied by |x − x0|², which is about 1, and so is f.
    tolerance=SECOND,
    cases={
        "four coordinates": near,
        "six coordinates": partial(near, D=6, distance=1.0),
        "a single coordinate": partial(near, D=1, distance=0.5),
        "a point farther off": partial(near, D=3, distance=2.0),
    },
    checks=[
        agrees(
            3,
            "adds up the value, the first-order and the second-order term of f at x0",
            on=["four coordinates", "six coordinates"],
        ),
        agrees(
            2,
            "is right for one coordinate and for points farther off",
            on=["a single coordinate", "a point farther off"],
        ),
    ],
    mistakes=[
        Mistake(
            "no_half",
            "Your second-order term is twice too large. Differentiate d² twice to see which factor it needs.",
            edit(" / 2", ""),
        ),
        Mistake(
            "first_order",
            "You stop at first order. The term with the Hessian is missing: it adds the curvature to the tangent plane.",
            edit(" + d @ hessian(f, x0, h) @ d / 2", ""),
        ),
        Mistake(
            "derivatives_at_x",
            "You take the derivatives at x. The estimate may use the value and the derivatives of f at x0 only.",
            edit("gradient(f, x0, h) @ d + d @ hessian(f, x0, h)", "gradient(f, x, h) @ d + d @ hessian(f, x, h)"),
        ),
        Mistake(
            "backwards",
            "Your step goes from x to x0, so its sign is wrong. A Taylor estimate steps from x0, where f is known, to x.",
            edit("x - x0", "x0 - x"),
        ),
    ],
    hints=[
        "What is the second-order Taylor polynomial of a function of one number, and what becomes of f′ and f″ here?",
        "Which product of d = x − x0 with the gradient, and which with the Hessian, is a single number?",
    ],
)


def two_fields(draw, D=4, M=3, P=2):
    """F from D to M numbers, then G from M to P; F's values are of the size at which G's waves are not too fast."""
    F, G = field(draw, D=D, M=M), field(draw, D=M, M=P)
    F["A"] = F["A"] / 2
    return F | dict(A2=G["A"], W2=G["W"] / 2, b2=G["b"], C2=G["C"] / 4)


chain_rule = Exercise(
    points=5,
    forbids=["automatic differentiation"],
    driver=of_two_fields,
    # A product of two Jacobians: each is off by some 1e-10, times the entries of the other, which are about 1 to 10.
    tolerance=FIRST,
    cases={
        "three, three, three": partial(two_fields, D=3, M=3, P=3),
        "four, three, two": two_fields,
        "two, five, four": partial(two_fields, D=2, M=5, P=4),
        "through a single number": partial(two_fields, D=3, M=1, P=4),
        "a single number out": partial(two_fields, D=4, M=3, P=1),
    },
    checks=[
        agrees(
            3,
            "multiplies the Jacobian of G at F(x) by that of F at x",
            on=["three, three, three", "four, three, two", "two, five, four"],
        ),
        agrees(
            2, "is right where F or G returns a single number", on=["through a single number", "a single number out"]
        ),
    ],
    mistakes=[
        Mistake(
            "order_swapped",
            "You multiply in the wrong order. Check the shapes: (P, M) times (M, D) gives (P, D).",
            edit("jacobian(G, F(x), h) @ jacobian(F, x, h)", "jacobian(F, x, h) @ jacobian(G, F(x), h)"),
        ),
        Mistake(
            "outer_at_x",
            "You take the Jacobian of G at x. The input of G is not x: at which point is G evaluated?",
            edit("jacobian(G, F(x), h)", "jacobian(G, x, h)"),
        ),
        Mistake(
            "outer_alone",
            "You return the Jacobian of G alone. What F does to a small step in x is missing.",
            edit(" @ jacobian(F, x, h)", ""),
        ),
        Mistake(
            "transposed",
            "You return the transpose of the Jacobian: your rows belong to the coordinates of x. They must belong to the entries of G.",
            edit("jacobian(G, F(x), h) @ jacobian(F, x, h)", "(jacobian(G, F(x), h) @ jacobian(F, x, h)).T"),
        ),
    ],
    hints=[
        "A small step dx changes the output of F by J·dx. By how much does that change the output of G?",
        "At which point is each of the two Jacobians taken?",
    ],
)


# Products with Jacobians and Hessians

# For a vector of length 10, a step h along it leaves ten times ten times the error of a step of length h: 1e-8 of the answer,
# and more for a curved F. Columns that are found one by one leave 1e-10, a difference to one side 1e-5 or more.
ALONG = 3e-8


def of_length(direction, length):
    return length * direction / np.linalg.norm(direction)


def pushed(draw, D=4, M=3, length=3.0):
    """A field that bends slowly enough for steps of ten h, and a direction in its inputs."""
    return field(draw, D=D, M=M) | dict(W=0.5 * draw(5, D), v=of_length(draw(D) + 0.5, length))


def pulled(draw, D=4, M=3, length=3.0):
    """A field, and a weight for each of its entries."""
    return field(draw, D=D, M=M) | dict(W=0.5 * draw(5, D), u=of_length(draw(M) + 0.5, length))


PUSH = "(F(x + h * v) - F(x - h * v)) / (2 * h)"
NORMALISED = "You bring {0} to length 1. The product is linear in {0}: twice as long a {0} gives twice the answer."

jvp = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    driver=of_a_field,
    tolerance=ALONG,
    cases={
        "as many out as in": partial(pushed, D=3, M=3),
        "four in, three out": pushed,
        "two in, six out": partial(pushed, D=2, M=6, length=2.0),
        "a vector of length 10": partial(pushed, D=5, M=4, length=10.0),
        "a vector of length 0.1": partial(pushed, D=3, M=4, length=0.1),
        "a single coordinate in": partial(pushed, D=1, M=3, length=2.0),
        "a single entry out": partial(pushed, D=4, M=1),
    },
    checks=[
        agrees(
            2,
            "says how every entry of F changes along v",
            on=["as many out as in", "four in, three out", "two in, six out"],
        ),
        agrees(
            1,
            "grows with the length of v, and is right for one coordinate or one entry",
            on=["a vector of length 10", "a vector of length 0.1", "a single coordinate in", "a single entry out"],
        ),
    ],
    mistakes=[
        Mistake(
            "normalised",
            NORMALISED.format("v"),
            edit(f"return {PUSH}", f"v = v / np.linalg.norm(v)\n    return {PUSH}"),
        ),
        Mistake(
            "transposed",
            "You multiply by the transposed Jacobian. Its columns belong to the coordinates of x, and so do the entries of v.",
            returns("jacobian(F, x, h).T @ v"),
        ),
        Mistake("forward", ONE_SIDED.format("x"), returns("(F(x + h * v) - F(x)) / h")),
        Mistake("backward", ONE_SIDED.format("x"), returns("(F(x) - F(x - h * v)) / h")),
        Mistake("not_halved", NOT_HALVED, edit("/ (2 * h)", "/ h")),
        Mistake(
            "all_at_once",
            "You move every coordinate by the same h. Each moves by its own entry of v.",
            returns("(F(x + h) - F(x - h)) / (2 * h)"),
        ),
    ],
    hints=[
        "If x moves by a small multiple of v, by what does F move, to first order?",
        "Is the whole Jacobian needed? How many calls of F does a slope along one line take?",
    ],
)


vjp = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    driver=of_a_field,
    tolerance=FIRST,
    cases={
        "as many out as in": partial(pulled, D=3, M=3),
        "four in, three out": pulled,
        "six in, two out": partial(pulled, D=6, M=2, length=2.0),
        "a vector of length 10": partial(pulled, D=5, M=4, length=10.0),
        "a vector of length 0.1": partial(pulled, D=3, M=4, length=0.1),
        "a single coordinate in": partial(pulled, D=1, M=3, length=2.0),
        "a single entry out": partial(pulled, D=4, M=1),
    },
    checks=[
        agrees(
            2,
            "is the slope of u · F in every coordinate",
            on=["as many out as in", "four in, three out", "six in, two out"],
        ),
        agrees(
            1,
            "grows with the length of u, and is right for one coordinate or one entry",
            on=["a vector of length 10", "a vector of length 0.1", "a single coordinate in", "a single entry out"],
        ),
    ],
    mistakes=[
        Mistake(
            "normalised", NORMALISED.format("u"), returns("gradient(lambda p: u / np.linalg.norm(u) @ F(p), x, h)")
        ),
        Mistake(
            "transposed",
            "You multiply by the Jacobian itself. Its rows belong to the entries of F, and so do the entries of u.",
            returns("jacobian(F, x, h) @ u"),
        ),
        Mistake(
            "forward",
            ONE_SIDED.format("x"),
            returns("np.array([u @ (F(x + step) - F(x)) / h for step in h * np.eye(len(x))])"),
        ),
        Mistake(
            "backward",
            ONE_SIDED.format("x"),
            returns("np.array([u @ (F(x) - F(x - step)) / h for step in h * np.eye(len(x))])"),
        ),
        Mistake("not_halved", NOT_HALVED, returns("2 * …")),
        Mistake(
            "unweighted",
            "You add up the entries of F as they are. Each counts with its own entry of u.",
            edit("u @ F(p)", "F(p).sum()"),
        ),
    ],
    hints=[
        "Which one number has the gradient Jᵀ·u? Write out the entries of the product.",
        "Once that number is a function of x, which exercise of this unit finishes the job?",
    ],
)


def curved(draw, D=4, length=3.0, pace=0.5):
    """A function of D numbers and a direction."""
    return height(draw, D=D, pace=pace) | dict(v=of_length(draw(D) + 0.5, length))


def curved_wave(draw):
    """A fast wave and a direction that crosses it."""
    given = fast_wave(draw)
    return given | dict(v=of_length(given["W"][0] + draw(2), 2.0))


def counting(hessian_vector_product, a, W, b, c, x, v):
    """-> product (D,), excess

    `excess` is how many calls of f were made above 8·D + 8.
    """
    calls = []

    def f(x):
        calls.append(len(x))
        return a @ np.sin(W @ x + b) + np.exp(c @ x)

    product = hessian_vector_product(f=f, x=x, v=v)
    return product, max(0, len(calls) - 8 * len(x) - 8)


def product_to_one_side(f, x, v, h=1e-4):
    def slopes(p):
        return np.array([(f(p + step) - f(p)) / h for step in h * np.eye(len(x))])

    return (slopes(x + h * v) - slopes(x)) / h


def product_with_half_a_hessian(f, x, v, h=1e-4):
    H, steps = np.zeros((len(x), len(x))), h * np.eye(len(x))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps[: i + 1]):
            same, opposite = f(x + a + b) + f(x - a - b), f(x + a - b) + f(x - a + b)
            H[i, j] = H[j, i] = (same - opposite) / (4 * h**2)
    return H @ v


TURN = "(gradient(f, x + h * v, h) - gradient(f, x - h * v, h)) / (2 * h)"

WHOLE_HESSIAN = "Your answer is right, but you fill a Hessian, and that takes calls of f that grow as D². How does the gradient change along v alone?"

hessian_vector_product = Exercise(
    points=5,
    forbids=["automatic differentiation"],
    driver=of_a_vector,
    tolerance=SECOND,
    words={"excess": "the number of calls of f above 8·D + 8"},
    cases={
        "four coordinates": curved,
        "six coordinates": partial(curved, D=6, length=1.3),
        "a fast wave": curved_wave,
        "a vector of length 10": partial(curved, D=3, length=10.0),
        "a vector of length 0.1": partial(curved, D=5, length=0.1),
        "a single coordinate": partial(curved, D=1, length=2.0),
        "twenty coordinates, counted": partial(curved, D=20, pace=0.2),
        "thirty-one coordinates, counted": partial(curved, D=31, pace=0.2, length=2.0),
    },
    checks=[
        agrees(2, "is the Hessian times v", on=["four coordinates", "six coordinates", "a fast wave"]),
        agrees(
            1,
            "grows with the length of v",
            on=["a vector of length 10", "a vector of length 0.1", "a single coordinate"],
        ),
        agrees(
            2,
            "needs no more than 8·D + 8 calls of f",
            on=["twenty coordinates, counted", "thirty-one coordinates, counted"],
            driver=counting,
        ),
    ],
    mistakes=[
        Mistake("entry_by_entry", WHOLE_HESSIAN, returns("hessian(f, x, h) @ v")),
        Mistake("half_the_entries", WHOLE_HESSIAN, product_with_half_a_hessian),
        Mistake(
            "normalised",
            NORMALISED.format("v"),
            edit(f"return {TURN}", f"v = v / np.linalg.norm(v)\n    return {TURN}"),
        ),
        Mistake("not_halved", NOT_HALVED, edit("/ (2 * h)", "/ h")),
        Mistake(
            "halved",
            "Your answer is half as large as it should be. The Hessian times v has no ½: that belongs to the quadratic term of a Taylor estimate.",
            edit("/ (2 * h)", "/ (4 * h)"),
        ),
        Mistake(
            "diagonal",
            "You use the diagonal of the Hessian only. The slope along one coordinate may change along every other coordinate, too.",
            returns("np.diag(hessian(f, x, h)) * v"),
        ),
        Mistake(
            "quadratic_form",
            "You multiply by v once more, which leaves one number, v·H·v. Asked is the vector H·v.",
            returns("v @ …"),
        ),
        Mistake(
            "to_one_side",
            "You step to one side only, so your error is of order h. Step forward and backward, both along v and in each coordinate.",
            product_to_one_side,
        ),
    ],
    hints=[
        "The Hessian is the Jacobian of the gradient. Which exercise of this unit multiplies a Jacobian by a vector, and with how many calls?",
        "How many gradients do you need, at which points, and how many calls of f does each of them take?",
    ],
)


def form(draw, D=4):
    return dict(A=draw(D, D), x=draw(D))


quadratic_form_gradient = Exercise(
    points=3,
    forbids=["automatic differentiation"],
    cases={
        "four coordinates": form,
        "seven coordinates": partial(form, D=7),
        "two coordinates": partial(form, D=2),
        "a single coordinate": partial(form, D=1),
        "entries of many sizes": lambda draw: dict(A=draw(5, 5) * 10.0 ** draw.integers(-3, 4, 5, 5), x=draw(5)),
    },
    checks=[
        agrees(2, "counts both places where x appears", on=["four coordinates", "seven coordinates"]),
        agrees(1, "is right for any size", on=["two coordinates", "entries of many sizes", "a single coordinate"]),
    ],
    mistakes=[
        Mistake(
            "as_if_symmetric",
            "Your formula holds for a symmetric matrix, and A is not symmetric: the x on the left and the x on the right of A give different terms.",
            edit("(A + A.T)", "2 * A"),
        ),
        Mistake(
            "one_side",
            "You differentiate only one of the two x's. The product rule has a second term.",
            edit("(A + A.T)", "A"),
        ),
        Mistake(
            "other_side",
            "You use the transpose of A for both terms. Which matrix belongs to the x on the left, and which to the x on the right?",
            edit("(A + A.T)", "2 * A.T"),
        ),
        Mistake(
            "halved",
            "You take the symmetric part of A, which is half of what is needed. Check with one coordinate: the derivative of a·x² is 2·a·x.",
            edit("(A + A.T) @ x", "(A + A.T) @ x / 2"),
        ),
    ],
    hints=[
        "Write x·A·x as a double sum. In which terms does one coordinate of x appear?",
        "Use the product rule: hold the right x fixed and move the left one, then the other way round.",
    ],
)


def regression(draw, N=6, D=4, M=3):
    return dict(X=draw(N, D), W=draw(D, M), Y=draw(N, M))


least_squares_gradient = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    cases={
        "six examples": regression,
        "fewer examples than inputs": partial(regression, N=2, D=5, M=3),
        "a single example": partial(regression, N=1, D=3, M=2),
        "a single input and output": partial(regression, N=5, D=1, M=1),
        "inputs of many sizes": lambda draw: regression(draw, D=3) | dict(X=draw(6, 3) * [1000.0, 1.0, 0.001]),
    },
    checks=[
        agrees(
            3,
            "is the gradient of the sum of all squared errors",
            on=["six examples", "fewer examples than inputs", "inputs of many sizes"],
        ),
        agrees(1, "keeps both axes of W", on=["a single example", "a single input and output"]),
    ],
    mistakes=[
        Mistake(
            "no_two",
            "The factor 2 from the derivative of the square is missing. Some books put ½ in front of the loss; this loss has none.",
            edit("2 * X.T", "X.T"),
        ),
        Mistake(
            "averaged",
            "You average over the examples. The loss is a sum of squares, so the gradient is a sum, too.",
            edit("(X @ W - Y)", "(X @ W - Y) / len(X)"),
        ),
        Mistake(
            "targets_first",
            "Your gradient has the wrong sign: the error is prediction minus target, and W is in the prediction.",
            edit("(X @ W - Y)", "(Y - X @ W)"),
        ),
        Mistake(
            "no_targets",
            "You leave the targets out of the error. The gradient must vanish where XW equals Y.",
            edit("(X @ W - Y)", "(X @ W)"),
        ),
        Mistake(
            "transposed",
            "You return the transpose of the gradient. It must have the shape of W, (D, M).",
            edit("2 * X.T @ (X @ W - Y)", "(2 * X.T @ (X @ W - Y)).T"),
        ),
    ],
    hints=[
        "Write the loss as a sum over examples n and outputs m. Which terms contain the weight W[d, m]?",
        "Which product of X and the errors has the shape of W, and adds over the examples?",
    ],
)


def far_scores(draw, highest=1000.0):
    """Two scores that compete at the top, others in between and far below."""
    return dict(x=np.concatenate([highest - 0.5 + 0.5 * draw(2), [3.0, -1000.0, 40.0]])[draw.permutation(5)])


softmax_jacobian = Exercise(
    points=5,
    forbids=["automatic differentiation"],
    cases={
        "four scores": lambda draw: dict(x=draw(4)),
        "seven scores": lambda draw: dict(x=2 * draw(7)),
        "a single score": lambda draw: dict(x=draw(1)),
        "scores up to 1000": far_scores,
        "all scores near -1000": lambda draw: dict(x=-1000 + draw(4)),
    },
    checks=[
        agrees(
            3, "says how each probability changes with each score", on=["four scores", "seven scores", "a single score"]
        ),
        agrees(2, "is right and finite for scores up to ±1000", on=["scores up to 1000", "all scores near -1000"]),
    ],
    mistakes=[
        Mistake(
            "diagonal_alone",
            "You leave zeros off the diagonal. All probabilities share one denominator, so each score changes all of them.",
            edit("np.diag(p) - np.outer(p, p)", "np.diag(p * (1 - p))"),
        ),
        Mistake(
            "no_diagonal",
            "Your diagonal lacks the term that a probability gains from its own score. Check: each row of the Jacobian must add up to 0.",
            edit("np.diag(p) - np.outer(p, p)", "-np.outer(p, p)"),
        ),
        Mistake(
            "added",
            "Your signs are wrong off the diagonal: when one score grows, the other probabilities shrink.",
            edit("np.diag(p) - np.outer(p, p)", "np.diag(p) + np.outer(p, p)"),
        ),
        Mistake(
            "identity",
            "Your diagonal starts from 1 where it must start from the probability itself. Write out the quotient rule.",
            edit("np.diag(p) - np.outer(p, p)", "np.eye(len(p)) - np.outer(p, p)"),
        ),
        Mistake(
            "overflow",
            "Your softmax gives nan for scores like ±1000: exp(1000) is inf and exp(-1000) is 0. Softmax does not change when all scores are shifted by the same number.",
            edit("x - x.max()", "x"),
        ),
        Mistake(
            "squares_for_products",
            "You subtract p·p, which are the squares, and they are subtracted from every row alike. Row i and column j need the product of p_i and p_j.",
            edit("np.outer(p, p)", "p * p"),
        ),
        Mistake(
            "inner_product",
            "You subtract p·p as one number. Row i and column j need the product of p_i and p_j.",
            edit("np.outer(p, p)", "p @ p"),
        ),
    ],
    hints=[
        "Differentiate the quotient of exp(xᵢ) and the sum: once in xᵢ, once in another xⱼ. Which form fits both?",
        "Which matrix has the probabilities on its diagonal, and which has all their products? For scores far from 0, shift them so that the largest is 0.",
    ],
)


# Dual: formulas as programs. A step is (operation, operands): an int is the number of a node, a float is a number.


def carried(Dual, leaves, constants, program):
    """-> values (K,), slopes (K,)

    Those of every number, given or made, when all are made. A leaf is a value with its slope, a constant a value alone.
    """
    nodes = [Dual(value, slope) for value, slope in leaves] + [Dual(value) for value in constants]
    for op, *operands in program:
        given = [nodes[item] if isinstance(item, int) else item for item in operands]
        if op == "+":
            made = given[0] + given[1]
        elif op == "-":
            made = given[0] - given[1]
        elif op == "*":
            made = given[0] * given[1]
        elif op == "/":
            made = given[0] / given[1]
        elif op == "**":
            made = given[0] ** given[1]
        elif op == "neg":
            made = -given[0]
        else:
            made = getattr(given[0], op)()
        nodes.append(made)
    return np.array([node.value for node in nodes]), np.array([node.slope for node in nodes])


def some(draw, n):
    """Numbers between 1/2 and 2: a division or a logarithm of them is harmless, and none is 1 to the digit."""
    return [float(number) for number in draw.uniform(0.5, 2.0, n)]


def formula(program, n=2, constants=0):
    """Leaves with slopes of either sign, none of them 0 or 1."""

    def drawn(draw):
        slopes = [float(sign * size) for sign, size in zip(draw.signs(n), draw.uniform(1.2, 2.5, n), strict=True)]
        leaves = [list(pair) for pair in zip(some(draw, n), slopes, strict=True)]
        return dict(leaves=leaves, constants=some(draw, constants), program=program)

    return drawn


def either_sign(program, n=2):
    """Leaves of both signs, none near 0, where a relu has its kink, and none beyond 1, so that it cannot have it there."""

    def drawn(draw):
        given = formula(program, n)(draw)
        values = draw.uniform(0.5, 0.95, n) * [1.0, -1.0, *draw.signs(n - 2)]
        return given | dict(
            leaves=[[float(value), slope] for value, (_, slope) in zip(values, given["leaves"], strict=True)]
        )

    return drawn


def woven(draw):
    """Ten sums, products, quotients and differences, each put through a tangent that keeps what follows small."""
    given = formula([], n=3, constants=1)(draw)
    small, program = list(range(4)), []
    for _ in range(10):
        op = ("+", "*", "/", "-")[int(draw.integers(0, 4))]
        program += [(op, small[-1 - int(draw.integers(0, 3))], int(draw.integers(0, 4))), ("tanh", 4 + len(program))]
        small.append(3 + len(program))
    return given | dict(program=program)


ARITHMETIC = [("+", 0, 1), ("-", 0, 1), ("*", 0, 1), ("/", 0, 1), ("neg", 0), ("*", 4, 5), ("/", 2, 6), ("-", 3, 7)]
FUNCTIONS = [("tanh", 0), ("exp", 1), ("log", 0), ("*", 2, 3), ("exp", 2), ("tanh", 4), ("log", 6)]
POWERS = [
    ("**", 0, 3.0),
    ("**", 1, 2.0),
    ("**", 0, -1.5),
    ("**", 0, 0.5),
    ("**", 1, 3.0),
    ("**", 1, -1.0),
    ("**", 0, 1.0),
]
RELUS = [("relu", 0), ("relu", 1), ("neg", 1), ("relu", 4), ("*", 2, 5), ("neg", 6), ("relu", 7), ("+", 3, 6)]
NUMBERS = [
    ("+", 2.5, 0),
    ("*", 1.5, 1),
    ("-", 4.0, 0),
    ("/", 2.0, 1),
    ("+", 0, 3.0),
    ("*", 1, 0.5),
    ("-", 0, 1.5),
    ("/", 1, 2.5),
    ("+", -0.5, 1),
    ("-", 1, 4.5),
]
CONSTANTS = [("*", 0, 1), ("+", 1, 0), ("/", 0, 1), ("exp", 1), ("-", 1, 2), ("*", 1, 1)]
TWICE = [("*", 0, 0), ("+", 2, 2), ("/", 0, 2), ("-", 1, 1), ("*", 3, 2), ("**", 2, 2.0), ("+", 1, 0)]


def parts_of_a_formula(inputs):
    """What the numbers are: each node as its operation on the leaves, called a, b, c."""
    texts = [chr(ord("a") + i) for i in range(len(inputs["leaves"]) + len(inputs["constants"]))]
    for number, (op, *operands) in enumerate(inputs["program"], 1):
        given = [texts[item] if isinstance(item, int) else str(item) for item in operands]
        text = (
            f"-{given[0]}" if op == "neg" else f"{op}({given[0]})" if len(given) == 1 else f"({f' {op} '.join(given)})"
        )
        texts.append(text if len(text) <= 40 else f"step {number} ({op})")
    return {f"{part}s[{i}]": f"the {part} of {text}" for part in ("value", "slope") for i, text in enumerate(texts)}


Dual = Exercise(
    points=7,
    forbids=["automatic differentiation"],
    words=parts_of_a_formula,
    driver=carried,
    cases={
        "arithmetic": formula(ARITHMETIC),
        "powers": either_sign(POWERS),
        "functions": formula(FUNCTIONS),
        "relus": either_sign(RELUS),
        "numbers on either side": formula(NUMBERS),
        "a constant": formula(CONSTANTS, n=1, constants=1),
        "numbers used twice": formula(TWICE),
        "a long formula": woven,
    },
    checks=[
        agrees(1, "computes + − * / ** and neg", on=["arithmetic", "powers"], part="values"),
        agrees(1, "computes relu, tanh, exp and log", on=["functions", "relus"], part="values"),
        agrees(1, "carries slopes through + − * / and neg", on="arithmetic"),
        agrees(1, "carries slopes through powers", on="powers"),
        agrees(1, "carries slopes through relu, tanh, exp and log", on=["functions", "relus"]),
        agrees(1, "takes a number on either side, and gives it slope 0", on=["numbers on either side", "a constant"]),
        agrees(
            1,
            "makes a new number each time, and leaves the given ones as they were",
            on=["numbers used twice", "a long formula"],
        ),
    ],
    mistakes=[
        Mistake(
            "slopes_multiplied",
            "You multiply the slopes of a product's factors. The product rule has two terms, in each of which one factor stays as it is.",
            edit("self.slope * other.value + self.value * other.slope", "self.slope * other.slope"),
        ),
        Mistake(
            "one_factor",
            "Your product takes the slope of its left factor only. The right one may change, too: the product rule has two terms.",
            edit("self.slope * other.value + self.value * other.slope", "self.slope * other.value"),
        ),
        Mistake(
            "constants_change",
            "You give a plain number slope 1, as if it were the variable. A number does not change.",
            edit("else Dual(x)", "else Dual(x, 1.0)", of="_dual"),
        ),
        Mistake(
            "default_slope",
            "Your Dual has slope 1 where none is given. One that is made from a value alone is a constant.",
            edit("slope=0.0", "slope=1.0"),
        ),
        Mistake(
            "quotient_rule",
            "You divide the slopes of a quotient. A quotient changes with both: it falls when its divisor grows.",
            edit(
                "(self.slope - quotient * other.slope) / other.value",
                "self.slope / other.slope if other.slope else 0.0",
            ),
        ),
        Mistake(
            "divisor_sign",
            "Your slope of a quotient has the wrong sign for the divisor: for positive numbers, a quotient falls when its divisor grows.",
            edit("self.slope - quotient", "self.slope + quotient"),
        ),
        Mistake(
            "power_rule",
            "Your slope of a power keeps the exponent. Differentiation lowers the exponent by one.",
            edit("(exponent - 1)", "exponent"),
        ),
        Mistake(
            "power_not_chained",
            "Your slope of a power is right for a variable only. By the chain rule the inner slope is a factor.",
            edit(" ** (exponent - 1) * self.slope", " ** (exponent - 1)"),
        ),
        Mistake(
            "functions_not_chained",
            "Your exp has its own value as its slope, whatever enters. By the chain rule the inner slope is a factor.",
            edit("Dual(e, e * self.slope)", "Dual(e, e)"),
        ),
        Mistake(
            "tanh_of_input",
            "You compute the slope of tanh from its input. The formula that you use needs the output of tanh.",
            edit("1 - t**2", "1 - self.value**2"),
        ),
        Mistake(
            "relu_open",
            "Your relu passes on every slope. Where its input is negative, its output is 0 and stays 0.",
            edit("self.slope if self.value > 0 else 0.0", "self.slope"),
        ),
        Mistake(
            "swapped_difference",
            "You compute a number minus a Dual as the Dual minus the number.",
            edit("_dual(other) - self", "self - other"),
        ),
        Mistake(
            "swapped_quotient",
            "You compute a number divided by a Dual as the Dual divided by the number.",
            edit("_dual(other) / self", "self / other"),
        ),
        Mistake(
            "in_place",
            "Your + changes the number on its left. Others may still need it: return a new Dual.",
            edit(
                "return Dual(self.value + other.value, self.slope + other.slope)",
                "self.value, self.slope = self.value + other.value, self.slope + other.slope\n        return self",
            ),
        ),
        Mistake(
            "slope_not_negated",
            "Your -x keeps the slope of x. Where x rises, -x falls.",
            edit("Dual(-self.value, -self.slope)", "Dual(-self.value, self.slope)"),
        ),
    ],
    hints=[
        "Each rule of differentiation says what happens to a value and to its slope. Which is the rule for a product, and which for exp?",
        "What is the slope of a plain number? If it becomes a Dual first, each operator needs only one rule.",
        "Which method does Python call for 2 - d, and which for d - 2?",
    ],
)
