"""Indexing WebDataset shards that other programs made (video2dataset, img2dataset, ...)."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pvvae.config.reading import expected_form
from pvvae.data.file_names import printable
from pvvae.data.shards import tars
from pvvae.data.shards.samples import Contents, Reject, Sample, Shard, columns_of
from pvvae.data.video.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from pvvae.errors import ConfigError

MEDIA = ("npy", *sorted(suffix[1:] for suffix in VIDEO_SUFFIXES | IMAGE_SUFFIXES))
"""Extensions that hold pixels, in order of preference: what is decoded already comes first."""
LARGEST = 2**31 - 1
"""Frames, rows, columns and rates above this are no facts. Ours: what containers can count to."""


def scan_foreign(folder: Path) -> Contents:
    """What is in a folder of tars.

    A label is the number in ``KEY.cls``, or ``label`` (a number or a name) in ``KEY.json``, whose
    ``source``, ``frames``, ``height``, ``width`` and ``fps`` are believed as well. Labels count
    only if every sample has one; the first without is among the rejects otherwise. Captions
    (``KEY.txt``) are not used.

    Raises:
        ConfigError: for a missing folder, one without tars, a broken tar, or no pixels in any.
    """
    paths = tars.shard_files(folder)
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
            labels.append(_label(facts))
    if not samples:
        raise ConfigError(f"{folder}: no sample with pixels; known extensions: {', '.join(MEDIA)}")
    classes, numbers = class_numbers(labels)
    rejects += _partly_labelled([sample.key for sample in samples], labels)
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
            # Titles that are no UTF-8 are common, and nothing that is used is in them.
            text = tars.read_extent(path, members["json"]).decode("utf-8-sig", "replace")
            data = json.loads(text)
            facts = data if isinstance(data, dict) else {}
        if "cls" in members:
            facts["label"] = int(tars.read_extent(path, members["cls"]))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: a .json or .cls member cannot be read ({error})") from None
    return facts


def _label(facts: dict[str, Any]) -> int | str | None:
    """A number or a name; nothing else is a label."""
    label = facts.get("label")
    if isinstance(label, float) and label.is_integer():
        return int(label)
    return label if isinstance(label, int | str) else None


def _partly_labelled(keys: list[str], labels: Sequence[int | str | None]) -> list[Reject]:
    """The first sample without a label, where others have one; then none of them counts."""
    missing = [key for key, label in zip(keys, labels, strict=True) if label is None]
    if not missing or len(missing) == len(labels):
        return []
    reason = f"has no label, nor have {len(missing) - 1} others, so no label of the folder is used"
    return [Reject(source=missing[0], reason=reason)]


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
        source=printable(str(facts.get("source", key))),
        start=0,
        frames=frames,
        height=height,
        width=width,
        fps=_rate(facts.get("fps")),
    )


def _number(facts: dict[str, Any], name: str) -> int:
    value = facts.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST:
        return value
    return 0


def _rate(value: Any) -> float:
    """Frames a second; 0 for what cannot be one."""
    return float(value) if isinstance(value, int | float) and 0 < value <= LARGEST else 0.0


LONGEST_HEADER = 2**16
"""Bytes of an array's header. Ours: NumPy writes 128 for an array of frames."""


def _npy_shape(path: Path, extent: tars.Extent) -> tuple[int, int, int]:
    """(T, H, W) from an array's header; an image is one frame."""
    begin = tars.read_extent(path, tars.Extent(extent.offset, min(extent.size, LONGEST_HEADER)))
    with expected_form(f"{path}: a .npy member"):
        file = io.BytesIO(begin)  # its header may claim to be of 4 GB
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
    """Class names, and each sample's index into them; none unless every sample is labelled.

    The classes are those that occur, numbers in the order of their values: labels 1, 2 and 5 are
    three classes of these names.
    """
    if any(label is None for label in labels):
        return [], np.full(len(labels), -1, np.int64)
    numbers = sorted({label for label in labels if isinstance(label, int)})
    names = sorted({printable(label) for label in labels if isinstance(label, str)})
    names = [*dict.fromkeys([*map(str, numbers), *names])]
    place = {name: i for i, name in enumerate(names)}
    return names, np.array([place[printable(str(label))] for label in labels], np.int64)
