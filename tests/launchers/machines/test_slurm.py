"""A pipeline as jobs that wait for one another: what would be submitted, and what is refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from launchers import cli, job
from launchers.commands import status as status_module
from launchers.machines import queue as queue_module
from launchers.machines.pipeline import Pipeline, read_pipeline
from launchers.machines.queue import Queued, claim
from launchers.machines.slurm import plan, script
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.run.stop_request import STOPPED
from tests.launchers.shell import HOSTILE, submitted
from tests.processes import ROOT

CNN = ROOT / "configs/cnn/pipeline.yaml"


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def read(path: Path, *overrides: str) -> Pipeline:
    return read_pipeline(path, overrides)


def waits(pipeline: Pipeline) -> dict[str, list[str]]:
    jobs = plan(pipeline)
    short = [Path(job.name).name for job in jobs]
    return {name: [short[k] for k in job.after] for name, job in zip(short, jobs, strict=True)}


@pytest.mark.parametrize("backbone", ["cnn", "vit"])
def test_every_stage_waits_for_what_it_builds_on_and_the_report_for_all(backbone: str) -> None:
    found = waits(read(ROOT / f"configs/{backbone}/pipeline.yaml"))
    *stages, report = found
    assert report == "report" and found.pop(report) == stages
    assert found == {
        "image_pretrain": [],
        "predictive": ["image_pretrain"],
        "decoder_finetune": ["predictive"],
        "latents": ["predictive"],  # at the same time as the decoder is fine-tuned
        "latte": ["latents"],
        "samples": ["decoder_finetune", "latte"],
        "evaluate_reconstruction": ["predictive", "decoder_finetune"],
        "evaluate_generation": ["samples"],
    }


def test_a_command_without_a_run_holds_up_those_below(tmp_path: Path) -> None:
    found = waits(read(ROOT / "configs/quickstart_scratch.yaml"))
    assert found["image_pretrain"] == ["quickstart"]


@pytest.fixture
def chain(tmp_path: Path, config: Path) -> Callable[..., Path]:
    """Writes a pipeline of runs of the toy stage, each with these words."""

    def write(*runs: str) -> Path:
        path = tmp_path / "chain.yaml"
        folder = str(tmp_path / "runs")
        commands = [f"pvvae train {config} {words}" for words in runs]
        data = {"folder": folder, "result": folder, "commands": commands}
        path.write_text(yaml.safe_dump(data | {"slurm": {"nodes": 2, "exclusive": True}}))
        return path

    return write


def test_the_scripts_of_a_dry_run_are_what_a_shell_takes(
    chain: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    path = chain(f"run={one} data.slots=8 --processes 4", f"run={two} init={one}")
    words = ["pipeline", str(path), "--slurm", "--dry-run", "slurm.partition=gpu"]
    assert cli.main(words) == 0
    text = capsys.readouterr().out
    assert "#SBATCH --signal=B:USR2@120" in text
    assert not (tmp_path / "runs").exists()

    (tmp_path / "bin").mkdir()
    sbatch = tmp_path / "bin/sbatch"
    sbatch.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/given\nwc -l < {tmp_path}/given\n')
    sbatch.chmod(0o755)
    path_with = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", text], check=True, env=os.environ | path_with)
    first, second = (tmp_path / "given").read_text().splitlines()
    for word in ("--nodes=2", "--exclusive", "--partition=gpu", "--requeue", f"run={one}"):
        assert word in first
    assert f"ALL,PVVAE_PYTHON={sys.executable},PVVAE_PROCESSES=4" in first
    assert "--dependency" not in first and "--dependency=afterok:1 " in second


@pytest.mark.parametrize("finished", [False, True])
def test_a_name_is_never_a_command(finished: bool, config: Path, tmp_path: Path) -> None:
    runs = [str(tmp_path / name / HOSTILE) for name in ("one", "two")]
    plain = yaml.safe_load(config.read_text())
    for number, changes in enumerate([{"run": runs[0]}, {"run": runs[1], "init": runs[0]}]):
        (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump(plain | changes))
    data = {
        "folder": str(tmp_path / HOSTILE),
        "result": "x",
        "commands": [f"pvvae train {tmp_path}/{number}.yaml" for number in range(2)],
        "slurm": {"comment": HOSTILE},
    }
    path = tmp_path / "chain.yaml"
    path.write_text(yaml.safe_dump(data))
    if finished:
        write_json(Path(runs[0]) / "finished.json", {})
    pipeline = read(path)
    calls = submitted("\n".join(script(plan(pipeline), pipeline)), tmp_path)
    names = [[word for word in words if word.startswith("--job-name=")] for words in calls]
    assert names == [[f"--job-name={run}"] for run in runs[finished:]]
    assert all(f"--comment={HOSTILE}" in words for words in calls)


def test_what_is_finished_is_not_submitted(chain: Callable[..., Path], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_json(one / "finished.json", {})
    pipeline = read(chain(f"run={one}", f"run={two} init={one}"))
    *_, first, second = script(plan(pipeline), pipeline)
    assert first == f"# {one}: finished already"
    assert "--dependency" not in second


def test_two_runs_in_one_folder_are_refused(
    chain: Callable[..., Path], told: Callable[..., str], tmp_path: Path
) -> None:
    path = chain(f"run={tmp_path}/a", f"run={tmp_path}/./a steps=3")
    assert told("pipeline", path, "--slurm", "--dry-run") == (
        f"{path}: commands 1 and 2 write one run folder, {tmp_path}/./a; give one of them another "
        "run=..."
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--slurm"], "--slurm: there is no sbatch here; give the command on a login node"),
        (["--dry-run"], "pipeline: --dry-run goes with --slurm"),
        (["slurm.nodes=2"], "pipeline: slurm.nodes=2 goes with --slurm"),
        (["--slurm", "nodes=2"], "'nodes=2': a pipeline takes slurm.option=value"),
        (["--slurm", "--dry-run", "slurm.time=24:00:00"], "slurm.time: YAML reads 24:00:00 as a"),
        (["--slurm", "--dry-run", "slurm.nodes=[1]"], "slurm.nodes: must be one value"),
    ],
)
def test_what_cannot_be_submitted_gets_one_line(
    words: Sequence[str],
    message: str,
    told: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert told("pipeline", CNN, *words).startswith(message)


def test_status_tells_pace_and_what_has_not_begun(
    vae_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with (vae_run / "config.yaml").open("a") as file:
        file.write("steps: 1000\n")
    line = {"step": 100, "kind": "train", "mse": 0.5, "times": {"seconds_per_step": 10.0}}
    (vae_run / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    later = {"name": str(tmp_path / "later"), "stage": "latte", "steps": 7}
    records = [
        {"name": str(vae_run), "stage": "predictive", "steps": 1000, "job": "11", "after": []},
        later | {"job": "12", "after": ["11"]},
    ]
    write_json(tmp_path / "slurm/jobs.json", records)
    queue = {"11": Queued("RUNNING", "None"), "12": Queued("PENDING", "Dependency")}
    monkeypatch.setattr(status_module, "queued_jobs", lambda: queue)
    assert cli.main(["status", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "running, job 11" in first
    assert "100/1000" in first and "10 s/step, 2 h 30 min left" in first
    assert second.split() == [later["name"], "latte", "waits,", "job", "12", "0/7"]
    queue.clear()
    assert cli.main(["status", str(tmp_path)]) == 0
    assert "not begun" in capsys.readouterr().out


def test_a_run_that_another_job_writes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = {"1": Queued("RUNNING", "None")}
    monkeypatch.setattr(queue_module, "queued_jobs", lambda: queue)
    claim(tmp_path, "1")
    claim(tmp_path, "1")
    with pytest.raises(ConfigError, match="job 1 is writing this run; wait for it, or scancel 1"):
        claim(tmp_path, "2")
    queue["1"] = Queued("PENDING", "BeginTime")
    claim(tmp_path, "2")


def test_the_script_outside_slurm_says_how_it_is_meant(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert job.main([str(config)]) == 2
    said = capsys.readouterr().err
    assert said == "pvvae: not in a Slurm job; give: sbatch launchers/slurm.sbatch CONFIG\n"


@pytest.fixture
def slurm(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """The batch half of a job, with programs in place of Slurm's: its status, and what they were
    given. ``srun`` is the body of a shell script."""
    folder, given = tmp_path / "bin", tmp_path / "given"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_JOB_NODELIST", "n[1-2]")
    monkeypatch.setenv("PVVAE_DOCTOR", "0")  # these programs stand in for a run's srun
    monkeypatch.setattr(time, "sleep", lambda _: None)  # until Slurm ends it
    monkeypatch.setattr(job, "GRACE", 1)

    def run(srun: str, *, state: str = "RUNNING") -> tuple[int, str]:
        scripts = {
            "srun": srun,
            "squeue": f"echo '7|{state}|None'",
            "scontrol": f'[ "$1" = show ] && printf "n1\\nn2\\n" || echo "$@" >> {given}',
        }
        for name, body in scripts.items():
            (folder / name).write_text(f"#!/bin/bash\n{body}\n")
            (folder / name).chmod(0o755)
        given.unlink(missing_ok=True)
        status = job.main([str(config)])
        return status, given.read_text() if given.exists() else ""

    before = signal.getsignal(signal.SIGUSR2)
    yield run
    signal.signal(signal.SIGUSR2, before)


def test_a_finished_run_is_a_success_whatever_the_launcher_says(slurm, tmp_path: Path) -> None:
    assert slurm(f"echo '{{}}' > {tmp_path}/run/finished.json; exit 1") == (0, "")
    hosts = (tmp_path / "run/.slurm/hosts").read_text()
    assert hosts == "n1 slots=1\nn2 slots=1\n"


def test_a_launcher_that_says_0_of_a_run_that_is_not_finished_is_not_believed(slurm) -> None:
    status, given = slurm("exit 0")
    assert (status, given) == (70, "requeue 7\n")


def test_a_node_that_is_wrong_is_named_and_left_out(slurm, capsys, monkeypatch) -> None:
    monkeypatch.setenv("PVVAE_DOCTOR", "1")
    finding = '[{"name": "clock", "found": "+9 s", "right": false, "advice": "start chrony"}]'
    body = f"""echo '[]' > $PVVAE_FOUND/n1.json; echo '{finding}' > $PVVAE_FOUND/n2.json; exit 2"""
    status, given = slurm(body)
    assert (status, given) == (STOPPED, "requeue 7\nupdate jobid=7 ExcNodeList=n2\n")
    said = capsys.readouterr().err
    assert "pvvae: doctor: n2: clock: +9 s; start chrony\n" in said
    assert "pvvae: n2 is not right: clock: +9 s\n" in said
    assert slurm(body) == (2, "")  # Slurm gives it all the same: once is enough


def test_without_the_doctor_no_node_is_asked(slurm, monkeypatch) -> None:
    monkeypatch.setenv("PVVAE_DOCTOR", "0")
    body = "[[ $* = *launchers\\ doctor* ]] && exit 0; exit 2"
    assert slurm(body) == (2, "")


def test_a_node_that_is_the_first_to_fail_again_is_left_out(slurm, tmp_path: Path) -> None:
    body = "printf 'n2 1\\nn1 1\\n' >> $PVVAE_FAILED; exit 1"
    assert slurm(body) == (1, "requeue 7\n")
    (tmp_path / "run/checkpoints/step_00000001").mkdir(parents=True)
    assert slurm(body) == (1, "requeue 7\nupdate jobid=7 ExcNodeList=n2\n")


@pytest.mark.parametrize(
    ("nodes", "said"), [("1-2", None), (3, "3 x 8 processes"), ("2-3", "3 x 8 processes")]
)
def test_nodes_that_cannot_share_the_slots_are_refused_before_the_queue(nodes, said) -> None:
    pipeline = read(CNN, f"slurm.nodes={nodes}")
    if said is None:
        assert plan(pipeline)
        return
    with pytest.raises(ConfigError, match=rf"slurm\.nodes: {said} cannot run runs/.*16 slots"):
        plan(pipeline)


def test_the_doctor_of_a_job_is_left_out_where_the_pipeline_says_so() -> None:
    pipeline = read(CNN, "slurm.doctor=false")
    text = "\n".join(script(plan(pipeline), pipeline))
    assert ",PVVAE_DOCTOR=0" in text
    assert "--doctor" not in text
    with pytest.raises(ConfigError, match=r"slurm\.doctor: must be true or false, got 3"):
        list(script(plan(pipeline), read(CNN, "slurm.doctor=3")))


def test_a_mistake_is_not_tried_again(slurm) -> None:
    assert slurm("exit 2") == (2, "")


def test_a_cancelled_job_is_not_queued_again(slurm) -> None:
    assert slurm("exit 143", state="COMPLETING") == (143, "")


def test_a_crash_is_tried_again_until_a_try_brings_nothing_new(slurm, tmp_path: Path) -> None:
    assert slurm("exit 1") == (1, "requeue 7\n")
    assert slurm("exit 1") == (1, "")
    (tmp_path / "run/checkpoints/step_00000001").mkdir(parents=True)
    assert slurm("exit 1") == (1, "requeue 7\n")
    assert slurm("exit 1") == (1, "")
    (tmp_path / "run/train").mkdir()
    (tmp_path / "run/train/000000.safetensors").touch()
    assert slurm("exit 1") == (1, "requeue 7\n")


def test_the_signal_becomes_a_file_that_the_run_finds(slurm, tmp_path: Path) -> None:
    waiting = 'kill -USR2 $PPID; until [ -e "$PVVAE_STOP_FILE" ]; do :; done; exit 75'
    assert slurm(waiting) == (75, "requeue 7\n")
    assert (tmp_path / "run/.slurm/stop").exists()


def test_a_run_that_does_not_leave_in_time_is_queued_again_all_the_same(slurm) -> None:
    assert slurm("kill -USR2 $PPID; exec sleep 60") == (75, "requeue 7\n")
