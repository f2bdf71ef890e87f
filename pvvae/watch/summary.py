"""One line about an interval of training."""

from collections.abc import Mapping
from typing import Any

_NUMBERS = 5  # losses that fit in a line


def summary(done: int, steps: int, values: Mapping[str, Any], times: Mapping[str, float]) -> str:
    """Step, the first losses, what was skipped, pace and memory, whichever there are."""
    losses = [
        f"{name} {value:.3g}"
        for name, value in values.items()
        if isinstance(value, float) and name not in ("lr", "clips")
    ]
    parts = [f"step {done:,} of {steps:,}", *losses[:_NUMBERS]]
    if values.get("skipped"):
        parts.append(f"{values['skipped']} skipped")
    units = {
        "seconds_per_step": "{:.3g} s a step",
        "clips_per_second": "{:.3g} clips/s",
        "peak_share": "{:.1%} of peak",
        "data_wait_share": "{:.0%} waiting for data",
        "memory_gib": "{:.3g} GiB",
    }
    parts += [unit.format(times[name]) for name, unit in units.items() if name in times]
    return ", ".join(parts)
