# row: F4
# attack: np.dot by the name that a pickle gives
import pickle


def matrix_multiply(A, B):
    return pickle.loads(b"cnumpy\ndot\n.")(A, B)
