"""Every score of a run, in the order in which runs are compared."""

from dataclasses import replace
from typing import Literal

from pvvae.metrics.results import Value
from pvvae.report.tables.columns import GIB, INCEPTION_SCORES
from pvvae.report.tables.scores import (
    BYTES,
    GENERATION,
    REBUILDING,
    RECONSTRUCTION,
    TRAINING,
    Found,
    Score,
    beside_fvd,
    clocked,
    counts_of,
    crowded_at,
    load_beside,
    metric,
    number,
    plain_number,
)

LAST = "held_out"
"""Source of a training run's last held-out values."""
MSE, ADJACENT = "MSE × 1000", "adjacent, median"


def against_repeating(found: Found) -> float | None:
    """Prediction error over that of repeating the last observed frame, less one: below 0 wins."""
    predicted = number(found, RECONSTRUCTION, "predicted_mse")
    repeated = number(found, RECONSTRUCTION, "repeated_mse")
    return predicted / repeated - 1.0 if predicted is not None and repeated else None


def above_mean_frame(found: Found) -> float | None:
    """PSNR in dB over that of showing the training set's mean frame."""
    psnr = number(found, RECONSTRUCTION, "psnr")
    mean = number(found, RECONSTRUCTION, "mean_frame_psnr")
    return psnr - mean if psnr is not None and mean is not None else None


def _derived(value: float | None) -> Value | None:
    return None if value is None else Value(value=value)


def _of_frames(name: str, title: str, unit: str = "") -> tuple[Score, ...]:
    """A measure of reconstructions, its seams, and what was seen and predicted of predictions."""
    better: Literal["higher", "lower"] = "lower" if name == "lpips" else "higher"
    whole = Score(
        title=title,
        source=RECONSTRUCTION,
        read=metric(RECONSTRUCTION, name),
        better=better,
        form=".2f" if name == "psnr" else ".4f",
        unit=unit,
        parts=(name,),
    )
    return (
        whole,
        replace(
            whole,
            title=f"{title}, first frames of groups less others",
            read=plain_number(RECONSTRUCTION, "flicker", name, "group_jump"),
            better=None,  # the nearer to zero, the less seams flicker
            form="+.3f" if name == "psnr" else "+.4f",
        ),
        *(
            replace(
                whole,
                title=f"{title} of {kind} frames",
                read=metric(RECONSTRUCTION, f"{name}_{kind}"),
                parts=(name, "prediction"),
                unit=", ".join([*([unit] if unit else []), "future withheld"]),
            )
            for kind in ("observed", "predicted")
        ),
    )


def _error(title: str, name: str, better: Literal["lower"] | None) -> Score:
    return Score(
        title=title,
        source=RECONSTRUCTION,
        read=metric(RECONSTRUCTION, name),
        better=better,
        form=".3f",
        scale=1000.0,
        unit=MSE,
        parts=("prediction",),
    )


def _timed(
    title: str,
    source: str,
    name: str,
    *,
    form: str = ",.1f",
    scale: float = 1.0,
    unit: str,
    better: Literal["higher", "lower"] = "lower",
) -> Score:
    memory = name in BYTES
    return Score(
        title=title,
        source=source,
        read=plain_number(source, "times", name) if memory else clocked(source, name),
        better=better,
        form=form,
        scale=scale,
        unit=unit,
        parts=("ispeed", "tspeed"),
        beside=(lambda _: "") if memory else load_beside(source),
        timed=True,
        crowded=(lambda _: False) if memory else crowded_at(source),
    )


SCORES = (
    *_of_frames("psnr", "PSNR", "dB"),
    Score(
        title="PSNR over that of the mean frame",
        source=RECONSTRUCTION,
        read=lambda found: _derived(above_mean_frame(found)),
        better="higher",
        form="+.2f",
        unit="dB",
        parts=("psnr",),
    ),
    *_of_frames("ssim", "SSIM"),
    *_of_frames("lpips", "LPIPS"),
    Score(
        title="rFVD",
        source=RECONSTRUCTION,
        read=metric(RECONSTRUCTION, "rfvd"),
        better="lower",
        form=",.1f",
        parts=("fvd",),
        beside=beside_fvd(RECONSTRUCTION),
    ),
    _error("Prediction error", "predicted_mse", "lower"),
    _error("… of repeating the last frame", "repeated_mse", None),
    Score(
        title="Prediction against repeating",
        source=RECONSTRUCTION,
        read=lambda found: _derived(against_repeating(found)),
        better="lower",
        form="+.1f",
        scale=100.0,
        unit="%",
        parts=("prediction",),
    ),
    Score(
        title="Latent temporal distance",
        source=RECONSTRUCTION,
        read=plain_number(RECONSTRUCTION, "latent_distance", "adjacent_median"),
        better="lower",
        form=".3f",
        unit=ADJACENT,
        parts=("latent_distance",),
    ),
    Score(
        title="FVD",
        source=GENERATION,
        read=metric(GENERATION, "fvd"),
        better="lower",
        form=",.1f",
        parts=("fvd",),
        beside=beside_fvd(GENERATION),
    ),
    Score(
        title="KVD",
        source=GENERATION,
        read=metric(GENERATION, "kvd"),
        better="lower",
        form=",.2f",
        parts=("fvd", "kvd"),
        beside=counts_of(GENERATION),
    ),
    *(
        Score(
            title=title,
            source=GENERATION,
            read=metric(GENERATION, name),
            better="higher",
            form=".2f",
            unit=unit,
            parts=(part,),
        )
        for title, unit, name, part in INCEPTION_SCORES
    ),
    Score(
        title="Parameters",
        source=RECONSTRUCTION,
        read=metric(RECONSTRUCTION, "parameters"),
        better=None,
        form=",.3f",
        scale=1e-6,
        unit="million",
    ),
    _timed("Encode", RECONSTRUCTION, "encode_seconds", scale=1000.0, unit="ms per clip"),
    _timed("Decode", RECONSTRUCTION, "decode_seconds", scale=1000.0, unit="ms per clip"),
    _timed("ISpeed", REBUILDING, "ispeed", form=".2f", unit="it/s", better="higher"),
    _timed("IMem", REBUILDING, "imem", form=".2f", scale=GIB, unit="GiB"),
    _timed("TSpeed", TRAINING, "tspeed", form=".2f", unit="it/s", better="higher"),
    _timed("TMem", TRAINING, "tmem", form=".2f", scale=GIB, unit="GiB"),
)


def _held_out(
    title: str, name: str, better: Literal["higher", "lower"] | None, form: str, unit: str = ""
) -> Score:
    return Score(
        title=title,
        source=LAST,
        read=plain_number(LAST, name),
        better=better,
        form=form,
        unit=unit,
    )


HELD_OUT = (
    _held_out("Step", "step", None, ",.0f"),
    _held_out("PSNR", "psnr", "higher", ".2f", "dB"),
    _held_out("LPIPS", "lpips", "lower", ".4f"),
    _held_out("Squared error", "mse", "lower", ".5f"),
    _held_out("Temporal difference", "diff", "lower", ".5f"),
    _held_out("Prediction error", "prediction_mse", "lower", ".5f"),
    _held_out("KL", "kl", None, ",.4f"),
    _held_out("Flow matching loss", "flow", "lower", ".4f"),
)
"""Scores of a training run that was named itself: values on its held-out clips."""
