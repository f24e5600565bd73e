"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

from itertools import pairwise

import numpy as np


def apply_gate__three_axes(psi, U, q):
    """The qubit in the middle of a slow and a fast axis."""
    axes = psi.reshape(2**q, 2, -1)
    return np.einsum("ij,ajb->aib", U, axes).reshape(-1)


def apply_gate__pairs(psi, U, q):
    out = np.zeros(len(psi), complex)
    stride = len(psi) // 2 ** (q + 1)
    for i in range(len(psi)):
        if not i & stride:
            out[i] = U[0, 0] * psi[i] + U[0, 1] * psi[i + stride]
            out[i + stride] = U[1, 0] * psi[i] + U[1, 1] * psi[i + stride]
    return out


def entanglement__schmidt(psi, k):
    u, s, _ = np.linalg.svd(psi.reshape(2**k, -1), full_matrices=False)
    p = s**2
    return (u * p) @ u.conj().T, -sum(x * np.log2(x) for x in p if x > 1e-15)


class Register__as_a_tensor:
    def __init__(self, n):
        self.psi = np.zeros((2,) * n, complex)
        self.psi[(0,) * n] = 1

    def amplitudes(self):
        return self.psi.ravel()

    def apply(self, U, q):
        self.psi = np.moveaxis(np.tensordot(U, self.psi, (1, q)), 0, q)

    def cnot(self, control, target):
        first = np.moveaxis(self.psi.copy(), (control, target), (0, 1))
        first[1] = first[1, ::-1].copy()
        self.psi = np.moveaxis(first, (0, 1), (control, target))

    def measure(self, q, rng):
        first = np.moveaxis(self.psi, q, 0).copy()
        p = (abs(first[1]) ** 2).sum() / (abs(first) ** 2).sum()
        outcome = 1 if rng.random() < p else 0
        first[1 - outcome] = 0
        self.psi = np.moveaxis(first / np.sqrt(p if outcome else 1 - p), 0, q)
        return outcome


def energy__whole_matrices(theta, H):
    n = theta.shape[1]

    def kron(matrices):
        out = np.eye(1)
        for M in matrices:
            out = np.kron(out, M)
        return out

    signs = np.array(
        [(-1.0) ** sum(a == b == "1" for a, b in pairwise(bits)) for bits in map(f"{{:0{n}b}}".format, range(2**n))]
    )

    def E(theta):
        psi = np.eye(2**n)[:, 0]
        for layer in theta:
            psi = signs * (
                kron([np.array([[np.cos(t / 2), -np.sin(t / 2)], [np.sin(t / 2), np.cos(t / 2)]]) for t in layer]) @ psi
            )
        return (psi.conj() @ H @ psi).real

    gradient = np.zeros(theta.shape)
    for layer in range(theta.shape[0]):
        for q in range(n):
            up, down = theta.copy(), theta.copy()
            up[layer, q] += np.pi / 2
            down[layer, q] -= np.pi / 2
            gradient[layer, q] = 0.5 * (E(up) - E(down))
    return E(theta), gradient
