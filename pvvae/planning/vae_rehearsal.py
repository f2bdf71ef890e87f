"""One slot of VAE training on the meta device: every operator, no memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from arch.interface import Posterior
from pvvae.data.schedule import Bucket
from pvvae.engine import EngineConfig, recompute, share_clips
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE
from pvvae.planning.meta_attention import FusedAttention
from pvvae.vae.config import VAETrainingConfig
from pvvae.vae.losses.adversarial import discriminator_loss
from pvvae.vae.losses.reconstruction import kl_divergence
from pvvae.vae.objective import Objective, most_dropped

META = torch.device("meta")


@dataclass(frozen=True)
class VAERehearsal:
    """The networks of a stage without their weights; ``phases`` follows ``VAETrainer.step``."""

    config: VAETrainingConfig
    vae: PredictiveVAE
    discriminator: nn.Module | None
    objective: Objective

    @classmethod
    def of(cls, config: VAETrainingConfig, *, freeze_encoder: bool) -> "VAERehearsal":
        """Build the networks as the stage does.

        Raises:
            ConfigError: for shapes that do not fit the backbone, or a network without segments.
        """
        config.check_shapes()
        discriminator: nn.Module | None = None
        with META:
            vae = PredictiveVAE(config.backbone.build(), pad=config.pad)
            if config.discriminator is not None:
                discriminator = config.discriminator.build().to(
                    dtype_of(config.discriminator_engine)
                )
                rehearse_recomputing(discriminator, config.discriminator_engine)
        if freeze_encoder:
            vae.freeze_encoder()
        share_clips(vae.backbone, team=config.sequence_parallel, absent=True)
        rehearse_recomputing(vae, config.engine)
        objective = Objective(config.objective, head=vae.backbone.head, device=META)
        return cls(config, vae.to(dtype_of(config.engine)), discriminator, objective)

    @property
    def perceptual(self) -> nn.Module | None:
        """The frozen network of LPIPS, if it has a weight."""
        return self.objective.perceptual

    @property
    def networks(self) -> list[nn.Module]:
        """All whose parameters are no activations."""
        found = [self.vae, self.discriminator, self.perceptual]
        return [network for network in found if network is not None]

    def drops(self, bucket: Bucket) -> range:
        """Numbers of dropped groups that change the work; all are equally likely."""
        if self.config.objective.drop == "sample":
            return range(1)  # whatever is dropped is encoded, and masked
        groups = self.vae.backbone.latent_frames(bucket.frames)
        return range(most_dropped(groups, self.config.objective.max_drop_ratio) + 1)

    def phases(self, bucket: Bucket, *, dropped: int = 0, gan: bool = True) -> Iterator[str]:
        """Work of one slot: forward, losses, backward; with ``gan`` that of the discriminator."""
        try:
            yield from self._phases(bucket, dropped, self.discriminator if gan else None)
        except ConfigError:
            raise
        except ValueError as error:
            raise ConfigError(f"this stage cannot be planned: {error}") from None

    def _phases(
        self, bucket: Bucket, dropped: int, discriminator: nn.Module | None
    ) -> Iterator[str]:
        x, noise = self._inputs(bucket)
        groups = noise.shape[2]
        drop: int | Tensor = dropped
        if self.config.objective.drop == "sample":
            drop = torch.zeros(bucket.batch, dtype=torch.int64)
        recon, mean, logvar = self.vae(x.to(dtype_of(self.config.engine)), drop, noise)
        yield "forward"
        gradients = self.objective.pixel_gradients(
            recon, x, frames=self._frames(bucket), discriminator=discriminator
        )
        yield "losses"
        observed = None if isinstance(drop, int) else (groups - drop).to(x.device)
        kl = kl_divergence(Posterior(mean, logvar), observed).mean()
        total = (recon * gradients.total.to(recon.dtype)).sum() + kl
        total.backward()  # type: ignore[no-untyped-call]
        yield "backward"
        if discriminator is not None:
            self._train(discriminator, x, recon.detach())
            yield "discriminator"

    def _train(self, discriminator: nn.Module, x: Tensor, recon: Tensor) -> None:
        dtype = dtype_of(self.config.discriminator_engine)
        real, fake = discriminator(torch.cat([x.to(dtype), recon.to(dtype)])).float().chunk(2)
        loss = discriminator_loss(real, fake, self.config.objective.gan_loss).mean()
        loss.backward()  # type: ignore[no-untyped-call]

    def _inputs(self, bucket: Bucket) -> tuple[Tensor, Tensor]:
        """Pixels (B, 3, T, H, W) and posterior noise (B, c, t, h, w)."""
        size = (bucket.batch, 3, bucket.frames, bucket.height, bucket.width)
        space = self.vae.backbone.stride.space
        latent = (
            bucket.batch,
            self.config.backbone.latent_channels,
            self.vae.backbone.latent_frames(bucket.frames),
            bucket.height // space,
            bucket.width // space,
        )
        return torch.empty(size, device=META), torch.empty(latent, device=META)

    def _frames(self, bucket: Bucket) -> Tensor | None:
        wanted = self.config.objective.lpips_frames
        return None if wanted is None or wanted >= bucket.frames else torch.arange(wanted)


def rehearse_recomputing(network: nn.Module, config: EngineConfig) -> None:
    """Recompute what the engine will, attention in fused kernels both times."""
    recompute(network, config.activation_checkpointing, again=FusedAttention)


def dtype_of(config: EngineConfig) -> torch.dtype:
    """What an engine computes in."""
    return torch.bfloat16 if config.precision == "bf16" else torch.float32
