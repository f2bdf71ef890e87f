"""A toy VAE, a toy Latte, two videos and their shards: everything a command needs, in a second."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file

import stages.__main__
from arch.interface import BackboneConfig, DenoiserConfig
from launchers import cli
from pvvae.config import decode, load_plugins
from pvvae.data.latent_shards import channel_statistics, shard_path, write_shard, write_statistics
from pvvae.data.packing.pack import pack
from pvvae.data.video.video import write_video
from pvvae.model import Pad, PredictiveVAE
from pvvae.run import checkpoints
from tests.launchers.slurm_cluster import Cluster, running_cluster
from tests.launchers.squares import FPS, moving_squares
from tests.processes import ROOT

PLUGIN = Path(__file__).with_name("toy.py")


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of one video each: 36 frames of 52 x 70, a size that fits no network."""
    folder = tmp_path_factory.mktemp("videos")
    for name in ("left", "right"):
        (folder / name).mkdir()
        write_video(folder / name / f"{name}.mp4", moving_squares(36, 52, 70), fps=FPS)
    return folder


@pytest.fixture(scope="session")
def packed(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four 17-frame clips of 48 rows, in two shards."""
    out = tmp_path_factory.mktemp("shards") / "packed"
    pack(videos, out, frames=17, short_side=48, shards=2)
    return out


@pytest.fixture
def config(tmp_path: Path, packed: Path) -> Path:
    """A predictive stage of the toy VAE that takes two steps; its run folder is tmp_path/run."""
    data = {
        "stage": "predictive",
        "run": str(tmp_path / "run"),
        "plugins": [str(PLUGIN)],
        "backbone": {"name": "toy", "latent_channels": 4},
        "discriminator": None,
        "data": {
            "train": str(packed),
            "held_out": str(packed),
            "slots": 2,
            "buckets": [{"frames": 17, "height": 32, "width": 48, "batch": 1}],
        },
        "held_out": {"clips": 2, "frames": 17, "height": 32, "width": 48},
        "objective": {"weight_lpips": 0.0},
        "engine": {"precision": "fp32"},
        "steps": 2,
        "loop": {"log_every": 1, "evaluate_every": 1, "checkpoint_every": 1},
    }
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


@pytest.fixture
def vae_run(tmp_path: Path) -> Path:
    """A run folder of a toy VAE, with a checkpoint."""
    return toy_vae_run(tmp_path / "vae")


def toy_vae_run(folder: Path, *, pad: Pad = "learnable") -> Path:
    """Make one."""
    plain = {
        "stage": "predictive",
        "plugins": [str(PLUGIN)],
        "backbone": {"name": "toy", "latent_channels": 4},
        "pad": pad,
    }
    load_plugins(plain)
    vae = PredictiveVAE(decode(BackboneConfig, plain["backbone"]).build(), pad=pad)
    return _run_folder(folder, plain, {"vae": vae.state_dict()})


@pytest.fixture
def latte_run(tmp_path: Path, vae_run: Path) -> Path:
    """A run folder of a toy Latte on latents (4, 2, 2, 3) of two classes."""
    return toy_latte_run(tmp_path / "latte", latents=tmp_path / "latents", vae=vae_run)


def toy_latte_run(folder: Path, *, latents: Path, vae: Path) -> Path:
    """Make one, and the run of its latents."""
    _run_folder(latents, {"stage": "extract_latents", "vae": str(vae)}, {})
    moments = torch.zeros(2, 4, 2, 2, 3)
    write_shard(
        shard_path(latents / "train", 0),
        mean=moments,
        logvar=moments,
        labels=torch.tensor([0, 1]),
    )
    statistics = channel_statistics(latents / "train")
    write_statistics(latents / "train", statistics, classes=("left", "right"))
    plain = {
        "stage": "latte",
        "plugins": [str(PLUGIN)],
        "denoiser": {"name": "toy", "latent_channels": 4, "num_classes": 2},
        "latents": str(latents),
    }
    denoiser = decode(DenoiserConfig, plain["denoiser"]).build()
    return _run_folder(folder, plain, {"denoiser": denoiser.state_dict()})


def _run_folder(folder: Path, plain: dict[str, Any], weights: dict[str, Any]) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({**plain, "run": str(folder)}))

    def write(partial: Path) -> list[Path]:
        for name, tensors in weights.items():
            save_file(tensors, partial / f"{name}.safetensors")
        return [partial / f"{name}.safetensors" for name in weights]

    if weights:
        facts = {"score": None}
        checkpoints.save(folder / "checkpoints", 1, write=write, facts=facts, keep_last=1)
    return folder


@pytest.fixture(scope="session")
def one_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture
def cluster(one_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster, as this process and what it submits see it."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SLURM_CONF", str(one_cluster.settings))
    monkeypatch.setenv("PVVAE_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return one_cluster


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Give a command that must fail as the user's mistake; the one line that it says."""

    def give(*words: str | Path) -> str:
        capsys.readouterr()
        status = cli.main([str(word) for word in words])
        return _one_line(status, capsys.readouterr().err)

    return give


@pytest.fixture
def told_by_stage(capsys: pytest.CaptureFixture[str], group: None) -> Callable[..., str]:
    """The same for a stage that runs in this process, as it does under a launcher."""

    def give(*words: str | Path) -> str:
        capsys.readouterr()
        status = stages.__main__.main([str(word) for word in words])
        return _one_line(status, capsys.readouterr().err)

    return give


def _one_line(status: int, error: str) -> str:
    """The message in ``error``: one line and nothing else, but a progress bar; status 2."""
    assert status == 2, error
    lines = [line for line in error.replace("\r", "\n").splitlines() if line]
    (line,) = [line for line in lines if "it/s]" not in line]
    assert line.startswith("pvvae: ")
    return line.removeprefix("pvvae: ")
