"""Tables for `grader.render.maths`: each LaTeX command in Unicode, and its kind, which decides the spaces around it."""


def _table(text: str) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in text.split())


LETTERS = _table(
    r"""\alpha=α \beta=β \gamma=γ \delta=δ \epsilon=ε \varepsilon=ε \zeta=ζ \eta=η \theta=θ \vartheta=ϑ \iota=ι \kappa=κ
    \lambda=λ \mu=μ \nu=ν \xi=ξ \pi=π \rho=ρ \sigma=σ \tau=τ \upsilon=υ \phi=φ \varphi=φ \chi=χ \psi=ψ \omega=ω \Gamma=Γ
    \Theta=Θ \Lambda=Λ \Xi=Ξ \Pi=Π \Sigma=Σ \Upsilon=Υ \Phi=Φ \Psi=Ψ \Omega=Ω \ell=ℓ \infty=∞ \top=⊤ \bot=⊥ \prime=′
    \dots=… \ldots=… \cdots=⋯ \emptyset=∅ \ast=∗ \star=⋆ \%=% \$=$ \#=# \_=_ \&=&"""
)
KINDS = {  # the kind of a token, which decides the spaces around it; everything else is an atom
    "sign": _table(r"+=+ -=− \pm=± \mp=∓"),
    "times": _table(
        r"\cdot=· \times=× \odot=⊙ \otimes=⊗ \oplus=⊕ \circ=∘ \div=÷ \cup=∪ \cap=∩ \wedge=∧ \vee=∨ \setminus=∖ *=∗"
    ),
    "relation": _table(
        r"""\le=≤ \leq=≤ \ge=≥ \geq=≥ \ne=≠ \neq=≠ \lt=< \gt=> <=< >=> \approx=≈ \equiv=≡ \sim=∼ \propto=∝ \in=∈ \notin=∉
        \subset=⊂ \subseteq=⊆ \to=→ \rightarrow=→ \leftarrow=← \gets=← \mapsto=↦ \Rightarrow=⇒ \implies=⇒ \iff=⇔ \ll=≪
        \gg=≫ \mid=| \perp=⟂"""
    )
    | {"=": "=", ":=": ":="},
    "slash": {"/": "/"},
    "punct": {",": ",", ";": ";", r"\quad": "   ", r"\qquad": "   "},
    "open": _table(r"(=( [=[ \{={ \lbrace={ \lfloor=⌊ \lceil=⌈ \langle=⟨"),
    "close": _table(r")=) ]=] \}=} \rbrace=} \rfloor=⌋ \rceil=⌉ \rangle=⟩"),
    "bar": _table(r"|=| \vert=| \lvert=| \rvert=| \|=‖ \Vert=‖ \lVert=‖ \rVert=‖"),
    "prefix": _table(r"\partial=∂ \nabla=∇ \Delta=Δ"),
    "big": _table(r"\sum=Σ \prod=∏ \int=∫"),
    "space": {r"\,": " ", r"\;": " ", r"\:": " ", r"\ ": " ", "~": " "},
    "name": _table(
        r"""\exp=exp \log=log \ln=ln \max=max \min=min \sin=sin \cos=cos \tan=tan \sinh=sinh \cosh=cosh \tanh=tanh
        \arg=arg \lim=lim \det=det \dim=dim \sup=sup \inf=inf \Pr=Pr"""
    ),
}
SYMBOLS = {token: (text, "atom") for token, text in LETTERS.items()} | {
    token: (text, kind) for kind, table in KINDS.items() for token, text in table.items()
}
SILENT = {
    r"\!",
    r"\limits",
    r"\nolimits",
    r"\displaystyle",
    r"\left",
    r"\right",
    r"\big",
    r"\Big",
    r"\bigl",
    r"\bigr",
    r"\Bigl",
    r"\Bigr",
}
WORDS = {r"\mathrm", r"\text", r"\operatorname", r"\textbf", r"\textit", r"\mathit", r"\mathsf", r"\mathtt"}
FONTS = {r"\mathbf", r"\boldsymbol", r"\mathcal"}
ACCENTS = {r"\hat": "\u0302", r"\bar": "\u0304", r"\tilde": "\u0303", r"\dot": "\u0307", r"\vec": "\u20d7"}
BLACKBOARD = dict(zip("RNZQCPE1", "ℝℕℤℚℂℙ𝔼𝟙", strict=True))
SUPERSCRIPTS = dict(
    zip(
        "0123456789+−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW⊤′∗",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵀ′*",
        strict=True,
    )
)
SUBSCRIPTS = dict(zip("0123456789+−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))

SCRIPTS = {"_": "below", "^": "above", "'": "primes"}
ESCAPED = {r"\,": " ", r"\ ": " ", r"\_": "_", r"\%": "%", r"\&": "&", r"\#": "#", r"\$": "$", r"\!": ""}
