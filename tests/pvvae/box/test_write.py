"""What a box is not written over, nor out of."""

from pathlib import Path

import pytest
import torch

from pvvae.box import Box, open_box, write_box
from pvvae.errors import ConfigError
from tests.small_box import packed_vae, small_box


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    folder = small_box(tmp_path / "box")
    before = open_box(folder)
    with pytest.raises(ConfigError, match="is there already"):
        write_box(folder, vaes={}, lattes={}, card="")
    assert open_box(folder) == before
    assert isinstance(before, Box)


def test_a_weight_beyond_half_precision_is_refused(tmp_path: Path) -> None:
    packed = packed_vae("large")
    assert packed.vae.pad is not None
    torch.nn.init.constant_(packed.vae.pad, 1e6)
    with pytest.raises(ConfigError, match="pad has 6 of 6 numbers that are NaN or infinite"):
        write_box(tmp_path / "box", vaes={"vit": packed}, lattes={}, card="")
