"""One line about an interval of training."""

from collections.abc import Mapping
from typing import Any

_NUMBERS = 5  # losses that fit in a line


def summary(done: int, steps: int, values: Mapping[str, Any], times: Mapping[str, float]) -> str:
    """Step, the first losses, what was skipped or spiked, pace and memory, whichever there are."""
    losses = [f"{name} {value}" for name, value in first(values, _NUMBERS).items()]
    parts = [f"step {done:,} of {steps:,}", *losses]
    if values.get("skipped"):
        parts.append(f"{values['skipped']} skipped")
    if values.get("spikes"):
        parts.append(f"{values['spikes']} spikes ({values['spiked']})")
    units = {
        "seconds_per_step": "{:.3g} s a step",
        "clips_per_second": "{:.3g} clips/s",
        "peak_share": "{:.1%} of peak",
        "data_wait_share": "{:.0%} waiting for data",
        "memory_gib": "{:.3g} GiB",
    }
    parts += [unit.format(times[name]) for name, unit in units.items() if name in times]
    return ", ".join(parts)


def first(values: Mapping[str, Any], count: int) -> dict[str, str]:
    """The first losses, in few digits."""
    losses = [(k, v) for k, v in values.items() if isinstance(v, float) and k != "lr"]
    return {name: f"{value:.3g}" for name, value in losses[:count]}
