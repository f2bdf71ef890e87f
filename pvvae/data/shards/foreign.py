"""Indexing WebDataset shards that other programs made (video2dataset, img2dataset, ...)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pvvae.data.shards import tars
from pvvae.data.shards.samples import Contents, Reject, Sample, Shard, columns_of
from pvvae.data.video.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from pvvae.errors import ConfigError
from pvvae.reading import expected_form, parse_json

MEDIA = ("npy", *sorted(suffix[1:] for suffix in VIDEO_SUFFIXES | IMAGE_SUFFIXES))
"""Extensions that hold pixels, in order of preference: what is decoded already comes first."""


def scan_foreign(folder: Path) -> Contents:
    """What is in a folder of tars.

    A label is the number in ``KEY.cls``, or ``label`` (a number or a name) in ``KEY.json``, whose
    ``source``, ``frames``, ``height``, ``width`` and ``fps`` are believed as well. Labels count
    only if every sample has one. Captions (``KEY.txt``) are not used.

    Raises:
        ConfigError: for a missing folder, one without tars, a broken tar, or no pixels in any.
    """
    paths = sorted(folder.glob("*.tar"))
    if not paths:
        what = "has no *.tar shards" if folder.is_dir() else "no such folder"
        raise ConfigError(
            f"{folder}: {what}; make them with `pvvae data pack VIDEO_FOLDER {folder}` "
            "or name a folder of WebDataset tars"
        )
    samples: list[Sample] = []
    labels: list[int | str | None] = []
    rejects: list[Reject] = []
    for number, path in enumerate(paths):
        for key, members in tars.list_tar(path).items():
            # KEY.left.png is a PNG: as in WebDataset, the last part says what it is.
            kinds = {extension.rpartition(".")[2]: extent for extension, extent in members.items()}
            media = next((kind for kind in MEDIA if kind in kinds), None)
            if media is None:
                only = ", ".join(members)
                rejects.append(Reject(source=key, reason=f"{path.name} has only {only} for it"))
                continue
            facts = _facts(path, kinds)
            samples.append(_sample(path, number, key, media, kinds[media], facts))
            labels.append(facts.get("label"))
    if not samples:
        raise ConfigError(f"{folder}: no sample with pixels; known extensions: {', '.join(MEDIA)}")
    classes, numbers = class_numbers(labels)
    return Contents(
        shards=tuple(Shard(name=p.name, size=p.stat().st_size, sha256="") for p in paths),
        classes=tuple(classes),
        columns=columns_of(samples) | {"label": numbers},
        rejects=tuple(rejects),
    )


def _facts(path: Path, members: dict[str, tars.Extent]) -> dict[str, Any]:
    """What the sample's JSON and label files say."""
    facts: dict[str, Any] = {}
    try:
        if "json" in members:
            data = parse_json(tars.read_extent(path, members["json"]), str(path))
            facts = data if isinstance(data, dict) else {}
        if "cls" in members:
            facts["label"] = int(tars.read_extent(path, members["cls"]))
    except ValueError as error:
        raise ConfigError(f"{path}: a .json or .cls member cannot be read ({error})") from None
    return facts


def _sample(
    path: Path,
    shard: int,
    key: str,
    media: str,
    extent: tars.Extent,
    facts: dict[str, Any],
) -> Sample:
    shape = _npy_shape(path, extent) if media == "npy" else None
    frames, height, width = shape or (
        _number(facts, "frames"),
        _number(facts, "height"),
        _number(facts, "width"),
    )
    if f".{media}" in IMAGE_SUFFIXES:
        frames = 1
    return Sample(
        key=key,
        shard=shard,
        extension=media,
        offset=extent.offset,
        size=extent.size,
        label=-1,
        source=str(facts.get("source", key)),
        start=0,
        frames=frames,
        height=height,
        width=width,
        fps=float(facts["fps"]) if isinstance(facts.get("fps"), int | float) else 0.0,
    )


def _number(facts: dict[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _npy_shape(path: Path, extent: tars.Extent) -> tuple[int, int, int]:
    """(T, H, W) from an array's header; an image is one frame."""
    with path.open("rb") as file, expected_form(f"{path}: a .npy member"):
        file.seek(extent.offset)
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
    if dtype != np.uint8 or len(shape) not in (3, 4) or shape[-1] != 3:
        raise ConfigError(f"{path}: a .npy member must be uint8 (T, H, W, 3), got {dtype} {shape}")
    frames, height, width = shape[:3] if len(shape) == 4 else (1, *shape[:2])
    return frames, height, width


def class_numbers(labels: Sequence[int | str | None]) -> tuple[list[str], NDArray[np.int64]]:
    """Class names, and each sample's index into them; none unless every sample is labelled."""
    if any(label is None for label in labels):
        return [], np.full(len(labels), -1, np.int64)
    if all(isinstance(label, int) for label in labels):
        numbers = np.array(labels, np.int64)
        return [str(i) for i in range(int(numbers.max()) + 1)], numbers
    names = sorted({str(label) for label in labels})
    place = {name: i for i, name in enumerate(names)}
    return names, np.array([place[str(label)] for label in labels], np.int64)
