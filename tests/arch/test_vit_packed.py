"""Clips of several lengths and resolutions in one pass, against each by itself."""

from typing import Any

import pytest
import torch
from torch import Tensor

from arch.vit import ViT
from tests.arch.contract import awake
from tests.arch.small_vit import small

MODES: dict[str, dict[str, Any]] = {
    "full": {},
    "block_causal": {"attention": "block_causal"},
    "window": {"attention": "block_causal", "window": 2},
}
OBSERVED = [torch.tensor([2, 4]), torch.tensor([1]), torch.tensor([3])]
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def backbone(mode: str) -> ViT:
    found = awake(small(**MODES[mode]))
    assert isinstance(found, ViT)
    return found


def clips() -> list[Tensor]:
    """Two of 13 frames, an image, and one of 9 frames; 1 x 2, 2 x 2 and 3 x 1 cells."""
    generator = torch.Generator().manual_seed(1)
    shapes = ((2, 3, 13, 16, 32), (1, 3, 1, 32, 32), (1, 3, 9, 48, 16))
    return [torch.rand(shape, generator=generator) * 2 - 1 for shape in shapes]


@pytest.mark.parametrize("masked", [False, True], ids=["all", "observed"])
@pytest.mark.parametrize("mode", MODES)
@torch.no_grad()
def test_packed_clips_encode_as_one_by_one(mode: str, masked: bool) -> None:
    network, observed = backbone(mode), OBSERVED if masked else None
    packed = network.encode_packed(clips(), observed)
    for index, (found, x) in enumerate(zip(packed, clips(), strict=True)):
        alone = network.encode(x, None if observed is None else observed[index])
        torch.testing.assert_close(found.mean, alone.mean, **CLOSE)
        torch.testing.assert_close(found.logvar, alone.logvar, **CLOSE)


@pytest.mark.parametrize("mode", MODES)
def test_packed_clips_teach_as_one_by_one(mode: str) -> None:
    """Through encoder and decoder, to the pixels and to every parameter."""
    gradients, pixels = [], []
    for packed in (True, False):
        network, inputs = backbone(mode), [x.requires_grad_() for x in clips()]
        if packed:
            means = [posterior.mean for posterior in network.encode_packed(inputs)]
            recons = network.decode_packed(means)
        else:
            recons = [network.decode(network.encode(x).mean) for x in inputs]
        torch.stack([recon.square().mean() for recon in recons]).sum().backward()
        pixels.append([recon.detach() for recon in recons])
        gradients.append([x.grad for x in (*inputs, *network.encoder.parameters())])
        gradients[-1] += [p.grad for p in network.decoder.parameters()]
    torch.testing.assert_close(pixels[0], pixels[1], **CLOSE)
    torch.testing.assert_close(gradients[0], gradients[1], **CLOSE)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("mode", MODES)
@torch.no_grad()
def test_one_masked_call_computes_the_same(mode: str) -> None:
    config = small(**MODES[mode])
    plain, flex = awake(config), awake(small(**MODES[mode], attention_backend="flex"))
    assert isinstance(plain, ViT)
    assert isinstance(flex, ViT)
    found, expected = (n.encode_packed(clips(), OBSERVED) for n in (flex, plain))
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one.mean, two.mean, **CLOSE)


def test_packed_clips_of_wrong_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="nearest valid lengths: 1, 5"):
        backbone("full").encode_packed([torch.zeros(1, 3, 4, 16, 16)])
