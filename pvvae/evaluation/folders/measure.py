"""What is measured of one clip, or of one pair of clips."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch

from pvvae.data.packing.clip_files import read_clip_file
from pvvae.data.packing.sources import Source
from pvvae.data.video.pixels import clip_digest, to_pixels
from pvvae.data.video.video import Frames
from pvvae.evaluation.folders.question import FIRST16, OF_FRAMES, OF_PAIRS, OF_SETS, Question
from pvvae.metrics.c3d import C3D
from pvvae.metrics.fvd import FVD
from pvvae.metrics.lpips import LPIPS
from pvvae.metrics.per_frame import to_unit
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.results import Results, Value
from pvvae.metrics.ssim import frame_ssim
from pvvae.run.item_results import Row

REAL, GENERATED = "real", "generated"
"""A and B, in rows and in results."""
C3D_LOGITS = "c3d"
FEATURES, DIGEST, CONSTANT = "features_", "digest_", "constant_"
"""How the measurements of a side are called: see :meth:`ClipMeasurer.row`."""


def videos_of(question: Question, *, device: str = "cpu") -> FVD:
    """FVD with the rule for frames that the question has."""
    rule = FIRST16 if question.frames == FIRST16 else "all"
    return FVD(file=question.i3d, device=device, frames=rule)


def c3d_of(question: Question) -> C3D | None:
    """The network of the usual Inception Score, if its weights are named.

    Raises:
        ConfigError: if they are not its weights.
    """
    if question.c3d is None or not question.asks("is"):
        return None
    return C3D(file=question.c3d, mean=question.c3d_mean)


def features(rows: Sequence[Row], kind: str) -> Iterator[torch.Tensor]:
    """Features (1, K) of every clip that has this kind of them."""
    return (row[f"{FEATURES}{kind}"] for row in rows if f"{FEATURES}{kind}" in row)


class ClipMeasurer:
    """Reads clips and measures them."""

    def __init__(self, question: Question, *, device: str) -> None:
        """C3D is loaded now, other networks when they are needed, which is at the first clip.

        Raises:
            ConfigError: see :func:`c3d_of`.
        """
        self.question, self.device = question, device
        self.videos = videos_of(question, device=device)
        c3d = c3d_of(question)
        self.c3d = None if c3d is None else c3d.to(device)

    @cached_property
    def perceptual(self) -> LPIPS:
        """LPIPS as papers evaluate with it."""
        return LPIPS("alex").to(self.device)

    @torch.inference_mode()
    def row(self, real: Source | None, generated: Source | None) -> Row:
        """Measurements of what is given.

        For each side S: ``digest_S`` (32,) uint8 of its pixels; ``constant_S`` (), whether all
        pixels are equal; ``features_S`` (1, 400) of I3D, if sets are compared; ``features_c3d``
        (1, 101) of B. Of a pair ``psnr ssim lpips`` (1, T), those that are asked for.

        Raises:
            ConfigError: if a clip cannot be read.
        """
        row: dict[str, torch.Tensor] = {}
        clips: list[Frames] = []
        for side, source in ((REAL, real), (GENERATED, generated)):
            if source is None:
                continue
            clip = read_clip_file(source, frames=self.question.wanted, size=self.question.size)
            clips.append(clip)
            row |= self._of_clip(clip, side)
        if len(clips) == 2 and self.question.asks(*OF_FRAMES):
            row |= self._of_pair(*clips)
        return row

    def _of_clip(self, clip: Frames, side: str) -> dict[str, torch.Tensor]:
        digest = np.frombuffer(bytes.fromhex(clip_digest(clip)), np.uint8)
        row = {
            f"{DIGEST}{side}": torch.from_numpy(digest.copy()),
            f"{CONSTANT}{side}": torch.tensor(bool((clip == clip[0, 0, 0]).all())),
        }
        whole = torch.from_numpy(clip)[None]
        needed = (*OF_SETS, "is") if side == GENERATED else OF_SETS
        if self.question.asks(*needed):
            row[f"{FEATURES}{side}"] = self.videos.features_of(whole)
        if side == GENERATED and self.c3d is not None:
            row[f"{FEATURES}{C3D_LOGITS}"] = self.c3d(whole).cpu()
        return row

    def _of_pair(self, real: Frames, generated: Frames) -> dict[str, torch.Tensor]:
        x, recon = (to_pixels(clip).to(self.device) for clip in (real, generated))
        row = {}
        if self.question.asks("psnr"):
            row["psnr"] = frame_psnr(to_unit(recon), to_unit(x))
        if self.question.asks("ssim"):
            row["ssim"] = frame_ssim(to_unit(recon), to_unit(x))
        if self.question.asks("lpips"):
            row["lpips"] = self.perceptual(recon, x)
        return row


def table(results: Results) -> str:
    """Lines to print; a note that all values share stands once, below them."""
    rows = [("metric", "value", "95% interval", "clips")]
    rows += [
        (name, _number(value.value), _interval(value), _clips(name, results))
        for name, value in results.metrics.items()
    ]
    floor = results.facts.get("floor")
    if floor is not None:
        half = floor["clips"]
        rows.append(("A against A", _number(floor["fvd"]), "", f"{half} + {half}, FVD"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(
            (row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].ljust(widths[2]), row[3])
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *_notes(results), f"protocol {results.plain()['protocol_hash']}"])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _interval(value: Value) -> str:
    return "" if value.interval is None else "{:.4f} to {:.4f}".format(*value.interval)


def _clips(name: str, results: Results) -> str:
    generated = results.counts[GENERATED]
    if name.partition("_")[0] in OF_PAIRS:
        return f"{generated} pairs"
    if name.startswith("is_"):
        return f"{generated} of B"
    return f"{results.counts[REAL]} of A, {generated} of B"


def _notes(results: Results) -> list[str]:
    """Each note once, with the metrics that it is about."""
    about: dict[str, list[str]] = {}
    for name, value in results.metrics.items():
        for note in value.note.split("; ") if value.note else ():
            about.setdefault(note, []).append(name)
    every = len(results.metrics)
    return [
        f"note: {note}" if len(names) == every else f"note on {', '.join(names)}: {note}"
        for note, names in about.items()
    ]
