"""Generation: noise to latents by the denoiser, latents to video by the VAE's decoder."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from arch.interface import Backbone, Denoiser, PeerConfig
from arch.ranges import Count, Length, Number, Pixels
from pvvae import distributed
from pvvae.config import check_ranges
from pvvae.config.reading import expected_form, read_json
from pvvae.data.clips import HeldOutClips, held_out_clips, to_pixels, to_uint8
from pvvae.data.latent_scale import LatentScale
from pvvae.data.video.video import SAMPLE_FPS, Frames, write_video
from pvvae.data.video.writers import WRITERS, contact_sheet
from pvvae.denoiser.rectified_flow import SamplerConfig
from pvvae.denoiser.rollout import check_window, frames_of
from pvvae.denoiser.sampling import Done, Generation, Labels
from pvvae.denoiser.trained_run import check_decoder, check_null_label, latte_classes, latte_scale
from pvvae.distributed.slots import check_sharing, check_teams
from pvvae.engine import compile_whole, share_clips
from pvvae.errors import ConfigError
from pvvae.files import write_array, write_json
from pvvae.pretrained.denoisers import load_denoiser
from pvvae.pretrained.vae_source import check_trained, open_vae
from pvvae.run.folder import read_config
from pvvae.run.item_results import BackgroundWorker
from pvvae.run.resumable_items import ResumableItems
from pvvae.run.run import Run, RunConfig

Shown = Literal["mp4", "gif", "frames", "sheet"]
"""What a run can show of its samples: each of them, or a contact sheet of the first ones."""
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
    num: Count = 2048
    """Section 4.1."""
    batch: Count = 16
    """Samples made at once, always the same ones together."""
    sampler: SamplerConfig = SamplerConfig()
    precision: Literal["fp32", "bf16"] = "fp32"
    """What the denoiser computes in; steps are summed up in fp32 either way."""
    compile: bool = False
    """Compile the denoiser, and on a GPU record it as a CUDA graph: a minute at the start, and once
    more for a last batch that is smaller. Results differ in the last bits."""
    classes: tuple[str, ...] = ()
    """Class names to draw from; none means all."""
    formats: tuple[Shown, ...] = ("sheet",)
    """What to look at, in samples/: each sample as mp4, gif or a folder of PNG, and a contact sheet
    of the first ones. What is measured is in clips/ whatever is asked for here."""
    frames: Length | None = None
    """Length of the videos; null is that of the clips that Latte learned."""
    height: Pixels | None = None
    """null is that of the clips that Latte learned."""
    width: Pixels | None = None
    """null is that of the clips that Latte learned."""
    known: Number = 0
    """Groups that each window takes over from the one before. 0 generates a video at once, however
    long; from 1 on it is rolled out in windows as long as clips in training, which Latte must have
    learned (``history``)."""
    first: str | None = None
    """Shards of clips to go on from, sample i from clip i; null begins with noise."""
    sequence_parallel: Count = 1
    """Consecutive processes that denoise each batch together, each a part of the tokens: for long
    videos."""

    def __post_init__(self) -> None:
        check_trained(self.vae)
        check_ranges(self)
        if self.compile and self.sequence_parallel > 1:
            raise ConfigError("compile: a denoiser that processes share cannot be compiled whole")
        if self.first is not None and not self.known:
            raise ConfigError("first: needs known: 1 or more, the number of groups to take from it")

    def check(self, processes: int) -> None:
        check_teams(processes, team=self.sequence_parallel)


def run(config: Config) -> None:
    """Make the samples that do not exist yet: RUN/clips/000000.npy, uint8 (T, H, W, C)."""
    config.check(distributed.world_size())
    scale = latte_scale(Path(config.latte))
    classes = latte_classes(Path(config.latte), scale)
    labels = Labels(seed=config.seed, choices=_class_indices(config, classes, scale.learned))
    record = Run(config, stage="generate")
    if record.finished:
        return
    maker, behind = _Maker(config, scale, labels), BackgroundWorker()
    blocks = [
        range(first, min(first + config.batch, config.num))
        for first in range(0, config.num, config.batch)
    ]
    left = ResumableItems(
        record,
        blocks,
        kept=lambda block: all(_clip_path(record.folder, i).exists() for i in block),
        clips=len,
        settle=behind.settle,
        team=config.sequence_parallel,
    )
    names = [classes[labels.of(i)] if classes else "" for i in range(config.num)]
    for block in left:
        decode = maker.begin(block, done=left.part)
        if distributed.rank() % config.sequence_parallel == 0:  # all of a team hold the same
            behind.submit(partial(_write, decode, record.folder, block))
    _conclude(record, config, names)


def _write(decode: Callable[[], Tensor], run: Path, block: range) -> None:
    with torch.inference_mode():
        clips = to_uint8(decode())
    for i, clip in zip(block, clips, strict=True):
        write_array(_clip_path(run, i), clip)


def show(run: Path, formats: tuple[Shown, ...], *, out: Path) -> None:
    """Write the samples of a run as files to look at, into ``out``.

    Args:
        run: whose samples and labels.json are there.
        formats: each sample in these; and a contact sheet of the first ones.
    """
    names = read_json(run / "labels.json")
    if not isinstance(names, list) or not all(isinstance(name, str | None) for name in names):
        raise ConfigError(f"{run / 'labels.json'}: damaged: must hold a list of classes")
    for i, name in enumerate(names):
        stem = out / "_".join([f"{i:06d}", *([name.replace("/", "-")] if name else [])])
        for one in formats:
            if one != "sheet":
                WRITERS[one](stem, _clip(run, i))
    if "sheet" in formats:
        shown = [_clip(run, i) for i in range(min(SHEET, len(names)))]
        write_video(out / "contact_sheet.mp4", contact_sheet(shown), fps=SAMPLE_FPS)


def _clip(run: Path, number: int) -> Frames:
    path = _clip_path(run, number)
    with expected_form(path, OSError, EOFError):
        clip: Frames = np.load(path, allow_pickle=False)
        return clip


class _Maker:
    """Opens what the samples are made with, and makes them at once or window by window."""

    def __init__(self, config: Config, scale: LatentScale, labels: Labels) -> None:
        self._config, device = config, distributed.device()
        vae = open_vae(config.vae)
        check_decoder(vae, scale, key="vae", name=_vae_name(config.vae))
        backbone = vae.backbone.to(device)
        shape = _shape(config, scale, backbone)
        self._first = _first_clips(config, backbone, shape)
        dtype = torch.bfloat16 if config.precision == "bf16" else torch.float32
        self._generation = Generation(
            denoiser=_denoiser(config).to(device, dtype),
            dtype=dtype,
            backbone=backbone,
            scale=scale,
            shape=shape,
            sampler=config.sampler,
            labels=labels,
            seed=config.seed,
            device=device,
        )
        self._frames = config.frames or frames_of(scale.shape[1], backbone)

    def begin(self, block: range, *, done: Done) -> Callable[[], Tensor]:
        """Generate latents; what is returned makes pixels (B, 3, T, H, W) of them.

        A video that is rolled out goes through the decoder window by window, so is whole by then.
        """
        if not self._config.known:
            return self._generation.begin(block, done=done)
        first = None
        if self._first is not None:
            first = torch.cat([to_pixels(self._first[i].frames) for i in block])
        video = self._generation.roll_out(
            block, first, frames=self._frames, known=self._config.known, done=done
        )
        return lambda: video


def _denoiser(config: Config) -> Denoiser:
    """Latte, perhaps shared by a team, perhaps compiled.

    Raises:
        ConfigError: if it cannot be shared, or guided.
    """
    denoiser = load_denoiser(Path(config.latte))
    if config.sampler.guidance != 1:
        check_null_label(Path(config.latte), key="sampler.guidance")
    check_sharing(denoiser, team=config.sequence_parallel)
    share_clips(denoiser, team=config.sequence_parallel)
    if config.compile:
        compile_whole(denoiser)
    return denoiser


def _vae_name(vae: str | PeerConfig) -> str:
    return vae if isinstance(vae, str) else vae.name


def _shape(config: Config, scale: LatentScale, backbone: Backbone) -> tuple[int, int, int, int]:
    """(c, t, h, w) of what is generated at once.

    Raises:
        ConfigError: for a length or a size that the backbone does not have, or windows that Latte
            did not learn.
    """
    c, t, h, w = scale.shape
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


def _class_indices(config: Config, classes: tuple[str, ...], learned: tuple[int, ...]) -> list[int]:
    """Places of the classes to draw from, in the order that is asked for.

    Args:
        config: names them, or none for all.
        classes: all names.
        learned: places of those that had clips; nothing is known of the others.

    Raises:
        ConfigError: for one that Latte did not learn.
    """
    names = [classes[i] for i in learned] if classes else []
    unknown = [name for name in config.classes if name not in names]
    if unknown:
        known = ", ".join(names) or f"none, for {config.latte} learned without classes"
        what = "no clip was learned of" if unknown[0] in classes else "no class is called"
        raise ConfigError(f"classes: {what} {unknown[0]!r}; known: {known}")
    return [classes.index(name) for name in config.classes or names]


def _conclude(record: Run, config: Config, names: list[str]) -> None:
    """Labels, contact sheet and the run's one line of metrics."""
    if distributed.is_main():
        write_json(record.folder / "labels.json", names)
        show(record.folder, config.formats, out=record.folder / "samples")
    line = {"step": 0, "kind": "samples", "clips": config.num, "times": {}}
    record.write_metrics([line])
    record.finish({"clips": config.num})


def _clip_path(run: Path, index: int) -> Path:
    return run / "clips" / f"{index:06d}.npy"
