"""HTML of the demonstration's parts."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from pvvae.data.video.video import Frames
from pvvae.metrics.latent_colours import in_colours
from pvvae.report.demo.clips import OBSERVED, DemoClip
from pvvae.report.demo.futures import EXTRAPOLATED, REPEATED, against, horizon
from pvvae.report.demo.plot import horizon_plot
from pvvae.report.runs import film

Made = Mapping[str, Sequence[Frames]]
"""By label, what became of each clip."""


def side_by_side(clips: Sequence[DemoClip], made: Made, *, dB: bool, observed: int | None) -> str:  # noqa: N803
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
    clips: Sequence[DemoClip],
    means: Mapping[str, Sequence[np.ndarray]],
    stride: Mapping[str, tuple[int, int]],
) -> str:
    """Clips beside their latents in colours."""
    made = {
        label: [in_colours(mean, stride=stride[label]) for mean in each]
        for label, each in means.items()
    }
    return side_by_side(clips, made, dB=False, observed=None)


def horizons(scenes: Sequence[DemoClip], made: Made) -> str:
    """Curves of error over the horizon, on what moves and on what stands still."""
    figures = []
    for moves, title in ((True, "what moves"), (False, "what stands still")):
        curves = {
            label: horizon(scenes, frames, moves=moves).by_frame for label, frames in made.items()
        }
        plot = horizon_plot(curves, name=f"horizon-{title.replace(' ', '-')}", first=OBSERVED + 1)
        figures.append(
            f'<figure class="plot"><figcaption>Squared error, {title}</figcaption>{plot}</figure>'
        )
    legend = "".join(
        f'<span class="b{colour}">{escape(label)}</span>' for colour, label in enumerate(made)
    )
    return (
        f'<p class="legend">{legend}</p><div class="grid halves">{"".join(figures)}</div>'
        f'<p class="caption">Means over the pixels of {len(scenes)} held-out scenes, on [0, 1]; '
        f"the encoder saw frames 1–{OBSERVED}. “{EXTRAPOLATED.capitalize()}” is told the true "
        "motion of every pixel in the last frame seen, which whatever has to estimate it does "
        "not know.</p>"
    )


def verdicts(scenes: Sequence[DemoClip], made: Made) -> str:
    """A table: error against repetition, on what moves and on what stands still, with intervals."""
    rows = []
    for label, frames in made.items():
        if label == REPEATED:
            continue
        cells = []
        for moves in (True, False):
            ours = horizon(scenes, frames, moves=moves)
            other = horizon(scenes, made[REPEATED], moves=moves)
            cells.append(f"<td>{in_words(*against(ours, other))}</td>")
        rows.append(f"<tr><th>{escape(label)}</th>{''.join(cells)}</tr>")
    return (
        '<div class="wide"><table><thead><tr><th>error against repeating the last frame</th>'
        f"<th>what moves</th><th>what stands still</th></tr></thead><tbody>{''.join(rows)}"
        '</tbody></table></div><p class="caption">Below zero is better than repeating; in brackets '
        "95% intervals over scenes.</p>"
    )


def in_words(value: float, interval: tuple[float, float] | None) -> str:
    """A share as percent, with its interval."""
    text = f"{value:+.0%}"
    if interval is not None:
        text += f' <small class="interval">({interval[0]:+.0%} to {interval[1]:+.0%})</small>'
    return text.replace("-", "−")


def samples(made: Sequence[tuple[str, Frames]]) -> str:
    """Generated clips with the class that each was asked for."""
    cells = [
        f"<figure>{video(film.enlarged(frames))}<figcaption>{escape(label) or '&nbsp;'}"
        "</figcaption></figure>"
        for label, frames in made
    ]
    return f'<div class="grid samples">{"".join(cells)}</div>'
