"""How a speed was measured: what every table of speeds says beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch

from arch.interface import Backbone, PeerConfig
from arch.ranges import Count, Number
from pvvae.config import check_ranges
from pvvae.data.clip_shape import ClipShape
from pvvae.errors import ConfigError
from pvvae.metrics.results import Results, Value
from pvvae.pretrained.vae_source import fresh_vae
from pvvae.run.run import RunConfig
from pvvae.timing.speed import Rounds, device_name


@dataclass(frozen=True, kw_only=True)
class SpeedConfig(ClipShape, RunConfig):
    """One network on one batch in one process; weights are fresh, since speed does not know them.

    The defaults are section 4.1's: clips of 17 x 256 x 256, a batch of 4, 100 rounds after 50.
    """

    vae: str | PeerConfig
    """Run folder of a VAE stage, or a peer; neither needs weights."""
    batch: Count = 4
    warmup: Number = 50
    rounds: Count = 100
    precision: Literal["fp32", "bf16"] = "bf16"
    """The paper names none; bf16, ours, as everybody trains and samples on GPUs."""

    def __post_init__(self) -> None:
        check_ranges(self)

    def check(self, processes: int) -> None:
        if processes != 1:
            raise ConfigError(
                f"speed is measured with one process, got {processes}; give --processes 1"
            )

    @property
    def turns(self) -> Rounds:
        """How often everything is done."""
        return Rounds(warmup=self.warmup, timed=self.rounds)

    @property
    def shape(self) -> tuple[int, ...]:
        """(B, 3, T, H, W)."""
        return (self.batch, 3, self.frames, self.height, self.width)

    @property
    def dtype(self) -> torch.dtype:
        """What networks compute in."""
        return torch.bfloat16 if self.precision == "bf16" else torch.float32

    def build(self) -> "tuple[Backbone, int]":
        """The backbone, on the CPU in fp32, and the parameters of its VAE.

        Raises:
            ConfigError: if it does not load, or does not take the clips.
        """
        vae = fresh_vae(self.vae)
        try:
            vae.backbone.latent_frames(self.frames)
            vae.backbone.check_size(self.height, self.width)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        return vae.backbone, sum(p.numel() for p in vae.parameters())

    def results(
        self, speed: str, *, latent: str, parameters: Mapping[str, int], times: Mapping[str, float]
    ) -> Results:
        """What results.json says.

        Args:
            speed: name of the metric.
            latent: the latents, as ``Backbone.latent_config`` has it.
            parameters: number of each network's, by the name that it has among the metrics.
            times: speed, memory (bytes) and the machine's load.
        """
        return Results(
            metrics={name: Value(value=number) for name, number in parameters.items()},
            protocol=self.protocol(speed),
            counts={"clips": self.batch},
            seeds={"clips": self.seed},
            facts={"latent": latent},
            times=times,
        )

    def protocol(self, speed: str) -> dict[str, Any]:
        """For results.json, of a metric of this name."""
        how = {
            "batch": self.batch,
            "precision": self.precision,
            "device": device_name(),
            "warmup": self.warmup,
            "rounds": self.rounds,
        }
        return {"size": self.size, speed: how}
