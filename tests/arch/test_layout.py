"""How activations lie in memory, and in which precision, seen at every operation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from arch.interface import Backbone, BackboneConfig
from arch.layers.norm import ChannelRMSNorm
from tests.arch.contract import awake, clip
from tests.tiny import backbone_configs

NAMES = [f"{config.name}-{index}" for index, config in enumerate(backbone_configs())]
CONVOLUTIONS = (torch.ops.aten.convolution.default,)


LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


class Convolutions(TorchDispatchMode):
    """What convolutions are given; their outputs lie as their inputs do.

    So do oneDNN and cuDNN; torch's own, which takes sizes as small as these, does not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[Tensor] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func not in CONVOLUTIONS:
            return out
        self.inputs.append(args[0])
        return out.contiguous(memory_format=LAST[out.ndim]) if _is_last(args[0]) else out


def _is_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=LAST[x.ndim])


class Upcasts(TorchDispatchMode):
    """Operations outside norms that make float32 of bfloat16."""

    def __init__(self) -> None:
        super().__init__()
        self.inside_norms = 0
        self.operations = 0
        self.found: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        first = out[0] if isinstance(out, tuple) else out  # attention also returns its own sums
        given = {leaf.dtype for leaf in tree_leaves(args) if isinstance(leaf, Tensor)}
        self.operations += 1
        if isinstance(first, Tensor) and first.dtype == torch.float32 and not self.inside_norms:
            self.found += [str(func)] if torch.bfloat16 in given else []
        return out

    @contextmanager
    def watching(self, network: nn.Module) -> Iterator[None]:
        norms = [m for m in network.modules() if isinstance(m, ChannelRMSNorm | nn.RMSNorm)]
        hooks = [norm.register_forward_pre_hook(lambda *_: self._enter(1)) for norm in norms]
        hooks += [norm.register_forward_hook(lambda *_: self._enter(-1)) for norm in norms]
        with self:
            yield
        for hook in hooks:
            hook.remove()

    def _enter(self, step: int) -> None:
        self.inside_norms += step


def whole(backbone: Backbone, x: Tensor) -> list[Tensor]:
    posterior = backbone.encode(x)
    return [backbone.decode(posterior.mean), posterior.mean, posterior.logvar]


def chunks(backbone: Backbone, x: Tensor) -> list[Tensor]:
    """Two chunks of pixels, two of moments, and back."""
    first = 1 + backbone.stride.time
    one, past = backbone.encoder.stream(x[:, :, :first])
    two, _ = backbone.encoder.stream(x[:, :, first:], past)
    z = torch.cat([one, two], dim=2)[:, : backbone.latent_channels]
    start, past = backbone.decoder.stream(z[:, :, :1])
    return [one, two, start, backbone.decoder.stream(z[:, :, 1:], past)[0]]


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize("run", [whole, chunks])
def test_every_convolution_of_cnn_is_given_channels_last(
    run: Callable[[Backbone, Tensor], list[Tensor]], gradients: bool
) -> None:
    """Else it copies its input, and on GPUs is several times slower."""
    backbone = awake(next(config for config in backbone_configs() if config.name == "cnn"))
    convolutions = Convolutions()
    with torch.set_grad_enabled(gradients), convolutions:
        run(backbone, clip(backbone, 3))
    assert len(convolutions.inputs) >= 38  # of a whole pass with gradients
    assert [(x.shape, x.stride()) for x in convolutions.inputs if not _is_last(x)] == []


@pytest.mark.parametrize("index", range(len(NAMES)), ids=NAMES)
def test_in_bfloat16_nothing_between_layers_is_float32(index: int) -> None:
    config: BackboneConfig = backbone_configs()[index]
    backbone = awake(config).bfloat16()
    x, upcasts = clip(backbone, 3).bfloat16(), Upcasts()
    with torch.no_grad(), upcasts.watching(backbone):
        outs = whole(backbone, x) + (chunks(backbone, x) if backbone.streams else [])
    assert {out.dtype for out in outs} == {torch.bfloat16}
    assert upcasts.operations > 100
    assert upcasts.found == []
