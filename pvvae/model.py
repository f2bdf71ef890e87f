"""PV-VAE: a backbone whose encoder sees the past and whose decoder rebuilds past and future."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from arch.interface import Backbone, Network, Posterior
from pvvae import seeding

Pad = Literal["learnable", "gaussian"]


class PredictiveVAE(Network):
    """Encode the first groups of a clip, pad the latent to full length, decode all of it.

    With ``dropped=0`` this is an ordinary VAE, which is also how it runs at inference.
    Source: "Video Generation with Predictive Latents", section 3.1; the two pads, Table 6.
    """

    def __init__(self, backbone: Backbone, *, pad: Pad = "learnable") -> None:
        """``pad`` is what stands in for a dropped group: one learnable vector, or noise."""
        super().__init__()
        self.backbone = backbone
        self.encoder_frozen = False
        self.pad: nn.Parameter | None = None
        if pad == "learnable":
            # Zero is the prior's mean: an uninformative start (section 3.1).
            self.pad = nn.Parameter(torch.zeros(backbone.latent_channels))

    @property
    def segments(self) -> tuple[nn.Module, ...]:
        """The backbone's."""
        return self.backbone.segments

    def freeze_encoder(self) -> None:
        """Train the decoder alone from here on (section 3.2, decoder fine-tuning)."""
        self.encoder_frozen = True
        self.backbone.encoder.requires_grad_(False)
        if self.pad is not None:
            self.pad.requires_grad_(False)

    def forward(
        self,
        x: Tensor,
        dropped: int | Tensor = 0,
        noise: Tensor | None = None,
        *,
        pad_noise: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruct ``x`` from its first ``t - dropped`` groups.

        Args:
            x: pixels (B, C, T, H, W) in [-1, 1], T = 1 + n * stride.time.
            dropped: number k of trailing groups to withhold, 0 <= k < t: one for the batch, which
                saves the encoder's work on them, or (B,) one for each clip, which masks latents.
            noise: standard normal (B, c, t, h, w), for the posterior and for a Gaussian pad; None
                decodes the posterior mean.
            pad_noise: the same for a Gaussian pad alone, where the posterior mean is decoded: see
                :meth:`draw_pad`.

        Returns:
            Reconstruction (B, C, T, H, W), posterior mean and log-variance (B, c, t - k, h, w);
            with one k for each clip they have all t groups, those beyond ``t - k`` undefined.

        Raises:
            ValueError: if ``dropped`` would leave nothing to encode, or a Gaussian pad lacks noise.
        """
        groups = self.backbone.latent_frames(x.shape[2])
        observed = self._observed(groups, dropped)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.encoder_frozen):
            if isinstance(observed, int):
                seen = 1 + (observed - 1) * self.backbone.stride.time
                posterior = self.backbone.encode(x[:, :, :seen])
            else:
                observed = observed.to(x.device)
                posterior = self.backbone.encode(x, observed)
        z = self._complete(
            posterior, observed, groups, noise, noise if pad_noise is None else pad_noise
        )
        return self.backbone.decode(z), posterior.mean, posterior.logvar

    def latter_half(self, frames: int) -> tuple[int, int]:
        """Groups to drop and frames left to see when the latter half is withheld (Figure 6).

        Raises:
            ValueError: if ``frames`` is no valid length.
        """
        groups = self.backbone.latent_frames(frames)
        dropped = groups // 2
        return dropped, 1 + (groups - dropped - 1) * self.backbone.stride.time

    def draw_pad(self, x: Tensor, *, seed: int, clips: Sequence[int]) -> Tensor | None:
        """Noise (B, c, t, h, w) for the Gaussian pad of clips that are looked at after training.

        A decoder that learned with noise in place of the future has never seen zeros there
        (section 4.4, Table 6), so what it predicts is measured with noise too.

        Args:
            x: (B, C, T, H, W).
            seed: of the evaluation.
            clips: number of each clip, which with the seed decides its noise.

        Returns:
            None where the pad is learnable, and nothing is drawn.
        """
        if self.pad is not None:
            return None
        space = self.backbone.stride.space
        size = (self.backbone.latent_frames(x.shape[2]), x.shape[3] // space, x.shape[4] // space)
        shape = (self.backbone.latent_channels, *size)
        draws = (seeding.torch_generator(seed, "pad", clip) for clip in clips)
        return torch.stack([torch.randn(shape, generator=g) for g in draws]).to(x.device)

    @staticmethod
    def _observed(groups: int, dropped: int | Tensor) -> int | Tensor:
        low, high = (
            (dropped, dropped)
            if isinstance(dropped, int)
            else (int(dropped.min()), int(dropped.max()))
        )
        if low < 0 or high >= groups:
            raise ValueError(
                f"dropped must be in [0, {groups - 1}] for {groups} groups, got {low}..{high}"
            )
        return groups - dropped

    def _complete(
        self,
        posterior: Posterior,
        observed: int | Tensor,
        groups: int,
        noise: Tensor | None,
        pad_noise: Tensor | None,
    ) -> Tensor:
        """Latents (B, c, t, h, w): sampled where observed, the pad elsewhere."""
        known = posterior.mean.shape[2]
        z = (
            posterior.mean
            if noise is None
            else posterior.sample(noise[:, :, :known].to(posterior.mean))
        )
        if isinstance(observed, int) and observed == groups and self.pad is None:
            return z
        batch, _, _, height, width = z.shape
        pad = self._pad_latents(z, (batch, groups, height, width), pad_noise)
        if isinstance(observed, int):
            z = torch.cat([z, pad[:, :, observed:]], dim=2)
        else:
            mask = torch.arange(groups, device=z.device) < observed[:, None]  # (B, t)
            z = torch.where(mask[:, None, :, None, None], z, pad)
        if self.pad is None:
            return z
        # The pad stays in the graph when nothing is dropped: ZeRO waits for every trainable
        # parameter's gradient on every rank at every step, and k differs between ranks.
        return z + 0.0 * self.pad.sum().to(z.dtype)

    def _pad_latents(
        self, z: Tensor, size: tuple[int, int, int, int], noise: Tensor | None
    ) -> Tensor:
        batch, groups, height, width = size
        shape = (batch, z.shape[1], groups, height, width)
        if self.pad is not None:
            return self.pad.to(z.dtype)[:, None, None, None].expand(shape)
        if noise is None:
            raise ValueError("a Gaussian pad needs noise where groups are dropped: see draw_pad")
        return noise.to(z)
