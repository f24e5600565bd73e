"""A real PostgreSQL server for tests: Debian's, in a folder of its own, on a free port, gone afterwards."""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from leftovers import unmarked


def postgres_tools() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return Path(there).parent if there else None


@pytest.fixture(scope="session")
def postgres(tmp_path_factory) -> Iterator[str]:
    """A server of its own in a folder of its own, run by a user without rights; its URL."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    tools = postgres_tools()
    if tools is None:
        pytest.skip("no PostgreSQL server on this machine; Debian's package postgresql brings one")
    import pwd  # Windows has none

    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name  # a server refuses to run as root
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/pg-of-tests-XXXXXX"], text=True).strip())
    who = ["setpriv", f"--reuid={user}", "--clear-groups"] if os.geteuid() == 0 else []
    if who:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"

    def run(tool: str, *arguments: str) -> None:
        subprocess.run(
            [*who, tools / tool, *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL, env=unmarked()
        )

    try:
        run("initdb", "-D", str(data), "-U", "grader", "--auth=trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        run("pg_ctl", "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start")
        yield f"postgresql://grader:secret@127.0.0.1:{port}/postgres"
    finally:
        with contextlib.suppress(subprocess.CalledProcessError, OSError):
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def empty_store(request: pytest.FixtureRequest, folder: Path) -> str:
    """Where an empty store may be made, on the database that a fixture is parametrized with: "sqlite" or "postgres"."""
    return str(folder / "class.db") if request.param == "sqlite" else emptied(request.getfixturevalue("postgres"))


def emptied(address: str) -> str:
    """The address, after what was there is gone."""
    if "://" not in address:
        for end in ("", "-wal", "-shm"):
            Path(address + end).unlink(missing_ok=True)
        return address
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            connection.execute(f'DROP TABLE "{table}"')
    return address
