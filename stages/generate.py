"""Generation: noise to latents by the denoiser, latents to video by the VAE's decoder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from arch.interface import Denoiser, PeerConfig
from pvvae import distributed, seeding
from pvvae.bounds import at_least
from pvvae.data.clips import to_uint8
from pvvae.data.latents import LatentDataset
from pvvae.data.video import write_video
from pvvae.errors import ConfigError
from pvvae.files import write_array, write_json
from pvvae.flow import OnStep, SamplerConfig, guided, sample
from pvvae.held_out import SAMPLE_FPS
from pvvae.items import Items
from pvvae.others import check_trained, open_vae
from pvvae.pretrained import load_denoiser
from pvvae.run import Run, RunConfig
from pvvae.run_folder import read_config

SHEET = 16
"""Clips on the contact sheet, four by four."""


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """Sample i depends on (seed, i) alone, so any number of processes makes the same videos."""

    latte: str
    """Run folder of the denoiser; the latents' scale and shape are found through it."""
    vae: str | PeerConfig
    """Run folder of the VAE that decodes: decoder_finetune of the one that made the latents; or the
    peer that made them."""
    num: int = 2048
    """Section 4.1."""
    batch: int = 16
    """Samples made at once, always the same ones together."""
    sampler: SamplerConfig = SamplerConfig()
    classes: tuple[str, ...] = ()
    """Class names to draw from; none means all."""

    def __post_init__(self) -> None:
        check_trained(self.vae)
        at_least(1, {"num": self.num, "batch": self.batch})


def run(config: Config) -> None:
    """Make the samples that do not exist yet: RUN/clips/000000.npy, uint8 (T, H, W, C)."""
    latents = LatentDataset(Path(read_config(Path(config.latte))["latents"]) / "train")
    choices = _class_indices(config, latents)
    record = Run(config, stage="generate")
    if record.finished:
        return
    denoiser = load_denoiser(Path(config.latte)).to(distributed.device())
    vae = open_vae(config.vae).to(distributed.device())
    folder = record.folder / "clips"
    blocks = [
        range(first, min(first + config.batch, config.num))
        for first in range(0, config.num, config.batch)
    ]
    left = Items(
        record,
        blocks,
        kept=lambda block: all(_clip_path(folder, i).exists() for i in block),
        clips=len,
    )
    for block in left:
        z = _latents(
            denoiser,
            latents,
            config,
            block,
            choices,
            on_step=lambda step, _: left.part(step / config.sampler.steps),
        )
        with torch.inference_mode():
            clips = to_uint8(vae.backbone.decode(latents.denormalize(z)))
        for i, clip in zip(block, clips, strict=True):
            write_array(_clip_path(folder, i), clip)
    _conclude(record, config, latents, choices)


def _class_indices(config: Config, latents: LatentDataset) -> list[int]:
    unknown = [name for name in config.classes if name not in latents.classes]
    if unknown:
        raise ConfigError(
            f"classes: no class is called {unknown[0]!r}; known: {', '.join(latents.classes)}"
        )
    return [latents.classes.index(name) for name in config.classes or latents.classes]


def _label(config: Config, index: int, choices: list[int]) -> int:
    drawn = seeding.numpy_generator(config.seed, "label", index).integers(max(len(choices), 1))
    return choices[int(drawn)] if choices else 0


def _latents(
    denoiser: Denoiser,
    latents: LatentDataset,
    config: Config,
    block: range,
    choices: list[int],
    *,
    on_step: OnStep,
) -> Tensor:
    """Normalised latents (B, c, t, h, w) of the samples in ``block``."""
    noise = torch.stack(
        [
            torch.randn(latents.shape, generator=seeding.torch_generator(config.seed, "sample", i))
            for i in block
        ]
    ).to(distributed.device())
    label = None
    if denoiser.num_classes:
        label = torch.tensor([_label(config, i, choices) for i in block], device=noise.device)
    velocity = guided(denoiser, label=label, null_label=denoiser.num_classes, config=config.sampler)
    with torch.inference_mode():
        return sample(velocity, noise, config.sampler, on_step=on_step)


def _conclude(record: Run, config: Config, latents: LatentDataset, choices: list[int]) -> None:
    """Labels, contact sheet and the run's one line of metrics."""
    if distributed.is_main():
        names = [
            latents.classes[_label(config, i, choices)] if latents.classes else ""
            for i in range(config.num)
        ]
        write_json(record.folder / "labels.json", names)
        shown = [
            np.load(_clip_path(record.folder / "clips", i)) for i in range(min(SHEET, config.num))
        ]
        write_video(record.folder / "samples" / "contact_sheet.mp4", _sheet(shown), fps=SAMPLE_FPS)
    line = {"step": 0, "kind": "samples", "clips": config.num, "times": {}}
    record.write_metrics([line])
    record.finish({"clips": config.num})


def _sheet(clips: list[np.ndarray]) -> np.ndarray:
    """Clips (T, H, W, C) as one video, four in a row."""
    columns = min(4, len(clips))
    rows = [clips[i : i + columns] for i in range(0, len(clips), columns)]
    blank = np.zeros_like(clips[0])
    full = [row + [blank] * (columns - len(row)) for row in rows]
    return np.concatenate([np.concatenate(row, axis=2) for row in full], axis=1)


def _clip_path(folder: Path, index: int) -> Path:
    return folder / f"{index:06d}.npy"
