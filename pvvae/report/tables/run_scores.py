"""Every score of a run, in the order in which runs are compared."""

from dataclasses import replace

from pvvae.metrics import score_catalog
from pvvae.metrics.results import Value
from pvvae.report.tables.columns import INCEPTION_SCORES
from pvvae.report.tables.scores import (
    GENERATION,
    REBUILDING,
    RECONSTRUCTION,
    TRAINING,
    Found,
    Score,
    counts_of,
    declared,
    held_out,
    measured,
    metric,
    number,
    plain_number,
    timed,
)


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


def _of_frames(name: str) -> tuple[Score, ...]:
    """A measure of reconstructions, its seams, and what was seen and predicted of predictions."""
    whole = measured(RECONSTRUCTION, name)
    return (
        whole,
        replace(
            whole,
            title=f"{whole.title}, first frames of groups less others",
            read=plain_number(RECONSTRUCTION, "flicker", name, "group_jump"),
            better=None,  # the nearer to zero, the less seams flicker
            form="+.3f" if name == "psnr" else "+.4f",
        ),
        *(
            replace(
                whole,
                title=f"{whole.title} of {kind} frames",
                read=metric(RECONSTRUCTION, f"{name}_{kind}"),
                parts=(name, "prediction"),
                unit=", ".join([*([whole.unit] if whole.unit else []), "future withheld"]),
            )
            for kind in ("observed", "predicted")
        ),
    )


def _latent_distance() -> Score:
    path = "latent_distance.adjacent_median"
    read = plain_number(RECONSTRUCTION, *path.split("."))
    return declared(score_catalog.SCORES[path], RECONSTRUCTION, read)


SCORES = (
    *_of_frames("psnr"),
    Score(
        title="PSNR over that of the mean frame",
        source=RECONSTRUCTION,
        read=lambda found: _derived(above_mean_frame(found)),
        better="higher",
        form="+.2f",
        unit="dB",
        parts=("psnr",),
    ),
    *_of_frames("ssim"),
    *_of_frames("lpips"),
    measured(RECONSTRUCTION, "rfvd"),
    measured(RECONSTRUCTION, "predicted_mse"),
    measured(RECONSTRUCTION, "repeated_mse"),
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
    _latent_distance(),
    measured(GENERATION, "fvd"),
    replace(measured(GENERATION, "kvd"), beside=counts_of(GENERATION)),
    *(measured(GENERATION, name) for name in INCEPTION_SCORES),
    measured(RECONSTRUCTION, "parameters"),
    timed(RECONSTRUCTION, "encode_seconds"),
    timed(RECONSTRUCTION, "decode_seconds"),
    timed(REBUILDING, "ispeed"),
    timed(REBUILDING, "imem"),
    timed(TRAINING, "tspeed"),
    timed(TRAINING, "tmem"),
)
HELD_OUT = tuple(held_out(name) for name in score_catalog.HELD_OUT)
"""Scores of a training run that was named itself: values on its held-out clips."""
