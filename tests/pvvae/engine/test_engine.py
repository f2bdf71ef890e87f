"""The engine against plain PyTorch, in a group of one; test_processes.py has groups of two."""

import pytest
import torch
from torch import nn

from pvvae.engine import Engine, EngineConfig
from pvvae.engine.settings import OptimizerConfig

pytestmark = pytest.mark.usefixtures("group")

OPTIMIZER = OptimizerConfig(lr=1e-2, weight_decay=0.01)


PLACES = [(0, "none"), *((stage, o) for stage in (1, 2, 3) for o in ("none", "optimizer"))]
"""ZeRO stages, each with what may be offloaded."""


class Toy(nn.Module):
    """Two layers, the first of which a test may freeze."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(8, 16), nn.Linear(16, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.tanh(self.first(x)))


def batch(step: int, part: int) -> torch.Tensor:
    return torch.randn(4, 8, generator=torch.Generator().manual_seed(10 * step + part))


def train(engine: Engine, *, start: int = 0, steps: int = 4, accumulation: int = 2) -> list[float]:
    losses = []
    for step in range(start, start + steps):
        for part in range(accumulation):
            x = batch(step, part)
            loss = (engine(x.to(engine.dtype)).float() - x).square().mean()
            engine.backward(loss)
            engine.step(lr=1e-2 / (step + 1))
            losses.append(float(loss.detach()))
    return losses


def build(stage: int, *, network: nn.Module | None = None, **config) -> Engine:
    # No parameter of a toy would be sharded, nor a bucket filled, at the default sizes.
    small = {"precision": "fp32", "persistent_elements": 0, "bucket_elements": 200}
    settings = EngineConfig(zero_stage=stage, **small | config)
    return Engine(network or Toy(), config=settings, optimizer=OPTIMIZER, accumulation=2)


def reference(clip: float) -> tuple[list[float], dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Losses, weights and average (decay 0.9) of the same training in plain PyTorch."""
    network = Toy()
    adam = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.01)
    average = {name: p.detach().clone() for name, p in network.named_parameters()}
    losses = []
    for step in range(4):
        for part in range(2):
            x = batch(step, part)
            loss = (network(x) - x).square().mean()
            (loss / 2).backward()
            losses.append(float(loss.detach()))
        nn.utils.clip_grad_norm_(network.parameters(), clip)
        adam.param_groups[0]["lr"] = 1e-2 / (step + 1)
        adam.step()
        adam.zero_grad()
        for name, p in network.named_parameters():
            average[name].lerp_(p.detach(), 0.1)
    return losses, dict(network.state_dict()), average


@pytest.mark.parametrize(("stage", "offload"), PLACES)
def test_training_equals_plain_pytorch_with_accumulation_clipping_and_average(stage, offload):
    engine = build(stage, gradient_clipping=0.3, ema_decay=0.9, offload=offload)
    losses, weights, average = reference(clip=0.3)
    assert train(engine) == pytest.approx(losses, rel=1e-5)
    for found, expected in ((engine.weights(), weights), (engine.weights(averaged=True), average)):
        assert found.keys() == expected.keys()
        for name in expected:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("stage", "precision"), [(0, "fp32"), (1, "bf16"), (2, "fp32"), (2, "bf16"), (3, "bf16")]
)
def test_a_saved_engine_goes_on_as_if_it_had_not_stopped(stage, precision, tmp_path):
    engine = build(stage, precision=precision, ema_decay=0.9)
    train(engine)
    engine.snapshot()(tmp_path)
    expected = train(engine, start=4)
    again = build(stage, precision=precision, ema_decay=0.9)
    again.load(tmp_path)
    assert train(again, start=4) == expected
    for averaged in (False, True):
        found, wanted = again.weights(averaged=averaged), engine.weights(averaged=averaged)
        assert all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize(
    ("stage", "precision"), [(0, "fp32"), (1, "bf16"), (2, "fp32"), (2, "bf16"), (3, "bf16")]
)
def test_the_network_has_the_averages_meanwhile_and_its_own_weights_after(stage, precision):
    engine, other = (build(stage, precision=precision, ema_decay=0.9) for _ in range(2))
    train(engine)
    train(other)
    averages = Toy()
    averages.load_state_dict(engine.weights(averaged=True))
    x = batch(9, 0).to(engine.dtype)
    own = other.network(x)
    with engine.averaged():
        found = engine.network(x)
    assert torch.equal(found, averages.to(engine.dtype)(x))
    assert not torch.equal(found, own)
    assert torch.equal(engine.network(x), own)
    assert train(engine, start=4) == train(other, start=4)


@pytest.mark.parametrize("stage", [0, 2, 3])
def test_frozen_parameters_stay_and_are_in_the_weights(stage):
    network = Toy()
    network.first.requires_grad_(False)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    engine = build(stage, network=network)
    train(engine)
    after = engine.weights()
    assert after.keys() == before.keys()
    for name in before:
        assert torch.equal(after[name], before[name]) == name.startswith("first")


def test_the_gradient_norm_is_that_before_clipping():
    loose, tight = build(2, gradient_clipping=0.0), build(2, gradient_clipping=1e-3)
    for engine in (loose, tight):
        train(engine, steps=1)
    assert tight.gradient_norm == pytest.approx(loose.gradient_norm)
    assert tight.gradient_norm > 0.01


@pytest.mark.parametrize("before", PLACES)
@pytest.mark.parametrize("after", PLACES)
def test_a_saved_engine_goes_on_under_any_zero_stage_offloaded_or_not(before, after, tmp_path):
    engine = build(before[0], offload=before[1], ema_decay=0.9)
    train(engine)
    engine.snapshot()(tmp_path)
    expected = train(engine, start=4)
    again = build(after[0], offload=after[1], ema_decay=0.9)
    again.load(tmp_path)
    assert train(again, start=4) == pytest.approx(expected, rel=1e-6)
    for averaged in (False, True):
        found, wanted = again.weights(averaged=averaged), engine.weights(averaged=averaged)
        for name in wanted:
            torch.testing.assert_close(found[name], wanted[name], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("stage", "precision"), [(1, "bf16"), (2, "bf16"), (3, "bf16")])
def test_an_offloaded_engine_goes_on_as_if_it_had_not_stopped(stage, precision, tmp_path):
    engine = build(stage, precision=precision, ema_decay=0.9, offload="optimizer")
    train(engine)
    engine.snapshot()(tmp_path)
    expected = train(engine, start=4)
    again = build(stage, precision=precision, ema_decay=0.9, offload="optimizer")
    again.load(tmp_path)
    assert train(again, start=4) == expected


def test_offloading_what_is_not_sharded_is_refused():
    with pytest.raises(ValueError, match="offload: optimizer needs zero_stage 1, 2 or 3"):
        EngineConfig(zero_stage=0, precision="fp32", offload="optimizer")


def test_unsharded_bf16_is_refused():
    with pytest.raises(ValueError, match="use zero_stage 1, or precision: fp32"):
        EngineConfig(zero_stage=0, precision="bf16")


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_a_look_at_the_averaged_weights_between_steps_leaves_no_trace(stage):
    expected = train(build(stage, ema_decay=0.5), steps=6)
    engine = build(stage, ema_decay=0.5)
    losses = train(engine, steps=4)
    with torch.no_grad(), engine.averaged():
        engine(batch(4, 0))
    assert losses + train(engine, start=4, steps=2) == expected
