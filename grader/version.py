"""The grader's version, which records and reports state."""

__version__ = "0.1.0"
