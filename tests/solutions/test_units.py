"""Every exercise of the course: the reference, the stub, lazy answers, mistakes and rewrites, each with its right verdict.

The short form of `grade dev check`: fewer seeds, and the real worker instead of the author's own process.
"""

import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from conftest import ROOT, SEEDS, by_name, public_key, weekly

from grader.authoring import build
from grader.authoring.proof import prove
from grader.compiling.compile import compile_key
from grader.course.course import Course
from grader.course.edited_text import mutate
from grader.course.reference_text import definitions
from grader.exercise import Edit
from grader.grading import grade
from grader.grading.training import Training
from grader.key import Key, from_bytes, to_bytes
from grader.report import Status
from grader.sandbox.opening import open_sandbox
from grader.sandbox.server import Sandbox
from grader.sandbox.walls.limits import Limits
from grader.submission import Submission

COURSE = Course(ROOT)
EXERCISES = [(unit, name) for unit in COURSE.units for name in COURSE.solutions(unit).exercises]


@cache
def unit_of(name: str):
    return COURSE.solutions(name)


def is_run(unit: str, name: str) -> bool:
    return unit_of(unit).exercises[name].is_run


@pytest.fixture(scope="session")
def key_of(once) -> Callable[[str], Key]:
    """The key that students have; in a full proof one that no student has seen, compiled once for all the suite."""

    @cache
    def key(unit: str) -> Key:
        if SEEDS == 1:  # other seeds are what `grade dev check` goes through on every push
            return public_key(unit)
        return from_bytes(once(f"key of {unit}", lambda: to_bytes(compile_key(unit_of(unit), 20_001))))

    return key


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """With time enough for whatever is right, however busy the machine is."""
    with open_sandbox(Limits(seconds=60)) as opened:
        yield opened


PROVEN = [(unit, name) for unit, name in EXERCISES if not is_run(unit, name)]
RUNS = [(unit, name) for unit, name in EXERCISES if is_run(unit, name)]
QUICK = [("machine_learning", "house_prices"), ("backprop", "spirals")]  # a dozen trainings in five seconds at most
# Two seconds for a training; the others take three to twelve.
BRIEF = [
    ("convolutions", "digits"),
    ("attention", "reverse_sequence"),
    ("generative", "two_moons_gan"),
    ("generative", "swiss_roll_diffusion"),
    ("post_training", "corridor"),
]


@pytest.mark.weekly
@pytest.mark.parametrize(("unit", "name"), PROVEN)
def test_an_exercise_holds_its_rules(unit, name):
    """On every push `grade dev check` proves all, with two seeds."""
    assert prove(unit_of(unit), name, range(SEEDS)).failures == []


@pytest.mark.parametrize(("unit", "name"), [pair if pair in QUICK else weekly(*pair) for pair in RUNS])
def test_a_training_run_holds_its_rules(unit, name):
    """A dozen trainings each, of the reference, rewrites and mistakes, which take seven minutes together."""
    assert prove(unit_of(unit), name, range(1)).failures == []


@pytest.mark.parametrize(("unit", "name"), [pair if pair in BRIEF else weekly(*pair) for pair in RUNS])
def test_the_reference_of_a_training_run_reaches_its_bar(unit, name):
    """On a seed on which nothing else is trained, with as much time as it takes."""
    assert prove(unit_of(unit), name, range(1, 2)).failures == []


@pytest.mark.weekly
def test_assignments_are_a_fresh_build():
    """On every push `grade dev check` says so, too, as its sixth rule."""
    assert build.stale(COURSE, COURSE.units) == []


@pytest.mark.parametrize(
    ("unit", "trains"),
    [(unit, unit in ("backprop", "convolutions")) for unit in COURSE.units]
    + [weekly(unit, True) for unit in dict.fromkeys(unit for unit, _ in RUNS)],
)
def test_the_reference_earns_every_point_in_the_sandbox(unit, trains, key_of, sandbox):
    """The two shortest trainings; all others are made above."""
    source = unit_of(unit).reference_file.read_bytes()
    report = grade(Submission(f"{unit}.py", source), key_of(unit), sandbox, training=Training(trains))
    wrong = {exercise.id: exercise.status for exercise in report.exercises if exercise.status != "passed"}
    assert set(wrong.values()) <= (set() if trains else {Status.PENDING}), wrong
    assert report.is_perfect


@pytest.mark.parametrize("unit", COURSE.units)
def test_the_stubs_earn_nothing_and_are_not_written_yet(unit, sandbox):
    report = grade(Submission(f"{unit}.py", COURSE.assignment(unit).read_bytes()), public_key(unit), sandbox)
    assert report.points == 0
    exercises = unit_of(unit).exercises
    waits = {f"{unit}.{name}" for name, exercise in exercises.items() if set(exercise.pieces) & set(exercises)}
    right = {exercise.id: (Status.SKIPPED if exercise.id in waits else Status.MISSING) for exercise in report.exercises}
    assert {exercise.id: exercise.status for exercise in report.exercises} == right


@pytest.mark.parametrize("unit", COURSE.units)
def test_rewrites_keep_every_point_in_the_sandbox(unit, key_of, sandbox):
    """All of rewrites.py as one file of a student's, with its helpers and constants; each rewrite in its turn."""
    text = (unit_of(unit).folder / "rewrites.py").read_text(encoding="utf-8")
    key = key_of(unit)
    rewrites = {
        name: name.split("__")[0] for name in definitions(text) if name.split("__")[0] in unit_of(unit).exercises
    }
    while rewrites:
        turn = {exercise: name for name, exercise in reversed(rewrites.items())}
        aliases = "".join(f"{exercise} = {name}\n" for exercise, name in turn.items())
        report = grade(Submission("rewrites.py", (text + "\n\n" + aliases).encode()), key, sandbox, list(turn))
        wrong = {turn[e.id.split(".")[1]]: e.checks for e in report.exercises if e.status != "passed"}
        assert wrong == {}
        for name in turn.values():
            del rewrites[name]


@pytest.mark.parametrize(("unit", "name"), [(unit, name) for unit, name in EXERCISES if not is_run(unit, name)])
def test_a_mistake_in_a_students_file_is_named_in_the_sandbox(unit, name, key_of, sandbox):
    """The first mistake of each exercise that is an edit, typed into the reference as a student would have it."""
    exercise = unit_of(unit).exercises[name]
    mistake = next(item for item in exercise.mistakes if isinstance(item.wrong, Edit))
    source = mutate(unit_of(unit).text, name, mistake.wrong)
    report = by_name(grade(Submission(f"{unit}.py", source.encode()), key_of(unit), sandbox, [name]))[name]
    assert report.points < report.max_points
    found = {check.finding.mistake for check in report.checks if check.finding} - {""}
    assert found == {mistake.name}


@pytest.mark.parametrize(("unit", "name"), EXERCISES)
def test_no_text_that_a_student_reads_holds_the_reference(unit, name):
    body = textwrap.dedent("\n".join(unit_of(unit).source(name).body.splitlines()[1:]))
    code = re.sub('""".*?"""', "", body, flags=re.DOTALL)
    lines = [line.strip() for line in code.splitlines() if len(line.strip()) >= 20]
    lines = [line for line in lines if not line.startswith(("def ", "class "))]  # a signature is what is asked for
    key = public_key(unit).exercise(name)
    read = "\n".join([key.handout, key.stub, *key.hints, *(mistake.sentence for mistake in key.mistakes)])
    assert [line for line in lines if line in read] == []


@pytest.mark.parametrize("unit", COURSE.units)
def test_the_signatures_are_the_curriculum_s(unit):
    """The contract's names and parameters, in its order; a run that only puts pieces together has none of its own."""
    expected, names = CONTRACT[unit], dict.fromkeys([*unit_of(unit).written, *unit_of(unit).exercises])
    found = {name: unit_of(unit).source(name).signature for name in names}
    found |= {name: f"{name}()" for name in found if name not in unit_of(unit).sources}
    assert list(found) == list(expected)
    for name, signature in expected.items():
        assert re.sub(r"\s", "", found[name]) == f"{name}({signature})".replace(" ", "")


CONTRACT = {
    "linear_algebra": {
        "vector_norm": "x, p=2",
        "cosine_similarity": "x, y",
        "matrix_multiply": "A, B",
        "hyperplane_distance": "X, w, b",
        "project": "x, A",
        "gram_schmidt": "A",
        "solve": "A, b",
        "power_iteration": "A, v0, steps",
        "low_rank": "A, k",
        "pca": "X, k",
    },
    "vector_calculus": {
        "derivative": "f, x, h=1e-05",
        "tangent": "F, t, h=1e-05",
        "gradient": "f, x, h=1e-05",
        "directional_derivative": "f, x, v, h=1e-05",
        "jacobian": "F, x, h=1e-05",
        "hessian": "f, x, h=0.0001",
        "divergence": "F, x, h=1e-05",
        "curl": "F, x, h=1e-05",
        "laplacian": "f, x, h=0.0001",
        "taylor2": "f, x0, x, h=0.0001",
        "chain_rule": "F, G, x, h=1e-05",
        "jvp": "F, x, v, h=1e-05",
        "vjp": "F, x, u, h=1e-05",
        "hessian_vector_product": "f, x, v, h=0.0001",
        "quadratic_form_gradient": "A, x",
        "least_squares_gradient": "X, W, Y",
        "softmax_jacobian": "x",
        "Dual": "value, slope=0.0",
    },
    "probability": {
        "covariance": "X, ddof=1",
        "gaussian_log_density": "X, mean, cov",
        "gaussian_mle": "X",
        "bayes_posterior": "prior, likelihood",
        "entropy": "p",
        "kl_divergence": "p, q",
        "cross_entropy": "p, q",
        "log_sum_exp": "x, axis=-1",
        "bias_variance": "predictions, target",
    },
    "machine_learning": {
        "mean_absolute_error": "y_true, y_pred",
        "root_mean_squared_error": "y_true, y_pred",
        "confusion_matrix": "y_true, y_pred, num_classes",
        "classification_metrics": "y_true, y_pred",
        "train_test_split": "X, y, test_fraction, rng",
        "k_fold": "n, k",
        "linear_regression": "X, y",
        "ridge_regression": "X, y, penalty",
        "logistic_loss_and_gradient": "w, X, y",
        "kmeans_step": "X, centers",
        "house_prices": "X_train, y_train, X_test",
    },
    "neural_networks": {
        "sigmoid": "x",
        "tanh": "x",
        "relu": "x",
        "gelu": "x",
        "leaky_relu": "x, slope=0.01",
        "softmax": "x",
        "log_softmax": "x",
        "linear": "x, W, b",
        "mean_squared_error": "prediction, target",
        "binary_cross_entropy_with_logits": "logits, target",
        "softmax_cross_entropy": "logits, labels",
        "one_hot": "labels, num_classes",
        "mlp": "x, params",
        "message_passing": "x, edges, W",
        "gcn_layer": "x, adjacency, W, b",
        "xavier_uniform": "fan_in, fan_out, rng",
        "he_normal": "fan_in, fan_out, rng",
        "vanishing_gradient": "depth, width, activation, rng",
    },
    "backprop": {
        "sigmoid_backward": "dout, x",
        "tanh_backward": "dout, x",
        "relu_backward": "dout, x",
        "gelu_backward": "dout, x",
        "linear_backward": "dout, x, W, b",
        "mean_squared_error_backward": "prediction, target",
        "softmax_backward": "dout, x",
        "softmax_cross_entropy_backward": "logits, labels",
        "mlp_loss_and_gradients": "x, labels, params",
        "topological_order": "graph, root",
        "Value": "data",
        "saliency": "forward, backward, x, labels",
        "integrated_gradients": "gradient, x, baseline, steps",
        "fgsm": "gradient, x, epsilon, low=0.0, high=1.0",
        "pgd": "gradient, x, epsilon, alpha, steps, low=0.0, high=1.0",
        "spirals": "X, labels, rng",
    },
    "optimization": {
        "sgd_step": "w, dw, lr",
        "momentum_step": "w, dw, state, lr, momentum=0.9",
        "nesterov_step": "w, dw, state, lr, momentum=0.9",
        "rmsprop_step": "w, dw, state, lr, decay=0.99, eps=1e-08",
        "adam_step": "w, dw, state, lr, beta1=0.9, beta2=0.999, eps=1e-08",
        "adamw_step": "w, dw, state, lr, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01",
        "warmup_cosine": "step, warmup, total, peak, floor=0.0",
        "clip_gradient_norm": "grads, max_norm",
        "l1_penalty": "W, strength",
        "l2_penalty": "W, strength",
        "dropout": "x, p, rng, training",
        "dropout_backward": "dout, mask, p",
        "batchnorm": "x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-05",
        "batchnorm_backward": "dout, x, gamma, beta, eps=1e-05",
        "layernorm": "x, gamma, beta, eps=1e-05",
        "layernorm_backward": "dout, x, gamma, beta, eps=1e-05",
        "label_smoothing_cross_entropy": "logits, labels, smoothing",
        "random_flip_crop": "images, padding, rng",
        "early_stopping": "losses, patience",
    },
    "convolutions": {
        "conv_output_size": "size, kernel, stride=1, padding=0, dilation=1",
        "conv1d": "x, w, b, stride=1, padding=0",
        "conv2d": "x, w, b, stride=1, padding=0, dilation=1",
        "conv2d_backward": "dout, x, w, b, stride=1, padding=0",
        "im2col": "x, kernel, stride=1, padding=0",
        "max_pool2d": "x, size, stride",
        "avg_pool2d": "x, size, stride",
        "max_pool2d_backward": "dout, x, size, stride",
        "global_avg_pool": "x",
        "conv_transpose2d": "x, w, b, stride=1, padding=0",
        "depthwise_separable": "x, depthwise, pointwise",
        "receptive_field": "layers",
        "residual_block": "x, w1, w2",
        "digits": "images, labels, rng",
    },
    "vision": {
        "alexnet_shapes": "size=227",
        "BasicBlock": "in_channels, channels, stride=1",
        "UNet": "in_channels, num_classes, width",
        "box_iou": "a, b",
        "nms": "boxes, scores, threshold",
        "yolo_decode": "prediction, anchors, stride",
        "dice_loss": "logits, target, eps=1.0",
        "freeze_backbone": "model, head",
        "finetune": "model, images, labels",
        "grad_cam": "activations, gradients",
        "segment": "",
    },
    "sequences": {
        "tokenize_bpe_merge": "ids, pair, new_id",
        "embedding": "ids, table",
        "embedding_backward": "dout, ids, table",
        "skipgram_pairs": "tokens, window",
        "negative_sampling": "center, context, negatives",
        "rnn_step": "x, h, Wx, Wh, b",
        "rnn_step_backward": "dh_next, x, h, Wx, Wh, b",
        "rnn": "x, h0, Wx, Wh, b",
        "rnn_backward": "dout, x, h0, Wx, Wh, b",
        "gru_cell": "x, h, Wx, Wh, bx, bh",
        "lstm_cell": "x, h, c, Wx, Wh, b",
        "lstm_cell_backward": "dh_next, dc_next, x, h, c, Wx, Wh, b",
        "lstm": "x, h0, c0, Wx, Wh, b",
        "ssm_discretize": "A, B, delta",
        "selective_scan": "x, delta, A, B, C",
        "perplexity": "logits, targets, ignore=-1",
        "LSTM": "input_size, hidden_size",
        "adding_problem": "",
    },
    "attention": {
        "scaled_dot_product_attention": "q, k, v, mask=None",
        "attention_backward": "dout, q, k, v, mask=None",
        "causal_mask": "T",
        "padding_mask": "lengths, T",
        "additive_attention": "query, keys, values, Wq, Wk, v",
        "local_attention": "query, keys, values, center, window",
        "hard_attention": "scores, values, rng",
        "self_attention": "x, Wq, Wk, Wv, mask=None",
        "multi_head_attention": "x, Wq, Wk, Wv, Wo, num_heads, mask=None",
        "positional_encoding": "T, D",
        "rotary_embedding": "x, base=10000.0",
        "linear_attention": "q, k, v",
        "MultiHeadAttention": "dim, heads",
        "EncoderBlock": "dim, heads, hidden",
        "DecoderBlock": "dim, heads, hidden",
        "greedy_decode_cached": "model, prompt, steps",
        "reverse_sequence": "",
    },
    "generative": {
        "gan_discriminator_loss": "real_logits, fake_logits",
        "gan_generator_loss": "fake_logits",
        "vae_kl": "mean, log_var",
        "reparameterize": "mean, log_var, noise",
        "linear_beta_schedule": "steps, start=0.0001, end=0.02",
        "diffuse": "x0, t, noise, betas",
        "ddpm_loss": "model, x0, t, noise, betas",
        "denoise_step": "model, x, t, noise, betas",
        "info_nce": "z1, z2, temperature=0.1",
        "clip_loss": "image, text, temperature",
        "mask_patches": "x, patch, ratio, rng",
        "caption_teacher_forcing_loss": "logits, tokens, pad",
        "two_moons_gan": "",
        "swiss_roll_diffusion": "",
        "contrastive_digits": "",
    },
    "language_models": {
        "bpe_train": "ids, num_merges",
        "bpe_encode": "ids, merges",
        "bpe_decode": "ids, merges",
        "rms_norm": "x, gamma, eps=1e-06",
        "rms_norm_backward": "dout, x, gamma, eps=1e-06",
        "swiglu": "x, W_gate, W_up, W_down",
        "swiglu_backward": "dout, x, W_gate, W_up, W_down",
        "rotary_at": "x, positions, base=10000.0",
        "grouped_query_attention": "q, k, v, mask=None",
        "sliding_window_mask": "T, window",
        "flash_attention": "q, k, v, block",
        "cached_attention": "q, k, v, cache",
        "moe_route": "logits, k",
        "load_balancing_loss": "logits, k",
        "filter_top_p": "logits, p",
        "speculative_accept": "p, q, drafted, u, v",
        "CausalBlock": "dim, heads, kv_heads, hidden",
        "brackets": "",
    },
    "post_training": {
        "response_mask": "prompt_lengths, lengths, T",
        "sequence_log_probs": "logits, tokens, mask",
        "masked_mean": "values, mask, dim=None",
        "reward_model_loss": "chosen, rejected",
        "dpo_loss": "chosen, rejected, ref_chosen, ref_rejected, beta=0.1",
        "discounted_returns": "rewards, dones, gamma",
        "gae": "rewards, values, next_value, dones, gamma=0.99, lam=0.95",
        "policy_gradient_loss": "log_probs, advantages, mask",
        "ppo_clip_loss": "log_probs, old_log_probs, advantages, mask, clip=0.2",
        "kl_estimates": "log_probs, ref_log_probs",
        "group_advantages": "rewards, eps=1e-06, normalize=True",
        "grpo_loss": "log_probs, old, ref, advantages, mask, clip=0.2, beta=0.04, reduce='sequence'",
        "distillation_loss": "student, teacher, labels, temperature, alpha",
        "LoRALinear": "linear, rank, alpha",
        "accumulate_gradients": "model, batches",
        "corridor": "step, rng",
    },
    "efficiency": {
        "quantize_affine": "x, bits=8",
        "dequantize": "q, scale, zero_point",
        "quantize_per_channel": "W, axis, bits=8",
        "int8_matmul": "qx, scale_x, zero_x, qw, scales_w",
        "pack_int4": "w, group",
        "fake_quantize_backward": "dout, x, scale, zero_point, low, high",
        "to_bfloat16": "x",
        "loss_scale_step": "grads, scale, good_steps, growth=2.0, backoff=0.5, interval=2000",
        "prune_magnitude": "W, sparsity",
        "power_law_fit": "x, y",
        "checkpointed_backward": "layers, x, dout, every",
        "kv_cache_bytes": "layers, dim, heads, kv_heads, tokens, batch, bytes_per_value=2",
    },
    "flows": {
        "elbo": "logits, x, mean, log_var, beta=1.0",
        "coupling_forward": "x, net, mask",
        "coupling_inverse": "y, net, mask",
        "flow_matching_pair": "x0, x1, t",
        "flow_matching_loss": "model, x0, x1, t",
        "euler_sample": "model, x0, steps",
        "ddim_step": "model, x, t, t_prev, noise, betas, eta=0.0",
        "guided_noise": "model, x, t, condition, null, scale",
        "cosine_alpha_bar": "steps, s=0.008",
        "vector_quantize": "z, codebook, beta=0.25",
        "patch_embedding": "images, W, b, patch, cls, positions",
        "moons_flow": "data, rng",
    },
}
