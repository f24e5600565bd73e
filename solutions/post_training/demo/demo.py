"""A stand-in."""

NEEDS = ("ppo_clip_loss",)


def demo(own, here, show):
    show.text("")
