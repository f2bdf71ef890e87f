"""A sharded network on disk: stretches of flattened parameters, from any number of processes.

Every process writes the stretches it optimizes, each with its optimizer's moments, under a key that
says of which parameter and from which element on. So a file can be read by any number of processes
under any ZeRO stage: each asks for the stretches it needs, and only those are read.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pvvae.config.reading import expected_form

WEIGHT, AVERAGE = "weight", "average"
"""Kinds of values of a parameter: fp32 weights and their moving average; the others are the
optimizer's, by its names."""


@dataclass(frozen=True)
class Fragment:
    """Values of elements ``start`` to ``start + len`` of one flattened parameter."""

    name: str
    start: int
    values: Mapping[str, Tensor]
    """By kind, each (n,), fp32."""


def write_fragments(
    path: Path, fragments: Iterable[Fragment], *, steps: int, shapes: Mapping[str, Iterable[int]]
) -> None:
    """Write one process's part.

    Args:
        path: a file of its own in the folder that all processes write to.
        fragments: none twice in the whole folder.
        steps: updates that the optimizer has made.
        shapes: of all whole parameters.
    """
    tensors = {f"{kind}/{f.name}/{f.start}": v for f in fragments for kind, v in f.values.items()}
    about = {"steps": steps, "shapes": {name: list(shape) for name, shape in shapes.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"about": json.dumps(about)})


class FragmentReader:
    """Reads any stretch of any parameter out of a folder of parts."""

    def __init__(self, folder: Path) -> None:
        """Open the parts of ``folder``; nothing is read but their headers."""
        self._parts: dict[tuple[str, str], list[tuple[int, int, Any, str]]] = {}
        about: dict[str, Any] = {}
        for path in sorted(folder.glob("*.safetensors")):
            with expected_form(path, SafetensorError):
                about = self._add(path)
        for pieces in self._parts.values():
            pieces.sort(key=lambda piece: piece[0])
        with expected_form(folder):
            self.steps: int = about["steps"]
            """Updates that the optimizer had made."""
            self.shapes: dict[str, torch.Size] = {
                name: torch.Size(shape) for name, shape in about["shapes"].items()
            }
            """Shapes of the whole parameters."""

    def _add(self, path: Path) -> dict[str, Any]:
        """Note what a part holds; what it says of all of them."""
        part: Any = safe_open(path, framework="pt")
        for key in part.keys():  # noqa: SIM118 - not a dict
            kind, name, start = key.split("/")
            (length,) = part.get_slice(key).get_shape()
            pieces = self._parts.setdefault((kind, name), [])
            pieces.append((int(start), length, part, key))
        about: dict[str, Any] = json.loads(part.metadata()["about"])
        return about

    @property
    def kinds(self) -> set[str]:
        """What is known of each parameter."""
        return {kind for kind, _ in self._parts}

    def read(self, kind: str, name: str, start: int, length: int) -> Tensor:
        """(length,) values of one parameter from element ``start`` on.

        Raises:
            KeyError: if a part of them is in no file.
        """
        out = torch.empty(length)
        filled = 0
        for begin, size, part, key in self._parts[kind, name]:
            low, high = max(begin, start), min(begin + size, start + length)
            if low < high:
                out[low - start : high - start] = part.get_slice(key)[low - begin : high - begin]
                filled += high - low
        if filled != length:
            raise KeyError(f"{name}: {length - filled} of {length} values of {kind} are missing")
        return out
