"""Turn off Dask's web server: `dask scheduler --preload grader.classroom.closed`, and the same for `dask worker`.

Every scheduler and worker starts one, even with --no-dashboard. It has no authentication, and shows what runs where.
"""

from typing import Any


def dask_setup(node: Any) -> None:
    """Called by Dask with the scheduler or the worker that has just started."""
    node.http_server.stop()
