"""Make what the box's networks learn from: python -m tools.box_data data/box

Scenes of several textures and speeds, and the packaged videos at several sizes and paces, a dozen
times over so that a batch has some. Packed folders put together in FOLDER/train; other scenes are
for decisions (FOLDER/validation), and others again, with a video of their own, are only measured
(FOLDER/parts/held, held_fine, held_real). Given again, it goes on where it stood.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pvvae.data.packing.sample_videos import BIKES, BUNNY, CARPHONE, CITY

COPIES = 12
"""Times that real clips are in the training set: 1,584 beside 11,520 scenes."""


@dataclass(frozen=True)
class Scenes:
    """A set of scenes of 17 x 64 x 64."""

    name: str
    clips: int
    seed: int
    texel: float
    speed: float
    taken: int | None = None
    """Shards that are learned from; None is all."""


LEARNED = (
    Scenes("plain", 4096, seed=1000, texel=8, speed=1.0),
    Scenes("plain_fast", 2048, seed=1001, texel=8, speed=1.8),
    Scenes("medium", 4096, seed=1002, texel=4, speed=1.2),
    Scenes("fine", 3072, seed=1003, texel=1.5, speed=1.0, taken=5),
)
DECIDING = (
    Scenes("val", 128, seed=2000, texel=4, speed=1.2),
    Scenes("val_fine", 64, seed=2001, texel=1.5, speed=1.0),
)
MEASURED = (
    Scenes("held", 256, seed=3000, texel=4, speed=1.2),
    Scenes("held_fine", 128, seed=3001, texel=1.5, speed=1.0),
)
REAL = ((64, 1), (80, 1), (96, 1), (96, 2), (128, 1), (128, 2), (160, 2))
"""Short side in pixels and stride in frames of the packaged videos."""


def main() -> None:
    """Make everything below the folder that is named."""
    folder = Path(sys.argv[1])
    parts = folder / "parts"
    for scenes in (*LEARNED, *DECIDING, *MEASURED):
        words = f"--clips {scenes.clips} --seed {scenes.seed} --size 64x64 --frames 17"
        look = f"--texel {scenes.texel:g} --speed {scenes.speed:g} --shards 4"
        _pvvae(["data", "scenes", "--out", str(parts / scenes.name), *f"{words} {look}".split()])
    for video in (BUNNY, CARPHONE, CITY):
        _copy(video.path(), folder / "videos" / f"{video.name}{video.path().suffix}")
    _copy(BIKES.path(), folder / "heldvideos" / BIKES.path().name)
    for side, stride in REAL:
        _pack(
            folder / "videos", parts / f"real_{side}_{stride}", side=side, stride=stride, shards=1
        )
    _pack(folder / "heldvideos", parts / "held_real", side=96, stride=1, shards=2)
    for scenes in LEARNED:
        _link(parts / scenes.name, folder / "train", scenes.name, shards=scenes.taken)
    for side, stride in REAL:
        name = f"real_{side}_{stride}"
        for copy in range(1, COPIES + 1):
            _link(parts / name, folder / "train", f"{name}-{copy}")
    for scenes in DECIDING:
        _link(parts / scenes.name, folder / "validation", scenes.name)


def _pack(videos: Path, out: Path, *, side: int, stride: int, shards: int) -> None:
    words = f"--frames 17 --short-side {side} --stride {stride} --shards {shards} --drop-cuts"
    _pvvae(["data", "pack", str(videos), str(out), *words.split()])


def _pvvae(words: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "launchers", *words], check=True)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _link(part: Path, out: Path, name: str, *, shards: int | None = None) -> None:
    """Put a packed folder's first shards into another one, under names of their own."""
    out.mkdir(parents=True, exist_ok=True)
    for shard in sorted(part.glob("*.tar"))[:shards]:
        target = out / f"{name}-{shard.name}"
        if not target.exists():
            os.link(shard, target)


if __name__ == "__main__":
    main()
