"""On a real Slurm of two nodes: what happens to a run there, and that it comes to its end."""

import json
from pathlib import Path

import pytest
import yaml

from launchers import cli
from launchers.machines.nodes import SWITCH
from launchers.machines.queue import job_of, read_jobs
from tests.launchers.slurm_cluster import Cluster, until
from tests.processes import ROOT
from tests.stages.short import overrides, run_stage
from tests.tiny import CONFIGS

pytestmark = pytest.mark.slurm

SCRIPT = ROOT / "launchers/slurm.sbatch"
PACED = Path(__file__).with_name("paced.py")
STEPS = 150


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """While this file is there, runs of ``paced`` take minutes; without it, seconds."""
    path = tmp_path / "slow"
    path.touch()
    return path


@pytest.fixture
def paced(config: Path, slow: Path) -> Path:
    """A predictive stage whose run folder is tmp_path/run."""
    data = yaml.safe_load(config.read_text())
    data["plugins"] = [str(PACED)]
    data["backbone"] = {"name": "paced", "latent_channels": 4, "slow": str(slow)}
    data |= {"steps": STEPS, "engine": {"precision": "fp32", "zero_stage": 2}}
    data["loop"] = {"log_every": 1, "evaluate_every": STEPS, "checkpoint_every": 5}
    config.write_text(yaml.safe_dump(data))
    return config


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs do not look at their nodes first, which takes ten seconds each time."""
    monkeypatch.setenv(SWITCH, "0")


def submit(cluster: Cluster, folder: Path, *words: str, nodes: int = 2, more: str = "") -> str:
    options = [f"--nodes={nodes}", "--time=10", f"--output={folder}/log", *more.split()]
    return cluster.tell("sbatch", "--parsable", *options, str(SCRIPT), *words)


def lines(run: Path, kind: str = "train") -> list[dict[str, float]]:
    path = run / "metrics.jsonl"
    read = path.read_text().splitlines() if path.exists() else []
    return [line for line in map(json.loads, read) if line["kind"] == kind]


def is_whole(run: Path, steps: int) -> bool:
    """Every step once, to the last."""
    return [line["step"] for line in lines(run)] == list(range(1, steps + 1))


@pytest.mark.usefixtures("group")
def test_a_zero_2_job_on_two_nodes_gives_the_losses_of_one_process(
    cluster: Cluster, shards: Path, tmp_path: Path
) -> None:
    extra = ["init=null", "engine.zero_stage=2"]
    extra += ["optimizer.eps=1e-4", "discriminator_optimizer.eps=1e-4"]
    config = CONFIGS / "tiny/cnn/predictive.yaml"
    there = overrides("predictive", shards, tmp_path / "there")
    job = submit(cluster, tmp_path, str(config), *there, *extra)
    run_stage("predictive", shards, tmp_path / "here", *extra)
    cluster.wait(job, "COMPLETED", "FAILED")

    run = tmp_path / "there/predictive"
    assert (run / "finished.json").exists(), (tmp_path / "log").read_text()
    assert json.loads((run / "provenance.json").read_text())["processes"] == 2
    assert (run / ".slurm/hosts").read_text() == "n1 slots=1\nn2 slots=1\n"
    for node in ("n1", "n2"):  # the doctor has looked at both
        found = {
            line["name"]: line
            for line in json.loads((run / f".slurm/found/{node}.json").read_text())
        }
        assert found["file locks"]["right"] is True
    assert is_whole(run, 5)
    for name in ("mse", "lpips", "gradient_norm"):
        here = [line[name] for line in lines(tmp_path / "here/predictive")]
        assert [line[name] for line in lines(run)] == pytest.approx(here, rel=1e-4, abs=1e-6)


def test_a_job_at_its_time_limit_saves_queues_itself_again_and_finishes(
    cluster: Cluster, paced: Path, slow: Path, tmp_path: Path
) -> None:
    job, run = submit(cluster, tmp_path, str(paced)), tmp_path / "run"
    until(lambda: len(lines(run)) > 1, "the run to begin")
    cluster.tell("scontrol", "update", f"jobid={job}", "TimeLimit=2")
    until(lambda: "queued again" in (tmp_path / "log").read_text(), "the signal")
    slow.unlink()
    cluster.start_again(job, "TimeLimit=10")
    cluster.wait(job, "COMPLETED", "FAILED")

    log = (tmp_path / "log").read_text()
    assert cluster.job(job)["JobState"] == "COMPLETED", log
    assert "as asked; the same command goes on" in log
    (saved,) = [int(line.split()[-1]) for line in log.splitlines() if "going on from step" in line]
    assert f"saved at step {saved}, as asked" in log
    assert is_whole(run, STEPS)


@pytest.mark.usefixtures("trusted")
def test_a_job_whose_node_dies_goes_on_after_it_has_been_queued_again(
    cluster: Cluster, paced: Path, slow: Path, tmp_path: Path
) -> None:
    job, run = submit(cluster, tmp_path, str(paced)), tmp_path / "run"
    until(lambda: len(lines(run)) > 6, "the first checkpoint")
    cluster.kill_node("n2")
    until(lambda: cluster.job(job)["Restarts"] == "1", "the job to be queued again")
    slow.unlink()
    cluster.start_node("n2")
    cluster.start_again(job)
    cluster.wait(job, "COMPLETED", "FAILED")

    log = (tmp_path / "log").read_text()
    assert cluster.job(job)["JobState"] == "COMPLETED", log
    assert "going on from step" in log
    assert is_whole(run, STEPS)


@pytest.mark.usefixtures("trusted")
def test_a_cancelled_chain_ends_and_the_same_line_goes_on(
    cluster: Cluster,
    paced: Path,
    slow: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = tmp_path / "runs"
    chain = tmp_path / "chain.yaml"
    train = f"pvvae train {paced} plugins=[{PACED}]"
    commands = [
        f"{train} run={runs}/first",
        f"{train} run={runs}/second init={runs}/first steps=3",
        f"{train} run={runs}/third init={runs}/first steps=2",
        f"pvvae report {runs} --out {tmp_path}/page",
    ]
    data = {"folder": str(runs), "result": str(tmp_path / "page"), "commands": commands}
    chain.write_text(yaml.safe_dump(data | {"slurm": {"nodes": 1, "time": "0:10:00"}}))
    line = ["pipeline", str(chain), "--slurm"]

    def said(*words: str) -> str:
        assert cli.main(words) == 0
        return capsys.readouterr().out

    said(*line)
    first, *others = jobs = [record["job"] for record in read_jobs(runs / "slurm/jobs.json")]
    until(lambda: len(lines(runs / "first")) > 6, "the first checkpoint")
    assert job_of(runs / "first") == first
    status = said("status", str(runs))
    assert f"running, job {first}" in status
    assert "s/step" in status
    assert all(f"waits, job {job}" in status for job in others)
    assert said(*line).count("queued already") == len(jobs)

    cluster.tell("scancel", first)
    for job in jobs:
        cluster.wait(job, "CANCELLED")
    assert cluster.job(first)["Restarts"] == "0"
    status = said("status", str(runs))
    assert "interrupted" in status
    assert status.count("not begun") == 2

    slow.unlink()
    said(*line)
    again = [record["job"] for record in read_jobs(runs / "slurm/jobs.json")]
    for job in again:
        cluster.wait(job, "COMPLETED", "FAILED", "CANCELLED")
    assert said("status", str(runs)).count("finished") == 3
    assert "going on from step" in "".join(p.read_text() for p in runs.glob("slurm/01*"))
    assert (tmp_path / "page/index.html").exists()
    assert said(*line).count("finished already") == 3


@pytest.mark.usefixtures("trusted")
def test_two_jobs_of_one_run_do_not_write_it_together(
    cluster: Cluster, paced: Path, slow: Path, tmp_path: Path
) -> None:
    one = submit(cluster, tmp_path, str(paced), nodes=1)
    run = tmp_path / "run"
    until(lambda: len(lines(run)) > 1, "the run to begin")
    (tmp_path / "second").mkdir()
    other = submit(cluster, tmp_path / "second", str(paced), nodes=1)
    cluster.wait(other, "FAILED", "COMPLETED")
    said = (tmp_path / "second/log").read_text()
    assert said == (
        f"pvvae: {run}: job {one} is writing this run; wait for it, or scancel {one} and give the "
        "same command again\n"
    )
    assert cluster.job(other)["ExitCode"] == "2:0"
    cluster.tell("scancel", one)
    cluster.wait(one, "CANCELLED")
