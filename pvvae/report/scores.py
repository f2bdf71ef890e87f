"""The rows of every comparison: which numbers, which way is better, and what each depends on."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Results = dict[str, dict[str, Any]]
"""results.json by stage; an evaluation that is missing has no entry, or an empty one."""

RECONSTRUCTION, GENERATION = "evaluate_reconstruction", "evaluate_generation"
ABSENT = "–"


@dataclass(frozen=True, kw_only=True)
class Score:
    """One row."""

    title: str
    read: Callable[[Results], Any]
    """The value, or None."""
    better: Literal["higher", "lower"] | None
    form: str
    """Format specification of the value."""
    scale: float = 1.0
    unit: str = ""
    note: Callable[[Results], str] = lambda _: ""
    """What has to be read beside the value."""
    timed: bool = False
    """Whether it depends on the clock."""

    @property
    def arrow(self) -> str:
        """Which way is better."""
        return {"higher": "↑", "lower": "↓", None: ""}[self.better]

    def value(self, results: Results) -> float | None:
        """The value in the row's unit; None if it is missing or not finite."""
        found = self.read(results)
        if not isinstance(found, int | float) or not math.isfinite(found):
            return None
        return found * self.scale

    def text(self, results: Results) -> str:
        """The value as it is shown."""
        value = self.value(results)
        return ABSENT if value is None else format(value, self.form)

    def best(self, columns: Sequence[Results]) -> set[int]:
        """Columns with the best value; none where there is nothing to choose between."""
        shown = {i: self.text(results) for i, results in enumerate(columns)}
        values = {i: float(t.replace(",", "")) for i, t in shown.items() if t != ABSENT}
        if self.better is None or len(set(values.values())) < 2:
            return set()
        goal = max(values.values()) if self.better == "higher" else min(values.values())
        return {i for i, value in values.items() if value == goal}


def at(stage: str, *keys: str) -> Callable[[Results], Any]:
    """Read ``results[stage][key][key]...``; None where it ends early."""

    def read(results: Results) -> Any:
        found: Any = results.get(stage)
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    return read


def metric(stage: str, name: str) -> Callable[[Results], Any]:
    """Read a metric's value in ``results[stage]``."""
    return at(stage, "metrics", name, "value")


def against_repeating(results: Results) -> float | None:
    """Prediction error over that of repeating the last observed frame, less one: below 0 wins."""
    predicted = metric(RECONSTRUCTION, "predicted_mse")(results)
    repeated = metric(RECONSTRUCTION, "repeated_mse")(results)
    return predicted / repeated - 1.0 if predicted is not None and repeated else None


def above_mean_frame(results: Results) -> float | None:
    """PSNR in dB over that of showing the training set's mean frame."""
    psnr = metric(RECONSTRUCTION, "psnr")(results)
    mean = metric(RECONSTRUCTION, "mean_frame_psnr")(results)
    return psnr - mean if psnr is not None and mean is not None else None


def beside_fvd(stage: str) -> Callable[[Results], str]:
    """Number of clips, and the distance between halves of the real ones."""

    def note(results: Results) -> str:
        counts = at(stage, "counts")(results) or {}
        clips = counts.get("clips")
        if "samples" in counts:
            clips = f"{counts['samples']} vs {counts['real']}"
        floor = at(stage, "floor", "fvd")(results)
        half = at(stage, "floor", "clips")(results)
        words = [f"{clips} clips"] if clips is not None else []
        words += [f"real vs real {floor:,.0f} ({half} vs {half})"] if floor is not None else []
        return "; ".join(words)

    return note


def sample_counts(results: Results) -> str:
    """Samples and real clips of the evaluation of generation."""
    counts = at(GENERATION, "counts")(results)
    return f"{counts['samples']} vs {counts['real']} clips" if counts else ""


def _mean_frame(results: Results) -> str:
    gain = above_mean_frame(results)
    return "" if gain is None else f"{gain:+.2f} over the mean frame"


def _metric(name: str) -> Callable[[Results], Any]:
    return metric(RECONSTRUCTION, name)


def _times(name: str) -> Callable[[Results], Any]:
    return at(RECONSTRUCTION, "times", name)


SCORES = (
    Score(
        title="PSNR",
        read=_metric("psnr"),
        better="higher",
        form=".2f",
        unit="dB",
        note=_mean_frame,
    ),
    Score(title="SSIM", read=_metric("ssim"), better="higher", form=".4f"),
    Score(title="LPIPS", read=_metric("lpips"), better="lower", form=".4f"),
    Score(
        title="rFVD",
        read=_metric("rfvd"),
        better="lower",
        form=",.1f",
        note=beside_fvd(RECONSTRUCTION),
    ),
    Score(
        title="Prediction error",
        read=_metric("predicted_mse"),
        better="lower",
        form=".3f",
        scale=1000.0,
        unit="MSE × 1000",
    ),
    Score(
        title="… of repeating the last frame",
        read=_metric("repeated_mse"),
        better=None,
        form=".3f",
        scale=1000.0,
        unit="MSE × 1000",
    ),
    Score(
        title="Prediction against repeating",
        read=against_repeating,
        better="lower",
        form="+.1f",
        scale=100.0,
        unit="%",
    ),
    Score(
        title="Latent temporal distance",
        read=at(RECONSTRUCTION, "latent_distance", "adjacent_median"),
        better="lower",
        form=".3f",
        unit="adjacent, median",
    ),
    Score(
        title="gFVD",
        read=metric(GENERATION, "fvd"),
        better="lower",
        form=",.1f",
        note=beside_fvd(GENERATION),
    ),
    Score(
        title="KVD",
        read=metric(GENERATION, "kvd"),
        better="lower",
        form=",.2f",
        note=sample_counts,
    ),
    Score(
        title="Parameters",
        read=_metric("parameters"),
        better=None,
        form=",.3f",
        scale=1e-6,
        unit="million",
    ),
    Score(
        title="Encode",
        read=_times("encode_seconds"),
        better="lower",
        form=",.1f",
        scale=1000.0,
        unit="ms per clip",
        timed=True,
    ),
    Score(
        title="Decode",
        read=_times("decode_seconds"),
        better="lower",
        form=",.1f",
        scale=1000.0,
        unit="ms per clip",
        timed=True,
    ),
)
