"""Early FVD: how near samples come to real clips while a denoiser still learns.

The paper's convergence claims compare FVD at equal steps. A small fixed set of noise and of real
clips gives the curve; its last point is no number to publish (``evaluate_generation`` is).
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from arch.ranges import Count, Number, Positive
from pvvae import distributed, seeding
from pvvae.config import check_ranges
from pvvae.data.clips import held_out_clips, to_pixels, to_uint8
from pvvae.data.video.video import SAMPLE_FPS, write_video
from pvvae.data.video.writers import contact_sheet
from pvvae.denoiser.latent_source import LatentSource
from pvvae.denoiser.rectified_flow import LabelledVelocity, SamplerConfig, sample
from pvvae.denoiser.steps_to_fvd import HIGH, LOW
from pvvae.denoiser.trained_run import check_decoder
from pvvae.distributed.slots import map_over_teams
from pvvae.errors import ConfigError
from pvvae.metrics.frechet import frechet_distance
from pvvae.metrics.fvd import FVD
from pvvae.metrics.intervals import jackknife_interval
from pvvae.pretrained.vae_source import open_vae


@dataclass(frozen=True, kw_only=True)
class SampleFVDConfig:
    """What is sampled at every evaluation."""

    num: Number = 0
    """Samples, and real clips to hold them against; 0 samples nothing."""
    real: str | None = None
    """Shards of the clips that the latents were made of."""
    vae: str | None = None
    """Run folder of the VAE that decodes; null is the one that made the latents."""
    batch: Count = 4
    """Samples made at once, always the same ones together."""
    sampler: SamplerConfig = SamplerConfig(steps=25)
    """Ours: a quarter of the steps of section 4.1, for a curve. Guidance is not read."""
    target: Positive | None = None
    """An FVD: the run ends with the sentence after how many steps it was reached, with the interval
    that FVD's own over clips makes of them; null names none."""
    shown: Number = 16
    """Samples in the video of each evaluation."""

    def __post_init__(self) -> None:
        """Refuse what has no distance.

        Raises:
            ConfigError: naming the key.
        """
        check_ranges(self)
        if self.num == 1:
            raise ConfigError("early.num: must be 0 (no FVD while training) or at least 2")
        if self.target is not None and not self.num:
            raise ConfigError("early.target: needs early.num: 2 or more, the samples to look at")
        if self.num and self.real is None:
            raise ConfigError(
                "early.real: missing; name the shards whose clips the latents were made of"
            )


class SampleFVD:
    """FVD of samples during training; its noise and real clips stay, on any number of processes."""

    def __init__(
        self, config: SampleFVDConfig, latents: LatentSource, *, seed: int, team: int
    ) -> None:
        """Look at the real clips, as they are and as the VAE rebuilds them.

        Raises:
            ConfigError: if VAE or clips are missing, or too short for I3D.
        """
        self._config, self._latents, self._seed = config, latents.scale, seed
        self._blocks, self._team = -(-config.num // config.batch), team
        vae = open_vae(config.vae or latents.vae)
        check_decoder(vae, latents.scale, key="early.vae", name=str(config.vae))
        self._backbone = vae.to(distributed.device()).backbone
        self._videos = FVD(device=str(distributed.device()))
        pairs = map_over_teams(self._blocks, self._known, team=team)
        self._real = torch.cat([real for real, _ in pairs])
        self.floor = frechet_distance(self._real, torch.cat([recon for _, recon in pairs]))
        """FVD of reconstructions of the real clips; samples of this VAE cannot be expected to be
        better."""

    def measure(
        self, denoiser: LabelledVelocity, *, classes: int, folder: Path, step: int
    ) -> dict[str, float]:
        """``fvd`` of what ``denoiser`` generates, beside ``fvd_floor``; a collective call.

        With ``target`` also ``fvd_low`` and ``fvd_high``.

        Args:
            denoiser: its velocity.
            classes: of the denoiser, 0 for none; labels are drawn from those that have latents.
            folder: of the run, where the samples are put together as a video.
            step: that names it.
        """
        made = map_over_teams(
            self._blocks, lambda block: self._sample(denoiser, classes, block), team=self._team
        )
        clips = torch.cat([clips for clips, _ in made])
        if distributed.is_main() and self._config.shown:
            sheet = contact_sheet(list(clips[: self._config.shown].numpy()))
            write_video(folder / "samples" / f"step_{step:08d}.mp4", sheet, fps=SAMPLE_FPS)
        generated = torch.cat([features for _, features in made])
        fvd = frechet_distance(self._real, generated)
        return {"fvd": fvd, "fvd_floor": self.floor, **self._interval(fvd, generated)}

    def _interval(self, fvd: float, generated: Tensor) -> dict[str, float]:
        """Ends of the 95% interval over clips, where steps to an FVD are asked for."""
        if self._config.target is None:
            return {}
        found = jackknife_interval(fvd, frechet_distance, self._real, generated, seed=self._seed)
        return {} if found is None else {LOW: max(found[0], 0.0), HIGH: found[1]}

    @torch.inference_mode()
    def _known(self, block: int) -> tuple[Tensor, Tensor]:
        """Features (N, 400) of real clips and of their reconstructions."""
        _, groups, height, width = self._latents.shape
        stride = self._backbone.stride
        assert self._config.real is not None
        clips = held_out_clips(
            self._config.real,
            frames=1 + (groups - 1) * stride.time,
            height=height * stride.space,
            width=width * stride.space,
            limit=self._config.num,
        )
        if len(clips) < self._config.num:
            raise ConfigError(
                f"early.real: {self._config.real} has {len(clips)} clips, early.num asks for "
                f"{self._config.num}"
            )
        x = torch.cat([to_pixels(clips[i].frames) for i in self._indices(block)])
        x = x.to(distributed.device())
        recon = self._backbone.decode(self._backbone.encode(x).mean)
        return self._features(to_uint8(x)), self._features(to_uint8(recon))

    @torch.no_grad()
    def _sample(
        self, denoiser: LabelledVelocity, classes: int, block: int
    ) -> tuple[Tensor, Tensor]:
        """Clips (N, T, H, W, C), uint8, and their features (N, 400)."""
        noise = torch.stack(
            [
                torch.randn(
                    self._latents.shape,
                    generator=seeding.torch_generator(self._seed, "early", i),
                )
                for i in self._indices(block)
            ]
        ).to(distributed.device())
        learned = self._latents.learned if classes else ()
        labels = [
            learned[
                int(seeding.numpy_generator(self._seed, "early label", i).integers(len(learned)))
            ]
            for i in self._indices(block)
            if learned
        ]
        label = torch.tensor(labels, device=noise.device) if classes else None
        z = sample(lambda x, time: denoiser(x, time, label), noise, self._config.sampler)
        clips = to_uint8(self._backbone.decode(self._latents.denormalize(z)))
        return torch.from_numpy(clips), self._features(clips)

    def _features(self, clips: object) -> Tensor:
        return self._videos.features_of(torch.as_tensor(clips))

    def _indices(self, block: int) -> range:
        first = block * self._config.batch
        return range(first, min(first + self._config.batch, self._config.num))
