"""The sections of the page that show clips and curves; each is empty where there are none."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from pvvae.config.reading import read_json
from pvvae.data.video.video import Frames
from pvvae.report.runs import curves, film
from pvvae.report.runs.run_records import RunGroup, stage_order
from pvvae.report.runs.summary import name

MOST_SAMPLES = 48
"""Ours: a browser plays some 75 videos on one page; this leaves room for the other sections."""

Made = tuple[RunGroup, Frames]
"""A clip (T, H, W, 3) and the group whose VAE made it."""


def predictions(groups: Sequence[RunGroup]) -> str:
    """Predicted futures beside the truth: a video and a film strip of every clip and group."""
    by_observed: dict[int, list[RunGroup]] = {}
    for group in groups:
        if group.observed is not None and group.clips is not None:
            by_observed.setdefault(group.observed, []).append(group)
    cards = [
        _prediction_card(index, observed, *row)
        for observed, members in by_observed.items()
        for index in _shown(members, "prediction")
        for row in _by_truth(members, index, "prediction")
    ]
    return "".join(cards)


def _prediction_card(index: int, observed: int, truth: Frames, shown: Sequence[Made]) -> str:
    chosen = film.strip_frames(len(truth), observed=observed)
    legend = (
        '<span class="legend"><i class="key observed"></i>observed'
        '<i class="key predicted"></i>predicted</span>'
    )
    head = "".join(
        f'<span class="{_side(i, observed)} frame"><b>{_side(i, observed)}</b> {i + 1}</span>'
        for i in chosen
    )
    rows = [f'<span></span><span class="pair"><b>truth</b><b>prediction</b></span>{head}']
    blank = ["neutral"] * len(chosen)
    rows.append(f"<span>truth</span>{legend}{_strip(truth, chosen, blank, observed)}")
    for group, clip in shown:
        sides = [_side(i, observed) for i in chosen]
        both = film.beside([film.enlarged(truth), film.enlarged(clip)])
        video = _video(film.with_bar(both, observed=observed))
        rows.append(f"{name(group)}{video}{_strip(clip, chosen, sides, observed)}")
    columns = f"4rem 17rem repeat({len(chosen)}, minmax(4.5rem, 1fr))"
    return (
        f'<figure class="card wide"><div class="strip" style="grid-template-columns:{columns}">'
        f"{''.join(rows)}</div><figcaption>Clip {index + 1}: the encoder saw frames 1–{observed} "
        f"of {len(truth)}. PSNR of the others: {_future_psnr(truth, observed, shown)}."
        "</figcaption></figure>"
    )


def _future_psnr(truth: Frames, observed: int, shown: Sequence[Made]) -> str:
    """What each prediction reaches beyond the observed frames, and what repeating would."""
    repeated = np.repeat(truth[observed - 1 : observed], len(truth) - observed, axis=0)
    future = [(name(group), clip[observed:]) for group, clip in shown]
    future.append((f"repeating frame {observed}", repeated))
    return ", ".join(f"{who} {film.clip_psnr(c, truth[observed:]):.1f} dB" for who, c in future)


def _side(frame: int, observed: int) -> str:
    return "observed" if frame < observed else "predicted"


def _strip(clip: Frames, chosen: Sequence[int], sides: Sequence[str], observed: int) -> str:
    """Stills of the chosen frames; the first predicted one carries the boundary."""
    cells = []
    for i, side in zip(chosen, sides, strict=True):
        edge = " edge" if i == observed else ""
        uri = film.picture_uri(clip[i])
        cells.append(f'<img class="{side}{edge}" src="{uri}" alt="frame {i + 1}">')
    return "".join(cells)


def reconstructions(groups: Sequence[RunGroup]) -> str:
    """Inputs beside what each group rebuilds of them, in one video a clip."""
    cards = [
        _reconstruction_card(*row)
        for index in _shown(groups, "reconstruction")
        for row in _by_truth(groups, index, "reconstruction")
    ]
    return f'<div class="grid pairs">{"".join(cards)}</div>' if cards else ""


def _reconstruction_card(truth: Frames, shown: Sequence[Made]) -> str:
    labels = ["input", *(f"{name(g)} {film.clip_psnr(clip, truth):.1f} dB" for g, clip in shown)]
    clips = [truth, *(clip for _, clip in shown)]
    video = _video(film.beside([film.enlarged(clip) for clip in clips]))
    captions = "".join(f"<span>{label}</span>" for label in labels)
    return f'<figure class="card">{video}<figcaption class="row">{captions}</figcaption></figure>'


def samples(groups: Sequence[RunGroup]) -> str:
    """Generated clips with the class each was asked for."""
    parts = []
    for group in groups:
        record = group.of("generate")
        paths = sorted((record.folder / "clips").glob("*.npy")) if record else []
        if record is None or record.damage or not paths:
            continue
        labels = _labels(record.folder / "labels.json")
        cells = [
            f"<figure>{_video(film.enlarged(np.load(path)))}"
            f"<figcaption>{escape(labels.get(path.stem, '')) or '&nbsp;'}</figcaption></figure>"
            for path in paths[: min(16, MOST_SAMPLES // len(groups))]
        ]
        sampler = record.config.get("sampler") or {}
        facts = ", ".join(f"{key} {value}" for key, value in sampler.items())
        parts.append(
            f"<h3>{name(group)} <small>{len(paths)} samples; {escape(facts)}</small></h3>"
            f'<div class="grid samples">{"".join(cells)}</div>'
        )
    return "".join(parts)


def _labels(path: Path) -> dict[str, str]:
    """Class names by the clip's file name; empty while the samples are unfinished."""
    names = read_json(path) if path.exists() else []
    return {f"{i:06d}": str(label) for i, label in enumerate(names)}


def plots(groups: Sequence[RunGroup]) -> str:
    """Curves of the evaluation, then of every training stage, all groups overlaid."""
    legend = "".join(f"<span>{name(group)}</span>" for group in groups)
    parts = [_plot_row("Evaluation", curves.evaluation_plots(groups), legend)]
    stages = {
        r.stage for g in groups for r in g.records if any(x["kind"] == "train" for x in r.metrics)
    }
    for stage in sorted(stages, key=stage_order):
        note = f"{legend}<span>line: training</span><span>dot: held out</span>"
        drawn, timed = curves.stage_plots(groups, stage), curves.cost_plots(groups, stage)
        parts.append(_plot_row(stage, drawn, note, timed=timed))
    return "".join(parts)


def _plot_row(
    title: str,
    drawn: Sequence[tuple[str, str]],
    legend: str,
    *,
    timed: Sequence[tuple[str, str]] = (),
) -> str:
    """A row of plots; those that are ``timed`` depend on the clock."""
    if not drawn:
        return ""
    figures = "".join(
        f"<figure class='{kind}'><figcaption>{escape(title)}</figcaption>{svg}</figure>"
        for kind, some in (("plot", drawn), ("plot time", timed))
        for title, svg in some
    )
    return (
        f'<h3>{escape(title)} <small class="legend">{legend}</small></h3>'
        f'<div class="grid plots">{figures}</div>'
    )


def _shown(groups: Sequence[RunGroup], kind: str) -> list[int]:
    """Numbers of the clips that any group has of this kind."""
    names = [p.stem for g in groups if g.clips for p in g.clips.glob(f"*_{kind}.npy")]
    return sorted({int(stem.split("_")[0]) for stem in names})


def _by_truth(groups: Sequence[RunGroup], index: int, kind: str) -> list[tuple[Frames, list[Made]]]:
    """What the groups made of clip ``index``; those that saw another clip stand by themselves."""
    rows: list[tuple[Frames, list[Made]]] = []
    for group in groups:
        truth, made = _clip(group, index, "original"), _clip(group, index, kind)
        if truth is None or made is None:
            continue
        same = next((row for row in rows if np.array_equal(row[0], truth)), None)
        if same is None:
            rows.append((truth, [(group, made)]))
        else:
            same[1].append((group, made))
    return rows


def _clip(group: RunGroup, index: int, kind: str) -> Frames | None:
    path = group.clips / f"{index:06d}_{kind}.npy" if group.clips else None
    if path is None or not path.exists():
        return None
    clip: Frames = np.load(path)
    return clip


def _video(frames: Frames) -> str:
    height, width = frames.shape[1:3]
    return (
        f'<video src="{film.video_uri(frames)}" width="{width}" height="{height}" '
        "autoplay loop muted playsinline></video>"
    )
