"""The levels of isolation by name, strongest first; `isolation` raises them. Imports nothing: every `--help` reads it."""

LEVELS = ("namespaces", "landlock", "seccomp", "process")
STRONGEST, WEAKEST = LEVELS[0], LEVELS[-1]
FOR_STRANGERS = "landlock"  # the least that marks a class: below it a submission can read the answers from the disk
