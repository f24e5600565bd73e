"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, everywhere, keeps, moves, redrawn, returns, slopes

ALLOWS = ("numpy",)


# Steps and their size


def step_of(draw, shape, lr=0.1):
    return {"w": draw(*shape), "dw": draw(*shape), "lr": lr}


another_slope = redrawn(dw=0)


sgd_step = Exercise(
    points=3,
    forbids=["a ready-made optimiser"],
    cases={
        "a matrix": partial(step_of, shape=(4, 3)),
        "a small learning rate": partial(step_of, shape=(3, 5), lr=0.003),
        "a large learning rate": partial(step_of, shape=(5, 2), lr=2.5),
        "a vector": partial(step_of, shape=(6,)),
        "a kernel": partial(step_of, shape=(2, 3, 4, 5), lr=0.02),
        "a single weight": partial(step_of, shape=(1,)),
    },
    checks=[
        agrees(1, "steps against the gradient", on=["a matrix", "a vector", "a kernel", "a single weight"]),
        agrees(1, "scales the step by the learning rate", on=["a small learning rate", "a large learning rate"]),
        moves(1, "changing one entry of the gradient changes only its own weight", another_slope, on="a matrix"),
    ],
    mistakes=[
        Mistake(
            "uphill",
            "You step along the gradient, the direction in which the loss grows fastest. Step the other way.",
            edit("w - lr * dw", "w + lr * dw"),
        ),
        Mistake(
            "no_learning_rate",
            "You ignore lr: your step is the gradient itself. The learning rate scales the step.",
            edit("w - lr * dw", "w - dw"),
        ),
        Mistake(
            "the_step_alone",
            "You return the step alone. Return the new weights, which are the old weights after the step.",
            edit("w - lr * dw", "-lr * dw"),
        ),
        Mistake(
            "normalised",
            "You scale the gradient to length 1 first. Keep its length: where the loss is steep, the step is long.",
            edit("w - lr * dw", "w - lr * dw / np.linalg.norm(dw)"),
        ),
        Mistake(
            "signs",
            "You use only the signs of the gradient. Its size counts, too.",
            edit("w - lr * dw", "w - lr * np.sign(dw)"),
        ),
        Mistake(
            "weights_shrunk",
            "You multiply the weights as well as the gradient by the learning rate. Scale the step only.",
            edit("w - lr * dw", "lr * (w - dw)"),
        ),
    ],
    hints=[
        "The gradient points in the direction in which the loss grows. Which sign does a step have that lowers the loss?",
        "Is the array w that was passed to you still the same afterwards?",
    ],
)


def descent(student, w, gradients, rates, **more):
    """Take a step for each gradient, and hand the state back each time.

    w (...), gradients (S, ...), rates (S,) -> w (S, ...)
    """
    state, seen = None, []
    for dw, lr in zip(gradients, rates, strict=True):
        w, state = student(w=w, dw=dw, state=state, lr=lr, **more)
        seen.append(w)
    return seen


def walk(draw, shape=(5,), S=4, lr=0.1, size=1.0, **more):
    """Gradients for S steps at one rate; an optional argument is given or left out."""
    return {"w": draw(*shape), "gradients": size * draw(S, *shape), "rates": np.full(S, lr)} | more


def slowing(draw, shape=(6,), S=4):
    """A rate that falls from step to step."""
    return walk(draw, shape, S) | {"rates": 0.3 / (1.0 + np.arange(S))}


def resting(draw, shape=(4,)):
    """Nothing to follow in the first and in the third of five steps; one weight never has a gradient."""
    inputs = walk(draw, shape, S=5)
    inputs["gradients"][[0, 2]] = 0.0
    inputs["gradients"][:, 0] = 0.0
    return inputs


def larger_and_other_gradients(inputs, draw):
    """The gradients of the first row of weights are four times as long; those of the second row are others."""
    gradients = inputs["gradients"].copy()
    gradients[:, 0] *= 4.0
    gradients[:, 1] = draw(*gradients[:, 1].shape)
    return inputs | {"gradients": gradients}


ONE_STEP, SIX_STEPS, MATRIX_STEPS = "the first step", "six steps", "three steps of a matrix"
SLOWER, RESTS, OTHER_RATE = "a learning rate that falls", "gradients of zero now and then", "another learning rate"
LESS_MOMENTUM, NO_MOMENTUM, LARGE_EPS, TINY = "less momentum", "no momentum", "a large eps", "tiny gradients"

WALKS = {
    SIX_STEPS: partial(walk, shape=(4,), S=6),
    MATRIX_STEPS: partial(walk, shape=(4, 5), S=3),
    ONE_STEP: partial(walk, S=1),
    OTHER_RATE: partial(walk, shape=(7,), S=3, lr=0.004),
    SLOWER: slowing,
    RESTS: resting,
}
NOT_KEPT = "You ignore the state, so every step is like the first. Read the state that you get, and return the new one."
RATE_INSIDE = "You put the learning rate into the velocity. Scale the whole velocity, old gradients included, by the current learning rate."
UPHILL = "You add the step to w, which goes uphill. Subtract it."
AVERAGED = "You weight the new gradient by 1 − momentum, as in a running average. The velocity is a sum: add the gradient unscaled."

MOMENTUM_FIXED = "You always use a momentum of 0.9. Use the one that you are given."
MOMENTUM_ADDED = "You add momentum to the gradient. It is the share of the old velocity that is kept: multiply."

momentum_step = Exercise(
    points=4,
    forbids=["a ready-made optimiser"],
    words={"w[#]": "w after step {}"},
    driver=descent,
    cases=WALKS
    | {
        LESS_MOMENTUM: partial(walk, shape=(6,), S=3, momentum=0.4),
        NO_MOMENTUM: partial(walk, shape=(3,), S=4, momentum=0.0),
    },
    checks=[
        agrees(2, "accumulates past gradients in the velocity", on=[SIX_STEPS, MATRIX_STEPS, ONE_STEP, OTHER_RATE]),
        agrees(
            1, "uses the given momentum, and keeps moving without a gradient", on=[LESS_MOMENTUM, NO_MOMENTUM, RESTS]
        ),
        agrees(1, "scales the whole velocity by the current learning rate", on=SLOWER),
    ],
    mistakes=[
        Mistake("not_kept", NOT_KEPT, edit("lr * velocity, velocity", "lr * velocity, None")),
        Mistake("averaged", AVERAGED, edit("* velocity + dw", "* velocity + (1.0 - momentum) * dw")),
        Mistake(
            "momentum_times_rate",
            "You multiply the step by momentum as well as by the learning rate. Momentum scales only the old velocity.",
            edit("w - lr *", "w - momentum * lr *"),
        ),
        Mistake(
            "rate_in_the_velocity",
            RATE_INSIDE,
            edit("velocity + dw", "velocity + lr * dw").then("lr * velocity", "velocity"),
        ),
        Mistake(
            "steps_twice",
            "You step along the gradient and the velocity. The velocity already contains the gradient.",
            edit("w - lr * velocity", "w - lr * (dw + velocity)"),
        ),
        Mistake(
            "no_friction",
            "You keep the whole old velocity, so it never decays. Momentum says which share of it is kept.",
            edit("momentum * velocity + dw", "velocity + dw"),
        ),
        Mistake("uphill", "You step along the velocity, which is uphill. Step against it.", edit("w - lr", "w + lr")),
        Mistake("momentum_fixed", MOMENTUM_FIXED, edit("momentum * velocity + dw", "0.9 * velocity + dw")),
        Mistake("momentum_added", MOMENTUM_ADDED, edit("momentum * velocity + dw", "momentum + dw")),
    ],
    hints=[
        "What does the velocity hold after two steps, written out in both gradients?",
        "What does the next step need from this one? Return it together with w.",
    ],
)

nesterov_step = Exercise(
    points=5,
    forbids=["a ready-made optimiser"],
    words={"w[#]": "w after step {}"},
    driver=descent,
    cases=WALKS
    | {
        LESS_MOMENTUM: partial(walk, shape=(6,), S=3, momentum=0.4),
        NO_MOMENTUM: partial(walk, shape=(3,), S=4, momentum=0.0),
    },
    checks=[
        agrees(
            3,
            "steps along the gradient plus the look-ahead velocity",
            on=[SIX_STEPS, MATRIX_STEPS, ONE_STEP, OTHER_RATE],
        ),
        agrees(
            1, "uses the given momentum, and keeps moving without a gradient", on=[LESS_MOMENTUM, NO_MOMENTUM, RESTS]
        ),
        agrees(1, "scales the whole step by the current learning rate", on=SLOWER),
    ],
    mistakes=[
        Mistake("uphill", UPHILL, edit("w - lr *", "w + lr *")),
        Mistake(
            "no_look_ahead",
            "You take a plain momentum step: you step along the velocity itself, or look ahead with the old velocity, which is the same. Nesterov looks ahead with the new velocity.",
            edit("(dw + momentum * velocity), velocity", "velocity, velocity"),
        ),
        Mistake(
            "gradient_missing",
            "You step along the look-ahead velocity alone. The gradient is missing from the step.",
            edit("(dw + momentum * velocity)", "momentum * velocity"),
        ),
        Mistake(
            "velocity_whole",
            "You add the whole velocity to the gradient. The look-ahead velocity is only a part of it: which factor is missing?",
            edit("(dw + momentum * velocity)", "(dw + velocity)"),
        ),
        Mistake("not_kept", NOT_KEPT, edit("* velocity), velocity", "* velocity), None")),
        Mistake("averaged", AVERAGED, edit("* velocity + dw", "* velocity + (1.0 - momentum) * dw")),
        Mistake(
            "look_ahead_kept",
            "You store the look-ahead as the velocity. The look-ahead serves this step only: store the velocity itself.",
            edit("* velocity), velocity", "* velocity), dw + momentum * velocity"),
        ),
        Mistake(
            "rate_in_the_velocity",
            RATE_INSIDE,
            edit("velocity + dw", "velocity + lr * dw").then("lr * (dw +", "(lr * dw +"),
        ),
        Mistake("momentum_fixed", MOMENTUM_FIXED, edit("velocity = 0.0 if", "momentum = 0.9\n    velocity = 0.0 if")),
        Mistake("momentum_added", MOMENTUM_ADDED, edit("momentum * velocity + dw", "momentum + dw")),
    ],
    hints=[
        "If the next gradient were 0, what would the next velocity be?",
        "Which velocity is used for the step, and which one goes into the state?",
    ],
)

NO_EPS, RELATIVE = "an eps of 0", "does not care how large a weight's gradients are, but how they change"
QUICK_DECAY, WITH_BETAS, BETA1_ALONE, BETA2_ALONE = "a quick decay", "other betas", "another beta1", "another beta2"
ALL_GIVEN, EPS_TEXT = "every argument given", "You put eps under the root. It is added to the root itself."

EPS_FIXED = "You always use an eps of 1e-8. Use the one that you are given."

OWN_EPS = ("1e-5", "1e-6", "1e-7", "1e-10")  # what people write in place of the one that is given

rmsprop_step = Exercise(
    points=6,
    forbids=["a ready-made optimiser"],
    words={"w[#]": "w after step {}"},
    driver=descent,
    cases=WALKS
    | {
        QUICK_DECAY: partial(walk, shape=(6,), S=4, decay=0.6),
        LARGE_EPS: partial(walk, shape=(5,), S=3, eps=0.1),
        TINY: partial(walk, shape=(4,), S=3, size=1e-7),
        NO_EPS: partial(walk, shape=(4, 5), S=3, eps=0.0),
        ALL_GIVEN: partial(walk, shape=(2, 3), S=5, lr=0.02, decay=0.8, eps=0.1),
    },
    checks=[
        agrees(2, "divides by the root of the running average of dw²", on=[SIX_STEPS, MATRIX_STEPS, ONE_STEP]),
        agrees(1, "uses the given decay and learning rate", on=[QUICK_DECAY, OTHER_RATE, SLOWER]),
        agrees(1, "has eps outside the root", on=[LARGE_EPS, TINY, ALL_GIVEN]),
        agrees(1, "is right and finite where a gradient is 0", on=RESTS),
        moves(1, RELATIVE, larger_and_other_gradients, on=NO_EPS),
    ],
    mistakes=[
        Mistake("uphill", UPHILL, edit("w - lr *", "w + lr *")),
        Mistake("eps_in_the_root", EPS_TEXT, edit("(np.sqrt(square) + eps)", "np.sqrt(square + eps)")),
        Mistake(
            "no_root",
            "You divide by the average of the squares. Divide by its root, which has the size of a gradient.",
            edit("np.sqrt(square)", "square"),
        ),
        Mistake(
            "decay_swapped",
            "The two weights of the average are swapped: with a decay near 1, nearly all of the old average stays.",
            edit("decay * square + (1.0 - decay) * dw**2", "(1.0 - decay) * square + decay * dw**2"),
        ),
        Mistake(
            "summed",
            "You add up all squares, as Adagrad does, so the steps only get shorter. A running average forgets old gradients.",
            edit("decay * square + (1.0 - decay) * dw**2", "square + dw**2"),
        ),
        Mistake("not_kept", NOT_KEPT, edit("+ eps), square", "+ eps), None")),
        Mistake(
            "begins_with_the_first",
            "You start the average at the square of the first gradient. Start it at 0 and average the first square in.",
            edit("0.0 if state is None", "dw**2 if state is None"),
        ),
        Mistake(
            "eps_missing",
            "You leave out eps, so a weight whose gradient is always 0 becomes nan.",
            edit("(np.sqrt(square) + eps)", "np.sqrt(square)"),
        ),
        Mistake(
            "one_scale_for_all",
            "You average the squares over the weights, too. Each weight has its own scale.",
            edit("* dw**2", "* np.mean(dw**2)"),
        ),
        Mistake(
            "decay_fixed",
            "You always use a decay of 0.99. Use the one that you are given.",
            edit("square = 0.0 if", "decay = 0.99\n    square = 0.0 if"),
        ),
        Mistake("eps_fixed", EPS_FIXED, edit("np.sqrt(square) + eps", "np.sqrt(square) + 1e-8")),
        Mistake(
            "decay_added",
            "You add decay to the average. It is the weight of the old average: multiply.",
            edit("decay * square +", "decay +"),
        ),
        *(
            Mistake(
                f"eps_of_{eps}",
                f"You use an eps of {eps}, whatever is given. Use the one that you are given.",
                edit("np.sqrt(square) + eps", f"np.sqrt(square) + {eps}"),
            )
            for eps in OWN_EPS
        ),
    ],
    hints=[
        "How large is the first step of a weight, if decay is 0.99 and its gradient is 5? And if it is 0.005?",
        "What has the same unit as the gradient: the average of the squares, or its root?",
        "What happens to a weight whose gradient is always 0?",
    ],
)

ADAM_WALKS = WALKS | {
    BETA1_ALONE: partial(walk, shape=(6,), S=4, beta1=0.5),
    BETA2_ALONE: partial(walk, shape=(3,), S=5, beta2=0.7),
    WITH_BETAS: partial(walk, shape=(2, 4), S=3, lr=0.02, beta1=0.8, beta2=0.95),
    LARGE_EPS: partial(walk, shape=(5,), S=3, eps=0.1),
    TINY: partial(walk, shape=(4,), S=3, size=1e-7),
    NO_EPS: partial(walk, shape=(4, 5), S=3, eps=0.0),
}
COUNTED_FROM_ZERO = "You count steps from 0, so in the first step you divide by 1 − 1. Increase t before you use it."
NO_CORRECTION = "You leave out the bias correction. Both averages start at 0, and are too small during the first steps."
NO_POWER = "You divide by 1 − beta in every step: the power t is missing, or t is not in your state. The correction must fade as t grows."
MOMENTS_MIXED = (
    "You swap the betas. beta1 belongs to the average of the gradients, beta2 to the average of their squares."
)

BETAS_FIXED = "You always use the betas 0.9 and 0.999. Use those that you are given."
BETA_ADDED = "You add beta to an average. It is the weight of the old average: multiply."
BOTH_AVERAGES = "m = beta1 * m + (1.0 - beta1) * dw\n    v = beta2 * v + (1.0 - beta2) * dw**2"

adam_step = Exercise(
    points=8,
    forbids=["a ready-made optimiser"],
    words={"w[#]": "w after step {}"},
    driver=descent,
    cases=ADAM_WALKS,
    checks=[
        agrees(3, "divides the corrected first average by the root of the second", on=[SIX_STEPS, MATRIX_STEPS, RESTS]),
        agrees(1, "takes the right first step", on=ONE_STEP),
        agrees(1, "uses the given learning rate", on=[OTHER_RATE, SLOWER]),
        agrees(1, "uses beta1 and beta2 for the right averages", on=[BETA1_ALONE, BETA2_ALONE, WITH_BETAS]),
        agrees(1, "adds eps to the root of the corrected average", on=[LARGE_EPS, TINY]),
        moves(1, RELATIVE, larger_and_other_gradients, on=NO_EPS),
    ],
    mistakes=[
        Mistake("uphill", UPHILL, edit("w - lr *", "w + lr *")),
        Mistake(
            "no_bias_correction",
            NO_CORRECTION,
            edit("m_hat = m / (1.0 - beta1**t)\n    v_hat = v / (1.0 - beta2**t)", "m_hat, v_hat = m, v"),
        ),
        Mistake(
            "correction_without_power",
            NO_POWER,
            everywhere("**t", ""),
        ),
        Mistake("counted_from_zero", COUNTED_FROM_ZERO, edit("(0, 0.0", "(-1, 0.0")),
        Mistake(
            "second_not_corrected",
            "You correct only the first average. The second one also starts at 0, and takes longer to recover from it.",
            edit("v / (1.0 - beta2**t)", "v"),
        ),
        Mistake("eps_in_the_root", EPS_TEXT, edit("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat + eps)")),
        Mistake(
            "eps_before_the_correction",
            "You add eps to the root before the bias correction, so eps is scaled, too. Correct first.",
            edit("(np.sqrt(v_hat) + eps)", "((np.sqrt(v) + eps) / np.sqrt(1.0 - beta2**t))"),
        ),
        Mistake(
            "corrected_kept",
            "You store the corrected averages in the state, and correct them again in the next step. Store the uncorrected ones.",
            edit("(t, m, v)", "(t, m_hat, v_hat)"),
        ),
        Mistake(
            "betas_mixed_up",
            MOMENTS_MIXED,
            edit("t = t + 1", "t, beta1, beta2 = t + 1, beta2, beta1"),
        ),
        Mistake("not_kept", NOT_KEPT, edit("+ eps), (t, m, v)", "+ eps), None")),
        Mistake(
            "no_root",
            "You divide by the average of the squares. Divide by its root, which has the size of a gradient.",
            edit("np.sqrt(v_hat)", "v_hat"),
        ),
        Mistake("betas_fixed", BETAS_FIXED, edit("t = t + 1", "t, beta1, beta2 = t + 1, 0.9, 0.999")),
        Mistake("eps_fixed", EPS_FIXED, edit("np.sqrt(v_hat) + eps", "np.sqrt(v_hat) + 1e-8")),
        Mistake(
            "betas_added",
            BETA_ADDED,
            edit(BOTH_AVERAGES, "m = beta1 + (1.0 - beta1) * dw\n    v = beta2 + (1.0 - beta2) * dw**2"),
        ),
        Mistake("beta1_added", BETA_ADDED, edit("beta1 * m +", "beta1 +")),
        Mistake("beta2_added", BETA_ADDED, edit("beta2 * v +", "beta2 +")),
        Mistake(
            "eps_kept",
            "You add eps to the average that goes into your state, so it grows from step to step. Add it only where you divide.",
            edit("m_hat = m", "v = v + eps\n    m_hat = m"),
        ),
        *(
            Mistake(
                f"eps_of_{eps}",
                f"You use an eps of {eps}, whatever is given. Use the one that you are given.",
                edit("np.sqrt(v_hat) + eps", f"np.sqrt(v_hat) + {eps}"),
            )
            for eps in OWN_EPS
        ),
        Mistake(
            "no_bias_correction_and_eps_in_the_root",
            "You leave out the bias correction, and put eps under the root. Correct both averages first, and add eps to the root itself.",
            edit(
                "m_hat = m / (1.0 - beta1**t)\n    v_hat = v / (1.0 - beta2**t)\n    return w - lr * m_hat / (np.sqrt(v_hat) + eps)",
                "return w - lr * m / np.sqrt(v + eps)",
            ),
        ),
    ],
    hints=[
        "What are m and v after one step, and what must they be divided by to give dw and dw²?",
        "Which three things does the next step need?",
        "The very first step has the size lr for every weight. What does that tell you about the correction?",
    ],
)

MUCH_DECAY, NO_DECAY, ALL_OF_ADAMW = "much weight decay", "no weight decay", "every option given"

adamw_step = Exercise(
    points=6,
    forbids=["a ready-made optimiser"],
    words={"w[#]": "w after step {}"},
    driver=descent,
    cases=ADAM_WALKS
    | {
        MUCH_DECAY: partial(walk, shape=(4,), S=5, weight_decay=0.3),
        NO_DECAY: partial(walk, shape=(7,), S=3, weight_decay=0.0),
        ALL_OF_ADAMW: partial(walk, shape=(3, 2), S=4, lr=0.03, beta1=0.7, beta2=0.9, eps=0.1, weight_decay=0.2),
    },
    checks=[
        agrees(2, "takes Adam's step, and decays the weights separately", on=[SIX_STEPS, MATRIX_STEPS, ONE_STEP]),
        agrees(1, "uses the given weight decay", on=[MUCH_DECAY, NO_DECAY, ALL_OF_ADAMW]),
        agrees(1, "decays without a gradient, in proportion to the learning rate", on=[RESTS, OTHER_RATE, SLOWER]),
        agrees(
            1, "uses each beta, and eps outside the root", on=[BETA1_ALONE, BETA2_ALONE, WITH_BETAS, LARGE_EPS, TINY]
        ),
        moves(1, RELATIVE, larger_and_other_gradients, on=NO_EPS),
    ],
    mistakes=[
        Mistake(
            "decay_in_the_gradient",
            "You add the decay to the gradient, as an L2 penalty does. Then Adam rescales it: the decay must not pass through the averages.",
            edit(
                "(w, dw, state, lr, beta1, beta2, eps)\n    return new_w - lr * weight_decay * w, state",
                "(w, dw + weight_decay * w, state, lr, beta1, beta2, eps)\n    return new_w, state",
            ),
        ),
        Mistake(
            "decay_after_the_step",
            "You decay the weights after the step. Decay the old weights, from before the step.",
            edit("lr * weight_decay * w, state", "lr * weight_decay * new_w, state"),
        ),
        Mistake(
            "decay_without_the_rate",
            "Your decay does not depend on the learning rate. Scale it by lr, as you scale the step.",
            edit("new_w - lr * weight_decay", "new_w - weight_decay"),
        ),
        Mistake(
            "no_decay",
            "You take a plain Adam step: your weights do not decay.",
            edit("new_w - lr * weight_decay * w, state", "new_w, state"),
        ),
        Mistake(
            "growth",
            "Your decay has the wrong sign: the weights grow instead of shrinking.",
            edit("new_w - lr * weight_decay", "new_w + lr * weight_decay"),
        ),
        Mistake(
            "no_bias_correction",
            NO_CORRECTION,
            edit(
                "m_hat = m / (1.0 - beta1**t)\n    v_hat = v / (1.0 - beta2**t)", "m_hat, v_hat = m, v", of="adam_step"
            ),
        ),
        Mistake("eps_in_the_root", EPS_TEXT, edit("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat + eps)", of="adam_step")),
        Mistake("not_kept", NOT_KEPT, edit("weight_decay * w, state", "weight_decay * w, None")),
        Mistake(
            "decay_fixed",
            "You always use a weight decay of 0.01. Use the one that you are given.",
            edit("lr * weight_decay * w, state", "lr * 0.01 * w, state"),
        ),
        Mistake("betas_fixed", BETAS_FIXED, edit("t = t + 1", "t, beta1, beta2 = t + 1, 0.9, 0.999", of="adam_step")),
        Mistake("eps_fixed", EPS_FIXED, edit("np.sqrt(v_hat) + eps", "np.sqrt(v_hat) + 1e-8", of="adam_step")),
        Mistake(
            "betas_added",
            BETA_ADDED,
            edit("beta1 * m +", "beta1 +", of="adam_step").then("beta2 * v +", "beta2 +"),
        ),
        Mistake(
            "correction_without_power",
            NO_POWER,
            everywhere("**t", "", of="adam_step"),
        ),
        *(
            Mistake(
                f"eps_of_{eps}",
                f"You use an eps of {eps}, whatever is given. Use the one that you are given.",
                edit("np.sqrt(v_hat) + eps", f"np.sqrt(v_hat) + {eps}", of="adam_step"),
            )
            for eps in OWN_EPS
        ),
    ],
    hints=[
        "What happens to a weight whose gradient is always 0?",
        "If the decay were added to dw, by what would Adam divide it?",
        "Which w decays: the one from before the step, or the one after?",
    ],
)


def rates(draw, at, warmup=(10, 20), decay=(30, 60), floor=True):
    """A schedule of drawn length and height; `at(warmup, total)` is the step."""
    rise, fall = (int(draw.integers(*bounds)) if bounds else 0 for bounds in (warmup, decay))
    inputs = {"step": at(rise, rise + fall), "warmup": rise, "total": rise + fall, "peak": float(draw.uniform(0.2, 2))}
    return inputs | {"floor": float(inputs["peak"] * draw.uniform(0.05, 0.4))} if floor else inputs


def part_way(part):
    """A step that lies a part of the way from the peak to the end."""
    return lambda warmup, total: warmup + int(part * (total - warmup))


EARLY, LATE, HALF_WAY = "early in the decay", "late in the decay", "half way down, no floor given"
RISING, FIRST, SECOND = "half way up", "step 0", "step 1"
PEAK, LAST, END, BEYOND = "the peak", "the last step but one", "the end", "far beyond the end"
COLD_START, COLD_DECAY = "no warm-up, step 0", "no warm-up, in the decay"

warmup_cosine = Exercise(
    points=6,
    cases={
        EARLY: partial(rates, at=part_way(0.3)),
        LATE: partial(rates, at=part_way(0.7)),
        HALF_WAY: partial(rates, at=part_way(0.45), floor=False),
        RISING: partial(rates, at=lambda warmup, total: warmup // 2),
        SECOND: partial(rates, at=lambda warmup, total: 1, floor=False),
        FIRST: partial(rates, at=lambda warmup, total: 0),
        PEAK: partial(rates, at=lambda warmup, total: warmup),
        LAST: partial(rates, at=lambda warmup, total: total - 1),
        END: partial(rates, at=lambda warmup, total: total),
        BEYOND: partial(rates, at=lambda warmup, total: total + warmup + 3),
        COLD_START: partial(rates, at=lambda warmup, total: 0, warmup=None),
        COLD_DECAY: partial(rates, at=part_way(0.6), warmup=None, floor=False),
    },
    checks=[
        agrees(3, "falls from the peak to the floor along half a cosine wave", on=[EARLY, LATE, HALF_WAY, LAST]),
        agrees(1, "rises in a straight line from 0 to the peak", on=[RISING, SECOND, FIRST, PEAK]),
        agrees(1, "stays at the floor from step `total` on", on=[END, BEYOND, LATE]),
        agrees(1, "starts at the peak without a warm-up", on=[COLD_START, COLD_DECAY]),
    ],
    mistakes=[
        Mistake(
            "floor_ignored",
            "Your learning rate falls to 0. It must fall from the peak to `floor`.",
            edit("floor + (peak - floor) * (1.0", "peak * (1.0"),
        ),
        Mistake(
            "floor_on_top",
            "You add the floor to a wave as high as the peak, so the decay starts above the peak.",
            edit("(peak - floor)", "peak"),
        ),
        Mistake(
            "floor_as_a_bound",
            "Your wave falls towards 0 and is cut off at the floor. The half wave itself must end at the floor.",
            returns("max(floor, peak * (1.0 + np.cos(np.pi * progress)) / 2.0)"),
        ),
        Mistake(
            "warm_up_counted_twice",
            "Your wave starts at step 0, so the rate jumps at the end of the warm-up. Count the progress of the decay from step `warmup`.",
            edit("(step - warmup) / (total - warmup)", "step / total"),
        ),
        Mistake(
            "progress_over_total",
            "You divide the steps since the warm-up by the total number of steps, so the rate does not reach the floor in time. How many steps does the decay take?",
            edit("(step - warmup) / (total - warmup)", "(step - warmup) / total"),
        ),
        Mistake(
            "straight_down",
            "Your decay is a straight line. A cosine leaves the peak slowly and arrives slowly.",
            edit("(1.0 + np.cos(np.pi * progress)) / 2.0", "(1.0 - progress)"),
        ),
        Mistake(
            "quarter_wave",
            "You use a quarter of a wave, from cos 0 to cos π/2. Use half a wave, from cos 0 to cos π, shifted and scaled.",
            edit("(1.0 + np.cos(np.pi * progress)) / 2.0", "np.cos(np.pi / 2 * progress)"),
        ),
        Mistake(
            "no_end",
            "Your cosine rises again after the last step. From step `total` on, the rate stays at the floor.",
            edit("if step >= total:", "if False:"),
        ),
        Mistake(
            "one_step_ahead",
            "Your warm-up is one step ahead. The rate at step 0 must be 0.",
            edit("peak * step / warmup", "peak * (step + 1) / warmup"),
        ),
        Mistake(
            "warm_up_from_the_floor",
            "Your warm-up starts at the floor. Start it at 0; the floor is for the end of the decay.",
            edit("peak * step / warmup", "floor + (peak - floor) * step / warmup"),
        ),
        Mistake(
            "warm_up_rounded_down",
            "You divide with //, which rounds down to a whole number: your warm-up stays at 0. Use /.",
            edit("peak * step / warmup", "peak * (step // warmup)"),
        ),
        Mistake(
            "progress_rounded_down",
            "You divide with //, which rounds down to a whole number: your progress stays at 0. Use /.",
            edit("(step - warmup) / (total - warmup)", "(step - warmup) // (total - warmup)"),
        ),
    ],
    hints=[
        "What fraction of the decay is done at a step? It is 0 at the end of the warm-up and 1 at step `total`.",
        "A cosine goes from 1 to -1 between 0 and π. How do you shift and scale it to go from 1 to 0, and then from peak to floor?",
        "Which steps need no cosine at all? Handle them first.",
    ],
)


def gradients_of(draw, ratio, shapes=((4, 3), (3,), (5,))):
    """Arrays of very different size whose common norm is `ratio` times the largest that is allowed."""
    grads = [(1.0 + number) * draw(*shape) for number, shape in enumerate(shapes)]
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    return {"grads": grads, "max_norm": float(norm / ratio)}


def all_zero(draw):
    inputs = gradients_of(draw, 2.0)
    return inputs | {"grads": [np.zeros_like(g) for g in inputs["grads"]]}


ABOVE, FAR_ABOVE, BELOW = "three arrays, too long", "a hundred times too long", "short enough"

clip_gradient_norm = Exercise(
    points=5,
    forbids=["a ready-made optimiser"],
    cases={
        ABOVE: partial(gradients_of, ratio=2.5),
        FAR_ABOVE: partial(gradients_of, ratio=100.0, shapes=((2, 3), (3,), (3, 4), (4,))),
        "too long together, each short enough": partial(gradients_of, ratio=1.1, shapes=((6,), (5,), (4,))),
        "a single array": partial(gradients_of, ratio=4.0, shapes=((2, 3, 5),)),
        "a little too long": partial(gradients_of, ratio=1.001),
        BELOW: partial(gradients_of, ratio=0.5),
        "far too short to clip": partial(gradients_of, ratio=0.001, shapes=((3, 4), (6,))),
        "all zero": all_zero,
    },
    checks=[
        agrees(
            3,
            "scales every array so that their common norm is max_norm",
            on=[ABOVE, FAR_ABOVE, "too long together, each short enough", "a single array"],
        ),
        agrees(
            2,
            "clips only gradients longer than max_norm",
            on=["a little too long", BELOW, "far too short to clip", "all zero"],
        ),
    ],
    mistakes=[
        Mistake(
            "each_by_its_own_norm",
            "You clip each array by its own norm, which changes the direction of the gradient. Use one norm, of all arrays together.",
            lambda grads, max_norm: [g * min(1.0, max_norm / max(np.linalg.norm(g), 1e-300)) for g in grads],
        ),
        Mistake(
            "by_value",
            "You cut off each entry at max_norm. That is clipping by value, and changes the direction; here all entries are scaled by the same factor.",
            lambda grads, max_norm: [np.clip(g, -max_norm, max_norm) for g in grads],
        ),
        Mistake(
            "always_scaled",
            "You scale every gradient to max_norm, even short ones. A gradient that is short enough stays as it is.",
            edit("if norm <= max_norm:", "if norm == 0:"),
        ),
        Mistake(
            "no_root",
            "You use the sum of the squares for the norm. Its root is missing.",
            edit("np.sqrt(sum(np.sum(g**2) for g in grads))", "sum(np.sum(g**2) for g in grads)"),
        ),
        Mistake(
            "norms_added",
            "You add up the norms of the arrays. Only their squares add up, as in Pythagoras' theorem.",
            edit("np.sqrt(sum(np.sum(g**2) for g in grads))", "sum(np.sqrt(np.sum(g**2)) for g in grads)"),
        ),
        Mistake(
            "to_length_one",
            "You scale to length 1. The new length is max_norm.",
            edit("g * (max_norm / norm)", "g / norm"),
        ),
        Mistake(
            "eps_in_the_norm",
            "You add a small number to the norm before you divide, so the result is a little too short. Where you divide, the norm cannot be 0.",
            edit("(max_norm / norm)", "(max_norm / (norm + 1e-6))"),
        ),
        Mistake(
            "nan_for_zeros",
            "You divide by the norm even where it is 0, so a gradient of zeros becomes nan.",
            lambda grads, max_norm: (
                lambda norm: [np.where(norm > max_norm, g * (max_norm / norm), g * (norm / norm)) for g in grads]
            )(np.sqrt(sum(np.sum(g**2) for g in grads))),
        ),
    ],
    hints=[
        "If you joined all arrays into one vector, what would its length be? Do you need to join them to compute it?",
        "By which factor must a vector be multiplied to get a given length? When do you multiply at all?",
    ],
)


# Penalties


def weights(draw, shape, strength=0.7, size=1.0):
    """Weights of both signs, none near 0."""
    count = int(np.prod(shape))
    signs = np.where(np.arange(count) % 2, -1.0, 1.0)[draw.permutation(count)]
    return {"W": (size * signs * (0.1 + np.abs(draw(count)))).reshape(shape), "strength": strength}


def with_zeros(draw):
    inputs = weights(draw, (4, 5))
    return inputs | {"W": np.where(np.arange(20).reshape(4, 5) % 3 == 0, 0.0, inputs["W"])}


MATRIX, WEAK, STRONG, ZEROS = "a matrix", "a weak penalty", "a strong penalty", "some weights exactly 0"
OTHER_SHAPES = ["a vector", "a kernel", "a single weight"]
PENALTIES = {
    MATRIX: partial(weights, shape=(4, 3)),
    WEAK: partial(weights, shape=(3, 5), strength=1e-3),
    STRONG: partial(weights, shape=(5, 2), strength=30.0, size=4.0),
    "a vector": partial(weights, shape=(6,)),
    "a kernel": partial(weights, shape=(2, 3, 4, 5)),
    "a single weight": partial(weights, shape=(1, 1)),
    ZEROS: with_zeros,
}

NOT_SCALED = "The strength scales the penalty, so it scales the gradient, too."

l1_penalty = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    cases=PENALTIES,
    checks=[
        agrees(1, "returns the sum of the absolute weights, times the strength", on=[MATRIX, WEAK, STRONG]),
        agrees(1, "works on arrays of any shape", on=OTHER_SHAPES),
        agrees(1, "has gradient 0 where a weight is exactly 0", on=ZEROS),
        slopes(1, "the gradient is the slope of your own penalty", of="W", on=[MATRIX, STRONG]),
    ],
    mistakes=[
        Mistake(
            "gradient_without_strength",
            f"Your gradient forgets the strength. {NOT_SCALED}",
            edit("strength * np.sign(W)", "np.sign(W)"),
        ),
        Mistake(
            "gradient_without_sign",
            "Your gradient is positive everywhere. For a negative weight, the penalty falls when the weight grows.",
            edit("np.sign(W)", "np.ones_like(W)"),
        ),
        Mistake(
            "weights_for_signs",
            "Your gradient grows with the weight, as that of a squared penalty does. The slope of |W| is the same everywhere on one side of 0.",
            edit("np.sign(W)", "W"),
        ),
        Mistake(
            "gradient_of_sizes",
            "You return the absolute weights, times the strength, as the gradient. That is each weight's share of the penalty, not the slope.",
            edit("np.sign(W)", "np.abs(W)"),
        ),
        Mistake(
            "mean",
            "You take the mean of the absolute weights. The penalty is their sum.",
            edit("np.abs(W).sum(), strength * np.sign(W)", "np.abs(W).mean(), strength * np.sign(W) / W.size"),
        ),
        Mistake(
            "largest_column",
            "Your penalty is the matrix 1-norm of NumPy, the largest sum of a column. Add up all entries.",
            edit("np.abs(W).sum()", "np.abs(W).sum(axis=0).max()"),
        ),
        Mistake(
            "one_at_zero",
            "Your gradient is not 0 where a weight is exactly 0. |W| has a kink there, and this exercise uses slope 0.",
            edit("np.sign(W)", "np.where(W >= 0, 1.0, -1.0)"),
        ),
    ],
    hints=[
        "How does |W| change when W grows a little: for a positive W, for a negative one?",
        "NumPy has a function with the three values that you need, for positive, negative and zero entries.",
    ],
)

l2_penalty = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    cases=PENALTIES,
    checks=[
        agrees(2, "returns the sum of the squared weights, times half the strength", on=[MATRIX, WEAK, STRONG]),
        agrees(1, "works on arrays of any shape, including zeros", on=[*OTHER_SHAPES, ZEROS]),
        slopes(1, "the gradient is the slope of your own penalty", of="W", on=[MATRIX, STRONG]),
    ],
    mistakes=[
        Mistake(
            "not_halved",
            "Your penalty has no factor ½, so your gradient is not its slope. Halve the penalty.",
            edit("strength / 2.0", "strength"),
        ),
        Mistake(
            "gradient_doubled",
            "Your gradient is twice as large as it should be: the 2 of the square and the ½ of the penalty cancel.",
            edit(", strength * W", ", 2.0 * strength * W"),
        ),
        Mistake(
            "both_doubled",
            "Your penalty and your gradient are both twice as large as they should be: this penalty has a ½ in front.",
            edit("strength / 2.0 * np.sum(W**2), strength * W", "strength * np.sum(W**2), 2.0 * strength * W"),
        ),
        Mistake(
            "gradient_halved",
            "Your gradient is half as large as it should be: the derivative of a square brings a 2.",
            edit(", strength * W", ", strength / 2.0 * W"),
        ),
        Mistake(
            "gradient_without_strength",
            f"Your gradient forgets the strength. {NOT_SCALED}",
            edit(", strength * W", ", W"),
        ),
        Mistake(
            "square_of_the_sum",
            "You square the sum of the weights, in which opposite signs cancel. Square each weight, then add.",
            edit("np.sum(W**2)", "np.sum(W) ** 2"),
        ),
        Mistake(
            "root",
            "Your penalty contains the norm. Use its square, without a root.",
            edit("np.sum(W**2)", "np.sqrt(np.sum(W**2))"),
        ),
        Mistake(
            "mean",
            "You take means over the entries. The penalty is a sum.",
            edit("np.sum(W**2), strength * W", "np.mean(W**2), strength * W / W.size"),
        ),
    ],
    hints=[
        "What is the derivative of w²/2?",
        "Compare your gradient with your own penalty: move one weight by 0.001, and see how the penalty changes.",
    ],
)


# Dropout


def activations(draw, shape, p=0.3, training=True):
    """Activations away from 0, so that a dropped entry shows."""
    x = weights(draw, shape)["W"]
    return {"x": x, "p": p, "rng": draw.generator(), "training": training}


def in_training(inputs, draw):
    return inputs | {"training": True}


REST = "not training"

dropout = Exercise(
    points=6,
    cases={
        "a batch": partial(activations, shape=(8, 5)),
        "most are dropped": partial(activations, shape=(9, 6), p=0.8),
        "few are dropped": partial(activations, shape=(30, 4), p=0.1),
        "a vector": partial(activations, shape=(40,), p=0.4),
        "images": partial(activations, shape=(3, 2, 4, 5), p=0.6),
        "nothing is dropped, p = 0": partial(activations, shape=(4, 6), p=0.0),
        REST: partial(activations, shape=(7, 6), training=False),
        "not training, and p is large": partial(activations, shape=(5, 8), p=0.9, training=False),
    },
    checks=[
        agrees(
            3, "drops with probability p and scales up the rest", on=["a batch", "most are dropped", "few are dropped"]
        ),
        agrees(
            1,
            "works on arrays of any shape, and for p = 0",
            on=["a vector", "images", "nothing is dropped, p = 0"],
        ),
        agrees(
            1,
            "returns x when it is not training, and only then",
            on=["a batch", REST, "not training, and p is large"],
        ),
        moves(1, "drops entries in training, and only then", in_training, on="not training, and p is large"),
    ],
    mistakes=[
        Mistake(
            "not_scaled",
            "You drop entries without scaling up the rest, so the next layer gets smaller inputs in training than afterwards. By which probability must you divide?",
            edit(" / (1.0 - p)", ""),
        ),
        Mistake(
            "scaled_by_p",
            "You divide by p, the probability of dropping an entry. Divide by the probability of keeping it.",
            edit("/ (1.0 - p)", "/ p"),
        ),
        Mistake(
            "p_is_kept",
            "You keep an entry with probability p, and scale accordingly. Here, p is the probability of dropping it.",
            edit(
                "rng.random(x.shape) >= p\n    return x * mask / (1.0 - p)",
                "rng.random(x.shape) < p\n    return x * mask / p",
            ),
        ),
        Mistake(
            "mask_inverted",
            "You invert the mask: you keep what should be dropped. Entries whose random number is at least p are kept.",
            edit("mask = rng.random(x.shape) >= p", "mask = rng.random(x.shape) < p"),
        ),
        Mistake(
            "drops_nothing",
            "You drop nothing. Python reads `u < p / p` as `u < 1`: make the mask first and scale afterwards.",
            edit(
                "mask = rng.random(x.shape) >= p\n    return x * mask / (1.0 - p)",
                "return x * (rng.random(x.shape) < (1.0 - p) / (1.0 - p))",
            ),
        ),
        Mistake(
            "scaled_afterwards",
            "You multiply by 1 − p outside training. Inverted dropout scales in training only, and returns x unchanged otherwise.",
            edit("return x\n", "return x * (1.0 - p)\n").then("mask / (1.0 - p)", "mask"),
        ),
        Mistake(
            "always_training",
            "You drop entries outside training, too. A trained network must not be random.",
            edit("if not training:", "if False:"),
        ),
        Mistake(
            "one_number_a_row",
            "You draw one random number for each row and drop whole rows. Draw one number for each entry.",
            edit("mask = rng.random(x.shape)", "mask = rng.random((len(x),) + (1,) * (x.ndim - 1))"),
        ),
        Mistake(
            "normal_draws",
            "You draw from a normal distribution and compare it with p. A share p of uniform numbers in [0, 1) lies below p, but not of normal ones.",
            edit("mask = rng.random(", "mask = rng.standard_normal("),
        ),
        Mistake(
            "p_fixed",
            "You always drop one half. Use the p that you are given.",
            edit("mask = rng.random(x.shape) >= p", "p = 0.5\n    mask = rng.random(x.shape) >= p"),
        ),
        Mistake(
            "binomial_draws",
            "You draw the mask with rng.binomial. Its law is right, but the docstring asks for one call of rng.random, so that your mask can be compared.",
            edit("mask = rng.random(x.shape) >= p", "mask = rng.binomial(1, 1.0 - p, x.shape)"),
        ),
    ],
    hints=[
        "If a share p of the entries becomes 0, by which factor does the mean shrink? What makes up for it?",
        "What does the function do outside training? Does it draw anything?",
    ],
)


def dropped(draw, shape, p=0.3, upstream=1.0):
    """At least two entries dropped and two kept, beside those that p decides."""
    mask = draw.uniform(0, 1, *shape) >= p
    mask.flat[:2], mask.flat[2:4] = True, False
    return {"dout": upstream * weights(draw, shape)["W"], "mask": mask, "p": p}


def nothing_dropped(draw):
    inputs = dropped(draw, (4, 6))
    return inputs | {"mask": np.ones((4, 6), bool), "p": 0.0}


another_upstream = redrawn(dout=...)

dropout_backward = Exercise(
    points=4,
    forbids=["automatic differentiation"],
    cases={
        "a batch": partial(dropped, shape=(6, 4)),
        "most were dropped": partial(dropped, shape=(5, 7), p=0.8, upstream=100.0),
        "a vector": partial(dropped, shape=(12,), p=0.4),
        "images": partial(dropped, shape=(3, 2, 4, 5), p=0.6),
        "nothing was dropped": nothing_dropped,
    },
    checks=[
        agrees(
            2,
            "passes dout on where the forward pass kept an entry, with the same scale",
            on=["a batch", "most were dropped"],
        ),
        agrees(1, "works on arrays of any shape, and for p = 0", on=["a vector", "images", "nothing was dropped"]),
        moves(
            1, "passes no gradient through dropped entries, and some through the rest", another_upstream, on="a batch"
        ),
    ],
    mistakes=[
        Mistake(
            "not_scaled",
            "You leave out the scale. The forward pass divides each kept entry by 1 − p, and the gradient gets the same factor.",
            edit(" / (1.0 - p)", ""),
        ),
        Mistake(
            "scaled_by_p",
            "You divide by p, the probability of dropping. The forward pass divides by the probability of keeping.",
            edit("/ (1.0 - p)", "/ p"),
        ),
        Mistake(
            "scale_undone",
            "You multiply by 1 − p, as if to undo the forward pass. The gradient of a multiplication by a constant has the same constant as a factor.",
            edit("/ (1.0 - p)", "* (1.0 - p)"),
        ),
        Mistake(
            "mask_inverted",
            "You pass the gradient through the dropped entries. The mask is True where an entry was kept.",
            edit("dout * mask", "dout * ~mask"),
        ),
        Mistake(
            "mask_ignored",
            "You pass the gradient through all entries. A dropped entry does not affect the output, so its gradient is 0.",
            edit("dout * mask", "dout"),
        ),
        Mistake("p_fixed", "You always divide by one half. Use the p that you are given.", edit("(1.0 - p)", "0.5")),
    ],
    hints=[
        "The forward multiplies each entry by a number that does not depend on x. Which number, for a kept entry and for a dropped one?",
        "What is the slope of a multiplication by a fixed number?",
    ],
)


# Normalisation


def scaled(draw, shape, **more):
    """Values far from mean 0 and variance 1, with a scale and a shift that are far from 1 and 0."""
    D = shape[-1]
    x = draw(*shape) * draw.uniform(0.5, 3, D) + draw.uniform(-4, 4, D)
    return {"x": x, "gamma": draw.uniform(1.5, 3, D) * draw.signs(D), "beta": draw.uniform(1, 3, D)} | more


def batch(draw, N=7, D=4, training=True, **more):
    running = {"running_mean": draw(D), "running_var": draw.uniform(0.3, 4, D)}
    return scaled(draw, (N, D)) | running | {"training": training} | more


def constant_feature(draw):
    inputs = batch(draw, N=6, D=3)
    inputs["x"][:, 1] = 2.0
    return inputs


def another_example(inputs, draw):
    """The last example changes."""
    x = inputs["x"].copy()
    x[-1] = x[-1] + 1.0 + np.abs(draw(*x[-1].shape))
    return inputs | {"x": x}


TRAIN, TEST = "in training", "not in training"
EPS_TRAIN, EPS_TEST = "a large eps, in training", "a large eps, not in training"
MOMENTUM = "another momentum"

EPS_5_FIXED = "You always use an eps of 1e-5. Use the one that you are given."


OUT = "    out = gamma * (x - mean)"


def after_training(out):
    """The reference in training; afterwards its output is another expression."""
    return edit(OUT, f"    if not training:\n        return {out}, running_mean, running_var\n{OUT}")


batchnorm = Exercise(
    points=8,
    forbids=["a ready-made normalisation"],
    cases={
        TRAIN: batch,
        "more features than examples": partial(batch, N=3, D=8),
        EPS_TRAIN: partial(batch, N=5, D=3, eps=0.5),
        MOMENTUM: partial(batch, N=6, D=5, momentum=0.7),
        TEST: partial(batch, N=5, D=6, training=False),
        EPS_TEST: partial(batch, N=4, D=3, training=False, eps=0.5, momentum=0.3),
        "a single example, not in training": partial(batch, N=1, D=4, training=False),
        "a batch of one": partial(batch, N=1, D=3),
        "a feature that never changes": constant_feature,
    },
    checks=[
        agrees(3, "normalises each feature over the batch", on=[TRAIN, "more features than examples"]),
        agrees(1, "uses the given momentum and eps", on=[EPS_TRAIN, MOMENTUM]),
        agrees(
            2,
            "uses the running statistics outside training, and returns them unchanged",
            on=[TEST, EPS_TEST, "a single example, not in training"],
        ),
        agrees(1, "is finite where a variance is 0", on=["a batch of one", "a feature that never changes"]),
        moves(1, "outside training, changing one example changes no other example's output", another_example, on=TEST),
    ],
    mistakes=[
        Mistake(
            "eps_outside_the_root",
            "You add eps to the standard deviation. Add it to the variance, under the root.",
            edit("np.sqrt(var + eps)", "(np.sqrt(var) + eps)"),
        ),
        Mistake(
            "no_eps",
            "You leave out eps. Where a variance is 0 your answer is nan, and elsewhere it is a little too large.",
            edit("np.sqrt(var + eps)", "np.sqrt(var)"),
        ),
        Mistake(
            "divided_by_the_variance",
            "You divide by the variance. Divide by its root, the standard deviation.",
            edit("np.sqrt(var + eps)", "(var + eps)"),
        ),
        Mistake(
            "unbiased_variance",
            "Your variance divides by N − 1. Use the biased variance, which divides by N.",
            edit("x.var(axis=0)", "x.var(axis=0) * len(x) / (len(x) - 1)"),
        ),
        Mistake(
            "unbiased_running_variance",
            "You normalise by the biased variance, but update the running variance with the unbiased one, as PyTorch does. Here, both are biased.",
            edit("momentum * var", "momentum * var * len(x) / (len(x) - 1)"),
        ),
        Mistake(
            "momentum_the_other_way",
            "You weight the batch statistics by 1 − momentum. Here momentum is the weight of the batch: with 0.1, the running statistics change slowly.",
            edit(
                "(1.0 - momentum) * running_mean + momentum * mean\n        running_var = (1.0 - momentum) * running_var + momentum * var",
                "momentum * running_mean + (1.0 - momentum) * mean\n        running_var = momentum * running_var + (1.0 - momentum) * var",
            ),
        ),
        Mistake(
            "running_standard_deviation",
            "You average the standard deviation. The running statistic is an average of variances.",
            edit("momentum * var", "momentum * np.sqrt(var)"),
        ),
        Mistake(
            "running_values_in_training",
            "You normalise by the running statistics in training. In training, normalise by the statistics of the batch.",
            edit("(x - mean)", "(x - running_mean)").then("np.sqrt(var + eps)", "np.sqrt(running_var + eps)"),
        ),
        Mistake(
            "batch_statistics_always",
            "You use the mean and variance of the batch outside training. There the output of an example must not depend on the other examples in the batch.",
            edit("mean, var = running_mean, running_var", "mean, var = x.mean(axis=0), x.var(axis=0)"),
        ),
        Mistake(
            "updated_when_not_training",
            "You update the running statistics outside training. Use them there, but return them unchanged.",
            edit(
                "mean, var = running_mean, running_var",
                "mean, var = running_mean, running_var\n"
                "        running_mean = (1.0 - momentum) * running_mean + momentum * x.mean(axis=0)\n"
                "        running_var = (1.0 - momentum) * running_var + momentum * x.var(axis=0)",
            ),
        ),
        Mistake(
            "over_the_features",
            "You normalise each example over its features, which is layer normalisation. Here, each feature is normalised over the examples.",
            edit(
                "out = gamma * (x - mean) / np.sqrt(var + eps) + beta",
                "row = x - x.mean(axis=1)[:, None]\n"
                "    out = gamma * row / np.sqrt((row**2).mean(axis=1)[:, None] + eps) + beta",
            ),
        ),
        Mistake(
            "no_scale_and_shift",
            "You leave out gamma and beta. They let the network choose the scale and the shift of each feature.",
            edit("gamma * (x - mean) / np.sqrt(var + eps) + beta", "(x - mean) / np.sqrt(var + eps)"),
        ),
        Mistake(
            "shift_scaled",
            "You add beta before you multiply by gamma. Scale first, then shift.",
            edit("gamma * (x - mean) / np.sqrt(var + eps) + beta", "gamma * ((x - mean) / np.sqrt(var + eps) + beta)"),
        ),
        Mistake(
            "one_mean_for_all_features",
            "You take one mean and one variance over the whole array. Each feature has its own: average over the examples only.",
            everywhere("axis=0", ""),
        ),
        Mistake("eps_fixed", EPS_5_FIXED, edit("np.sqrt(var + eps)", "np.sqrt(var + 1e-5)")),
        Mistake(
            "momentum_fixed",
            "You always use a momentum of 0.1. Use the one that you are given.",
            edit("    if training:", "    momentum = 0.1\n    if training:"),
        ),
        Mistake(
            "batch_variance_after_training",
            "After training you subtract the running mean, but divide by the spread of the batch. Use the running variance, too.",
            edit("mean, var = running_mean, running_var", "mean, var = running_mean, x.var(axis=0)"),
        ),
        Mistake(
            "batch_mean_after_training",
            "After training you divide by the running spread, but subtract the mean of the batch. Use the running mean, too.",
            edit("mean, var = running_mean, running_var", "mean, var = x.mean(axis=0), running_var"),
        ),
        Mistake(
            "no_eps_after_training",
            "In training you add eps to the variance; after training you leave it out. The formula is the same, only the statistics differ.",
            after_training("gamma * (x - mean) / np.sqrt(var) + beta"),
        ),
        Mistake(
            "no_root_after_training",
            "After training you divide by the running variance. Divide by its root, the standard deviation, as in training.",
            after_training("gamma * (x - mean) / (var + eps) + beta"),
        ),
        Mistake(
            "no_scale_and_shift_after_training",
            "After training you leave out gamma and beta. The formula is the same as in training, only the statistics differ.",
            after_training("(x - mean) / np.sqrt(var + eps)"),
        ),
        Mistake(
            "no_shift_after_training",
            "After training you leave out beta. The formula is the same as in training, only the statistics differ.",
            after_training("gamma * (x - mean) / np.sqrt(var + eps)"),
        ),
        Mistake(
            "eps_outside_the_root_after_training",
            "After training you add eps to the running standard deviation. Add it to the variance, under the root, as in training.",
            after_training("gamma * (x - mean) / (np.sqrt(var) + eps) + beta"),
        ),
        Mistake(
            "unchanged_after_training",
            "After training you return x as it is. A trained network normalises, too: with the running statistics.",
            after_training("x"),
        ),
        Mistake(
            "running_root_with_eps",
            "You average the standard deviation, the root of the variance plus eps. The running statistic is an average of the variances themselves.",
            edit("momentum * var", "momentum * np.sqrt(var + eps)"),
        ),
        Mistake(
            "eps_in_the_running_variance",
            "You average the variance plus eps. eps belongs where you divide, and not in the running variance.",
            edit("momentum * var", "momentum * (var + eps)"),
        ),
        Mistake(
            "batch_for_running",
            "You return the statistics of the batch. Average them with the running ones; momentum says how much the batch counts.",
            edit(
                "running_mean = (1.0 - momentum) * running_mean + momentum * mean\n        running_var = (1.0 - momentum) * running_var + momentum * var",
                "running_mean, running_var = mean, var",
            ),
        ),
        Mistake(
            "never_updated",
            "You return the running statistics unchanged in training. Training is when they are learned.",
            edit(
                "running_mean = (1.0 - momentum) * running_mean + momentum * mean\n        running_var = (1.0 - momentum) * running_var + momentum * var",
                "pass",
            ),
        ),
    ],
    hints=[
        "Over which axis do you take the mean so that each feature has its own?",
        "Which mean and which variance do you use in training, and which outside training? When do you update the running statistics?",
        "Where exactly does eps appear in the formula, and what does it prevent?",
    ],
)


def upstream(draw, shape, **more):
    return {"dout": draw(*shape)} | scaled(draw, shape, **more)


DX_HAT = "dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)"
BATCH, LARGE_EPS = "seven examples, four features", "a large eps"

batchnorm_backward = Exercise(
    points=10,
    forbids=["automatic differentiation"],
    cases={
        BATCH: partial(upstream, shape=(7, 4)),
        "more features than examples": partial(upstream, shape=(3, 8)),
        "two examples": partial(upstream, shape=(2, 3)),
        LARGE_EPS: partial(upstream, shape=(5, 6), eps=0.5),
        "a batch of one": partial(upstream, shape=(1, 4)),
        "a single feature": partial(upstream, shape=(6, 1)),
    },
    checks=[
        agrees(
            3,
            "returns dx, along all three paths from x to the output",
            on=[BATCH, "more features than examples"],
            part="dx",
        ),
        agrees(1, "returns dgamma", on=[BATCH, "more features than examples"], part="dgamma"),
        agrees(1, "returns dbeta", on=[BATCH, "more features than examples"], part="dbeta"),
        agrees(2, "uses the given eps", on=LARGE_EPS, part=["dx", "dgamma"]),
        agrees(
            1,
            "is right for one or two examples, and for one feature",
            on=["two examples", "a batch of one", "a single feature"],
        ),
        keeps(
            2,
            "dx adds up to 0 over the batch, because shifting all examples changes nothing",
            measure="sum",
            change=another_upstream,
            axis=0,
            part=0,
            on=[BATCH, LARGE_EPS],
        ),
    ],
    mistakes=[
        Mistake(
            "statistics_held_still",
            "Your dx treats mean and variance as constants. Both are computed from x, so x reaches the output along three paths.",
            edit(f"({DX_HAT})", "dx_hat"),
        ),
        Mistake(
            "variance_held_still",
            "Your dx lacks the path through the variance: each x changes how all examples of its feature are scaled.",
            edit(" - x_hat * (dx_hat * x_hat).mean(axis=0)", ""),
        ),
        Mistake(
            "mean_held_still",
            "Your dx lacks the path through the mean: each x shifts all examples of its feature.",
            edit("dx_hat - dx_hat.mean(axis=0) - ", "dx_hat - "),
        ),
        Mistake(
            "no_gamma_in_dx",
            "You leave gamma out of dx. The forward pass multiplies the normalised values by gamma, so the backward pass multiplies their gradient by gamma.",
            edit("dx_hat = dout * gamma", "dx_hat = dout"),
        ),
        Mistake(
            "dgamma_from_x",
            "Your dgamma multiplies dout by x. In the forward pass gamma multiplies the normalised values, not x.",
            edit("(dout * x_hat).sum(axis=0)", "(dout * x).sum(axis=0)"),
        ),
        Mistake(
            "averaged",
            "You average dgamma and dbeta over the batch. All examples share gamma and beta, so their gradients add up.",
            everywhere("sum", "mean"),
        ),
        Mistake(
            "features_for_examples",
            "You divide sums over the examples by the number of features. Divide them by the number of examples.",
            edit(
                "dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)",
                "dx_hat.sum(axis=0) / x.shape[1] - x_hat * (dx_hat * x_hat).sum(axis=0) / x.shape[1]",
            ),
        ),
        Mistake(
            "no_eps",
            "You leave out eps. The forward pass adds it to the variance, so the backward pass must, too.",
            edit("np.sqrt(x.var(axis=0) + eps)", "np.sqrt(x.var(axis=0) + 1e-300)"),
        ),
        Mistake(
            "eps_outside_the_root",
            "You add eps to the standard deviation. Add it to the variance, under the root.",
            edit("np.sqrt(x.var(axis=0) + eps)", "np.sqrt(x.var(axis=0)) + eps"),
        ),
        Mistake(
            "default_eps",
            "You always use 1e-5 instead of the given eps.",
            edit("x.var(axis=0) + eps", "x.var(axis=0) + 1e-5"),
        ),
        Mistake(
            "own_output_only",
            "Your dx counts only how each output depends on its own x. An example also changes the outputs of all others, through mean and variance.",
            edit(
                f"({DX_HAT}) / std",
                "dx_hat * (len(x) - 1.0 - x_hat**2) / (len(x) * std)",
            ),
        ),
        Mistake(
            "dgamma_without_eps",
            "You leave eps out of dgamma alone. It multiplies dout by the normalised values of the forward pass, which have it.",
            edit("(dout * x_hat).sum(axis=0)", "(dout * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0))).sum(axis=0)"),
        ),
        Mistake(
            "times_the_deviation",
            "You multiply dx by the standard deviation. The forward pass divides by it, and so does the backward pass.",
            edit("(dx_hat * x_hat).mean(axis=0)) / std", "(dx_hat * x_hat).mean(axis=0)) * std"),
        ),
        Mistake(
            "divided_by_the_variance",
            "You divide dx by the variance. Divide by its root, as the forward pass does.",
            edit("(dx_hat * x_hat).mean(axis=0)) / std", "(dx_hat * x_hat).mean(axis=0)) / std**2"),
        ),
        Mistake(
            "one_mean_for_all_features",
            "You take one mean and one variance over the whole array. Each feature has its own: average over the examples only.",
            edit("x.var(axis=0)", "x.var()").then("x.mean(axis=0)", "x.mean()"),
        ),
        Mistake(
            "summed_in_dx",
            "You add up over the batch where dx has means. Each x has only a share of 1/N in the mean and in the variance.",
            edit("dx_hat.mean(", "dx_hat.sum(").then("(dx_hat * x_hat).mean(", "(dx_hat * x_hat).sum("),
        ),
    ],
    hints=[
        "Draw the forward pass as a graph: x, mean, centred, variance, normalised, out. Along how many paths does x reach out?",
        "Go back node by node. Where two arrows leave a node, the gradients that come back add up.",
        "Check: what must dx add up to over the batch? And what does dx times the normalised values add up to, with eps = 0?",
    ],
)


SENTENCES = "two sequences of five tokens"

layernorm = Exercise(
    points=5,
    forbids=["a ready-made normalisation"],
    cases={
        "six examples": partial(scaled, shape=(6, 4)),
        SENTENCES: partial(scaled, shape=(2, 5, 7)),
        "four axes": partial(scaled, shape=(2, 3, 4, 5)),
        "a single vector": partial(scaled, shape=(8,)),
        LARGE_EPS: partial(scaled, shape=(3, 6), eps=0.5),
        "a batch of one": partial(scaled, shape=(1, 5)),
        "a single feature": partial(scaled, shape=(4, 1)),
    },
    checks=[
        agrees(2, "normalises over the last axis, then scales and shifts", on=["six examples", SENTENCES]),
        agrees(1, "accepts any number of leading axes, or none", on=["four axes", "a single vector", "a batch of one"]),
        agrees(1, "uses the given eps, and is finite where the variance is 0", on=[LARGE_EPS, "a single feature"]),
        moves(
            1, "changing one example changes no other example's output", another_example, on=["six examples", SENTENCES]
        ),
    ],
    mistakes=[
        Mistake(
            "over_the_batch",
            "You normalise over the first axis, which is batch normalisation. Normalise each example on its own, over its features.",
            lambda x, gamma, beta, eps=1e-5: gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta,
        ),
        Mistake(
            "over_everything",
            "You normalise the whole array at once. Each vector along the last axis has its own mean and variance.",
            lambda x, gamma, beta, eps=1e-5: gamma * (x - x.mean()) / np.sqrt(x.var() + eps) + beta,
        ),
        Mistake(
            "over_all_but_the_first_axis",
            "You normalise over all axes but the first. Normalise over the last axis only: each token of a sequence has its own statistics.",
            lambda x, gamma, beta, eps=1e-5: (
                gamma
                * (x - x.mean(tuple(range(x.ndim > 1, x.ndim)), keepdims=True))
                / np.sqrt(x.var(tuple(range(x.ndim > 1, x.ndim)), keepdims=True) + eps)
                + beta
            ),
        ),
        Mistake(
            "eps_outside_the_root",
            "You add eps to the standard deviation. Add it to the variance, under the root.",
            edit("np.sqrt(var + eps)", "(np.sqrt(var) + eps)"),
        ),
        Mistake(
            "unbiased_variance",
            "Your variance divides by D − 1. Here it divides by D.",
            edit(
                "x.var(axis=-1, keepdims=True)",
                "x.var(axis=-1, keepdims=True) * x.shape[-1] / np.float64(x.shape[-1] - 1)",
            ),
        ),
        Mistake(
            "no_eps",
            "You leave out eps, so your answer is nan where the variance is 0.",
            edit("np.sqrt(var + eps)", "np.sqrt(var)"),
        ),
        Mistake(
            "default_eps",
            "You always use 1e-5 instead of the given eps.",
            edit("np.sqrt(var + eps)", "np.sqrt(var + 1e-5)"),
        ),
        Mistake(
            "no_scale_and_shift",
            "You leave out gamma and beta, which scale and shift the normalised values.",
            edit("gamma * (x - mean) / np.sqrt(var + eps) + beta", "(x - mean) / np.sqrt(var + eps)"),
        ),
        Mistake(
            "not_centred",
            "You divide by the standard deviation without subtracting the mean first.",
            edit("(x - mean)", "x"),
        ),
    ],
    hints=[
        "How many means are there if x has shape (N, T, D)? Over which axis is each of them taken?",
        "Which shape must the means have so that you can subtract them from x? Look for keepdims.",
    ],
)

DX_HAT_LAST = "dx_hat - dx_hat.mean(axis=-1, keepdims=True) - x_hat * (dx_hat * x_hat).mean(axis=-1, keepdims=True)"

LEADING = ["four axes", "a single vector", "a batch of one"]

layernorm_backward = Exercise(
    points=9,
    forbids=["automatic differentiation"],
    cases={
        "six examples": partial(upstream, shape=(6, 4)),
        SENTENCES: partial(upstream, shape=(2, 5, 7)),
        "four axes": partial(upstream, shape=(2, 3, 4, 5)),
        "a single vector": partial(upstream, shape=(8,)),
        LARGE_EPS: partial(upstream, shape=(3, 6), eps=0.5),
        "a batch of one": partial(upstream, shape=(1, 5)),
        "a single feature": partial(upstream, shape=(4, 1)),
    },
    checks=[
        agrees(2, "returns dx, along all three paths from x to the output", on=["six examples", SENTENCES], part="dx"),
        agrees(1, "returns dgamma", on=["six examples", SENTENCES], part="dgamma"),
        agrees(1, "returns dbeta", on=["six examples", SENTENCES], part="dbeta"),
        agrees(1, "returns the right dx for any number of leading axes, or none", on=LEADING, part="dx"),
        agrees(1, "sums dgamma and dbeta over all leading axes", on=LEADING, part=["dgamma", "dbeta"]),
        agrees(
            1,
            "uses the given eps, and is right for a single feature",
            on=[LARGE_EPS, "a single feature"],
            part=["dx", "dgamma"],
        ),
        keeps(
            2,
            "dx adds up to 0 over the features, because shifting all features changes nothing",
            measure="sum",
            change=another_upstream,
            axis=-1,
            part=0,
            on=["six examples", SENTENCES],
        ),
    ],
    mistakes=[
        Mistake(
            "statistics_held_still",
            "Your dx treats mean and variance as constants. Both are computed from x, so x reaches the output along three paths.",
            edit(f"({DX_HAT_LAST})", "dx_hat"),
        ),
        Mistake(
            "variance_held_still",
            "Your dx lacks the path through the variance: each feature changes how the whole vector is scaled.",
            edit(" - x_hat * (dx_hat * x_hat).mean(axis=-1, keepdims=True)", ""),
        ),
        Mistake(
            "mean_held_still",
            "Your dx lacks the path through the mean: each feature shifts the whole vector.",
            edit("dx_hat - dx_hat.mean(axis=-1, keepdims=True) - ", "dx_hat - "),
        ),
        Mistake(
            "no_gamma_in_dx",
            "You leave gamma out of dx. The forward pass multiplies the normalised values by gamma, so the backward pass multiplies their gradient by gamma.",
            edit("dx_hat = dout * gamma", "dx_hat = dout"),
        ),
        Mistake(
            "gamma_outside_the_means",
            "You multiply by gamma at the very end. gamma differs between features, so it must be inside the means over the features.",
            edit("dx_hat = dout * gamma", "dx_hat = dout").then("dx =", "dx = gamma *"),
        ),
        Mistake(
            "dgamma_from_x",
            "Your dgamma multiplies dout by x. In the forward pass gamma multiplies the normalised values, not x.",
            edit("(dout * x_hat).sum(axis=leading)", "(dout * x).sum(axis=leading)"),
        ),
        Mistake(
            "first_axis_only",
            "You sum dgamma and dbeta over the first axis only. All positions share gamma and beta: sum over all leading axes.",
            edit("tuple(range(x.ndim - 1))", "tuple(range(min(1, x.ndim - 1)))"),
        ),
        Mistake(
            "over_the_batch",
            "Your dx averages over the first axis, as batch normalisation does. Here mean and variance are taken over the features.",
            edit(
                DX_HAT_LAST,
                "dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)",
            ),
        ),
        Mistake(
            "averaged",
            "You average dgamma and dbeta. All positions share gamma and beta, so their gradients add up.",
            everywhere("sum", "mean"),
        ),
        Mistake(
            "default_eps",
            "You always use 1e-5 instead of the given eps.",
            edit("keepdims=True) + eps)", "keepdims=True) + 1e-5)"),
        ),
        Mistake(
            "no_eps",
            "You leave out eps. The forward pass adds it to the variance, so the backward pass must, too.",
            edit("np.sqrt(x.var(axis=-1, keepdims=True) + eps)", "np.sqrt(x.var(axis=-1, keepdims=True) + 1e-300)"),
        ),
        Mistake(
            "eps_outside_the_root",
            "You add eps to the standard deviation. Add it to the variance, under the root.",
            edit("np.sqrt(x.var(axis=-1, keepdims=True) + eps)", "np.sqrt(x.var(axis=-1, keepdims=True)) + eps"),
        ),
        Mistake(
            "dgamma_without_eps",
            "You leave eps out of dgamma alone. It multiplies dout by the normalised values of the forward pass, which have it.",
            edit(
                "(dout * x_hat).sum(axis=leading)",
                "(dout * (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True))).sum(axis=leading)",
            ),
        ),
        Mistake(
            "times_the_deviation",
            "You multiply dx by the standard deviation. The forward pass divides by it, and so does the backward pass.",
            edit(
                "(dx_hat * x_hat).mean(axis=-1, keepdims=True)) / std",
                "(dx_hat * x_hat).mean(axis=-1, keepdims=True)) * std",
            ),
        ),
        Mistake(
            "divided_by_the_variance",
            "You divide dx by the variance. Divide by its root, as the forward pass does.",
            edit(
                "(dx_hat * x_hat).mean(axis=-1, keepdims=True)) / std",
                "(dx_hat * x_hat).mean(axis=-1, keepdims=True)) / std**2",
            ),
        ),
        Mistake(
            "one_mean_for_all",
            "You take one mean and one variance over the whole array. Each vector along the last axis has its own.",
            edit("x.var(axis=-1, keepdims=True)", "x.var()").then("x.mean(axis=-1, keepdims=True)", "x.mean()"),
        ),
    ],
    hints=[
        "Which entries of out does one entry of x affect, and along how many paths?",
        "Go back node by node: normalised, variance, centred, mean. Where two arrows leave a node, the gradients that come back add up.",
        "Gamma and beta have one axis, and x may have several. Over which axes do their gradients add up?",
    ],
)


# Smoothed targets


def classified(draw, N=5, K=3, smoothing=0.1, size=2.0):
    return {"logits": size * draw(N, K), "labels": draw.integers(0, K, N), "smoothing": smoothing}


def far_logits(draw):
    """Rows of ±1000 in any order, ties and all, beside an ordinary one."""
    logits = 1000.0 * draw.signs(4, 5) + draw(4, 5)
    logits[:, 0], logits[:, 1] = 1000.0, -1000.0
    logits[3] = draw(5)
    return {"logits": logits, "labels": np.array([1, 0, 1, 4]), "smoothing": 0.2}


FIVE, MANY = "five examples, three classes", "four examples, nine classes"

SMALL = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15")  # what people write to keep a log finite
EPS_IN_LOG = "You add a small number inside the logarithm, so a probability near 0 gets the wrong logarithm. The log-softmax, straight from the logits, needs none."

label_smoothing_cross_entropy = Exercise(
    points=6,
    forbids=["a ready-made loss"],
    cases={
        FIVE: classified,
        MANY: partial(classified, N=4, K=9, smoothing=0.3),
        "strong smoothing": partial(classified, N=6, K=4, smoothing=0.85),
        "no smoothing": partial(classified, N=7, K=4, smoothing=0.0),
        "nothing but smoothing": partial(classified, N=3, K=5, smoothing=1.0),
        "a single example": partial(classified, N=1, K=4),
        "two classes": partial(classified, N=6, K=2),
        "logits near ±1000": far_logits,
    },
    checks=[
        agrees(3, "is the mean cross-entropy with the smoothed target", on=[FIVE, MANY, "strong smoothing"]),
        agrees(
            1,
            "is right for smoothing 0 and smoothing 1",
            on=["no smoothing", "nothing but smoothing"],
        ),
        agrees(1, "is right for a single example and for two classes", on=["a single example", "two classes"]),
        agrees(1, "is right and finite for logits near ±1000", on="logits near ±1000"),
    ],
    mistakes=[
        Mistake(
            "others_only",
            "You spread the smoothing over the other K − 1 classes. Here it is spread over all K classes, including the true one.",
            edit(
                "(1.0 - smoothing) * of_label + smoothing * log_p.mean(axis=-1)",
                "(1.0 - smoothing) * of_label + smoothing * (log_p.sum(axis=-1) - of_label) / (log_p.shape[-1] - 1)",
            ),
        ),
        Mistake(
            "true_class_without_share",
            "Your target does not add up to 1: you leave out the true class's share of the smoothing.",
            edit(
                "smoothing * log_p.mean(axis=-1)",
                "smoothing * (log_p.sum(axis=-1) - of_label) / log_p.shape[-1]",
            ),
        ),
        Mistake(
            "smoothing_added",
            "Your target adds up to 1 + smoothing. What you spread over all classes must be taken from the true class.",
            edit("(1.0 - smoothing) * of_label", "of_label"),
        ),
        Mistake(
            "not_divided_by_k",
            "You give every class the whole smoothing. Share it among the K classes.",
            edit("log_p.mean(axis=-1)", "log_p.sum(axis=-1)"),
        ),
        Mistake(
            "smoothing_ignored",
            "You ignore the smoothing: your loss is the plain cross-entropy.",
            edit("(1.0 - smoothing) * of_label + smoothing * log_p.mean(axis=-1)", "of_label"),
        ),
        Mistake(
            "weights_swapped",
            "You swap the two weights. With little smoothing, nearly all of the target belongs to the true class.",
            returns("-np.mean(smoothing * of_label + (1.0 - smoothing) * log_p.mean(axis=-1))"),
        ),
        Mistake(
            "summed",
            "Your loss is the sum over the examples. Return the mean.",
            edit("np.mean(", "np.sum("),
        ),
        Mistake(
            "mean_over_everything",
            "You average over the classes as well. Sum over the classes, and average over the examples.",
            returns("… / log_p.shape[-1]"),
        ),
        Mistake(
            "unstable",
            "At logits of ±1000 your loss is nan or inf: exp overflows, or you take the log of a softmax that is 0. Compute the log-softmax directly.",
            returns("np.log(np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True))", of="_log_softmax"),
        ),
        Mistake(
            "log_of_zero",
            "Your softmax is stable, but where a probability rounds to 0 its logarithm is -inf. Do not take the log of a softmax: compute the log-softmax directly.",
            returns("np.log(np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True))", of="_log_softmax"),
        ),
        Mistake(
            "sign",
            "Your loss is negative: the logarithm of a probability is below 0, and the loss is minus that.",
            edit("-np.mean(", "np.mean("),
        ),
        *(
            Mistake(
                f"log_of_p_plus_{eps}",
                EPS_IN_LOG,
                edit(
                    "return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))",
                    f"return np.log(np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True) + {eps})",
                    of="_log_softmax",
                ),
            )
            for eps in SMALL
        ),
    ],
    hints=[
        "What does the target of one example look like, for K = 4 and smoothing = 0.2? Do its entries add up to 1?",
        "The loss is linear in the target. What is the loss for the one-hot part alone, and for the uniform part alone?",
        "You need the log of a softmax. How can you compute it without ever taking a log of 0?",
    ],
)


# Augmentation


def pictures(draw, N=9, C=2, H=5, W=7, padding=2):
    """Images that are not square; every pixel differs, so that its origin shows."""
    return {"images": draw(N, C, H, W) + 3.0, "padding": padding, "rng": draw.generator()}


def another_generator(inputs, draw):
    return inputs | {"rng": draw.generator()}


CORNERS = "corners = rng.integers(0, 2 * padding + 1, (N, 2))"
COINS = "flip = rng.random(N) < 0.5"
WIDE, TALL, NO_PADDING = "wide images", "tall images", "no padding"

random_flip_crop = Exercise(
    points=7,
    cases={
        WIDE: partial(pictures, N=12),
        TALL: partial(pictures, N=10, C=3, H=8, W=4, padding=1),
        "much padding": partial(pictures, N=8, C=1, H=3, W=4, padding=5),
        NO_PADDING: partial(pictures, N=14, C=2, H=4, W=6, padding=0),
        "a single image": partial(pictures, N=1, C=3, H=6, W=5, padding=3),
        "a single channel": partial(pictures, N=6, C=1, H=6, W=3, padding=2),
    },
    checks=[
        agrees(4, "flips, pads with zeros, and crops to the original size", on=[WIDE, TALL]),
        agrees(1, "only flips where there is no padding", on=[NO_PADDING, "a single channel"]),
        agrees(1, "is right for much padding, and for a single image", on=["much padding", "a single image"]),
        moves(1, "draws its random numbers from rng alone", another_generator, on=WIDE),
    ],
    mistakes=[
        Mistake(
            "crop_drawn_first",
            "You draw the window offsets before the flips. Both come from the same rng: draw the flips first.",
            edit(f"{COINS}\n    {CORNERS}", f"{CORNERS}\n    {COINS}"),
        ),
        Mistake(
            "column_for_row",
            "You use the first offset as the column. The first offset is the row, the second the column.",
            edit("for n, (row, column)", "for n, (column, row)"),
        ),
        Mistake(
            "upside_down",
            "You flip the images upside down. Flip left to right, along the last axis.",
            edit("images[..., ::-1]", "images[..., ::-1, :]"),
        ),
        Mistake(
            "flips_inverted",
            "You flip the images whose random number is 0.5 or more. Flip those below 0.5.",
            edit("flip = rng.random(N) <", "flip = rng.random(N) >="),
        ),
        Mistake(
            "one_flip_for_all",
            "You draw one random number for the whole batch. Draw one for each image.",
            edit(COINS, "flip = np.full(N, rng.random() < 0.5)"),
        ),
        Mistake(
            "one_window_for_all",
            "You use the same window for all images. Each image has its own offset.",
            edit("enumerate(corners)", "enumerate(corners[:1].repeat(N, axis=0))"),
        ),
        Mistake(
            "last_offset_missing",
            "Your windows never reach the last position. rng.integers excludes its upper end, and the largest offset is twice the padding.",
            edit("2 * padding + 1", "max(2 * padding, 1)"),
        ),
        Mistake(
            "edges_repeated",
            "You pad with copies of the edge pixels. Pad with zeros.",
            edit("(padding, padding)))", '(padding, padding)), mode="edge")'),
        ),
        Mistake(
            "cropped_before_the_flip",
            "You crop before you flip, so the column offset counts from the other side. Flip first.",
            edit("padded =", "corners[flip, 1] = 2 * padding - corners[flip, 1]\n    padded ="),
        ),
        Mistake(
            "not_cropped",
            "You flip the images, but do not crop them. The window may be shifted by up to `padding` pixels.",
            edit("row : row + H, column : column + W", "padding : padding + H, padding : padding + W"),
        ),
        Mistake(
            "drawn_image_by_image",
            "You draw a flip and a window for each image in turn. Call rng twice, for all images at once: first all flips, then all offsets.",
            edit(
                f"{COINS}\n    {CORNERS}",
                "draws = [(rng.random() < 0.5, rng.integers(0, 2 * padding + 1, 2)) for _ in range(N)]\n    flip, corners = (np.array(column) for column in zip(*draws))",
            ),
        ),
    ],
    hints=[
        "What is the largest offset at which a window of the old size still fits into the padded image?",
        "Which offset leaves the image where it was? Try it on one small image, then the two extreme ones.",
        "Which axis does a left-to-right flip reverse in (N, C, H, W), and for which n?",
    ],
)


# When to stop


def history(draw, ranks, patience):
    """Losses of drawn size in the order of the given ranks; equal ranks are equal losses."""
    levels = np.cumsum(draw.uniform(0.05, 0.3, max(ranks) + 1))
    return {"losses": levels[list(ranks)], "patience": patience}


def long_run(draw):
    """Losses that fall, then rise, with noise."""
    epochs = np.arange(40)
    return {"losses": 3 * np.exp(-epochs / 8) + 0.02 * epochs + 0.2 * draw.uniform(0, 1, 40), "patience": 5}


def early_stopping_by_count(losses, patience):
    """Bad epochs are counted over the whole run and never forgotten."""
    best, bad = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            bad += 1
            if bad >= patience:
                break
    return best


def early_stopping_by_neighbour(losses, patience):
    """An epoch is good if it is better than the one before."""
    bad, seen = 0, 1
    for epoch in range(1, len(losses)):
        seen = epoch + 1
        bad = 0 if losses[epoch] < losses[epoch - 1] else bad + 1
        if bad >= patience:
            break
    return int(np.argmin(losses[:seen]))


def early_stopping_where_it_stops(losses, patience):
    best = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch
    return len(losses) - 1


TOO_LATE, IN_TIME, PLATEAU = "a better epoch that comes too late", "a better epoch just in time", "a long plateau"
RELAPSES, FALLING, RISING_LOSS = "ups and downs", "a loss that only falls", "a loss that only rises"
IMPATIENT, TIES, TIE_LATER, LONG = "a patience of one", "equal losses", "an equal loss later", "forty epochs"
RECOVERY, TIE_FIRST = "a slow recovery", "equal losses at the start"

early_stopping = Exercise(
    points=5,
    cases={
        TOO_LATE: partial(history, ranks=[8, 5, 6, 7, 6, 1, 2], patience=3),
        IN_TIME: partial(history, ranks=[9, 6, 7, 8, 3, 5, 4], patience=3),
        PLATEAU: partial(history, ranks=[7, 4, 5, 6, 5, 6, 5, 1], patience=3),
        RELAPSES: partial(history, ranks=[9, 6, 7, 5, 6, 4, 5, 3], patience=3),
        RECOVERY: partial(history, ranks=[9, 4, 8, 7, 6, 5, 2], patience=3),
        FALLING: partial(history, ranks=[6, 5, 4, 3, 2], patience=2),
        RISING_LOSS: partial(history, ranks=[1, 2, 3, 4, 5], patience=2),
        IMPATIENT: partial(history, ranks=[6, 5, 3, 4, 1], patience=1),
        TIES: partial(history, ranks=[5, 4, 3, 3, 3, 3, 1], patience=3),
        TIE_LATER: partial(history, ranks=[5, 6, 3, 4, 3, 4], patience=5),
        TIE_FIRST: partial(history, ranks=[3, 3, 4, 5, 1], patience=3),
        LONG: long_run,
    },
    checks=[
        agrees(2, "keeps the best epoch before training stops", on=[TOO_LATE, IN_TIME, PLATEAU, LONG]),
        agrees(1, "restarts the count at every new best epoch", on=[RELAPSES, RECOVERY]),
        agrees(
            1, "is right if the loss only falls, only rises, or patience is 1", on=[FALLING, RISING_LOSS, IMPATIENT]
        ),
        agrees(1, "does not treat an equal loss as an improvement", on=[TIES, TIE_LATER, TIE_FIRST]),
    ],
    mistakes=[
        Mistake(
            "best_of_all",
            "You return the best epoch of the whole list. Training stops when patience runs out, and later losses do not count.",
            edit("elif epoch - best >= patience:", "elif False:"),
        ),
        Mistake(
            "where_it_stops",
            "You return the epoch at which training stops. Return the best epoch, `patience` epochs earlier.",
            early_stopping_where_it_stops,
        ),
        Mistake(
            "one_epoch_too_patient",
            "You wait one epoch too long. Training stops as soon as `patience` epochs in a row bring no improvement.",
            edit(">= patience", "> patience"),
        ),
        Mistake(
            "one_epoch_too_early",
            "You stop one epoch too early. Training stops only when `patience` epochs in a row bring no improvement.",
            edit(">= patience", ">= max(1, patience - 1)"),
        ),
        Mistake(
            "equal_is_better",
            "You treat a loss equal to the best as an improvement. An improvement must be strictly below the best.",
            edit("loss < losses[best]", "loss <= losses[best]"),
        ),
        Mistake(
            "better_than_the_last",
            "You compare each loss with the one before. Compare it with the best so far: a slow recovery is not an improvement.",
            early_stopping_by_neighbour,
        ),
        Mistake(
            "never_forgotten",
            "You count all epochs without improvement. Restart the count at each improvement.",
            early_stopping_by_count,
        ),
        Mistake(
            "the_loss_itself",
            "You return the best loss. Return the index of its epoch.",
            edit("return best", "return losses[best]"),
        ),
    ],
    hints=[
        "What must you remember from epoch to epoch? Two numbers are enough.",
        "At which epoch does training stop, if the best was epoch 4 and patience is 3?",
    ],
)
