"""What else a machine does while something is timed, and how far rounds lie apart.

A speed without these two is worth little: on a machine that is busy with other programs, the same
network has measured fifty times slower than on an idle one.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

STAT = Path("/proc/stat")
IDLE = (3, 4)
"""Places of idle and iowait among the times of a processor (proc(5))."""
GUEST = 8
"""From this place on times are counted among the others already (proc(5))."""
SPREAD = (5.0, 95.0)
"""Percentiles: nine rounds of ten lie between. Ours: one slow round is no spread."""
TOLERANCE = 0.5
"""Cores more than there are that may be wanted. Ours: system services take a tenth or two."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Processor time up to now, in seconds."""

    wall: float
    machine: float
    """Processor seconds of all programs; NaN where the system does not say."""
    own: float


class Load:
    """Cores that other programs keep busy between two moments."""

    def __init__(self) -> None:
        """Begin to watch."""
        self._began = moment()

    def facts(self) -> dict[str, float]:
        """For ``times`` of results.json; empty where the system does not say."""
        import torch  # a report reads these facts, and needs none

        others = busy_cores(self._began, moment())
        if not np.isfinite(others):
            return {}
        threads = 1 if torch.cuda.is_available() else torch.get_num_threads()
        cores = os.cpu_count() or 1
        return {"others_cores": others, "cores": float(cores), "threads": float(threads)}


def moment() -> Moment:
    """Where the clocks stand."""
    own = os.times()
    return Moment(
        wall=time.perf_counter(),
        machine=machine_seconds(STAT.read_text()) if STAT.exists() else float("nan"),
        own=own.user + own.system,
    )


def machine_seconds(stat: str) -> float:
    """Seconds that all cores together were busy, from the text of /proc/stat."""
    ticks = [int(word) for word in stat.split("\n", 1)[0].split()[1:]][:GUEST]
    busy = sum(value for place, value in enumerate(ticks) if place not in IDLE)
    return busy / os.sysconf("SC_CLK_TCK")


def busy_cores(began: Moment, ended: Moment) -> float:
    """Cores that other programs kept busy on average."""
    wall = ended.wall - began.wall
    others = (ended.machine - began.machine) - (ended.own - began.own)
    return max(0.0, others / wall) if wall > 0 else float("nan")


def spread(name: str, seconds: Sequence[float], *, each: float = 1.0) -> dict[str, float]:
    """Between what nine rounds of ten lie, as ``name_low`` and ``name_high``.

    Args:
        name: of a time, or of a speed, which ends in ``speed``.
        seconds: of every round.
        each: how many of what is named are done in a round.
    """
    low, high = (float(value) for value in np.percentile(seconds, SPREAD))
    if name.endswith(("speed", "speed_cached")):
        low, high = each / high, each / low
    else:
        low, high = low / each, high / each
    return {f"{name}_low": low, f"{name}_high": high}


def is_crowded(times: Mapping[str, Any]) -> bool:
    """Whether more cores were wanted than there are, so that times say little."""
    if not times.keys() >= {"others_cores", "cores", "threads"}:
        return False
    return bool(times["others_cores"] + times["threads"] > times["cores"] + TOLERANCE)


def in_words(times: Mapping[str, Any]) -> str:
    """The load, to be read beside a speed; empty where it is not known."""
    if not times.keys() >= {"others_cores", "cores"}:
        return ""
    busy = f"others {times['others_cores']:.1f} of {times['cores']:.0f} cores"
    return f"{busy}: too busy to compare" if is_crowded(times) else busy
