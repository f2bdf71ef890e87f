"""A trained network for use elsewhere: equal to the one in the run, and mistakes in one line."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from launchers import cli
from pvvae.autoencoder import Autoencoder
from pvvae.data.latent_shards import LatentDataset
from pvvae.pretrained.runs import load_vae
from tests.launchers.squares import FPS, moving_squares

Told = Callable[..., str]


def run(*words: str | Path) -> None:
    assert cli.main([str(word) for word in words]) == 0


@pytest.fixture
def folder(vae_run: Path, tmp_path: Path) -> Path:
    """The toy VAE, published."""
    run("export", vae_run, tmp_path / "published", "--format", "pretrained")
    return tmp_path / "published"


def test_an_export_is_the_network_s_weights(tmp_path: Path, vae_run: Path) -> None:
    out = tmp_path / "vae.safetensors"
    run("export", vae_run, out, "--step", 1)
    found, trained = load_file(out), load_vae(vae_run).state_dict()
    assert found.keys() == trained.keys()
    assert all(torch.equal(found[name], trained[name]) for name in trained)


@pytest.mark.parametrize("format", ["safetensors", "pretrained"])
def test_others_may_read_an_export_as_the_umask_says(
    format: str, tmp_path: Path, vae_run: Path
) -> None:
    out = tmp_path / "out"
    before = os.umask(0o022)
    try:
        run("export", vae_run, out, "--format", format)
    finally:
        os.umask(before)
    files = [out] if out.is_file() else [path for path in out.iterdir() if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o644}


def test_a_published_vae_is_that_of_the_run(
    vae_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "published"
    run("export", vae_run, folder, "--format", "pretrained")
    assert capsys.readouterr().out == (
        f"{folder}: VAE of {vae_run}, no statistics of latents (--latents)\n"
    )
    found, trained = Autoencoder.from_pretrained(folder), load_vae(vae_run)
    torch.testing.assert_close(found.vae.state_dict(), trained.state_dict(), rtol=0, atol=0)
    assert found.config.plugin == "toy.py"
    assert found.config.latents_measured_on is None
    assert found.config.latents_std == (1.0,) * 4


def test_statistics_come_from_a_run_of_extract_latents(
    latte_run: Path, vae_run: Path, tmp_path: Path
) -> None:
    latents = tmp_path / "latents"
    run("export", vae_run, tmp_path / "out", "--format", "pretrained", "--latents", latents)
    config = Autoencoder.from_pretrained(tmp_path / "out").config
    measured = LatentDataset(latents / "train")
    assert config.latents_mean == pytest.approx(measured.mean.tolist())
    assert config.latents_std == pytest.approx(measured.deviation.tolist())
    assert config.latents_measured_on == f"2 clips, {latents}"


def test_latents_of_another_encoder_are_refused(
    latte_run: Path, vae_run: Path, tmp_path: Path, told: Told
) -> None:
    copy, latents = tmp_path / "copy", tmp_path / "latents"
    run("export", vae_run, copy, "--format", "pretrained")
    plain = yaml.safe_load((latents / "config.yaml").read_text())
    (latents / "config.yaml").write_text(yaml.safe_dump(plain | {"vae": str(copy)}))
    words = ["export", vae_run, tmp_path / "out", "--format", "pretrained", "--latents", latents]
    run(*words)  # another folder, the same encoder
    words[2] = tmp_path / "other"
    path = copy / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    save_file({name: tensor + 1.0 for name, tensor in weights.items()}, path)
    assert told(*words).endswith(f"latents of another encoder, that of {copy}, not of {vae_run}")


def test_commands_take_a_published_vae_for_a_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pvvae.data.video.video import write_video

    write_video(tmp_path / "in.mp4", moving_squares(5, 50, 70), fps=FPS)
    run("reconstruct", tmp_path / "in.mp4", tmp_path / "out.mp4", "--run", folder)
    assert "5 frames, PSNR" in capsys.readouterr().out


def test_weights_that_cannot_be_used_are_one_line(
    folder: Path, videos: Path, tmp_path: Path, told: Told
) -> None:
    words = ["reconstruct", videos / "left/left.mp4", tmp_path / "out.mp4", "--run", folder]
    path = folder / "diffusion_pytorch_model.safetensors"
    whole, weights = path.read_bytes(), load_file(path)
    path.write_bytes(whole[:-4])
    assert told(*words).startswith(f"{path}: not a whole safetensors file")
    save_file(weights | {"backbone.encoder.bias": torch.full((8,), torch.nan)}, path)
    assert "backbone.encoder.bias has 8 of 8 numbers that are NaN or infinite" in told(*words)
    save_file(weights | {"backbone.encoder.bias": torch.zeros(9)}, path)
    assert told(*words) == (
        f"{path}: weights of another architecture: backbone.encoder.bias is (9,) there, (8,) here"
    )
    torch.save(weights, path)
    assert told(*words).startswith(f"{path}: a pickle is not opened")


def test_a_plugin_that_has_changed_since_it_was_trained_is_one_line(
    vae_run: Path, videos: Path, tmp_path: Path, told: Told
) -> None:
    plain = yaml.safe_load((vae_run / "config.yaml").read_text())
    plain["backbone"]["latent_channels"] = 5
    (vae_run / "config.yaml").write_text(yaml.safe_dump(plain))
    line = told("reconstruct", videos / "left/left.mp4", tmp_path / "out.mp4", "--run", vae_run)
    assert "vae.safetensors: weights of another architecture: pad is (4,) there, (5,) here" in line


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (
            ["--latents", "gone"],
            "--latents: needs --format pretrained or torch-export or onnx",
        ),
        (["--clip", "5x32x48"], "--clip: needs --format torch-export or onnx"),
        (
            ["--format", "pretrained", "--stream", "8"],
            "--stream: needs --format torch-export or onnx",
        ),
        (["--format", "onnx", "--clip", "17"], "--clip: is written TxHxW, such as 17x256x256"),
        (["--format", "onnx", "--clip", "17x32x40"], "--clip: width must be a multiple of 16"),
        (
            ["--format", "onnx", "--clip", "5x32x48", "--stream", "4"],
            "--stream: toy as configured cannot stream; leave it out",
        ),
        (
            ["--format", "pretrained", "--network", "vae"],
            "--network: needs --format safetensors",
        ),
        (["--format", "pretrained", "--latents", "gone"], "gone: no such run folder"),
    ],
)
def test_options_that_do_not_fit_the_format(
    words: list[str], right: str, vae_run: Path, tmp_path: Path, told: Told
) -> None:
    assert told("export", vae_run, tmp_path / "out", *words).startswith(right)


def test_graphs_of_a_run_are_written(
    vae_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "graphs"
    words = ["export", vae_run, out, "--format", "torch-export", "--clip", "5x32x48"]
    run(*words)
    assert capsys.readouterr().out == f"{out}: encoder, decoder of {vae_run}\n"
    assert {path.name for path in out.iterdir()} == {
        "README.md",
        "export.json",
        "encoder.pt2",
        "decoder.pt2",
    }
    x = torch.rand(1, 3, 5, 32, 48) * 2 - 1
    mean, _ = torch.export.load(out / "encoder.pt2").module()(x)
    assert torch.equal(mean, load_vae(vae_run).backbone.encode(x).mean)


def test_a_published_vae_has_one_set_of_weights_and_statistics(
    folder: Path, tmp_path: Path, told: Told
) -> None:
    words = ["export", folder, tmp_path / "out", "--format", "onnx"]
    for option, value in (("--step", "1"), ("--latents", tmp_path)):
        right = f"{option}: needs a run, {folder} is a pretrained folder"
        assert told(*words, option, value) == right


def test_latents_that_are_none(vae_run: Path, tmp_path: Path, told: Told) -> None:
    words = ["export", vae_run, tmp_path / "out", "--format", "pretrained", "--latents", vae_run]
    assert told(*words) == f"{vae_run}: a run of stage predictive, not extract_latents"
