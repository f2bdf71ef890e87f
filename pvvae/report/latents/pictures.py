"""Clips beside their flow and their latents in colours (Figures 1c and 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from pvvae import distributed
from pvvae.analysis.clips import AnalysedClips
from pvvae.analysis.flow import in_colours, speed
from pvvae.analysis.latents import AnalysedVAE
from pvvae.data.latent_scale import LatentScale
from pvvae.data.video.video import SAMPLE_FPS, Frames, write_video
from pvvae.errors import ConfigError
from pvvae.files import write_atomic
from pvvae.metrics.latent_colours import ColourBasis, colour_basis
from pvvae.report.runs import film

Basis = Literal["own", "shared"]
FITTED = 64
"""Clips that a basis is fitted on; as many images as Spectrum Matching's ``latent_analysis.py``."""
FAST = 99.0
"""Percentile of a clip's speeds that has full colour. Ours: one wild vector would pale the rest."""


@dataclass(frozen=True)
class Picture:
    """One clip and what is shown beside it, all (T, H, W, 3)."""

    title: str
    columns: Mapping[str, Frames]
    """By caption: the clip, its flow, and every VAE's latents."""

    @property
    def film(self) -> Frames:
        """All columns in step."""
        return film.beside([film.enlarged(clip) for clip in self.columns.values()])

    @property
    def stills(self) -> tuple[int, int]:
        """Two frames that are not adjacent, as Figure 4 shows: at a third and at the end."""
        count = len(next(iter(self.columns.values())))
        return count // 3, count - 1


def pictures(
    found: Sequence[AnalysedVAE], clips: AnalysedClips, *, shown: int, basis: Basis
) -> list[Picture]:
    """Pictures of the first clips.

    Raises:
        ConfigError: if a shared basis is asked for latents of different channels.
    """
    bases = _bases(found, shared=basis == "shared")
    made = []
    for number in range(min(shown, len(clips))):
        frames = clips.frames(number)
        columns = {"clip": frames, "flow": flow_picture(clips, number, frames)}
        for one in found:
            z = _normalised(one, [number])[0]
            columns[one.label] = bases[one.label].paint(z, stride=one.stride)
        made.append(Picture(clips.title(number), columns))
    return made


def flow_picture(clips: AnalysedClips, number: int, frames: Frames) -> Frames:
    """(T, H, W, 3) how each frame's pixels go on; the last frame's stand twice."""
    flow = clips.flow(number, frames)
    fastest = float(np.percentile(speed(flow), FAST))
    made = in_colours(flow, fastest=fastest)
    return np.concatenate([made, made[-1:]])


def write_pictures(made: Sequence[Picture], folder: Path) -> None:
    """Every picture as FOLDER/NN.mp4, and its stills as FOLDER/NN_FRAME.png.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    if not distributed.is_main():
        return
    for number, picture in enumerate(made):
        write_video(folder / f"{number:02d}.mp4", picture.film, fps=SAMPLE_FPS)
        for still in picture.stills:
            image = Image.fromarray(np.ascontiguousarray(picture.film[still]))
            name = f"{number:02d}_{still + 1}.png"
            write_atomic(folder / name, partial(image.save, format="PNG"))


def _bases(found: Sequence[AnalysedVAE], *, shared: bool) -> dict[str, ColourBasis]:
    fitted = {one.label: _normalised(one, range(min(FITTED, len(one.kept.keys)))) for one in found}
    if not shared:
        return {label: colour_basis(latents) for label, latents in fitted.items()}
    channels = {latents[0].shape[0] for latents in fitted.values()}
    if len(channels) > 1:
        raise ConfigError(
            f"--basis shared: the latents have {', '.join(map(str, sorted(channels)))} channels; "
            "give each its own"
        )
    one_for_all = colour_basis([z for latents in fitted.values() for z in latents])
    return dict.fromkeys(fitted, one_for_all)


def _normalised(one: AnalysedVAE, chosen: Sequence[int]) -> list[np.ndarray]:
    """Latents (c, t, h, w) of some clips, each channel with mean 0 and deviation 1."""
    facts = one.results.facts
    c, t, h, w = facts["latent_shape"]
    scale = LatentScale(
        mean=facts["scale"]["mean"],
        deviation=facts["scale"]["std"],
        shape=(c, t, h, w),
        classes=(),
        encoder="",
    )
    return [scale.normalize(row["latent"]).numpy() for row in one.kept.rows(chosen)]
