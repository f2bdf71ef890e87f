"""Latte on the latents of an untrained toy VAE: everything around sampling, in a second."""

import json
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file

from arch.interface import BackboneConfig
from pvvae.config import decode, load_plugins
from pvvae.model import PredictiveVAE
from pvvae.pretrained.denoisers import load_denoiser
from pvvae.run import checkpoints
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

    save(folder, "vae", vae.state_dict(), step=1)
    return folder


def save(run: Path, network: str, weights: dict[str, torch.Tensor], *, step: int) -> None:
    """A checkpoint of one network."""

    def write(folder: Path) -> list[Path]:
        save_file(weights, folder / f"{network}.safetensors")
        return [folder / f"{network}.safetensors"]

    facts = {"score": None}
    checkpoints.save(run / "checkpoints", step, write=write, facts=facts, keep_last=2)


def cache(shards: Path, runs: Path, vae: Path, *words: str) -> Path:
    """The run of extract_latents, in ``runs``."""
    size = [f"{key}={value}" for key, value in SIZE.items()]
    run_stage("extract_latents", shards, runs, f"vae={vae}", *size, *words)
    return runs / "extract_latents"


def online(shards: Path, vae: Path, /, **changes: Any) -> str:
    """The override that encodes clips on the way, in one word; ``changes`` are to OnlineConfig."""
    facts = {"vae": str(vae), "train": f"{shards}/train", "held_out": f"{shards}/held_out"}
    return f"latents={json.dumps(facts | SIZE | changes, separators=(',', ':'))}"


def shake(latte: Path) -> None:
    """Let the last checkpoint of a Latte have weights by which every block matters.

    Its blocks begin as nothing, and a few steps do not change that.
    """
    torch.manual_seed(0)
    weights = load_denoiser(latte).state_dict()
    shaken = {name: value + 0.2 * torch.randn_like(value) for name, value in weights.items()}
    save(latte, "denoiser", shaken, step=99)
