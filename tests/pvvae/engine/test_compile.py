"""Segments that torch compiles, against the same network as it is."""

import functools

import pytest
import torch
from torch._dynamo.utils import counters

from pvvae.engine import Engine, EngineConfig
from pvvae.engine.compile import compile_segments
from pvvae.engine.settings import OptimizerConfig
from pvvae.errors import ConfigError
from tests.pvvae.engine.stack import Stack
from tests.tiny import discriminator_config


def engine(stage: int, **config) -> Engine:
    small = {"precision": "fp32", "persistent_elements": 0, "bucket_elements": 100}
    return Engine(
        Stack(),
        config=EngineConfig(zero_stage=stage, **small, **config),
        optimizer=OptimizerConfig(lr=1e-2),
        accumulation=1,
    )


def train(trained: Engine, *, start: int = 0) -> list[float]:
    losses = []
    for step in range(start, start + 3):
        x = torch.randn(2, 8, generator=torch.Generator().manual_seed(step))
        loss = trained(x).square().mean()
        trained.backward(loss)
        trained.step(lr=1e-2)
        losses += [float(loss.detach()), trained.gradient_norm]
    return losses


WAYS = [
    # The graphs, forward and backward, without a compiler of C++; and with it, of each kind one.
    *((stage, level, "aot_eager") for stage in (0, 2, 3) for level in ("none", "all")),
    pytest.param(2, "none", "inductor", marks=pytest.mark.matrix),
    pytest.param(3, "all", "inductor", marks=pytest.mark.matrix),
]


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(("stage", "level", "backend"), WAYS)
def test_compiled_segments_train_as_plain_ones_under_the_same_names(
    stage, level, backend, tmp_path, monkeypatch
):
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=backend))
    torch._dynamo.reset()
    plain, compiled = engine(stage), engine(stage, compile=True, activation_checkpointing=level)
    assert train(compiled) == pytest.approx(train(plain), rel=1e-5)
    found, expected = compiled.weights(), plain.weights()
    assert list(found) == list(expected) == list(Stack().state_dict())
    compiled.snapshot()(tmp_path)
    plain.load(tmp_path)
    assert train(plain, start=3) == pytest.approx(train(compiled, start=3), rel=1e-5)


def test_more_sizes_than_torch_allows_are_all_compiled(monkeypatch):
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    torch._dynamo.reset()
    counters.clear()
    network = Stack()
    compile_segments(network)
    for rows in range(2, 12):
        network(torch.ones(rows, 8, requires_grad=True))
    assert counters["stats"]["unique_graphs"] == 10  # equal segments share one for each size


def test_a_network_without_segments_is_named():
    with pytest.raises(ConfigError, match="compile: PatchGAN3D names no segments"):
        compile_segments(discriminator_config().build())
