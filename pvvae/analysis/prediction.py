"""How far predicted frames are off, over the horizon, beside three rivals."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from arch.interface import PeerConfig
from pvvae import distributed, seeding
from pvvae.analysis.clips import AnalysedClips
from pvvae.analysis.futures import Future, future_of
from pvvae.analysis.latents import MEASURED, Sources
from pvvae.autoencoder.long_video import through, unit
from pvvae.data.latent_scale import encoder_digest
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.metrics.intervals import Interval, jackknife_interval
from pvvae.metrics.marked_pixels import marked_errors, marked_share
from pvvae.metrics.results import Results, Value
from pvvae.model import PredictiveVAE
from pvvae.pretrained.vae_source import open_vae
from pvvae.run.item_results import ItemResults, Row
from pvvae.run.progress_bar import progress

FILE = "analysis.json"
VERSION = 1
PREDICTED, REPEATED, EXTRAPOLATED, REBUILT = "predicted", "repeated", "extrapolated", "rebuilt"
MAKERS = (PREDICTED, REPEATED, EXTRAPOLATED, REBUILT)
PIXELS = ("moving", "still")
"""Rows of a table of errors: pixels that moved since the frame before, and the others."""
PROTOCOL = {
    "error": "squared, on pixels of 8 bits in [0, 1], over the withheld frames",
    "moving": "half a pixel or more since the frame before",
    "repeated": "the last observed frame",
    "extrapolated": "the last observed frame, moved on at its own velocity",
    "rebuilt": "the VAE's own reconstruction of the whole clip",
}


@dataclass(frozen=True)
class AnalysedPrediction:
    """One VAE that saw ``observed`` frames."""

    label: str
    observed: int
    results: Results


def analyse_prediction(
    sources: Sources, clips: AnalysedClips, observed: Sequence[int | None], out: Path
) -> list[AnalysedPrediction]:
    """Let every VAE predict every clip, and write OUT/analysis.json.

    What is measured of each clip stays in OUT/measured until it is forgotten; a later start with
    the same VAEs and clips uses it.

    Args:
        sources: by label.
        clips: which clips.
        observed: numbers of frames to show; None is about half, as in Figure 6.
        out: a folder.

    Raises:
        ConfigError: if a VAE cannot be had, does not take such clips, or has nothing to predict, or
            a file cannot be written.
    """
    found = []
    for label, source in sources.items():
        vae = open_vae(source).to(distributed.device())
        for asked in observed:
            found.append(_analyse(label, vae, clips, asked, out))
    plain: dict[str, dict[str, Any]] = {}
    for one in found:
        plain.setdefault(one.label, {})[str(one.observed)] = one.results.plain()
    write_json(out / FILE, {"kind": "prediction", "runs": plain})
    return found


def _analyse(
    label: str, vae: PredictiveVAE, clips: AnalysedClips, asked: int | None, out: Path
) -> AnalysedPrediction:
    began, seed = time.monotonic(), clips.question.seed
    dropped, observed = split_of(vae, clips, asked, label)
    kept = ItemResults(out / MEASURED, remember=False)
    digest, where = weights_digest(vae), clips.protocol()
    how: list[int | str] = [VERSION, digest, observed, str(where["flow"]), str(where["size"]), seed]
    keys = [
        seeding.key("prediction", *how, chosen.sha256, number)
        for number, chosen in enumerate(clips.drawn.chosen)
    ]
    done = sum(map(kept.has, keys))
    with progress(f"{label}: {observed} frames seen", len(keys), start=done) as bar:
        for number, key in enumerate(keys):
            if kept.has(key):
                continue
            future = future_of(clips, number, observed=observed)
            made = {PREDICTED: through(vae, future.frames, dropped=dropped, seed=seed)}
            made[REBUILT] = through(vae, future.frames)
            kept.keep(key, errors_of(made, future, observed=observed))
            bar.update()
    rows = [kept.row(key) for key in keys]  # some hundred numbers a clip
    results = Results(
        metrics=_metrics(rows, observed, seed=seed),
        protocol=where | PROTOCOL | {"observed": observed},
        counts={"clips": len(clips), "skipped": len(clips.drawn.skipped)},
        seeds={"clips": seed, "pad": seed, "intervals": seed},
        facts={"latent": vae.backbone.latent_config, "weights_of_vae": digest}
        | _facts(rows, observed),
        times={"seconds": time.monotonic() - began},
    )
    return AnalysedPrediction(label, observed, results)


def split_of(
    vae: PredictiveVAE, clips: AnalysedClips, asked: int | None, label: str
) -> tuple[int, int]:
    """Groups to drop and frames that are then seen.

    Raises:
        ConfigError: naming the VAE, if it does not take such clips, or nothing would be left.
    """
    q = clips.question
    try:
        vae.backbone.check_size(q.height, q.width)
        groups = vae.backbone.latent_frames(q.frames)
        if asked is None:
            dropped, asked = vae.latter_half(q.frames)
        else:
            dropped = groups - vae.backbone.latent_frames(asked)
    except ValueError as error:
        raise ConfigError(f"{label}: {error}") from None
    if dropped < 1 or asked < 2:
        most = q.frames - vae.backbone.stride.time
        raise ConfigError(
            f"{label}: --observed: {asked} of {q.frames} frames; between "
            f"{1 + vae.backbone.stride.time} and {most} leave something to go on and to predict"
        )
    return dropped, asked


def weights_digest(vae: PredictiveVAE) -> str:
    """sha256 of all that a prediction depends on: encoder, decoder and pad."""
    digest = hashlib.sha256(encoder_digest(vae.backbone).encode())
    if vae.pad is not None:
        digest.update(vae.pad.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def errors_of(made: Mapping[str, Frames], future: Future, *, observed: int) -> Row:
    """Mean squared errors (2, T) of every maker, the rivals too, and the pixels' ``share`` (2, T).

    Rows are those of ``PIXELS``; 0 where a frame has none of them.
    """
    everyone = dict(made)
    everyone[REPEATED] = future.repeated(observed)
    everyone[EXTRAPOLATED] = future.extrapolated
    marks = torch.from_numpy(np.stack([future.moving, ~future.moving]))  # (2, T, H, W)
    truth = unit(future.frames)

    def both(clip: Frames) -> Tensor:
        parts = [marked_errors(unit(clip), truth, mark[None])[0] for mark in marks]
        return torch.nan_to_num(torch.stack(parts))

    return {name: both(clip) for name, clip in everyone.items()} | {"share": marked_share(marks)}


def _sums(rows: Sequence[Row], maker: str, pixels: int, observed: int) -> Tensor:
    """(N, 2) error summed over withheld frames, and how many pixels of a frame these were."""
    share = torch.stack([row["share"][pixels, observed:] for row in rows])
    errors = torch.stack([row[maker][pixels, observed:] for row in rows])
    return torch.stack([(errors * share).sum(dim=1), share.sum(dim=1)], dim=1)


def _ratio(rows: Tensor) -> float:
    """Sum of the first column over that of the last."""
    over, under = rows.sum(dim=0)[[0, -1]].tolist()
    return over / under if under else float("nan")


def _value(rows: Tensor, seed: int, *, less: float = 0.0) -> Value:
    value = _ratio(rows) - less
    if value != value:
        return Value(value=None, note="no clip has such pixels")
    interval: Interval | None = jackknife_interval(
        value, lambda kept: _ratio(kept) - less, rows, seed=seed
    )
    return Value(value=value, interval=interval)


def _metrics(rows: Sequence[Row], observed: int, *, seed: int) -> dict[str, Value]:
    """``MAKER_PIXELS_mse`` of each maker, and ``predicted_against_RIVAL_PIXELS``: their ratio less
    one, so that below zero the prediction is better."""
    found = {}
    for place, pixels in enumerate(PIXELS):
        sums = {maker: _sums(rows, maker, place, observed) for maker in MAKERS}
        for maker, of in sums.items():
            found[f"{maker}_{pixels}_mse"] = _value(of, seed)
        for rival in MAKERS[1:]:
            both = torch.stack([sums[PREDICTED][:, 0], sums[rival][:, 0]], dim=1)
            found[f"predicted_against_{rival}_{pixels}"] = _value(both, seed, less=1.0)
    return found


def _facts(rows: Sequence[Row], observed: int) -> dict[str, Any]:
    """Mean error of each withheld frame over all such pixels; None where a frame has none."""
    curves: dict[str, dict[str, list[float | None]]] = {}
    for place, pixels in enumerate(PIXELS):
        share = torch.stack([row["share"][place, observed:] for row in rows])
        whole = share.sum(dim=0)
        for maker in MAKERS:
            errors = torch.stack([row[maker][place, observed:] for row in rows])
            means = ((errors * share).sum(dim=0) / whole).tolist()
            known = [value if weight else None for value, weight in zip(means, whole, strict=True)]
            curves.setdefault(pixels, {})[maker] = known
    moving = torch.stack([row["share"][0, observed:] for row in rows]).mean()
    return {"observed": observed, "curves": curves, "moving_share": float(moving)}


def opened(sources: Mapping[str, str | PeerConfig], label: str) -> PredictiveVAE:
    """The VAE of a label, on this process's device."""
    return open_vae(sources[label]).to(distributed.device())
