"""What a version of before wrote still works: a run goes on, its checkpoint and its export load.

``tests/before`` was written on 2026-12-01 by the version of 2026-11-22: a run of four steps, cut
after its checkpoint of step 2; what the whole run logged and learned; and its exported folder.
"""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from launchers import cli
from pvvae.autoencoder import Autoencoder
from pvvae.pretrained.runs import load_vae
from tests.processes import ROOT

BEFORE = ROOT / "tests" / "before"


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to work in."""
    shutil.copytree(BEFORE, tmp_path / "before")
    monkeypatch.chdir(tmp_path / "before")
    return tmp_path / "before"


def trained(path: Path) -> list[dict[str, object]]:
    """The lines of training steps, without what depends on the clock."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if key != "times"}
        for line in lines
        if line["kind"] == "train"
    ]


def test_a_run_begun_before_goes_on_to_the_same_numbers(before: Path) -> None:
    assert cli.main(["train", "run/config.yaml", "--processes", "1"]) == 0
    assert trained(before / "run/metrics.jsonl") == trained(before / "whole_metrics.jsonl")
    learned = load_file(before / "run/checkpoints/step_00000004/vae.safetensors")
    torch.testing.assert_close(learned, load_file(before / "whole_vae.safetensors"), rtol=0, atol=0)


def test_a_checkpoint_of_before_loads(before: Path) -> None:
    vae = load_vae(Path("run"))
    held = load_file(before / "run/checkpoints/step_00000002/vae.safetensors")
    torch.testing.assert_close(dict(vae.state_dict()), held, rtol=0, atol=0)


def test_a_folder_exported_before_loads_and_reconstructs(before: Path) -> None:
    vae = Autoencoder.from_pretrained("exported")
    x = torch.zeros(1, 3, 9, 16, 16)
    assert vae(x).sample.shape == x.shape
    held = load_file(before / "exported/diffusion_pytorch_model.safetensors")
    assert {name.removeprefix("vae.") for name in vae.state_dict()} == held.keys()
