"""A run folder belongs to one config and one process at a time, and its metrics to its steps."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pvvae.errors import ConfigError
from pvvae.run.folder import (
    check_same_config,
    is_finished,
    read_config,
    read_metrics,
    runs_below,
)
from pvvae.run.process_lifetime import lock_folder
from pvvae.run.run import Run, RunConfig
from pvvae.run.tracking import TrackingConfig


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    lr: float = 5e-5
    steps: int = 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "mine"


def opened(folder: Path, *, lr: float = 5e-5, seed: int = 0) -> Run:
    return Run(Config(run=str(folder), lr=lr, seed=seed), stage="predictive")


def begun(folder: Path) -> Run:
    """A run with three steps' metrics."""
    run = opened(folder)
    for step in (1, 2, 3):
        run.log(step, "train", {"mse": 1 / step}, times={"seconds_per_step": 0.1})
    return run


def test_a_new_run_folder_says_what_it_is(folder: Path) -> None:
    opened(folder).close()
    assert yaml.safe_load((folder / "config.yaml").read_text()) == {
        "stage": "predictive",
        "run": str(folder),
        "seed": 0,
        "plugins": [],
        "tracking": {"wandb": "disabled", "project": "pvvae"},
        "lr": 5e-5,
        "steps": 10,
    }
    facts = json.loads((folder / "provenance.json").read_text())
    assert set(facts) == {"command", "commit", "packages", "processes", "python", "started"}


def test_the_first_provenance_stays(folder: Path) -> None:
    opened(folder).close()
    (folder / "provenance.json").write_text("{}")
    opened(folder).close()
    assert (folder / "provenance.json").read_text() == "{}"


def test_metrics_are_read_back_by_kind(folder: Path) -> None:
    run = begun(folder)
    run.log(3, "held_out", {"psnr": 30.0}, times={})
    run.close()
    assert [line["step"] for line in read_metrics(folder)] == [1, 2, 3, 3]
    assert read_metrics(folder, "held_out") == [
        {"step": 3, "kind": "held_out", "psnr": 30.0, "times": {}}
    ]


def test_a_line_that_a_kill_cut_is_passed_over(folder: Path) -> None:
    begun(folder).close()
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "kind": "tr')
    assert [line["step"] for line in read_metrics(folder)] == [1, 2, 3]


@pytest.mark.parametrize(("step", "left"), [(3, [1, 2, 3]), (2, [1, 2]), (-1, [])])
def test_rewinding_forgets_later_steps_and_half_lines(
    step: int, left: list[int], folder: Path
) -> None:
    run = begun(folder)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 1, "kin')
    run.rewind(step)
    run.log(9, "train", {}, times={})
    run.close()
    assert [line["step"] for line in read_metrics(folder)] == [*left, 9]


def test_another_config_is_refused_and_nothing_is_lost(folder: Path) -> None:
    begun(folder).close()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ConfigError, match=r"another config: seed: 0 != 1 and 1 more; choose"):
        opened(folder, lr=1e-4, seed=1)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_without_results_takes_another_config(folder: Path) -> None:
    opened(folder, lr=1.0).close()
    opened(folder, lr=2.0).close()
    assert read_config(folder)["lr"] == 2.0


@pytest.mark.parametrize("line", ["steps: null", "stage: null", "data: 3", "steps: true"])
def test_a_config_that_no_run_has_is_damaged(tmp_path: Path, line: str) -> None:
    (tmp_path / "config.yaml").write_text(f"lr: 1.0\n{line}\n")
    with pytest.raises(ConfigError, match=f"config.yaml: damaged: {line[:4]}"):
        read_config(tmp_path)


def test_keys_that_change_no_result_may_change(folder: Path) -> None:
    begun(folder).close()
    plain = read_config(folder)
    check_same_config(folder, plain | {"tracking": {"wandb": "offline"}, "plugins": ["a.py"]})
    with pytest.raises(ConfigError, match="another config: steps: 10 != 11"):
        check_same_config(folder, plain | {"steps": 11})


PLAIN = {
    "stage": "predictive",
    "steps": 10,
    "data": {"train": "a", "workers": 0, "flip": 0.5},
    "loop": {"log_every": 1, "max_skips": 10, "keep_last": 2},
    "watch": {"spike_sigma": 6.0},
    "optimizer": {"schedule": "constant", "lr": 1e-4},
    "discriminator": None,
    "discriminator_optimizer": {"schedule": "cosine"},  # of no discriminator: it fixes nothing
}


def going(folder: Path, **changed: object) -> None:
    """Check a run of PLAIN with results that goes on with other keys."""
    folder.mkdir(parents=True)
    (folder / "metrics.jsonl").write_text("")
    (folder / "config.yaml").write_text(yaml.safe_dump(PLAIN))
    check_same_config(folder, PLAIN | changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"data": PLAIN["data"] | {"workers": 8}},
        {"loop": PLAIN["loop"] | {"log_every": 5, "keep_last": 9}},
        {"watch": None},
        {"steps": 20},
    ],
)
def test_a_run_goes_on_with_other_keys_that_change_no_result(changed, folder: Path) -> None:
    going(folder, **changed)


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"data": PLAIN["data"] | {"flip": 0.0}}, "data.flip: 0.5 != 0.0"),
        ({"data": PLAIN["data"] | {"train": "b"}}, "data.train: 'a' != 'b'"),
        ({"loop": PLAIN["loop"] | {"max_skips": 5}}, "loop.max_skips: 10 != 5"),
        ({"steps": 9}, "steps: 10 != 9"),
        (
            {"steps": 20, "optimizer": PLAIN["optimizer"] | {"schedule": "cosine"}},
            "optimizer.schedule: 'constant' != 'cosine' and 1 more",
        ),
    ],
)
def test_a_run_does_not_go_on_with_keys_that_would_change_it(
    changed, key: str, folder: Path
) -> None:
    with pytest.raises(ConfigError, match=f"made with another config: {key}; choose another run="):
        going(folder, **changed)


def test_a_run_that_decays_to_its_last_step_cannot_be_lengthened(folder: Path) -> None:
    folder.mkdir(parents=True)
    plain = PLAIN | {"optimizer": {"schedule": "cosine"}}
    (folder / "metrics.jsonl").write_text("")
    (folder / "config.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(ConfigError, match="another config: steps: 10 != 20; choose"):
        check_same_config(folder, plain | {"steps": 20})


def test_what_has_changed_is_noted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun(folder).close()
    first = json.loads((folder / "provenance.json").read_text())
    offline = TrackingConfig(wandb="disabled", project="other")
    Run(Config(run=str(folder), tracking=offline), stage="predictive").close()
    facts = json.loads((folder / "provenance.json").read_text())
    (note,) = facts.pop("changes")
    assert facts == first
    assert note["keys"] == ["tracking.project: 'pvvae' != 'other'"]
    assert note.keys() == {"command", "at", "keys"}
    assert f"{folder}: goes on with another tracking.project" in capsys.readouterr().err
    Run(Config(run=str(folder), tracking=offline), stage="predictive").close()
    assert len(json.loads((folder / "provenance.json").read_text())["changes"]) == 1


def test_a_moved_run_is_the_same_run(folder: Path) -> None:
    begun(folder).close()
    folder.rename(folder.with_name("moved"))
    opened(folder.with_name("moved")).close()


def test_one_process_at_a_time_writes_a_run(folder: Path) -> None:
    run = begun(folder)
    with pytest.raises(ConfigError, match="another process is writing this run"):
        lock_folder(folder, patience=0.0)
    run.close()
    lock_folder(folder, patience=0.0).close()


def test_the_lock_of_a_dead_process_is_free(folder: Path) -> None:
    folder.mkdir(parents=True)
    child = os.fork()
    if child == 0:
        fcntl.flock((folder / ".lock").open("a"), fcntl.LOCK_EX)
        os._exit(0)
    os.waitpid(child, 0)
    lock_folder(folder, patience=0.0).close()


def test_a_finished_run_says_so(folder: Path) -> None:
    run = begun(folder)
    assert not run.finished
    run.finish({"steps": 3})
    assert is_finished(folder)
    again = opened(folder)
    assert again.finished
    again.close()


def test_a_full_disk_while_logging_is_the_user_s_line(folder: Path) -> None:
    run = opened(folder)
    (folder / "metrics.jsonl").symlink_to("/dev/full")
    with pytest.raises(ConfigError, match=r"metrics\.jsonl: the disk is full"):
        run.log(1, "train", {}, times={})
    run.close()


def test_wandb_offline_keeps_a_copy_in_the_run_folder(folder: Path) -> None:
    tracking = TrackingConfig(wandb="offline")
    run = Run(Config(run=str(folder), tracking=tracking), stage="predictive")
    run.log(1, "train", {"mse": 0.5}, times={})
    run.close()
    assert list(folder.glob("wandb/offline-run-*/*.wandb"))


def test_runs_are_found_at_any_depth(folder: Path, tmp_path: Path) -> None:
    opened(folder).close()
    opened(folder / "inner").close()
    assert runs_below(tmp_path) == [folder, folder / "inner"]
    assert runs_below(folder / "inner") == [folder / "inner"]
