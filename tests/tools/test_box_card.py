"""A box's card is made of its runs and its study; the box itself comes out the same each time."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from pvvae.box import open_box
from tests.launchers.conftest import toy_vae_run
from tools import make_box
from tools.box_card import NOT_YET, Trained, card, figures, hours

STUDY = "# The models\n\nNote.\n\n- An answer.\n\n## Table\n\n| PSNR |\n\n## Runs\n\n| run |\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = toy_vae_run(tmp_path / "vae")
    command = "stages/__main__.py configs/box/stages/predictive.yaml run=vae --local_rank=0"
    (folder / "provenance.json").write_text(json.dumps({"command": command}))
    (folder / "data.json").write_text(json.dumps({"unique_samples": 1234}))
    lines = [
        {"step": step, "kind": "train", "times": {"seconds_per_step": pace}}
        for step, pace in ((1800, 1.0), (3600, 2.0))
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_a_network_has_its_steps_clips_hours_and_command(run: Path) -> None:
    trained = Trained(label="Toy", run=run, network="vae")
    assert hours(run) == 1.5
    assert trained.row.startswith("| Toy | ")
    assert trained.row.endswith("| 1 | 1,234 | 1.5 | 0 |")
    text = card([trained], study=None)
    assert "pvvae train configs/box/stages/predictive.yaml run=vae\n" in text
    assert NOT_YET in text
    assert "{" not in text


def test_the_runs_before_it_count_as_well(run: Path, tmp_path: Path) -> None:
    after = tmp_path / "after"
    shutil.copytree(run, after)
    plain = yaml.safe_load((run / "config.yaml").read_text())
    tuned = {**plain, "stage": "decoder_finetune", "init": str(run)}
    (after / "config.yaml").write_text(yaml.safe_dump(tuned))
    command = "stages/__main__.py configs/box/stages/decoder_finetune.yaml run=after"
    (after / "provenance.json").write_text(json.dumps({"command": command}))
    trained = Trained(label="Toy", run=after, network="vae")
    assert trained.runs == [run, after]
    assert trained.row.endswith("| predictive, decoder_finetune | 1 + 1 | 1,234 | 3.0 | 0 |")
    first, second = card([trained], study=None).partition("predictive.yaml run=vae\n")[::2]
    assert "decoder_finetune.yaml run=after" not in first
    assert second.startswith("pvvae train configs/box/stages/decoder_finetune.yaml run=after\n")


def test_figures_are_the_studys_answers_and_tables_without_its_runs(tmp_path: Path) -> None:
    (tmp_path / "study.md").write_text(STUDY)
    assert figures(tmp_path) == "Note.\n\n- An answer.\n\n### Table\n\n| PSNR |"


def test_with_its_study_the_box_has_the_same_networks(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.md").write_text(STUDY)
    for out, words in (("one", []), ("two", ["--study", str(tmp_path)])):
        monkeypatch.setattr(
            sys, "argv", ["make_box", str(tmp_path / out), "--vae", f"toy={run}=Toy", *words]
        )
        make_box.main()
    one, two = (json.loads((tmp_path / out / "box.json").read_text()) for out in ("one", "two"))
    different = [name for name in one["files"] if one["files"][name] != two["files"][name]]
    assert different == ["README.md"]
    assert open_box(tmp_path / "two").vaes["toy"].label == "Toy"
    assert "### Table" in (tmp_path / "two/README.md").read_text()
