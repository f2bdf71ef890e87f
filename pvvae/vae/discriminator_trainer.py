"""The discriminator's side of a training step."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pvvae import distributed
from pvvae.config.reading import expected_form, read_object
from pvvae.engine import Engine
from pvvae.vae.losses.adversarial import Anchors, discriminator_loss, lecam
from pvvae.vae.objective import ObjectiveConfig

ANCHORS = "lecam.json"
"""File of a checkpoint with LeCAM's averages, if it has any."""


class DiscriminatorTrainer:
    """A discriminator, its engine and LeCAM's averages of what it has said."""

    def __init__(self, engine: Engine, objective: ObjectiveConfig) -> None:
        self.engine = engine
        self._objective = objective
        self._anchors: Anchors | None = None

    @property
    def network(self) -> nn.Module:
        """The network itself: the generator's losses run through it, and not through its engine."""
        return self.engine.network

    def backward(self, x: Tensor, recon: Tensor, *, weight: float) -> dict[str, Tensor]:
        """Accumulate ``weight`` times the gradient of one slot's loss.

        Args:
            x: clips (B, C, T, H, W).
            recon: their reconstructions, from the same pass through the VAE as the generator's.
            weight: of the slot within the step.

        Returns:
            Losses and logits, one scalar each, as means over the clips.
        """
        both = torch.cat([x, recon.detach()]).to(self.engine.dtype)
        real, fake = self.engine(both).float().chunk(2)
        loss = discriminator_loss(real, fake, self._objective.gan_loss).mean()
        values = {"discriminator": loss, "logit_real": real.mean(), "logit_fake": fake.mean()}
        if self._objective.weight_lecam:
            values["lecam"] = lecam(real, fake, self._anchors).mean()
            loss = loss + self._objective.weight_lecam * values["lecam"]
        self.engine.backward(weight * loss)
        return {name: value.detach() for name, value in values.items()}

    def update_anchors(self, values: dict[str, Tensor]) -> None:
        """Average a step's logits in, if LeCAM is on; a collective call.

        Args:
            values: this process's part of the step's mean ``logit_real`` and ``logit_fake``.
        """
        if "lecam" not in values:
            return
        parts = torch.stack([values["logit_real"], values["logit_fake"]])
        real, fake = distributed.sum_(parts).tolist()
        last = self._anchors or Anchors(real, fake)
        self._anchors = last.moved(real=real, fake=fake, decay=self._objective.lecam_decay)

    def small_state(self) -> dict[str, Any]:
        """What a checkpoint keeps besides the engine's state, by file name."""
        return {} if self._anchors is None else {ANCHORS: asdict(self._anchors)}

    def load(self, folder: Path) -> None:
        """Take up a checkpoint's engine state, in ``discriminator``, and averages."""
        self.engine.load(folder / "discriminator")
        self.load_anchors(folder)

    def load_anchors(self, folder: Path) -> None:
        """Take up a checkpoint's averages alone, none if it has none: another stage's, say."""
        path = folder / ANCHORS
        with expected_form(path):
            self._anchors = Anchors(**read_object(path)) if path.exists() else None
