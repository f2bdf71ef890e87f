"""How straight the way from noise to data is that a trained denoiser takes.

Over image tokenizers, straightness and efficiency of the denoiser's own Euler path foretell gFID
with r = .83 and .90 ("Diffusing in the Right Space", arXiv 2606.03578).
"""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from arch.interface import Denoiser
from pvvae import distributed, seeding
from pvvae.data.latent_scale import LatentScale
from pvvae.denoiser.rectified_flow import SamplerConfig, guided, sample
from pvvae.denoiser.sampling import Labels
from pvvae.denoiser.trained_run import latte_scale
from pvvae.metrics.intervals import mean_interval
from pvvae.metrics.results import Results, Value
from pvvae.metrics.trajectory import PathShape
from pvvae.pretrained.denoisers import load_denoiser
from pvvae.run.progress_bar import progress

BATCH = 16
"""Samples at once, as stage generate makes by default."""


def sampled_paths(
    denoiser: Denoiser, scale: LatentScale, sampler: SamplerConfig, *, num: int, seed: int
) -> Tensor:
    """(num, 2) straightness and efficiency of samples 0 .. num - 1.

    Noise and class are those that stage generate draws for these numbers and this seed.
    """
    device = distributed.device()
    labels = Labels(seed=seed, choices=scale.learned if denoiser.num_classes else ())
    rows = []
    with progress("paths", num) as bar:
        for first in range(0, num, BATCH):
            block = range(first, min(first + BATCH, num))
            generators = (seeding.torch_generator(seed, "sample", i) for i in block)
            noise = torch.stack([torch.randn(scale.shape, generator=g) for g in generators])
            label = None
            if denoiser.num_classes:
                label = torch.tensor([labels.of(i) for i in block], device=device)
            velocity = guided(
                denoiser, label=label, null_label=denoiser.num_classes, config=sampler
            )
            path = PathShape(noise.to(device))
            told = partial(_told, path)
            with torch.inference_mode():
                sample(velocity, noise.to(device), sampler, on_step=told)
            rows.append(torch.stack([path.straightness, path.efficiency], dim=1))
            bar.update(len(block))
    return torch.cat(rows)


def _told(path: PathShape, step: int, x: Tensor) -> None:
    path.add(x)


def analyse_paths(
    runs: Mapping[str, Path], sampler: SamplerConfig, *, num: int, seed: int
) -> dict[str, Results]:
    """Straightness and efficiency of every Latte, with 95% intervals over samples.

    Args:
        runs: by label, run folders of stage latte.
        sampler: steps, method and guidance.
        num: of samples.
        seed: of noise, classes and intervals.

    Raises:
        ConfigError: if a run holds no Latte, or its latents are gone.
    """
    found = {}
    for label, run in runs.items():
        began = time.monotonic()
        scale = latte_scale(run)
        denoiser = load_denoiser(run).to(distributed.device())
        shapes = sampled_paths(denoiser, scale, sampler, num=num, seed=seed)
        found[label] = Results(
            metrics={
                name: Value(value=float(column.mean()), interval=mean_interval(column, seed=seed))
                for name, column in zip(("straightness", "efficiency"), shapes.T, strict=True)
            },
            protocol={
                "steps": sampler.steps,
                "method": sampler.method,
                "guidance": sampler.guidance,
                "latent": list(scale.shape),
                "num": num,
            },
            counts={"samples": num},
            seeds={"samples": seed, "intervals": seed},
            times={"seconds": time.monotonic() - began},
        )
    return found
