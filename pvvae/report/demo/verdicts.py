"""Figures of the demonstration: how near reconstructions come, how far predictions are off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import fmean

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pvvae.autoencoder.long_video import through
from pvvae.data.video.video import Frames
from pvvae.evaluation.futures import (
    EXTRAPOLATED,
    REPEATED,
    Horizon,
    against,
    horizon,
    predicted,
    repeated,
)
from pvvae.evaluation.known_motion import Clip
from pvvae.report.demo.cast import Actor, Group
from pvvae.report.demo.clips import OBSERVED
from pvvae.report.runs.film import clip_psnr
from pvvae.report.svg import INK, STYLE, scale, stand_in, svg_of

MOVES, STILL, REAL = "what moves", "what stands still", "real video, every pixel"


@dataclass(frozen=True)
class Found:
    """All that was measured."""

    horizons: Mapping[str, Mapping[str, Horizon]]
    """By which pixels of which clips, then by what foretold them; of real clips no velocity is
    known."""
    psnr: Mapping[str, tuple[float, float]]
    """dB on scenes and on real clips, by label."""
    scenes: int
    real: int


def judge(scenes: Sequence[Clip], real: Sequence[Clip], actors: Mapping[str, Actor]) -> Found:
    """Measure all of them."""
    vaes = {label: actor.predicts for label, actor in actors.items()}
    made: dict[str, dict[str, list[Frames]]] = {}
    for where, clips in (("scenes", scenes), ("real", real)):
        made[where] = {
            label: [predicted(vae, clip.frames, observed=OBSERVED) for clip in clips]
            for label, vae in vaes.items()
        }
        made[where][REPEATED] = [repeated(clip.frames, observed=OBSERVED) for clip in clips]
    made["scenes"][EXTRAPOLATED] = [clip.extrapolated for clip in scenes]
    kinds: dict[str, tuple[Sequence[Clip], str, bool | None]] = {
        MOVES: (scenes, "scenes", True),
        STILL: (scenes, "scenes", False),
        REAL: (real, "real", None),
    }
    return Found(
        horizons={
            kind: {
                label: horizon(clips, frames, moves=moves, observed=OBSERVED)
                for label, frames in made[where].items()
            }
            for kind, (clips, where, moves) in kinds.items()
        },
        psnr={label: (_psnr(actor, scenes), _psnr(actor, real)) for label, actor in actors.items()},
        scenes=len(scenes),
        real=len(real),
    )


def _psnr(actor: Actor, clips: Sequence[Clip]) -> float:
    return fmean(clip_psnr(through(actor.rebuilds, c.frames), c.frames) for c in clips)


def tiles(found: Found, groups: Mapping[str, Group]) -> str:
    """A box of large figures for each VAE that is shown."""
    boxes = []
    shown = {label for group in groups.values() for label in group}
    for colour, label in enumerate(found.psnr):
        if label not in shown:
            continue
        of_scenes, of_real = found.psnr[label]
        moving = found.horizons[MOVES]
        ours, _ = against(moving[label], moving[REPEATED])
        boxes.append(
            f'<div class="headline c{colour % 6}"><h3>{escape(label)}</h3>'
            + _tile(f"{of_scenes:.1f}", "dB", "PSNR, scenes")
            + _tile(f"{of_real:.1f}", "dB", "PSNR, real video")
            + _tile(
                _percent(ours),
                "",
                "error of the predicted future, what moves, against repeating the last frame",
            )
            + "</div>"
        )
    return f'<div class="grid headlines">{"".join(boxes)}</div>'


def _tile(value: str, unit: str, words: str) -> str:
    mark = f"<i>{unit}</i>" if unit else ""
    return f'<div class="tile"><b>{value}{mark}</b><span>{words}</span></div>'


def table(found: Found) -> str:
    """Error against repetition with intervals, of each and of true velocities."""
    rows = []
    for label in found.horizons[MOVES]:
        if label == REPEATED:
            continue
        cells = "".join(f"<td>{_cell(of, label)}</td>" for of in found.horizons.values())
        rows.append(f"<tr><th>{escape(label)}</th>{cells}</tr>")
    heads = "".join(f"<th>{kind}</th>" for kind in found.horizons)
    return (
        '<div class="wide"><table><thead><tr><th>error against repeating the last frame</th>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="caption">Below zero is better than repeating; in brackets 95% intervals over '
        f"{found.scenes} scenes, {found.real} real clips of one video. On real video nobody knows "
        "what moves, so every pixel counts there.</p>"
    )


def _cell(horizons: Mapping[str, Horizon], label: str) -> str:
    if label not in horizons:
        return "–"
    return in_words(*against(horizons[label], horizons[REPEATED]))


def in_words(value: float, interval: tuple[float, float] | None) -> str:
    """A share as percent, with its interval."""
    text = _percent(value)
    if interval is not None:
        ends = f"({_percent(interval[0])} to {_percent(interval[1])})"
        text += f' <small class="interval">{ends}</small>'
    return text


def _percent(share: float) -> str:
    return f"{share:+.0%}".replace("-", "−")


def plots(found: Found) -> str:
    """Curves of error over the horizon, on what moves and on what stands still."""
    figures = []
    for kind, horizons in found.horizons.items():
        curves = {label: of.by_frame for label, of in horizons.items()}
        name = f"horizon-{kind.replace(',', '').replace(' ', '-')}"
        plot = horizon_plot(curves, name=name, first=OBSERVED + 1)
        figures.append(
            f'<figure class="plot"><figcaption>Squared error, {kind}</figcaption>{plot}</figure>'
        )
    legend = "".join(
        f'<span class="b{colour % 6}">{escape(label)}</span>'
        for colour, label in enumerate(found.horizons[MOVES])
    )
    return (
        f'<p class="legend">{legend}</p><div class="grid thirds">{"".join(figures)}</div>'
        f'<p class="caption">Means over pixels on [0, 1]; the encoder saw frames 1–{OBSERVED}. '
        f"“{EXTRAPOLATED.capitalize()}” is told the true motion of every pixel in the last frame "
        "seen, which whatever has to estimate it does not know.</p>"
    )


def horizon_plot(curves: Mapping[str, Sequence[float]], *, name: str, first: int) -> str:
    """Curves of one error a frame from frame ``first`` (of 1, 2, …) on, in the page's colours."""
    with rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=(3.6, 2.2), layout="constrained")
        axes = figure.add_subplot()
        for colour, values in enumerate(curves.values()):
            frames = range(first, first + len(values))
            axes.plot(
                frames, values, color=stand_in(colour), linewidth=1.6, marker="o", markersize=3
            )
        axes.set_xlabel("frame", color=INK, labelpad=2)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        scale(axes, [value for values in curves.values() for value in values], log=False)
        axes.set_ylim(bottom=0)
        return svg_of(figure, name)
