"""Your flow carries noise to two moons, and your guidance says to which."""

import math

import torch
from torch import nn

NEEDS = "flow_matching_pair", "flow_matching_loss", "euler_sample", "cosine_alpha_bar", "ddim_step", "guided_noise"
POINTS, BATCH, STEPS = 300, 512, 1200
T, NULL = 40, 2  # steps of noising; the condition that stands for none, where 0 and 1 are the moons


def moons(number):
    """Points on two half circles, and on which of the two each of them is."""
    which, angle = torch.arange(number) % 2, math.pi * torch.rand(number)
    x = torch.where(which == 0, angle.cos(), 1 - angle.cos())
    y = torch.where(which == 0, angle.sin(), 0.5 - angle.sin())
    points = torch.stack([x, y], 1) + 0.05 * torch.randn(number, 2)
    return (points - torch.tensor([0.5, 0.25])) / torch.tensor([0.87, 0.5]), which


def trained(inputs, loss_of, show, what, width=96):
    """A network that makes a loss small, by Adam, whose steps become smaller towards the end."""
    hidden = nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
    network = nn.Sequential(*hidden, nn.Linear(width, 2))
    optimizer = torch.optim.Adam(network.parameters())
    for step in range(1, STEPS + 1):
        optimizer.param_groups[0]["lr"] = 6e-3 * min(1, 2 * (1 - step / (STEPS + 1)))
        loss = loss_of(network)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            show.progress(step, STEPS, what)
    return network


def demo(own, here, show):
    torch.set_num_threads(1)
    torch.manual_seed(2)
    known, labels = moons(2000)
    show_flow(own, known, show)
    show_guidance(own, known, labels, show)


def show_flow(own, known, show):
    """Straight ways to learn from, and the way that is learned."""
    noise, straight = torch.randn(POINTS, 2), torch.linspace(0, 1, 21)
    show.text("Points of noise go straight to points of two moons. From such ways a flow learns:")
    places = [own.flow_matching_pair(noise, known[:POINTS], t.expand(POINTS))[0].numpy() for t in straight]
    show.frames("straight ways, by your flow_matching_pair", places)

    def model_of(network):
        return lambda x, t: network(torch.cat([x, t[:, None]], 1))

    def loss_of(network):
        x1 = known[torch.randint(len(known), (BATCH,))]
        return own.flow_matching_loss(model_of(network), torch.randn(BATCH, 2), x1, torch.rand(BATCH))

    network, places = trained(3, loss_of, show, "by your flow_matching_loss, the velocity is learned"), []

    def watched(x, t):
        places.append(x.detach().clone().numpy())
        return model_of(network)(x, t)

    places.append(own.euler_sample(watched, noise, 39).detach().numpy())
    show.text("Now nobody says where to go. The same noise follows the velocity that a network has learned:")
    show.frames("noise becomes two moons, by your euler_sample", places[-40:])


def show_guidance(own, known, labels, show):
    """A diffusion model that knows which moon is which is asked for the upper one, ever more firmly."""
    left = own.cosine_alpha_bar(T)
    betas = (1 - left / torch.cat([torch.ones(1), left[:-1]])).clamp(max=0.5)  # that of the last step is 1
    left = (1 - betas).cumprod(0)

    def model_of(network):
        return lambda x, t, c: network(torch.cat([x, t[:, None] / T, nn.functional.one_hot(c, 3)], 1))

    def loss_of(network):
        chosen, t, noise = torch.randint(len(known), (BATCH,)), torch.randint(T, (BATCH,)), torch.randn(BATCH, 2)
        condition = torch.where(torch.rand(BATCH) < 0.2, NULL, labels[chosen])  # one in five is not told
        x = left[t].sqrt()[:, None] * known[chosen] + (1 - left[t]).sqrt()[:, None] * noise
        return ((model_of(network)(x, t, condition) - noise) ** 2).mean()

    network = trained(6, loss_of, show, "noise and labels are learned")
    start, upper, null = torch.randn(POINTS, 2), torch.zeros(POINTS, dtype=torch.int64), torch.full((POINTS,), NULL)

    def row(scale):
        x, model = start, model_of(network)
        for t in range(T - 1, 0, -2):
            x = own.ddim_step(lambda x, t: own.guided_noise(model, x, t, upper, null, scale), x, t, t - 2, 0 * x, betas)
        share = (labels[torch.cdist(x, known).argmin(1)] == 0).float().mean()
        return [f"{scale:g}", f"{100 * share:.0f} %", f"{x.std(0).mean():.2f}"]

    show.text("Asked for the upper moon, with your ddim_step and your guided_noise, a diffusion model obeys:")
    with torch.no_grad():
        rows = [row(scale) for scale in (0.0, 1.0, 2.0, 4.0)]
    show.table(["scale", "on the upper moon", "how far points spread"], rows)
