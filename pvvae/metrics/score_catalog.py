"""Every score, declared once: label, unit, which way is better, and how its digits are written.

Columns of tables, rows of run pages and measures of studies take their words from here. A key is
where results.json has the number: a metric's name, or with dots a path (times.ispeed).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Better = Literal["higher", "lower"]
GIB = 2.0**-30
"""From bytes to GiB."""


@dataclass(frozen=True, kw_only=True)
class ScoreEntry:
    """What is said of one score wherever it is shown."""

    label: str
    unit: str = ""
    """Unit of the number as tables show it, which is ``scale`` times the stored one."""
    better: Better | None = None
    """None where neither way is."""
    form: str
    """Format specification of the number."""
    printed: str = ""
    """The paper's, where it prints other digits."""
    scale: float = 1.0
    stored_unit: str = ""
    """Unit of the number as it is stored; needed only where ``scale`` is not 1."""
    group: str = ""
    """What a table writes above it, which tells it from another of the same label."""
    parts: tuple[str, ...] = ()
    """Metrics' parts of the protocol that it depends on."""

    @property
    def unscaled_unit(self) -> str:
        """Unit of the number as results.json has it."""
        return self.unit if self.scale == 1.0 else self.stored_unit


CLOCKED = ("ispeed", "tspeed")
"""Parts of the protocol that all times, speeds and memories depend on."""
CACHED = "Latents cached"
"""Above TSpeed and TMem of a step without the encoder."""

_FVD = ScoreEntry(label="FVD", better="lower", form=",.2f", parts=("fvd",))
_INCEPTION = ScoreEntry(label="IS", better="higher", form=".2f", parts=("is_c3d_ucf101",))
_OVER_I3D = replace(_INCEPTION, label="IS over I3D", parts=("is_i3d_k400",))
_ERROR = ScoreEntry(
    label="MSE of predicted frames",
    unit="× 1000",
    better="lower",
    form=".3f",
    scale=1000.0,
    parts=("prediction",),
)
_MOVING = replace(
    _ERROR, label="MSE of predicted frames, what moves", parts=("scenes", "observed", "errors")
)
_AGAINST = replace(
    _MOVING, label="against repetition", unit="%", form="+.1f", scale=100.0, stored_unit="as share"
)
_SPEED = ScoreEntry(label="ISpeed", unit="it/s", better="higher", form=".2f", parts=CLOCKED)
_MEMORY = ScoreEntry(
    label="IMem",
    unit="GiB",
    better="lower",
    form=".2f",
    scale=GIB,
    stored_unit="bytes",
    parts=CLOCKED,
)
_SECONDS = ScoreEntry(
    label="Encode",
    unit="ms per clip",
    better="lower",
    form=",.1f",
    scale=1000.0,
    stored_unit="s per clip",
    parts=CLOCKED,
)

SCORES: Mapping[str, ScoreEntry] = {
    "psnr": ScoreEntry(label="PSNR", unit="dB", better="higher", form=".2f", parts=("psnr",)),
    "ssim": ScoreEntry(label="SSIM", better="higher", form=".4f", printed=".2f", parts=("ssim",)),
    "lpips": ScoreEntry(label="LPIPS", better="lower", form=".4f", printed=".3f", parts=("lpips",)),
    "rfvd": replace(_FVD, label="rFVD", parts=("fvd", "rfvd")),
    "predicted_mse": _ERROR,
    "repeated_mse": replace(_ERROR, label="MSE of the last frame seen, repeated", better=None),
    "moving_predicted_mse": _MOVING,
    "moving_repeated_mse": replace(_MOVING, label="the last frame seen, repeated", better=None),
    "moving_extrapolated_mse": replace(_MOVING, label="true velocities kept", better=None),
    "moving_against_repeated": _AGAINST,
    "moving_against_extrapolated": replace(_AGAINST, label="against true velocities"),
    "latent_distance.adjacent_median": ScoreEntry(
        label="Latent temporal distance, adjacent, median",
        better="lower",
        form=".3f",
        parts=("latent_distance",),
    ),
    "fvd": _FVD,
    "kvd": replace(_FVD, label="KVD", parts=("fvd", "kvd")),
    # The paper's IS is C3D's, of ten splits as far as one can tell; over I3D's classes it is
    # another metric, with a label of its own.
    "is_c3d_ucf101": _INCEPTION,
    "is_c3d_ucf101_one_split": replace(_INCEPTION, unit="one split"),
    "is_i3d_k400": _OVER_I3D,
    "is_i3d_k400_one_split": replace(_OVER_I3D, unit="one split"),
    # Three digits: the paper prints whole millions, toys have less than one.
    "parameters": ScoreEntry(label="Parameters", unit="million", form=",.3g", scale=1e-6),
    "times.encode_seconds": _SECONDS,
    "times.decode_seconds": replace(_SECONDS, label="Decode"),
    "times.ispeed": _SPEED,
    "times.imem": _MEMORY,
    "times.tspeed": replace(_SPEED, label="TSpeed"),
    "times.tmem": replace(_MEMORY, label="TMem"),
    "times.tspeed_cached": replace(_SPEED, label="TSpeed", group=CACHED),
    "times.tmem_cached": replace(_MEMORY, label="TMem", group=CACHED),
}
"""Scores of results.json."""

HELD_OUT: Mapping[str, ScoreEntry] = {
    "step": ScoreEntry(label="Step", form=",.0f"),
    "psnr": SCORES["psnr"],
    "lpips": SCORES["lpips"],
    "mse": ScoreEntry(label="Squared error", better="lower", form=".5f"),
    "diff": ScoreEntry(label="Temporal difference", better="lower", form=".5f"),
    "prediction_mse": ScoreEntry(label="Prediction error", better="lower", form=".5f"),
    "prediction_ratio": ScoreEntry(
        label="Prediction error over that of repeating", better="lower", form=".3f"
    ),
    "latent_rank": ScoreEntry(label="Effective rank of latents", form=".2f"),
    "latent_sec": ScoreEntry(label="SEC of latents", better="lower", form=".3f"),
    "latent_ltd": ScoreEntry(label="Latent temporal distance", better="lower", form=".3f"),
    "kl": ScoreEntry(label="KL", form=",.4f"),
    "flow": ScoreEntry(label="Flow matching loss", better="lower", form=".4f"),
}
"""Values on held-out clips of a training run, by their names in metrics.jsonl."""


def score_entry(value: str, *, held_out: bool = False) -> ScoreEntry | None:
    """What is declared of a value; None if nothing is.

    Args:
        value: a key of ``SCORES``, or of ``HELD_OUT``.
        held_out: whether it is read in metrics.jsonl instead.
    """
    return (HELD_OUT.get(value) or SCORES.get(value)) if held_out else SCORES.get(value)
