"""Table 1: how far samples are from the clips that Latte learned, and how varied they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from arch.ranges import Count
from pvvae import distributed
from pvvae.config.reading import read_json
from pvvae.data.evaluation.clip_set import EvaluationClips
from pvvae.errors import ConfigError
from pvvae.evaluation.stage import EvaluationConfig, finish_with_results
from pvvae.metrics.c3d import C3D
from pvvae.metrics.cached_features import KnownFeatures
from pvvae.metrics.fvd import FVD
from pvvae.metrics.inception_score import I3D_K400, Classifier, InceptionScore
from pvvae.metrics.results import Results, Value
from pvvae.metrics.weight_catalog import I3D_KINETICS
from pvvae.run.folder import is_run, read_config
from pvvae.run.item_results import ItemResults, Row
from pvvae.run.resumable_items import ResumableItems
from pvvae.run.run import Run


@dataclass(frozen=True, kw_only=True)
class Config(EvaluationConfig):
    """Samples against as many real clips, drawn by ``seed`` (how they are drawn is ours)."""

    samples: str
    """Run folder of stage generate."""
    real: str
    """Real clips, a folder of shards, of videos or of frames, or a list of them: those that Latte
    was trained on, as StyleGAN-V and Latte do."""
    frame_stride: Count = 1
    """Keep every n-th frame of the real clips, as Latte's training did."""
    random_start: bool = False
    """Whether each real clip begins at a place of its own, drawn by seed; else at its first
    frame."""
    c3d: str | None = None
    """Weights of C3D for the paper's Inception Score (``pvvae weights`` says where they are from).
    None counts I3D's classes alone, which is another metric and has another name."""
    c3d_mean: str | None = None
    """C3D's mean cube, if it is not where ``pvvae weights`` puts it."""


def run(config: Config) -> None:
    """Measure, and write RUN/results.json."""
    record = Run(config, stage="evaluate_generation")
    if record.finished:
        return
    paths = sorted((Path(config.samples) / "clips").glob("*.npy"))[: config.num]
    if len(paths) < config.num:
        raise ConfigError(f"{config.samples}: has {len(paths)} samples, num asks for {config.num}")
    frames, height, width = np.load(paths[0], mmap_mode="r").shape[:3]
    if (height, width) != (config.height, config.width):
        raise ConfigError(
            f"{config.samples}: samples are {height}x{width}, height and width ask for "
            f"{config.height}x{config.width}"
        )
    real = config.draw(
        config.real,
        frames=frames,
        frame_stride=config.frame_stride,
        random_start=config.random_start,
    )
    kept = ItemResults(record.folder / "measured")
    videos = FVD(device=str(distributed.device()), frames=config.fvd_frames)
    known = KnownFeatures(videos, folder=config.features_folder, device=distributed.device())
    c3d = _c3d(config)
    for index in ResumableItems(record, range(config.num), kept=kept.has):
        sample = torch.from_numpy(np.load(paths[index]))[None]
        row = {"sample": videos.features_of(sample)}
        if c3d is not None:
            row[c3d.classifier.metric] = c3d(sample)
        if index < len(real):
            clip = torch.from_numpy(np.array(real[index].frames))[None]
            row["real"] = known.of(clip)
        kept.keep(index, row)
    rows = kept.rows(range(config.num))
    classifiers = [I3D_K400] if c3d is None else [I3D_K400, c3d.classifier]
    classes = _classes(Path(config.samples))  # unconditional samples are of none
    counted = classifiers if classes else []
    _conclude(record, config, rows, real, classifiers=counted, frames=frames)
    kept.discard()


def _c3d(config: Config) -> C3D | None:
    """The network of the paper's Inception Score, if there is any use for it."""
    if config.c3d is None or not _classes(Path(config.samples)):
        return None
    mean = None if config.c3d_mean is None else Path(config.c3d_mean)
    return C3D(file=Path(config.c3d), mean=mean).to(distributed.device())


def _conclude(
    record: Run,
    config: Config,
    rows: Sequence[Row],
    real: EvaluationClips,
    *,
    classifiers: Sequence[Classifier],
    frames: int,
) -> None:
    videos = FVD(frames=config.fvd_frames)
    for row in rows:
        for kind in ("sample", "real"):
            if kind in row:
                videos.add(row[kind], frames=frames, real=kind == "real")
    found = videos.compute(seed=config.seed)
    metrics: dict[str, Value] = found.values()
    protocol: dict[str, Any] = {
        "size": f"{frames}x{config.height}x{config.width}",
        "clips": real.protocol(),
        "fvd": found.protocol,
        **_sampling(Path(config.samples)),
    }
    digests = {"i3d": I3D_KINETICS.sha256}
    for classifier in classifiers:
        scores = InceptionScore(classifier)
        for row in rows:
            scores.add(row.get(classifier.metric, row["sample"]))
        metrics |= scores.compute(seed=config.seed)
        protocol[classifier.metric] = scores.protocol()
        digests |= classifier.weights
    results = Results(
        metrics=metrics,
        protocol=protocol,
        counts={
            "real": found.num_real,
            "samples": found.num_generated,
            "skipped": len(real.skipped),
        },
        seeds={"clips": config.seed, "intervals": config.seed},
        weights=digests,
        facts={"floor": {"fvd": found.floor, "clips": found.num_floor}},
    )
    finish_with_results(record, results, kind="generation", done={"clips": found.num_generated})


def _sampling(samples: Path) -> dict[str, Any]:
    """How the samples were made, if a run says so: steps and guidance move every number."""
    if not is_run(samples):
        return {}
    plain = read_config(samples)
    return {"sampling": {key: plain.get(key) for key in ("sampler", "classes", "known")}}


def _classes(samples: Path) -> list[str]:
    """The classes that were asked for; none if the samples are unconditional."""
    path = samples / "labels.json"
    labels = read_json(path) if path.is_file() else []
    if not isinstance(labels, list):
        raise ConfigError(f"{path}: damaged: must hold a list of classes")
    return sorted({str(label) for label in labels if label})
