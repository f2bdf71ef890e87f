"""The shipped tiny configs, cut down to a few steps on the toy clips."""

from pathlib import Path
from typing import Any

from stages import program
from tests.tiny import CONFIGS

LOOP = "loop={log_every: 1, evaluate_every: 2, checkpoint_every: 2}"
VIDEO = (
    "data.buckets=[{frames: 17, height: 32, width: 32, batch: 1}, "
    "{frames: 9, height: 32, width: 32, batch: 2}]"
)
IMAGE = (
    "data.buckets=[{frames: 1, height: 32, width: 32, batch: 2}, "
    "{frames: 1, height: 32, width: 48, batch: 1}]"
)
FRAMES = "held_out={clips: 2, frames: %d, height: 32, width: 32}"
SIZE = ["frames=17", "height=32", "width=32"]


def overrides(stage: str, shards: Path, runs: Path) -> list[str]:
    """What makes a tiny config of ``stage`` short, with its run folder in ``runs``."""
    data = [f"data.train={shards}/train", f"data.held_out={shards}/held_out", LOOP, "steps=5"]
    train = {
        "image_pretrain": [*data, IMAGE, FRAMES % 1, "objective.lpips_frames=null"],
        "predictive": [
            *data,
            VIDEO,
            FRAMES % 17,
            f"init={runs}/image_pretrain",
            "objective.gan_start=2",
            "objective.discriminator_warmup=1",
        ],
        "decoder_finetune": [*data, VIDEO, FRAMES % 17, f"init={runs}/predictive"],
        "extract_latents": [
            *SIZE,
            f"vae={runs}/decoder_finetune",
            f"train={shards}/train",
            f"held_out={shards}/held_out",
            "clips_per_shard=2",
        ],
        "latte": [
            f"latents={runs}/extract_latents",
            "denoiser.num_classes=2",
            "batch=4",
            "validation_clips=2",
            LOOP,
            "steps=5",
        ],
        "generate": [
            f"latte={runs}/latte",
            f"vae={runs}/decoder_finetune",
            "num=5",
            "batch=2",
            "sampler.steps=3",
        ],
        "evaluate_reconstruction": [
            *SIZE,
            f"vae={runs}/decoder_finetune",
            f"predictor={runs}/predictive",
            f"clips={shards}/held_out",
            f"train={shards}/train",
            "num=2",
        ],
        "evaluate_generation": [
            f"samples={runs}/generate",
            f"real={shards}/train",
            "num=4",
            "height=32",
            "width=32",
        ],
    }
    return [f"run={runs}/{stage}", *train[stage]]


def run_stage(stage: str, shards: Path, runs: Path, *extra: str, arch: str = "cnn") -> Any:
    """Run one stage in this process; its config."""
    path = CONFIGS / f"tiny/{arch}/{stage}.yaml"
    run, config = program.load(path, [*overrides(stage, shards, runs), *extra])
    run(config)
    return config


STAGES = (
    "image_pretrain",
    "predictive",
    "decoder_finetune",
    "extract_latents",
    "latte",
    "generate",
    "evaluate_reconstruction",
    "evaluate_generation",
)
"""In the order in which they build on each other."""
