"""One order for the same clips, however they arrived."""

import numpy as np
import torch
from torch import Tensor


def order_of(rows: Tensor) -> Tensor:
    """Indices (N,) that sort rows (N, d) by their first column, then by their second, and so on.

    Sums of floating point numbers depend on their order, and so do draws by position. Clips that
    come from several processes come in another order than from one; sorted, they are the same.
    """
    columns = rows.detach().cpu().numpy().T
    return torch.from_numpy(np.lexsort(columns[::-1]))
