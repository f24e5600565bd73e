"""Access to a Dask cluster: schedulers use TLS, and one that is started here gets certificates for this run only.

Anybody who can connect to a Dask scheduler or worker can run code there, and what comes back is unpickled here. So both
sides present a certificate from the same authority before either reads a message.
"""

import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.errors import GraderError
from grader.frozen import frozen
from grader.scratch import Scratch

TLS = "tls://"
PATIENCE = 60.0  # seconds to wait for a first worker
CONNECTING = 20.0  # at most, of these, for the scheduler to answer
INSTALL = "--scheduler needs Dask; install it with `pip install 'deep-grade[cluster]'`"
FILES = {"ca_file": "--tls-ca-file", "cert": "--tls-cert", "key": "--tls-key"}


@frozen
class Scheduler:
    """A scheduler's address or `local`, the TLS files, whether a connection without TLS is allowed, seconds to wait."""

    address: str
    ca_file: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    may_be_open: bool = False
    patience: float = PATIENCE

    @property
    def is_local(self) -> bool:
        return self.address == "local"

    def check(self) -> None:
        """GraderError if the scheduler would be open to everybody, or if a file that TLS needs is missing."""
        if self.is_local or self.may_be_open:
            return
        if not self.address.startswith(TLS):
            raise GraderError(
                f"the scheduler {self.address} has no TLS: whoever reaches its port can read the keys and run code as you; "
                "start it with --protocol tls and certificates (the manual: More than one machine), "
                "or say --insecure-scheduler if nobody else can reach it"
            )
        self._check_files()

    def _check_files(self) -> None:
        found = _configured() | {name: path for name in FILES if (path := getattr(self, name))}
        missing = [option for name, option in FILES.items() if not found.get(name)]
        if missing and missing != [FILES["key"]]:  # the certificate's file may contain the key
            raise GraderError(
                f"the scheduler {self.address} takes certificates: name them with {', '.join(missing)}, "
                "or in Dask's configuration (distributed.comm.tls)"
            )
        for path in found.values():
            _check_file(Path(path))
        if (os.stat(found.get("key") or found["cert"]).st_mode & 0o007) and os.name == "posix":
            path = found.get("key") or found["cert"]
            raise GraderError(
                f"every user of this machine can use the key {path}; make a new one, readable by you alone"
            )

    def security(self) -> Any:
        """Dask's Security object; files that are not named come from Dask's configuration."""
        from distributed.security import Security

        named = {"tls_ca_file": self.ca_file, "tls_client_cert": self.cert, "tls_client_key": self.key}
        return Security(
            require_encryption=not self.may_be_open, **{name: str(path) for name, path in named.items() if path}
        )


def _configured() -> dict[str, str]:
    """The certificates that Dask's own configuration names for a client."""
    try:
        from distributed.security import Security
    except ImportError:
        raise GraderError(INSTALL) from None
    security = Security()
    found = {"ca_file": security.tls_ca_file, "cert": security.tls_client_cert, "key": security.tls_client_key}
    return {name: path for name, path in found.items() if path}


def _check_file(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise GraderError(f"cannot read the certificate or key {path}: {error.strerror}") from None


@contextlib.contextmanager
def connected(scheduler: Scheduler, size: int) -> Iterator[Any]:
    """A context with a client of the scheduler; `local` starts one here with `size` workers, and ends it."""
    try:
        from distributed import Client
        from distributed.utils import silence_logging_cmgr
    except ImportError:
        raise GraderError(INSTALL) from None
    with contextlib.ExitStack() as stack:
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))  # problems are reported once, by an exception
        address = scheduler.address
        if scheduler.is_local:
            address, security = stack.enter_context(_local(size))
        else:
            security = scheduler.security()
        try:
            client = stack.enter_context(
                Client(address, timeout=min(CONNECTING, scheduler.patience), security=security)
            )
        except (OSError, ValueError, TypeError, AssertionError) as error:  # mismatched TLS raises any of them
            why = " ".join(str(error).split()) or "it does not answer to these certificates"
            raise GraderError(
                f"cannot reach a Dask scheduler at {address} ({why}); start one with `dask scheduler`, "
                "with the same certificate authority"
            ) from None
        yield client


@contextlib.contextmanager
def _local(size: int) -> Iterator[tuple[str, Any]]:
    """A context with the (address, security) of a scheduler in this process and worker processes, all on loopback."""
    import dask
    from distributed import LocalCluster

    security = _temporary()
    options = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    with (
        dask.config.set({"distributed.scheduler.http.routes": []}),  # nothing to see, until it is stopped
        LocalCluster(
            n_workers=0, processes=False, protocol="tls", host="127.0.0.1", security=security,
            dashboard_address=None, scheduler_kwargs=options,
        ) as cluster,
        Scratch() as folder,
    ):  # fmt: skip
        cluster.scheduler.http_server.stop()
        workers = [_worker(cluster.scheduler_address, folder, security) for _ in range(size)]
        try:
            yield cluster.scheduler_address, security
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait()


def _temporary() -> Any:
    """A new key and self-signed certificate for this run; nobody without the key can connect."""
    from distributed.security import Security

    try:
        return Security.temporary()
    except ImportError:
        raise GraderError(
            "--scheduler local needs cryptography, for TLS; install it with `pip install 'deep-grade[cluster]'`"
        ) from None


def _worker(address: str, folder: str, security: Any) -> subprocess.Popen:
    """Start a worker that accepts only connections with this run's key, which is in a private folder."""
    words = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--local-directory", folder]
    words += ["--protocol", "tls", "--preload", "grader.classroom.closed"]
    for option, content in security.get_tls_config_for_role("worker").items():
        if option in ("ca_file", "cert", "key"):
            words += [f"--tls-{option.replace('_', '-')}", _private(Path(folder) / f"{option}.pem", content)]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path),
        "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]",
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", address, *words],
        env=environment,
        cwd=folder,  # `-m` searches the current directory for modules, so never start it among submissions
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # the main process decides what Ctrl-C does
    )


def _private(path: Path, content: str) -> str:
    """Write a file that only its owner can read, once for all workers; returns its path."""
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content)
    return str(path)
