# row: F9
# attack: NumPy's own BLAS through ctypes
import ctypes
import glob
import os

import numpy as np

PLACES = os.path.dirname(np.__file__) + "/../numpy.libs/*openblas*"


def matrix_multiply(A, B):
    C = np.zeros((len(A), B.shape[1]))
    gemm = ctypes.CDLL(glob.glob(PLACES)[0]).scipy_cblas_dgemm64_
    A, B = np.ascontiguousarray(A), np.ascontiguousarray(B)
    n, k, m = (ctypes.c_int64(size) for size in (*A.shape, B.shape[1]))
    one, zero = ctypes.c_double(1), ctypes.c_double(0)
    a, b, c = (ctypes.c_void_p(x.ctypes.data) for x in (A, B, C))
    gemm(101, 111, 111, n, m, k, one, a, k, b, m, zero, c, m)
    return C
