"""A column of numbers: where they are read, which way is better, and what each depends on."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pvvae.metrics.results import Value
from pvvae.metrics.score_catalog import HELD_OUT, SCORES, Better, ScoreEntry
from pvvae.timing.load import in_words, is_crowded

Found = Mapping[str, Mapping[str, Any]]
"""What was measured of one subject, by source: results.json of a stage, of a size or data set."""
Read = Callable[[Found], Value | None]

RECONSTRUCTION, GENERATION = "evaluate_reconstruction", "evaluate_generation"
LAST = "held_out"
"""Source of a training run's last held-out values."""
BYTES = ("imem", "tmem", "tmem_cached")
"""Names under ``times`` that are no times."""
REBUILDING, TRAINING = "measure_reconstruction", "measure_training"
"""Stages, which are sources where runs are compared: quality, then speed and memory."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """One column, or one row where columns are laid sideways."""

    title: str
    source: str
    """Whose protocol it stands under."""
    read: Read
    better: Better | None
    form: str
    """Format specification of the value."""
    printed: str = ""
    """The paper's, where it prints other digits."""
    scale: float = 1.0
    unit: str = ""
    group: str = ""
    """What is written above several columns: a size, or a data set."""
    parts: tuple[str, ...] = ()
    """Parts of the protocol that belong to this column alone."""
    beside: Callable[[Found], str] = lambda _: ""
    """Facts that have to be read beside the value: clips and noise floor of an FVD."""
    timed: bool = False
    """Whether it depends on the clock."""
    crowded: Callable[[Found], bool] = lambda _: False
    """Whether the value was measured beside other programs: its column has no best then."""

    @property
    def arrow(self) -> str:
        """Which way is better."""
        return {"higher": "↑", "lower": "↓", None: ""}[self.better]

    @property
    def name(self) -> str:
        """Group and title."""
        return f"{self.group} {self.title}".strip()

    @property
    def key(self) -> str:
        """What no other column of its table has: group, title and unit."""
        return f"{self.name} {self.unit}".strip()

    def value(self, found: Found) -> float | None:
        """The value in the column's unit; None if it is missing or not finite."""
        read = self.read(found)
        if read is None or read.value is None or not math.isfinite(read.value):
            return None
        return read.value * self.scale

    def text(self, found: Found, *, reference: bool = False) -> str:
        """The value as it is shown, or as the paper prints it; empty where there is none."""
        value = self.value(found)
        form = self.printed if reference and self.printed else self.form
        return "" if value is None else format(value, form)

    def interval(self, found: Found) -> str:
        """The 95% interval as it is shown beside the value; empty where there is none.

        ``± d`` where the value stands in its middle, as far as digits show; else ``[low, high]``.
        """
        value, read = self.value(found), self.read(found)
        if value is None or read is None or read.interval is None:
            return ""
        low, high = (bound * self.scale for bound in read.interval)
        plain = self.form.lstrip("+")
        below, above = format(value - low, plain), format(high - value, plain)
        if below == above and value > low:
            return f"± {below}"
        return f"[{format(low, self.form)}, {format(high, self.form)}]"

    def note(self, found: Found) -> str:
        """What the evaluation says has to be read with the value."""
        read = self.read(found)
        return (read.note or "") if read is not None else ""


def declared(entry: ScoreEntry, source: str, read: Read) -> Score:
    """A column with the words that ``pvvae.metrics.score_catalog`` has of its score."""
    return Score(
        title=entry.label,
        source=source,
        read=read,
        better=entry.better,
        form=entry.form,
        printed=entry.printed,
        scale=entry.scale,
        unit=entry.unit,
        group=entry.group,
        parts=entry.parts,
    )


def measured(source: str, name: str) -> Score:
    """A metric's column; an FVD's has clips and noise floor beside it."""
    score = declared(SCORES[name], source, metric(source, name))
    return replace(score, beside=beside_fvd(source)) if name in ("fvd", "rfvd") else score


def timed(source: str, name: str) -> Score:
    """The column of what stands below ``times``: a time or a speed with the machine's load, bytes
    without."""
    entry = SCORES[f"times.{name}"]
    if name in BYTES:
        return replace(declared(entry, source, plain_number(source, "times", name)), timed=True)
    return replace(
        declared(entry, source, clocked(source, name)),
        beside=load_beside(source),
        timed=True,
        crowded=crowded_at(source),
    )


def held_out(name: str) -> Score:
    """The row of a training run's last value on its held-out clips."""
    return declared(HELD_OUT[name], LAST, plain_number(LAST, name))


def metric(source: str, name: str) -> Read:
    """Read a metric of ``source``, with its interval and note."""

    def read(found: Found) -> Value | None:
        plain = at(source, "metrics", name)(found)
        if not isinstance(plain, Mapping):
            return None
        interval = plain.get("interval")
        return Value(
            value=plain.get("value"),
            interval=(float(interval[0]), float(interval[1])) if interval else None,
            note=plain.get("note"),
        )

    return read


def plain_number(source: str, *keys: str) -> Read:
    """Read a number that is no metric."""

    def read(found: Found) -> Value | None:
        number = at(source, *keys)(found)
        return Value(value=float(number)) if isinstance(number, int | float) else None

    return read


def clocked(source: str, name: str) -> Read:
    """Read a time or a speed, between what nine rounds of ten lie where that was kept."""

    def read(found: Found) -> Value | None:
        times = at(source, "times")(found) or {}
        number, low, high = (times.get(f"{name}{end}") for end in ("", "_low", "_high"))
        if not isinstance(number, int | float):
            return None
        spread = None if low is None or high is None else (float(low), float(high))
        return Value(value=float(number), interval=spread)

    return read


def load_beside(source: str) -> Callable[[Found], str]:
    """How busy the machine was while a source was timed."""
    return lambda found: in_words(at(source, "times")(found) or {})


def crowded_at(source: str) -> Callable[[Found], bool]:
    """Whether it was too busy for its times to be compared."""
    return lambda found: is_crowded(at(source, "times")(found) or {})


def at(source: str, *keys: str) -> Callable[[Found], Any]:
    """Read ``found[source][key][key]...``; None where it ends early."""

    def read(found: Found) -> Any:
        value: Any = found.get(source)
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    return read


def number(found: Found, source: str, name: str) -> float | None:
    """A metric's bare value."""
    value = metric(source, name)(found)
    return None if value is None else value.value


def beside_fvd(source: str) -> Callable[[Found], str]:
    """Number of clips, and the distance between halves of the real ones."""

    def facts(found: Found) -> str:
        counts = counts_of(source)(found)
        floor = at(source, "floor", "fvd")(found)
        half = at(source, "floor", "clips")(found)
        words = [counts] if counts else []
        if floor is not None:
            digits = f"{floor:.2f}" if floor < 100 else f"{floor:,.0f}"
            words.append(f"real vs real {digits} ({half:,} vs {half:,})")
        return "; ".join(words)

    return facts


def counts_of(source: str) -> Callable[[Found], str]:
    """Number of clips, or of those made and of real ones."""

    def facts(found: Found) -> str:
        counts = at(source, "counts")(found) or {}
        made = counts.get("samples", counts.get("generated"))
        if made is not None and "real" in counts:
            return f"{made:,} vs {counts['real']:,} clips"
        return f"{counts['clips']:,} clips" if "clips" in counts else ""

    return facts
