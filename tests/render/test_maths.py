"""LaTeX as Unicode text."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.render.maths import formula, plain, segments

EXAMPLES = {
    # fractions, with parentheses exactly where they are needed
    r"\frac{a}{b}": "a/b",
    r"\frac12": "1/2",
    r"\frac{a+b}{c}": "(a + b)/c",
    r"\frac{a}{b+c}": "a/(b + c)",
    r"\frac{ab}{cd}": "ab/(cd)",
    r"\frac{a \cdot b}{c}": "(a · b)/c",
    r"\frac{-x}{2}": "−x/2",
    r"-\frac{x}{2}": "−x/2",
    r"a - \frac{-x}{2}": "a − (−x/2)",
    r"\frac{-x + y}{2}": "(−x + y)/2",
    r"\frac{\frac{a}{b}}{c}": "(a/b)/c",
    r"\frac{a}{\frac{b}{c}}": "a/(b/c)",
    r"\frac{x}{\sqrt{d}}": "x/√d",
    r"\frac{x^2}{\sigma^2}": "x²/σ²",
    r"\frac{x}{2\sigma^2}": "x/(2σ²)",
    r"\frac{1}{N(N - 1)}": "1/(N(N − 1))",
    r"\frac{1}{\exp(x)}": "1/exp(x)",
    r"\frac{1}{\log x}": "1/(log x)",
    r"\frac{x}{|x|}": "x/|x|",
    r"\frac{(a+b)}{(c+d)}": "(a + b)/(c + d)",
    r"\frac{(a+b)(c+d)}{e}": "(a + b)(c + d)/e",
    r"\frac{\sum_i x_i}{N}": "(Σᵢ xᵢ)/N",
    r"\frac{1}{N} \sum_n x_n": "(1/N) Σₙ xₙ",
    r"\frac{a}{b} c": "(a/b) c",
    r"\frac{a}{b} \cdot c": "a/b · c",
    r"\frac{a}{b} + c": "a/b + c",
    r"5\frac{1}{2}": "5 · 1/2",
    r"x \cdot \frac{a}{b}": "x · a/b",
    r"\left(\frac{a}{b}\right)^2": "(a/b)²",
    r"{\frac{a}{b}}^2": "(a/b)²",
    r"\log \frac{a}{b}": "log(a/b)",
    r"\frac{a}{b} \quad \frac{c}{d}": "a/b   c/d",
    r"\frac{\partial L}{\partial W}": "∂L/∂W",
    r"\frac{\partial^2 f}{\partial x_i^2}": "∂²f/∂xᵢ²",
    r"\frac{\partial}{\partial x} f": "(∂/∂x) f",
    r"x^\top \frac{\partial L}{\partial y}": "xᵀ ∂L/∂y",
    r"\frac{\mathrm{d}y}{\mathrm{d}x}": "dy/dx",
    # roots
    r"\sqrt{d}": "√d",
    r"\sqrt d": "√d",
    r"\sqrt{d_k}": "√dₖ",
    r"\sqrt{10}": "√10",
    r"\sqrt{2\pi}": "√(2π)",
    r"\sqrt{a+b}": "√(a + b)",
    r"\sqrt{x^2}": "√(x²)",
    r"\sqrt{x}^2": "(√x)²",
    r"\sqrt{d}x": "√d x",
    r"\sqrt{\frac{a}{b}}": "√(a/b)",
    r"\sqrt[3]{x}": "³√x",
    # scripts
    r"x^2": "x²",
    r"x ^ 2": "x²",
    r"x^{-1}": "x⁻¹",
    r"x^10": "x¹0",
    r"x^{10}": "x¹⁰",
    r"x^\top": "xᵀ",
    r"(AB)^{\top}": "(AB)ᵀ",
    r"x_i^2": "xᵢ²",
    r"x^2_i": "xᵢ²",
    r"x_{t-1}": "xₜ₋₁",
    r"x_{ij}": "xᵢⱼ",
    r"x_{i,j}": "x_(i,j)",
    r"x_\theta": "x_θ",
    r"W_q^\top": "W_qᵀ",
    r"d_{\text{model}}": "d_model",
    r"d_\mathrm{model} x": "d_model x",
    r"D_{\mathrm{KL}}(p \| q)": "D_KL(p ‖ q)",
    r"e^{-x}": "e⁻ˣ",
    r"e^{x_i}": "e^(xᵢ)",
    r"e^{-x^2/2}": "e^(−x²/2)",
    r"{x+y}^2": "(x + y)²",
    r"{}^2": "²",
    r"f'(x)": "f′(x)",
    r"x^*": "x*",
    r"\mathbb{R}^{N \times D}": "ℝ^(N×D)",
    r"\mathbf{1}_{x > 0}": "1_(x>0)",
    # large operators and functions
    r"\sum_n x_n": "Σₙ xₙ",
    r"\sum_{n=1}^N x_n": "Σ_{n=1}^N xₙ",
    r"\sum\limits_{n=1}^{N} x": "Σ_{n=1}^N x",
    r"\sum_{j \ne i} x_j": "Σ_{j≠i} xⱼ",
    r"\sum_{i \in \text{the batch}} x_i": "Σ_{i∈the batch} xᵢ",
    r"\prod_t p_t": "∏ₜ pₜ",
    r"\max_j x_j": "maxⱼ xⱼ",
    r"\exp(x)": "exp(x)",
    r"\exp x": "exp x",
    r"x\log y": "x log y",
    r"\exp\left(-\frac{x^2}{2}\right)": "exp(−x²/2)",
    r"\operatorname{softmax}(x)": "softmax(x)",
    r"\operatorname*{arg\,max}_k z_k": "arg maxₖ zₖ",
    r"\mathrm{out} = 1": "out = 1",
    r"\text{if } x > 0": "if x > 0",
    r"0 \text{ otherwise}": "0 otherwise",
    # symbols and spaces
    r"a\le b\ge c\ne d": "a ≤ b ≥ c ≠ d",
    r"x=-1": "x = −1",
    r"a - b": "a − b",
    r"a \cdot -b": "a · −b",
    r"(-x)": "(−x)",
    r"x \odot y \times z": "x ⊙ y × z",
    r"q k^\top": "q kᵀ",
    r"x_1, \dots, x_n": "x₁, …, xₙ",
    r"(0,1)": "(0, 1)",
    r"\{0, 1\}": "{0, 1}",
    r"\alpha\beta": "αβ",
    r"\partial x": "∂x",
    r"\nabla_\theta L": "∇_θL",
    r"a / b": "a/b",
    r"\left\| x \right\|_2^2": "‖x‖₂²",
    r"|x|^2 + |y|": "|x|² + |y|",
    r"p(x | y)": "p(x | y)",
    r"p(x \mid y)": "p(x | y)",
    r"f: \mathbb{R}^D \to \mathbb{R}": "f: ℝᴰ → ℝ",
    r"y := x": "y := x",
    r"\left.x\right|_0": "x|₀",
    # accents
    r"\hat x": "x\u0302",
    r"\bar x": "x\u0304",
    r"\hat{y}_i": "ŷᵢ",
    r"\bar{\alpha}_t": "ᾱₜ",
    r"\tilde x^2": "x\u0303²",
    r"\bar{xy}": "bar(xy)",
    # together
    r"\operatorname{softmax}\left(\frac{q k^\top}{\sqrt{d}}\right) v": "softmax(q kᵀ/√d) v",
    r"\sigma(x) = \frac{1}{1 + e^{-x}}": "σ(x) = 1/(1 + e⁻ˣ)",
    r"\frac{e^{x_i}}{\sum_j e^{x_j}}": "e^(xᵢ)/(Σⱼ e^(xⱼ))",
    r"\theta - \eta \hat{m} / (\sqrt{\hat{v}} + \epsilon)": "θ − η m̂/(√v̂ + ε)",
    r"\hat{x} = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}": "x̂ = (x − μ)/√(σ² + ε)",
}


@pytest.mark.parametrize(("latex", "text"), EXAMPLES.items())
def test_a_formula_reads_well(latex, text):
    assert formula(latex) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("latex", "words"),
    [
        (r"\unknown x", r"unknown command \unknown"),
        (r"\begin{cases} a \end{cases}", r"unknown command \begin"),
        (r"a \\ b", r"unknown command \\"),
        (r"\text{a \b c}", r"unknown command \b"),
        ("a & b", "& stands alone"),
        ("}", "} stands alone"),
        ("{a", "no } closes a group"),
        (r"\frac{a}", "something is missing at the end"),
        ("x^", "something is missing at the end"),
        ("x_1_2", "a second _"),
        ("x^1^2", "a second ^"),
        ("{" * 100 + "}" * 100, "groups nest deeper than"),
        (r"\sqrt" * 5000 + "x", "groups nest deeper than"),
        ("x^{" * 5000 + "x", "groups nest deeper than"),
    ],
)
def test_what_it_does_not_know_is_named(latex, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        formula(latex)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("no maths", "no maths"),
        ("", ""),
        ("the root $\\sqrt{d}$ of $d$", "the root √d of d"),
        ("**bold** _and_ [a](b) | c | $x_i$", "**bold** _and_ [a](b) | c | xᵢ"),
        ("before\n\n$$x^2$$\n\nafter", "before\n\n    x²\n\nafter"),
        ("before\n\n$$\nx^2 +\n  y\n$$\n\nafter", "before\n\n    x² + y\n\nafter"),
        ("in the $$x^2$$ line", "in the x² line"),
        ("code `$x$` and ``a ` $x$`` stay, $x^2$", "code `$x$` and ``a ` $x$`` stay, x²"),
        ("```\n$x^2$\n```\n$x^2$", "```\n$x^2$\n```\nx²"),
        ("~~~python\n$x^2$\n~~~\n$x^2$", "~~~python\n$x^2$\n~~~\nx²"),
        ("```\n$x^2$ without an end", "```\n$x^2$ without an end"),
        ("a lone ` tick\n\n$x^2$ and ` another", "a lone ` tick\n\nx² and ` another"),
        ("it costs $5 and $6", "it costs $5 and $6"),
        ("escaped \\$x\\$ and \\*", "escaped \\$x\\$ and \\*"),
        ("a line\nbreak $a +\nb$ inside", "a line\nbreak a + b inside"),
        ("not $a\n\nb$ over paragraphs", "not $a\n\nb$ over paragraphs"),
    ],
)
def test_markdown_around_formulas_stays(markdown, text):
    assert plain(markdown) == text


def test_segments_put_together_are_the_markdown():
    markdown = "a $b$ c\n\n$$d$$\n\n`$e$` f"
    marks = {"text": "", "inline": "$", "display": "$$"}
    assert "".join(marks[kind] + text + marks[kind] for kind, text in segments(markdown)) == markdown


PARTS = [
    r"\frac",
    r"\sqrt",
    r"\left(",
    r"\right)",
    r"\hat",
    r"\text{a b}",
    r"\sum",
    r"\partial",
    r"\exp",
    r"\|",
    r"\quad",
    r"\{",
]
LATEX = st.lists(st.sampled_from([*PARTS, *"{}[]()^_'|+-=,/ abx12\\$`\n&~"]), max_size=30).map("".join)


@settings(max_examples=500, deadline=None)
@given(LATEX | st.text(max_size=40))
@example("\\")
@example("$")
@example("^")
@example("'")
@example(r"\frac{}{}")
@example(r"\mathbb{}\hat{}\operatorname{}")
def test_nothing_but_a_value_error_is_raised(latex):
    for function, text in ((formula, latex), (plain, latex), (plain, f"${latex}$"), (plain, f"$${latex}$$")):
        try:
            out = function(text)
        except ValueError:
            continue
        assert isinstance(out, str)


@settings(max_examples=200, deadline=None)
@given(LATEX)
def test_no_backslash_survives_in_a_formula(latex):
    try:
        out = formula(latex)
    except ValueError:
        return
    assert "\\" not in out
