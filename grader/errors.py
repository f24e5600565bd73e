"""What a user can cause and mend. The command line shows its one sentence and ends with status 2, no traceback."""


class GraderError(ValueError):
    """Bad input: the message says what, where, and what to do next."""


class OurFault(RuntimeError):
    """The grader or the course is broken: one sentence, status 3, and nobody loses a point."""
