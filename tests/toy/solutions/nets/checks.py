import numpy as np
import torch

from grader.exercise import Exercise, Mistake, agrees, device, edit, load, reaches, report

ALLOWS = ("numpy", "torch")


def single(array):
    return np.asarray(array, np.float32)


def applied(Affine, weights, x):
    """-> y (N, M)"""
    module = load(Affine(3, 2), weights)
    return module(x)


def with_slope(squared_loss, prediction, target):
    """-> loss (), slope (N, M)"""
    prediction = prediction.requires_grad_()
    loss = squared_loss(prediction, target)
    loss.backward()
    return loss, prediction.grad


def trained(Affine, squared_loss, seed, x, y, x_held):
    """Fit a plane to noisy points.

    -> prediction (M, 1)
    """
    torch.manual_seed(seed)
    module = Affine(3, 1).to(device)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for step in range(1, 101):
        optimizer.zero_grad()
        loss = squared_loss(module(x), y)
        loss.backward()
        optimizer.step()
        report(step, 100, loss)
    return module(x_held)


def rows(draw):
    return dict(
        weights={"layer.weight": single(draw(2, 3)), "layer.bias": single(draw(2))},
        x=single(draw(5, 3)),
    )


def pairs(draw):
    return dict(prediction=single(draw(4, 2)), target=single(draw(4, 2)))


def plane(draw):
    x = draw(60, 3)
    y = x @ draw(3, 1) + 1 + 0.01 * draw(60, 1)
    return dict(seed=7, x=single(x[:40]), y=single(y[:40]), x_held=single(x[40:]), truth=single(y[40:]))


Affine = Exercise(
    points=2,
    torch=True,
    driver=applied,
    cases={"five rows": rows},
    checks=[agrees(2, "multiplies and adds")],
    mistakes=[
        Mistake("no_bias", "The bias is missing.", edit("self.layer(x)", "x @ self.layer.weight.T")),
        Mistake("twice", "It is applied twice over.", edit("self.layer(x)", "2 * self.layer(x)")),
        Mistake("minus", "The sign is turned.", edit("self.layer(x)", "-self.layer(x)")),
    ],
    hints=["What does nn.Linear do?", "Call it."],
)

squared_loss = Exercise(
    points=2,
    torch=True,
    driver=with_slope,
    cases={"four rows": pairs},
    checks=[agrees(2, "averages the squares")],
    mistakes=[
        Mistake("sum", "You add up, and it must be the mean.", edit("torch.mean(", "torch.sum(")),
        Mistake(
            "absolute", "You forgot the square.", edit("(prediction - target) ** 2", "(prediction - target).abs()")
        ),
        Mistake("halved", "There is no half in it.", edit("torch.mean(", "0.5 * torch.mean(")),
    ],
    hints=["Square, then what?", "Mean."],
)

fits = Exercise(
    points=3,
    torch=True,
    driver=trained,
    pieces=("Affine", "squared_loss"),
    seconds=20,
    cases={"a noisy plane": plane},
    checks=[reaches(3, "predicts new points", "mean_squared_error", at_most=0.01)],
    mistakes=[
        Mistake("climbs", "It climbs.", edit("torch.mean(", "-torch.mean(", of="squared_loss")),
        Mistake(
            "still", "Nothing moves.", edit("self.layer(x)", "self.layer(x).detach() + 0 * self.layer(x)", of="Affine")
        ),
        Mistake("flat", "It knows one number.", edit("self.layer(x)", "self.layer(0 * x)", of="Affine")),
    ],
    hints=["Run it.", "Watch the loss."],
)
