"""Generation: noise to latents by the denoiser, latents to video by the VAE's decoder."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from arch.interface import Backbone, PeerConfig
from pvvae import distributed, seeding
from pvvae.behind import Behind
from pvvae.bounds import at_least
from pvvae.data.clips import HeldOutClips, held_out_clips, to_pixels, to_uint8
from pvvae.data.contact_sheet import contact_sheet
from pvvae.data.latents import LatentDataset
from pvvae.data.video import write_video
from pvvae.errors import ConfigError
from pvvae.files import write_array, write_json
from pvvae.flow import OnStep, SamplerConfig, continuing, guided, sample
from pvvae.held_out import SAMPLE_FPS
from pvvae.items import Items
from pvvae.others import check_trained, open_vae
from pvvae.pretrained import load_denoiser
from pvvae.rollout import check_window, frames_of, roll_out
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
    frames: int | None = None
    """Length of the videos; null is that of the clips that Latte learned."""
    height: int | None = None
    """null is that of the clips that Latte learned."""
    width: int | None = None
    """null is that of the clips that Latte learned."""
    known: int = 0
    """0 generates a video at once, however long. From 1 on it is rolled out in windows as long as
    clips in training, and each takes over so many groups; Latte must have learned to (history)."""
    first: str | None = None
    """Shards of clips to go on from, sample i from clip i; null begins with noise."""

    def __post_init__(self) -> None:
        check_trained(self.vae)
        at_least(1, {"num": self.num, "batch": self.batch})
        at_least(0, {"known": self.known})
        if self.first is not None and not self.known:
            raise ConfigError("first: says what to go on from, so known must be 1 or more")


def run(config: Config) -> None:
    """Make the samples that do not exist yet: RUN/clips/000000.npy, uint8 (T, H, W, C)."""
    latents = LatentDataset(Path(read_config(Path(config.latte))["latents"]) / "train")
    choices = _class_indices(config, latents)
    record = Run(config, stage="generate")
    if record.finished:
        return
    maker = _Maker(config, latents, choices)
    folder, behind = record.folder / "clips", Behind()
    blocks = [
        range(first, min(first + config.batch, config.num))
        for first in range(0, config.num, config.batch)
    ]
    left = Items(
        record,
        blocks,
        kept=lambda block: all(_clip_path(folder, i).exists() for i in block),
        clips=len,
        settle=behind.settle,
    )
    for block in left:
        decode = maker.begin(block, on_part=left.part)
        behind.submit(partial(_write, decode, folder, block))
    _conclude(record, config, latents, choices)


def _write(decode: Callable[[], Tensor], folder: Path, block: range) -> None:
    with torch.inference_mode():
        clips = to_uint8(decode())
    for i, clip in zip(block, clips, strict=True):
        write_array(_clip_path(folder, i), clip)


class _Maker:
    """Denoiser and decoder, and what is the same for all samples."""

    def __init__(self, config: Config, latents: LatentDataset, choices: list[int]) -> None:
        self.config, self.latents, self.choices = config, latents, choices
        self.denoiser = load_denoiser(Path(config.latte)).to(distributed.device())
        self.backbone: Backbone = open_vae(config.vae).to(distributed.device()).backbone
        self.shape = _shape(config, latents, self.backbone)
        self.first = _first_clips(config, self.backbone, self.shape)

    def begin(self, block: range, *, on_part: Callable[[float], None]) -> Callable[[], Tensor]:
        """Generate latents; what is returned makes pixels (B, 3, T, H, W) of them.

        A video that is rolled out goes through the decoder window by window, so is whole by then.
        """
        frames = self.config.frames or frames_of(self.latents.shape[1], self.backbone)
        if not self.config.known:
            z = self._window(block, None, 0, on_part)
            return lambda: self.backbone.decode(self.latents.denormalize(z))
        first = None
        if self.first is not None:
            clips = [to_pixels(self.first[i].frames) for i in block]
            first = torch.cat(clips).to(distributed.device())
        with torch.inference_mode():
            video = roll_out(
                self.backbone,
                self.latents,
                lambda known, window: self._window(block, known, window, on_part),
                frames=frames,
                known=self.config.known,
                first=first,
            )
        return lambda: video

    def _window(
        self, block: range, known: Tensor | None, window: int, on_part: Callable[[float], None]
    ) -> Tensor:
        """Normalised latents (B, c, t, h, w) of a window of the samples in ``block``."""
        config, place = self.config, [window] if window else []
        noise = torch.stack(
            [
                torch.randn(
                    self.shape,
                    generator=seeding.torch_generator(config.seed, "sample", i, *place),
                )
                for i in block
            ]
        ).to(distributed.device())
        label = None
        if self.denoiser.num_classes:
            labels = [_label(config, i, self.choices) for i in block]
            label = torch.tensor(labels, device=noise.device)
        velocity = guided(
            self.denoiser if known is None else continuing(self.denoiser, known),
            label=label,
            null_label=self.denoiser.num_classes,
            config=config.sampler,
        )
        on_step: OnStep = lambda step, _: on_part(step / config.sampler.steps)  # noqa: E731
        with torch.inference_mode():
            z = sample(velocity, noise, config.sampler, on_step=on_step)
        return z if known is None else torch.cat([known, z[:, :, known.shape[2] :]], dim=2)


def _shape(config: Config, latents: LatentDataset, backbone: Backbone) -> tuple[int, int, int, int]:
    """(c, t, h, w) of what is generated at once.

    Raises:
        ConfigError: for a length or a size that the backbone does not have, or windows that Latte
            did not learn.
    """
    c, t, h, w = latents.shape
    space = backbone.stride.space
    size = (config.height or h * space, config.width or w * space)
    try:
        backbone.check_size(*size)
        groups = t if config.frames is None else backbone.latent_frames(config.frames)
    except ValueError as error:
        raise ConfigError(f"frames, height, width: {error}") from None
    if config.known:
        check_window(config.known, groups=t)
        if not read_config(Path(config.latte)).get("history"):
            raise ConfigError(
                f"known: {config.latte} was trained with history: 0, so it cannot go on from "
                "anything; known: 0 generates a video at once"
            )
        groups = t
    return c, groups, size[0] // space, size[1] // space


def _first_clips(
    config: Config, backbone: Backbone, shape: tuple[int, int, int, int]
) -> HeldOutClips | None:
    """Beginnings of the samples, if they are given.

    Raises:
        ConfigError: if there are fewer than samples, or they are too short or too small.
    """
    if config.first is None:
        return None
    clips = held_out_clips(
        config.first,
        frames=frames_of(config.known, backbone),
        height=shape[2] * backbone.stride.space,
        width=shape[3] * backbone.stride.space,
    )
    if len(clips) < config.num:
        raise ConfigError(
            f"first: {config.first} has {len(clips)} clips, num asks for {config.num}"
        )
    return clips


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
        write_video(
            record.folder / "samples" / "contact_sheet.mp4", contact_sheet(shown), fps=SAMPLE_FPS
        )
    line = {"step": 0, "kind": "samples", "clips": config.num, "times": {}}
    record.write_metrics([line])
    record.finish({"clips": config.num})


def _clip_path(folder: Path, index: int) -> Path:
    return folder / f"{index:06d}.npy"
