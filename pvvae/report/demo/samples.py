"""Clips that a Latte makes out of noise."""

import torch

from pvvae import distributed
from pvvae.data.video.pixels import to_uint8
from pvvae.data.video.video import Frames
from pvvae.denoiser.rectified_flow import SamplerConfig
from pvvae.denoiser.sampling import Generation, Labels
from pvvae.report.demo.cast import Sampler

SAMPLES, STEPS = 10, 30
"""Ours: two of each kind of motion, and Euler steps after which little changes at this size."""


def generated(sampler: Sampler, *, samples: int = SAMPLES) -> list[tuple[str, Frames]]:
    """(class, frames (T, H, W, 3)) of each sample, all classes in turn."""
    denoiser, scale = sampler.denoiser.to(distributed.device()), sampler.scale
    made = []
    kinds = scale.learned if denoiser.num_classes else (0,)
    count = max(samples // len(kinds), 1)
    for kind in kinds:
        generation = Generation(
            denoiser=denoiser,
            dtype=torch.float32,
            backbone=sampler.vae.backbone,
            scale=scale,
            shape=scale.shape,
            sampler=SamplerConfig(steps=STEPS),
            labels=Labels(seed=0, choices=[kind] if denoiser.num_classes else []),
            seed=0,
            device=distributed.device(),
        )
        block = range(kind * count, (kind + 1) * count)
        with torch.inference_mode():
            clips = to_uint8(generation.begin(block, done=lambda _: None)())
        label = scale.classes[kind] if denoiser.num_classes and scale.classes else ""
        made += [(label, clip) for clip in clips]
    return made
