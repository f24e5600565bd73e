"""Your losses teach a walker its way, and a small model its manners."""

import torch
from torch import nn

NEEDS = ("response_mask", "sequence_log_probs", "masked_mean", "dpo_loss", "gae", "ppo_clip_loss", "LoRALinear")
LEADS_ON = torch.tensor([1, 0, 0, 1, 0, 1, 1, 0, 1])  # the action that leads on in the cells 0 to 8; cell 9 is the goal


def demo(own, here, show):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    show.text(
        "Walkers begin in cell 0 of a corridor, and are paid for reaching cell 9. What leads on differs from cell to cell."
    )
    _corridor(own, show)
    said = {"ask": [], "new": [], "kind": [], "rude": []}
    for line in (here / "answers.txt").read_text().splitlines():
        sort, *words = line.split()
        said[sort].append(words)
    show.text("A small model has read kind answers and rude ones. Pairs of the two teach it which are preferred.")
    _manners(own, said, show)


def _walks(logits, N=64, T=20):
    """N walks: cells (N, T + 1), and actions, rewards and dones, (N, T) each."""
    cells, actions = [torch.zeros(N, dtype=torch.long)], []
    for _ in range(T):
        now = cells[-1]
        actions.append(torch.distributions.Categorical(logits=logits[now]).sample())
        ahead = torch.where(actions[-1] == LEADS_ON[now.clamp(max=8)], 1, -1)
        cells.append(torch.where(now == 9, now, (now + ahead).clamp(min=0)))
    cells, actions = torch.stack(cells, 1), torch.stack(actions, 1)
    dones = cells[:, 1:] == 9
    return cells, actions, (dones & (cells[:, :-1] < 9)).float(), dones


def _corridor(own, show, updates=30):
    """PPO with your gae and your ppo_clip_loss; a table has two logits and a value for each cell."""
    logits, values = torch.zeros(10, 2, requires_grad=True), torch.zeros(10, requires_grad=True)
    optimizer, reached, ways = torch.optim.Adam([logits, values], lr=0.02), [], []
    for update in range(updates + 1):
        cells, actions, rewards, dones = _walks(logits.detach())
        reached.append(100 * dones[:, -1].float().mean().item())
        if update in (0, 6, updates):
            on = logits[:9].softmax(1)[range(9), LEADS_ON].tolist()
            ways.append([str(update), *("→" if p > 0.6 else "←" if p < 0.4 else "·" for p in on)])
        before, now, mask = values.detach(), cells[:, :-1], cells[:, :-1] < 9
        advantages, returns = own.gae(rewards, before[now], before[cells[:, -1]], dones, gamma=0.9)
        old = logits.detach().log_softmax(1)[now, actions]
        for _ in range(3):
            loss = own.ppo_clip_loss(logits.log_softmax(1)[now, actions], old, advantages, mask)
            _descend(optimizer, loss + own.masked_mean((values[now] - returns) ** 2, mask))
        show.progress(update, updates, "walks in the corridor")
    show.curve("percent of the walks that reach the goal within 20 steps", reached)
    show.text("Where the policy goes in each cell, on → or back ←, if it has made up its mind:")
    show.table(["updates", *(f"cell {cell}" for cell in range(9))], ways)


class Model(nn.Module):
    """Tells the next word of a line, with a recurrent layer: (N, T) to (N, T, V)."""

    def __init__(self, V, D=48):
        super().__init__()
        self.embedding, self.layer, self.read = nn.Embedding(V, D), nn.GRU(D, D, batch_first=True), nn.Linear(D, V)

    def forward(self, tokens):
        return self.read(self.layer(self.embedding(tokens))[0])


def _manners(own, said, show):
    """Your dpo_loss makes kind answers likelier than rude ones, by a LoRALinear in the place of the last layer."""
    words = ["", *sorted({word for lines in said.values() for line in lines for word in line})]

    def log_probs(questions, answers, T=16):
        """Those of each answer to each question, which stand in a row, padded to T words."""
        pairs = [(question, question + answer) for question in questions for answer in answers]
        tokens = torch.tensor([[words.index(word) for word in line] + [0] * (T - len(line)) for _, line in pairs])
        begins, ends = (torch.tensor([len(pair[part]) for pair in pairs]) for part in (0, 1))
        return own.sequence_log_probs(model(tokens), tokens, own.response_mask(begins, ends, T))

    def row(when):
        share = log_probs(said["new"], said["kind"]).exp().sum().item() / len(said["new"])
        return [when, f"{100 * share:.0f} %", _answer(model, words, said["new"][1])]

    model, found = Model(len(words)), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(120):
        _descend(optimizer, -log_probs(said["ask"] + said["new"], said["kind"] + said["rude"]).mean())
        show.progress(step + 1, 120, "reading")
    table = [row("before")]
    model.requires_grad_(False)
    model.read = own.LoRALinear(model.read, 4, 8.0)
    optimizer = torch.optim.Adam([model.read.lora_A, model.read.lora_B], lr=0.002)
    for step in range(40):
        found.append([log_probs(said["ask"], said[sort]) for sort in ("kind", "rude")])
        reference = [values.detach() for values in found[0]]  # the adapter has changed nothing yet
        _descend(optimizer, own.dpo_loss(*found[-1], *reference))
        show.progress(step + 1, 40, "preferences")
    for name, values in zip(("preferred", "other"), zip(*found, strict=True), strict=True):
        show.curve(f"log-probability of the {name} answers", [value.mean().item() for value in values])
    model.read = model.read.merged()
    show.text("How it answers questions that were in none of the pairs:")
    show.table(["", "kind answers", " ".join(said["new"][1])], [*table, row("after")])


def _descend(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _answer(model, words, question):
    """What the model says, a word at a time, drawn from what it finds likely."""
    line, generator = [words.index(word) for word in question], torch.Generator().manual_seed(0)
    while len(line) == len(question) or (words[line[-1]] not in ".?" and len(line) < 20):
        chances = model(torch.tensor([line]))[0, -1].softmax(0)
        line.append(int(torch.multinomial(chances, 1, generator=generator)))
    return " ".join(words[number] for number in line[len(question) :])
