"""Predictive fine-tuning of a Wan from diffusers' own folder, with GAN, and back into one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from arch.interop.diffusers import class_of_diffusers
from arch.wan import _ours
from launchers import cli
from pvvae.data.clips import held_out_clips, to_pixels
from pvvae.data.video.pixels import in_8_bits
from pvvae.metrics.per_frame import to_unit
from pvvae.metrics.psnr import frame_psnr
from pvvae.pretrained.runs import load_vae
from pvvae.run.folder import read_config, read_metrics
from stages import program
from tests.arch.published_wan import WAN22, theirs
from tests.stages.short import overrides
from tests.tiny import CONFIGS

pytestmark = pytest.mark.usefixtures("group")

YAML = f"""
extends: {CONFIGS}/tiny/shared/STAGE.yaml
discriminator: {{name: patchgan3d, channels: 8, layers: 1}}
backbone:
  name: wan
  latent_channels: 4
  encoder_width: 8
  decoder_width: 8
  multipliers: [1, 2, 4, 4]
  blocks: 1
  time: [false, true, true]
  shortcuts: true
  patch: 2
"""


def train(stage: str, shards: Path, folder: Path, *extra: str) -> None:
    path = folder / f"{stage}.yaml"
    path.write_text(YAML.replace("STAGE", stage))
    run, config = program.load(path, [*overrides(stage, shards, folder), *extra])
    run(config)


@torch.no_grad()
def psnr_of_diffusers(shards: Path) -> float:
    """Of the checkpoint on the two held-out clips, in a different code."""
    network = theirs(WAN22)
    found = []
    for clip in held_out_clips(f"{shards}/held_out", frames=17, height=32, width=32, limit=2):
        x = to_pixels(clip.frames)
        shown = network.decode(network.encode(x).latent_dist.mode()).sample
        found.append(frame_psnr(to_unit(in_8_bits(shown)), to_unit(x)).mean())
    return float(torch.stack(found).mean())


@pytest.fixture(scope="module")
def runs(group, shards, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of a checkpoint ``wan`` of diffusers, and of a predictive run that starts from it."""
    folder = tmp_path_factory.mktemp("wan")
    theirs(WAN22).save_pretrained(folder / "wan")
    words = [
        f"init={folder}/wan",
        "steps=8",
        "loop.evaluate_every=8",
        "optimizer.lr=3e-3",
        "optimizer.warmup=0",
    ]
    train("predictive", shards, folder, *words, "objective.gan_start=4")
    return folder


def test_it_starts_as_the_checkpoint_and_its_losses_fall(runs, shards):
    """The engine names a parameter without gradient; a clip of one observed group is among them."""
    lines = read_metrics(runs / "predictive", "train")
    assert len(lines) == 8
    assert all(line["skipped"] == 0 for line in lines)
    assert "gan_scale" not in lines[3]
    assert lines[4]["gan_scale"] > 0.0
    first, *_, last = read_metrics(runs / "predictive", "held_out")
    assert first["psnr"] == pytest.approx(psnr_of_diffusers(shards), rel=1e-5)
    assert last["mse"] < first["mse"]
    trained = load_vae(runs / "predictive").backbone.state_dict()
    start = WAN22.pretrained(runs / "wan")
    moved = {name for name, value in trained.items() if not torch.equal(value, start[name])}
    assert moved == set(start)


def test_an_image_passes_under_zero_3_too(runs, shards, tmp_path):
    """The weights that only a clip meets are gathered by calls, and wait for a gradient."""
    images = "data.buckets=[{frames: 1, height: 32, width: 32, batch: 1}]"
    train(
        "predictive", shards, tmp_path, f"init={runs}/wan", "steps=1", images, "engine.zero_stage=3"
    )
    trained = load_vae(tmp_path / "predictive").backbone.state_dict()
    start = WAN22.pretrained(runs / "wan")
    still = {name for name, value in trained.items() if torch.equal(value, start[name])}
    assert still == {name for name in trained if "time_conv" in name}


def test_the_decoder_is_tuned_alone_afterwards(runs, shards):
    train("decoder_finetune", shards, runs, "steps=2")
    before = load_vae(runs / "predictive").state_dict()
    after = load_vae(runs / "decoder_finetune").state_dict()
    moved = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert moved == {name for name in before if name.startswith("backbone.decoder.")}


def test_it_goes_back_to_diffusers(runs, capsys):
    assert cli.main(["export", f"{runs}/predictive", f"{runs}/out", "--format", "diffusers"]) == 0
    network = class_of_diffusers("AutoencoderKLWan").from_pretrained(runs / "out").eval()
    vae = load_vae(runs / "predictive")
    assert {_ours(name) for name in network.state_dict()} == set(vae.backbone.state_dict())
    x = torch.rand(1, 3, 9, 32, 32) * 2 - 1
    with torch.no_grad():
        shown = network.decode(network.encode(x).latent_dist.mode()).sample
        torch.testing.assert_close(shown, vae(x)[0].clamp(-1, 1), rtol=1e-5, atol=1e-5)


def test_a_start_that_does_not_fit_is_one_line(runs, shards, tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text(YAML.replace("STAGE", "predictive"))
    words = ["train", f"{tmp_path}/mine.yaml", *overrides("predictive", shards, tmp_path)]

    def told(*extra: str) -> str:
        assert cli.main([*words, *extra]) == 2
        return capsys.readouterr().err.removeprefix("pvvae: ").rstrip("\n")

    wrong = told(f"init={runs}/wan", "backbone.blocks=2")
    assert wrong == f"init: {runs}/wan: its num_res_blocks is 1, but backbone says 2"
    cnn = CONFIGS / "tiny/cnn/predictive.yaml"
    words[1] = str(cnn)
    assert (
        told(f"init={runs}/wan")
        == f"init: {runs}/wan: not a run folder, and cnn reads no weights of other projects"
    )
    assert "no such run folder" in told(f"init={runs}/nothing")
    assert read_config(runs / "predictive")["init"] == f"{runs}/wan"
