"""The demonstration: part after part is computed, and the page written anew with each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np
import torch

from pvvae import distributed
from pvvae.autoencoder.long_video import through
from pvvae.data.video.pixels import to_pixels
from pvvae.data.video.video import Frames
from pvvae.evaluation.futures import REPEATED, predicted, repeated
from pvvae.evaluation.known_motion import Clip
from pvvae.files import write_text
from pvvae.model import PredictiveVAE
from pvvae.report.demo import sections, verdicts
from pvvae.report.demo.cast import Actor, Cast, Group
from pvvae.report.demo.clips import FRAMES, OBSERVED, held_out_scenes, real_clip, real_clips
from pvvae.report.demo.samples import generated
from pvvae.report.html_shell import Section, shell

SHOWN, MEASURED = 5, 15
"""Ours: one scene of each kind of motion is shown, three are measured, in seconds."""
REAL = 8
"""Ours: real clips that are measured, in seconds; eleven are held out."""


def demonstrate(
    cast: Cast,
    path: Path,
    *,
    measured: int = MEASURED,
    real: int = REAL,
    more: str | None = None,
) -> Iterator[str]:
    """Write the page part by part; yields each part's head once the page has it.

    Args:
        cast: who is shown.
        path: of the page.
        measured: scenes that errors are measured on.
        real: real clips, likewise.
        more: address of a page with curves and tables, to be linked.

    Raises:
        ConfigError: if a package whose pictures or video are shown is missing.
    """
    page = _Page(cast=cast, more=more)
    for section in _parts(page, measured, real):
        page.sections.append(section)
        write_text(path, page.html())
        yield section.head


@dataclass
class _Page:
    """The page as it stands."""

    cast: Cast
    more: str | None
    tiles: str = ""
    """Figures at the top, once they are measured."""
    sections: list[Section] = field(default_factory=list)

    def html(self) -> str:
        link = f'<p><a href="{escape(self.more)}">Curves and tables</a></p>' if self.more else ""
        return shell(
            self.sections,
            title="demonstration",
            over=" · ".join(self.cast.everyone),
            heading=self.cast.heading,
            header=f'<div class="lead"><p>{escape(self.cast.lead)}</p>{link}</div>{self.tiles}',
        )


def _parts(page: _Page, measured: int, real: int) -> Iterator[Section]:
    cast = page.cast
    shown = [*held_out_scenes(SHOWN), real_clip()]
    for name, group in cast.groups.items():
        yield _reconstructions(name, shown, group)
    for name, group in cast.groups.items():
        yield _futures(name, shown, group)
    found = verdicts.judge(held_out_scenes(measured), real_clips(real), cast.everyone)
    page.tiles = verdicts.tiles(found, cast.groups)
    yield Section(
        key="horizon",
        head="How far the future is foretold",
        lead="On scenes every pixel's motion is known, so that what moves is told from the rest.",
        body=verdicts.table(found) + verdicts.plots(found),
    )
    yield _latents(shown, cast.everyone)
    for sampler in cast.samplers:
        yield Section(
            key="samples-" + sampler.label.lower().replace(", ", "-").replace(" ", "-"),
            head=f"Samples, {sampler.label}",
            lead="Noise, turned into latents by Latte and into video by the decoder. So small a "
            "Latte makes colours that move together, seldom objects.",
            body=sections.samples(generated(sampler)),
        )


def _titled(head: str, name: str) -> tuple[str, str]:
    """Key and head of a group's section."""
    key = head.split()[-1].lower()
    return (key, head) if not name else (f"{key}-{name.lower()}", f"{head}, {name}")


def _reconstructions(name: str, clips: Sequence[Clip], group: Group) -> Section:
    made = {
        _short(label, name): [through(actor.rebuilds, clip.frames) for clip in clips]
        for label, actor in group.items()
    }
    key, head = _titled("Reconstructions", name)
    return Section(
        key=key,
        head=head,
        lead="Left the clip, then what each VAE makes of its latents.",
        body=sections.side_by_side(clips, made, dB=True, observed=None),
    )


def _futures(name: str, clips: Sequence[Clip], group: Group) -> Section:
    made: dict[str, list[Frames]] = {
        _short(label, name): [predicted(a.predicts, c.frames, observed=OBSERVED) for c in clips]
        for label, a in group.items()
    }
    made[REPEATED] = [repeated(clip.frames, observed=OBSERVED) for clip in clips]
    key, head = _titled("Predicted futures", name)
    return Section(
        key=key,
        head=head,
        lead=f"The encoder sees frames 1–{OBSERVED} of {FRAMES}; where the bar is amber, the "
        "decoder had to predict. Figures are of those frames alone.",
        body=sections.side_by_side(clips, made, dB=True, observed=OBSERVED),
    )


def _short(label: str, name: str) -> str:
    """A label without the name of its group, which is in the head already."""
    return label.removeprefix(f"{name}, ") if name else label


def _latents(clips: Sequence[Clip], actors: Mapping[str, Actor]) -> Section:
    vaes = {label: actor.predicts for label, actor in actors.items()}
    means = {label: [latents_of(vae, c.frames) for c in clips] for label, vae in vaes.items()}
    strides = {label: stride_of(vae) for label, vae in vaes.items()}
    return Section(
        key="latents",
        head="Latents as colours",
        lead="Their three principal components as red, green and blue; a colour is one latent in "
        "all clips of a column.",
        body=sections.latents(clips, means, strides),
    )


def stride_of(vae: PredictiveVAE) -> tuple[int, int]:
    """Frames of a group, and pixels of a cell."""
    return vae.backbone.stride.time, vae.backbone.stride.space


@torch.inference_mode()
def latents_of(vae: PredictiveVAE, clip: Frames) -> np.ndarray:
    """Latents (c, t, h, w) of a clip (T, H, W, 3)."""
    x = to_pixels(clip).to(distributed.device())
    mean: np.ndarray = vae.backbone.encode(x).mean[0].cpu().numpy()
    return mean
