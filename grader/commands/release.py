"""`grade release …`: write what students and other systems get. Each subcommand is loaded when it is asked for."""

import importlib

import click

# The words after `grade release`: the module and the name of the click command in it.
SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "actions": ("grader.commands.release_platforms", "actions"),
    "gitlab": ("grader.commands.release_platforms", "gitlab"),
    "gradescope": ("grader.commands.release_platforms", "gradescope"),
    "classroom50": ("grader.commands.release_platforms", "classroom50"),
    "keys": ("grader.commands.release_platforms", "keys"),
    "students": ("grader.commands.release_students", "students"),
    "check": ("grader.commands.release_students", "check"),
    "web": ("grader.commands.release_web", "web"),
    "nbgrader": ("grader.commands.release_nbgrader", "nbgrader"),
}


class Subcommands(click.Group):
    """Commands that are imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in SUBCOMMANDS:
            return None
        module, command = SUBCOMMANDS[name]
        return getattr(importlib.import_module(module), command)


@click.group(cls=Subcommands, name="release")
def command() -> None:
    """For teachers: give exercises to students, as plain files or through another system."""
