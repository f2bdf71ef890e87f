"""The demonstration: part after part is computed, and the page written anew with each."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import torch

from pvvae import distributed
from pvvae.autoencoder.long_video import through
from pvvae.box import Box
from pvvae.data.video.pixels import to_pixels
from pvvae.data.video.video import Frames
from pvvae.files import write_text
from pvvae.model import PredictiveVAE
from pvvae.report.demo import sections
from pvvae.report.demo.clips import FRAMES, OBSERVED, DemoClip, held_out_scenes, real_clip
from pvvae.report.demo.futures import futures, predicted, repeated
from pvvae.report.demo.samples import generated
from pvvae.report.html_shell import Section, shell

SHOWN, MEASURED = 5, 20
"""Ours: one scene of each kind of motion is shown; 20 are measured, in seconds."""
LEAD = (
    "Small networks that came with this project, on clips that they have not seen: nothing was "
    "trained for this page."
)


def demonstrate(box: Box, path: Path, *, measured: int = MEASURED) -> Iterator[str]:
    """Write the page part by part; yields each part's head once the page has it.

    Args:
        box: whose networks are shown.
        path: of the page.
        measured: scenes that errors are measured on.

    Raises:
        ConfigError: if a network does not load, or a package whose pictures or video are shown is
            missing.
    """
    written: list[Section] = []
    for section in _parts(box, measured):
        written.append(section)
        write_text(path, _page(written, box))
        yield section.head


def _parts(box: Box, measured: int) -> Iterator[Section]:
    device = distributed.device()
    vaes = {name: box.vae(name).to(device) for name in box.vaes}
    shown = {box.vaes[name].label: vae for name, vae in vaes.items() if not box.vaes[name].twin_of}
    every = {box.vaes[name].label: vae for name, vae in vaes.items()}
    scenes, street = held_out_scenes(SHOWN), real_clip()
    yield _reconstructions([*scenes, street], shown)
    yield _futures([*scenes, street], shown)
    yield _horizons(held_out_scenes(measured), every)
    yield _latents([*scenes, street], every)
    for name, latte in box.lattes.items():
        label = box.vaes[latte.vae].label
        yield Section(
            key=f"samples-{name}",
            head=f"Samples, {label}",
            lead="Noise, turned into latents by Latte and into video by the decoder.",
            body=sections.samples(generated(box, name, vaes[latte.vae])),
        )


def _reconstructions(clips: Sequence[DemoClip], vaes: Mapping[str, PredictiveVAE]) -> Section:
    made = {label: [through(vae, clip.frames) for clip in clips] for label, vae in vaes.items()}
    return Section(
        key="reconstructions",
        head="Reconstructions",
        lead="Left the clip, then what each VAE makes of its latents.",
        body=sections.side_by_side(clips, made, dB=True, observed=None),
    )


def _futures(clips: Sequence[DemoClip], vaes: Mapping[str, PredictiveVAE]) -> Section:
    made: dict[str, list[Frames]] = {
        label: [predicted(vae, clip.frames) for clip in clips] for label, vae in vaes.items()
    }
    made["last frame repeated"] = [repeated(clip.frames) for clip in clips]
    return Section(
        key="predictions",
        head="Predicted futures",
        lead=f"The encoder sees frames 1–{OBSERVED} of {FRAMES}; where the bar is amber, the "
        "decoder had to predict. Figures are of those frames alone.",
        body=sections.side_by_side(clips, made, dB=True, observed=OBSERVED),
    )


def _horizons(scenes: Sequence[DemoClip], vaes: Mapping[str, PredictiveVAE]) -> Section:
    made = futures(scenes, vaes)
    return Section(
        key="horizon",
        head="How far the future is foretold",
        lead="On scenes every pixel's motion is known, so that what moves is told from the rest.",
        body=sections.verdicts(scenes, made) + sections.horizons(scenes, made),
    )


def _latents(clips: Sequence[DemoClip], vaes: Mapping[str, PredictiveVAE]) -> Section:
    means: dict[str, list[np.ndarray]] = {
        label: [_mean(vae, clip.frames) for clip in clips] for label, vae in vaes.items()
    }
    strides = {
        label: (vae.backbone.stride.time, vae.backbone.stride.space) for label, vae in vaes.items()
    }
    return Section(
        key="latents",
        head="Latents as colours",
        lead="Their three principal components as red, green and blue, clip by clip.",
        body=sections.latents(clips, means, strides),
    )


@torch.inference_mode()
def _mean(vae: PredictiveVAE, clip: Frames) -> np.ndarray:
    """Latents (c, t, h, w) of a clip (T, H, W, 3)."""
    x = to_pixels(clip).to(distributed.device())
    mean: np.ndarray = vae.backbone.encode(x).mean[0].cpu().numpy()
    return mean


def _page(written: Sequence[Section], box: Box) -> str:
    names = ", ".join(vae.label for vae in box.vaes.values())
    return shell(
        written,
        title="demonstration",
        over=names,
        heading="What predictive latents do",
        header=f'<div class="lead"><p>{escape(LEAD)}</p></div>',
    )
