"""`grade class …`: marks a class, or, where the first word is one of a few, does what a teacher decides by hand.

The words go before folders of their names: `grade class adjust` is the command, `grade class ./adjust` the folder.
"""

import importlib

import click

# Each of these modules has a click command called `command`, and imports nothing heavy until it is called.
WORDS = {
    "adjust": "grader.commands.class_adjust",
    "appeal": "grader.commands.class_appeal",
    "fetch": "grader.commands.class_fetch",
    "history": "grader.commands.class_history",
    "push": "grader.commands.class_push",
}
MARKING = "grader.commands.class_command"


class Words(click.Group):
    """A group whose first word may be what is to be marked: then it is the command that marks, with all its options."""

    def make_context(self, info_name, args, parent=None, **extra) -> click.Context:
        if args and args[0] in WORDS:
            return super().make_context(info_name, args, parent, **extra)
        return importlib.import_module(MARKING).command.make_context(info_name, args, parent, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(WORDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return importlib.import_module(WORDS[name]).command if name in WORDS else None

    def get_short_help_str(self, limit: int = 45) -> str:
        return importlib.import_module(MARKING).command.get_short_help_str(limit)


command = Words("class")
