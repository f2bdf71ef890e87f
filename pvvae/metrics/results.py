"""What an evaluation found: values with their intervals, and everything that they depend on.

results.json holds ``metrics``, by name a value with its interval and what has to be read beside
it; ``protocol`` with its hash; ``counts``, ``seeds``, ``weights`` by checksum and ``versions``;
facts of its kind, such as curves; and under ``times`` alone what depends on the clock.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pvvae.files import write_json

FILE = "results.json"
PACKAGES = ("torch", "numpy", "lpips")
"""Packages whose version can change a value."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """One number."""

    value: float | None
    """None where the metric is not defined."""
    interval: tuple[float, float] | None = None
    """95%, over clips: of means by a bootstrap, of distances by a jackknife; None with too few."""
    note: str | None = None
    """What has to be read beside it: a warning about the number of clips, say."""

    def plain(self) -> dict[str, Any]:
        """This value as an entry of results.json; what is unknown is left out."""
        plain: dict[str, Any] = {"value": self.value}
        if self.interval is not None:
            plain["interval"] = list(self.interval)
        if self.note is not None:
            plain["note"] = self.note
        return plain


@dataclass(frozen=True, kw_only=True)
class Results:
    """One evaluation."""

    metrics: Mapping[str, Value]
    protocol: Mapping[str, Any]
    """Whatever moves a value, but for what was measured: plain values, nested by metric."""
    counts: Mapping[str, int]
    """Clips of each kind."""
    seeds: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    """sha256 of each network that measured, by name."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else the report shows; keys stand beside ``metrics``."""
    times: Mapping[str, float] = field(default_factory=dict)
    """What depends on the clock."""

    def plain(self) -> dict[str, Any]:
        """These results as the content of results.json."""
        return {
            "metrics": {name: value.plain() for name, value in self.metrics.items()},
            "protocol": dict(self.protocol),
            "protocol_hash": protocol_hash(self.protocol),
            "counts": dict(self.counts),
            "seeds": dict(self.seeds),
            "weights": dict(self.weights),
            "versions": {name: version(name) for name in PACKAGES},
            **self.facts,
            "times": dict(self.times),
        }

    def write(self, path: Path) -> None:
        """Write results.json.

        Raises:
            ConfigError: if the disk is full or refuses.
        """
        write_json(path, self.plain())


def protocol_hash(protocol: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits, equal for equal protocols in any order of keys."""
    text = json.dumps(protocol, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def protocol_differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Lines ``key: a against b``; what only one of them measured is no difference.

    A metric's part of the protocol is a mapping under its name: where one side lacks a mapping, it
    did not measure that, and nothing is compared.
    """
    lines: list[str] = []
    for key in sorted(one.keys() | other.keys()):
        a, b = one.get(key), other.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            lines += [f"{key}.{line}" for line in protocol_differences(a, b)]
        elif a != b and not (
            (isinstance(a, Mapping) and b is None) or (isinstance(b, Mapping) and a is None)
        ):
            lines.append(f"{key}: {_shown(a)} against {_shown(b)}")
    return lines


def _shown(value: Any) -> str:
    return (
        "nothing" if value is None else json.dumps(value) if isinstance(value, list) else str(value)
    )
