"""Shards' indexes, tars and lists of clips, and folders of latents."""

import io
import json
import random
import shutil
import tarfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from pvvae.data.evaluation.clip_lists import read_clip_list
from pvvae.data.latent_shards import (
    LatentDataset,
    channel_statistics,
    shard_path,
    write_shard,
    write_statistics,
)
from pvvae.data.shards.index import FOREIGN_INDEX, PACKED_INDEX, ShardIndex
from pvvae.data.shards.samples import save_contents
from tools.fuzz.mutation import VALUES, wrong_bytes, wrong_value
from tools.fuzz.trial import Read

CLIPS = 6
"""In each shard. Ours: enough for labels and rows to go wrong in different ways."""


def _tar(draw: random.Random | None = None) -> bytes:
    """Clips as tars have them; with ``draw``, members that tars of others have as well."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for number in range(CLIPS):
            array = io.BytesIO()
            np.save(array, np.full((5, 8, 8, 3), number, np.uint8))
            facts = {"label": number % 2, "frames": 5, "height": 8, "width": 8, "fps": 24.0}
            members = {"npy": array.getvalue(), "json": json.dumps(facts).encode()}
            if draw is not None:
                members |= _strange(draw, facts)
            for extension, data in members.items():
                info = tarfile.TarInfo(f"{number:04d}.{extension}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def _strange(draw: random.Random, facts: dict[str, object]) -> dict[str, bytes]:
    way = draw.randrange(6)
    if way == 0:
        return {"json": json.dumps(wrong_value(draw, facts)).encode()}
    if way == 1:
        return {"cls": str(draw.choice(VALUES)).encode(errors="replace")}
    if way == 2:
        return {"npy": wrong_bytes(draw, b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order'")}
    if way == 3:
        return {"json": wrong_bytes(draw, json.dumps(facts).encode())}
    return {}


class Indexes:
    """index.json and index.pvvae.json beside whole tars."""

    def __init__(self, folder: Path) -> None:
        """Make the tars and their index."""
        self._folder = folder / "shards"
        self._folder.mkdir()
        (self._folder / "00000.tar").write_bytes(_tar())
        index = ShardIndex.open(self._folder)
        (self._folder / FOREIGN_INDEX).unlink()
        path = self._folder / "whole.json"
        save_contents(path, index.only(np.arange(len(index))), settings={"frames": 5})
        self._whole = path.read_bytes()

    def make(self, draw: random.Random, number: int) -> Read:
        """An index with a wrong value, or of broken text."""
        names = (PACKED_INDEX, FOREIGN_INDEX)
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        if draw.random() < 0.6:
            data = json.dumps(wrong_value(draw, json.loads(self._whole))).encode()
        else:
            data = wrong_bytes(draw, self._whole)
        (self._folder / draw.choice(names)).write_bytes(data)
        return lambda: _look_through(self._folder)


def _look_through(folder: Path) -> None:
    index = ShardIndex.open(folder)
    for number in range(len(index)):
        index.sample(number)
        index.read(number)


class Lists:
    """Tars of others, broken, and lists of clips as text."""

    LISTS = (
        ("clips.csv", b"path,label\na.mp4,1\nb.mp4,2\n"),
        (
            "clips.csv",
            b"youtube_id,time_start,time_end,split\nab,0,10,test\ncd,1,11,\n",
        ),
        ("clips.csv", b"a.mp4 1\nb c.mp4 2\n"),
        ("clips.jsonl", b'{"path": "a.mp4", "label": 1}\n{"path": "b.mp4"}\n'),
        ("clips.txt", b"a.mp4 1\nb.mp4 2\nfolder/c d.mp4\n"),
    )

    def __init__(self, folder: Path) -> None:
        """Nothing but a folder is prepared."""
        self._folder = folder / "shards"

    def make(self, draw: random.Random, number: int) -> Read:
        """A folder with one tar, or with one list."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        if draw.random() < 0.5:
            data = _tar(draw)
            if draw.random() < 0.7:
                data = wrong_bytes(draw, data)
            (self._folder / "00000.tar").write_bytes(data)
            return lambda: _look_through(self._folder)
        name, data = draw.choice(self.LISTS)
        path = self._folder / name
        path.write_bytes(wrong_bytes(draw, data))
        return lambda: read_clip_list(path)


class Latents:
    """Folders of latents with damaged statistics, or shards that lack or distort tensors."""

    def __init__(self, folder: Path) -> None:
        """Make a whole folder."""
        self._whole, self._folder = folder / "whole", folder / "latents"
        self._tensors = {
            "mean": torch.zeros(3, 2, 2, 4, 4),
            "logvar": torch.zeros(3, 2, 2, 4, 4),
            "label": torch.tensor([0, 1, 0]),
        }
        self._whole.mkdir()
        for number in range(2):
            path = shard_path(self._whole, number)
            write_shard(
                path,
                mean=self._tensors["mean"],
                logvar=self._tensors["logvar"],
                labels=self._tensors["label"],
            )
        write_statistics(
            self._whole, channel_statistics(self._whole), classes=("a", "b"), source="clips"
        )

    def make(self, draw: random.Random, number: int) -> Read:
        """A copy with one file spoilt."""
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._whole, self._folder)
        stats, shard = self._folder / "stats.json", shard_path(self._folder, draw.randrange(2))
        way = draw.randrange(4)
        if way == 0:
            stats.write_text(json.dumps(wrong_value(draw, json.loads(stats.read_text()))))
        elif way == 1:
            stats.write_bytes(wrong_bytes(draw, stats.read_bytes()))
        elif way == 2:
            shard.write_bytes(wrong_bytes(draw, shard.read_bytes()))
        else:
            save_file(self._distorted(draw), shard)
        return self._read

    def _distorted(self, draw: random.Random) -> dict[str, torch.Tensor]:
        tensors = dict(self._tensors)
        name = draw.choice(list(tensors))
        whole = tensors.pop(name)
        kinds = (torch.float16, torch.int32, torch.int64, torch.bool, torch.complex64)
        changes = (
            lambda: whole[:2],
            lambda: whole[None],
            lambda: whole.flatten(),
            lambda: torch.empty(0),
            lambda: torch.tensor(1.0),
            lambda: whole.to(draw.choice(kinds)),
            lambda: whole - 5,
        )
        way = draw.randrange(len(changes) + 1)
        if way < len(changes):
            tensors[name] = changes[way]().contiguous()
        return tensors

    def _read(self) -> None:
        latents = LatentDataset(self._folder)
        for number in range(len(latents)):
            latents.normalize(latents[number][0].float())
