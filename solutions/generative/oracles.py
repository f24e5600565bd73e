"""Independent truth for this unit: NumPy and SciPy in double precision, loops, and differences for gradients.

Read by `grade dev check` alone.
"""

import math

import numpy as np
from scipy.special import expit, log_softmax

H = 1e-5  # of a central difference: in double precision its error is near 1e-10, a thousandth of single precision's


def slopes(value, inputs):
    """The gradient of a scalar function in each of its arrays of floats, entry by entry."""
    inputs = {name: np.array(a, float) if is_float(a) else a for name, a in inputs.items()}
    found = {}
    for name in [name for name, a in inputs.items() if is_float(a)]:
        array, grad = inputs[name], np.zeros(inputs[name].shape)
        for index in np.ndindex(*array.shape):
            sides = []
            for h in (H, -H):
                moved = array.copy()
                moved[index] += h
                sides.append(value(**inputs | {name: moved}))
            grad[index] = (sides[0] - sides[1]) / (2 * H)
        found[name] = grad
    return found


def is_float(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def answered(value, gradient, **inputs):
    if not gradient:
        return np.asarray(value(**{name: a.astype(float) if is_float(a) else a for name, a in inputs.items()}))
    return {f"gradient in {name}": grad for name, grad in slopes(value, inputs).items()}


def gan_discriminator_loss(real_logits, fake_logits, gradient=False):
    """−log σ(x) is log(1 + e⁻ˣ), and its slope is −σ(−x)."""
    real, fake = real_logits.astype(float), fake_logits.astype(float)
    if gradient:
        return {
            "gradient in real_logits": -expit(-real) / real.size,
            "gradient in fake_logits": expit(fake) / fake.size,
        }
    return np.asarray(np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean())


def gan_generator_loss(fake_logits, gradient=False):
    fake = fake_logits.astype(float)
    if gradient:
        return {"gradient in fake_logits": -expit(-fake) / fake.size}
    return np.asarray(np.logaddexp(0, -fake).mean())


def vae_kl(mean, log_var, gradient=False):
    def kl(mean, log_var):
        total = 0.0
        for m, v in zip(mean.ravel().tolist(), log_var.ravel().tolist(), strict=True):
            sigma = math.exp(v / 2)
            total += (sigma**2 + m**2 - 1) / 2 - math.log(sigma)
        return total / len(mean)

    return answered(kl, gradient, mean=mean, log_var=log_var)


def reparameterize(mean, log_var, noise, dout=None):
    mean, deviation, noise = mean.astype(float), np.sqrt(np.exp(log_var.astype(float))), noise.astype(float)
    if dout is None:
        return mean + deviation * noise
    dout = dout.astype(float)
    return {"gradient in mean": dout, "gradient in log_var": dout * deviation * noise / 2}


def linear_beta_schedule(steps, start=1e-4, end=0.02):
    return np.array([start + (end - start) * i / max(steps - 1, 1) for i in range(steps)])


def alpha_bar(betas, t):
    return math.prod(1 - float(beta) for beta in betas[: t + 1])


def diffuse(x0, t, noise, betas):
    """Example by example, as the limit of single steps whose noises have one sum."""
    rows = []
    for x, step, e in zip(x0.astype(float), t.tolist(), noise.astype(float), strict=True):
        scale, variance = 1.0, 0.0
        for beta in betas[: step + 1].astype(float):
            scale, variance = scale * math.sqrt(1 - beta), variance * (1 - beta) + beta
        rows.append(scale * x + math.sqrt(variance) * e)
    return np.stack(rows)


def layer(weight, shift):
    def model(x, t):
        rows = [np.tanh(row.ravel() @ weight + shift[step]) for row, step in zip(x, t, strict=True)]
        return np.stack(rows).reshape(x.shape)

    return model


def ddpm_loss(weight, shift, x0, t, noise, betas, gradient=False):
    x_t = diffuse(x0, t, noise, betas)

    def loss(weight, shift):
        return float(np.mean((layer(weight, shift)(x_t, t) - noise.astype(float)) ** 2))

    found = answered(loss, gradient, weight=weight, shift=shift)
    if not gradient:
        return found
    return {
        "gradient in the model's weight": found["gradient in weight"],
        "gradient in the model's shifts": found["gradient in shift"],
    }


def denoise_step(weight, shift, x, t, noise, betas):
    """By way of the clean example that the model implies: the mean of DDPM's posterior between it and x."""
    weight, shift, x, noise = (a.astype(float) for a in (weight, shift, x, noise))
    steps = [t] * len(x) if isinstance(t, int) else t.tolist()
    rows = []
    for row, step, e, guess in zip(x, steps, noise, layer(weight, shift)(x, steps), strict=True):
        beta, now = float(betas[step]), alpha_bar(betas, step)
        before = alpha_bar(betas, step - 1) if step else 1.0
        clean = (row - math.sqrt(1 - now) * guess) / math.sqrt(now)
        mean = (math.sqrt(before) * beta * clean + math.sqrt(1 - beta) * (1 - before) * row) / (1 - now)
        rows.append(mean + math.sqrt(beta) * e if step else mean)
    return np.stack(rows)


def cosine(x, y):
    return float(x @ y) / math.sqrt(float(x @ x) * float(y @ y))


def info_nce(z1, z2, temperature=0.1, gradient=False):
    """Anchor by anchor, with the candidates in a list; a view is known by its example and its side."""

    def loss(z1, z2):
        rows = {(side, n): row for side, z in enumerate((z1, z2)) for n, row in enumerate(z)}
        total = 0.0
        for side, n in rows:
            others = {key: cosine(rows[side, n], row) / temperature for key, row in rows.items() if key != (side, n)}
            top = max(others.values())
            total += top + math.log(math.fsum(math.exp(s - top) for s in others.values())) - others[1 - side, n]
        return total / len(rows)

    return answered(loss, gradient, z1=z1, z2=z2)


def clip_loss(image, text, temperature, gradient=False):
    def loss(image, text):
        table = np.array([[cosine(i, t) / temperature for t in text] for i in image])
        return -sum(np.trace(log_softmax(table, axis)) for axis in (0, 1)) / (2 * len(table))

    return answered(loss, gradient, image=image, text=text)


def mask_patches(x, patch, ratio, rng):
    N, _, H, W = x.shape
    corners = [(row, column) for row in range(0, H, patch) for column in range(0, W, patch)]
    noise = rng.random((N, len(corners)))
    kept = int(np.floor((1 - ratio) * len(corners) + 0.5))
    indices = [sorted(sorted(range(len(corners)), key=row.__getitem__)[:kept]) for row in noise.tolist()]
    visible = [
        [x[n, :, r : r + patch, c : c + patch].ravel() for r, c in (corners[i] for i in chosen)]
        for n, chosen in enumerate(indices)
    ]
    return np.array(visible), np.array(indices)


def caption_teacher_forcing_loss(logits, tokens, pad, gradient=False):
    """Word by word; the slope of a cross-entropy is the softmax less one at the word."""
    scores, grad = logits.astype(float), np.zeros(logits.shape)
    losses = []
    for n, words in enumerate(tokens.tolist()):
        for t, word in enumerate(words[1:]):
            if word != pad:
                logs = log_softmax(scores[n, t])
                losses.append(-logs[word])
                grad[n, t] = np.exp(logs)
                grad[n, t, word] -= 1
    return {"gradient in logits": grad / len(losses)} if gradient else np.asarray(math.fsum(losses) / len(losses))
