"""Hide passwords in this process's command line, which other users of the machine can read."""

from collections.abc import Sequence

ARG_START, ARG_END = 47, 48  # of the fields of /proc/PID/stat, counted from 0; see proc(5)


def hide(secrets: Sequence[str]) -> None:
    """Overwrite these words with stars in what `ps` shows of this process; do nothing if the system does not allow it.

    A command may run for minutes, and every user of the machine can read its arguments.
    """
    if not secrets:
        return
    try:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        start, end = (int(fields[number - 2]) for number in (ARG_START, ARG_END))
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            arguments = memory.read(end - start)
            for secret in (text.encode("utf-8", "surrogateescape") for text in secrets):
                arguments = arguments.replace(secret, b"*" * len(secret))
            memory.seek(start)
            memory.write(arguments)
    except (OSError, ValueError, IndexError):
        pass
