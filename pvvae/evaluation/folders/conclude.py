"""From what was measured of each clip to values with their protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from pvvae.data.evaluation.clip_set import RESIZE
from pvvae.evaluation.folders.clip_sets import ClipSets
from pvvae.evaluation.folders.measure import (
    C3D_LOGITS,
    GENERATED,
    REAL,
    c3d_of,
    features,
    videos_of,
)
from pvvae.evaluation.folders.question import OF_FRAMES, OF_SETS, Question
from pvvae.evaluation.folders.read import FolderReading, readings
from pvvae.metrics.c3d import C3D
from pvvae.metrics.frame_protocol import FRAME_PROTOCOL
from pvvae.metrics.inception_score import I3D_K400, InceptionScore
from pvvae.metrics.per_frame import PerFrame
from pvvae.metrics.results import Results, Value
from pvvae.metrics.weight_catalog import I3D_KINETICS, LPIPS_ALEX
from pvvae.run.item_results import Row

LOSSY = "B is not lossless, and its codec counts as error (x264 at crf 18: FVD 14)"
"""The FVD of 64 real clips of 17 frames from themselves behind x264; ours."""
PAIRS = "if B's clips are reconstructions, as names shared with A suggest, KVD is far too low"


@dataclass(kw_only=True)
class Conclusion:
    """Parts of the answer, as they come."""

    metrics: dict[str, Value] = field(default_factory=dict)
    protocol: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)


def conclude(question: Question, sets: ClipSets, rows: Sequence[Row], *, seconds: float) -> Results:
    """All values over all clips, however often the work was cut.

    Args:
        rows: of :class:`Measure`, in the order of ``sets.tasks``.
        seconds: that the work took, since it was last begun.

    Raises:
        ConfigError: if a distance is not defined on these clips.
    """
    found = Conclusion()
    sides = readings(question, sets, rows)
    found.protocol["size"] = _size(sets)
    found.protocol["clips"] = _clips(question, sides)
    found.facts["sets"] = {side: reading.plain() for side, reading in sides.items()}
    _distances(found, question, sets, rows)
    _scores(found, question, rows)
    _frames(found, question, sets, rows)
    notes = [] if sets.generated.lossless else [LOSSY]
    notes += [reading.note for reading in sides.values() if reading.note]
    return Results(
        metrics={name: _with_notes(value, notes) for name, value in found.metrics.items()},
        protocol=found.protocol,
        counts={side: reading.num for side, reading in sides.items()},
        seeds={"clips": question.seed, "intervals": question.seed},
        weights=found.weights,
        facts=found.facts,
        times={"seconds": seconds},
    )


def _distances(found: Conclusion, question: Question, sets: ClipSets, rows: Sequence[Row]) -> None:
    """FVD and KVD between the sets, rFVD of the pairs; those that are asked for."""
    if not question.asks(*OF_SETS):
        return
    assert sets.shape is not None  # checked when the sets were opened
    videos = videos_of(question)
    for side in (REAL, GENERATED):
        for row in features(rows, side):
            videos.add(row, frames=sets.shape[0], real=side == REAL)
    values: dict[str, Value] = {}
    for paired, names in ((False, ("fvd", "kvd")), (True, ("rfvd",))):
        if question.asks(*names):
            distance = videos.compute(paired=paired, seed=question.seed)
            values |= distance.values()
            found.protocol["fvd"] = distance.protocol
            found.facts["floor"] = {"fvd": distance.floor, "clips": distance.num_floor}
    if "kvd" in values and sets.same_names:
        values["kvd"] = _with_notes(values["kvd"], [PAIRS])
    found.metrics |= {name: value for name, value in values.items() if question.asks(name)}
    found.weights["i3d"] = I3D_KINETICS.sha256


def _scores(found: Conclusion, question: Question, rows: Sequence[Row]) -> None:
    """IS of B over I3D's classes, and over C3D's if its weights were named."""
    if not question.asks("is"):
        return
    scores = {GENERATED: InceptionScore(I3D_K400)}
    c3d: C3D | None = c3d_of(question)
    if c3d is not None:
        scores[C3D_LOGITS] = InceptionScore(c3d.classifier)
        found.weights |= c3d.classifier.weights
    for kind, score in scores.items():
        for row in features(rows, kind):
            score.add(row)
        found.metrics |= score.compute(seed=question.seed)
        found.protocol[score.classifier.metric] = score.protocol()
    found.weights["i3d"] = I3D_KINETICS.sha256


def _frames(found: Conclusion, question: Question, sets: ClipSets, rows: Sequence[Row]) -> None:
    """Means over frames, split where they were predicted; curves, if all clips are equally long."""
    seen = None if question.observed is None else torch.tensor([question.observed])
    curves, flicker = {}, {}
    for name in OF_FRAMES:
        if not question.asks(name):
            continue
        frames = PerFrame(lambda recon, x: recon)  # measured already
        for row in rows:
            frames.add(row[name], observed=seen)
        found.metrics |= frames.values(name, seed=question.seed)
        found.protocol[name] = dict(FRAME_PROTOCOL[name])
        curve = frames.curve(larger_is_better=name != "lpips").plain()
        curves[name] = curve.pop("frames")
        flicker[name] = curve
    if curves:
        found.facts |= {"curves": curves, "flicker": flicker}
    if "lpips" in curves:
        found.weights["lpips_alex"] = LPIPS_ALEX.sha256


def _size(sets: ClipSets) -> str:
    return "various" if sets.shape is None else "x".join(map(str, sets.shape))


def _clips(question: Question, sides: Mapping[str, FolderReading]) -> dict[str, Any]:
    """How clips were read, and which they were of A; those of B are what was measured.

    Not ``--num``, ``--seed`` and ``--frames``: what they chose is in the checksum.
    """
    clips: dict[str, Any] = {
        "resize": "none" if question.size is None else RESIZE,
        "lossless": {side: reading.lossless for side, reading in sides.items()},
    }
    if question.observed is not None:
        clips["observed"] = question.observed
    if REAL in sides:
        clips["sha256"] = sides[REAL].sha256
    return clips


def _with_notes(value: Value, notes: Sequence[str]) -> Value:
    return replace(value, note="; ".join([*([value.note] if value.note else []), *notes]) or None)
