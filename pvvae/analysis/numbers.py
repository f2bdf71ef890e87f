"""What all clips say of one VAE's latents."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pvvae.analysis.measure import MATCHES, KeptLatents, looked_at
from pvvae.data.latent_scale import LatentScale
from pvvae.metrics.intervals import jackknife_interval, mean_interval
from pvvae.metrics.latent_covariance import FactoredCovariance, factored_covariance
from pvvae.metrics.latent_spectrum import (
    RHOS,
    rank_of_scatters,
    ring_spectrum,
    spectrum_facts,
    spectrum_mismatch,
)
from pvvae.metrics.results import Value
from pvvae.training.monitoring.latent_health import ACTIVE

LEAST = 4
"""Clips that a class must have for a covariance of its own ("Diffusing in the Right Space")."""
SHAPED = "depends on the latent's size: compare with latents of the same size alone"
STILL = "clips without any motion, or with the same everywhere, have no correlation"
FEW_CELLS = "too few cells for such pairs"


@dataclass(frozen=True)
class LatentNumbers:
    """Metrics with intervals over clips, and what pictures and plots need."""

    metrics: dict[str, Value]
    facts: dict[str, Any]


def latent_numbers(
    kept: KeptLatents,
    labels: Sequence[int | None],
    *,
    stride: int,
    short_side: int,
    seed: int,
    on_clip: Callable[[], None] = lambda: None,
) -> LatentNumbers:
    """Everything that is said of one VAE.

    Args:
        kept: first looks at all clips.
        labels: class of each clip.
        stride: pixels of a cell.
        short_side: pixels of a frame's shorter side.
        seed: of the intervals.
        on_clip: called for every clip that was looked at.

    Raises:
        ConfigError: with fewer than two clips.
    """
    scale = kept.scale()
    looks: dict[str, list[Tensor]] = {}
    for row in kept.rows():
        look = looked_at(row, scale, stride=stride, short_side=short_side)
        for name, value in (look | {"kl": row["kl"]}).items():
            looks.setdefault(name, []).append(value)
        on_clip()
    table = {name: torch.stack(values) for name, values in looks.items()}
    covariance = factored_covariance(lambda: kept.batches(scale))
    metrics = (
        _channels(table, seed) | _covariance(covariance) | _within(kept, scale, labels, covariance)
    )
    metrics |= _frequencies(table, seed) | _neighbours(table, seed)
    metrics = _motion(table, seed) | metrics
    facts: dict[str, Any] = {
        "latent_shape": list(scale.shape),
        "scale": {"mean": scale.mean.tolist(), "std": scale.deviation.tolist()},
        "channel_kl": table["kl"].mean(dim=0).tolist(),
        "spectra": _spectra(table, covariance),
        "latent_distance": _distance_facts(table["distance"], seed),
    }
    return LatentNumbers(metrics=metrics, facts=facts)


def _mean(values: Tensor, seed: int, note: str | None = None) -> Value:
    """Mean over the clips that have the value; ``note`` stands where some have not."""
    known = values[~values.isnan()]
    missing = len(values) - len(known)
    told = f"{note} ({missing} of {len(values)} clips)" if missing and note else None
    if not len(known):
        return Value(value=None, note=told)
    mean = math.fsum(known.tolist()) / len(known)
    return Value(value=mean, interval=mean_interval(known, seed=seed), note=told)


def _motion(table: Mapping[str, Tensor], seed: int) -> dict[str, Value]:
    adjacent = table["distance"][:, 0]
    found = {
        "ltd": _mean(adjacent, seed),
        "ltd_median": Value(value=float(np.median(adjacent.numpy()))),
    }
    for name, values in zip(MATCHES, table["matches"].T, strict=True):
        found[name] = _mean(values, seed, STILL)
    for name in ("straightness", "efficiency"):
        found[f"time_{name}"] = _mean(table[name], seed, "no step to compare")
    return found


def _distance_facts(distance: Tensor, seed: int) -> dict[str, Any]:
    """Figure 5c and d: LTD of adjacent groups clip by clip, and its growth with the interval."""
    raw = [math.fsum(column.tolist()) / len(distance) for column in distance.T]
    return {
        "raw": raw,
        "normalised": [value / raw[0] if raw[0] else math.nan for value in raw],
        "intervals": [mean_interval(column, seed=seed) for column in distance.T],
        "adjacent": distance[:, 0].tolist(),
    }


def _channels(table: Mapping[str, Tensor], seed: int) -> dict[str, Value]:
    active = int((table["kl"].mean(dim=0) > ACTIVE).sum())
    rank = rank_of_scatters(table["scatter"])
    return {
        "channels_active": Value(value=active),
        "channels_dead": Value(value=table["kl"].shape[1] - active),
        "rank_channels": Value(
            value=rank,
            interval=jackknife_interval(rank, rank_of_scatters, table["scatter"], seed=seed),
        ),
    }


def _covariance(found: FactoredCovariance) -> dict[str, Value]:
    return {
        "viv": Value(value=found.viv, interval=found.interval, note=SHAPED),
        "viv_by_size": Value(value=found.by_size, note=SHAPED),
        "rank_space": Value(value=spectrum_facts(found.space)["effective_rank"], note=SHAPED),
        "rank_time": Value(value=spectrum_facts(found.time)["effective_rank"], note=SHAPED),
    }


def _within(
    kept: KeptLatents,
    scale: LatentScale,
    labels: Sequence[int | None],
    whole: FactoredCovariance,
) -> dict[str, Value]:
    """VIV of the clips of one class, mean over classes, and how much variance stays in a class."""
    members: dict[int, list[int]] = {}
    for number, label in enumerate(labels):
        if label is not None:
            members.setdefault(label, []).append(number)
    chosen = [numbers for numbers in members.values() if len(numbers) >= LEAST]
    if len(chosen) < 2:
        return {}

    def of(numbers: list[int]) -> FactoredCovariance:
        return factored_covariance(lambda: kept.batches(scale, chosen=numbers))

    found = [of(numbers) for numbers in chosen]
    count = sum(part.clips for part in found)
    variance = math.fsum(part.variance * part.clips for part in found) / count
    return {
        "viv_within_classes": Value(
            value=math.fsum(part.viv for part in found) / len(found),
            note=f"{len(found)} of {len(members)} classes have {LEAST} clips or more; {SHAPED}",
        ),
        "variance_within_classes": Value(value=variance / whole.variance),
    }


def _ratio(column: int) -> Callable[[Tensor], float]:
    def ratio(rows: Tensor) -> float:
        sums = rows.sum(dim=0)
        return float(sums[column] / sums[-1])

    return ratio


def _frequencies(table: Mapping[str, Tensor], seed: int) -> dict[str, Value]:
    found = {}
    for name, rows in (("", table["beyond"]), ("pixel_", table["pixel_beyond"])):
        for column, rho in enumerate(RHOS):
            value = _ratio(column)(rows)
            interval = jackknife_interval(value, _ratio(column), rows, seed=seed)
            found[f"{name}sec_{round(100 * rho)}"] = Value(value=value, interval=interval)
    pixels, latents = (table[name].mean(dim=0).numpy() for name in ("pixel_energy", "energy"))
    found["spectrum_mismatch"] = Value(value=spectrum_mismatch(pixels, latents))
    return found


def _neighbours(table: Mapping[str, Tensor], seed: int) -> dict[str, Value]:
    return {name: _mean(table[name], seed, FEW_CELLS) for name in ("lds", "cds")}


def _spectra(table: Mapping[str, Tensor], covariance: FactoredCovariance) -> dict[str, Any]:
    side = round(table["scatter"].shape[1] ** 0.5)
    channels = torch.linalg.eigvalsh(table["scatter"].mean(dim=0).reshape(side, side))
    return {
        "channels": spectrum_facts(channels.clamp_min(0.0)),
        "space": spectrum_facts(covariance.space),
        "time": spectrum_facts(covariance.time),
        "rings": ring_spectrum(table["energy"].mean(dim=0).numpy()).tolist(),
        "pixel_rings": ring_spectrum(table["pixel_energy"].mean(dim=0).numpy()).tolist(),
        "time_frequencies": table["time_energy"].mean(dim=0).tolist(),
    }
