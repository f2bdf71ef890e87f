"""Clips with annotations, laid out as Sintel and TAP-Vid-DAVIS are handed out, for tests."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

MAGIC = np.array([202021.25], "<f4").tobytes()


def write_flo(path: Path, flow: np.ndarray, *, cut: int = 0) -> None:
    """A ``.flo`` file of flow (H, W, 2), some bytes short."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = np.array([flow.shape[1], flow.shape[0]], "<i4").tobytes()
    content = MAGIC + size + flow.astype("<f4").tobytes()
    path.write_bytes(content[: len(content) - cut])


def write_sintel(
    folder: Path, scenes: Mapping[str, int], *, height: int = 36, width: int = 64
) -> dict[str, np.ndarray]:
    """``folder/training`` with scenes of some frames; each scene's flow (T - 1, H, W, 2)."""
    draw, flows = np.random.default_rng(0), {}
    for scene, frames in scenes.items():
        flow = draw.normal(0, 3, (frames - 1, height, width, 2)).astype(np.float32)
        flows[scene] = flow
        pixels = draw.integers(0, 256, (frames, height, width, 3), np.uint8)
        for name, darker in (("clean", 0), ("final", 1)):
            images = folder / "training" / name / scene
            images.mkdir(parents=True)
            for k, frame in enumerate(pixels >> darker, start=1):
                Image.fromarray(frame).save(images / f"frame_{k:04d}.png")
        for k, one in enumerate(flow, start=1):
            write_flo(folder / "training" / "flow" / scene / f"frame_{k:04d}.flo", one)
    return flows


def tap_vid_film(*, frames: int = 9, height: int = 48, width: int = 80, points: int = 4) -> dict:
    """One film as TAP-Vid-DAVIS has it."""
    draw = np.random.default_rng(frames)
    return {
        "video": draw.integers(0, 256, (frames, height, width, 3), np.uint8),
        "points": draw.random((points, frames, 2), np.float32),
        "occluded": draw.random((points, frames)) < 0.2,
    }


def write_tap_vid(path: Path, films: object) -> Path:
    """The pickle of some films by name."""
    path.write_bytes(pickle.dumps(films))
    return path
