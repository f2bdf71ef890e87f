"""``pvvae dry-run``: the sizes that one process of 16 has, and mistakes in one line."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from arch.interface import BackboneConfig
from pvvae.config import decode, load_plugins
from pvvae.model import PredictiveVAE
from tests.fresh import pvvae
from tests.launchers.conftest import PLUGIN
from tests.tiny import CONFIGS

Page = Callable[..., str]
WILD = PLUGIN.with_name("wild.py")
SHARDED = ["engine.persistent_elements=0", "data.slots=32"]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """What the command prints, in a process of its own: a process has one group in its life."""

    def printed(*words: str | Path) -> str:
        status, out, err = pvvae("dry-run", *words, folder=tmp_path)
        assert status == 0, err
        return out

    return printed


def numbers(text: str, row: str) -> list[int]:
    """Of the line that begins with ``row``."""
    (line,) = [line for line in text.splitlines() if line.startswith(row)]
    return [int(word.replace(",", "")) for word in line.removeprefix(row).split()]


def parameters() -> list[int]:
    """Elements of the toy VAE's parameters, one by one."""
    load_plugins({"plugins": [str(PLUGIN)]})
    backbone = decode(BackboneConfig, {"name": "toy", "latent_channels": 4}).build()
    return [p.numel() for p in PredictiveVAE(backbone).parameters()]


@pytest.mark.parametrize("zero", [1, 2, 3])
def test_process_0_of_16_holds_a_sixteenth_rounded_up(zero: int, config: Path, page: Page) -> None:
    found = page(config, "--processes", "16", f"engine.zero_stage={zero}", *SHARDED)
    assert found.startswith(f"{config}: process 0 of 16, first steps taken\n")
    whole = sum(parameters())
    # ZeRO 3 shards every parameter by itself; 1 and 2 all of them, end to end, in pairs.
    shard = (
        sum(math.ceil(each / 16) for each in parameters())
        if zero == 3
        else 2 * math.ceil(whole / 32)
    )
    here = shard if zero == 3 else whole
    assert numbers(found, f"vae, ZeRO {zero}") == [whole, here, shard, shard, shard]
    # 32 slots of one clip of 17 x 32 x 48 pixels; two slots and clips are this process's.
    for step in ("step 0", "step 1"):
        assert numbers(found, step) == [32, 32, 32 * 17 * 32 * 48, 2, 2]


def test_a_step_too_long_for_a_cpu_is_not_taken(config: Path, page: Page) -> None:
    long = "data.buckets=[{frames: 17, height: 512, width: 512, batch: 100000}]"
    found = page(config, *SHARDED, long)
    assert "process 0 of 16, no step taken" in found
    assert "No step: it has " in found


def test_a_step_that_the_trainer_skips_was_not_taken(config: Path, page: Page) -> None:
    wild = [f"plugins=[{PLUGIN},{WILD}]", "backbone={name: wild, latent_channels: 4}"]
    found = page(config, *SHARDED, *wild)
    assert "process 0 of 16, no step taken" in found
    assert "No step: made-up data gave numbers in step 1 that are not finite." in found


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["--processes", "3"], "data.slots: 2 slots cannot be shared evenly by 3 processes"),
        (["--processes", "0"], "--processes: must be at least 1, got 0"),
        (["stepz=3"], "did you mean 'steps'?"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], right: str, told: Callable[..., str]) -> None:
    assert right in told("dry-run", CONFIGS / "tiny/vit/predictive.yaml", *words)
