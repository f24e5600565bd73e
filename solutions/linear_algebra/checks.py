from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, raises

LONG, SHORT = 1e6, 1e-6  # as gradients and features are; beside the short ones a small number that was added shows


# Vectors


def vector(draw, D=6, **more):
    """A vector whose largest entry is negative, so that a forgotten absolute value shows."""
    x = draw(D)
    x[D // 2] = -3 - abs(x[D // 2])
    return dict(x=x) | more


SMALL = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")  # what people add below a line

vector_norm = Exercise(
    points=3,
    cases={
        "six numbers, p left out": vector,
        "p = 2": partial(vector, D=5, p=2),
        "p = 1": partial(vector, p=1),
        "p = 1, five numbers": partial(vector, D=5, p=1),
        "p = inf": partial(vector, p=np.inf),
        "p = inf, seven numbers": partial(vector, D=7, p=np.inf),
        "a long vector": lambda draw: dict(x=LONG * draw(5)),
        "a short vector": lambda draw: dict(x=SHORT * draw(5), p=2),
        "one number": lambda draw: dict(x=-1 - abs(draw(1))),
    },
    checks=[
        agrees(
            1,
            "is the Euclidean length by default, of long and of short vectors",
            on=["six numbers, p left out", "p = 2", "one number", "a long vector", "a short vector"],
        ),
        agrees(1, "adds up absolute values for p = 1", on=["p = 1", "p = 1, five numbers"]),
        agrees(1, "takes the largest absolute value for p = inf", on=["p = inf", "p = inf, seven numbers"]),
    ],
    mistakes=[
        Mistake(
            "no_root",
            "You return the sum of the squares. A length has the unit of its entries: what undoes the square?",
            edit("np.sqrt((size**2).sum())", "(size**2).sum()"),
        ),
        Mistake(
            "signed",
            "A negative entry makes a vector longer, not shorter: the 1-norm and the inf-norm are of absolute values.",
            edit("size = np.abs(x)", "size = x"),
        ),
        Mistake(
            "mean_of_squares",
            "You take the mean of the squares. The norm adds them up: more entries make a vector longer.",
            edit("(size**2).sum()", "(size**2).mean()"),
        ),
        Mistake(
            "always_two",
            "You return the Euclidean length whatever p is. The argument p chooses between three norms.",
            edit("if p == 1:", "if p == 1:\n        p = 2\n    if p == np.inf:\n        p = 2\n    if p == 1:"),
        ),
        Mistake(
            "powers_at_infinity",
            "You use the formula with powers for p = inf, too, where it gives 1: the power 1/p is 0. There the norm is the largest absolute value.",
            edit("return size.max()", "return (size**p).sum() ** (1 / p)"),
        ),
        Mistake(
            "sum_at_infinity",
            "You add up absolute values for p = inf. There the norm is the largest of them.",
            edit("return size.max()", "return size.sum()"),
        ),
        *(
            Mistake(
                f"root_of_sum_plus_{eps}",
                "You add a small number under the root, so short vectors are too long. The root of 0 is 0, and needs no help.",
                edit("np.sqrt((size**2).sum())", f"np.sqrt((size**2).sum() + {eps})"),
            )
            for eps in SMALL
        ),
    ],
    hints=[
        "What are the three norms of (3, -4)? One of them is 5.",
        "Which of the three norms have a formula that works for negative entries as it stands, and which need absolute values?",
    ],
)


def pair(draw, D=5, scale_x=1.0, scale_y=1.0):
    return dict(x=scale_x * draw(D), y=scale_y * draw(D))


def along(draw, factor, D=4):
    x = draw(D)
    return dict(x=x, y=factor * x)


cosine_similarity = Exercise(
    points=3,
    cases={
        "two vectors": pair,
        "lengths far from 1": partial(pair, D=7, scale_x=40.0, scale_y=0.01),
        "two numbers each": partial(pair, D=2, scale_x=3.0),
        "the same direction": partial(along, factor=2.5),
        "opposite directions": partial(along, factor=-0.3),
        "all entries negative": lambda draw: dict(x=-np.abs(draw(4)), y=-np.abs(draw(4))),
        "long and short": partial(pair, scale_x=LONG, scale_y=SHORT),
        "both long": partial(pair, scale_x=LONG, scale_y=3 * LONG),
        "both short": partial(pair, scale_x=SHORT, scale_y=3 * SHORT),
    },
    checks=[
        agrees(
            2,
            "is the cosine of the angle, whatever the lengths",
            on=[
                "two vectors",
                "lengths far from 1",
                "two numbers each",
                "the same direction",
                "opposite directions",
                "all entries negative",
            ],
        ),
        agrees(1, "is right for lengths like 1e6 and 1e-6", on=["both long", "both short", "long and short"]),
    ],
    mistakes=[
        Mistake(
            "not_normalised",
            "You return the dot product, which grows with the lengths. A cosine depends on the angle alone.",
            edit("x, y = x / vector_norm(x), y / vector_norm(y)\n    return (x * y).sum()", "return (x * y).sum()"),
        ),
        Mistake(
            "one_length",
            "You divide by the length of x alone. Your answer still grows with the length of y.",
            edit("y / vector_norm(y)", "y"),
        ),
        Mistake(
            "squared_lengths",
            "You divide by the squares of the lengths. If x doubles, the dot product doubles and your divisor is four times as large.",
            edit("x / vector_norm(x), y / vector_norm(y)", "x / vector_norm(x) ** 2, y / vector_norm(y) ** 2"),
        ),
        Mistake(
            "distance",
            "You return 1 minus the cosine, which is the cosine distance: for equal directions it is 0, and the similarity is 1.",
            edit("return (x * y).sum()", "return 1 - (x * y).sum()"),
        ),
        *(
            Mistake(
                f"lengths_plus_{eps}",
                "You add a small number to the product of the lengths, so the cosine of two short vectors is too small. Neither vector is zero: none is needed.",
                edit(
                    "x, y = x / vector_norm(x), y / vector_norm(y)\n    return (x * y).sum()",
                    f"return (x * y).sum() / (vector_norm(x) * vector_norm(y) + {eps})",
                ),
            )
            for eps in SMALL
        ),
        *(
            Mistake(
                f"each_length_plus_{eps}",
                "You add a small number to each length, so the cosine of short vectors is too small. Neither vector is zero: none is needed.",
                edit(
                    "x / vector_norm(x), y / vector_norm(y)",
                    f"x / (vector_norm(x) + {eps}), y / (vector_norm(y) + {eps})",
                ),
            )
            for eps in SMALL[:-1]
        ),
    ],
    hints=[
        "What is the dot product of two vectors of length 1?",
        "What must happen to each vector before you multiply them, so that its length no longer matters?",
    ],
)


# Products and planes


def factors(draw, N=3, D=4, M=5):
    return dict(A=draw(N, D), B=draw(D, M))


matrix_multiply = Exercise(
    points=3,
    forbids=["a product of matrices"],
    cases={
        "3×4 by 4×5": factors,
        "a square": partial(factors, N=4, D=4, M=4),
        "a row by a matrix": partial(factors, N=1, D=3, M=6),
        "a matrix by a column": partial(factors, N=6, D=5, M=1),
        "a column by a row": partial(factors, N=3, D=1, M=4),
        "one number each": partial(factors, N=1, D=1, M=1),
    },
    checks=[
        agrees(2, "multiplies rows by columns", on=["3×4 by 4×5", "a square"]),
        agrees(
            1,
            "multiplies single rows, columns and numbers",
            on=["a row by a matrix", "a matrix by a column", "a column by a row", "one number each"],
        ),
    ],
    mistakes=[
        Mistake(
            "transposed",
            "Your product is transposed: its rows must be those of A, its columns those of B.",
            edit(".sum(axis=1)", ".sum(axis=1).T"),
        ),
        Mistake(
            "last_term",
            "You keep only the last product of each row and column. Add each product to the entry; do not overwrite it.",
            edit(".sum(axis=1)", "[:, -1]"),
        ),
        Mistake(
            "mean",
            "You average over the inner axis. An entry of the product is a sum.",
            edit(".sum(axis=1)", ".mean(axis=1)"),
        ),
        Mistake(
            "one_term_short",
            "Each sum lacks its last term. Does your range end one too early?",
            edit("A[:, :, None] * B)", "A[:, :-1, None] * B[:-1])"),
        ),
        Mistake(
            "positive",
            "You add up absolute values of the products. Keep the signs.",
            edit("A[:, :, None] * B", "np.abs(A[:, :, None] * B)"),
        ),
    ],
    hints=[
        "Which row of A and which column of B make the entry in row i and column j?",
        "Three loops are enough. To avoid them: which axes must A and B get so that broadcasting makes every single product?",
    ],
)


def plane(draw, N=5, D=3, scale=1.0):
    """A plane whose normal is far from length 1 and an offset that matters."""
    return dict(X=draw(N, D), w=scale * (draw(D) + 2), b=float(scale * (3 + abs(draw()))))


def turned_away(draw):
    """No entry of the normal is positive, and one is zero."""
    return plane(draw, N=6, D=4) | dict(w=-np.array([0.0, 2.0, 0.5, 1.0]) - np.array([0, 1, 1, 1]) * np.abs(draw(4)))


hyperplane_distance = Exercise(
    points=3,
    cases={
        "five points in space": plane,
        "two points in the plane": partial(plane, N=2, D=2),
        "a single point": partial(plane, N=1, D=6),
        "points on a line": partial(plane, N=4, D=1),
        "a negative offset": lambda draw: plane(draw, N=6, D=4) | dict(b=-2.5),
        "a normal without a positive entry": turned_away,
        "a long normal": partial(plane, scale=LONG),
        "a short normal": partial(plane, N=4, D=5, scale=SHORT),
    },
    checks=[
        agrees(
            2,
            "measures how far each point is from the plane, and on which side",
            on=[
                "five points in space",
                "two points in the plane",
                "a single point",
                "a negative offset",
                "a normal without a positive entry",
                "points on a line",
            ],
        ),
        agrees(1, "is right for a normal of length 1e6 or 1e-6", on=["a long normal", "a short normal"]),
    ],
    mistakes=[
        Mistake(
            "not_normalised",
            "You return w·x + b itself. When w and b double, it doubles, too, although the plane stays where it is.",
            edit(" / np.sqrt(w @ w)", ""),
        ),
        Mistake(
            "squared_length",
            "You divide by the square of w's length. That leads to the foot of the perpendicular, not to the distance.",
            edit("np.sqrt(w @ w)", "(w @ w)"),
        ),
        Mistake(
            "unsigned",
            "Your distances have no signs. The sign says on which side of the plane a point lies.",
            edit("return (X @ w + b)", "return np.abs(X @ w + b)"),
        ),
        Mistake(
            "offset_not_divided",
            "You divide w·x by the length of w, but not b. The plane is the same only if both are divided.",
            edit("return (X @ w + b) / np.sqrt(w @ w)", "return (X @ w) / np.sqrt(w @ w) + b"),
        ),
        Mistake(
            "minus_offset",
            "You subtract b. The plane is where w·x + b is 0, not where w·x is b.",
            edit("X @ w + b", "X @ w - b"),
        ),
        Mistake(
            "squared_length_of_a_scaled_normal",
            "You scale w and b together, which is fine, and then divide by the square of the length. Its root is missing.",
            edit("/ np.sqrt(w @ w)", "* np.abs(w).max() / (w @ w)"),
        ),
        *(
            Mistake(
                f"length_plus_{eps}",
                "You add a small number to the length of w, so the distances shrink where w is short. w is not zero: none is needed.",
                edit("np.sqrt(w @ w)", f"(np.sqrt(w @ w) + {eps})"),
            )
            for eps in SMALL[:-1]
        ),
    ],
    hints=[
        "What is w·x + b for a point on the plane, and for that point moved along w by one unit of length?",
        "By which number can you divide w and b so that w·x + b becomes a distance?",
    ],
)


# Projections


def space(draw, D=5, K=2, length=1.0):
    """A vector and columns that are neither orthogonal nor of unit length."""
    A = draw(D, K) + 1.0
    return dict(x=draw(D) + 0.5, A=length * A)


def inside(draw):
    A = draw(5, 3)
    return dict(x=A @ np.array([1.0, -2.0, 0.5]), A=A)


project = Exercise(
    points=4,
    cases={
        "a plane in five dimensions": space,
        "three of six dimensions": partial(space, D=6, K=3, length=7.0),
        "onto a line": partial(space, D=4, K=1),
        "a vector that lies in the space": inside,
        "short columns": partial(space, D=5, K=3, length=1e-3),
    },
    checks=[
        agrees(
            3,
            "gives the nearest vector of the space",
            on=["a plane in five dimensions", "three of six dimensions", "a vector that lies in the space"],
        ),
        agrees(1, "works for a line, and for columns of any length", on=["onto a line", "short columns"]),
    ],
    mistakes=[
        Mistake(
            "what_is_left",
            "You return the residual, x minus its projection: the part of x that is orthogonal to the space.",
            edit("return Q @ (Q.T @ x)", "return x - Q @ (Q.T @ x)"),
        ),
        Mistake(
            "coordinates",
            "You return coordinates, one for each column. The projection is a vector of the same length as x: combine the columns with these coordinates.",
            edit("return Q @ (Q.T @ x)", "return np.linalg.lstsq(A, x, rcond=None)[0]"),
        ),
        Mistake(
            "no_inverse",
            "You multiply x by A·Aᵀ. That projects only if the columns of A are orthonormal, and here they are not.",
            edit("Q, _ = np.linalg.qr(A)", "Q = A"),
        ),
        Mistake(
            "each_column_for_itself",
            "You project onto each column on its own and add up the results. Where columns are not orthogonal, what they share is counted twice.",
            edit("Q, _ = np.linalg.qr(A)", "Q = A / np.sqrt((A**2).sum(axis=0))"),
        ),
        Mistake(
            "first_column_only",
            "You project onto the line along the first column. The space is spanned by all of them.",
            edit("Q, _ = np.linalg.qr(A)", "Q, _ = np.linalg.qr(A[:, :1])"),
        ),
    ],
    hints=[
        "What is left of x after the projection is orthogonal to every column of A. What does that say about Aᵀ(x − p)?",
        "If the columns were orthonormal, the projection would be a sum of projections onto lines. How can you find such columns that span the same space?",
    ],
)


def columns(draw, D=5, K=3, length=1.0):
    """Well-conditioned columns; the first begins with a positive number, which Householder's signs turn round."""
    A = draw(D, K) + 2.5 * np.eye(D, K)
    A[0, 0] = 1 + abs(A[0, 0])
    return dict(A=length * A)


gram_schmidt = Exercise(
    points=5,
    cases={
        "three columns of five": columns,
        "four columns of six": partial(columns, D=6, K=4),
        "a square": partial(columns, D=4, K=4, length=3.0),
        "two columns": partial(columns, D=4, K=2),
        "a single column": partial(columns, D=5, K=1),
        "long columns": partial(columns, D=6, K=3, length=1e4),
    },
    checks=[
        agrees(
            3,
            "makes each column orthogonal to those before it, at unit length",
            on=["three columns of five", "four columns of six", "two columns"],
        ),
        agrees(1, "works for a square and for columns of any length", on=["a square", "long columns"]),
        agrees(1, "brings a single column to unit length", on="a single column"),
    ],
    mistakes=[
        Mistake(
            "not_normalised",
            "Your columns are orthogonal, but they do not have unit length.",
            edit("(Q[:, j] @ q)", "(Q[:, j] @ q) / (Q[:, j] @ Q[:, j])").then(" / np.sqrt(q @ q)", ""),
        ),
        Mistake(
            "squared_length",
            "You divide each column by the square of its length. What must you divide by so that its length becomes 1?",
            edit("(Q[:, j] @ q)", "(Q[:, j] @ q) / (Q[:, j] @ Q[:, j])").then("np.sqrt(q @ q)", "(q @ q)"),
        ),
        Mistake(
            "only_the_last",
            "You remove the direction of the previous column only. The directions of all earlier columns must go.",
            edit("for j in range(k):", "for j in range(max(k - 1, 0), k):"),
        ),
        Mistake(
            "original_columns",
            "You subtract projections onto the columns of A. Subtract those onto the orthonormal columns that you have made, the columns of Q.",
            edit("q -= (Q[:, j] @ q) * Q[:, j]", "q -= (A[:, j] @ q) / (A[:, j] @ A[:, j]) * A[:, j]"),
        ),
        Mistake(
            "other_signs",
            "Some of your columns have the opposite sign, as numpy.linalg.qr returns them. Gram–Schmidt never flips the sign of a column.",
            edit("Q = np.zeros_like(A)", "return np.linalg.qr(A)[0]\n    Q = np.zeros_like(A)"),
        ),
        Mistake(
            "normalised_only",
            "You bring every column to unit length, but do not make the columns orthogonal to each other.",
            edit("q -= (Q[:, j] @ q) * Q[:, j]", "pass"),
        ),
        Mistake(
            "not_yet_normalised",
            "You project onto columns that do not have length 1 yet. Bring each column to length 1 before the next one is made.",
            edit(
                "q -= (Q[:, j] @ q) * Q[:, j]\n        Q[:, k] = q / np.sqrt(q @ q)\n    return Q",
                "q -= (Q[:, j] @ A[:, k]) * Q[:, j]\n        Q[:, k] = q\n    return Q / np.sqrt((Q**2).sum(axis=0))",
            ),
        ),
        Mistake(
            "not_yet_normalised_modified",
            "You project onto columns that do not have length 1 yet. Bring each column to length 1 before the next one is made.",
            edit(" / np.sqrt(q @ q)", "").then("return Q", "return Q / np.sqrt((Q**2).sum(axis=0))"),
        ),
    ],
    hints=[
        "How do you take out of a vector what it has in common with a unit vector q?",
        "Go through the columns one by one. Which directions must be gone before a column is brought to unit length?",
    ],
)


# Linear systems


def system(draw, D=4):
    return dict(A=draw(D, D) + 2 * np.eye(D), b=draw(D))


def zero_pivots(draw):
    """No row may stay where it is, and the largest entries are negative."""
    A = draw(4, 4) + 0.5
    A[:, 0] = [0.0, -1.0, -4.0, -2.0]
    A[:3, 1] = [0.0, 2.0, 8.0]
    return dict(A=A, b=draw(4))


def tiny_pivot(draw, below):
    """Without a swap three digits of the answer are left: of 1e-14 so few are left that some entry may turn out exactly 0."""
    A = draw(4, 4) + 2 * np.eye(4)
    A[0, 0] = 1e-13
    A[1:, 0] = below
    return dict(A=A, b=draw(4) + 1)


def permuted(draw):
    """A matrix whose largest entries want another order, so that b must follow."""
    return dict(A=0.3 * draw(5, 5) + 3 * np.roll(np.eye(5), 2, axis=0), b=draw(5))


def one_entry_a_row(draw):
    """All else is zero: a search along the row, in place of the column, finds no pivot."""
    return dict(A=np.roll(np.diag(draw.signs(5) * draw.uniform(1.0, 4.0, 5)), 2, axis=0), b=draw(5))


def without_column(draw, D, column):
    """Exactly singular: one column is zero, and stays so whatever is done to the rows."""
    A = draw(D, D) + 2 * np.eye(D)
    A[:, column] = 0.0
    return dict(A=A, b=draw(D))


def regular_again(inputs, draw):
    D = len(inputs["b"])
    return inputs | dict(A=draw(D, D) + 3 * np.eye(D))


SINGULAR = {
    "a zero column in the middle": partial(without_column, D=4, column=1),
    "a zero column at the end": partial(without_column, D=3, column=2),
    "the matrix (0)": partial(without_column, D=1, column=0),
}

solve = Exercise(
    points=7,
    forbids=["linear algebra"],
    cases={
        "four equations": system,
        "seven equations": partial(system, D=7),
        "rows in another order": permuted,
        "one equation": partial(system, D=1),
        "a pivot of 1e-13, negative entries below": partial(tiny_pivot, below=[-1.5, -2.0, -1.0]),
        "a pivot of 1e-13, positive entries below": partial(tiny_pivot, below=[1.5, 2.0, 1.0]),
        "a zero in the pivot's place": zero_pivots,
        "one entry in each row": one_entry_a_row,
        **SINGULAR,
    },
    checks=[
        agrees(
            4, "solves the system", on=["rows in another order", "four equations", "seven equations", "one equation"]
        ),
        agrees(
            2,
            "brings the largest entry into the pivot's place",
            on=[
                "a zero in the pivot's place",
                "a pivot of 1e-13, negative entries below",
                "a pivot of 1e-13, positive entries below",
                "one entry in each row",
            ],
        ),
        raises(1, "a singular matrix raises LinAlgError", "LinAlgError", unless=regular_again, on=list(SINGULAR)),
    ],
    mistakes=[
        Mistake(
            "no_pivoting",
            "You divide by whatever entry is on the diagonal, even if it is 0 or close to 0. First look for the largest entry in that column, at or below the diagonal.",
            edit("j + np.argmax(np.abs(A[j:, j]))", "j").then("if A[best, j] == 0", "if not A[j:, j].any()"),
        ),
        Mistake(
            "signed_pivot",
            "You choose the pivot by its signed value. A large negative entry is as good as a large positive one: compare absolute values.",
            edit("np.abs(A[j:, j])", "A[j:, j]").then("if A[best, j] == 0", "if not A[j:, j].any()"),
        ),
        Mistake(
            "right_side_stays",
            "You swap two rows of A, but not the matching entries of b.",
            edit("        b[[j, best]] = b[[best, j]]\n", ""),
        ),
        Mistake(
            "right_side_not_eliminated",
            "You subtract rows of A, but leave b as it is. A row and its entry of b are one equation: do the same to both.",
            edit("b[j + 1 :] -= factors * b[j]", "pass"),
        ),
        Mistake(
            "no_substitution_back",
            "You divide the right side by the diagonal and ignore the entries above it. Begin with the last unknown, and substitute back what you know.",
            edit("known = A[j, j + 1 :] @ x[j + 1 :]", "known = 0.0"),
        ),
        Mistake(
            "singular_not_noticed",
            "You return an answer full of nan or inf for a singular matrix. If even the largest entry of the column is 0, raise LinAlgError.",
            edit("if A[best, j] == 0:", "if False:"),
        ),
        Mistake(
            "signed_pivot_not_found",
            "You choose the pivot by its signed value, and where all other entries of the column are negative you find 0 and give up. Compare absolute values.",
            edit("np.abs(A[j:, j])", "A[j:, j]"),
        ),
        Mistake(
            "rows_swapped_as_views",
            "Your swap writes one row twice: A[i] is a view, and is overwritten before its old values are read. Copy one of the rows, or swap both at once.",
            edit("A[[j, best]] = A[[best, j]]", "A[j], A[best] = A[best], A[j]"),
        ),
        Mistake(
            "pivot_of_the_row",
            "You look for the largest entry along the row. Look down the column, at and below the diagonal.",
            edit("np.abs(A[j:, j])", "np.abs(A[j, j:])").then("if A[best, j] == 0", "if not A[j:, j].any()"),
        ),
    ],
    hints=[
        "How do you remove the first unknown from all equations but one? Which equation do you use for it, and what if its first number is 0?",
        "Once only a triangle is left, which unknown can be read off at once, and which comes next?",
        "Everything that is done to a row of A has to be done to b, swapping included.",
    ],
)


# Eigenvectors and singular values


def symmetric(draw, D, values, **more):
    """A symmetric matrix with the given eigenvalues."""
    Q, _ = np.linalg.qr(draw(D, D))
    return dict(A=(Q * np.array(values)) @ Q.T, v0=draw(D) + 0.3) | more


power_iteration = Exercise(
    points=5,
    up_to_sign={"eigenvector": "whole"},
    cases={
        "three steps": partial(symmetric, D=4, values=[3.0, 2.0, 1.0, -1.5], steps=3),
        "one step": partial(symmetric, D=3, values=[2.0, 1.0, 0.5], steps=1),
        "no step at all": partial(symmetric, D=4, values=[3.0, 2.0, 1.0, -1.5], steps=0),
        "a negative eigenvalue": partial(symmetric, D=5, values=[-4.0, 2.0, 1.0, 0.5, 0.2], steps=60),
        "forty steps": partial(symmetric, D=4, values=[5.0, 2.0, -1.0, 0.3], steps=40),
        "a thousand steps": partial(symmetric, D=3, values=[9.0, 4.0, 1.0], steps=1000),
        "a thousand steps that shrink": partial(symmetric, D=3, values=[0.3, -0.1, 0.05], steps=1000),
        "a long first vector": lambda draw: symmetric(draw, 4, [3.0, 1.0, 0.5, -0.2], steps=2) | dict(v0=1e3 * draw(4)),
    },
    checks=[
        agrees(
            2,
            "finds the eigenvalue that is largest by absolute value, and its vector",
            on=["forty steps", "a negative eigenvalue"],
        ),
        agrees(
            2, "takes exactly `steps` steps", on=["three steps", "one step", "no step at all", "a long first vector"]
        ),
        agrees(1, "stays finite over a thousand steps", on=["a thousand steps", "a thousand steps that shrink"]),
    ],
    mistakes=[
        Mistake(
            "length_for_eigenvalue",
            "You return the length of A·v, which is never negative. The dominant eigenvalue may be negative: which product of v and A·v keeps its sign?",
            edit("return v @ A @ v, v", "return vector_norm(A @ v), v"),
        ),
        Mistake(
            "scaled_at_the_end_only",
            "You scale the vector only at the end. Each step multiplies its length by the eigenvalue, and after a thousand steps it has overflowed or vanished.",
            edit(
                "        v = v / vector_norm(v)\n    return v @ A @ v, v",
                "    v = v / np.sqrt((v * v).sum())\n    return v @ A @ v, v",
            ),
        ),
        Mistake(
            "one_step_too_many",
            "You apply A one time more than `steps` says.",
            edit("range(steps)", "range(steps + 1)"),
        ),
        Mistake(
            "one_step_short",
            "You apply A one time fewer than `steps` says.",
            edit("range(steps)", "range(steps - 1)"),
        ),
        Mistake(
            "until_it_converges",
            "You iterate until the vector no longer changes. Stop after exactly `steps` steps.",
            edit("range(steps)", "range(3000)"),
        ),
        Mistake(
            "not_unit_length",
            "Your vector does not have unit length, so v·A·v is not the eigenvalue either.",
            edit("return v @ A @ v, v", "v = A @ v\n    return v @ A @ v, v"),
        ),
    ],
    hints=[
        "Write v0 as a sum of eigenvectors. Which of them grows fastest when A is applied again and again?",
        "What must be done in every step so that nothing overflows, and how does A·v compare with v at the end?",
    ],
)


def rectangle(draw, N, D, k):
    """A matrix whose singular values are clearly distinct."""
    n = min(N, D)
    U, V = np.linalg.qr(draw(N, n))[0], np.linalg.qr(draw(D, n))[0]
    return dict(A=(U * (1.7 ** -np.arange(n) * 6 + draw.uniform(0, 0.1, n))) @ V.T, k=k)


low_rank = Exercise(
    points=4,
    cases={
        "rank 2 of a tall matrix": partial(rectangle, N=7, D=4, k=2),
        "rank 2 of a wide matrix": partial(rectangle, N=4, D=6, k=2),
        "rank 1": partial(rectangle, N=5, D=4, k=1),
        "rank 3": partial(rectangle, N=6, D=5, k=3),
        "rank 3 of a square": partial(rectangle, N=5, D=5, k=3),
        "rank 1 of a wide matrix": partial(rectangle, N=3, D=5, k=1),
    },
    checks=[
        agrees(
            2, "keeps the k largest singular values", on=["rank 2 of a tall matrix", "rank 3", "rank 3 of a square"]
        ),
        agrees(1, "works for wide matrices", on=["rank 2 of a wide matrix", "rank 1 of a wide matrix"]),
        agrees(1, "gives a single direction for k = 1", on="rank 1"),
    ],
    mistakes=[
        Mistake(
            "smallest_kept",
            "You keep the smallest singular values. The best approximation keeps what is largest.",
            edit("(U[:, :k] * s[:k]) @ Vt[:k]", "(U[:, -k:] * s[-k:]) @ Vt[-k:]"),
        ),
        Mistake(
            "no_singular_values",
            "You leave out the singular values, as if A stretched every direction by 1.",
            edit("U[:, :k] * s[:k]", "U[:, :k]"),
        ),
        Mistake(
            "one_too_many",
            "Your matrix has rank k + 1. Does your slice end one too late?",
            edit("(U[:, :k] * s[:k]) @ Vt[:k]", "(U[:, : k + 1] * s[: k + 1]) @ Vt[: k + 1]"),
        ),
        Mistake(
            "what_is_cut_off",
            "You return what the approximation leaves out: A minus the answer.",
            edit("(U[:, :k] * s[:k]) @ Vt[:k]", "(U[:, k:] * s[k:]) @ Vt[k:]"),
        ),
        Mistake(
            "squared",
            "You weight each direction by the square of its singular value. Those are the weights for AᵀA, not for A.",
            edit("U[:, :k] * s[:k]", "U[:, :k] * s[:k] ** 2"),
        ),
        Mistake(
            "centred",
            "You subtract the mean of each column first. That belongs to principal components: here A itself is approximated.",
            edit("np.linalg.svd(A, ", "np.linalg.svd(A - A.mean(axis=0), "),
        ),
        Mistake(
            "columns_of_vt",
            "You take the first k columns of what svd returns third. Its rows are the directions: it is V transposed already.",
            edit("(A, full_matrices=False)", "(A)").then("Vt[:k]", "Vt[:, :k].T"),
        ),
        Mistake(
            "columns_of_vt_thin",
            "You take the first k columns of what svd returns third. Its rows are the directions: it is V transposed already.",
            edit("(U[:, :k] * s[:k]) @ Vt[:k]", "(U[:, :k] * s[:k]) @ Vt[:, :k].T"),
        ),
    ],
    hints=[
        "The singular value decomposition writes A as a sum of matrices of rank 1. How large is each of them?",
        "Which k of these terms would you keep, and how are they put together again?",
    ],
)


def cloud(draw, N, D, k):
    """Points far from zero, spread differently in each of D turned directions."""
    Q, _ = np.linalg.qr(draw(D, D))
    points = draw(N, D)
    points = np.linalg.qr(points - points.mean(axis=0))[0] if N > D + 1 else points
    return dict(X=(points * 1.8 ** -np.arange(D) * 5) @ Q.T + 3 + draw(D), k=k)


pca = Exercise(
    points=6,
    up_to_sign={"components": "rows", "projected": "columns"},
    cases={
        "two of four features": partial(cloud, N=9, D=4, k=2),
        "three of five features": partial(cloud, N=12, D=5, k=3),
        "one component": partial(cloud, N=8, D=3, k=1),
        "two features, one component": partial(cloud, N=7, D=2, k=1),
        "more features than examples": partial(cloud, N=4, D=6, k=2),
    },
    checks=[
        agrees(
            4,
            "finds the directions of largest variance, the coordinates along them and their share of the variance",
            on=["two of four features", "three of five features"],
        ),
        agrees(1, "finds a single component", on=["one component", "two features, one component"]),
        agrees(1, "works for more features than examples", on="more features than examples"),
    ],
    mistakes=[
        Mistake(
            "not_centred",
            "You do not subtract the mean, so your first component points from the origin to the middle of the data.",
            edit("centred = X - X.mean(axis=0)", "centred = X"),
        ),
        Mistake(
            "mean_of_everything",
            "You subtract one mean of all entries. Each feature has its own mean.",
            edit("X.mean(axis=0)", "X.mean()"),
        ),
        Mistake(
            "ratio_not_squared",
            "Your ratios are those of the singular values. Variances belong to their squares.",
            edit("s[:k] ** 2 / (s**2).sum()", "s[:k] / s.sum()"),
        ),
        Mistake(
            "ratio_of_the_kept",
            "Your ratios add up to 1, because you divide by the variance of the kept components. Divide by the variance of all features.",
            edit("(s**2).sum()", "(s[:k] ** 2).sum()"),
        ),
        Mistake(
            "smallest_first",
            "Your components are those of the smallest variance. Does your function return eigenvalues in rising order?",
            edit("Vt[:k]", "Vt[::-1][:k]").then("s[:k]", "s[::-1][:k]"),
        ),
        Mistake(
            "whitened",
            "Every column of your projection has the same length: you have divided by the singular values. Coordinates keep the spread of the data.",
            edit("return centred @ components.T", "return centred @ components.T / s[:k]"),
        ),
        Mistake(
            "standardised",
            "You divide each feature by its standard deviation first, which changes the components. Only subtract the mean.",
            edit("centred = X - X.mean(axis=0)", "centred = (X - X.mean(axis=0)) / X.std(axis=0)"),
        ),
        Mistake(
            "components_in_columns",
            "You return the components as columns. Each component must be a row.",
            edit("components.T, components,", "components.T, components.T,"),
        ),
        Mistake(
            "columns_of_vt",
            "You take columns of what svd returns third. Its rows are the directions: it is V transposed already.",
            edit("(centred, full_matrices=False)", "(centred)").then("Vt[:k]", "Vt[:, :k].T"),
        ),
        Mistake(
            "rows_of_eigenvectors",
            "You take rows of the matrix of eigenvectors. Its columns are the eigenvectors.",
            edit("components = Vt[:k]", "components = np.linalg.eigh(np.cov(X.T))[1][::-1][:k]"),
        ),
        Mistake(
            "variances_for_shares",
            "You return the variances along the components. Divide them by the variance of all features.",
            edit("s[:k] ** 2 / (s**2).sum()", "s[:k] ** 2 / (len(X) - 1)"),
        ),
        Mistake(
            "not_centred_in_the_projection",
            "You find the components of the centred data, but project the data as they are. The coordinates are those of the centred examples.",
            edit("return centred @ components.T", "return X @ components.T"),
        ),
    ],
    hints=[
        "Variance is measured around the mean. What must you do with the data first?",
        "How are the singular values of the centred data related to variances? Which rows or columns of the decomposition are directions in feature space?",
    ],
)
