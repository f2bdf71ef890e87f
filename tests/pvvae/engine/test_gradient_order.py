"""ZeRO adds up gradients by their place in a bucket: the places must agree."""

import pytest
import torch
from torch import nn

from pvvae.engine import Engine, EngineConfig, step_all_or_none
from pvvae.engine.settings import OptimizerConfig
from tests.processes import run_group
from tests.pvvae.engine.other_order import WAYS, norms_of_one_process
from tests.pvvae.engine.spoilt import OPTIMIZER, SPOILT, Pair, Toy, find_out, same

SHARDED = [(stage, precision) for stage in (1, 2, 3) for precision in ("fp32", "bf16")]
ENGINES = [
    (0, "fp32", "none"),
    *((*sharded, offload) for sharded in SHARDED for offload in ("none", "optimizer")),
]
FEW = [(0, "fp32", "none"), (1, "bf16", "none"), (2, "fp32", "optimizer"), (3, "bf16", "none")]
IN_TURN = [
    engine if engine in FEW else pytest.param(*engine, marks=pytest.mark.matrix)
    for engine in ENGINES
]
"""Every stage, precision and place of the optimizer; once each, and all of them in the matrix."""
EXPECTED = {"taken": [step not in SPOILT for step in range(6)], "kept": True, "equal": True}
"""Weights, averages and logged norms stay byte for byte, and what follows is as if nothing was."""


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(("stage", "precision", "offload"), IN_TURN)
def test_a_spoilt_step_leaves_no_trace(stage, precision, offload):
    assert find_out(stage, precision, offload) == EXPECTED


@pytest.mark.matrix
@pytest.mark.parametrize(("stage", "precision", "offload"), ENGINES)
def test_a_step_spoilt_on_one_process_is_skipped_by_both(stage, precision, offload):
    words = ["-m", "tests.pvvae.engine.spoilt", str(stage), precision, offload]
    for output in run_group(words, processes=2):
        assert f"found {EXPECTED}" in output


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(("stage", "precision", "offload"), ENGINES)
def test_the_agreed_norm_is_the_engines_own(stage, precision, offload):
    config = EngineConfig(zero_stage=stage, precision=precision, offload=offload)
    engine = Engine(Toy(0), config=config, optimizer=OPTIMIZER, accumulation=1)
    engine.backward(engine(torch.ones(2, 8, dtype=engine.dtype)).float().square().mean())
    agreed = float(engine.gradient_square().sqrt())
    assert step_all_or_none({engine: 1e-2}, losses=[])
    assert agreed == pytest.approx(engine.gradient_norm, rel=1e-5)
    assert agreed > 0.1


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(("stage", "precision", "offload"), IN_TURN)
def test_an_engine_in_use_goes_back_to_what_it_saved(stage, precision, offload, tmp_path):
    pair = Pair(stage, precision, offload)
    for step in range(2):
        pair.step(step)
    for i, engine in enumerate(pair.engines):
        engine.snapshot()(tmp_path / str(i))
    expected = [pair.step(step) for step in range(2, 5)], pair.norms(), pair.weights()
    pair.step(5, spoilt="gradient")  # the last thing before a run goes back
    for i, engine in enumerate(pair.engines):
        engine.load(tmp_path / str(i))
    again = [pair.step(step) for step in range(2, 5)], pair.norms(), pair.weights()
    assert again[:2] == expected[:2]
    assert same(again[2], expected[2])


@pytest.fixture(scope="module")
def printed() -> list[list[list[str]]]:
    """The words of the lines that each of the two processes printed."""
    outputs = run_group(["-m", "tests.pvvae.engine.other_order"], processes=2)
    return [[line.split() for line in output.splitlines()] for output in outputs]


@pytest.mark.matrix
@pytest.mark.parametrize("way", WAYS)
def test_processes_may_compute_in_another_order(printed, way):
    for words in printed:
        norms = [float(line[4]) for line in words if line[:4] == ["norm", *map(str, way)]]
        assert norms == pytest.approx(norms_of_one_process(), rel=1e-5)


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_a_parameter_without_part_in_the_loss_is_named(stage):
    network = nn.ModuleDict({"used": nn.Linear(4, 4), "idle": nn.Linear(4, 4)})
    network.forward = network["used"].forward
    config = EngineConfig(zero_stage=stage, precision="fp32")
    engine = Engine(network, config=config, optimizer=OptimizerConfig(lr=1e-2), accumulation=1)
    with pytest.raises(RuntimeError, match=r"2 trained parameters.*idle\.bias, idle\.weight"):
        engine.backward(engine(torch.ones(2, 4)).sum())
