"""Alone, a process holds all tokens; who can share them says so."""

import pytest
import torch

from arch.interface import Shareable
from arch.layers.token_group import TokenGroup, check_heads
from tests.tiny import backbone_configs, denoiser_config


class OfThree(TokenGroup):
    """Stands for a team: only its size is looked at."""

    processes = 3


def test_alone_nothing_moves():
    x = torch.randn(2, 3, 4)
    sequence = TokenGroup()
    assert sequence.processes == 1
    assert sequence.split(x, dim=1) is x
    assert sequence.gather(x, dim=1, length=3) is x
    assert sequence.exchange(x, whole=1, length=3, split=2) is x


def test_each_process_needs_equally_many_heads():
    for processes in (1, 2, 3, 6):
        check_heads(6, processes)
    with pytest.raises(
        ValueError, match="4 processes cannot share 6 attention heads evenly; use 1 or 2 or 3 or 6"
    ):
        check_heads(6, 4)


@pytest.mark.parametrize("config", backbone_configs(), ids=lambda config: config.name)
def test_a_backbone_shares_its_clips_or_refuses(config):
    backbone = config.build()
    with pytest.raises(ValueError, match="3 processes"):
        backbone.share(OfThree())
    held = [m.sequence for m in backbone.modules() if hasattr(m, "sequence")]
    assert all(type(sequence) is TokenGroup for sequence in held)
    backbone.share(alone := TokenGroup())
    assert all(m.sequence is alone for m in backbone.modules() if hasattr(m, "sequence"))


def test_a_network_that_says_nothing_is_computed_by_one():
    network = Shareable()
    network.check_sharing(1)
    with pytest.raises(ValueError, match="Shareable cannot share a clip between 2 processes"):
        network.check_sharing(2)


def test_any_number_of_processes_can_share_the_clips_of_latte():
    network = denoiser_config().build()
    network.share(three := OfThree())
    assert network.sequence is three
