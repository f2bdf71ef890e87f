"""Networks compile as one graph, without a break, and give the same numbers.

Finding graph breaks needs neither a C compiler nor minutes; that the compiled code computes the
same does, so it is tested with the matrix.
"""

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch.utils._pytree import tree_leaves

from arch.cnn import CNN, CNNConfig
from arch.latte import LatteConfig
from arch.vit import ViT, ViTConfig
from tests.arch.contract import awake, clip
from tests.tiny import backbone_configs, denoiser_config, discriminator_config

Case = tuple[Callable[..., Any], tuple[Any, ...]]
"""What is compiled, and what it is called with."""


def cnn() -> CNN:
    config = next(config for config in backbone_configs() if isinstance(config, CNNConfig))
    none = (0, 0, 0, 0, 0)
    backbone = awake(dataclasses.replace(config, encoder_blocks=none, decoder_blocks=none))
    assert isinstance(backbone, CNN)
    return backbone


def vit(**changes: Any) -> ViT:
    config = next(config for config in backbone_configs() if isinstance(config, ViTConfig))
    small = {"width": 32, "heads": 2, "encoder_blocks": 1, "decoder_blocks": 1}
    backbone = awake(dataclasses.replace(config, **small, **changes))
    assert isinstance(backbone, ViT)
    return backbone


CAUSAL = {"attention": "block_causal", "window": 2}


def whole(backbone: CNN | ViT, coder: str, **more: Any) -> Case:
    x = clip(backbone, 3)
    if coder == "encoder":
        return partial(backbone.encoder, **more), (x,)
    return backbone.decoder, (latents(backbone, 3),)


def latents(backbone: CNN | ViT, groups: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(1, backbone.latent_channels, groups, 2, 2, generator=generator)


def later_chunk(backbone: CNN | ViT, coder: str) -> Case:
    """The second one, with the state of the first."""
    if coder == "encoder":
        x = clip(backbone, 3)
        return backbone.encoder.stream, (x[:, :, 5:], backbone.encoder.stream(x[:, :, :5])[1])
    z = latents(backbone, 3)
    return backbone.decoder.stream, (z[:, :, 1:], backbone.decoder.stream(z[:, :, :1])[1])


def first_chunk(backbone: CNN | ViT, coder: str) -> Case:
    if coder == "encoder":
        return backbone.encoder.stream, (clip(backbone, 2),)
    return backbone.decoder.stream, (latents(backbone, 2),)


def packed() -> Case:
    backbone = vit(**CAUSAL)
    clips = [clip(backbone, 2, batch=2), clip(backbone, 1, cells=(1, 2))]
    return backbone.encoder.packed, (clips,)


def latte() -> Case:
    config = denoiser_config()
    assert isinstance(config, LatteConfig)
    torch.manual_seed(0)
    network = dataclasses.replace(config, depth=2).build()
    for parameter in network.parameters():
        parameter.data.add_(0.02 * torch.randn_like(parameter))
    x = torch.randn(2, config.latent_channels, 3, 2, 2)
    label = torch.zeros(2, dtype=torch.long) if config.num_classes else None
    return network, (x, torch.tensor([0.2, 0.9]), label)


def discriminator(name: str) -> Case:
    torch.manual_seed(0)
    return discriminator_config(name).build(), (torch.randn(1, 3, 5, 48, 48),)


CASES: dict[str, Callable[[], Case]] = {
    "cnn encoder.stream": lambda: later_chunk(cnn(), "encoder"),
    "vit decoder.stream": lambda: later_chunk(vit(**CAUSAL), "decoder"),
    "vit encoder observed": lambda: whole(vit(), "encoder", observed=torch.tensor([2])),
    "latte": latte,
    "patchgan3d": lambda: discriminator("patchgan3d"),
    "patchgan2d": lambda: discriminator("patchgan2d"),
}
"""Soon traced, and what most often breaks a graph: state, masks."""

MORE: dict[str, Callable[[], Case]] = CASES | {
    "cnn encoder": lambda: whole(cnn(), "encoder"),
    "cnn decoder": lambda: whole(cnn(), "decoder"),
    "cnn encoder.stream, first": lambda: first_chunk(cnn(), "encoder"),
    "cnn decoder.stream, first": lambda: first_chunk(cnn(), "decoder"),
    "cnn decoder.stream": lambda: later_chunk(cnn(), "decoder"),
    "vit encoder": lambda: whole(vit(), "encoder"),
    "vit decoder": lambda: whole(vit(), "decoder"),
    "vit block_causal encoder": lambda: whole(vit(**CAUSAL), "encoder"),
    "vit block_causal decoder": lambda: whole(vit(**CAUSAL), "decoder"),
    "vit encoder.stream, first": lambda: first_chunk(vit(**CAUSAL), "encoder"),
    "vit encoder.stream": lambda: later_chunk(vit(**CAUSAL), "encoder"),
    "vit packed": packed,
}


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.mark.parametrize("name", CASES)
@torch.no_grad()
def test_it_is_one_graph(name: str) -> None:
    run, inputs = CASES[name]()
    compiled = torch.compile(run, backend="eager", fullgraph=True, dynamic=False)
    torch.testing.assert_close(tree_leaves(compiled(*inputs)), tree_leaves(run(*inputs)))


@pytest.mark.matrix
@pytest.mark.parametrize("name", MORE)
@torch.no_grad()
def test_compiled_it_computes_the_same(name: str) -> None:
    run, inputs = MORE[name]()
    backend = "inductor" if name in CASES else "aot_eager"  # C++ for each takes minutes
    compiled = torch.compile(run, backend=backend, fullgraph=True, dynamic=False)
    found, expected = tree_leaves(compiled(*inputs)), tree_leaves(run(*inputs))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.matrix
@pytest.mark.parametrize("name", [name for name in MORE if "stream" not in name])
def test_compiled_it_learns_the_same(name: str) -> None:
    """Forward and backward pass are one graph each; streams are for networks that have learned."""
    gradients = []
    for backend in ("aot_eager", None):
        run, inputs = MORE[name]()
        network = run.func if isinstance(run, partial) else run
        module = network if isinstance(network, torch.nn.Module) else network.__self__
        if backend is not None:
            run = torch.compile(run, backend=backend, fullgraph=True, dynamic=False)
        leaves = [leaf for leaf in tree_leaves(run(*inputs)) if leaf.is_floating_point()]
        torch.stack([leaf.square().mean() for leaf in leaves]).sum().backward()
        gradients.append([p.grad for p in module.parameters() if p.grad is not None])
    assert gradients[1]
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-5)
