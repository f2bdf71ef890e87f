"""Randomness as a pure function of the seed and of what is drawn for.

No generator state is ever stored: a resumed run repeats itself because step 1,000 draws the same
numbers whether or not step 999 ran in this process.
"""

import hashlib

import numpy as np
import torch


def key(*parts: int | str) -> int:
    """A 63-bit seed from a path of names and numbers, e.g. ``key(seed, "posterior", index)``."""
    text = "/".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def torch_generator(*parts: int | str) -> torch.Generator:
    """A CPU generator for one draw. CPU, so that the numbers do not depend on the device."""
    return torch.Generator().manual_seed(key(*parts))


def numpy_generator(*parts: int | str) -> np.random.Generator:
    """A numpy generator for one draw."""
    return np.random.default_rng(key(*parts))
