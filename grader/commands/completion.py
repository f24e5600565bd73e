"""`grade completion SHELL`: print the script with which a shell's tab key completes units, exercises and options."""

import os
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from grader.course.names import completions

SHELLS = ("bash", "zsh", "fish")
SETUP = {
    "bash": 'eval "$(grade completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(grade completion zsh)"    # in ~/.zshrc, after compinit',
    "fish": "grade completion fish > ~/.config/fish/completions/grade.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def command(ctx, shell) -> None:
    """Let the tab key complete units, exercises and options: prints what SHELL has to read."""
    if shell:
        complete = get_completion_class(shell)(ctx.find_root().command, {}, "grade", "_GRADE_COMPLETE")
        variables = complete.source_vars()
        click.echo(complete.source_template % variables)
        return
    mine = Path(os.environ.get("SHELL", "")).name
    for name in [mine] if mine in SHELLS else SHELLS:
        click.echo(SETUP[name])


def complete_targets(ctx, param, incomplete: str) -> list[CompletionItem]:
    """For `grade TARGET…`: units, exercises, commands for the first word, and files."""
    found = [CompletionItem(name) for name in completions(incomplete, Path.cwd())]
    root = ctx.find_root()
    if not ctx.params.get("targets"):
        names = root.command.list_commands(root)
        found += [CompletionItem(name) for name in names if name.startswith(incomplete) and name != "check"]
    return [*found, CompletionItem(incomplete, type="file")]


def complete_exercises(ctx, param, incomplete: str) -> list[CompletionItem]:
    """For `grade hint EXERCISE` and its like."""
    return [CompletionItem(name) for name in completions(incomplete, Path.cwd(), only_exercises=True)]
