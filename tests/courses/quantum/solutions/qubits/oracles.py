"""Independent truth for this unit: loops over single numbers. Read by `grade dev check` alone."""

import math

import numpy as np


def born(psi):
    out = np.zeros(psi.shape)
    for index in np.ndindex(psi.shape[:-1]):
        total = math.fsum(abs(complex(a)) ** 2 for a in psi[index])
        for d, a in enumerate(psi[index]):
            out[index + (d,)] = abs(complex(a)) ** 2 / total
    return out


def overlap(phi, psi):
    pairs = [complex(a).conjugate() * complex(b) for a, b in zip(phi, psi, strict=True)]
    return complex(math.fsum(z.real for z in pairs), math.fsum(z.imag for z in pairs))


def bloch(psi):
    """From the expectations of the three Pauli matrices, which are the point's coordinates."""
    a, b = complex(psi[0]), complex(psi[1])
    x = 2 * (a.conjugate() * b).real
    y = 2 * (a.conjugate() * b).imag
    z = abs(a) ** 2 - abs(b) ** 2
    return math.acos(z), math.atan2(y, x)


def tensor_product(A, B):
    return np.kron(A, B)


def sample(psi, shots, rng):
    """By the inverse of the distribution function, one number after another."""
    outcomes = []
    for u in rng.random(shots):
        d, below = 0, abs(complex(psi[0])) ** 2
        while u >= below and d < len(psi) - 1:
            d += 1
            below += abs(complex(psi[d])) ** 2
        outcomes.append(d)
    return np.array(outcomes)
