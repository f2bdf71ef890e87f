"""Latte against a second implementation written from the published equations."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import yaml
from torch import Tensor

from arch.interface import DenoiserConfig
from arch.latte import Latte, LatteConfig
from arch.registry import lookup
from pvvae.engine import LEVELS, recompute

TINY = LatteConfig(latent_channels=6, num_classes=3, depth=4, width=24, heads=3, mlp_ratio=2.0)
UNCONDITIONAL = dataclasses.replace(TINY, num_classes=0)


def shipped(path: str) -> LatteConfig:
    fields = yaml.safe_load((Path(__file__).parents[2] / "configs" / path).read_text())["denoiser"]
    return lookup(DenoiserConfig, fields.pop("name"))(**fields)


def awake(config: LatteConfig, seed: int = 0) -> Latte:
    """A network whose zero-initialised layers and biases are not zero."""
    torch.manual_seed(seed)
    network = config.build()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return network


def inputs(batch: int = 2, *, t: int = 3, h: int = 2, w: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(batch, TINY.latent_channels, t, h, w, generator=generator)
    time = torch.rand(batch, generator=generator)
    return x, time, torch.arange(batch) % (TINY.num_classes + 1)


def wave(position: float, width: int) -> list[float]:
    omega = [10000 ** (-i / (width // 2)) for i in range(width // 2)]
    return [math.sin(position * o) for o in omega] + [math.cos(position * o) for o in omega]


def published(network: Latte, config: LatteConfig, x: Tensor, time: Tensor, label: Tensor | None):
    """Latte's equations, one sample after another, in the order of the paper and its code."""
    weights = {name: value.detach() for name, value in network.state_dict().items()}

    def linear(name: str, value: Tensor) -> Tensor:
        return value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(value: Tensor) -> Tensor:
        centred = value - value.mean(-1, keepdim=True)
        return centred / (centred.square().mean(-1, keepdim=True) + 1e-6).sqrt()

    def attend(name: str, tokens: Tensor) -> Tensor:  # (n, d)
        q, k, v = linear(f"{name}.qkv", tokens).chunk(3, dim=-1)
        d = config.width // config.heads
        mixed = []
        for head in range(config.heads):
            of = slice(head * d, (head + 1) * d)
            scores = q[:, of] @ k[:, of].T / math.sqrt(d)
            mixed.append(scores.softmax(dim=-1) @ v[:, of])
        return linear(f"{name}.out", torch.cat(mixed, dim=-1))

    def block(i: int, tokens: Tensor, condition: Tensor) -> Tensor:  # one sequence (n, d)
        six = linear(f"blocks.{i}.modulation.linear", F.silu(condition)).chunk(6)
        tokens = tokens + six[2] * attend(
            f"blocks.{i}.attention", norm(tokens) * (1 + six[1]) + six[0]
        )
        hidden = linear(f"blocks.{i}.mlp.0", norm(tokens) * (1 + six[4]) + six[3])
        hidden = (
            0.5
            * hidden
            * (1 + torch.tanh(math.sqrt(2 / math.pi) * (hidden + 0.044715 * hidden**3)))
        )
        return tokens + six[5] * linear(f"blocks.{i}.mlp.2", hidden)

    def one(x: Tensor, time: float, label: int | None) -> Tensor:
        _, t, h, w = x.shape
        angles = [1000 * time * 10000 ** (-i / 128) for i in range(128)]
        waves = torch.tensor([math.cos(a) for a in angles] + [math.sin(a) for a in angles])
        condition = linear("time_embedding.mlp.2", F.silu(linear("time_embedding.mlp.0", waves)))
        if label is not None:
            condition = condition + weights["label_table.weight"][label]
        half = config.width // 2
        plane = torch.tensor(
            [wave(col, half) + wave(row, half) for row in range(h) for col in range(w)]
        )
        line = torch.tensor([wave(frame, config.width) for frame in range(t)])
        tokens = linear("embed", x.permute(1, 2, 3, 0).reshape(t, h * w, -1)) + plane
        for i in range(0, config.depth, 2):
            tokens = torch.stack([block(i, frame, condition) for frame in tokens])
            if i == 0:
                tokens = tokens + line[:, None]
            cells = [block(i + 1, cell, condition) for cell in tokens.transpose(0, 1)]
            tokens = torch.stack(cells, dim=1)
        shift, scale = linear("final.modulation.linear", F.silu(condition)).chunk(2)
        out = linear("final.linear", norm(tokens) * (1 + scale) + shift)
        return out.reshape(t, h, w, -1).permute(3, 0, 1, 2)

    labels = [None] * len(x) if label is None else label.tolist()
    return torch.stack([one(*each) for each in zip(x, time.tolist(), labels, strict=True)])


@pytest.mark.parametrize("config", [TINY, UNCONDITIONAL], ids=["with classes", "unconditional"])
def test_the_network_equals_the_published_equations(config):
    network = awake(config)
    x, time, label = inputs(4)
    given = label if config.num_classes else None
    expected = published(network, config, x, time, given)
    assert expected.std() > 0.1
    torch.testing.assert_close(network(x, time, given), expected, atol=1e-5, rtol=1e-5)


def test_the_paper_size_has_674_million_parameters():
    config = shipped("latte/denoiser.yaml")
    with torch.device("meta"):
        network = config.build()
    total = sum(p.numel() for p in network.parameters() if p.requires_grad)
    width = 1152
    assert total == 28 * (18 * width**2 + 15 * width) + (
        256 * width
        + width
        + width**2
        + width  # time
        + 102 * width  # classes and no class
        + 64 * width
        + width  # in
        + 2 * width**2
        + 2 * width
        + 64 * width
        + 64  # out
    )
    assert total == pytest.approx(674.2e6, rel=1e-3)
    assert network(
        torch.empty(1, 64, 5, 16, 16, device="meta"),
        torch.empty(1, device="meta"),
        torch.empty(1, dtype=torch.long, device="meta"),
    ).shape == (1, 64, 5, 16, 16)


def test_a_new_network_predicts_zero_and_starts_as_published():
    torch.manual_seed(0)
    network = dataclasses.replace(TINY, width=192).build()
    assert not network(*inputs()).any()
    for name, parameter in network.named_parameters():
        if name.endswith("bias") or "modulation" in name or name == "final.linear.weight":
            assert not parameter.any(), name
        elif name.startswith(("time_embedding", "label_table")):
            assert parameter.std().item() == pytest.approx(0.02, rel=0.1), name
        else:
            bound = math.sqrt(6 / sum(parameter.shape))
            assert 0.95 * bound < parameter.abs().max() <= bound, name


@pytest.mark.parametrize("config", [TINY, UNCONDITIONAL], ids=["with classes", "unconditional"])
def test_every_parameter_gets_a_gradient(config):
    network = awake(config)
    x, time, label = inputs(4)
    network(x, time, label if config.num_classes else None).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name
    if config.num_classes:
        assert network.label_table.weight.grad.any(dim=1).all()


def test_a_sample_does_not_depend_on_its_batch():
    network = awake(TINY)
    x, time, label = inputs(4)
    together = network(x, time, label)
    for i in range(4):
        alone = network(x[i : i + 1], time[i : i + 1], label[i : i + 1])
        torch.testing.assert_close(alone[0], together[i], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 4, 4), (7, 3, 5), (2, 8, 2)])
def test_one_network_takes_any_size_and_keeps_none(size):
    network = awake(TINY)
    x, time, label = inputs()
    before = network(x, time, label)
    t, h, w = size
    other = network(*inputs(t=t, h=h, w=w))
    assert other.shape == (2, 6, t, h, w)
    assert torch.equal(network(x, time, label), before)


def test_time_and_label_both_matter():
    network = awake(TINY)
    x, time, label = inputs()
    base = network(x, time, label)
    assert not torch.allclose(network(x, time + 1e-3, label), base)
    assert not torch.allclose(network(x, time, (label + 1) % 3), base)
    assert not torch.allclose(network(x, time, torch.full_like(label, 3)), base)


def test_even_blocks_stay_in_their_frame_and_odd_blocks_in_their_cell():
    network = awake(TINY)
    _, time, _ = inputs(1, t=3, h=2, w=2)
    condition = network.time_embedding(time)
    tokens = torch.randn(1, 3, 4, TINY.width, requires_grad=True)
    for i, block in enumerate(network.blocks):
        (reach,) = torch.autograd.grad(block(tokens, condition)[0, 1, 2].sum(), tokens)
        touched = reach[0].any(dim=-1)  # (t, n)
        expected = torch.zeros(3, 4, dtype=torch.bool)
        if i % 2 == 0:
            expected[1] = True
        else:
            expected[:, 2] = True
        assert torch.equal(touched, expected)


def test_a_hook_on_a_block_reads_tokens_by_frame_and_cell():
    network = awake(TINY)
    seen = []
    for block in network.blocks:
        block.register_forward_hook(lambda module, given, result: seen.append(result.shape))
    network(*inputs(t=3, h=2, w=4))
    assert seen == [(2, 3, 8, TINY.width)] * 4


def test_a_bfloat16_network_answers_in_float32_near_the_float32_one():
    network = awake(TINY)
    x, time, label = inputs()
    exact = network(x, time, label)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = network(x, time, label)
    low = network.bfloat16()(x, time, label)
    for result in (mixed, low):
        assert result.dtype == torch.float32
        assert (result - exact).norm() < 0.05 * exact.norm()


def test_no_state_but_parameters():
    assert not list(awake(TINY).buffers())


def test_labels_missing_or_not_wanted_are_refused():
    x, time, label = inputs()
    with pytest.raises(ValueError, match=r"has 3 classes: give a label, 3 for no class"):
        TINY.build()(x, time)
    with pytest.raises(ValueError, match=r"unconditional: give no label"):
        UNCONDITIONAL.build()(x, time, label)


def test_latents_with_the_wrong_channels_are_refused():
    x, time, label = inputs()
    with pytest.raises(ValueError, match=r"must be \(B, 6, t, h, w\), got \(2, 5, 3, 2, 4\)"):
        TINY.build()(x[:, :5], time, label)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 3}, "depth must be even"),
        ({"depth": 0}, "depth must be even"),
        ({"heads": 5}, "width must be a multiple of heads"),
        ({"width": 6}, "width must be a multiple of heads and of 4"),
        ({"latent_channels": 0}, "latent_channels must be positive"),
        ({"num_classes": -1}, "num_classes must be 0"),
        ({"mlp_ratio": 0.0}, "mlp_ratio must be positive"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TINY, **change)


def test_the_tiny_config_runs_on_the_tiny_latent():
    network = shipped("tiny/latte/denoiser.yaml").build()
    assert sum(p.numel() for p in network.parameters()) < 2e6
    result = network(torch.randn(2, 32, 5, 4, 4), torch.rand(2), torch.tensor([0, 2]))
    assert result.shape == (2, 32, 5, 4, 4)


def test_recomputing_its_segments_changes_nothing():
    found = {}
    for level in LEVELS:
        network = awake(TINY)
        recompute(network, level)
        out = network(*inputs())
        out.square().sum().backward()
        found[level] = [out.detach(), *(p.grad for p in network.parameters())]
    for level in ("half", "all"):
        assert all(torch.equal(a, b) for a, b in zip(found[level], found["none"], strict=True))
