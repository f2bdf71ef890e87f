"""Answers of probes as pictures: flow in colours, frames as they are."""

from collections.abc import Sequence

import numpy as np
from einops import rearrange
from torch import Tensor

from pvvae.analysis.flow import in_colours
from pvvae.data.video.video import Frames
from pvvae.probes.trained import ProbedSource, ProbeQuestion

FASTEST = 99
"""Percentile of the true speed that has full colour: the very fastest are a few pixels. Ours."""


def answer_pictures(
    found: Sequence[ProbedSource], question: ProbeQuestion, number: int
) -> list[tuple[str, Frames]]:
    """Caption and picture (H, W, 3): a frame, the truth, and what every source says.

    Flow is that of the middle pair of frames, in the colours of the true speed.
    """
    frames = question.test.frames(number)
    truth = question.task.truth(question.test, number, frames)
    seen = question.task.seen(frames)
    answers = [("truth", truth), *((one.label, one.answers[number]) for one in found)]
    if truth.shape[0] == 2:
        middle = truth.shape[1] // 2
        speed = np.hypot(*truth[:, middle].numpy())
        fastest = max(1.0, float(np.percentile(speed, FASTEST)))
        shown = [("frame", seen[middle])]
        return shown + [
            (words, in_colours(_last(answer[:, middle]), fastest=fastest))
            for words, answer in answers
        ]
    return [("last seen", seen[-1])] + [
        (words, np.rint(_last(answer[:, 0]).clip(0, 1) * 255).astype(np.uint8))
        for words, answer in answers
    ]


def _last(answer: Tensor) -> np.ndarray:
    """(C, H, W) -> (H, W, C)."""
    return rearrange(answer.float().numpy(), "c h w -> h w c")
