"""What is planned against what a run in this process really holds, tensor by tensor."""

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from arch.interface import Posterior
from pvvae.engine import Engine, Recomputed
from pvvae.model import PredictiveVAE
from pvvae.planning.measure import memory_of
from pvvae.planning.plan import ZERO_STAGES, Machines, Plan, checkpoint_bytes, make_plan
from pvvae.planning.storages import SavedActivations
from pvvae.training.monitoring.flops import DEVICES
from pvvae.vae.losses.reconstruction import kl_divergence
from tests.pvvae.planning.stages import config_of, stage


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_a_checkpoint_has_the_planned_size(zero: int, tmp_path: Path) -> None:
    words = [f"engine.zero_stage={zero}", "engine.ema_decay=0.9", "discriminator=null"]
    name = "tiny/vit/predictive.yaml"
    config = config_of(name, *words)
    vae = PredictiveVAE(config.backbone.build(), pad=config.pad)
    engine = Engine(vae, config=config.engine, optimizer=config.optimizer, accumulation=1)
    recon, mean, logvar = engine(torch.rand(1, 3, 9, 32, 32), 0, None)
    engine.backward(recon.sum() + mean.sum() + logvar.sum())
    engine.step(lr=1e-4)
    engine.snapshot()(tmp_path / "generator")
    save_file(engine.weights(averaged=True), tmp_path / "vae.safetensors")
    written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert checkpoint_bytes(stage(name, *words)) == pytest.approx(written, rel=0.1)


BUCKET = "data.buckets=[{frames: 17, height: 32, width: 32, batch: 2}]"
TINY = ["tiny/cnn/predictive.yaml", "tiny/vit/predictive.yaml"]
ALONE = Machines(nodes=1, gpus=1, device=DEVICES["h800"], fraction=0.3)
CLUSTER = dataclasses.replace(ALONE, nodes=2, gpus=8)


def tensors_of(thing: Any, seen: set[int]) -> Iterator[Tensor]:
    """Every tensor that an object of DeepSpeed's reaches through plain containers."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Tensor):
        yield thing
        if thing.is_leaf and thing.grad is not None:
            yield thing.grad
    elif isinstance(thing, dict):
        for value in itertools.chain(thing.keys(), thing.values()):
            yield from tensors_of(value, seen)
    elif isinstance(thing, list | tuple | set):
        for value in thing:
            yield from tensors_of(value, seen)
    elif isinstance(thing, torch.optim.Optimizer) or hasattr(thing, "optimizer"):
        yield from tensors_of(vars(thing), seen)


def held(engine: Engine) -> int:
    """Bytes of all distinct storages of an engine: weights, gradients, optimizer, average."""
    roots = [list(engine.network.parameters()), engine._optimizer, engine._average]
    sizes = {
        tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes()
        for tensor in tensors_of(roots, set())
        if not tensor.is_meta  # DeepSpeed keeps some for their shapes
    }
    return sum(sizes.values())


def real_bytes(config: Any) -> tuple[int, int]:
    """Bytes saved by a real forward pass, and those the engine holds after the backward pass."""
    vae = PredictiveVAE(config.backbone.build(), pad=config.pad)
    engine = Engine(vae, config=config.engine, optimizer=config.optimizer, accumulation=1)
    (bucket,) = config.data.buckets
    x = torch.rand(bucket.batch, 3, bucket.frames, bucket.height, bucket.width)
    groups, side = vae.backbone.latent_frames(bucket.frames), bucket.height // 16
    noise = torch.randn(bucket.batch, config.backbone.latent_channels, groups, side, side)
    for last in (False, True):  # the first step makes the optimizer's state
        saved = SavedActivations([*vae.parameters(), *vae.buffers()])
        with saved.counting():
            recon, mean, logvar = engine(x, 0, noise)
        pull = torch.ones_like(recon)
        engine.backward((recon * pull).sum() + kl_divergence(Posterior(mean, logvar)).mean())
        if not last:
            engine.step(lr=1e-4)
    return saved.bytes, held(engine)


def lasting(average: str, offload: str) -> list[str]:
    """Overrides of a run whose plan has every ZeRO stage and level of recomputing."""
    words = [BUCKET, "discriminator=null", "init=null", "objective.max_drop_ratio=0"]
    return [*words, f"engine.ema_decay={average}", f"engine.offload={offload}"]


@functools.cache
def planned(name: str, average: str, offload: str) -> Plan:
    return make_plan(stage(name, *lasting(average, offload)), ALONE)


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(
    ("zero", "average", "level", "offload"),
    [
        (0, "null", "none", "none"),
        (2, "0.99", "half", "none"),
        (3, "0.99", "all", "optimizer"),
        pytest.param(2, "null", "none", "none", marks=pytest.mark.matrix),
        pytest.param(0, "0.99", "all", "none", marks=pytest.mark.matrix),
        pytest.param(2, "0.99", "all", "optimizer", marks=pytest.mark.matrix),
    ],
)
@pytest.mark.parametrize("name", TINY)
def test_planned_memory_is_within_a_tenth_of_what_a_run_holds(
    name: str, zero: int, average: str, level: Recomputed, offload: str
) -> None:
    plan = planned(name, average, offload)
    real = [f"engine.zero_stage={zero}", f"engine.activation_checkpointing={level}"]
    saved, engine = real_bytes(config_of(name, *lasting(average, offload), *real))
    states = plan.states[zero]["vae"]
    planned_saved = plan.buckets[0].levels[level].memory.saved
    # Buckets are gone after the backward pass; here all memory is the CPU's.
    planned_engine = states.total + states.host - states.buckets
    assert planned_saved == pytest.approx(saved, rel=1e-4)
    assert planned_engine == pytest.approx(engine, rel=0.1)
    assert planned_saved + planned_engine == pytest.approx(saved + engine, rel=0.1)


def paper(name: str, *overrides: str) -> Plan:
    return make_plan(stage(name, *overrides, processes=CLUSTER.processes), CLUSTER)


def of_batch(batch: int) -> str:
    return f"data.buckets=[{{frames: 17, height: 256, width: 256, batch: {batch}}}]"


def test_each_zero_stage_above_the_first_holds_no_more_of_the_lasting_parts() -> None:
    plan = paper("cnn/latte.yaml", "denoiser.depth=4")
    lasting = [
        states.weights + states.gradients + states.optimizer + states.average
        for states in (plan.states[zero]["denoiser"] for zero in ZERO_STAGES)
    ]
    assert lasting == sorted(lasting, reverse=True)
    assert len(set(lasting)) == len(lasting)


FEW_BLOCKS = [
    "backbone.encoder_blocks=4",
    "backbone.decoder_blocks=4",
    "objective.max_drop_ratio=0",  # one rehearsal, not one for each number of groups
]


@pytest.fixture(scope="module")
def one_clip() -> Plan:
    """Of some blocks of the paper's Transformer, with one clip a slot."""
    words = [*FEW_BLOCKS, "discriminator=null"]
    return paper("vit/predictive.yaml", of_batch(1), *words)


@pytest.mark.parametrize("level", ["none", "all"])
def test_the_largest_batch_fits_and_one_clip_more_does_not(
    one_clip: Plan, level: Recomputed
) -> None:
    (bucket,) = one_clip.buckets
    largest = bucket.levels[level].largest_batch[2]
    overrides = [*FEW_BLOCKS, "discriminator=null"]
    overrides += [f"engine.activation_checkpointing={level}"]
    rehearsal = stage("vit/predictive.yaml", *overrides).rehearsal
    for batch, fits in ((largest, True), (largest + 1, False)):
        shape = dataclasses.replace(bucket.bucket, batch=batch)
        peak = memory_of(lambda s=shape: rehearsal.phases(s), rehearsal.networks).peak
        assert (one_clip.lasting(2) + peak <= one_clip.usable_bytes) is fits


def test_recomputing_trades_memory_for_work(one_clip: Plan) -> None:
    levels = one_clip.buckets[0].levels
    assert list(levels) == ["none", "half", "all"]
    saved = [level.memory.saved for level in levels.values()]
    assert saved == sorted(saved, reverse=True)
    half, all_ = (levels[level].flops - levels["none"].flops for level in ("half", "all"))
    # What a block's last product makes is not made again: nothing was saved there.
    forward = one_clip.buckets[0].flops.phases["forward"]
    # Patches, heads and losses are no blocks: of these few, two thirds of a forward pass.
    assert 0.6 * forward < all_ < forward
    assert half == pytest.approx(all_ / 2)


@pytest.mark.matrix  # paper size: slow
def test_hours_follow_from_the_work_of_the_slowest_process() -> None:
    plan = paper("cnn/latte.yaml")
    assert plan.step.slowest_process == pytest.approx(plan.step.all_processes / 16)
    seconds = plan.step.slowest_process / (0.3 * 989.4e12)
    assert plan.hours == pytest.approx(250_000 * seconds / 3600)
    assert plan.gpu_hours == pytest.approx(16 * plan.hours)


@pytest.mark.matrix  # paper size: slow
def test_a_team_shares_the_work_of_the_blocks_and_nothing_else() -> None:
    alone, two, four = (
        paper("vit/predictive.yaml", of_batch(2), f"sequence_parallel={n}") for n in (1, 2, 4)
    )
    for phase in ("losses", "discriminator"):
        assert len({p.buckets[0].flops.phases[phase] for p in (alone, two, four)}) == 1
    whole, halves, quarters = (p.buckets[0].flops.phases["forward"] for p in (alone, two, four))
    # All 5 * 16 * 16 tokens divide by 4, so each halving saves half of what can be shared.
    assert quarters - 0.5 * halves == pytest.approx(halves - 0.5 * whole, rel=1e-6)
    assert halves < 0.52 * whole
    assert (
        two.buckets[0].levels["none"].memory.saved
        < 0.55 * alone.buckets[0].levels["none"].memory.saved
    )


@pytest.mark.matrix  # paper size: slow
def test_every_process_of_a_team_does_its_part_of_the_teams_slots() -> None:
    plan = paper("cnn/latte.yaml", "sequence_parallel=2")
    assert plan.step.slowest_process == pytest.approx(2 * plan.buckets[0].flops.total)
    assert plan.step.all_processes == pytest.approx(16 * plan.step.slowest_process)


def test_planning_allocates_no_weights() -> None:
    made = stage("vit/predictive.yaml")
    networks = made.rehearsal.networks
    assert all(p.is_meta for network in networks for p in network.parameters())
    assert sum(p.numel() for p in networks[0].parameters()) > 1_000_000_000
