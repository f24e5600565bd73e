"""Qubits: states, measurement and the product of spaces."""

import numpy as np


def born(psi):
    """The probability of each outcome when a state is measured.

    psi (..., D) -> probabilities (..., D)

    psi holds complex amplitudes along its last axis. It need not have norm 1: the probabilities add up to 1 all the same.
    """
    weights = np.abs(psi) ** 2
    return weights / np.sum(weights, axis=-1, keepdims=True)


def overlap(phi, psi):
    """The inner product of two states, as physicists write it: ⟨φ|ψ⟩.

    phi (D,), psi (D,) -> overlap

    It is linear in psi and antilinear in phi.
    """
    return np.sum(np.conj(phi) * psi)


def bloch(psi):
    """The two angles of a qubit on the Bloch sphere.

    psi (2,) -> theta, phi

    psi has norm 1. Up to a phase that nobody can measure it is cos(θ/2)|0⟩ + exp(iφ) sin(θ/2)|1⟩ with 0 ≤ θ ≤ π and
    -π < φ ≤ π. Both amplitudes differ from 0.
    """
    theta = 2 * np.arctan2(np.abs(psi[1]), np.abs(psi[0]))
    phi = np.angle(psi[1] * np.conj(psi[0]))
    return theta, phi


def tensor_product(A, B):
    """The Kronecker product of two matrices, written by hand.

    A (M, N), B (K, L) -> product (M*K, N*L)

    The indices of A are the slow ones: the product is made of blocks A[i, j] B. np.kron and np.outer are not allowed.
    """
    M, N = A.shape
    K, L = B.shape
    blocks = A[:, None, :, None] * B[None, :, None, :]
    return blocks.reshape(M * K, N * L)


def sample(psi, shots, rng):
    """Measure many copies of a state, and say what came out.

    psi (D,), shots -> outcomes (shots,)

    psi has norm 1. Each outcome is one of the integers 0 … D−1 with the probability that Born's rule gives it, drawn
    from rng, a numpy.random.Generator, and from nothing else.
    """
    probabilities = np.abs(psi) ** 2
    return rng.choice(len(psi), size=shots, p=probabilities / np.sum(probabilities))
