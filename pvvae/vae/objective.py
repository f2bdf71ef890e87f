"""Eq. 1, and which groups are dropped (sections 3.1 and 3.2)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor, nn

from arch.ranges import Decay, Length, Share, Step, Weight
from pvvae import seeding
from pvvae.config import check_ranges
from pvvae.vae.losses.adversarial import AdaptiveWeight, GanLoss, generator_loss
from pvvae.vae.losses.perceptual import Perceptual
from pvvae.vae.losses.reconstruction import squared_error, temporal_difference


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """Every weight of Eq. 1. The paper prints none of them; each default says where it is from."""

    max_drop_ratio: Share = 1.0
    """r: at most floor((G - 1) * r) groups are dropped. 1.0 is the paper's (section 4.1)."""
    drop: Literal["batch", "sample"] = "batch"
    """One k for all clips of a slot, which saves encoding them, or one for each clip. Ours: batch,
    since with r = 1 it saves 2 of 5 groups of encoder work on average."""
    weight_rec: Weight = 10.0
    """lambda_rec. Ours: MSE is about 15 times smaller than the L1 that peers pair with LPIPS at
    weight 1 (0.0024 against 0.035 at 32 dB), so 10 restores their balance."""
    weight_diff: Weight = 1.0
    """Weight of L_Diff within the bracket of Eq. 1, where it is 1; 0 is Table 4 without it."""
    weight_lpips: Weight = 1.0
    """lambda_lpips: SSVAE, VidTok, WF-VAE."""
    lpips_net: Literal["vgg", "alex"] = "vgg"
    """VGG16 is what video VAEs train with (SSVAE, VidTok, CogVideoX)."""
    lpips_frames: Length | None = None
    """Frames of each clip that LPIPS looks at, drawn anew each time; None is all of them."""
    weight_gan: Weight = 0.1
    """lambda_gan, before adaptive scaling. Ours, between Open-Sora's 0.05 and VidTok's 0.2."""
    gan_weighting: Literal["adaptive", "fixed"] = "adaptive"
    """Scale the GAN gradient to the reconstruction's at the head (SSVAE, WF-VAE), or not.

    Public code takes norms process by process. A norm of parts is not the norm of their sum, so the
    weight then depends on how a step is cut up. Ours sums the gradients over all slots of the step,
    on all processes, and takes norms then. It needs every slot's reconstruction before the first
    backward pass: free with one slot a process, one more forward pass of each with several."""
    gan_loss: GanLoss = "hinge"
    """What the two networks minimise: hinge in SSVAE, WF-VAE and Open-Sora."""
    weight_lecam: Weight = 0.0
    """LeCAM on the discriminator's loss; 0 is off, as the paper names none. MAGVIT-v2: 0.001."""
    lecam_decay: Decay = 0.999
    """Decay of the average logits that LeCAM holds to; Open-Sora's for MAGVIT-v2."""
    gan_start: Step = 5_000
    """Step of this stage from which the reconstruction feels the GAN (section 3.2)."""
    discriminator_warmup: Step = 0
    """Steps before gan_start in which the discriminator already learns. Ours: 0."""
    weight_kl: Weight = 1e-5
    """lambda_kl on the mean KL of a latent element: SSVAE's 5e-4 on the sum over a clip."""

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def discriminator_start(self) -> int:
        """First step of the stage at which the discriminator learns."""
        return max(0, self.gan_start - self.discriminator_warmup)


def most_dropped(groups: int, ratio: float) -> int:
    """floor((G - 1) * r): the most groups of G that are dropped (section 3.1).

    The ratio is taken as it is written: 0.29 of 100 groups are 29, where float64 has 28.999....
    """
    return int((groups - 1) * Fraction(str(ratio)))


def sample_dropped(
    groups: int, config: ObjectiveConfig, *, seed: int, positions: Sequence[int]
) -> int | Tensor:
    """Draw k ~ U{0, ..., floor((G - 1) * r)}; the first group is never dropped (section 3.1).

    Args:
        groups: G of the clip.
        config: ratio and whether k is common to the batch.
        seed: of the run.
        positions: global sample position of each clip, which alone decides its k.

    Returns:
        One k (decided by the first clip), or (B,) one for each clip.
    """
    most = most_dropped(groups, config.max_drop_ratio)

    def draw(position: int) -> int:
        return int(seeding.numpy_generator(seed, "dropped", position).integers(0, most + 1))

    if config.drop == "batch":
        return draw(positions[0])
    return torch.tensor([draw(position) for position in positions])


@dataclass(frozen=True)
class PixelGradients:
    """The losses at a reconstruction and their gradients there, where the graph is cut."""

    gradients: dict[str, Tensor]
    """(B, C, T, H, W) of each weighted loss: ``rec``, ``lpips`` and ``gan``, the last before any
    adaptive scale."""
    losses: dict[str, Tensor]
    """Unweighted losses, one scalar each, as means over the clips."""
    at_head: Tensor | None = None
    """(2, P) gradients at the head's weights of pixel losses and GAN, for the adaptive scale."""

    def scaled(self, scale: Tensor) -> "PixelGradients":
        """These gradients, the GAN's times ``scale`` (), which stands among the losses."""
        gradients = self.gradients | {"gan": scale * self.gradients["gan"]}
        return PixelGradients(gradients, self.losses | {"gan_scale": scale}, self.at_head)

    @property
    def total(self) -> Tensor:
        """Gradient (B, C, T, H, W) of all pixel losses together."""
        first, *rest = self.gradients.values()
        return sum(rest, start=first)

    def squares(self) -> dict[str, Tensor]:
        """Squared norm () of each gradient; over the parts of a batch they add up."""
        norms = {name: torch.linalg.vector_norm(g) for name, g in self.gradients.items()}
        return {name: norm.square() for name, norm in norms.items()}


class Objective:
    """The pixel losses of Eq. 1, differentiated down to the reconstruction and no further.

    Cutting the graph there keeps the discriminator's and the perceptual network's graphs out of
    the engine's backward pass (which ZeRO instruments), frees their memory before the decoder's
    backward pass begins, and gives each loss's gradient for nothing.
    """

    def __init__(self, config: ObjectiveConfig, *, head: nn.Module, device: torch.device) -> None:
        """``head`` is the backbone's, before an engine shards it; on "meta", LPIPS is empty too."""
        self.config = config
        self.perceptual: Perceptual | None = None
        if config.weight_lpips:
            empty = device.type == "meta"
            self.perceptual = Perceptual(config.lpips_net, empty=empty).to(device)
        self._adaptive = (
            None if config.gan_weighting == "fixed" else AdaptiveWeight(head.to(device))
        )

    def pixel_gradients(
        self,
        recon: Tensor,
        x: Tensor,
        *,
        frames: Tensor | None = None,
        discriminator: nn.Module | None = None,
    ) -> PixelGradients:
        """Losses at a reconstruction and their gradients, the GAN's not scaled yet.

        Args:
            recon: (B, C, T, H, W), of any float type; it is detached here.
            x: the clip, same shape.
            frames: indices into T for LPIPS; None is all.
            discriminator: the network itself, not its engine; None while the GAN is off.
        """
        leaf = recon.detach().float().requires_grad_(True)
        losses = self.pixel_losses(leaf, x.float(), frames=frames)
        weights = self.config
        rec = weights.weight_rec * (losses["mse"] + weights.weight_diff * losses["diff"])
        gradients = {"rec": torch.autograd.grad(rec, leaf)[0]}
        if "lpips" in losses:
            lpips = weights.weight_lpips * losses["lpips"]
            gradients["lpips"] = torch.autograd.grad(lpips, leaf)[0]
        at_head = None
        if discriminator is not None:
            losses["gan"], gan = self._adversarial_gradient(leaf, discriminator)
            if self._adaptive is not None:
                at_head = self._adaptive.gradients(PixelGradients(gradients, {}).total, gan)
            gradients["gan"] = weights.weight_gan * gan
        detached = {name: loss.detach() for name, loss in losses.items()}
        return PixelGradients(gradients, detached, at_head)

    @property
    def adaptive(self) -> bool:
        """Whether the GAN's gradient waits for :meth:`scale`."""
        return self._adaptive is not None

    def scale(self, at_head: Tensor) -> Tensor:
        """Scale () of the GAN's gradient, from a batch's ``at_head`` or their sum."""
        assert self._adaptive is not None, "the GAN's weight is fixed"
        return self._adaptive.ratio(at_head)

    def pixel_losses(
        self, recon: Tensor, x: Tensor, *, frames: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The unweighted terms of Eq. 1 that compare pixels, as means over the clips."""
        losses = {
            "mse": squared_error(recon, x).mean(),
            "diff": temporal_difference(recon, x).mean(),
        }
        if self.perceptual is not None:
            losses["lpips"] = self.perceptual(recon, x, frames=frames).mean()
        return losses

    def _adversarial_gradient(
        self, leaf: Tensor, discriminator: nn.Module
    ) -> tuple[Tensor, Tensor]:
        with frozen(discriminator):
            dtype = next(discriminator.parameters()).dtype
            logits = discriminator(leaf.to(dtype)).float()
            loss = generator_loss(logits, self.config.gan_loss).mean()
            (gradient,) = torch.autograd.grad(loss, leaf)
        return loss, gradient


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Use a network without training it.

    The generator's losses run through the discriminator. Unless that is frozen, ZeRO-1 silently
    adds the generator's gradient to the discriminator's, and ZeRO-2 and 3 stop (seen on DeepSpeed
    0.19.8). Call the network itself, not its engine, while it is frozen.
    """
    trained = [p for p in network.parameters() if p.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
