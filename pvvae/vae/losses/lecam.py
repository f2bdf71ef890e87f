"""LeCAM: keeps a discriminator with few data from running away (Tseng et al., CVPR 2021)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


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
