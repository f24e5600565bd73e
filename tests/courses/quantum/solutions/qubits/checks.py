"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, categorical, edit, seeded

ALLOWS = ("numpy",)


def amplitudes(draw, *shape):
    return draw(*shape) + 1j * draw(*shape)


def state(draw, D):
    """A complex vector of norm 1."""
    psi = amplitudes(draw, D)
    return psi / np.linalg.norm(psi)


def one_state(draw, D=4):
    return dict(psi=state(draw, D))


def unnormalised(draw, D=5):
    return dict(psi=3.0 * amplitudes(draw, D))


def several_states(draw, N=3, D=4):
    return dict(psi=amplitudes(draw, N, D))


born = Exercise(
    points=4,
    cases={"two qubits": one_state, "a state of another norm": unnormalised, "three states": several_states},
    checks=[
        agrees(2, "squares the amplitudes' moduli", on="two qubits"),
        agrees(1, "makes the probabilities add up to 1 for a state of another norm", on="a state of another norm"),
        agrees(1, "does so for each of several states", on="three states"),
    ],
    mistakes=[
        Mistake(
            "modulus",
            "You take the modulus of the amplitude as its probability: something must be squared.",
            edit("np.abs(psi) ** 2", "np.abs(psi)"),
        ),
        Mistake(
            "square",
            "You square the complex amplitude itself, and keep its real part: a probability is the square of a modulus.",
            edit("np.abs(psi) ** 2", "np.real(psi**2)"),
        ),
        Mistake(
            "real part",
            "You drop the imaginary parts of the amplitudes before you square them.",
            edit("np.abs(psi) ** 2", "np.real(psi) ** 2"),
        ),
        Mistake(
            "norm",
            "You do not divide by the sum, so a state of another norm has probabilities that do not add up to 1.",
            edit("return weights / np.sum(weights, axis=-1, keepdims=True)", "return weights"),
        ),
        Mistake(
            "all states",
            "You divide by the sum over all states together, and the probabilities of each state must add up to 1.",
            edit("np.sum(weights, axis=-1, keepdims=True)", "np.sum(weights)"),
        ),
    ],
    hints=[
        "What is the squared modulus of a + bi, and what does it have to do with (a + bi)²?",
        "Along which axis must the probabilities add up to 1, and how do you make them do so?",
    ],
)


def two_states(draw, D=4):
    return dict(phi=state(draw, D), psi=state(draw, D))


def real_states(draw, D=3):
    return dict(phi=draw(D) + 0j, psi=draw(D) + 0j)


overlap = Exercise(
    points=3,
    cases={"two states": two_states, "real amplitudes": real_states},
    checks=[
        agrees(1, "is the dot product where all amplitudes are real", on="real amplitudes"),
        agrees(2, "is ⟨φ|ψ⟩ for complex amplitudes", on="two states"),
    ],
    mistakes=[
        Mistake(
            "no conjugate",
            "You conjugate neither of the states, and the one in the bra must be.",
            edit("np.conj(phi) * psi", "phi * psi"),
        ),
        Mistake(
            "wrong conjugate",
            "You conjugate the ket, and it is the bra whose amplitudes are conjugated.",
            edit("np.conj(phi) * psi", "phi * np.conj(psi)"),
        ),
        Mistake(
            "modulus",
            "You return the modulus: the inner product is a complex number, and its phase matters.",
            edit("np.sum(np.conj(phi) * psi)", "np.abs(np.sum(np.conj(phi) * psi))"),
        ),
        Mistake(
            "real part",
            "You return the real part alone: the inner product is a complex number.",
            edit("np.sum(np.conj(phi) * psi)", "np.sum(np.conj(phi) * psi).real"),
        ),
    ],
    hints=[
        "What must ⟨ψ|ψ⟩ be for a state of norm 1, and is it so for (1, i)/√2?",
        "A bra is the conjugate transpose of a ket: which of the two arguments is the bra?",
    ],
)


def qubit(draw):
    """Away from the poles, where phi has no meaning."""
    theta, phi = draw.uniform(0.3, 2.8), draw.uniform(-3.0, 3.0)
    return dict(
        psi=np.exp(1j * draw.uniform(0.5, 2.5)) * np.array([np.cos(theta / 2), np.exp(1j * phi) * np.sin(theta / 2)])
    )


bloch = Exercise(
    points=4,
    cases={"a qubit with a phase of its own": qubit},
    checks=[
        agrees(2, "finds the polar angle", part="theta"),
        agrees(2, "finds the azimuth, whatever the phase of the whole", part="phi"),
    ],
    mistakes=[
        Mistake(
            "half the angle",
            "Your polar angle is half of what it must be: orthogonal states are opposite points of the sphere, π apart.",
            edit("2 * np.arctan2", "np.arctan2"),
        ),
        Mistake(
            "global phase",
            "You take the phase of the second amplitude alone. Only the difference of the two phases can be measured.",
            edit("psi[1] * np.conj(psi[0])", "psi[1]"),
        ),
        Mistake(
            "backwards",
            "Your azimuth has the wrong sign: it is by how much the phase of |1⟩ is ahead of that of |0⟩.",
            edit("psi[1] * np.conj(psi[0])", "psi[0] * np.conj(psi[1])"),
        ),
        Mistake(
            "other pole",
            "You measure the polar angle from |1⟩, and the north pole is |0⟩.",
            edit("np.abs(psi[1]), np.abs(psi[0])", "np.abs(psi[0]), np.abs(psi[1])"),
        ),
    ],
    hints=[
        "What are the moduli of the two amplitudes, and which angle do they give?",
        "Multiply the state by any phase: which combination of the two amplitudes' phases stays as it is?",
    ],
)


def two_matrices(draw, M=2, N=3, K=4, L=5):
    return dict(A=amplitudes(draw, M, N), B=amplitudes(draw, K, L))


tensor_product = Exercise(
    points=4,
    cases={"two gates": partial(two_matrices, M=2, N=2, K=4, L=4), "matrices of four sizes": two_matrices},
    checks=[
        agrees(2, "puts the blocks A[i, j] B in their places", on="two gates"),
        agrees(
            2, "has a row for each pair of rows, and a column for each pair of columns", on="matrices of four sizes"
        ),
    ],
    mistakes=[
        Mistake(
            "swapped",
            "You compute B ⊗ A: the indices of A are the slow ones.",
            edit(
                "blocks = A[:, None, :, None] * B[None, :, None, :]",
                "blocks = B[:, None, :, None] * A[None, :, None, :]",
            ),
        ),
        Mistake(
            "conjugated",
            "You conjugate B: a product of spaces conjugates nothing.",
            edit("B[None, :, None, :]", "np.conj(B)[None, :, None, :]"),
        ),
        Mistake(
            "not interleaved",
            "Your four axes are in the order of an outer product (i, j, k, l). Which two belong to a row?",
            edit("A[:, None, :, None] * B[None, :, None, :]", "A[:, :, None, None] * B[None, None, :, :]"),
        ),
    ],
    forbids=["numpy.kron", "numpy.outer"],
    hints=[
        "Which entry of A and which of B meet in row i·K + k and column j·L + l?",
        "Make an array with four axes first. In which order must they be, so that a reshape joins the right two?",
    ],
)


def uneven(draw):
    """Two qubits whose probabilities and phases are never nearly alike: else a wrong law would be a right one."""
    probabilities = np.array([0.08, 0.17, 0.27, 0.48])[draw.permutation(4)]
    return np.sqrt(probabilities) * np.exp(0.5j * draw.permutation(4))


def many_shots(draw):
    return dict(psi=uneven(draw), shots=20000, rng=draw.generator())


def squares(inputs):
    return np.abs(inputs["psi"]) ** 2


sample = Exercise(
    points=5,
    cases={"two qubits": many_shots},
    checks=[
        categorical(4, "draws each outcome as often as Born's rule says", squares, on="two qubits"),
        seeded(1, "draws from rng and from nothing else", on="two qubits"),
    ],
    mistakes=[
        Mistake(
            "modulus",
            "You draw with the moduli of the amplitudes, and probabilities are their squares.",
            edit("probabilities = np.abs(psi) ** 2", "probabilities = np.abs(psi)"),
        ),
        Mistake(
            "uniform",
            "All outcomes are equally likely: you do not use the amplitudes.",
            edit(", p=probabilities / np.sum(probabilities)", ""),
        ),
        Mistake(
            "own generator",
            "You draw from NumPy's global generator, and rng is the one to use.",
            edit("rng.choice", "np.random.choice"),
        ),
        Mistake(
            "square",
            "You square the complex amplitude itself: a probability is the square of a modulus.",
            edit("np.abs(psi) ** 2", "np.abs(np.real(psi**2))"),
        ),
    ],
    hints=[
        "Which method of a numpy.random.Generator draws integers with given probabilities?",
        "Are your probabilities the moduli of the amplitudes, or their squares?",
    ],
)
