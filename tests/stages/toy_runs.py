"""Latte on the latents of an untrained toy VAE: everything around sampling, in a second."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file

from arch.interface import BackboneConfig
from pvvae import checkpoints
from pvvae.config import decode, load_plugins
from pvvae.model import PredictiveVAE
from tests.launchers.conftest import PLUGIN
from tests.stages.short import run_stage

SMALL = (
    "denoiser.latent_channels=4",
    "denoiser.depth=2",
    "denoiser.width=32",
    "denoiser.heads=2",
    "optimizer.lr=1e-2",
    "optimizer.warmup=0",
)
"""A Latte that a few steps move."""
SIZE = {"frames": 17, "height": 48, "width": 48}
"""That of the toy clips, so that a crop is all of it."""


def vae_run(folder: Path, *, seed: int = 0, channels: int = 4) -> Path:
    """A run folder of a toy VAE as it is before training."""
    backbone = {"name": "toy", "latent_channels": channels}
    plain = {"stage": "predictive", "plugins": [str(PLUGIN)], "pad": "learnable"}
    load_plugins(plain)
    torch.manual_seed(seed)
    vae = PredictiveVAE(decode(BackboneConfig, backbone).build())
    folder.mkdir()
    text = yaml.safe_dump({**plain, "backbone": backbone, "run": str(folder)})
    (folder / "config.yaml").write_text(text)

    def write(partial_folder: Path, tensors: dict[str, torch.Tensor]) -> list[Path]:
        path = partial_folder / "vae.safetensors"
        save_file(tensors, path)
        return [path]

    checkpoints.save(
        folder / "checkpoints",
        1,
        write=partial(write, tensors=vae.state_dict()),
        facts={"score": None},
        keep_last=1,
    )
    return folder


def cache(shards: Path, runs: Path, vae: Path, *words: str) -> Path:
    """The run of extract_latents, in ``runs``."""
    size = [f"{key}={value}" for key, value in SIZE.items()]
    run_stage("extract_latents", shards, runs, f"vae={vae}", *size, *words)
    return runs / "extract_latents"


def online(shards: Path, vae: Path, /, **changes: Any) -> str:
    """The override that encodes clips on the way, in one word; ``changes`` are to OnlineConfig."""
    facts = {"vae": str(vae), "train": f"{shards}/train", "held_out": f"{shards}/held_out"}
    return f"latents={json.dumps(facts | SIZE | changes, separators=(',', ':'))}"
