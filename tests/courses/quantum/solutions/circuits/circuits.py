"""Circuits: gates on many qubits, entanglement, and an optimisation on a quantum computer."""

import numpy as np


def apply_gate(psi, U, q):
    """Apply a gate to one qubit of many.

    psi (2**n,), U (2, 2), q -> after (2**n,)

    Qubits are numbered from 0, and qubit 0 is the slowest: of three qubits, amplitude 4 is that of |100⟩. Do not build
    the whole matrix of 2**n rows and columns.
    """
    n = len(psi).bit_length() - 1
    axes = psi.reshape((2,) * n)
    turned = np.tensordot(U, axes, axes=(1, q))
    return np.moveaxis(turned, 0, q).reshape(-1)


def entanglement(psi, k):
    """The state of the first k qubits alone, and how entangled they are with the others.

    psi (2**n,), k -> rho (K, K), entropy

    rho is the density matrix of qubits 0 … k−1, K = 2**k, after the others are traced out. The entropy is
    −tr ρ log₂ ρ, in bits, where 0 log 0 counts as 0. Qubit 0 is the slowest.
    """
    M = psi.reshape(2**k, -1)
    rho = M @ np.conj(M.T)
    p = np.linalg.eigvalsh(rho)
    p = p[p > 1e-12]
    return rho, -np.sum(p * np.log2(p))


class Register:
    """A simulator of n qubits: it keeps their amplitudes between calls.

    Qubit 0 is the slowest: of three qubits, amplitude 4 is that of |100⟩.
    """

    def __init__(self, n):
        """Begin with all n qubits in |0⟩."""
        self.n = n
        self.psi = np.zeros(2**n, complex)
        self.psi[0] = 1

    def amplitudes(self):
        """What the qubits are in now.

        -> psi (2**n,)
        """
        return self.psi.copy()

    def apply(self, U, q):
        """Apply the gate U (2, 2) to qubit q; returns nothing."""
        axes = np.moveaxis(self.psi.reshape((2,) * self.n), q, 0)
        turned = np.tensordot(U, axes, axes=1)
        self.psi = np.moveaxis(turned, 0, q).reshape(-1)

    def cnot(self, control, target):
        """Flip the target wherever the control is 1; returns nothing."""
        index = np.arange(2**self.n)
        is_set = (index >> (self.n - 1 - control)) & 1
        self.psi = self.psi[index ^ (is_set << (self.n - 1 - target))]

    def measure(self, q, rng):
        """Measure qubit q, and leave the register in what is left of its state.

        -> outcome

        Draw one number, u = rng.random(). The outcome is the integer 1 if u is less than the probability of 1, otherwise 0.
        Afterwards all amplitudes of the other outcome are 0, and the norm is 1 again.
        """
        bits = (np.arange(2**self.n) >> (self.n - 1 - q)) & 1
        p = np.sum(np.abs(self.psi[bits == 1]) ** 2)
        outcome = int(rng.random() < p)
        left = np.where(bits == outcome, self.psi, 0)
        self.psi = left / np.linalg.norm(left)
        return outcome


def energy(theta, H):
    """The energy of a circuit's state, and its gradient by the parameter-shift rule.

    theta (L, n), H (D, D) -> E, dtheta (L, n)

    The circuit begins in |00…0⟩. Each of its L layers turns each qubit q by Ry(theta[l, q]), the matrix
    [[cos(θ/2), −sin(θ/2)], [sin(θ/2), cos(θ/2)]], and then applies a CZ, which changes the sign of |11⟩, to each pair
    of neighbours (q, q+1). H is Hermitian, D = 2**n, and qubit 0 is the slowest. E = ⟨ψ|H|ψ⟩ is a real number.
    """
    L, n = theta.shape
    bits = (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1)) & 1
    signs = (-1.0) ** np.sum(bits[:, :-1] * bits[:, 1:], axis=1)

    def value(theta):
        psi = np.zeros(2**n)
        psi[0] = 1
        for layer in theta:
            for q, angle in enumerate(layer):
                c, s = np.cos(angle / 2), np.sin(angle / 2)
                axes = np.moveaxis(psi.reshape((2,) * n), q, 0)
                turned = np.stack([c * axes[0] - s * axes[1], s * axes[0] + c * axes[1]])
                psi = np.moveaxis(turned, 0, q).reshape(-1)
            psi = signs * psi
        return np.real(np.conj(psi) @ H @ psi)

    dtheta = np.zeros((L, n))
    for index in np.ndindex(L, n):
        shift = np.zeros((L, n))
        shift[index] = np.pi / 2
        dtheta[index] = (value(theta + shift) - value(theta - shift)) / 2
    return value(theta), dtheta
