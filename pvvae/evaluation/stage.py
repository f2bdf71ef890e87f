"""What stages that look at drawn clips have in common: which clips, and how they end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from arch.ranges import Several
from pvvae import distributed
from pvvae.data.clip_shape import FrameSize
from pvvae.data.evaluation.clip_set import FILE as MANIFEST
from pvvae.data.evaluation.clip_set import EvaluationClips, evaluation_clips
from pvvae.metrics.results import FILE, Results
from pvvae.run.run import Run, RunConfig


@dataclass(frozen=True, kw_only=True)
class DrawingConfig(FrameSize, RunConfig):
    """Base of configs of stages that draw clips by their seed."""

    num: Several = 2048
    """Clips: section 4.1; drawn by ``seed``."""
    manifest: str | None = None
    """File that lists the drawn clips with their checksums, for all runs that share them; None is
    ``RUN/eval_manifest.json``."""

    def draw(
        self, where: str, *, frames: int, frame_stride: int = 1, random_start: bool = False
    ) -> EvaluationClips:
        """The clips, out of ``where``; a collective call, see :func:`evaluation_clips`.

        Raises:
            ConfigError: if they cannot be had, or are not those of the manifest.
        """
        return evaluation_clips(
            where,
            frames=frames,
            height=self.height,
            width=self.width,
            num=self.num,
            seed=self.seed,
            frame_stride=frame_stride,
            random_start=random_start,
            manifest=Path(self.manifest or Path(self.run) / MANIFEST),
        )


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig(DrawingConfig):
    """Base of the evaluations' configs: I3D sees the drawn clips too."""

    real_features: str | None = None
    """Folder in which I3D's features of the drawn clips are kept, for all runs that share it; None
    measures them again."""
    fvd_frames: Literal["all", "first16"] = "all"
    """Frames that I3D sees."""

    @property
    def features_folder(self) -> Path | None:
        """Where ``real_features`` are."""
        return None if self.real_features is None else Path(self.real_features)


def finish_with_results(
    record: Run,
    results: Results,
    *,
    kind: str,
    done: Mapping[str, int],
    beside: Mapping[str, Any] | None = None,
) -> None:
    """Write RUN/results.json and the one line of metrics.jsonl, and mark the run complete.

    Args:
        record: the run.
        results: what was found.
        kind: of the line.
        done: what was worked through, for finished.json.
        beside: what the line has beside the values of all metrics.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    if distributed.is_main():
        results.write(record.folder / FILE)
    line: dict[str, Any] = {"step": 0, "kind": kind}
    line |= {name: value.value for name, value in results.metrics.items()}
    record.write_metrics([line | dict(beside or {}) | {"times": dict(results.times)}])
    record.finish(dict(done))
