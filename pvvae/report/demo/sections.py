"""HTML of the demonstration's parts."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from pvvae.data.video.video import Frames
from pvvae.evaluation.known_motion import Clip
from pvvae.metrics.latent_colours import colour_basis
from pvvae.report.runs import film

Made = Mapping[str, Sequence[Frames]]
"""By label, what became of each clip."""


def side_by_side(clips: Sequence[Clip], made: Made, *, dB: bool, observed: int | None) -> str:  # noqa: N803
    """A card a clip: it, and what every label made of it, in one video.

    Args:
        clips: shown.
        made: by label.
        dB: say how near each comes, over the frames that were not observed if some were.
        observed: frames that the maker was shown; None is all.
    """
    cards = []
    for index, clip in enumerate(clips):
        parts = [clip.frames, *(frames[index] for frames in made.values())]
        whole = film.beside([film.enlarged(part) for part in parts])
        if observed is not None:
            whole = film.with_bar(whole, observed=observed)
        labels = [clip.title]
        for label, frames in made.items():
            near = film.clip_psnr(frames[index][observed or 0 :], clip.frames[observed or 0 :])
            labels.append(f"{label} {near:.1f} dB" if dB else label)
        cards.append(card(whole, labels))
    return f'<div class="grid pairs">{"".join(cards)}</div>'


def card(frames: Frames, labels: Sequence[str]) -> str:
    """A video with a word below each of its columns."""
    captions = "".join(f"<span>{escape(label)}</span>" for label in labels)
    return (
        f'<figure class="card">{video(frames)}<figcaption class="row">{captions}</figcaption>'
        "</figure>"
    )


def video(frames: Frames) -> str:
    """A clip that plays on and on."""
    height, width = frames.shape[1:3]
    return (
        f'<video src="{film.video_uri(frames)}" width="{width}" height="{height}" '
        "autoplay loop muted playsinline></video>"
    )


def latents(
    clips: Sequence[Clip],
    means: Mapping[str, Sequence[np.ndarray]],
    stride: Mapping[str, tuple[int, int]],
) -> str:
    """Clips beside their latents in colours."""
    made = {label: painted(each, stride=stride[label]) for label, each in means.items()}
    return side_by_side(clips, made, dB=False, observed=None)


def painted(means: Sequence[np.ndarray], *, stride: tuple[int, int]) -> list[Frames]:
    """Latents (c, t, h, w) of clips as frames: what is alike has one colour in all of them."""
    basis = colour_basis(means)
    return [basis.paint(mean, stride=stride) for mean in means]


def samples(made: Sequence[tuple[str, Frames]]) -> str:
    """Generated clips with the class that each was asked for."""
    cells = [
        f"<figure>{video(film.enlarged(frames))}<figcaption>{escape(label) or '&nbsp;'}"
        "</figcaption></figure>"
        for label, frames in made
    ]
    return f'<div class="grid samples">{"".join(cells)}</div>'
