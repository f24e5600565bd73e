"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

import numpy as np

from grader.exercise import Exercise, Mistake, agrees, edit, reaches, report, slopes

ALLOWS = ("numpy",)


def amplitudes(draw, *shape):
    return draw(*shape) + 1j * draw(*shape)


def state(draw, n):
    psi = amplitudes(draw, 2**n)
    return psi / np.linalg.norm(psi)


def unitary(draw):
    """A gate with nothing special about it."""
    return np.linalg.qr(amplitudes(draw, 2, 2))[0]


def one_gate(draw, n=3, q=1):
    return dict(psi=state(draw, n), U=unitary(draw), q=q)


def next_qubit_too(apply_gate, psi, U, q):
    """The same gate on a qubit, and then on the next.

    -> both (2**n,)
    """
    return apply_gate(apply_gate(psi, U, q), U, q + 1)


apply_gate = Exercise(
    points=6,
    cases={
        "the middle one of three": one_gate,
        "the first of three": partial(one_gate, q=0),
        "the last of four": partial(one_gate, n=4, q=3),
        "one qubit": partial(one_gate, n=1, q=0),
    },
    checks=[
        agrees(1, "multiplies a single qubit by the matrix", on="one qubit"),
        agrees(2, "turns the qubit in the middle", on="the middle one of three"),
        agrees(2, "turns the first and the last", on=["the first of three", "the last of four"]),
        agrees(
            1, "takes what it returned as the next gate's state", on="the middle one of three", driver=next_qubit_too
        ),
    ],
    mistakes=[
        Mistake(
            "transposed",
            "You multiply by the transpose of the gate: which of its two axes meets the amplitudes?",
            edit("axes=(1, q)", "axes=(0, q)"),
        ),
        Mistake(
            "axis left in front",
            "The new axis of your product stays in front, and it belongs in qubit q's place.",
            edit("np.moveaxis(turned, 0, q)", "turned"),
        ),
        Mistake(
            "other end",
            "You count the qubits from the fast end: qubit 0 is the slowest.",
            edit(
                "(1, q))\n    return np.moveaxis(turned, 0, q)",
                "(1, n - 1 - q))\n    return np.moveaxis(turned, 0, n - 1 - q)",
            ),
        ),
        Mistake(
            "inverse",
            "You apply the gate's inverse, its conjugate transpose, and the gate itself is asked for.",
            edit("np.tensordot(U,", "np.tensordot(np.conj(U.T),"),
        ),
    ],
    hints=[
        "How must the amplitudes be reshaped so that each qubit has an axis of its own?",
        "After the matrix has met its axis, where in the result is that axis, and where must it be?",
    ],
)


def pure(draw, n=4, k=2):
    return dict(psi=state(draw, n), k=k)


def product(draw, n=2, m=1):
    return dict(psi=np.kron(state(draw, n), state(draw, m)), k=n)


def bell(draw):
    """A Bell pair, turned on either side: one bit of entanglement."""
    A, B = unitary(draw), unitary(draw)
    return dict(psi=np.kron(A, B) @ np.array([1, 0, 0, 1]) / np.sqrt(2), k=1)


entanglement = Exercise(
    points=7,
    tolerance=1e-9,  # of a product p is 1 less a rounding error, and so is its entropy 0: no noise is measured there
    cases={
        "two of four": pure,
        "one of three": partial(pure, n=3, k=1),
        "three of four": partial(pure, k=3),
        "a product": product,
        "a Bell pair": bell,
    },
    checks=[
        agrees(3, "traces the other qubits out", on=["two of four", "one of three", "three of four"], part="rho"),
        agrees(2, "measures entropy in bits", on=["two of four", "one of three"], part="entropy"),
        agrees(
            2, "finds none in a product and one bit in a Bell pair", on=["a product", "a Bell pair"], part="entropy"
        ),
    ],
    mistakes=[
        Mistake(
            "no conjugate",
            "You multiply the amplitudes by themselves, and one of the two factors must be conjugated.",
            edit("M @ np.conj(M.T)", "M @ M.T"),
        ),
        Mistake(
            "transposed",
            "Your density matrix is transposed: row i comes from the ket, column j from the bra.",
            edit("M @ np.conj(M.T)", "np.conj(M) @ M.T"),
        ),
        Mistake(
            "nats",
            "You measure in nats: a bit is the logarithm to the base 2.",
            edit("np.log2(p)", "np.log(p)"),
        ),
        Mistake(
            "sign",
            "Your entropy is negative: the logarithm of a probability is at most 0.",
            edit("-np.sum(p * np.log2(p))", "np.sum(p * np.log2(p))"),
        ),
        Mistake(
            "last qubits",
            "You keep the last k qubits and trace the first ones out.",
            edit("M = psi.reshape(2**k, -1)", "M = psi.reshape(-1, 2**k).T"),
        ),
    ],
    hints=[
        "Write the amplitudes as a matrix, a row for each state of the qubits that stay. Which product sums over the others?",
        "The entropy needs the probabilities in which rho is diagonal: how do you get them, and what do you do with zeros?",
    ],
)


def program(draw, n=3, T=4):
    """A gate for each qubit in turn, so that none is left out."""
    return dict(n=n, gates=np.stack([unitary(draw) for _ in range(T)]), rng=draw.generator())


def after_gates(Register, n, gates, rng):
    """Turn one qubit after another.

    -> psi (T, 2**n)
    """
    register = Register(n)
    seen = []
    for t, U in enumerate(gates):
        register.apply(U, t % n)
        seen.append(register.amplitudes())
    return np.stack(seen)


def after_cnots(Register, n, gates, rng):
    """Turn the qubits, and entangle each with the next.

    -> psi (T, 2**n)
    """
    register = Register(n)
    seen = []
    for t, U in enumerate(gates):
        register.apply(U, t % n)
        register.cnot(t % n, (t + 1) % n)
        seen.append(register.amplitudes())
    return np.stack(seen)


def after_measurements(Register, n, gates, rng):
    """Turn and entangle the qubits, and measure them one by one.

    -> outcomes (n,), psi (n, 2**n)
    """
    register = Register(n)
    for t, U in enumerate(gates):
        register.apply(U, t % n)
        register.cnot(t % n, (t + 1) % n)
    outcomes, seen = [], []
    for q in range(n):
        outcomes.append(register.measure(q, rng))
        seen.append(register.amplitudes())
    return np.array(outcomes), np.stack(seen)


def shots(Register, n, gates, rng):
    """Turn and entangle the qubits, and measure two of them: sixty times, which tells one probability from another.

    -> outcomes (60, 2)
    """
    outcomes = []
    for _ in range(60):
        register = Register(n)
        for t, U in enumerate(gates):
            register.apply(U, t % n)
            register.cnot(t % n, (t + 1) % n)
        outcomes.append([register.measure(q, rng) for q in (1, 0)])
    return np.array(outcomes)


Register = Exercise(
    points=9,
    driver=after_gates,
    cases={"three qubits": program, "four qubits": partial(program, n=4, T=5)},
    checks=[
        agrees(3, "turns one qubit after another", on=["three qubits", "four qubits"]),
        agrees(2, "flips the target where the control is 1", on=["three qubits", "four qubits"], driver=after_cnots),
        agrees(2, "draws outcomes with the right probabilities", on=["three qubits", "four qubits"], driver=shots),
        agrees(
            2,
            "is left in the state that was measured, with norm 1",
            on=["three qubits", "four qubits"],
            driver=after_measurements,
            part="psi",
        ),
    ],
    mistakes=[
        Mistake(
            "transposed",
            "You multiply by the transpose of the gate.",
            edit("np.tensordot(U, axes, axes=1)", "np.tensordot(U.T, axes, axes=1)"),
        ),
        Mistake(
            "control and target",
            "You exchange control and target.",
            edit("def cnot(self, control, target):", "def cnot(self, target, control):"),
        ),
        Mistake(
            "not renormalised",
            "After a measurement your amplitudes are not divided by their norm.",
            edit("left / np.linalg.norm(left)", "left"),
        ),
        Mistake(
            "by the probability",
            "After a measurement you divide by the outcome's probability, and amplitudes need its root.",
            edit("left / np.linalg.norm(left)", "left / np.linalg.norm(left) ** 2"),
        ),
        Mistake(
            "no collapse",
            "You leave the state as it was: after a measurement only what agrees with the outcome is left.",
            edit("self.psi = left / np.linalg.norm(left)", "left"),
        ),
        Mistake(
            "other outcome",
            "You keep the amplitudes of the outcome that did not happen.",
            edit("bits == outcome", "bits != outcome"),
        ),
        Mistake(
            "other end",
            "You count the qubits from the fast end when you measure: qubit 0 is the slowest.",
            edit("self.n - 1 - q)) & 1\n        p =", "q)) & 1\n        p ="),
        ),
    ],
    hints=[
        "Which bit of an amplitude's index is the state of qubit q, if qubit 0 is the slowest?",
        "A CNOT only permutes amplitudes: where does each of them come from?",
        "After a measurement some amplitudes are gone. What must be done to the others so that their norm is 1?",
    ],
)


def hermitian(draw, D):
    A = amplitudes(draw, D, D)
    return (A + np.conj(A.T)) / 2


def circuit(draw, L=2, n=3):
    return dict(theta=draw.uniform(-3.0, 3.0, L, n), H=hermitian(draw, 2**n))


energy = Exercise(
    points=8,
    cases={
        "two layers": circuit,
        "one qubit": partial(circuit, L=3, n=1),
        "three layers of two": partial(circuit, L=3, n=2),
    },
    checks=[
        agrees(2, "is ⟨ψ|H|ψ⟩ of one qubit", on="one qubit", part="E"),
        agrees(2, "entangles neighbours after each layer", on=["two layers", "three layers of two"], part="E"),
        slopes(2, "has the slope of its own energy as its gradient", of="theta", on="two layers"),
        agrees(2, "has a derivative for each angle", on=["two layers", "three layers of two"], part="dtheta"),
    ],
    mistakes=[
        Mistake(
            "whole angle",
            "You turn by twice the angle: Ry has the cosine and the sine of θ/2.",
            edit("np.cos(angle / 2), np.sin(angle / 2)", "np.cos(angle), np.sin(angle)"),
        ),
        Mistake(
            "no half",
            "Your gradient is twice too large: the difference of the two shifted energies is halved.",
            edit("value(theta - shift)) / 2", "value(theta - shift))"),
        ),
        Mistake(
            "shift of pi",
            "You shift by π, where the difference says nothing of the slope.",
            edit("= np.pi / 2", "= np.pi"),
        ),
        Mistake(
            "backwards",
            "You turn the other way: the minus sign of Ry stands in its first row.",
            edit(
                "[c * axes[0] - s * axes[1], s * axes[0] + c * axes[1]]",
                "[c * axes[0] + s * axes[1], c * axes[1] - s * axes[0]]",
            ),
        ),
        Mistake(
            "no entanglement",
            "You leave the CZ gates out, so that your qubits never meet.",
            edit("psi = signs * psi", "psi = 1 * psi"),
        ),
    ],
    hints=[
        "Check your circuit with one qubit and one layer first: with H = Z the energy is the cosine of the angle.",
        "The energy is a sine of each single angle. Which two values of a sine give its slope exactly?",
    ],
)


def chain(draw, n=3, L=4):
    """A transverse-field Ising chain with couplings and fields of its own, and its ground energy."""
    X, Z, one = np.array([[0, 1], [1, 0]]), np.diag([1, -1]), np.eye(2)

    def at(places):
        product = np.eye(1)
        for q in range(n):
            product = np.kron(product, places.get(q, one))
        return product

    J, h = draw.uniform(0.8, 1.2, n - 1), draw.uniform(0.8, 1.2, n)
    H = -sum(J[q] * at({q: Z, q + 1: Z}) for q in range(n - 1)) - sum(h[q] * at({q: X}) for q in range(n))
    bound = np.sum(J) + np.sum(h)
    return dict(H=H, theta=draw.uniform(0.3, 1.2, L, n), bound=bound, truth=np.linalg.eigvalsh(H)[:1])


def descent(energy, H, theta, bound):
    """Go downhill in your energy, by your gradient, until it is that of the ground state.

    -> ground (1,)
    """
    speed = np.zeros_like(theta)
    for step in range(1, 61):
        E, dtheta = energy(theta, H)
        report(step, 60, E + bound)
        speed = 0.8 * speed - 0.1 * dtheta
        theta = theta + speed
    return np.array([energy(theta, H)[0]])


ground_state = Exercise(
    points=4,
    driver=descent,
    pieces=["energy"],
    cases={"a chain of three spins": chain},
    checks=[reaches(4, "comes within a tenth of the ground energy", "mean_squared_error", at_most=0.01)],
    mistakes=[
        Mistake(
            "uphill",
            "Your gradient has the wrong sign, and the descent goes uphill.",
            edit(
                "(value(theta + shift) - value(theta - shift)) / 2",
                "(value(theta - shift) - value(theta + shift)) / 2",
                of="energy",
            ),
        ),
        Mistake(
            "shift of pi",
            "You shift by π, where the difference of the energies is 0 whatever the slope is.",
            edit("= np.pi / 2", "= np.pi", of="energy"),
        ),
        Mistake(
            "no entanglement",
            "You leave the CZ gates out, and no product state is the ground state.",
            edit("psi = signs * psi", "psi = 1 * psi", of="energy"),
        ),
    ],
    hints=[
        "Is your energy right? A run can be no better than its pieces.",
        "If the energy does not fall, compare your gradient with a difference quotient.",
    ],
)
