"""L_GAN of Eq. 1: what the discriminator and the generator each minimise, and its weight."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Anchors:
    """Moving averages of the discriminator's logits; Python floats, the same on all processes."""

    real: float
    fake: float

    def moved(self, *, real: float, fake: float, decay: float) -> "Anchors":
        """A step further, towards the mean logits of that step."""
        keep, take = decay, 1.0 - decay
        return Anchors(keep * self.real + take * real, keep * self.fake + take * fake)


def lecam(real: Tensor, fake: Tensor, anchors: Anchors | None) -> Tensor:
    """R_LC for each clip: logits (B, patches) twice -> (B,); zero before there are anchors.

    Logits of clips are held to the average of reconstructions and the other way round, by the
    square of their distance (the paper's equation 4). Only in the direction that tells them apart,
    as in the authors' code and all that followed it: a logit beyond its anchor is left alone.
    """
    if anchors is None:
        return torch.zeros_like(real).mean(1)
    excess = F.relu(real - anchors.fake).square() + F.relu(anchors.real - fake).square()
    return excess.mean(1)


GanLoss = Literal["hinge", "nonsaturating"]


def discriminator_loss(real: Tensor, fake: Tensor, kind: GanLoss) -> Tensor:
    """Loss of the discriminator for each clip: logits (B, patches) twice -> (B,)."""
    if kind == "hinge":
        return 0.5 * (F.relu(1.0 - real) + F.relu(1.0 + fake)).mean(1)
    return 0.5 * (F.softplus(-real) + F.softplus(fake)).mean(1)


def generator_loss(fake: Tensor, kind: GanLoss) -> Tensor:
    """Loss of the generator for each clip: logits (B, patches) -> (B,)."""
    return (-fake if kind == "hinge" else F.softplus(-fake)).mean(1)


class AdaptiveWeight:
    """Scales the GAN gradient to the size of the reconstruction gradient at the decoder's head.

    The ratio of the two gradients' norms with respect to the head's parameters (VQGAN's rule, used
    by SSVAE, WF-VAE and Open-Sora). The head is linear in its parameters, so these gradients do not
    depend on the parameters' values: a private copy of the head and its captured input suffice.
    That keeps the engine's own graph, and the parameters that ZeRO has sharded away, out of it.
    """

    EPSILON = 1e-4  # SSVAE, VQGAN
    LARGEST = 1e4  # SSVAE, VQGAN

    def __init__(self, head: nn.Module) -> None:
        """Copy ``head`` before an engine shards it, and listen to its input from then on."""
        self._copy = deepcopy(head).requires_grad_(True)
        self._input: Tensor | None = None
        head.register_forward_pre_hook(self._capture)

    def _capture(self, module: nn.Module, args: tuple[Tensor, ...]) -> None:
        self._input = args[0].detach()

    def gradients(self, reconstruction: Tensor, adversarial: Tensor) -> Tensor:
        """Gradients (2, P) at the head's weights from two (B, C, T, H, W) at its last output.

        They add up over the parts of a batch, as the gradients at its outputs do.
        """
        assert self._input is not None, "the head has not run yet"
        parameters = [p for p in self._copy.parameters() if p.dim() > 1]  # weights, not biases
        with torch.enable_grad():
            output = self._copy(self._input.to(parameters[0].dtype))
        found = []
        for pull, keep in ((reconstruction, True), (adversarial, False)):
            grads = torch.autograd.grad(
                output, parameters, pull.to(output.dtype), retain_graph=keep
            )
            found.append(torch.cat([g.float().flatten() for g in grads]))
        return torch.stack(found)

    def ratio(self, gradients: Tensor) -> Tensor:
        """Weight () from :meth:`gradients` (2, P) of a batch, or from their sum over its parts."""
        reconstruction, adversarial = torch.linalg.vector_norm(gradients, dim=1)
        ratio: Tensor = reconstruction / (adversarial + self.EPSILON)
        return ratio.clamp(0.0, self.LARGEST)
