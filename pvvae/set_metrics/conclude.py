"""From what was measured of each clip to values with their protocol."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from pvvae import weight_sources
from pvvae.data.digests import set_digest
from pvvae.data.evaluation_set import RESIZE
from pvvae.kept import Row
from pvvae.metrics.bootstrap import mean_interval
from pvvae.metrics.fvd import FVD, VideoDistance
from pvvae.metrics.inception_score import I3D_K400, InceptionScore
from pvvae.metrics.per_frame import PerFrame
from pvvae.results import Results, Value
from pvvae.set_metrics.clip_sets import ClipSet, ClipSets
from pvvae.set_metrics.measure import GENERATED, REAL, videos_of
from pvvae.set_metrics.question import OF_FRAMES, OF_SETS, Question

PROTOCOLS: Mapping[str, Mapping[str, str]] = {
    "psnr": {"mean": "over frames, then clips", "range": "[0, 1]", "cap": "100 dB"},
    "ssim": {"mean": "over frames, then clips", "range": "[0, 1]", "window": "Gaussian, 11 x 11"},
    "lpips": {"network": "AlexNet v0.1"},
}
"""Of metrics of frames; the others state theirs themselves."""
LOSSY = "B is not lossless, and its codec counts as error (x264 at crf 18: FVD 14)"
"""The FVD of real clips from themselves behind x264, 64 clips of 17 frames; ours."""
PAIRS = "if B's clips are reconstructions, as names shared with A suggest, KVD is far too low"


def conclude(question: Question, sets: ClipSets, rows: Sequence[Row], *, seconds: float) -> Results:
    """All values over all clips, in whatever order and however often the work was cut."""
    metrics: dict[str, Value] = {}
    facts: dict[str, Any] = {"sets": {side: _facts(sets, side, rows) for side in (REAL, GENERATED)}}
    protocol: dict[str, Any] = {
        "size": "various" if sets.shape is None else "x".join(map(str, sets.shape)),
        "clips": _clips(question, sets, rows),
    }
    if question.asks(*OF_SETS):
        found, values = _distances(question, sets, rows)
        metrics |= values
        facts["floor"] = {"fvd": found.floor, "clips": found.num_floor}
        protocol["fvd"] = found.protocol
    if question.asks("is"):
        score = InceptionScore(I3D_K400)
        for row in rows:
            if f"features_{GENERATED}" in row:
                score.add(row[f"features_{GENERATED}"])
        metrics |= score.compute(seed=question.seed)
        protocol["is"] = score.protocol()
    for name in OF_FRAMES:
        if question.asks(name):
            metrics |= _of_frames(name, rows, question)
            protocol[name] = dict(PROTOCOLS[name])
    if sets.shape is not None:
        asked = [name for name in OF_FRAMES if question.asks(name)]
        facts["curves"] = {name: _curve(rows, name) for name in asked}
    notes = _notes(sets, rows)
    return Results(
        metrics={name: _with_notes(value, notes) for name, value in metrics.items()},
        protocol=protocol,
        counts={side: _count(rows, side) for side in (REAL, GENERATED)},
        seeds={"draw": question.seed, "intervals": question.seed},
        weights=_weights(question),
        facts=facts,
        times={"seconds": seconds},
    )


def _distances(
    question: Question, sets: ClipSets, rows: Sequence[Row]
) -> tuple[VideoDistance, dict[str, Value]]:
    """FVD and KVD between the sets, rFVD of the pairs; those that are asked for."""
    assert sets.shape is not None  # checked when the sets were opened
    videos: FVD = videos_of(question)
    for side in (REAL, GENERATED):
        for row in rows:
            if f"features_{side}" in row:
                videos.add(row[f"features_{side}"], frames=sets.shape[0], real=side == REAL)
    values: dict[str, Value] = {}
    if question.asks("rfvd"):
        found = videos.compute(paired=True, seed=question.seed)
        values |= found.values()
    if question.asks("fvd", "kvd"):
        found = videos.compute(seed=question.seed)
        values |= found.values()
        if sets.real.clips.keys() == sets.generated.clips.keys():
            values["kvd"] = _with_notes(values["kvd"], [PAIRS])
    return found, {name: value for name, value in values.items() if question.asks(name)}


def _of_frames(name: str, rows: Sequence[Row], question: Question) -> dict[str, Value]:
    """Mean over all frames, and over observed and predicted ones if they are told apart."""
    kinds = {name: slice(None)}
    if question.observed is not None:
        kinds[f"{name}_observed"] = slice(question.observed)
        kinds[f"{name}_predicted"] = slice(question.observed, None)
    values = {}
    for kind, part in kinds.items():
        frames = PerFrame(lambda recon, x: recon)  # measured already
        for row in rows:
            frames.add(row[name][:, part])
        means = torch.cat([row[name][:, part].double().mean(1) for row in rows])
        values[kind] = Value(
            value=frames.compute()["all"], interval=mean_interval(means, seed=question.seed)
        )
    return values


def _curve(rows: Sequence[Row], name: str) -> list[float]:
    """Mean over clips of each frame: flicker at first frames and borders of groups shows."""
    curve: list[float] = torch.cat([row[name] for row in rows]).double().mean(0).tolist()
    return curve


def _clips(question: Question, sets: ClipSets, rows: Sequence[Row]) -> dict[str, Any]:
    """Which clips; what was generated is what was measured, and no part of the protocol."""
    clips: dict[str, Any] = {
        "frames": question.frames,
        "resize": "none" if question.size is None else RESIZE,
        "lossless": {REAL: sets.real.lossless, GENERATED: sets.generated.lossless},
    }
    if question.num is not None:
        clips |= {"num": question.num, "seed": question.seed}
    digests = _digests(rows, REAL)
    return clips | ({"sha256": set_digest(digests)} if digests else {})


def _facts(sets: ClipSets, side: str, rows: Sequence[Row]) -> dict[str, Any]:
    clips: ClipSet = sets.real if side == REAL else sets.generated
    return {
        "folder": str(clips.folder),
        "kind": clips.kind,
        "sha256": set_digest(_digests(rows, side)),
        "constant": _constant(rows, side),
    }


def _digests(rows: Iterable[Row], side: str) -> list[str]:
    name = f"digest_{side}"
    return [bytes(row[name].tolist()).hex() for row in rows if name in row]


def _count(rows: Iterable[Row], side: str) -> int:
    return sum(f"digest_{side}" in row for row in rows)


def _constant(rows: Iterable[Row], side: str) -> int:
    name = f"constant_{side}"
    return sum(bool(row[name]) for row in rows if name in row)


def _notes(sets: ClipSets, rows: Sequence[Row]) -> list[str]:
    """What has to be read beside every value."""
    notes = [] if sets.generated.lossless else [LOSSY]
    for side, letter in ((REAL, "A"), (GENERATED, "B")):
        constant = _constant(rows, side)
        if constant:
            notes.append(f"{constant} of {_count(rows, side)} clips of {letter} are of one colour")
    return notes


def _with_notes(value: Value, notes: Sequence[str]) -> Value:
    return replace(value, note="; ".join([*([value.note] if value.note else []), *notes]) or None)


def _weights(question: Question) -> dict[str, str]:
    """Checksums of the networks that measured."""
    used = {}
    if question.asks(*OF_SETS, "is"):
        used["i3d"] = weight_sources.I3D_KINETICS.sha256
    if question.asks("lpips"):
        used["lpips_alex"] = weight_sources.LPIPS_ALEX.sha256
    return used
