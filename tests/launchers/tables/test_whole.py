"""Table 1 whole, at tiny size: a peer of random weights goes from clips to a row of the table.

What is seen here is that every run finds what the one before it left. Its numbers say nothing.
"""

import json
from pathlib import Path

import pytest
import yaml

from arch.interface import PeerConfig
from arch.peers.diffusers import Peer
from arch.registry import lookup
from launchers.machines.command import Command, StageCommand
from launchers.tables.make import make_table, read_table
from pvvae import config as codec
from pvvae.metrics import fvd
from stages import program
from tests.pvvae.metrics.small_i3d import Features
from tests.tiny import CONFIGS

pytestmark = pytest.mark.usefixtures("group")


def run_here(command: Command) -> int:
    """A stage in this process."""
    assert isinstance(command, StageCommand)
    start, config = program.load(command.config, command.overrides)
    start(config)
    return 0


def write(path: Path, shipped: str, **changed: object) -> str:
    """A shipped config, changed."""
    path.write_text(yaml.safe_dump({**codec.read_yaml(CONFIGS / shipped), **changed}))
    return str(path)


def test_a_diffusers_peer_of_random_weights_goes_from_clips_to_the_table(
    shards, tmp_path, monkeypatch
):
    monkeypatch.setattr(fvd, "I3D", Features)
    monkeypatch.chdir(tmp_path)
    sizes = {"base_dim": 8, "num_res_blocks": 1, "z_dim": 4}
    peer = lookup(PeerConfig, "wan2.1")(sizes=sizes).build()
    assert isinstance(peer, Peer)
    peer.network.save_pretrained(tmp_path / "peer")
    latents = write(
        tmp_path / "latents.yaml",
        "tiny/shared/extract_latents.yaml",
        held_out=str(shards / "held_out"),
        height=32,
        width=32,
        batch=1,
    )
    denoiser = {**codec.read_yaml(CONFIGS / "tiny/latte/denoiser.yaml")["denoiser"], "depth": 2}
    latte = write(
        tmp_path / "latte.yaml",
        "tiny/shared/latte.yaml",
        denoiser={**denoiser, "num_classes": 0},
        label_dropout=0.0,
        batch=2,
        steps=1,
        validation_clips=1,
        engine={"zero_stage": 0, "precision": "fp32"},
    )
    table = {
        "title": "Table 1",
        "folder": "out",
        "num": 2,
        "size": 32,
        "data": {
            "Toy": {"real": str(shards / "train"), "learn": {"latents": latents, "latte": latte}}
        },
        "sampler": {"steps": 2},
        "subjects": [{"name": "Peer", "vae": {"name": "wan2.1", "weights": "peer"}}],
    }
    path = tmp_path / "table.yaml"
    path.write_text(yaml.safe_dump(table))
    asked = read_table("generation", path, [], processes=1)
    assert make_table(asked, give=run_here) == 0
    assert (
        codec.read_yaml(Path("out/peer/Toy_latte/config.yaml"))["denoiser"]["latent_channels"] == 4
    )
    (row,) = [
        row
        for row in json.loads(Path("out/table.json").read_text())["tables"][0]["rows"]
        if not row["reference"]
    ]
    assert row["name"] == "Peer"
    assert all(command.done for command in asked.plan.commands)
    assert Path("out/index.html").is_file()
