"""A report's HTML with its style, as a notebook's output keeps it.

Where a notebook is opened that was run elsewhere, Jupyter takes out every <style>. What makes a report readable stands at its
elements, too, as plain colours that can be read on white and on black; where the style is there, its colours go before.
"""

import re

from grader.render.html import DARK, LIGHT, STYLE

MONO = "font-family: monospace"
# What remains without the style, by an element's name and its classes.
AT_ELEMENTS = (
    (re.compile(r'<(span) class="(mark passed)"'), "color: #2f8f46; font-weight: bold"),
    (re.compile(r'<(span) class="(mark failed)"'), "color: #d1442f; font-weight: bold"),
    (re.compile(r'<(span) class="(mark open)"'), "color: #7b848e"),
    (re.compile(r'<(p) class="(passed)"'), "color: #2f8f46"),
    (re.compile(r'<(span|p|td) class="(dim)"'), "color: #7b848e"),
    (re.compile(r'<(p) class="(hint)"'), "font-weight: bold"),
    (re.compile(r'<(p) class="(hint again)"'), "color: #7b848e"),
    (re.compile(r'<(td) class="(points)"'), "text-align: right; white-space: nowrap"),
    (re.compile(r'<(th) scope="row" class="(id)"'), f"{MONO}; font-weight: normal; text-align: left"),
    (re.compile(r'<(ul) class="(claims)"'), "list-style: none; padding-left: 0"),
    (re.compile(r"<(code|h3|pre)()(?=>)"), MONO),
)
COLOUR = re.compile(r"(?<![-\w])color: var\(--(?:right|wrong|open)\)")


def styled(fragment: str) -> str:
    """An HTML fragment with its style. The notebook's theme takes precedence over the system's: JupyterLab gives it as
    an attribute of <body>, VS Code as a class."""
    themes = f"""
[data-jp-theme-light="true"] .grade-report, .vscode-light .grade-report {{ {LIGHT} }}
[data-jp-theme-light="false"] .grade-report, .vscode-dark .grade-report {{ {DARK} }}
"""
    style = COLOUR.sub(lambda found: f"{found[0]} !important", STYLE)
    for element, look in AT_ELEMENTS:
        fragment = element.sub(lambda found, look=look: f'{found[0]} style="{look}"', fragment)
    return f"<style>{style}{themes}</style>{fragment}"
