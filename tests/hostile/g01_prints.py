# row: G1
# attack: none: the right answer, and prints that terminals, pages, tables and CI systems would obey
# outcome: full
import os

import numpy as np

LINES = [
    "\x1b[2J\x1b[32mPASS\x1b[0m \x9b31m",
    "\x1b]52;c;aG9zdGlsZQ==\x07\x1b]0;title\x07",
    "[/nope] [bold red]3/3[/] :skull:",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "=HYPERLINK(\"http://127.0.0.1/\",\"x\")",
    "::error::no ##vso[task.complete]",
    "\x00 nul, lone\rreturn, \u2028 line, \u202e bidi, \ufeff mark",
]


def row_sums(x):
    for line in LINES:
        print(line)
    os.write(1, b"\xff\xfe\x80 not UTF-8\n")
    return np.sum(x, axis=1)
