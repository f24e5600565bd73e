"""Independent truth for this unit: PyTorch in float64, or loops over single numbers. Read by `grade dev check` alone."""

import numpy as np
import torch
from torch.nn import functional as F


def scaled_dot_product_attention(q, k, v, mask=None):
    q, k, v = (torch.from_numpy(a) for a in (q, k, v))
    mask = None if mask is None else torch.from_numpy(mask)
    out = F.scaled_dot_product_attention(q, k, v, mask)
    return np.nan_to_num(out.numpy())  # PyTorch leaves nan where a row may attend to nothing
