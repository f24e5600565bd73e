"""An auto-grader for the mathematics of deep learning. The engine knows no exercise; it reads them from a course."""

__version__ = "0.1.0"
