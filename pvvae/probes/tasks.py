"""What probes are asked: how pixels move, and what the next frame is; and who answers trivially."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from pvvae.analysis.clips import AnalysedClips
from pvvae.analysis.flow import ESTIMATE, Flow, estimated_flow
from pvvae.autoencoder.long_video import through, unit
from pvvae.data.scenes.extrapolation import MOVES
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE

MEAN = "mean"
"""The rival that says the mean of what heads were fitted on, everywhere."""


class ProbeTask(ABC):
    """A question with an answer at every pixel, (C, K, H, W) for K frames."""

    name: ClassVar[str]
    channels: ClassVar[int]
    scores: ClassVar[tuple[str, ...]]
    """What is measured of an answer to one clip."""
    protocol: ClassVar[dict[str, str]]

    @abstractmethod
    def check(self, clips: AnalysedClips) -> None:
        """Refuse clips of which the truth is not known.

        Raises:
            ConfigError: in one line.
        """

    def depends_on(self, clips: AnalysedClips) -> dict[str, str]:
        """What its numbers depend on, in words."""
        return dict(self.protocol)

    @abstractmethod
    def seen(self, frames: Frames) -> Frames:
        """The frames of a clip that features may be of."""

    @abstractmethod
    def answer(self, pixels: Tensor) -> Tensor:
        """The part (B, C, K, H, W) of a head's pixels (B, C, T, H, W) that is asked for."""

    @abstractmethod
    def truth(self, clips: AnalysedClips, number: int, frames: Frames) -> Tensor:
        """The right answer (C, K, H, W)."""

    @abstractmethod
    def loss(self, answer: Tensor, truth: Tensor) -> Tensor:
        """What heads learn by: (B, C, K, H, W) twice to one number."""

    @abstractmethod
    def errors(self, answer: Tensor, truth: Tensor) -> Tensor:
        """(len(scores),) of one clip, float64; NaN where it has no such pixels."""

    @abstractmethod
    def rivals(self, frames: Frames) -> dict[str, Tensor]:
        """Answers (C, K, H, W) that need no features, by name; :data:`MEAN` is every task's."""

    def floor(self, frames: Frames, vae: PredictiveVAE) -> Tensor | None:
        """What the VAE makes of the answer itself; None where it says nothing."""
        return None


class FlowTask(ProbeTask):
    """Optical flow between consecutive frames, in pixels of the clips."""

    name = "flow"
    channels = 2
    scores = ("epe", "epe_moving")
    protocol: ClassVar[dict[str, str]] = {
        "task": "flow of every frame to the next, occluded pixels too; mean endpoint error",
        "moving": "pixels that move half a pixel a frame or more",
        "mean": "mean flow of the clips that heads are fitted on",
        "dis": ESTIMATE,
    }

    def check(self, clips: AnalysedClips) -> None:
        if not clips.flow_is_known:
            raise ConfigError(
                f"{clips.question.where}: how every pixel moves is known of scenes and of Sintel "
                "alone; make scenes with `pvvae data scenes`, and give their own --size"
            )

    def depends_on(self, clips: AnalysedClips) -> dict[str, str]:
        return {**self.protocol, "truth": clips.protocol()["flow"]}

    def seen(self, frames: Frames) -> Frames:
        return frames

    def answer(self, pixels: Tensor) -> Tensor:
        return pixels[:, :, 1:]  # flow k is said with frame k + 1, whose group knows both

    def truth(self, clips: AnalysedClips, number: int, frames: Frames) -> Tensor:
        return _pixels(clips.flow(number, frames))

    def loss(self, answer: Tensor, truth: Tensor) -> Tensor:
        """Endpoint error, smooth at zero."""
        return (answer - truth).square().sum(dim=1).add(1e-6).sqrt().mean()

    def errors(self, answer: Tensor, truth: Tensor) -> Tensor:
        off = (answer.double() - truth.double()).square().sum(dim=0).sqrt()
        moving = truth.double().square().sum(dim=0).sqrt() >= MOVES
        return torch.stack([off.mean(), off[moving].mean()])

    def rivals(self, frames: Frames) -> dict[str, Tensor]:
        found = _pixels(estimated_flow(frames))
        return {"zero": torch.zeros_like(found), "dis": found}


class NextFrameTask(ProbeTask):
    """The frame after those that were seen, in [0, 1]."""

    name = "next-frame"
    channels = 3
    scores = ("mse",)
    protocol: ClassVar[dict[str, str]] = {
        "task": "the frame after those seen; squared error of pixels in [0, 1]",
        "mean": "mean colour of such frames in the clips that heads are fitted on",
        "repeated": "the last frame seen",
        "rebuilt": "that frame in the VAE's reconstruction of the whole clip",
    }

    def __init__(self, observed: int) -> None:
        """Show ``observed`` frames."""
        self.observed = observed

    def check(self, clips: AnalysedClips) -> None:
        """Any clips have a next frame."""

    def seen(self, frames: Frames) -> Frames:
        return frames[: self.observed]

    def answer(self, pixels: Tensor) -> Tensor:
        return pixels[:, :, -1:]  # of the last group's features, moved on to the next frame

    def truth(self, clips: AnalysedClips, number: int, frames: Frames) -> Tensor:
        return self._frame(frames, self.observed)

    def loss(self, answer: Tensor, truth: Tensor) -> Tensor:
        return F.mse_loss(answer, truth)

    def errors(self, answer: Tensor, truth: Tensor) -> Tensor:
        return (answer.double().clamp(0, 1) - truth.double()).square().mean()[None]

    def rivals(self, frames: Frames) -> dict[str, Tensor]:
        return {"repeated": self._frame(frames, self.observed - 1)}

    def floor(self, frames: Frames, vae: PredictiveVAE) -> Tensor | None:
        return self._frame(through(vae, frames), self.observed)

    def _frame(self, frames: Frames, at: int) -> Tensor:
        return unit(frames[at : at + 1])[0]  # (3, 1, H, W)


def _pixels(flow: Flow) -> Tensor:
    """(T, H, W, 2) -> (2, T, H, W)."""
    return rearrange(torch.from_numpy(np.ascontiguousarray(flow)), "t h w c -> c t h w")
