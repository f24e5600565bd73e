"""Independent truth for this unit: whole matrices, and loops over single amplitudes. Read by `grade dev check` alone."""

import numpy as np
from scipy.linalg import expm


def whole(U, q, n):
    """The matrix of 2**n rows that a gate on qubit q is."""
    return np.kron(np.kron(np.eye(2**q), U), np.eye(2 ** (n - 1 - q)))


def apply_gate(psi, U, q):
    n = int(np.log2(len(psi)) + 0.5)
    return whole(U, q, n) @ psi


def next_qubit_too(psi, U, q):
    n = int(np.log2(len(psi)) + 0.5)
    return whole(U, q, n) @ whole(U, q + 1, n) @ psi


def entanglement(psi, k):
    K = 2**k
    rest = len(psi) // K
    rho = np.zeros((K, K), complex)
    for i in range(K):
        for j in range(K):
            for r in range(rest):
                rho[i, j] += complex(psi[i * rest + r]) * complex(psi[j * rest + r]).conjugate()
    singular = np.linalg.svd(psi.reshape(K, rest), compute_uv=False) ** 2
    return rho, float(sum(-s * np.log2(s) for s in singular if s > 1e-13))


def controlled_not(control, target, n):
    out = np.zeros((2**n, 2**n))
    for column in range(2**n):
        bits = list(format(column, f"0{n}b"))
        if bits[control] == "1":
            bits[target] = "10"[int(bits[target])]
        out[int("".join(bits), 2), column] = 1
    return out


def states(n, gates, entangle):
    psi = np.eye(2**n)[0]
    for t, U in enumerate(gates):
        psi = whole(U, t % n, n) @ psi
        if entangle:
            psi = controlled_not(t % n, (t + 1) % n, n) @ psi
        yield psi


def Register(n, gates, rng):
    return np.stack(list(states(n, gates, entangle=False)))


def after_cnots(n, gates, rng):
    return np.stack(list(states(n, gates, entangle=True)))


def measured(psi, q, n, u):
    """The outcome of one qubit, and the state that it leaves: by projectors."""
    one = whole(np.diag([0, 1]), q, n)
    outcome = int(u < np.vdot(psi, one @ psi).real)
    left = (one if outcome else np.eye(2**n) - one) @ psi
    return outcome, left / np.sqrt(np.vdot(left, left).real)


def after_measurements(n, gates, rng):
    *_, psi = states(n, gates, entangle=True)
    outcomes, seen = [], []
    for q in range(n):
        outcome, psi = measured(psi, q, n, rng.random())
        outcomes.append(outcome)
        seen.append(psi)
    return np.array(outcomes), np.stack(seen)


def shots(n, gates, rng):
    *_, psi = states(n, gates, entangle=True)
    outcomes = []
    for u, v in rng.random((60, 2)):
        first, left = measured(psi, 1, n, u)
        outcomes.append([first, measured(left, 0, n, v)[0]])
    return np.array(outcomes)


def energy(theta, H):
    """Matrix exponentials, and the derivative of a product: no shifts."""
    L, n = theta.shape
    Y = np.array([[0, -1j], [1j, 0]])
    CZ = np.eye(2**n)
    for q in range(n - 1):
        a, b = whole(np.diag([0, 1]), q, n), whole(np.diag([0, 1]), q + 1, n)
        CZ = CZ @ (np.eye(2**n) - 2 * a @ b)
    factors = []
    for layer in theta:
        for q, angle in enumerate(layer):
            factors.append((expm(-0.5j * angle * whole(Y, q, n)), -0.5j * whole(Y, q, n)))
        factors.append((CZ, None))
    psi = np.eye(2**n)[0].astype(complex)
    for G, _ in factors:
        psi = G @ psi
    slopes = []
    for place, (_, generator) in enumerate(factors):
        if generator is None:
            continue
        d = np.eye(2**n)[0].astype(complex)
        for at, (G, _) in enumerate(factors):
            d = G @ d
            if at == place:
                d = generator @ d
        slopes.append(2 * np.vdot(psi, H @ d).real)
    return np.vdot(psi, H @ psi).real, np.array(slopes).reshape(L, n)
