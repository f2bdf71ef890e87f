"""Latte against a second implementation written from the published equations."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from arch.interface import DenoiserConfig
from arch.latte import Latte, LatteConfig
from arch.registry import lookup
from pvvae import config as codec
from pvvae.engine import LEVELS, recompute

TINY = LatteConfig(
    latent_channels=6,
    num_classes=3,
    depth=4,
    width=24,
    heads=3,
    mlp_ratio=2.0,
    qk_norm=False,
    mlp="gelu",
    positions="sinusoids",
    attention_backend="auto",
)
UNCONDITIONAL = dataclasses.replace(TINY, num_classes=0)


def shipped(path: str) -> LatteConfig:
    fields = codec.read_yaml(Path(__file__).parents[2] / "configs" / path)["denoiser"]
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


def angles(position: int, config: LatteConfig, axes: int) -> list[float]:
    """Rotary angles of one coordinate: all pairs of a head are shared out among the axes."""
    pairs = config.width // config.heads // 2 // axes
    return [position * 10000 ** (-i / pairs) for i in range(pairs)]


def published(network: Latte, config: LatteConfig, x: Tensor, time: Tensor, label: Tensor | None):
    """Latte's equations, one sample after another, in the order of the paper and its code."""
    weights = {name: value.detach() for name, value in network.state_dict().items()}

    def linear(name: str, value: Tensor) -> Tensor:
        return value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(value: Tensor) -> Tensor:
        centred = value - value.mean(-1, keepdim=True)
        return centred / (centred.square().mean(-1, keepdim=True) + 1e-6).sqrt()

    def placed(name: str, head: Tensor, places: list[tuple[int, ...]]) -> Tensor:  # (n, d)
        if config.qk_norm:
            head = head / (head.square().mean(-1, keepdim=True) + 2**-23).sqrt() * weights[name]
        if config.positions == "sinusoids":
            return head
        pairs = torch.complex(*head.chunk(2, dim=-1))
        turns = [[a for x in place for a in angles(x, config, len(place))] for place in places]
        turned = pairs * torch.polar(torch.ones(pairs.shape), torch.tensor(turns))
        return torch.cat([turned.real, turned.imag], dim=-1)

    def attend(name: str, tokens: Tensor, places: list[tuple[int, ...]]) -> Tensor:  # (n, d)
        q, k, v = linear(f"{name}.qkv", tokens).chunk(3, dim=-1)
        d = config.width // config.heads
        mixed = []
        for head in range(config.heads):
            of = slice(head * d, (head + 1) * d)
            query = placed(f"{name}.norm_q.weight", q[:, of], places)
            key = placed(f"{name}.norm_k.weight", k[:, of], places)
            mixed.append((query @ key.T / math.sqrt(d)).softmax(dim=-1) @ v[:, of])
        return linear(f"{name}.out", torch.cat(mixed, dim=-1))

    def perceive(name: str, tokens: Tensor) -> Tensor:
        if config.mlp == "swiglu":
            gate, value = linear(f"{name}.enter", tokens).chunk(2, dim=-1)
            return linear(f"{name}.leave", gate * torch.sigmoid(gate) * value)
        hidden = linear(f"{name}.enter", tokens)
        cube = math.sqrt(2 / math.pi) * (hidden + 0.044715 * hidden**3)
        return linear(f"{name}.leave", 0.5 * hidden * (1 + torch.tanh(cube)))

    def block(i: int, tokens: Tensor, condition: Tensor, places: list[tuple[int, ...]]) -> Tensor:
        six = linear(f"blocks.{i}.modulation.linear", F.silu(condition)).chunk(6, dim=-1)
        shifted = norm(tokens) * (1 + six[1]) + six[0]
        tokens = tokens + six[2] * attend(f"blocks.{i}.attention", shifted, places)
        shifted = norm(tokens) * (1 + six[4]) + six[3]
        return tokens + six[5] * perceive(f"blocks.{i}.mlp", shifted)

    def told(time: float, label: int | None) -> Tensor:
        angles = [1000 * time * 10000 ** (-i / 128) for i in range(128)]
        waves = torch.tensor([math.cos(a) for a in angles] + [math.sin(a) for a in angles])
        condition = linear("time_embedding.mlp.2", F.silu(linear("time_embedding.mlp.0", waves)))
        return condition if label is None else condition + weights["label_table.weight"][label]

    def one(x: Tensor, time: float | list[float], label: int | None) -> Tensor:
        _, t, h, w = x.shape
        times = time if isinstance(time, list) else [time] * t
        conditions = torch.stack([told(each, label) for each in times])  # (t, d)
        cells = [(row, col) for row in range(h) for col in range(w)]
        frames = [(frame,) for frame in range(t)]
        half = config.width // 2
        plane = torch.tensor(
            [wave(col, half) + wave(row, half) for row in range(h) for col in range(w)]
        )
        line = torch.tensor([wave(frame, config.width) for frame in range(t)])
        tokens = linear("embed", x.permute(1, 2, 3, 0).reshape(t, h * w, -1))
        tokens = tokens + plane if config.positions == "sinusoids" else tokens
        for i in range(0, config.depth, 2):
            pairs = zip(tokens, conditions, strict=True)
            tokens = torch.stack([block(i, frame, told, cells) for frame, told in pairs])
            if i == 0 and config.positions == "sinusoids":
                tokens = tokens + line[:, None]
            columns = [block(i + 1, column, conditions, frames) for column in tokens.unbind(1)]
            tokens = torch.stack(columns, dim=1)
        shift, scale = linear("final.modulation.linear", F.silu(conditions)).chunk(2, dim=-1)
        out = linear("final.linear", norm(tokens) * (1 + scale[:, None]) + shift[:, None])
        return out.reshape(t, h, w, -1).permute(3, 0, 1, 2)

    labels = [None] * len(x) if label is None else label.tolist()
    return torch.stack([one(*each) for each in zip(x, time.tolist(), labels, strict=True)])


def close(found: Tensor, expected: Tensor) -> None:
    """Equal to 1e-5 of the largest value: float32, in another order of operations."""
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


OPTIONS = {
    "with classes": TINY,
    "unconditional": UNCONDITIONAL,
    "normed": dataclasses.replace(TINY, qk_norm=True),
    "gated": dataclasses.replace(TINY, mlp="swiglu"),
    "rotary": dataclasses.replace(TINY, positions="rope"),
}


@pytest.mark.parametrize("frames", ["alike", "each its own"])
@pytest.mark.parametrize("config", OPTIONS.values(), ids=OPTIONS)
def test_the_network_equals_the_published_equations(config, frames):
    network = awake(config)
    x, time, label = inputs(4)
    if frames == "each its own":
        time = torch.rand(4, x.shape[2], generator=torch.Generator().manual_seed(2))
    given = label if config.num_classes else None
    expected = published(network, config, x, time, given)
    assert expected.std() > 0.1
    found = network(x, time, given)
    if frames == "alike":
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    close(found, expected)


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


@pytest.mark.parametrize(
    ("name", "depth", "width", "heads"),
    [("s", 12, 384, 6), ("b", 12, 768, 12), ("l", 24, 1024, 16), ("denoiser", 28, 1152, 16)],
)
def test_sizes_are_those_of_the_latte_paper(name, depth, width, heads):
    config = shipped(f"latte/{name}.yaml")
    assert (config.depth, config.width, config.heads) == (depth, width, heads)
    assert (config.qk_norm, config.mlp, config.positions) == (False, "gelu", "sinusoids")


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


def test_frames_at_one_time_are_a_sample_at_that_time():
    network = awake(TINY)
    x, time, label = inputs()
    alike = network(x, time[:, None].expand(-1, x.shape[2]), label)
    close(alike, network(x, time, label))


@pytest.mark.parametrize("config", OPTIONS.values(), ids=OPTIONS)
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
    condition = network.time_embedding(time)[:, None]
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
        ({"depth": 0}, "depth must be at least 2, got 0"),
        ({"heads": 5}, "width must be a multiple of heads"),
        ({"width": 6}, "width must be a multiple of heads and of 4"),
        ({"latent_channels": 0}, "latent_channels must be at least 1, got 0"),
        ({"num_classes": -1}, "num_classes must be at least 0, got -1"),
        ({"mlp_ratio": 0.0}, "mlp_ratio must be in \\(0, 100\\], got 0"),
        ({"heads": 4, "positions": "rope"}, "heads must be a multiple of 4 wide, got 6"),
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
