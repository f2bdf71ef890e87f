"""A plugin for tests: the toy VAE, which takes its time for as long as a file is there."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from arch.interface import BackboneConfig, Posterior
from arch.registry import load_plugin, lookup, register

load_plugin(Path(__file__).with_name("toy.py"))  # imported, it would register a second toy
ToyConfig = lookup(BackboneConfig, "toy")
Toy = sys.modules[ToyConfig.__module__].Toy

PAUSE = 0.5  # seconds; so a run of a hundred steps is still going when something happens to it


@register(BackboneConfig, "paced")
@dataclass(frozen=True, kw_only=True)
class PacedConfig(ToyConfig):
    """The toy, and what holds it up."""

    slow: str
    """A file."""

    def build(self) -> "Paced":
        return Paced(self)


class Paced(Toy):
    """The toy VAE, at a pace that a test sets."""

    def __init__(self, config: PacedConfig) -> None:
        super().__init__(config)
        self.slow = Path(config.slow)

    def encode(self, x: Tensor, observed: Tensor | None = None) -> Posterior:
        if self.slow.exists():
            time.sleep(PAUSE)
        return super().encode(x, observed)
