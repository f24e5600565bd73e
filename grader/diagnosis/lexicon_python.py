"""What exceptions of Python itself say of names that mean nothing: rows of the lexicon."""

AT_THE_TOP = "at the top of your file."

PYTHON: tuple[tuple[str, str, str], ...] = (
    (r"name '(?:np|numpy)' is not defined", "", f"Add `import numpy as np` {AT_THE_TOP}"),
    (r"name '(torch|math|itertools|functools|collections)' is not defined", "", f"Add `import {{0}}` {AT_THE_TOP}"),
    (r"name 'nn' is not defined", "", f"Write torch.nn, or add `from torch import nn` {AT_THE_TOP}"),
    (r"name 'F' is not defined", "", f"Add `import torch.nn.functional as F` {AT_THE_TOP}"),
    (
        r"name '(\w+)' is not defined",
        "",
        "Nothing gives {0} a value before that line. Is it misspelt, or does it belong to another function? What another "
        "function computes must be returned by it, or passed in.",
    ),
    (
        r"local variable '(\w+)' (?:referenced before assignment|where it is not associated)",
        "",
        "The function gives {0} a value further down, or in a branch that was not taken, and so it is the function's own "
        "name, whatever the file has of that name. Give it a value first.",
    ),
    (
        r"module '([\w.]+)' has no attribute '(\w+)'$",
        "",
        "There is no {1} in {0}. Is it misspelt, or does it belong to another library?",
    ),
    (
        r"'numpy\.\w+' object has no attribute '(\w+)'",
        "",
        "NumPy's arrays and numbers have no .{0}. Is it a function of NumPy, or does it belong to something else, as to a PyTorch tensor?",
    ),
    (
        r"'Tensor' object has no attribute '(\w+)'",
        "",
        "A tensor has no .{0}. Is it a function, torch.{0}(…), or is it called otherwise in NumPy? .astype is .to there, .copy is .clone.",
    ),
    (
        r"'(?:int|float|complex|bool|str|dict|set|function|module|type)' object has no attribute '(\w+)'",
        "",
        "What stands before .{0} is no array there. Print its type: what was it meant to be?",
    ),
    (
        r"'(\w+)' object has no attribute '(\w+)'",
        "",
        "{0} has no .{1}. If that is a method, define it in the class; if not, does its __init__ set self.{1}, under just that name?",
    ),
)
