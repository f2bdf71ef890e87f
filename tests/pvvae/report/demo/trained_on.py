"""A folder of runs as the quickstart leaves it, for tests."""

from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from pvvae import config as codec
from pvvae.box import open_box
from pvvae.data.latent_shards import (
    channel_statistics,
    shard_path,
    write_shard,
    write_statistics,
)
from pvvae.run import checkpoints
from tests.small_box import CLASSES, backbone, latte


def trained_on(box: Path, folder: Path) -> Path:
    """Make runs of the box's Transformer, whose weights are a little off the box's."""
    vae = open_box(box).vae("vit")
    weights = {name: (value + 0.01).contiguous() for name, value in vae.state_dict().items()}
    plain = {"pad": "learnable", "backbone": codec.encode(backbone())}
    for stage in ("predictive", "decoder_finetune"):
        _write(folder / "vit" / stage, {"stage": stage, **plain}, {"vae": weights})
    latents = folder / "vit/latents"
    _write(latents, {"stage": "extract_latents", "vae": str(folder / "vit/decoder_finetune")}, {})
    moments = torch.randn(2, 6, 5, 8, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1])
    write_shard(shard_path(latents / "train", 0), mean=moments, logvar=moments, labels=labels)
    write_statistics(latents / "train", channel_statistics(latents / "train"), classes=CLASSES)
    packed = latte()
    _write(
        folder / "vit/latte",
        {"stage": "latte", "denoiser": codec.encode(packed.config), "latents": str(latents)},
        {"denoiser": packed.denoiser.state_dict()},
    )
    return folder


def _write(run: Path, plain: dict[str, Any], networks: dict[str, dict[str, Tensor]]) -> None:
    run.mkdir(parents=True)
    (run / "config.yaml").write_text(yaml.safe_dump({**plain, "run": str(run)}))

    def write(partial: Path) -> list[Path]:
        paths = [partial / f"{name}.safetensors" for name in networks]
        for path, tensors in zip(paths, networks.values(), strict=True):
            save_file(tensors, path)
        return paths

    if networks:
        facts = {"score": None}
        checkpoints.save(run / "checkpoints", 1, write=write, facts=facts, keep_last=1)
