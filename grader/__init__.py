"""An auto-grader for the mathematics of deep learning. The engine contains no exercise; it reads them from a course."""

from grader.version import __version__

__all__ = ["__version__"]


def load_ipython_extension(shell) -> None:
    """`%load_ext grader` in a notebook: adds `%%grade UNIT.EXERCISE`."""
    from grader.notebook.magics import register

    register(shell)
