"""Fifty steps: the same losses under every ZeRO stage, and from one, two and four processes."""

import json
from pathlib import Path

import pytest
from safetensors import safe_open

from tests.processes import run_group
from tests.stages.curves import NETWORK, SHARDED, WIDTHS, curve, in_words
from tests.toy_clips import pack_toy_clips

# Its runs are made by whichever test comes first.
pytestmark = [pytest.mark.matrix, pytest.mark.timeout(1500)]

STEPS = 50
ZERO = (0, 1, 2, 3)
FLAT = {"lr": 5e-5, "schedule": "constant", "warmup": 0}
"""The paper's rate (section 4.1) from the first step on; Adam's own epsilon."""
SETTINGS = {
    "steps": STEPS,
    "init": None,
    "backbone.encoder_channels": WIDTHS,
    "backbone.decoder_channels": WIDTHS,
    # Without kinks: where hinge and leaky ReLU bend, rounding decides between two slopes. Measured
    # with them, at step 38 a loss jumps from 1e-6 to 4e-5 off; without either, none is 3e-6 off.
    "plugins": [str(NETWORK)],
    "discriminator": {"name": "smooth3d", "channels": 8, "layers": 2},
    "objective.gan_loss": "nonsaturating",
    "data.slots": 4,
    "data.buckets": [
        {"frames": 9, "height": 32, "width": 32, "batch": 1},
        {"frames": 5, "height": 32, "width": 32, "batch": 2},
    ],
    # LPIPS bends too: at full weight its gradient jumps by 4e-4 where a rectifier turns (step 29).
    "objective.weight_lpips": 0.01,
    "objective.gan_start": 5,
    "objective.discriminator_warmup": 2,
    "optimizer": FLAT,
    "discriminator_optimizer": FLAT,
    "discriminator_engine.persistent_elements": 0,
    "loop": {"log_every": 1, "evaluate_every": STEPS, "checkpoint_every": STEPS},
}
"""Many steps, so small ones; several slots a process, of several shapes."""
NAMES = ("mse", "diff", "lpips", "kl", "gan", "discriminator")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four stages on two processes, then two more numbers of processes."""
    folder = tmp_path_factory.mktemp("curves")
    shards = pack_toy_clips(folder, shards=4)
    jobs = {2: [job(f"zero{k}", k) for k in ZERO], 1: [job("one", 2)], 4: [job("four", 2)]}
    for processes, words in jobs.items():
        worker = ["-m", "tests.stages.worker", str(shards), str(folder), *words]
        run_group(worker, processes=processes, timeout=1200)
    return folder


def job(name: str, stage: int) -> str:
    words = [*in_words(SETTINGS), f"engine.zero_stage={stage}", *SHARDED]
    return " ".join([name, "predictive", *words])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", ZERO[1:])
def test_fifty_steps_are_the_same_under_every_zero_stage(runs, k, name):
    expected = curve(runs / "zero0", name)
    assert len(expected) == STEPS - {"gan": 5, "discriminator": 3}.get(name, 0)
    assert curve(runs / f"zero{k}", name) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("processes", ["one", "four"])
def test_fifty_steps_are_the_same_from_any_number_of_processes(runs, processes, name):
    assert curve(runs / processes, name) == pytest.approx(curve(runs / "zero2", name), rel=1e-4)


@pytest.mark.parametrize("other", ["zero1", "zero2", "zero3", "one", "four"])
def test_the_adaptive_weight_was_on_and_is_the_same(runs, other):
    expected = curve(runs / "zero0", "gan_scale")
    assert len(set(expected)) == STEPS - 5
    assert curve(runs / other, "gan_scale") == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("k", ZERO)
def test_what_a_stage_shards_was_really_sharded(runs, k):
    held = [json.loads((runs / f"zero{k}/held_{rank}.json").read_text()) for rank in range(2)]
    assert all(h["parameters"] == (0 if k == 3 else h["all"]) for h in held)
    elements = [state_elements(runs / f"zero{k}", rank) for rank in range(2)]
    if k == 0:  # whole on both; one writes it
        assert elements == [held[0]["all"], 0]
    else:
        assert sum(elements) == held[0]["all"]
        assert max(elements) < 0.6 * held[0]["all"]


def state_elements(run: Path, rank: int) -> int:
    """Elements of the generator's weights that one process optimizes."""
    folder = max((run / "checkpoints").glob("step_*")) / "generator"
    path = folder / f"part_{rank:05d}.safetensors"
    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith("weight/")]  # noqa: SIM118
        return sum(file.get_tensor(name).numel() for name in names)
