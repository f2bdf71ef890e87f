"""A row of Table 1 from its VAE to its number."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from launchers import cli
from launchers.machines.shipped_configs import ROOT
from launchers.tables.make import read_table
from pvvae import config as codec
from pvvae.errors import ConfigError
from tests.launchers.tables.conftest import GENERATION
from tests.launchers.tables.planned import all_words, short

LEARN = {
    "latents": str(ROOT / "shared/extract_latents.yaml"),
    "latte": str(ROOT / "shared/latte.yaml"),
}
DATA = {"UCF101": {"real": "real", "learn": LEARN}}
PEER = {"name": "wan2.2", "weights": "weights"}
STAGES = ["extract_latents", "latte", "generate", "evaluate_generation"]


def learned(table: Any, *subjects: dict[str, Any], **changed: Any) -> Path:
    path: Path = table(GENERATION, data=DATA, speed=None, subjects=list(subjects), **changed)
    return path


def test_a_row_that_names_no_samples_learns_the_latents_first(table):
    path = learned(table, {"name": "Peer", "vae": PEER})
    plan = read_table("generation", path, [], processes=2).plan
    runs = ["UCF101_latents", "UCF101_latte", "UCF101_samples", "UCF101"]
    assert [short(words) for words in all_words(plan)] == [
        (stage, f"out/peer/{run}") for stage, run in zip(STAGES, runs, strict=True)
    ]
    encode, latte, samples, _ = all_words(plan)
    vae = 'vae={"name": "wan2.2", "weights": "weights"}'
    assert encode[3:5] == (vae, "train=real") and vae in samples
    assert latte[3:5] == ("latents=out/peer/UCF101_latents", "denoiser.latent_channels=48")
    assert "latte=out/peer/UCF101_latte" in samples


def test_rows_differ_by_their_vae_and_the_channels_that_follow_from_it(table):
    names = ("wan2.1", "wan2.2", "cogvideox")
    rows = [{"name": n, "vae": {"name": n, "weights": "weights"}} for n in names]
    words = all_words(read_table("generation", learned(table, *rows), [], processes=None).plan)
    told = [" ".join(shlex.join(w) for w in words[4 * i : 4 * i + 4]) for i in range(3)]
    channels = {"wan2.1": 16, "wan2.2": 48, "cogvideox": 16}
    for name, text in zip(names, told, strict=True):
        same = text.replace(f"/{name}/", "/X/").replace(f'"{name}"', '"X"')
        assert same.replace(f"channels={channels[name]}", "channels=C") == told[0].replace(
            "/wan2.1/", "/X/"
        ).replace('"wan2.1"', '"X"').replace("channels=16", "channels=C")


def test_a_peer_s_own_config_says_how_many_channels_its_latents_have(table, home):
    (home / "weights/config.json").write_text('{"z_dim": 24}')
    path = learned(table, {"name": "Peer", "vae": PEER})
    words = all_words(read_table("generation", path, [], processes=None).plan)
    assert "denoiser.latent_channels=24" in words[1]


def test_a_row_of_ours_is_trained_first_and_one_that_is_not_made_there_is_refused(table):
    vae = str(ROOT / "cnn/decoder_finetune.yaml")
    path = learned(table, {"name": "A", "vae": "runs/cnn/decoder_finetune", "made_by": [vae]})
    words = all_words(read_table("generation", path, [], processes=None).plan)
    assert words[0][1].endswith("cnn/decoder_finetune.yaml")
    assert "denoiser.latent_channels=64" in words[2]
    path = learned(table, {"name": "A", "vae": "elsewhere", "made_by": [vae]})
    with pytest.raises(ConfigError) as error:
        read_table("generation", path, [], processes=None)
    assert str(error.value).endswith(
        f"A: made_by: {vae} makes runs/cnn/decoder_finetune, the row's vae is elsewhere"
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"data": {"UCF101": {"real": "gone.txt", "learn": LEARN}}},
            "A: data.UCF101.real: gone.txt: no such folder of shards, and no such list of clips; "
            "pack the clips there (pvvae data pack VIDEOS gone.txt) or leave this data set out",
        ),
        (
            {"evaluation": {"c3d": "c3d.npz"}},
            "evaluation.c3d: c3d.npz: no such file; fetch ",
        ),
    ],
)
def test_what_is_missing_is_one_line_before_anything_is_run(changed, message, table):
    path = table(
        GENERATION,
        **{"data": DATA, "speed": None, "subjects": [{"name": "A", "vae": PEER}], **changed},
    )
    with pytest.raises(ConfigError) as error:
        read_table("generation", path, [], processes=None)
    assert str(error.value).startswith(f"{path}: {message}")
    assert len(str(error.value).splitlines()) == 1


def test_clips_that_do_not_divide_into_a_peer_s_latents_are_one_line(table, home):
    odd = home / "odd.yaml"
    shipped = codec.read_yaml(ROOT / "shared/extract_latents.yaml")
    odd.write_text(yaml.safe_dump({**shipped, "frames": 16, "height": 40}))
    data = {"UCF101": {"real": "real", "learn": {**LEARN, "latents": str(odd)}}}
    path = table(GENERATION, data=data, speed=None, subjects=[{"name": "A", "vae": PEER}])
    with pytest.raises(ConfigError) as error:
        read_table("generation", path, [], processes=None)
    assert str(error.value) == (
        f"{path}: A: {odd}: clips of 16x40x256 do not divide into latents of t4s16: frames must "
        "be 1 + n * 4, height and width multiples of 16"
    )


def test_the_dry_run_of_table_1_lists_every_run_where_nothing_is_here(
    monkeypatch, tmp_path, capsys
):
    """Eight rows, two data sets; VAE to number."""
    (tmp_path / "configs").symlink_to(ROOT)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", "generation", "configs/tables/table1.yaml", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    lines = [line.split() for line in printed.splitlines() if line.startswith("pvvae train ")]
    made = [line[2].rpartition("/")[2].removesuffix(".yaml") for line in lines]
    for stage in STAGES:
        assert made.count(stage) == 8 * 2
    assert made.count("measure_training") == 8
    assert [m for m in made if m in ("image_pretrain", "predictive", "decoder_finetune")] == [
        "image_pretrain",
        "predictive",
        "decoder_finetune",
    ]
    channels = [w for line in lines for w in line if w.startswith("denoiser.latent_channels=")]
    expected = [16] * 5 + [48] * 2 + [64]
    assert channels == [f"denoiser.latent_channels={c}" for c in expected for _ in range(2)]
    assert {p.name for p in tmp_path.iterdir()} == {"configs"}
