"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, keeps, moves, redrawn, returns

ALLOWS = ("numpy",)

# As far from zero as a time in seconds: mean squares less squared means lose every digit there, differences lose none.
# A number near 1e9 is itself rounded by 1e-7, and so is its distance from the mean: that noise times the usual thousand
# makes a tolerance of 1e-4 to 1e-3 in this case. The lost digits are worth eps·1e18, some 100, a hundred thousand times
# as much.
OFFSET = 1e9


# Data sets


def data(draw, N=6, D=3, offset=0.0):
    """Features that vary together; all sizes differ, so that no axis can pass for another."""
    return {"X": draw(N, D) @ (np.eye(D) + 0.5 * draw(D, D)) + draw(D) + offset}


another_feature = redrawn(X=np.s_[:, 0])


def covariance_as_correlation(X, ddof=1):
    centred = X - X.mean(axis=0)
    cov = centred.T @ centred / (len(X) - ddof)
    deviation = np.sqrt(np.diagonal(cov))
    return cov / np.outer(deviation, deviation)


def cancelled(X):
    """Mean products less products of means."""
    mean = X.mean(axis=0)
    return X.T @ X / len(X) - np.outer(mean, mean)


FAR_FROM_ZERO = "features far from zero"

SMALL = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")  # what people write to keep a log finite

covariance = Exercise(
    points=6,
    cases={
        "six examples of three features": data,
        "two examples": partial(data, N=2),
        "more features than examples": partial(data, N=4, D=7),
        "a single feature": partial(data, N=5, D=1),
        "ddof of 0": lambda draw: data(draw, N=5) | {"ddof": 0},
        "ddof of 1, given": lambda draw: data(draw, N=5, D=2) | {"ddof": 1},
        "ddof of 2": lambda draw: data(draw, N=7, D=2) | {"ddof": 2},
        FAR_FROM_ZERO: partial(data, N=5, D=4, offset=OFFSET),
    },
    checks=[
        agrees(
            2,
            "returns the sample covariance of all pairs of features",
            on=["six examples of three features", "two examples", "more features than examples"],
        ),
        agrees(1, "divides by N − ddof", on=["ddof of 0", "ddof of 1, given", "ddof of 2"]),
        agrees(1, "gives a single feature a matrix of shape (1, 1)", on="a single feature"),
        agrees(1, "loses no digits where features are far from zero", on=FAR_FROM_ZERO),
        moves(
            1,
            "changing one feature changes only its own row and column",
            another_feature,
            on="six examples of three features",
        ),
    ],
    mistakes=[
        Mistake(
            "ddof_always_one",
            "You always divide by N − 1. The divisor depends on ddof, and 1 is only the default of ddof.",
            edit("len(X) - ddof", "len(X) - 1"),
        ),
        Mistake(
            "ddof_always_zero",
            "You always divide by N. The divisor depends on ddof, which is 1 by default.",
            edit("(len(X) - ddof)", "len(X)"),
        ),
        Mistake(
            "not_centred",
            "You multiply the features without centring them. A covariance is made of deviations: subtract each feature's mean first.",
            edit("centred = X - X.mean(axis=0)", "centred = X"),
        ),
        Mistake(
            "centred_by_rows",
            "You subtract the mean of each example. Each feature has its own mean, over the examples.",
            edit("X.mean(axis=0)", "X.mean(axis=1, keepdims=True)"),
        ),
        Mistake(
            "one_mean_for_all",
            "You subtract one mean of the whole array from every feature. Each feature has its own mean, over the examples.",
            edit("X.mean(axis=0)", "X.mean()"),
        ),
        Mistake(
            "between_examples",
            "Your matrix is (N, N): it compares examples. The covariance compares features, so the sum runs over the examples.",
            edit("centred.T @ centred", "centred @ centred.T"),
        ),
        Mistake(
            "correlation",
            "You return the correlation, with ones on the diagonal. The diagonal of a covariance holds the variances.",
            covariance_as_correlation,
        ),
        Mistake(
            "squeezed",
            "You return a number for a single feature. The covariance is still a matrix, of shape (1, 1): NumPy's own function drops these axes.",
            returns("np.cov(X, rowvar=False, ddof=ddof)"),
        ),
        Mistake(
            "cancelled",
            "You subtract a product of means from a mean of products. Far from zero both are huge and nearly equal, and their difference is rounding error: subtract the means first, then multiply.",
            lambda X, ddof=1: cancelled(X) * len(X) / (len(X) - ddof),
        ),
        Mistake(
            "np_cov_by_rows",
            "You call np.cov as it is, and it takes rows for features. Here the columns are the features: tell it so, or transpose.",
            edit(
                "centred = X - X.mean(axis=0)\n    return centred.T @ centred / (len(X) - ddof)",
                "return np.atleast_2d(np.cov(X, ddof=ddof))",
            ),
        ),
        Mistake(
            "not_centred_and_ddof_ignored",
            "You leave the means in, and divide by N whatever ddof is. Subtract each feature's mean first, and divide by N − ddof.",
            edit(
                "centred = X - X.mean(axis=0)\n    return centred.T @ centred / (len(X) - ddof)",
                "return X.T @ X / len(X)",
            ),
        ),
    ],
    hints=[
        "What is left of a feature when its mean is subtracted, and over which axis do you take that mean?",
        "Which product of the centred data with itself has one row and one column for each feature?",
    ],
)


def bell(draw, N=5, D=3, size=1.0, steps=1.5):
    """A covariance that is far from diagonal and not near singular, and points some standard deviations from the mean."""
    A = draw(D, D + 3)
    cov = size**2 * (A @ A.T / (D + 3) + 0.5 * np.eye(D))
    mean = size * draw(D)
    return {"X": mean + size * steps * draw(N, D), "mean": mean, "cov": cov}


def far_points(draw):
    """Ordinary points beside two that are 60 to 100 standard deviations out, where the density is 0 in a float."""
    inputs = bell(draw, N=4, D=2)
    inputs["X"][[1, 3]] += 80.0 * draw.signs(2, 2)
    return inputs


another_point = redrawn(X=0)


gaussian_log_density = Exercise(
    points=8,
    cases={
        "five points, three features": bell,
        "more features than points": partial(bell, N=2, D=6),
        "a single point": partial(bell, N=1),
        "a single feature": partial(bell, N=4, D=1),
        "points far out": far_points,
        "forty features with tiny variances": partial(bell, N=3, D=40, size=1e-10),
        "forty features with huge variances": partial(bell, N=3, D=40, size=1e10),
    },
    checks=[
        agrees(4, "is the log density at every point", on=["five points, three features", "more features than points"]),
        agrees(
            1, "returns the right shape for one point and for one feature", on=["a single point", "a single feature"]
        ),
        agrees(1, "is finite where the density is too small for a float", on="points far out"),
        agrees(
            1,
            "is finite where the determinant is too small or too large for a float",
            on=["forty features with tiny variances", "forty features with huge variances"],
        ),
        moves(1, "moving one point changes only its own log density", another_point, on="five points, three features"),
    ],
    mistakes=[
        Mistake(
            "log_of_density",
            "You take the logarithm of a density that has already underflowed to 0 or overflowed. Take the logarithm on paper first, term by term.",
            returns("np.log(np.exp(-0.5 * squared_distance) / np.sqrt((2.0 * np.pi) ** D * np.linalg.det(cov)))"),
        ),
        Mistake(
            "log_of_determinant",
            "Your determinant underflows to 0 or overflows before you take its logarithm. Compute the log-determinant directly: NumPy has a function for it, and a triangular factor gives it, too.",
            edit("_, log_det = np.linalg.slogdet(cov)", "log_det = np.log(np.linalg.det(cov))"),
        ),
        Mistake(
            "one_two_pi",
            "You count log 2π once, whatever D is. Each of the D dimensions contributes a factor of √(2π).",
            edit("D * np.log(2.0 * np.pi)", "np.log(2.0 * np.pi)"),
        ),
        Mistake(
            "no_two_pi",
            "You leave out the constant with 2π. Without it the density does not integrate to one.",
            edit(" + D * np.log(2.0 * np.pi)", ""),
        ),
        Mistake(
            "whole_log_determinant",
            "You do not halve the log-determinant. The determinant is under a square root: what does the root become in the logarithm?",
            edit("log_det + D", "2.0 * log_det + D"),
        ),
        Mistake(
            "no_determinant",
            "You leave out the determinant. A wider bell must be lower, or the density would not integrate to one.",
            edit(" + log_det", ""),
        ),
        Mistake(
            "covariances_ignored",
            "You use only the diagonal of cov, as if the features were independent. The off-diagonal covariances count, too.",
            edit("D = len(mean)", "D, cov = len(mean), np.diag(np.diagonal(cov))"),
        ),
        Mistake(
            "not_inverted",
            "You multiply by the covariance instead of its inverse. Where the variance is large, a deviation must count less.",
            edit("np.linalg.solve(cov, offset.T).T", "(offset @ cov)"),
        ),
        Mistake(
            "density",
            "You return the density itself instead of its logarithm.",
            returns("np.exp(…)"),
        ),
        Mistake(
            "all_pairs",
            "Your quadratic form has shape (N, N): it pairs every point with every other. Pair each point with itself only; the answer has shape (N,).",
            edit("(offset * np.linalg.solve(cov, offset.T).T).sum(axis=1)", "offset @ np.linalg.solve(cov, offset.T)"),
        ),
        Mistake(
            "sign",
            "Your log density grows with the distance from the mean. It must fall: check the sign of the whole expression.",
            edit("return -0.5", "return 0.5"),
        ),
    ],
    hints=[
        "Take the logarithm of the formula on paper. Which three terms are there, and which of them depend on the point?",
        "The quadratic form is one number a point. Which sum of products of two arrays of shape (N, D) gives N numbers?",
        "A determinant of 40 small numbers is 0 in a float. What is the logarithm of a product?",
    ],
)

SINGLE = "a single feature"

gaussian_mle = Exercise(
    points=5,
    cases={
        "six examples of three features": data,
        "two examples of five features": partial(data, N=2, D=5),
        SINGLE: partial(data, N=4, D=1),
        "a single example": partial(data, N=1),
        FAR_FROM_ZERO: partial(data, N=5, D=4, offset=OFFSET),
    },
    checks=[
        agrees(
            3,
            "returns the maximum-likelihood mean and covariance",
            on=["six examples of three features", "two examples of five features"],
        ),
        agrees(1, "returns the right shapes for one feature and for one example", on=[SINGLE, "a single example"]),
        agrees(1, "loses no digits where features are far from zero", on=FAR_FROM_ZERO),
    ],
    mistakes=[
        Mistake(
            "unbiased",
            "You divide by N − 1, which makes the estimate unbiased. The likelihood is largest with another divisor.",
            edit("centred / len(X)", "centred / (len(X) - 1)"),
        ),
        Mistake(
            "sum_not_mean",
            "You sum over the examples instead of averaging. Twice the data must not double the covariance.",
            edit("centred / len(X)", "centred"),
        ),
        Mistake(
            "variances_only",
            "You return the variance of each feature, of shape (D,). The covariance is a matrix, one entry for each pair.",
            edit("cov = centred.T @ centred / len(X)", "cov = (centred**2).mean(axis=0)"),
        ),
        Mistake(
            "diagonal_matrix",
            "You leave zeros off the diagonal of the covariance, as if the features were independent. Fill in the pairs of features.",
            edit("cov = centred.T @ centred / len(X)", "cov = np.diag((centred**2).mean(axis=0))"),
        ),
        Mistake(
            "not_centred",
            "You compute the covariance without centring the features. Subtract each feature's mean first.",
            edit("centred = X - mean", "centred = X"),
        ),
        Mistake(
            "mean_of_each_example",
            "You take the mean over the features. Take it over the examples, which are the rows: the mean has one entry for each feature.",
            edit("axis=0", "axis=1").then("X - mean", "X - mean[:, None]"),
        ),
        Mistake(
            "covariance_first",
            "You return the covariance before the mean. The order is mean, cov.",
            edit("return mean, cov", "return cov, mean"),
        ),
        Mistake(
            "squeezed",
            "You return a number as the covariance of a single feature. The covariance is still a matrix, of shape (1, 1): NumPy's own function drops these axes.",
            lambda X: (X.mean(axis=0), np.cov(X, rowvar=False, ddof=0)),
        ),
        Mistake(
            "cancelled",
            "You subtract a product of means from a mean of products. Far from zero both are huge and nearly equal, and their difference is rounding error: subtract the means first, then multiply.",
            lambda X: (X.mean(axis=0), cancelled(X)),
        ),
        Mistake(
            "np_cov_by_rows",
            "You call np.cov as it is, and it takes rows for features. Here the columns are the features: tell it so, or transpose.",
            edit("cov = centred.T @ centred / len(X)", "cov = np.atleast_2d(np.cov(X, bias=True))"),
        ),
        Mistake(
            "one_mean_for_all",
            "Your mean is right, but the covariance is around one mean for the whole array. Each feature is centred by its own.",
            edit("centred = X - mean", "centred = X - X.mean()"),
        ),
    ],
    hints=[
        "Set the derivative of the log likelihood with respect to the variance to zero: is the denominator N or N − 1?",
        "What is the covariance of a single example? Does your formula divide by 0 there?",
    ],
)


# Bayes


def shares(draw, *shape):
    """Distributions along the last axis, none of their entries 0."""
    weights = np.exp(draw(*shape))
    return weights / weights.sum(axis=-1, keepdims=True)


def beliefs(draw, N=4, K=3):
    """Likelihoods are probabilities of what was seen: their rows do not add up to one."""
    return {"prior": shares(draw, K), "likelihood": draw.uniform(0.05, 0.95, N, K)}


def excluded(draw):
    """One hypothesis has a prior of 0; some observations are impossible under some of the others."""
    inputs = beliefs(draw, N=5, K=4)
    first, second, third, fourth = draw.permutation(4)
    inputs["prior"][first] = 0.0
    inputs["prior"] /= inputs["prior"].sum()
    inputs["likelihood"][0, second] = 0.0
    inputs["likelihood"][1, [second, third]] = 0.0
    inputs["likelihood"][2, first] = 0.0
    inputs["likelihood"][3, fourth] = 0.0
    return inputs


def densities(draw):
    """Likelihoods of long sequences, far below 1, and of peaked densities, far above."""
    inputs = beliefs(draw, N=4, K=5)
    inputs["likelihood"] *= np.array([[1e-200], [1e-60], [1e4], [1e150]])
    return inputs


def another_observation(inputs, draw):
    """The second observation is another one."""
    likelihood = inputs["likelihood"].copy()
    likelihood[1] = draw.uniform(0.05, 0.95, likelihood.shape[1])
    return inputs | {"likelihood": likelihood}


bayes_posterior = Exercise(
    points=5,
    cases={
        "four observations, three hypotheses": beliefs,
        "two observations, six hypotheses": partial(beliefs, N=2, K=6),
        "a single observation": partial(beliefs, N=1, K=4),
        "a single hypothesis": partial(beliefs, N=3, K=1),
        "zeros in prior and likelihood": excluded,
        "likelihoods from 1e-200 to 1e150": densities,
    },
    checks=[
        agrees(
            2,
            "weights each likelihood by its prior, and divides by the evidence",
            on=["four observations, three hypotheses", "two observations, six hypotheses"],
        ),
        agrees(1, "gives probability 0 where the prior or the likelihood is 0", on="zeros in prior and likelihood"),
        agrees(
            1,
            "is right for one observation, for one hypothesis, and for likelihoods from 1e-200 to 1e150",
            on=["a single observation", "a single hypothesis", "likelihoods from 1e-200 to 1e150"],
        ),
        keeps(
            1,
            "every row of the posterior adds up to 1",
            measure="sum",
            change=another_observation,
            on=["four observations, three hypotheses", "two observations, six hypotheses"],
        ),
    ],
    mistakes=[
        Mistake(
            "prior_ignored",
            "You leave out the prior. Your posterior treats all hypotheses as equally likely before the observation.",
            edit("joint = prior * likelihood", "joint = likelihood"),
        ),
        Mistake(
            "likelihood_ignored",
            "You return the prior as the posterior. The likelihood of the observation must change it.",
            edit("joint = prior * likelihood", "joint = prior * np.ones_like(likelihood)"),
        ),
        Mistake(
            "not_normalised",
            "You stop at prior times likelihood. Divide by the evidence, so that a row adds up to one.",
            edit("return joint / evidence", "return joint"),
        ),
        Mistake(
            "over_observations",
            "You normalise over the observations. Each observation has its own posterior, which is a distribution over the hypotheses.",
            edit("joint.sum(axis=-1, keepdims=True)", "joint.sum(axis=0)"),
        ),
        Mistake(
            "over_everything",
            "You normalise over all observations together. Each row is its own distribution and must add up to one.",
            edit("joint.sum(axis=-1, keepdims=True)", "joint.sum()"),
        ),
        Mistake(
            "evidence_without_prior",
            "You divide by the sum of the likelihoods. The evidence weights them by the prior: what does each row of numerators add up to?",
            edit("joint.sum(", "likelihood.sum("),
        ),
        Mistake(
            "small_number_added",
            "You add a small number to the denominator. A likelihood may be even smaller, and then your rows do not add up to one. Nothing needs to be added.",
            edit("return joint / evidence", "return joint / (evidence + 1e-8)"),
        ),
        *(
            Mistake(
                f"evidence_plus_{eps}",
                "You add a small number to the evidence, so the rows do not add up to one. The evidence is never 0 here: no observation is impossible under every hypothesis.",
                edit("joint / evidence", f"joint / (evidence + {eps})"),
            )
            for eps in SMALL[:-1]
            if eps != "1e-8"
        ),
    ],
    hints=[
        "What is the joint probability that hypothesis k is true and observation n is made?",
        "What must each row of the answer add up to, and over which axis is that?",
    ],
)


# Information


def with_zeros(draw, *shape):
    """Distributions some of whose outcomes are impossible: one in each row, and two in the first."""
    p = shares(draw, *shape)
    rows = p.reshape(-1, shape[-1])
    for n, row in enumerate(rows):
        row[draw.permutation(shape[-1])[: 2 if n == 0 else 1]] = 0.0
    return (rows / rows.sum(axis=-1, keepdims=True)).reshape(shape)


def sure(draw, N, K):
    """Distributions that are certain of one outcome, but for the last, which is uniform."""
    p = np.eye(K)[draw.integers(0, K, N)]
    p[-1] = 1.0 / K
    return p


ROWS, MANY, VECTOR, THREE_AXES = "four distributions", "two distributions of seven", "one distribution", "three axes"
ONE_OUTCOME = "a single outcome"

entropy = Exercise(
    points=4,
    cases={
        ROWS: lambda draw: {"p": shares(draw, 4, 3)},
        MANY: lambda draw: {"p": shares(draw, 2, 7)},
        VECTOR: lambda draw: {"p": shares(draw, 5)},
        THREE_AXES: lambda draw: {"p": shares(draw, 2, 3, 4)},
        ONE_OUTCOME: lambda draw: {"p": np.ones((2, 1))},
        "impossible outcomes": lambda draw: {"p": with_zeros(draw, 3, 5)},
        "certain outcomes, and a uniform row": lambda draw: {"p": sure(draw, 4, 3)},
    },
    checks=[
        agrees(2, "is −Σ p·log p of every distribution, in nats", on=[ROWS, MANY]),
        agrees(1, "sums over the last axis, however many axes come before it", on=[VECTOR, THREE_AXES, ONE_OUTCOME]),
        agrees(
            1,
            "counts 0 for an outcome of probability 0",
            on=["impossible outcomes", "certain outcomes, and a uniform row"],
        ),
    ],
    mistakes=[
        Mistake(
            "nan_at_zero",
            "Your entropy is nan where an outcome has probability 0, because 0 times -inf is nan. The term of such an outcome is 0, the limit of p·log p.",
            edit("-_times_log(p, p)", "-(p * np.log(p))"),
        ),
        Mistake(
            "bits",
            "Your entropy is in bits. Use the natural logarithm, which gives nats.",
            edit(".sum(axis=-1)", ".sum(axis=-1) / np.log(2.0)"),
        ),
        Mistake(
            "sign",
            "Your entropy is negative, because logarithms of probabilities are negative. The sum needs a minus sign in front.",
            edit("-_times_log", "_times_log"),
        ),
        Mistake(
            "mean",
            "You take the mean over the outcomes. The probabilities are the weights already: add the terms up.",
            edit(".sum(", ".mean("),
        ),
        Mistake(
            "over_everything",
            "You sum over all axes. Each distribution has its own entropy: sum over the last axis only.",
            edit(".sum(axis=-1)", ".sum()"),
        ),
        Mistake(
            "over_first_axis",
            "You sum over the first axis. The outcomes are on the last axis.",
            edit("axis=-1", "axis=0"),
        ),
        Mistake(
            "small_number_added",
            "You add a small number inside the logarithm. That avoids nan, but changes every term: treat outcomes of probability 0 separately instead.",
            edit("-_times_log(p, p)", "-(p * np.log(p + 1e-8))"),
        ),
        Mistake(
            "surprise",
            "You add up −log p without weights. A rare outcome is surprising, but happens rarely: weight each surprise by its probability.",
            edit("-_times_log(p, p)", "-_times_log(np.ones_like(p), p)"),
        ),
        *(
            Mistake(
                f"log_of_p_plus_{eps}",
                "You add a small number inside the logarithm. That avoids nan, but changes every term: treat outcomes of probability 0 separately instead.",
                edit("_times_log(p, p)", f"(p * np.log(p + {eps}))"),
            )
            for eps in SMALL[:6]
            if eps != "1e-8"
        ),
    ],
    hints=[
        "How surprising is an outcome of probability p, and how often does that surprise happen?",
        "What does p·log p tend to when p goes to 0? What does NumPy return for 0 times the logarithm of 0?",
    ],
)


def pair(draw, *shape):
    return {"p": shares(draw, *shape), "q": shares(draw, *shape)}


def p_has_zeros(draw):
    return {"p": with_zeros(draw, 4, 5), "q": shares(draw, 4, 5)}


def both_have_zeros(draw):
    """Impossible under both: the same outcomes; the last pair has none."""
    p = with_zeros(draw, 4, 5)
    q = np.where(p > 0, shares(draw, 4, 5), 0.0)
    p[-1], q[-1] = shares(draw, 5), shares(draw, 5)
    return {"p": p, "q": q / q.sum(axis=-1, keepdims=True)}


def q_has_zeros(draw):
    """In the first and third pair q rules out what p does not; in the second, p rules it out as well."""
    inputs = pair(draw, 4, 3)
    k = draw.permutation(3)
    inputs["q"][[0, 1, 2], k] = 0.0
    inputs["p"][1, k[1]] = 0.0
    return {name: array / array.sum(axis=-1, keepdims=True) for name, array in inputs.items()}


def q_is_nearly_zero(draw):
    """q all but rules out what p expects, at probabilities from 1e-200 to 1e-20."""
    inputs = pair(draw, 3, 4)
    inputs["q"][[0, 1, 2], draw.integers(0, 4, 3)] = [1e-200, 1e-50, 1e-20]
    inputs["q"] /= inputs["q"].sum(axis=-1, keepdims=True)
    return inputs


def one_outcome(draw):
    return {"p": np.ones((2, 1)), "q": np.ones((2, 1))}


def another_q(inputs, draw):
    """The first q is another one."""
    q = inputs["q"].copy()
    q[0] = shares(draw, q.shape[1])
    return inputs | {"q": q}


PAIRS = {
    ROWS: lambda draw: pair(draw, 4, 3),
    MANY: lambda draw: pair(draw, 2, 7),
    VECTOR: lambda draw: pair(draw, 5),
    THREE_AXES: lambda draw: pair(draw, 2, 3, 4),
    ONE_OUTCOME: one_outcome,
    "p = 0 here and there": p_has_zeros,
    "p = q = 0 here and there": both_have_zeros,
    "q = 0 < p here and there": q_has_zeros,
    "q from 1e-200 on": q_is_nearly_zero,
}
ZERO_P, IMPOSSIBLE = ["p = 0 here and there", "p = q = 0 here and there"], "q = 0 < p here and there"

SMALL_NUMBER = "You add a small number inside the logarithm. That changes every term, and turns what must be infinite into a finite number."


def symmetrised(p, q):
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((p > 0) | (q > 0), np.log(p) - np.log(q), 0.0)
        terms = np.where(p > 0, p * ratio, 0.0), np.where(q > 0, -q * ratio, 0.0)
    return (terms[0] + terms[1]).sum(axis=-1) / 2


def possible_only(p, q):
    """Sums over the outcomes that both distributions allow."""
    both = (p > 0) & (q > 0)
    return np.where(both, p * (np.log(np.where(both, p, 1.0)) - np.log(np.where(both, q, 1.0))), 0.0).sum(axis=-1)


kl_divergence = Exercise(
    points=6,
    cases=PAIRS,
    checks=[
        agrees(2, "is Σ p·log(p / q) of every pair", on=[ROWS, MANY, "q from 1e-200 on"]),
        agrees(1, "sums over the last axis, however many axes come before it", on=[VECTOR, THREE_AXES, ONE_OUTCOME]),
        agrees(1, "counts 0 for an outcome with p = 0", on=ZERO_P),
        agrees(1, "is inf where q rules out what p does not", on=IMPOSSIBLE),
        moves(1, "changing one q changes only the divergence of its own pair", another_q, on=ROWS),
    ],
    mistakes=[
        Mistake(
            "wrong_way_round",
            "You return KL(q‖p). The divergence is not symmetric: the terms are weighted by p, the first distribution.",
            edit("(_times_log(p, p) - _times_log(p, q))", "(_times_log(q, q) - _times_log(q, p))"),
        ),
        Mistake(
            "nan_at_zero",
            "Your divergence is nan where an outcome has p = 0, because 0 times an infinite logarithm is nan. The term of such an outcome is 0.",
            edit("(_times_log(p, p) - _times_log(p, q))", "(p * np.log(p / q))"),
        ),
        Mistake(
            "impossible_left_out",
            "You leave out the outcomes with q = 0. That is right where p is 0, too; where p is above 0, the divergence is inf.",
            possible_only,
        ),
        Mistake(
            "small_number_added",
            SMALL_NUMBER,
            edit("(_times_log(p, p) - _times_log(p, q))", "(p * np.log((p + 1e-8) / (q + 1e-8)))"),
        ),
        Mistake(
            "cross_entropy",
            "You return the cross-entropy. The divergence is the cross-entropy minus the entropy of p: for p = q it is 0.",
            edit("_times_log(p, p) - _times_log(p, q)", "-_times_log(p, q)"),
        ),
        Mistake(
            "sign",
            "Your divergence is negative, and a divergence never is. Which of p and q is the numerator inside the logarithm?",
            edit("_times_log(p, p) - _times_log(p, q)", "_times_log(p, q) - _times_log(p, p)"),
        ),
        Mistake(
            "mean",
            "You take the mean over the outcomes. The probabilities are the weights already: add the terms up.",
            edit(".sum(", ".mean("),
        ),
        Mistake(
            "bits",
            "Your divergence is in bits. Use the natural logarithm, which gives nats.",
            edit(".sum(axis=-1)", ".sum(axis=-1) / np.log(2.0)"),
        ),
        Mistake(
            "over_everything",
            "You sum over all axes. Each pair has its own divergence: sum over the last axis only.",
            edit(".sum(axis=-1)", ".sum()"),
        ),
        Mistake(
            "symmetrised",
            "You average KL(p‖q) and KL(q‖p). Only one of them is asked for: the one whose terms are weighted by p.",
            symmetrised,
        ),
        *(
            Mistake(
                f"logs_plus_{eps}",
                SMALL_NUMBER,
                edit("(_times_log(p, p) - _times_log(p, q))", f"(p * np.log((p + {eps}) / (q + {eps})))"),
            )
            for eps in SMALL
            if eps != "1e-8"
        ),
        *(
            Mistake(f"q_plus_{eps}", SMALL_NUMBER, edit("_times_log(p, q)", f"_times_log(p, q + {eps})"))
            for eps in SMALL[:-1]
        ),
    ],
    hints=[
        "What is the divergence of a distribution from itself? Does your formula give 0 there?",
        "Take three outcomes: p = 0 < q, q = 0 < p, and both 0. What should each of them add to the sum?",
    ],
)


def binary_everywhere(p, q):
    """Each outcome is judged as a yes or no of its own."""
    with np.errstate(divide="ignore", invalid="ignore"):
        yes, no = np.where(p > 0, p * np.log(q), 0.0), np.where(p < 1, (1 - p) * np.log(1 - q), 0.0)
    return -(yes + no).sum(axis=-1)


cross_entropy = Exercise(
    points=5,
    cases=PAIRS
    | {
        "p certain of one outcome": lambda draw: {"p": np.eye(4)[draw.integers(0, 4, 3)], "q": shares(draw, 3, 4)},
    },
    checks=[
        agrees(2, "is −Σ p·log q of every pair", on=[ROWS, MANY, "q from 1e-200 on"]),
        agrees(1, "sums over the last axis, however many axes come before it", on=[VECTOR, THREE_AXES, ONE_OUTCOME]),
        agrees(1, "counts 0 for an outcome with p = 0", on=[*ZERO_P, "p certain of one outcome"]),
        agrees(1, "is inf where q rules out what p does not", on=IMPOSSIBLE),
    ],
    mistakes=[
        Mistake(
            "wrong_way_round",
            "You weight the logarithm of p by q. The weights are p, how often outcomes really happen; the logarithm is of q, the prediction.",
            edit("-_times_log(p, q)", "-_times_log(q, p)"),
        ),
        Mistake(
            "nan_at_zero",
            "Your answer is nan where an outcome has p = q = 0, because 0 times -inf is nan. The term of such an outcome is 0.",
            edit("-_times_log(p, q)", "-(p * np.log(q))"),
        ),
        Mistake(
            "impossible_left_out",
            "You leave out the outcomes with q = 0. That is right where p is 0, too; where p is above 0, the cross-entropy is inf.",
            returns("-(p * np.log(np.where(q > 0, q, 1.0))).sum(axis=-1)"),
        ),
        Mistake(
            "small_number_added",
            SMALL_NUMBER,
            edit("-_times_log(p, q)", "-(p * np.log(q + 1e-8))"),
        ),
        Mistake(
            "divergence",
            "You return the divergence: you subtract the entropy of p. The cross-entropy of p with itself is not 0.",
            edit("-_times_log(p, q)", "(_times_log(p, p) - _times_log(p, q))"),
        ),
        Mistake(
            "q_ignored",
            "You return the entropy of p. The cross-entropy depends on q as well: q is the distribution that predicts the outcomes.",
            edit("-_times_log(p, q)", "-_times_log(p, p)"),
        ),
        Mistake(
            "sign",
            "Your answer is negative, because logarithms of probabilities are negative. The sum needs a minus sign in front.",
            edit("-_times_log", "_times_log"),
        ),
        Mistake(
            "mean_over_batch",
            "You average over the distributions, as a loss does. Here each pair keeps its own cross-entropy.",
            edit(".sum(axis=-1)", ".sum(axis=-1).mean()"),
        ),
        Mistake(
            "mean",
            "You take the mean over the outcomes. The probabilities are the weights already: add the terms up.",
            edit(".sum(axis=-1)", ".mean(axis=-1)"),
        ),
        Mistake(
            "binary",
            "You add (1 − p)·log(1 − q) for every outcome. That belongs to binary cross-entropy; here each of the K outcomes has one term.",
            binary_everywhere,
        ),
        *(
            Mistake(f"log_of_q_plus_{eps}", SMALL_NUMBER, edit("-_times_log(p, q)", f"-(p * np.log(q + {eps}))"))
            for eps in SMALL
            if eps != "1e-8"
        ),
        *(
            Mistake(
                f"clipped_at_{eps}",
                "You clip q to keep its logarithm finite, and what must be infinite becomes a finite number.",
                edit("-_times_log(p, q)", f"-(p * np.log(np.clip(q, {eps}, 1.0)))"),
            )
            for eps in SMALL[:-1]
        ),
    ],
    hints=[
        "Which of the two distributions says how often an outcome happens, and which one says how surprising it is?",
        "Where p = 0, what should the term be, whatever q is? What does 0 times -inf give in NumPy?",
    ],
)


def numbers(draw, *shape, **axis):
    return {"x": draw(*shape), **axis}


def far_numbers(draw, **axis):
    """A row near 1000, one near -1000, one with both ends, and two ordinary ones."""
    x = draw(5, 4)
    x[0] += 1000.0
    x[1] -= 1000.0
    x[2] += 1000.0 * np.array([1.0, -1.0, 1.0, -1.0])[draw.permutation(4)]
    return {"x": x, **axis}


def far_columns(draw):
    inputs = far_numbers(draw)
    return {"x": inputs["x"].T.copy(), "axis": 0}


log_sum_exp = Exercise(
    points=6,
    cases={
        "four rows of three": lambda draw: numbers(draw, 4, 3),
        "one vector": lambda draw: numbers(draw, 6),
        "three axes": lambda draw: numbers(draw, 2, 3, 4),
        "a single number in each row": lambda draw: numbers(draw, 3, 1),
        "the last axis, given": lambda draw: numbers(draw, 3, 5, axis=-1),
        "axis 0": lambda draw: numbers(draw, 4, 3, axis=0),
        "axis 1 of three": lambda draw: numbers(draw, 2, 4, 3, axis=1),
        "axis -2": lambda draw: numbers(draw, 2, 5, 3, axis=-2),
        "rows near ±1000": far_numbers,
        "columns near ±1000": far_columns,
    },
    checks=[
        agrees(
            3,
            "is log Σ exp(x) over the last axis",
            on=["four rows of three", "one vector", "three axes", "a single number in each row"],
        ),
        agrees(
            1,
            "sums over the given axis, counted from either end",
            on=["axis 0", "axis 1 of three", "axis -2", "the last axis, given"],
        ),
        agrees(2, "is right and finite for numbers near ±1000", on=["rows near ±1000", "columns near ±1000"]),
    ],
    mistakes=[
        Mistake(
            "unstable",
            "Your exp overflows to inf at 1000 and vanishes at -1000, so the logarithm is infinite. Factor the largest number out of the sum first, and see what it becomes outside the logarithm.",
            edit("np.log(np.exp(x - top).sum(axis=axis)) + top.squeeze(axis)", "np.log(np.exp(x).sum(axis=axis))"),
        ),
        Mistake(
            "one_top_for_all",
            "You factor out the largest number of the whole array. A row far below it becomes the logarithm of 0: each sum needs its own maximum.",
            edit("x.max(axis=axis, keepdims=True)", "x.max()").then("top.squeeze(axis)", "top"),
        ),
        Mistake(
            "top_not_added",
            "You factor the largest number out of the sum and never add it back: log Σ exp(x − m) is too small by m.",
            edit(" + top.squeeze(axis)", ""),
        ),
        Mistake(
            "axis_ignored",
            "You always sum over the last axis and ignore `axis`. The last axis is only the default.",
            edit("top = x.max(", "axis = -1\n    top = x.max("),
        ),
        Mistake(
            "over_everything",
            "You sum over the whole array. Sum over one axis only; the others stay.",
            lambda x, axis=-1: np.log(np.exp(x - x.max()).sum()) + x.max(),
        ),
        Mistake(
            "axis_kept",
            "You keep the summed axis with length 1. The answer must not have this axis.",
            returns("np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top"),
        ),
        Mistake(
            "mean",
            "You take the mean of the exponentials instead of their sum. Your answer is too small by the logarithm of their number.",
            edit(".sum(axis=axis)", ".mean(axis=axis)"),
        ),
        Mistake(
            "maximum",
            "You return the maximum. The sum is larger than its largest term, so the answer is a little above the maximum.",
            edit("np.log(np.exp(x - top).sum(axis=axis)) + top.squeeze(axis)", "top.squeeze(axis)"),
        ),
        *(
            Mistake(
                f"log_of_sum_plus_{eps}",
                "You add a small number to the sum inside the logarithm. After the largest entry is subtracted, the sum is at least 1, and needs no help.",
                edit("np.log(np.exp(x - top).sum(axis=axis))", f"np.log(np.exp(x - top).sum(axis=axis) + {eps})"),
            )
            for eps in SMALL[:5]
        ),
    ],
    hints=[
        "What happens to log Σ exp(x) if every number grows by the same c? Which c makes every exp at most 1?",
        "Which shape must the maximum have so that you can subtract it from x, and which so that you can add it to the result?",
    ],
)


# Bias and variance


def models(draw, R=5, N=4, offset=0.0):
    """Models that are wrong together, in a way that differs from example to example, and each in its own way, too."""
    target = draw(N) + offset
    bias = draw.signs(N) * (0.5 + np.abs(draw(N)))
    return {"predictions": target + bias + 0.7 * draw(R, N), "target": target}


def agreeing(draw):
    """All models predict the same: they have a bias and, as their mean is exact in a float, no variance to the last bit."""
    target = draw(5)
    return {"predictions": np.tile(np.round(4.0 * target + 2.5) / 4.0, (4, 1)), "target": target}


def right_on_average(draw):
    """The models' mean is the target, to the last bit: they have a variance, and no bias."""
    target, steps = np.round(draw(6)), draw.integers(1, 8, 2, 6) / 4
    return {"predictions": target + np.concatenate([steps, -steps]), "target": target}


bias_variance = Exercise(
    points=5,
    cases={
        "five models, four examples": models,
        "three models, seven examples": partial(models, R=3, N=7),
        "a single model": partial(models, R=1),
        "a single example": partial(models, N=1),
        "models that agree": agreeing,
        "models that are right on average": right_on_average,
        "numbers far from zero": partial(models, R=6, N=3, offset=OFFSET),
    },
    checks=[
        agrees(
            3,
            "splits the error into squared bias and variance",
            on=["five models, four examples", "three models, seven examples"],
        ),
        agrees(
            1,
            "finds no variance where models agree, and no bias where they are right on average",
            on=["a single model", "a single example", "models that agree", "models that are right on average"],
        ),
        agrees(1, "loses no digits where numbers are far from zero", on="numbers far from zero"),
    ],
    mistakes=[
        Mistake(
            "variance_unbiased",
            "Your variance divides by R − 1. Here it divides by R, so that the two parts add up to the mean squared error.",
            edit("variance = ((predictions - mean) ** 2).mean()", "variance = predictions.var(axis=0, ddof=1).mean()"),
        ),
        Mistake(
            "averaged_before_squaring",
            "You average the bias over the examples before you square it. Too high here and too low there must not cancel: square first.",
            edit("((mean - target) ** 2).mean()", "(mean - target).mean() ** 2"),
        ),
        Mistake(
            "bias_not_squared",
            "Your first number is the mean of the bias itself. Square the bias of each example before you take the mean.",
            edit("((mean - target) ** 2).mean()", "(mean - target).mean()"),
        ),
        Mistake(
            "error_for_bias",
            "Your first number is the whole mean squared error. Average the models' predictions before you compare with the target.",
            edit("((mean - target) ** 2).mean()", "((predictions - target) ** 2).mean()"),
        ),
        Mistake(
            "variance_around_target",
            "You measure the variance around the target. A variance is measured around the models' own mean prediction, even if that mean is wrong.",
            edit("((predictions - mean) ** 2)", "((predictions - target) ** 2)"),
        ),
        Mistake(
            "variance_over_examples",
            "You take the variance over the examples of one model. It must measure how the models differ on the same example.",
            edit("variance = ((predictions - mean) ** 2).mean()", "variance = predictions.var(axis=1).mean()"),
        ),
        Mistake(
            "deviation",
            "You average the standard deviations. Average the variances: only they add up with the squared bias to the error.",
            edit("variance = ((predictions - mean) ** 2).mean()", "variance = predictions.std(axis=0).mean()"),
        ),
        Mistake(
            "variance_first",
            "You return the variance first. The order is: squared bias, then variance.",
            edit("return bias_squared, variance", "return variance, bias_squared"),
        ),
        Mistake(
            "not_averaged",
            "You return one pair for each example. Average both over the examples: the answer is two numbers.",
            edit("((mean - target) ** 2).mean()", "(mean - target) ** 2").then("** 2).mean()", "** 2).mean(axis=0)"),
        ),
        Mistake(
            "cancelled",
            "You subtract a squared mean from a mean square. Far from zero both are huge and nearly equal, and their difference is rounding error: subtract the mean first, then square.",
            edit("((predictions - mean) ** 2).mean()", "((predictions**2).mean(axis=0) - mean**2).mean()"),
        ),
    ],
    hints=[
        "Which axis counts the models? What is the mean prediction for one example, and how far is it from the target?",
        "Check: do your two numbers add up to the mean of (prediction − target)² over all models and examples?",
    ],
)
