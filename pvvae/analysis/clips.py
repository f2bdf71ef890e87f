"""The clips that are analysed, each with how its pixels move."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pvvae import seeding
from pvvae.analysis.flow import (
    ESTIMATE,
    SMALLEST,
    TRUTH,
    Flow,
    FlowKind,
    estimated_flow,
)
from pvvae.data.evaluation import sintel, tap_vid
from pvvae.data.evaluation.clip_set import EvaluationClips, evaluation_clips
from pvvae.data.evaluation.sintel import Part, SintelClips, sintel_folder
from pvvae.data.evaluation.tap_vid import TapVidClips
from pvvae.data.scenes.ground_truth import flow_of
from pvvae.data.scenes.redrawn import SceneShards, scene_shards
from pvvae.data.scenes.scene import Scene
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.run.progress_bar import say


@dataclass(frozen=True, kw_only=True)
class ClipQuestion:
    """Which clips are looked at."""

    where: Path
    """A folder of shards, of videos or of frames, a list of them, a folder of Sintel, or the file
    of TAP-Vid-DAVIS."""
    num: int
    frames: int
    height: int
    width: int
    seed: int
    """Seed of the draw."""
    flow: FlowKind | None = None
    """None is the truth where it is known, and an estimate elsewhere."""
    pictures: Path | None = None
    """Folder of the pictures that scenes were made of; None are the packaged ones."""
    part: Part | None = None
    """Some of Sintel's scenes; None is all."""


class AnalysedClips:
    """Clips 0 .. N - 1, read when they are asked for."""

    def __init__(self, question: ClipQuestion, *, notes: Path | None = None) -> None:
        """Draw them.

        Args:
            question: which.
            notes: folder in which the draw is written down, so that a later start need not read all
                clips to find them again.

        Raises:
            ConfigError: if there are none that can be used, or the truth is asked for and unknown.
        """
        q = question
        if q.frames < 2:
            raise ConfigError(f"a clip of {q.frames} frame has no motion; use more")
        self.question = question
        annotated = _annotated(q)
        self.drawn: EvaluationClips = evaluation_clips(
            str(q.where),
            frames=q.frames,
            height=q.height,
            width=q.width,
            num=q.num,
            seed=q.seed,
            manifest=None if notes is None else notes / f"{seeding.key(repr(q))}.json",
            candidates=annotated,
        )
        self._points = annotated if isinstance(annotated, TapVidClips) else None
        known = annotated if isinstance(annotated, SintelClips) else self._scenes()
        if isinstance(known, str) and q.flow == "truth":
            raise ConfigError(f"{q.where}: {known}; ask for --flow dis")
        if isinstance(known, str) and q.flow is None and self._points is None:
            say(f"{q.where}: {known}, so flow is estimated")
        self._known = None if isinstance(known, str) or q.flow == "dis" else known
        if self._known is None and min(q.height, q.width) < SMALLEST:
            raise ConfigError(
                f"flow cannot be estimated of {q.height} x {q.width} pixels; use {SMALLEST} or more"
            )

    def _scenes(self) -> SceneShards | str:
        q = self.question
        found = scene_shards(q.where, pictures=q.pictures)
        if isinstance(found, str):
            return found
        size = (found.settings.height, found.settings.width)
        if size != (q.height, q.width):
            return f"their motion is known at {size[0]} x {size[1]}, not {q.height} x {q.width}"
        return found

    def __len__(self) -> int:
        return len(self.drawn)

    def frames(self, i: int) -> Frames:
        """(T, H, W, 3)."""
        return self.drawn[i].frames

    def label(self, i: int) -> int | None:
        """Number of its class; None where the clips have none."""
        return self.drawn.origin(i)[1]

    def title(self, i: int) -> str:
        """What a page calls it."""
        label = self.label(i)
        return self.drawn.chosen[i].id if label is None else self.drawn.classes[label]

    def scene(self, i: int) -> Scene | None:
        """The scene that it is of, drawn anew; None where no truth is known, or none is asked."""
        if not isinstance(self._known, SceneShards):
            return None
        return self._known.scene(self.drawn.origin(i)[0], frames=self.question.frames)

    def flow(self, i: int, frames: Frames) -> Flow:
        """(T - 1, H, W, 2) of clip ``i``, whose frames these are."""
        if isinstance(self._known, SintelClips):
            q, clip = self.question, self.drawn.chosen[i].id
            return self._known.flow(clip, height=q.height, width=q.width)
        scene = self.scene(i)
        return estimated_flow(frames) if scene is None else flow_of(scene)

    @property
    def flow_is_known(self) -> bool:
        """Whether :meth:`flow` is the truth."""
        return self._known is not None

    @property
    def points_are_known(self) -> bool:
        """Whether it is known where points go."""
        return self._points is not None or isinstance(self._known, SceneShards)

    def tracks(self, i: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
        """(N, T, 2) where points truly are and (N, T) whether they are seen; None if unknown.

        Those of scenes are drawn: :func:`pvvae.data.scenes.truth_of`.
        """
        if self._points is None:
            return None
        return self._points.tracks(self.drawn.chosen[i].id, frames=self.question.frames)

    def protocol(self) -> dict[str, Any]:
        """What a result depends on."""
        q = self.question
        of_sintel = isinstance(self._known, SintelClips)
        flow = sintel.ABOUT if of_sintel else TRUTH if self._known else ESTIMATE
        size = f"{q.frames}x{q.height}x{q.width}"
        clips = self.drawn.protocol()
        if self._points is not None:
            clips["resize"] = tap_vid.RESIZED
        return {"clips": clips, "size": size, "flow": flow}


def _annotated(q: ClipQuestion) -> SintelClips | TapVidClips | None:
    """Clips of Sintel or of TAP-Vid; None for any others."""
    if q.where.suffix == tap_vid.SUFFIX:
        return TapVidClips(q.where, height=q.height, width=q.width)
    folder = sintel_folder(q.where)
    return None if folder is None else SintelClips(folder, frames=q.frames, part=q.part)
