"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import numpy as np


def born__by_the_conjugate(psi):
    psi = np.asarray(psi)
    weights = (psi * psi.conj()).real
    return weights / weights.sum(-1)[..., None]


def born__normalised_first(psi):
    psi = psi / np.linalg.norm(psi, axis=-1, keepdims=True)
    return psi.real**2 + psi.imag**2


def overlap__vdot(phi, psi):
    return np.vdot(phi, psi)


def overlap__loop(phi, psi):
    total = 0
    for a, b in zip(phi, psi, strict=True):
        total = total + a.conjugate() * b
    return total


def bloch__acos_of_z(psi):
    a, b = psi
    return np.arccos(abs(a) ** 2 - abs(b) ** 2), np.angle(b / a)


def tensor_product__four_loops(A, B):
    (M, N), (K, L) = A.shape, B.shape
    out = np.zeros((M * K, N * L), complex)
    for i in range(M):
        for j in range(N):
            out[i * K : (i + 1) * K, j * L : (j + 1) * L] = A[i, j] * B
    return out


def tensor_product__einsum(A, B):
    return np.einsum("ij,kl->ikjl", A, B).reshape(len(A) * len(B), -1)


def sample__inverse(psi, shots, rng):
    edges = np.cumsum(np.abs(psi) ** 2)
    return np.searchsorted(edges[:-1], rng.random(shots), side="right")
