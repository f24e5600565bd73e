"""Turn off Dask's web server: `dask scheduler --preload grader.classroom.closed`, and the same for `dask worker`.

Every scheduler and worker starts one, with --no-dashboard, too. It asks nobody who they are, and tells what runs where.
"""

from typing import Any


def dask_setup(node: Any) -> None:
    """Called by Dask with the scheduler or the worker that has just started."""
    node.http_server.stop()
