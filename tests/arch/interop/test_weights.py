"""Whatever a trusted pickle holds is held against the network; a pickle by another name is not."""

from pathlib import Path

import pytest
import torch
from torch import nn

from arch.interop.weights import check_fits, read_tensors, read_weights


def test_what_is_no_tensor_fits_no_network() -> None:
    weights = {"weight": torch.zeros(1, 2), "bias": 3}
    with pytest.raises(
        ValueError, match=r"^w: weights of another .*: bias is a int, not a tensor$"
    ):
        check_fits(weights, nn.Linear(2, 1), where="w")


def test_a_pickle_that_is_called_safetensors_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    torch.save({"weight": torch.zeros(1)}, path)
    for read in (read_tensors, read_weights):
        with pytest.raises(ValueError, match="a pickle is not opened"):
            read(path)


def test_a_trusted_pickle_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    torch.save({"step": 3}, path)
    assert read_weights(path, trusted_pickle=True) == {"step": 3}
    with pytest.raises(ValueError, match="or set trusted_pickle: true if you trust it"):
        read_weights(path)
