"""Small run folders as the stages write them, made up in a second."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pvvae.files import write_array, write_json
from pvvae.metrics.results import FILE, Results, Value
from pvvae.report.runs.run_records import STAGES
from pvvae.run.run import Run, RunConfig

FRAMES, SIDE, OBSERVED = 17, 32, 9
TRAINING = ("image_pretrain", "predictive", "decoder_finetune", "latte")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(RunConfig):
    steps: int = 40
    data: dict[str, Any] = field(default_factory=lambda: {"train": "data/toy/train"})


@dataclass(frozen=True, kw_only=True)
class SamplesConfig(RunConfig):
    sampler: dict[str, Any] = field(default_factory=lambda: {"steps": 4, "method": "euler"})


def clip(seed: int) -> np.ndarray:
    """A disc that crosses a gradient, uint8 (T, H, W, 3)."""
    colour = np.random.default_rng(seed).integers(60, 255, (2, 3))
    t, y, x = np.ogrid[:FRAMES, :SIDE, :SIDE]
    disc = (y - SIDE / 2) ** 2 + (x - 4 - 1.4 * t) ** 2 < (SIDE / 5) ** 2
    ground = (y + x + 0 * t)[..., None] / (2 * SIDE) * colour[0]
    return np.where(disc[..., None], colour[1], ground).astype(np.uint8)


def write_training(run: Run, *, quality: float, speed: float, steps: int = 40) -> None:
    """Losses that fall, as the loop logs them."""
    names = {"latte": ["flow"]}.get(run.stage, ["mse", "lpips", "kl"])
    if run.stage in ("predictive", "decoder_finetune"):
        names += ["diff", "gan", "discriminator"]
    for step in range(0, steps + 1, 10):
        values = {name: quality * (1 + 3 * 0.9**step) / (i + 9) for i, name in enumerate(names)}
        if step % 20 == 0:
            held_out = values | {"psnr": 20 / quality + 0.1 * step, "score": 0.0}
            if run.stage == "predictive":
                held_out["prediction_mse"] = values["mse"]
            run.log(step, "held_out", held_out, times={"seconds": speed})
        if step:
            times = {"seconds_per_step": speed, "clips_per_second": 1 / speed}
            run.log(step, "train", values | {"lr": 1e-3}, times=times)


def write_reconstruction(run: Run, *, quality: float, speed: float) -> None:
    """results.json and the clips to show."""
    for i in range(2):
        truth = clip(i)
        recon = gaussian_filter(truth, (0, 1.2 * quality, 1.2 * quality, 0))
        predicted = np.concatenate([recon[:OBSERVED], recon[OBSERVED - 1 : -1]])
        shown = {"original": truth, "reconstruction": recon, "prediction": predicted}
        for name, pixels in shown.items():
            write_array(run.folder / "clips" / f"{i:06d}_{name}.npy", pixels)
    frames = [24 / quality - 0.2 * i for i in range(FRAMES)]
    metrics = {"psnr": 22.5 / quality, "ssim": 0.7 / quality, "lpips": 0.3 * quality}
    metrics |= {"rfvd": 812.25 * quality, "mean_frame_psnr": 12.5, "parameters": 412_345}
    metrics |= {"predicted_mse": 0.0125 * quality, "repeated_mse": 0.0125 * 1.1}
    for name in ("psnr", "ssim", "lpips"):
        metrics |= {f"{name}_observed": metrics[name], f"{name}_predicted": 0.9 * metrics[name]}
    distance = {"raw": [3.0, 4.0, 5.0, 5.5], "normalised": [1.0, 1.3, 1.6, 1.8 * quality]}
    results = Results(
        metrics={name: _value(name, value) for name, value in metrics.items()},
        counts={"clips": 16},
        protocol={
            "size": f"{FRAMES}x{SIDE}x{SIDE}",
            "clips": {"num": 16, "sha256": "0123"},
            "lpips": {"network": "AlexNet v0.1"},
            "fvd": {"features": "I3D", "frames": [FRAMES]},
        },
        facts={
            "curves": {"psnr": frames, "ssim": frames, "lpips": frames},
            "prediction": {"observed": OBSERVED, "curves": {"psnr": frames}},
            "flicker": {"psnr": {"group_jump": -0.25 * quality}},
            "floor": {"fvd": 301.0, "clips": 8},
            "latent_distance": distance
            | {"adjacent": [3.0] * 16, "adjacent_median": 3.0 * quality},
        },
        times={"encode_seconds": speed / 9, "decode_seconds": speed / 7},
    )
    results.write(run.folder / FILE)


def _value(name: str, value: float) -> Value:
    """Some have intervals, and rFVD a warning."""
    if name == "rfvd":
        note = "16 clips, fewer than I3D's 400 features"
        return Value(value=value, interval=(0.9 * value, 1.3 * value), note=note)
    return Value(value=value, interval=(0.99 * value, 1.01 * value) if name == "psnr" else None)


def write_samples(run: Run) -> None:
    """Samples and their labels."""
    for i in range(3):
        write_array(run.folder / "clips" / f"{i:06d}.npy", clip(10 + i))
    write_json(run.folder / "labels.json", ["left", "up & down", "left"])


def write_generation(run: Run, *, quality: float) -> None:
    """results.json of the samples."""
    results = Results(
        metrics={"fvd": Value(value=1234.5 * quality), "kvd": Value(value=88.125 * quality)},
        counts={"real": 96, "samples": 16},
        facts={"floor": {"fvd": 301.0, "clips": 48}},
        protocol={"size": f"{FRAMES}x{SIDE}x{SIDE}", "fvd": {"features": "I3D"}},
    )
    results.write(run.folder / FILE)


def write_run(folder: Path, stage: str, *, quality: float = 1.0, speed: float = 0.5) -> None:
    """One finished run folder."""
    config = {"generate": SamplesConfig}.get(stage, RunConfig)
    run = Run((TrainingConfig if stage in TRAINING else config)(run=str(folder)), stage=stage)
    if stage in TRAINING:
        write_training(run, quality=quality, speed=speed)
    elif stage == "evaluate_reconstruction":
        write_reconstruction(run, quality=quality, speed=speed)
    elif stage == "evaluate_generation":
        write_generation(run, quality=quality)
    elif stage == "generate":
        write_samples(run)
    elif stage == "extract_latents":
        line = {"step": 0, "kind": "latents", "split": "train", "clips": 96, "times": {}}
        run.write_metrics([line])
    run.finish({})


def write_runs(root: Path) -> Path:
    """Two backbones with a run of every stage."""
    for name, quality in (("cnn", 1.0), ("vit", 1.2)):
        for stage in STAGES:
            write_run(root / name / stage, stage, quality=quality)
    return root


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two backbones with every stage finished; not to be changed."""
    return write_runs(tmp_path_factory.mktemp("made") / "toy")


@pytest.fixture
def make_run() -> Callable[..., None]:
    """Write one finished run folder."""
    return write_run
