"""How well VAEs follow points of scenes by their tracers, beside what follows them trivially."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pvvae import distributed, seeding
from pvvae.analysis.clips import AnalysedClips
from pvvae.analysis.latents import MEASURED, Sources
from pvvae.analysis.prediction import split_of, weights_digest
from pvvae.data.clips import to_pixels
from pvvae.files import write_json
from pvvae.metrics.intervals import mean_interval
from pvvae.metrics.point_tracking import Queries, TrackingScores, tracking_scores
from pvvae.metrics.results import Results, Value
from pvvae.model import PredictiveVAE
from pvvae.pretrained.vae_source import open_vae
from pvvae.probes.points import Points, check_points, known_points
from pvvae.probes.tracer import TracerConfig, traced
from pvvae.run.item_results import ItemResults
from pvvae.run.progress_bar import progress

FILE = "analysis.json"
VERSION = 1
TRACED, STAYING, KEPT = "tracer", "staying", "velocity_kept"
SIDE = 256
"""Pixels of a frame's sides that errors are told in: TAP-Vid's raster."""
SCORES = ("auc", "delta")
ALL, MOVING = "all", "moving"
PROTOCOL = {
    "task": "points of the last frame seen, in the frames after it; AUC over 0 to 10 pixels of 256",
    "moving": "points that move half a pixel a frame or more when they are last seen",
    "staying": "every point stays where it is",
    "velocity_kept": "every point keeps its true velocity of the last frame seen",
}


@dataclass(frozen=True)
class ProbedTracking:
    """One VAE."""

    label: str
    results: Results


def probe_tracking(
    sources: Sources,
    clips: AnalysedClips,
    out: Path,
    *,
    observed: int | None,
    points: int,
    config: TracerConfig,
) -> list[ProbedTracking]:
    """Follow points of every clip by every VAE, and write OUT/analysis.json.

    What is found in a clip stays in OUT/measured until it is forgotten.

    Args:
        sources: by label.
        clips: scenes whose truth is known, or TAP-Vid-DAVIS.
        out: a folder.
        observed: frames that the encoder sees; None is about half.
        points: most of a clip.
        config: of the tracer.

    Raises:
        ConfigError: if no points of the clips are known, a VAE cannot be had or does not take
            them, or a file cannot be written.
    """
    check_points(clips)
    found = [
        _probe(
            label, open_vae(source).to(distributed.device()), clips, out, observed, points, config
        )
        for label, source in sources.items()
    ]
    runs = {one.label: one.results.plain() for one in found}
    write_json(out / FILE, {"kind": "tracking", "runs": runs})
    return found


def _probe(
    label: str,
    vae: PredictiveVAE,
    clips: AnalysedClips,
    out: Path,
    asked: int | None,
    count: int,
    config: TracerConfig,
) -> ProbedTracking:
    began, seed = time.monotonic(), clips.question.seed
    dropped, observed = split_of(vae, clips, asked, label)
    kept = ItemResults(out / MEASURED, remember=False)
    digest = weights_digest(vae)
    how: list[int | str] = [VERSION, digest, observed, count, seed, repr(config)]
    keys = [
        seeding.key("tracking", *how, chosen.sha256, n)
        for n, chosen in enumerate(clips.drawn.chosen)
    ]

    @torch.inference_mode()
    def predict(x: Tensor) -> Tensor:
        noise = vae.draw_pad(x, seed=seed, clips=[0] * len(x))
        pixels: Tensor = vae(x, dropped, pad_noise=noise)[0]
        return pixels.clamp(-1.0, 1.0)

    followed: list[tuple[Points, NDArray[np.float64]]] = []
    with progress(f"{label}: tracers", len(keys), start=0) as bar:
        for number, key in enumerate(keys):
            known = known_points(clips, number, observed=observed, count=count)
            if not kept.has(key):
                x = to_pixels(clips.frames(number)).to(distributed.device())
                start = torch.from_numpy(known.tracks[:, observed - 1]).to(x)
                places = start[:, None].expand(-1, x.shape[2] - observed, -1)
                if len(start):
                    places = traced(predict, x, start, observed=observed, config=config)
                kept.keep(key, {"places": places.float()})
            followed.append((known, kept.row(key)["places"].double().numpy()))
            bar.update()
    results = Results(
        metrics=_metrics(followed, clips, observed=observed, seed=seed),
        protocol=clips.protocol() | PROTOCOL | {"observed": observed, "tracer": repr(config)},
        counts={"clips": len(clips), "points": sum(len(p.tracks) for p, _ in followed)},
        seeds={"clips": seed, "pad": seed, "points": seed, "intervals": seed},
        facts={"latent": vae.backbone.latent_config, "weights_of_vae": digest},
        times={"seconds": time.monotonic() - began},
    )
    return ProbedTracking(label, results)


def _metrics(
    followed: Sequence[tuple[Points, NDArray[np.float64]]],
    clips: AnalysedClips,
    *,
    observed: int,
    seed: int,
) -> dict[str, Value]:
    """``WHO_SCORE_WHICH``: means over clips; those without such points are counted."""
    q = clips.question
    scale = np.array([SIDE / q.width, SIDE / q.height])
    scores: dict[str, list[TrackingScores | None]] = {}
    for points, places in followed:
        for which in (ALL, MOVING):
            chosen = points.moving if which == MOVING else np.ones(len(points.tracks), np.bool_)
            for who, where in _rivals(points, places, observed=observed).items():
                found = _scored(points, where, chosen, observed=observed, scale=scale)
                scores.setdefault(f"{who}/{which}", []).append(found)
    return {
        f"{name.split('/')[0]}_{score}_{name.split('/')[1]}": _value(each, score, seed)
        for name, each in scores.items()
        for score in SCORES
    }


def _rivals(
    points: Points, places: NDArray[np.float64], *, observed: int
) -> Mapping[str, NDArray[np.float64]]:
    """By name, (N, T', 2) where each has the points."""
    start = points.tracks[:, None, observed - 1]
    later = np.arange(1, places.shape[1] + 1)[None, :, None]
    return {
        TRACED: places,
        STAYING: np.broadcast_to(start, places.shape),
        KEPT: start + later * points.velocity[:, None],
    }


def _scored(
    points: Points,
    places: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    *,
    observed: int,
    scale: NDArray[np.float64],
) -> TrackingScores | None:
    """Scores of some points, in pixels of 256; a tracer does not say whether a point is seen."""
    tracks = points.tracks[chosen] * scale
    found = tracks.copy()
    found[:, observed:] = places[chosen] * scale
    count = len(tracks)
    queries = Queries(np.full(count, observed - 1), tracks[:, observed - 1], np.arange(count))
    return tracking_scores(
        queries,
        tracks,
        points.visible[chosen],
        found=found,
        found_visible=np.ones(found.shape[:2], np.bool_),
        mode="first",
    )


def _value(each: Sequence[TrackingScores | None], score: str, seed: int) -> Value:
    known = [_score(one, score) for one in each if one is not None]
    missing = len(each) - len(known)
    note = f"{missing} of {len(each)} clips have no such points" if missing else None
    if not known:
        return Value(value=None, note=note)
    interval = mean_interval(np.array(known), seed=seed)
    return Value(value=float(np.mean(known)), interval=interval, note=note)


def _score(one: TrackingScores, score: str) -> float:
    return {"auc": one.auc, "delta": one.delta}[score]


def text_table(found: Sequence[ProbedTracking]) -> str:
    """Lines to print."""
    rows: list[list[str]] = [["", *(one.label for one in found)]]
    for name in found[0].results.metrics:
        rows.append([name, *(_plain(one.results.metrics[name]) for one in found)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _plain(value: Value) -> str:
    if value.value is None:
        return "-"
    text = f"{value.value:.3f}"
    if value.interval is not None:
        text += " ({:.3f} to {:.3f})".format(*value.interval)
    return text
